package outline

import (
	"maps"
)

func attrs(ev *Eval, t *Thunk) *Attrs {
	a, _ := t.Force(ev).(*Attrs)
	if a != nil && (a.Look != nil || !ev.spend(len(a.Names))) {
		return nil
	}
	return a
}

func biOptionalAttrs(ev *Eval, a []*Thunk) Value {
	return ev.branch(a[0].Force(ev), a[1], Of(&Attrs{Names: map[string]*Thunk{}}))
}

func biAttrNames(ev *Eval, a []*Thunk) Value {
	s := attrs(ev, a[0])
	if s == nil {
		return unknown("the set is not known")
	}
	out := &Sequence{Open: s.Open}
	for _, k := range s.keys() {
		out.Elems = append(out.Elems, Elem{Thunk: Of(wholeText(k))})
	}
	return out
}

func biAttrValues(ev *Eval, a []*Thunk) Value {
	s := attrs(ev, a[0])
	if s == nil {
		return unknown("the set is not known")
	}
	out := &Sequence{Open: s.Open}
	for _, k := range s.keys() {
		out.Elems = append(out.Elems, Elem{Thunk: s.Names[k]})
	}
	return out
}

// overAttrs runs f name value over a set.
func overAttrs(ev *Eval, a []*Thunk, do func(out *Attrs, name string, v *Thunk, r *Thunk)) Value {
	s := attrs(ev, a[1])
	if s == nil {
		return unknown("the set is not known")
	}
	f := a[0].Force(ev)
	out := &Attrs{Names: make(map[string]*Thunk, len(s.Names)), Open: s.Open}
	for _, k := range s.keys() {
		do(out, k, s.Names[k], applied(f, Of(wholeText(k)), s.Names[k]))
	}
	return out
}

func biMapAttrs(ev *Eval, a []*Thunk) Value {
	return overAttrs(ev, a, func(out *Attrs, n string, _, r *Thunk) { out.Names[n] = r })
}

func biFilterAttrs(ev *Eval, a []*Thunk) Value {
	return overAttrs(ev, a, func(out *Attrs, n string, v, r *Thunk) {
		switch TruthOf(r.Force(ev)) {
		case True:
			out.Names[n] = v
		case Maybe:
			out.Open = true
		}
	})
}

func biMapAttrsPairs(ev *Eval, a []*Thunk) Value {
	return overAttrs(ev, a, func(out *Attrs, _ string, _, r *Thunk) {
		pair, _ := r.Force(ev).(*Attrs)
		if pair == nil {
			out.Open = true
			return
		}
		addPair(ev, out, pair)
	})
}

func addPair(ev *Eval, out *Attrs, pair *Attrs) {
	n, ok := pair.Names["name"]
	v, ok2 := pair.Names["value"]
	if ok && ok2 {
		if s, ok := str(ev, n); ok {
			if _, dup := out.Names[s]; !dup {
				out.Names[s] = v
			}
			return
		}
		out.loosen(n.Force(ev), v)
	}
	out.Open = true
}

func biListToAttrs(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[0])
	if l == nil {
		return bad
	}
	out := &Attrs{Names: map[string]*Thunk{}, Open: l.Open}
	for _, e := range l.Elems {
		pair, _ := e.Force(ev).(*Attrs)
		if pair == nil || e.Maybe {
			out.Open = true
			continue
		}
		addPair(ev, out, pair)
	}
	return out
}

func biMapAttrsToList(ev *Eval, a []*Thunk) Value {
	s := attrs(ev, a[1])
	if s == nil {
		return unknown("the set is not known")
	}
	f := a[0].Force(ev)
	out := &Sequence{Open: s.Open}
	for _, k := range s.keys() {
		out.Elems = append(out.Elems, Elem{Thunk: applied(f, Of(wholeText(k)), s.Names[k])})
	}
	return out
}

