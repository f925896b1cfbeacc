package lint

import (
	"strings"

	"nixgen/outline"
)

// Needs reports which of `config` and `pkgs` evaluation surely asks for when
// it evaluates an expression of a module; "" when it does not, or not surely.
// Deep also looks at the elements of a list, as imports are.
func (h *Host) Needs(m *Module, x outline.Expr, sc *outline.Scope, deep bool) string {
	hit := ""
	var ev *outline.Eval
	ev = outline.NewEval(h.Work, &h.Work.common, func(path string) outline.Value {
		head, rest, _ := strings.Cut(strings.TrimPrefix(path, "?"), ".")
		name := head
		switch {
		case head == selfConfig:
			name = "config"
		case head == "pkgs" && h.pkgsIsConfig(m):
		case head == "inputs" || head == "pkgs":
			return h.fact(path)
		default:
			return nil
		}
		if hit == "" && ev.Sure() {
			hit = name
		}
		if name == "pkgs" && path[0] != '?' {
			return h.packageFact(rest)
		}
		return nil
	})
	look := h.args(m.Class, m.User).Look
	args := &outline.Attrs{Open: true}
	args.Look = func(name string) outline.Value {
		if name == "config" {
			return outline.External{Path: selfConfig}
		}
		v := look(name)
		if e, ok := v.(outline.External); ok && strings.HasPrefix(e.Path, "config") && m.Class != Home {
			return outline.External{Path: selfConfig + strings.TrimPrefix(e.Path, "config")}
		}
		return v
	}
	v := m.In.With(ev, args).Value(x, sc)
	if deep {
		h.needElements(ev, v)
	}
	return hit
}

func (h *Host) needElements(ev *outline.Eval, v outline.Value) {
	l, ok := v.(*outline.Sequence)
	if !ok {
		return
	}
	for _, e := range l.Elems {
		if !e.Maybe {
			e.Force(ev)
		}
	}
}

// selfConfig stands for the config that the module itself is part of.
const selfConfig = "config of itself"

// pkgsIsConfig: pkgs is made from config, unless it is a special argument or
// may be one.
func (h *Host) pkgsIsConfig(m *Module) bool {
	s := h.special[m.Class]
	if s == nil {
		return !h.manual()
	}
	if _, ok := s.Names["pkgs"]; ok {
		return false
	}
	return h.closed[m.Class] && !s.Open
}
