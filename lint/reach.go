package lint

import (
	"fmt"
	"path"
	"strings"

	"nixgen/layout"
	"nixgen/outline"
)

// maxModules bounds what one host can read.
const maxModules = 20_000

// someUser stands for a user whose name is not known.
const someUser = "<user>"

// each queues the elements of a value that stands where a list of modules is
// wanted.
func (h *Host) each(e edge, v outline.Value) {
	switch v := v.(type) {
	case *outline.Sequence:
		for _, el := range v.Elems {
			n := e
			n.thunk = el.Thunk
			if el.Maybe {
				n.truth = n.truth.And(outline.Maybe)
			}
			if file, at := el.Where(); file != "" {
				n.file, n.at = file, at
			}
			h.pending = append(h.pending, n)
		}
		if v.Open {
			h.gap(e, "the list may have more elements", "")
		}
	case *outline.Choice:
		for _, a := range v.Alts {
			n := e
			n.truth = n.truth.And(outline.Maybe)
			h.each(n, a)
		}
	case *outline.Unknown:
		h.gap(e, v.Why, "")
	case outline.External:
		h.gap(e, "`"+v.Path+"` lies outside of the tree", "")
	default:
		h.gap(e, "it is no list", "")
	}
}

func (h *Host) gap(e edge, why, near string) {
	h.Gaps = append(h.Gaps, Gap{File: e.file, At: e.at, Why: why, Near: near})
}

// run follows every pending edge.
func (h *Host) run() {
	for len(h.pending) > 0 && len(h.Modules) < maxModules {
		e := h.pending[0]
		h.pending = h.pending[1:]
		v := e.value
		if v == nil {
			v = e.thunk.Force(h.Eval)
		}
		h.follow(e, outline.Located(v))
	}
}

func (h *Host) follow(e edge, v outline.Value) {
	if e.truth == outline.False {
		return
	}
	switch v := v.(type) {
	case outline.FilePath:
		if v.Whole {
			h.followPath(e, v.Head)
			return
		}
		h.followSome(e, v)
	case *outline.Attrs:
		if v.Names[outline.Declares] == nil {
			h.followValue(e, v)
		}
	case *outline.Closure:
		h.followValue(e, v)
	case *outline.Sequence:
		h.each(e, v)
	case outline.External:
		h.Foreign = append(h.Foreign, External{e.class, v.Path, e.file, e.at, e.truth})
	case *outline.Choice:
		for _, a := range v.Alts {
			n := e
			n.truth = n.truth.And(outline.Maybe)
			h.follow(n, outline.Located(a))
		}
	case *outline.Unknown:
		h.gap(e, v.Why, "")
	case outline.Text:
		if strings.HasPrefix(v.Head, "/") {
			h.Foreign = append(h.Foreign, External{e.class, v.Head, e.file, e.at, e.truth})
			return
		}
		h.gap(e, "a string that is not known", "")
	}
}

// followSome takes every file that a partly known path may mean.
func (h *Host) followSome(e edge, v outline.FilePath) {
	dir := v.Head[:strings.LastIndexByte(v.Head, '/')+1]
	h.gap(e, fmt.Sprintf("the path begins with `%s` and goes on as is not known", v.Head), strings.TrimSuffix(dir, "/"))
	e.truth = e.truth.And(outline.Maybe)
	for _, s := range h.Work.Sources {
		p := s.Path
		if !strings.HasPrefix(p, v.Head) {
			continue
		}
		if strings.HasSuffix(p, v.Tail) && v.Tail != "" || v.Tail == "" && path.Base(p) == "default.nix" && path.Dir(path.Dir(p))+"/" == dir {
			h.followPath(e, p)
		}
	}
}

func (h *Host) followPath(e edge, p string) {
	file := p
	switch h.Work.Kind(p) {
	case "directory":
		file = path.Join(p, "default.nix")
		if h.Work.Kind(file) == "" {
			h.Missing = append(h.Missing, Missing{e, file, h.Work.otherCase(file)})
			return
		}
	case "":
		h.Missing = append(h.Missing, Missing{e, p, h.Work.otherCase(p)})
		return
	}
	src := h.Work.Source(file)
	if src == nil || src.Module() == nil {
		return
	}
	if e.parent != nil {
		h.Edges = append(h.Edges, Edge{e.file, src.Path, e.class, e.user, e.at, e.truth, e.parent})
	}
	key := string(e.class) + "\x00" + e.user + "\x00" + src.Path
	if old := h.byKey[key]; old != nil {
		h.again(e, old)
		return
	}
	m := h.add(e, src.Path, src.Module(), nil)
	h.byKey[key] = m
	h.imports(m, false)
}

// again reaches a module another time; a surer edge makes all below it surer.
func (h *Host) again(e edge, old *Module) {
	if e.truth > old.Reach {
		old.Reach, old.Parent, old.From, old.At = e.truth, e.parent, e.file, e.at
		h.imports(old, true)
	}
}

// add takes a module up; base is what outline.ReadValue gave.
func (h *Host) add(e edge, p string, out *outline.Module, base *outline.Env) *Module {
	m := &Module{
		Host: h, Class: e.class, User: e.user, Path: p, Out: out, Reach: e.truth,
		Parent: e.parent, From: e.file, At: e.at,
		In: outline.NewInstance(h.Eval, h.args(e.class, e.user), base),
	}
	h.Modules = append(h.Modules, m)
	return m
}

