package lint

import (
	"slices"

	"nixgen/outline"
)

// of lists the modules of a class, and for homes of one user.
func (h *Host) of(class Class, user string) []*Module {
	var out []*Module
	for _, m := range h.Modules {
		if m.Class == class && m.User == user {
			out = append(out, m)
		}
	}
	return out
}

// Users are those whose homes were reached, sorted.
func (h *Host) Users() []string {
	var out []string
	for _, m := range h.Modules {
		if m.Class == Home && !slices.Contains(out, m.User) {
			out = append(out, m.User)
		}
	}
	slices.Sort(out)
	return out
}

// Options that the closure of a module declares itself.
func (h *Host) Options(m *Module) *Options {
	if m.Class == Home {
		return h.homes[m.User]
	}
	return h.system
}

// SystemOptions are what the system's closure declares; nil on a home host.
func (h *Host) SystemOptions() *Options { return h.system }

// declares adds the options that renaming functions made.
func (h *Host) declares(o *Options, class Class, user string) {
	for _, m := range h.of(class, user) {
		for i := range m.Out.Imports {
			h.declaring(o, m, m.Out.Imports[i])
		}
	}
}

func (h *Host) declaring(o *Options, m *Module, p outline.Piece) {
	s, ok := m.In.Value(p.X, p.Scope).(*outline.Sequence)
	if !ok {
		return
	}
	for _, e := range s.Elems {
		a, ok := e.Force(h.Eval).(*outline.Attrs)
		if !ok || a.Names[outline.Declares] == nil {
			continue
		}
		if p, ok := stringList(h.Eval, a.Names[outline.Declares].Force(h.Eval)); ok {
			o.declarePath(m, p)
		}
	}
}

func stringList(ev *outline.Eval, v outline.Value) ([]string, bool) {
	l, ok := v.(*outline.Sequence)
	if !ok || l.Open {
		return nil, false
	}
	var out []string
	for _, e := range l.Elems {
		s, ok := outline.AsString(e.Force(ev))
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}
