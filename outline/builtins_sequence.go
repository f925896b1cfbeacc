package outline

import (
	"slices"
	"strconv"
	"strings"
)

// sure is a list whose elements are all known to be there.
func sure(ev *Eval, t *Thunk) (*Sequence, Value) {
	l, bad := list(ev, t)
	if l != nil && (l.Open || l.maybe()) {
		return nil, incompleteList
	}
	return l, bad
}

// overList answers a question about a list that is completely known.
func overList(i int, f func(ev *Eval, l *Sequence, a []*Thunk) Value) func(*Eval, []*Thunk) Value {
	return func(ev *Eval, a []*Thunk) Value {
		l, bad := sure(ev, a[i])
		if l == nil {
			return bad
		}
		return f(ev, l, a)
	}
}

func integer(ev *Eval, t *Thunk) (int, bool) {
	n, ok := t.Force(ev).(Integer)
	return int(n), ok
}

// cut gives the part of a list that a number decides: take and drop.
func cut(part func(elems []Elem, n int) []Elem) func(*Eval, []*Thunk) Value {
	return overList(1, func(ev *Eval, l *Sequence, a []*Thunk) Value {
		n, ok := integer(ev, a[0])
		if !ok {
			return unknown("the number is not known")
		}
		return &Sequence{Elems: part(l.Elems, min(max(n, 0), len(l.Elems)))}
	})
}

func biElemAt(ev *Eval, a []*Thunk) Value {
	l, bad := sure(ev, a[0])
	if l == nil {
		return bad
	}
	if i, ok := integer(ev, a[1]); ok && i >= 0 && i < len(l.Elems) {
		return l.Elems[i].Force(ev)
	}
	return unknown("the element is not known")
}

// biGenList and biRange are bounded as everything is: by what may be spent.
func biGenList(ev *Eval, a []*Thunk) Value {
	n, ok := integer(ev, a[1])
	if !ok || n < 0 || !ev.spend(n) {
		return unknown("the number is not known")
	}
	return numbered(ev, a[0].Force(ev), 0, n)
}

func biRange(ev *Eval, a []*Thunk) Value {
	from, ok := integer(ev, a[0])
	to, ok2 := integer(ev, a[1])
	if !ok || !ok2 || to-from > 1<<20 || !ev.spend(max(to-from, 0)) {
		return unknown("the number is not known")
	}
	l := &Sequence{}
	for i := from; i <= to; i++ {
		l.Elems = append(l.Elems, Elem{Thunk: Of(Integer(i))})
	}
	return l
}

func numbered(ev *Eval, f Value, from, n int) Value {
	l := &Sequence{}
	for i := range n {
		l.Elems = append(l.Elems, Elem{Thunk: applied(f, Of(Integer(from+i)))})
	}
	return l
}

// mapNumbered is imap0 and imap1.
func mapNumbered(from int) func(*Eval, []*Thunk) Value {
	return overList(1, func(ev *Eval, l *Sequence, a []*Thunk) Value {
		f, out := a[0].Force(ev), &Sequence{}
		for i, e := range l.Elems {
			out.Elems = append(out.Elems, Elem{Thunk: applied(f, Of(Integer(from+i)), e.Thunk)})
		}
		return out
	})
}

func biFindFirst(ev *Eval, a []*Thunk) Value {
	l, bad := sure(ev, a[2])
	if l == nil {
		return bad
	}
	f := a[0].Force(ev)
	for _, e := range l.Elems {
		switch TruthOf(ev.Apply(f, e.Thunk)) {
		case True:
			return e.Force(ev)
		case Maybe:
			return unknownCondition
		}
	}
	return a[1].Force(ev)
}

func biPartition(ev *Eval, a []*Thunk) Value {
	l, bad := sure(ev, a[1])
	if l == nil {
		return bad
	}
	f, right, wrong := a[0].Force(ev), &Sequence{}, &Sequence{}
	for _, e := range l.Elems {
		switch TruthOf(ev.Apply(f, e.Thunk)) {
		case True:
			right.Elems = append(right.Elems, e)
		case False:
			wrong.Elems = append(wrong.Elems, e)
		default:
			right.Elems = append(right.Elems, Elem{e.Thunk, true})
			wrong.Elems = append(wrong.Elems, Elem{e.Thunk, true})
		}
	}
	return &Attrs{Names: map[string]*Thunk{"right": Of(right), "wrong": Of(wrong)}}
}

// among is whether an element equals one of a list.
func (ev *Eval) among(l *Sequence, e Elem) Truth {
	t, v := False, e.Force(ev)
	for _, o := range l.Elems {
		if t = t.Or(ev.equal(v, o.Force(ev))); t == True {
			break
		}
	}
	return t
}