func (h *Host) followValue(e edge, v outline.Value) {
	out, base := outline.ReadValue(v)
	if out == nil {
		return
	}
	p := e.file
	if out.File != nil {
		p = out.File.Path
		if out.File.Root == headOf(out) || bodyOf(out.File.Root) == out.Body && h.asModule(e.class, out.File.Root) {
			h.asValue(e, p)
		}
	} else if len(out.Defs) == 0 && len(out.Imports) == 0 && len(out.Options) == 0 {
		if a, ok := v.(*outline.Attrs); ok && a.Open {
			h.gap(e, "a set that is not known", "")
		}
		return
	}
	if e.parent != nil && e.parent.Value && depth(e.parent) > 60 {
		h.gap(e, "modules nested too deeply", "")
		return
	}
	m := h.add(e, p, out, base)
	m.Value, m.again = true, e.again
	h.imports(m, false)
}

// moduleArgs are those that every module can ask for, and those that fleets
// pass in the same way everywhere.
var moduleArgs = map[string]bool{
	"config": true, "options": true, "lib": true, "pkgs": true, "modulesPath": true, "specialArgs": true, "osConfig": true,
	"inputs": true, "self": true, "outputs": true, "hostSpec": true, "_class": true, "_prefix": true,
}

// asModule reports that a file was called, if at all, as a module is: what it
// asks for is the same every time. A function of other things makes another
// module at every call.
func (h *Host) asModule(class Class, root outline.Expr) bool {
	fn, ok := root.(*outline.Lambda)
	if !ok {
		return true
	}
	if _, again := fn.Body.(*outline.Lambda); again {
		return false
	}
	if fn.Formals == nil {
		return strings.HasPrefix(fn.Param, "_")
	}
	for _, n := range fn.Formals.Names {
		if s := h.special[class]; !moduleArgs[n.Name] && (s == nil || s.Names[n.Name] == nil) {
			return false
		}
	}
	return true
}

func depth(m *Module) int {
	n := 0
	for ; m != nil; m = m.Parent {
		n++
	}
	return n
}

// Reads reports whether the host reads a file as a path, in that class.
func (h *Host) Reads(class Class, user, p string) *Module {
	return h.byKey[string(class)+"\x00"+user+"\x00"+p]
}

// asValue notes a file that is used as a value, and whether it is read as a
// path as well.
func (h *Host) asValue(e edge, p string) {
	if e.again {
		return
	}
	h.Doubled = append(h.Doubled, Doubled{Path: p, Class: e.class, User: e.user, File: e.file, At: e.at, Reach: e.truth})
}

// headOf is the lambda of a module read from a closure.
func headOf(m *outline.Module) outline.Expr {
	if m.Head == nil {
		return nil
	}
	return m.Head
}

func bodyOf(x outline.Expr) outline.Expr {
	for {
		switch e := x.(type) {
		case *outline.Lambda:
			x = e.Body
		case *outline.Let:
			x = e.Body
		case *outline.With:
			x = e.Body
		default:
			return x
		}
	}
}

// imports queues what a module imports, or queues it again where the module
// turns out to be read more surely.
func (h *Host) imports(m *Module, again bool) {
	again = again || m.again
	for _, p := range m.Out.Imports {
		t := m.Truth(p.Guards).And(m.Reach)
		if t == outline.False {
			continue
		}
		file := m.Path
		if f := p.Scope.File(); f != nil {
			file = f.Path
		}
		h.each(edge{class: m.Class, user: m.User, parent: m, truth: t, file: file, at: p.X.Span(), again: again}, m.In.Value(p.X, p.Scope))
	}
	for _, p := range m.Out.Rest {
		t := m.Truth(p.Guards).And(m.Reach)
		if t == outline.False {
			continue
		}
		v := m.In.Value(p.X, p.Scope)
		_, function := v.(*outline.Closure)
		if a, ok := v.(*outline.Attrs); ok && len(a.Names) > 0 || function && m.Out.Head == nil {
			h.follow(edge{class: m.Class, user: m.User, parent: m, truth: t, file: m.Path, at: p.X.Span(), again: again}, v)
		}
	}
}

// follow reads flake.nix, makes the hosts of the fleet and follows them, each
// on its own core.
func (w *Workspace) follow() {
	w.Flake = readFlake(w)
	if w.Fleet == nil {
		return
	}
	w.prepare()
	for _, f := range w.Fleet.Hosts {
		w.Hosts = append(w.Hosts, newHost(w, f.Name, f.System, f.Platform, f))
	}
	parallel(len(w.Hosts), func(i int) { w.Hosts[i].begin() })
}

// prepare reads the modules that most hosts start with on all cores: hosts
// that are followed side by side would wait for each other at every one.
func (w *Workspace) prepare() {
	var common []*Source
	for _, s := range w.Sources {
		if f, ok := w.Inventory.File(s.Path); ok && (f.Tier == layout.Common || f.Tier == layout.OptIn) {
			common = append(common, s)
		}
	}
	parallel(len(common), func(i int) { common[i].Module() })
}
