package outline

import (
	"regexp"
	"strings"
)

// treeOfModules is import-tree before a folder is given to it: most of its
// methods give another one.
type treeOfModules struct {
	ev *Eval
	// keep are the filters, of paths that begin with `/` at the folder.
	keep []func(rel string) Truth
	// first replaces the filter for `.nix` outside of `_` folders.
	first *Thunk
	each  []*Thunk
	paths []*Thunk
	// list gives the files themselves and no module.
	list bool
}

// importTreeOf is import-tree where a reference to something outside means it,
// or one of its methods; nil elsewhere.
func (ev *Eval) importTreeOf(path string) Value {
	method, ok := strings.CutPrefix(strings.TrimPrefix(path, "import "), "inputs.import-tree")
	if !ok || method != "" && method[0] != '.' {
		return nil
	}
	var v Value = treeOfModules{ev: ev}.value()
	if method != "" {
		v = ev.Member(v, method[1:])
	}
	return v
}

// value is a functor with the methods.
func (t treeOfModules) value() *Attrs {
	return &Attrs{
		Names: map[string]*Thunk{"__functor": Of(&Builtin{Name: "import-tree", Arity: 2, Run: func(_ *Eval, a []*Thunk) Value {
			return t.with("addPath", a[1]).read()
		}})},
		Look: func(name string) Value {
			switch name {
			case "files":
				t.list = true
				return t.read()
			case "result":
				return t.read()
			case "new":
				return treeOfModules{ev: t.ev}.value()
			case "leafs":
				n := t
				n.list = true
				return n.value()
			case "filter", "filterNot", "match", "matchNot", "initFilter", "map", "addPath", "withLib":
				return &Builtin{Name: name, Arity: 1, Run: func(_ *Eval, a []*Thunk) Value { return t.with(name, a[0]).value() }}
			}
			return nil
		},
	}
}

// with is the tree after a method was called.
func (t treeOfModules) with(method string, arg *Thunk) treeOfModules {
	switch method {
	case "filter", "filterNot", "match", "matchNot":
		not, regex := strings.HasSuffix(method, "Not"), strings.HasPrefix(method, "match")
		t.keep = append(t.keep[:len(t.keep):len(t.keep)], func(rel string) Truth {
			is := t.ev.accepts(arg, regex, rel)
			if not {
				return is.Not()
			}
			return is
		})
	case "initFilter":
		t.first = arg
	case "map":
		t.each = append(t.each[:len(t.each):len(t.each)], arg)
	case "addPath":
		t.paths = append(t.paths[:len(t.paths):len(t.paths)], arg)
	}
	return t
}

// accepts asks a function of a path, or a regular expression for all of it.
func (ev *Eval) accepts(f *Thunk, regex bool, rel string) Truth {
	if !regex {
		return TruthOf(ev.Apply(f.Force(ev), Of(wholeText(rel))))
	}
	s, ok := AsString(f.Force(ev))
	if !ok {
		return Maybe
	}
	re, err := regexp.Compile("^(?:" + s + ")$")
	if err != nil {
		return Maybe
	}
	if re.MatchString(rel) {
		return True
	}
	return False
}

// read is what the tree gives: a module that imports the files, or their list.
func (t treeOfModules) read() Value {
	out := &Sequence{}
	for _, p := range t.paths {
		t.add(out, p.Force(t.ev), 0)
	}
	if t.list {
		return out
	}
	return &Attrs{Names: map[string]*Thunk{"imports": Of(out)}}
}

// add takes the files of a folder, or of several, into the list.
func (t treeOfModules) add(out *Sequence, v Value, depth int) {
	if l, ok := v.(*Sequence); ok && depth < 8 {
		for _, e := range l.Elems {
			t.add(out, e.Force(t.ev), depth+1)
		}
		out.Open = out.Open || l.Open
		return
	}
	root, ok := AsPath(v)
	if !ok {
		out.Elems = append(out.Elems, hole(unknown("the folder is not known")))
		return
	}
	all, _ := biListFiles(t.ev, []*Thunk{Of(v)}).(*Sequence)
	if all == nil || !t.ev.spend(len(all.Elems)) {
		out.Open = true
		return
	}
	for _, e := range all.Elems {
		p, _ := AsPath(e.Force(t.ev))
		if is := t.keeps("/" + strings.TrimPrefix(strings.TrimPrefix(p, root), "/")); is != False {
			out.Elems = append(out.Elems, Elem{Thunk: t.mapped(e.Thunk), Maybe: is == Maybe})
		}
	}
}

func (t treeOfModules) keeps(rel string) Truth {
	is := False
	switch {
	case t.first != nil:
		is = t.ev.accepts(t.first, false, rel)
	case strings.HasSuffix(rel, ".nix") && !strings.Contains(rel, "/_"):
		is = True
	}
	for _, f := range t.keep {
		if is != False {
			is = is.And(f(rel))
		}
	}
	return is
}

func (t treeOfModules) mapped(file *Thunk) *Thunk {
	for i := len(t.each) - 1; i >= 0; i-- {
		file = applied(t.each[i].Force(t.ev), file)
	}
	return file
}
