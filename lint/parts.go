package lint

import (
	"slices"
	"strings"

	"nixgen/outline"
)

// partsConfig is the name under which the config of flake-parts goes.
const partsConfig = "config of the flake"

// beginParts starts a host of a flake that is made of flake-parts modules: at
// the definition `configurations.<class>.<host>.module` or its like.
func (h *Host) beginParts(class Class) bool {
	if !h.parts() {
		return false
	}
	if args := h.machine(class, h.flakeName(class)); args != nil {
		h.beginFlake(class, args)
		return true
	}
	found := false
	for _, m := range h.of(FlakeParts, "") {
		for _, d := range m.Out.Defs {
			h.hostDefs(m, d, nil, func(m *Module, d *outline.Def) {
				found = true
				for _, t := range partValues(m, d) {
					file, at := t.Where()
					h.pending = append(h.pending, edge{class: class, truth: outline.True, thunk: t, parent: m, file: file, at: at})
				}
			})
		}
	}
	return found
}

// parts reports whether flake-parts makes the flake, and then reads its modules.
func (h *Host) parts() bool {
	if h.partly != nil {
		return *h.partly
	}
	out := h.self.Get(h.Eval, outline.FlakeParts)
	_, isSet := out.(*outline.Attrs)
	_, isFunction := out.(*outline.Closure)
	file, isFile := out.(outline.FilePath)
	is := isSet || isFunction || isFile && file.Whole
	h.partly = &is
	if is {
		h.pending = append(h.pending, edge{class: FlakeParts, truth: outline.True, value: out})
		if outs, ok := h.self.Get(h.Eval, allOutputs).(*outline.Attrs); ok && outs.Names[outline.Unified] != nil {
			for _, f := range h.Work.namedFiles("modules/flake-parts", "") {
				h.file(FlakeParts, "", f.file)
			}
		}
		h.run()
	}
	return is
}

// partSets is an output that several modules define, and what is not known of it.
type partSets struct {
	outline.Attrs
	gaps []Gap
	// twice: modules share a name, which only fits sets of modules.
	twice bool
}

// partNamed gathers `flake.<output>` of all flake-parts modules; nil when none
// defines it.
func (h *Host) partNamed(output ...string) *partSets {
	out := &partSets{Attrs: outline.Attrs{Names: map[string]*outline.Thunk{}}}
	path := append([]string{"flake"}, output...)
	for _, m := range h.of(FlakeParts, "") {
		for _, d := range m.Out.Defs {
			h.partNames(out, m, d, path)
		}
	}
	if len(out.Names) == 0 && !out.Open {
		return nil
	}
	return out
}

func (h *Host) partNames(out *partSets, m *Module, d *outline.Def, path []string) {
	if name, ok := m.Name(d); !ok || name != path[0] {
		return
	}
	if len(path) > 1 {
		for _, k := range d.Kids {
			h.partNames(out, m, k, path[1:])
		}
		for _, l := range d.Leaves {
			a := h.partSet(m.In.Value(l.X, l.Scope))
			for i, name := range path[1:] {
				if a == nil || a.Names[name] == nil {
					break
				}
				v := a.Names[name].Force(h.Eval)
				if i == len(path)-2 {
					out.join(m, v, l)
				}
				a = onlySet(v)
			}
		}
		return
	}
	for _, k := range d.Kids {
		name, ok := m.Name(k)
		for _, t := range partValues(m, k) {
			if ok {
				out.put(name, t)
			}
		}
		out.Open = out.Open || !ok && !computed(d)
	}
	for _, l := range d.Sets {
		if !isSet(l.X) {
			out.join(m, m.In.Value(l.X, l.Scope), l)
		}
	}
	for _, l := range d.Leaves {
		out.join(m, m.In.Value(l.X, l.Scope), l)
	}
}

// computed: a function makes the set, such as mapAttrs.
func computed(d *outline.Def) bool {
	return slices.ContainsFunc(d.Sets, func(l outline.Leaf) bool { return !isSet(l.X) })
}

func isSet(x outline.Expr) bool {
	_, ok := x.(*outline.Set)
	return ok
}

// join adds what one definition gives.
func (p *partSets) join(m *Module, v outline.Value, l outline.Leaf) {
	a := onlySet(v)
	if a == nil || a.Open {
		p.Open = true
		if u, ok := v.(*outline.Unknown); ok {
			p.gaps = append(p.gaps, Gap{File: m.FileOf(l.Scope), At: l.X.Span(), Why: u.Why})
		}
	}
	if a == nil {
		return
	}
	for _, k := range a.Keys() {
		p.put(k, a.Names[k])
	}
	if p.Look == nil {
		p.Look = a.Look // lib with functions of the fleet on top
	}
}

