package outline

import (
	"maps"
	"slices"
)

func list(ev *Eval, t *Thunk) (*Sequence, Value) {
	switch v := t.Force(ev).(type) {
	case *Sequence:
		if !ev.spend(len(v.Elems)) {
			return nil, unknown(spent)
		}
		return v, nil
	case *Unknown:
		return nil, v
	case *Choice:
		return ev.anyOf(v), nil
	default:
		return nil, unknown("the list is not known")
	}
}

// anyOf is one of several lists: every element may be there. What is no list
// may be one with more.
func (ev *Eval) anyOf(c *Choice) *Sequence {
	out := &Sequence{}
	for _, a := range c.Alts {
		l, ok := a.(*Sequence)
		if !ok || !ev.spend(len(l.Elems)) {
			out.Open = true
			continue
		}
		out.Open = out.Open || l.Open
		for _, e := range l.Elems {
			out.Elems = append(out.Elems, Elem{Thunk: e.Thunk, Maybe: true})
		}
	}
	return out
}

func biMap(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[1])
	if l == nil {
		return bad
	}
	f := a[0].Force(ev)
	out := &Sequence{Open: l.Open}
	for _, e := range l.Elems {
		out.Elems = append(out.Elems, Elem{applied(f, e.Thunk), e.Maybe})
	}
	return out
}

func biFilter(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[1])
	if l == nil {
		return bad
	}
	f := a[0].Force(ev)
	out := &Sequence{Open: l.Open}
	for _, e := range l.Elems {
		switch TruthOf(ev.Apply(f, e.Thunk)) {
		case True:
			out.Elems = append(out.Elems, e)
		case Maybe:
			out.Elems = append(out.Elems, Elem{e.Thunk, true})
		}
	}
	return out
}

func biFlatten(ev *Eval, a []*Thunk) Value {
	return flatten(ev, a[0].Force(ev), 0)
}

func flatten(ev *Eval, v Value, depth int) Value {
	l, ok := v.(*Sequence)
	if !ok {
		return &Sequence{Elems: []Elem{{Thunk: Of(v)}}}
	}
	if !ev.spend(len(l.Elems)) {
		return &Sequence{Open: true}
	}
	out := &Sequence{Open: l.Open}
	for _, e := range l.Elems {
		in, ok := e.Force(ev).(*Sequence)
		if !ok || depth > 50 {
			out.Elems = append(out.Elems, e)
			continue
		}
		flat := flatten(ev, in, depth+1).(*Sequence)
		out.Open = out.Open || flat.Open
		for _, x := range flat.Elems {
			out.Elems = append(out.Elems, Elem{x.Thunk, x.Maybe || e.Maybe})
		}
	}
	return out
}

func biConcatLists(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[0])
	if l == nil {
		return bad
	}
	var v Value = &Sequence{Open: l.Open}
	for _, e := range l.Elems {
		v = ev.concat(v, maybeList(ev, e))
	}
	return v
}

func maybeList(ev *Eval, e Elem) Value {
	v := e.Force(ev)
	l, ok := v.(*Sequence)
	if !ok || !e.Maybe {
		return v
	}
	out := &Sequence{Open: l.Open}
	for _, x := range l.Elems {
		out.Elems = append(out.Elems, Elem{x.Thunk, true})
	}
	return out
}

// optionals c l, with an unknown condition making the elements maybe.
func biOptionals(ev *Eval, a []*Thunk) Value {
	switch TruthOf(a[0].Force(ev)) {
	case True:
		return a[1].Force(ev)
	case False:
		return &Sequence{}
	}
	return maybeList(ev, Elem{a[1], true})
}

func biOptional(ev *Eval, a []*Thunk) Value {
	switch TruthOf(a[0].Force(ev)) {
	case True:
		return &Sequence{Elems: []Elem{{Thunk: a[1]}}}
	case False:
		return &Sequence{}
	}
	return &Sequence{Elems: []Elem{{Thunk: a[1], Maybe: true}}}
}

func biElem(ev *Eval, a []*Thunk) Value {
	l, _ := list(ev, a[1])
	if l == nil {
		return unknown("the list is not known")
	}
	x, t := a[0].Force(ev), False
	for _, e := range l.Elems {
		eq := ev.equal(x, e.Force(ev))
		if e.Maybe {
			eq = eq.And(Maybe)
		}
		t = t.Or(eq)
	}
	if l.Open {
		t = t.Or(Maybe)
	}
	return boolOf(t, incompleteList)
}

func biFoldl(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[2])
	if l == nil {
		return bad
	}
	f, acc := a[0].Force(ev), a[1].Force(ev)
	for _, e := range l.Elems {
		if e.Maybe {
			return incompleteList
		}
		acc = ev.Apply(ev.Apply(f, Of(acc)), e.Thunk)
	}
	if l.Open {
		return incompleteList
	}
	return acc
}

func strList(ss []string) *Sequence {
	out := &Sequence{}
	for _, s := range ss {
		out.Elems = append(out.Elems, Elem{Thunk: Of(wholeText(s))})
	}
	return out
}

func biAnyAll(all bool) func(*Eval, []*Thunk) Value {
	return func(ev *Eval, a []*Thunk) Value {
		l, bad := list(ev, a[1])
		if l == nil {
			return bad
		}
		f, t := a[0].Force(ev), truth(all)
		for _, e := range l.Elems {
			r := TruthOf(ev.Apply(f, e.Thunk))
			if e.Maybe && all {
				r = r.Or(Maybe)
			} else if e.Maybe {
				r = r.And(Maybe)
			}
			if all {
				t = t.And(r)
			} else {
				t = t.Or(r)
			}
		}
		if l.Open && all {
			t = t.And(Maybe)
		} else if l.Open {
			t = t.Or(Maybe)
		}
		return boolOf(t, unknownCondition)
	}
}

// listFiles is lib.filesystem.listFilesRecursive.
func biListFiles(ev *Eval, a []*Thunk) Value {
	p, ok := AsPath(a[0].Force(ev))
	if !ok {
		return unknown("the folder is not known")
	}
	out := &Sequence{}
	var walk func(dir string, depth int)
	walk = func(dir string, depth int) {
		es, _ := ev.Tree.ReadDir(dir)
		for _, n := range slices.Sorted(maps.Keys(es)) {
			q := prefixIn(dir, n)
			if es[n] == "directory" && depth < 30 {
				walk(q, depth+1)
			} else if es[n] != "directory" {
				out.Elems = append(out.Elems, Elem{Thunk: Of(FilePath{Head: q, Whole: true})})
			}
		}
	}
	walk(p, 0)
	return out
}

func at1(i int) func(*Eval, []*Thunk) Value {
	return func(ev *Eval, a []*Thunk) Value {
		l, bad := list(ev, a[0])
		switch {
		case l == nil:
			return bad
		case l.Open || l.maybe() || len(l.Elems) == 0:
			return incompleteList
		case i < 0:
			return l.Elems[len(l.Elems)-1].Force(ev)
		}
		return l.Elems[i].Force(ev)
	}
}

func biLength(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[0])
	if l == nil {
		return bad
	}
	if l.Open || l.maybe() {
		return incompleteList
	}
	return Integer(len(l.Elems))
}
