package outline

import (
	"path"
	"strings"
)

// flakeFunctions are functions of lib that flakes use to make hosts.
func flakeFunctions() map[string]fn {
	return map[string]fn{
		"mergeAttrs":     {2, func(ev *Eval, a []*Thunk) Value { return ev.update(a[0].Force(ev), a[1].Force(ev)) }},
		"concatMapAttrs": {2, biConcatMapAttrs}, "attrsToList": {1, biAttrsToList}, "toList": {1, biToList},
		"fileFilter": {2, biFileFilter}, "mapCartesianProduct": {2, biMapProduct},
		"collect": {2, biCollect}, "mapAttrsRecursive": {2, biMapRecursive},
		"match": {2, biMatch}, "foldAttrs": {3, biFoldAttrs}, "makeExtensible": {1, biFix}, "callPackageWith": {3, biCallPackageWith},
		"foldlAttrs": {3, biFoldlAttrs}, "cartesianProduct": {1, biProduct}, "cartesianProductOfSets": {1, biProduct},
	}
}

func biConcatMapAttrs(ev *Eval, a []*Thunk) Value {
	sets, ok := biMapAttrsToList(ev, a).(*Sequence)
	if !ok {
		return unknown("the set is not known")
	}
	return biMergeAttrs(ev, []*Thunk{Of(sets)})
}

func biAttrsToList(ev *Eval, a []*Thunk) Value {
	s := attrs(ev, a[0])
	if s == nil {
		return unknown("the set is not known")
	}
	out := &Sequence{Open: s.Open}
	for _, k := range s.keys() {
		out.Elems = append(out.Elems, Elem{Thunk: Of(&Attrs{Names: map[string]*Thunk{"name": Of(wholeText(k)), "value": s.Names[k]}})})
	}
	return out
}

func biFoldlAttrs(ev *Eval, a []*Thunk) Value {
	s := attrs(ev, a[2])
	if s == nil {
		return unknown("the set is not known")
	}
	f, acc := a[0].Force(ev), a[1].Force(ev)
	for _, k := range s.keys() {
		acc = ev.Apply(ev.Apply(ev.Apply(f, Of(acc)), Of(wholeText(k))), s.Names[k])
	}
	if s.Open {
		return union(ev, acc, unknown("the set may have more names"))
	}
	return acc
}

// biToList is lib's toList and fileset's: files found are a list already.
func biToList(ev *Eval, a []*Thunk) Value {
	switch v := a[0].Force(ev).(type) {
	case *Sequence:
		return v
	case *Unknown, *Choice:
		return unknown("the list is not known")
	default:
		return &Sequence{Elems: []Elem{{Thunk: a[0]}}}
	}
}

// biFileFilter is fileset's fileFilter: the files below a folder for which a
// function of a file's name holds.
func biFileFilter(ev *Eval, a []*Thunk) Value {
	all, ok := biListFiles(ev, []*Thunk{a[1]}).(*Sequence)
	if !ok || !ev.spend(len(all.Elems)) {
		return unknown("the folder is not known")
	}
	f := a[0].Force(ev)
	out := &Sequence{}
	for _, e := range all.Elems {
		p, _ := AsPath(e.Force(ev))
		switch TruthOf(ev.Apply(f, Of(fileOf(path.Base(p))))) {
		case True:
			out.Elems = append(out.Elems, e)
		case Maybe:
			out.Elems = append(out.Elems, Elem{e.Thunk, true})
		}
	}
	return out
}

// fileOf is what fileset tells a function about a file.
func fileOf(name string) *Attrs {
	return &Attrs{Names: map[string]*Thunk{
		"name": Of(wholeText(name)), "type": Of(wholeText("regular")),
		"hasExt": Of(&Builtin{Name: "hasExt", Arity: 1, Run: func(ev *Eval, a []*Thunk) Value {
			ext, ok := str(ev, a[0])
			if !ok {
				return unknown("the extension is not known")
			}
			return Bool(strings.HasSuffix(name, "."+ext))
		}}),
	}}
}