func biUnique(ev *Eval, a []*Thunk) Value {
	l, bad := list(ev, a[0])
	if l == nil || !ev.spend(len(l.Elems)*len(l.Elems)/8) {
		return bad
	}
	out := &Sequence{Open: l.Open}
	for _, e := range l.Elems {
		if ev.among(out, e) != True {
			out.Elems = append(out.Elems, e)
		}
	}
	return out
}

// keep is subtractLists (in is False) and intersectLists (in is True).
func keep(in Truth) func(*Eval, []*Thunk) Value {
	return overList(0, func(ev *Eval, with *Sequence, a []*Thunk) Value {
		l, bad := list(ev, a[1])
		if l == nil || !ev.spend(len(l.Elems)*len(with.Elems)/8) {
			return bad
		}
		out := &Sequence{Open: l.Open}
		for _, e := range l.Elems {
			switch ev.among(with, e) {
			case in:
				out.Elems = append(out.Elems, e)
			case Maybe:
				out.Elems = append(out.Elems, Elem{e.Thunk, true})
			}
		}
		return out
	})
}

func biReverse(ev *Eval, l *Sequence, _ []*Thunk) Value {
	out := slices.Clone(l.Elems)
	slices.Reverse(out)
	return &Sequence{Elems: out}
}

// biZipLists pairs lists by a function: zipListsWith.
func biZipLists(ev *Eval, a []*Thunk) Value {
	x, bad := sure(ev, a[1])
	if x == nil {
		return bad
	}
	y, bad := sure(ev, a[2])
	if y == nil {
		return bad
	}
	f, out := a[0].Force(ev), &Sequence{}
	for i := range min(len(x.Elems), len(y.Elems)) {
		out.Elems = append(out.Elems, Elem{Thunk: applied(f, x.Elems[i].Thunk, y.Elems[i].Thunk)})
	}
	return out
}

func biGroupBy(ev *Eval, a []*Thunk) Value {
	l, bad := sure(ev, a[1])
	if l == nil {
		return bad
	}
	f, groups := a[0].Force(ev), map[string]*Sequence{}
	for _, e := range l.Elems {
		k, ok := AsString(ev.Apply(f, e.Thunk))
		if !ok {
			return unknown("the name of a group is not known")
		}
		if groups[k] == nil {
			groups[k] = &Sequence{}
		}
		groups[k].Elems = append(groups[k].Elems, e)
	}
	out := &Attrs{Names: map[string]*Thunk{}}
	for k, l := range groups {
		out.Names[k] = Of(l)
	}
	return out
}

// biZipAttrs is zipAttrsWith: every name of the sets, with the list of its
// values.
func biZipAttrs(ev *Eval, a []*Thunk) Value {
	l, bad := sure(ev, a[1])
	if l == nil {
		return bad
	}
	f, values, open := a[0].Force(ev), map[string]*Sequence{}, false
	for _, e := range l.Elems {
		s := attrs(ev, e.Thunk)
		if s == nil {
			return unknown("the set is not known")
		}
		open = open || s.Open
		for _, k := range s.keys() {
			if values[k] == nil {
				values[k] = &Sequence{}
			}
			values[k].Elems = append(values[k].Elems, Elem{Thunk: s.Names[k]})
		}
	}
	out := &Attrs{Names: map[string]*Thunk{}, Open: open}
	for k, vs := range values {
		vs.Open = open
		out.Names[k] = applied(f, Of(wholeText(k)), Of(vs))
	}
	return out
}

func biGetAttrFromPath(ev *Eval, a []*Thunk) Value {
	if v := attrPath(ev, a[0], a[1]); v != nil {
		return v
	}
	return unknown("the attribute is missing")
}

func biSetAttrByPath(ev *Eval, a []*Thunk) Value {
	l, bad := sure(ev, a[0])
	if l == nil {
		return bad
	}
	at := a[1]
	for _, e := range slices.Backward(l.Elems) {
		n, ok := str(ev, e.Thunk)
		if !ok {
			return unknown("the name is not known")
		}
		at = Of(&Attrs{Names: map[string]*Thunk{n: at}})
	}
	return at.Force(ev)
}

func biCatAttrs(ev *Eval, a []*Thunk) Value {
	n, ok := str(ev, a[0])
	l, bad := list(ev, a[1])
	if l == nil || !ok {
		return orUnknown(bad)
	}
	out := &Sequence{Open: l.Open}
	for _, e := range l.Elems {
		s := attrs(ev, e.Thunk)
		switch {
		case s == nil:
			out.Open = true
		case s.Names[n] != nil:
			out.Elems = append(out.Elems, Elem{s.Names[n], e.Maybe})
		default:
			out.Open = out.Open || s.Open
		}
	}
	return out
}

func orUnknown(v Value) Value {
	if v == nil {
		return unknown("the name is not known")
	}
	return v
}

// biFix ties the knot: the value that a function makes of itself.
func biFix(ev *Eval, a []*Thunk) Value {
	f := a[0].Force(ev)
	var self *Thunk
	self = compute(func(ev *Eval) Value { return ev.Apply(f, self) })
	return self.Force(ev)
}