// put adds an attribute; modules that are defined in several places are all
// imported.
func (p *partSets) put(name string, t *outline.Thunk) {
	old := p.Names[name]
	if old == nil {
		p.Names[name] = t
		return
	}
	p.twice = true
	p.Names[name] = outline.Of(&outline.Attrs{Names: map[string]*outline.Thunk{
		"imports": outline.Of(&outline.Sequence{Elems: []outline.Elem{{Thunk: old}, {Thunk: t}}}),
	}})
}

// partSet is a set of outputs, or a module that gives one.
func (h *Host) partSet(v outline.Value) *outline.Attrs {
	if c, ok := v.(*outline.Closure); ok {
		v = h.Eval.Apply(c, outline.Of(&outline.Attrs{Open: true, Names: map[string]*outline.Thunk{
			"lib": outline.Of(h.Eval.Lib()), "config": outline.Of(outline.External{Path: partsConfig + ".flake"}),
		}}))
	}
	return onlySet(v)
}

// hostDefs finds `….<host>.module`.
func (h *Host) hostDefs(m *Module, d *outline.Def, path []string, use func(*Module, *outline.Def)) {
	name, ok := m.Name(d)
	if !ok || len(path) > 4 {
		return
	}
	if n := len(path); name == "module" && n > 0 && path[n-1] == h.Name {
		use(m, d)
		return
	}
	for _, k := range d.Kids {
		h.hostDefs(m, k, append(path[:len(path):len(path)], name), use)
	}
}

// partValues are the values of a definition, sets whole.
func partValues(m *Module, d *outline.Def) []*outline.Thunk {
	var out []*outline.Thunk
	for _, ls := range [][]outline.Leaf{d.Sets, d.Leaves} {
		for _, l := range ls {
			out = append(out, m.In.Thunk(l.X, l.Scope))
		}
	}
	if len(out) == 0 {
		for _, k := range d.Kids {
			for _, t := range partValues(m, k) {
				if name, ok := m.Name(k); ok {
					out = append(out, outline.Of(&outline.Attrs{Names: map[string]*outline.Thunk{name: t}}))
				}
			}
		}
	}
	return out
}

// partFact looks a registry up: `config.flake.modules.<class>.<name>`.
func (h *Host) partFact(dotted string) outline.Value {
	path := strings.Split(dotted, ".")
	if path[0] != "flake" {
		return h.partOption(path)
	}
	if len(path) < 3 {
		return nil
	}
	if len(path) == 3 && path[1] == "modules" {
		if a := h.partNamed("modules", path[2]); a != nil {
			return &a.Attrs
		}
		return nil
	}
	want := 4
	if path[1] != "modules" {
		want = 3
	}
	if len(path) != want {
		return nil
	}
	var found []*outline.Thunk
	for _, m := range h.of(FlakeParts, "") {
		for _, d := range m.Out.Defs {
			found = append(found, partAt(m, d, path)...)
		}
	}
	switch len(found) {
	case 0:
		return nil
	case 1:
		return found[0].Force(h.Eval)
	}
	l := &outline.Sequence{}
	for _, t := range found {
		l.Elems = append(l.Elems, outline.Elem{Thunk: t})
	}
	return &outline.Attrs{Names: map[string]*outline.Thunk{"imports": outline.Of(l)}}
}

// partOption is an option of the flake's own with one definition that is known,
// or a set of things that modules define by their names. Those may be
// submodules, with defaults that are not seen.
func (h *Host) partOption(path []string) outline.Value {
	var all []DefinedAt
	for _, m := range h.of(FlakeParts, "") {
		for _, d := range m.Out.Defs {
			all = find(all, m, d, path, nil)
		}
	}
	if v, ok := value(all); ok && v != nil {
		return v
	}
	set := &partSets{Attrs: outline.Attrs{Names: map[string]*outline.Thunk{}}}
	for _, m := range h.of(FlakeParts, "") {
		for _, d := range m.Out.Defs {
			h.partNames(set, m, d, path)
		}
	}
	if len(set.Names) == 0 || set.twice {
		return nil
	}
	for name, t := range set.Names {
		set.Names[name] = outline.Opened(t)
	}
	return &set.Attrs
}

func partAt(m *Module, d *outline.Def, path []string) []*outline.Thunk {
	if name, ok := m.Name(d); !ok || name != path[0] {
		return nil
	}
	if len(path) == 1 {
		return partValues(m, d)
	}
	var out []*outline.Thunk
	for _, k := range d.Kids {
		out = append(out, partAt(m, k, path[1:])...)
	}
	return out
}