func biGenAttrs(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[0])
	if l == nil {
		return bad
	}
	f := a[1].Force(ev)
	out := &Attrs{Names: map[string]*Thunk{}, Open: l.Open}
	for _, e := range l.Elems {
		n, ok := AsString(e.Force(ev))
		if !ok || e.Maybe {
			out.Open = true
			continue
		}
		out.Names[n] = applied(f, e.Thunk)
	}
	return out
}

func biMergeAttrs(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[0])
	if l == nil {
		return bad
	}
	var acc Value = &Attrs{Names: map[string]*Thunk{}, Open: l.Open}
	for _, e := range l.Elems {
		acc = ev.update(acc, e.Force(ev))
	}
	return acc
}

func biHasAttr(ev *Eval, a []*Thunk) Value {
	n, ok := str(ev, a[0])
	if !ok {
		return unknown("the name is not known")
	}
	return ev.has(&Has{X: &Boxed{T: a[1]}, Path: []Name{{Text: n}}}, nil)
}

func biGetAttr(ev *Eval, a []*Thunk) Value {
	n, ok := str(ev, a[0])
	if !ok {
		return unknown("the name is not known")
	}
	if v := ev.Member(a[1].Force(ev), n); v != nil {
		return v
	}
	return unknown("`" + n + "` is missing")
}

// attrPath walks `[ "a" "b" ]` into a set: nil when surely absent.
func attrPath(ev *Eval, path, in *Thunk) Value {
	l, bad := list(ev, path)
	if l == nil {
		return bad
	}
	v := in.Force(ev)
	for _, e := range l.Elems {
		n, ok := str(ev, e.Thunk)
		if !ok {
			return unknown("the name is not known")
		}
		if v = ev.Member(v, n); v == nil {
			return nil
		}
	}
	return v
}

func biAttrByPath(ev *Eval, a []*Thunk) Value {
	if v := attrPath(ev, a[0], a[2]); v != nil {
		return v
	}
	return a[1].Force(ev)
}

func biHasAttrByPath(ev *Eval, a []*Thunk) Value {
	switch v := attrPath(ev, a[0], a[1]).(type) {
	case nil:
		return Bool(false)
	case *Unknown, External:
		return v
	}
	return Bool(true)
}

func biRecursiveUpdate(ev *Eval, a []*Thunk) Value {
	return recursiveUpdate(ev, a[0].Force(ev), a[1].Force(ev))
}

func recursiveUpdate(ev *Eval, x, y Value) Value {
	sx, ok := x.(*Attrs)
	sy, ok2 := y.(*Attrs)
	if !ok || !ok2 || sx.Look != nil || sy.Look != nil {
		if ok2 {
			return y
		}
		return unknown("the set is not known")
	}
	out := &Attrs{Names: maps.Clone(sx.Names), Open: sx.Open || sy.Open}
	for k, t := range sy.Names {
		if o, ok := sx.Names[k]; ok {
			out.Names[k] = compute(func(ev *Eval) Value {
				a, b := o.Force(ev), t.Force(ev)
				if _, ok := a.(*Attrs); ok {
					if _, ok := b.(*Attrs); ok {
						return recursiveUpdate(ev, a, b)
					}
				}
				return b
			})
			continue
		}
		out.Names[k] = t
	}
	return out
}

func biIntersect(ev *Eval, a []*Thunk) Value {
	x, y := attrs(ev, a[0]), attrs(ev, a[1])
	if x == nil || y == nil || x.Open {
		return unknown("the set is not known")
	}
	out := &Attrs{Names: map[string]*Thunk{}, Open: y.Open}
	for k, t := range y.Names {
		if _, ok := x.Names[k]; ok {
			out.Names[k] = t
		}
	}
	return out
}

func biRemoveAttrs(ev *Eval, a []*Thunk) Value {
	s := attrs(ev, a[0])
	l, _ := list(ev, a[1])
	if s == nil || l == nil {
		return unknown("the set is not known")
	}
	out := &Attrs{Names: maps.Clone(s.Names), Open: s.Open}
	for _, e := range l.Elems {
		n, ok := str(ev, e.Thunk)
		if !ok {
			return unknown("the name is not known")
		}
		delete(out.Names, n)
	}
	return out
}