// biProduct is cartesianProduct: every choice of one element of each list.
func biProduct(ev *Eval, a []*Thunk) Value {
	s := attrs(ev, a[0])
	if s == nil || s.Open {
		return unknown("the set is not known")
	}
	sets := []*Attrs{{Names: map[string]*Thunk{}}}
	for _, k := range s.keys() {
		l, bad := list(ev, s.Names[k])
		if l == nil {
			return bad
		}
		if l.Open || l.maybe() || !ev.spend(len(sets)*len(l.Elems)) || len(sets)*len(l.Elems) > 1000 {
			return unknown("the lists are not completely known")
		}
		var next []*Attrs
		for _, set := range sets {
			for _, e := range l.Elems {
				n := &Attrs{Names: map[string]*Thunk{k: e.Thunk}}
				for name, t := range set.Names {
					n.Names[name] = t
				}
				next = append(next, n)
			}
		}
		sets = next
	}
	out := &Sequence{}
	for _, set := range sets {
		out.Elems = append(out.Elems, Elem{Thunk: Of(set)})
	}
	return out
}

func biMapProduct(ev *Eval, a []*Thunk) Value {
	return biMap(ev, []*Thunk{a[0], Of(biProduct(ev, a[1:]))})
}

// biCollect gathers the values of nested sets for which a function holds.
func biCollect(ev *Eval, a []*Thunk) Value {
	out := &Sequence{}
	ev.collect(a[0].Force(ev), a[1], out, 0)
	return out
}

func (ev *Eval) collect(pred Value, t *Thunk, out *Sequence, depth int) {
	if depth > 40 || !ev.spend(1) {
		out.Open = true
		return
	}
	v := t.Force(ev)
	switch TruthOf(ev.Apply(pred, Of(v))) {
	case True:
		out.Elems = append(out.Elems, Elem{Thunk: t})
		return
	case Maybe:
		out.Open = true
		return
	}
	s, ok := v.(*Attrs)
	if !ok {
		return
	}
	for _, k := range s.keys() {
		ev.collect(pred, s.Names[k], out, depth+1)
	}
	out.Open = out.Open || s.Open
}

// biMapRecursive is mapAttrsRecursive: f gets the path to each value that is no
// set.
func biMapRecursive(ev *Eval, a []*Thunk) Value {
	return ev.mapRecursive(a[0].Force(ev), nil, a[1], 0)
}

func (ev *Eval) mapRecursive(f Value, at []string, t *Thunk, depth int) Value {
	s := attrs(ev, t)
	if s == nil || depth > 40 {
		return unknown("the set is not known")
	}
	out := &Attrs{Names: map[string]*Thunk{}, Open: s.Open}
	for _, k := range s.keys() {
		here := append(at[:len(at):len(at)], k)
		out.Names[k] = compute(func(ev *Eval) Value {
			switch v := s.Names[k].Force(ev).(type) {
			case *Attrs:
				return ev.mapRecursive(f, here, s.Names[k], depth+1)
			case *Unknown, *Choice:
				return unknown("the set is not known")
			default:
				return ev.Apply(ev.Apply(f, Of(strList(here))), Of(v))
			}
		})
	}
	return out
}

// biFoldAttrs is foldAttrs: one set of the values that a list of sets has under
// each name, folded from the last set to the first.
func biFoldAttrs(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[2])
	if l == nil {
		return bad
	}
	op := a[0].Force(ev)
	out := &Attrs{Names: map[string]*Thunk{}, Open: l.Open || l.maybe()}
	for i := len(l.Elems) - 1; i >= 0; i-- {
		s := attrs(ev, l.Elems[i].Thunk)
		if s == nil || !ev.spend(len(s.Names)) {
			out.Open = true
			continue
		}
		out.Open = out.Open || s.Open
		for k, t := range s.Names {
			acc := out.Names[k]
			if acc == nil {
				acc = a[1]
			}
			out.Names[k] = compute(func(ev *Eval) Value { return ev.Apply(ev.Apply(op, t), acc) })
		}
	}
	return out
}

// biCallPackageWith calls a function, or that of a file, with what it asks for
// by name: of the third argument, else of the first.
func biCallPackageWith(ev *Eval, a []*Thunk) Value {
	f := a[1].Force(ev)
	if p, ok := AsPath(f); ok {
		f = ev.Import(p)
	}
	auto, given := attrs(ev, a[0]), attrs(ev, a[2])
	if auto == nil || given == nil {
		return unknown("the arguments are not known")
	}
	return ev.Apply(f, Of(ev.update(auto, given)))
}