// joinMapped is concatMapStringsSep, and concatMapStrings with an empty sep.
func joinMapped(ev *Eval, sep *Thunk, f, l *Thunk) Value {
	return biConcatSep(ev, []*Thunk{sep, Of(biMap(ev, []*Thunk{f, l}))})
}

func biSubstring(ev *Eval, a []*Thunk) Value {
	from, ok := integer(ev, a[0])
	n, ok2 := integer(ev, a[1])
	s, ok3 := str(ev, a[2])
	if !ok || !ok2 || !ok3 || from < 0 {
		return unknown("the string is not known")
	}
	s = s[min(from, len(s)):]
	if n >= 0 {
		s = s[:min(n, len(s))]
	}
	return wholeText(s)
}

func biToInt(ev *Eval, a []*Thunk) Value {
	if s, ok := str(ev, a[0]); ok {
		if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
			return Integer(n)
		}
	}
	return unknown("the number is not known")
}

// biSort sorts where every comparison is known.
func biSort(ev *Eval, l *Sequence, a []*Thunk) Value {
	f, known := a[0].Force(ev), ev.spend(len(l.Elems)*8)
	less := func(x, y Elem) bool {
		t := Maybe
		if known {
			t = TruthOf(ev.Apply(ev.Apply(f, x.Thunk), y.Thunk))
		}
		known = known && t != Maybe
		return t == True
	}
	out := slices.Clone(l.Elems)
	slices.SortStableFunc(out, func(x, y Elem) int {
		switch {
		case less(x, y):
			return -1
		case less(y, x):
			return 1
		}
		return 0
	})
	if !known {
		return unknown("the order is not known")
	}
	return &Sequence{Elems: out}
}

// biLessThan compares numbers and strings.
func biLessThan(ev *Eval, a []*Thunk) Value {
	switch x := a[0].Force(ev).(type) {
	case Integer:
		if y, ok := a[1].Force(ev).(Integer); ok {
			return Bool(x < y)
		}
	case Text:
		if y, ok := str(ev, a[1]); ok && x.Whole {
			return Bool(x.Head < y)
		}
	}
	return unknown("the order is not known")
}

// listFunctions are those of lib and builtins about lists, and about sets of
// lists; builtins.go has the others.
func listFunctions() map[string]fn {
	return map[string]fn{
		"zipAttrsWith": {2, biZipAttrs}, "getAttrFromPath": {2, biGetAttrFromPath}, "setAttrByPath": {2, biSetAttrByPath},
		"catAttrs": {2, biCatAttrs}, "unique": {1, biUnique}, "subtractLists": {2, keep(False)}, "intersectLists": {2, keep(True)},
		"partition": {2, biPartition}, "groupBy": {2, biGroupBy}, "findFirst": {3, biFindFirst}, "elemAt": {2, biElemAt},
		"tail": {1, overList(0, func(_ *Eval, l *Sequence, _ []*Thunk) Value { return &Sequence{Elems: l.Elems[min(1, len(l.Elems)):]} })},
		"init": {1, overList(0, func(_ *Eval, l *Sequence, _ []*Thunk) Value {
			return &Sequence{Elems: l.Elems[:max(0, len(l.Elems)-1)]}
		})},
		"take":        {2, cut(func(es []Elem, n int) []Elem { return es[:n:n] })},
		"drop":        {2, cut(func(es []Elem, n int) []Elem { return es[n:] })},
		"reverseList": {1, overList(0, biReverse)}, "sort": {2, overList(1, biSort)}, "lessThan": {2, biLessThan},
		"genList": {2, biGenList}, "range": {2, biRange}, "imap0": {2, mapNumbered(0)}, "imap1": {2, mapNumbered(1)},
		"zipListsWith": {3, biZipLists}, "fix": {1, biFix},
		"concatMapStringsSep": {3, func(ev *Eval, a []*Thunk) Value { return joinMapped(ev, a[0], a[1], a[2]) }},
		"concatMapStrings":    {2, func(ev *Eval, a []*Thunk) Value { return joinMapped(ev, Of(wholeText("")), a[0], a[1]) }},
		"substring":           {3, biSubstring}, "toInt": {1, biToInt},
		"fileContents": {1, func(ev *Eval, a []*Thunk) Value {
			if s, ok := AsString(biReadFile(ev, a)); ok {
				return wholeText(strings.TrimSuffix(s, "\n"))
			}
			return unknown("the text is not known")
		}},
		"isFunction": {1, func(ev *Eval, a []*Thunk) Value {
			switch a[0].Force(ev).(type) {
			case *Closure, *Builtin:
				return Bool(true)
			case *Unknown, External, *Choice, *Attrs: // a functor is one too
				return unknownType
			}
			return Bool(false)
		}},
	}
}
