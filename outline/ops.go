package outline

import (
	"cmp"
	"maps"
	"strings"
)

func (ev *Eval) binary(x *Binary, env *Env) Value {
	switch x.Op {
	case "&&", "||", "->":
		return ev.logic(x, env)
	case "==", "!=":
		t := ev.equal(ev.Expr(x.X, env), ev.Expr(x.Y, env))
		if x.Op == "!=" {
			t = t.Not()
		}
		return boolOf(t, unknownComparison)
	case "++":
		return ev.concat(ev.Expr(x.X, env), ev.Expr(x.Y, env))
	case "//":
		return ev.update(ev.Expr(x.X, env), ev.Expr(x.Y, env))
	case "+":
		return ev.add(ev.Expr(x.X, env), ev.Expr(x.Y, env))
	case "<", ">", "<=", ">=":
		return compare(x.Op, ev.Expr(x.X, env), ev.Expr(x.Y, env))
	case "-", "*", "/":
		return arithmetic(x.Op, ev.Expr(x.X, env), ev.Expr(x.Y, env))
	}
	return ev.unknown(x, env, "the operator is not known")
}

func (ev *Eval) logic(x *Binary, env *Env) Value {
	a := TruthOf(ev.Expr(x.X, env))
	if x.Op == "->" {
		a = a.Not()
	}
	if x.Op == "&&" {
		if a == False {
			return Bool(false)
		}
		if a == Maybe {
			ev.unsure++
			defer func() { ev.unsure-- }()
		}
		return boolOf(a.And(TruthOf(ev.Expr(x.Y, env))), unknownCondition)
	}
	if a == True {
		return Bool(true)
	}
	if a == Maybe {
		ev.unsure++
		defer func() { ev.unsure-- }()
	}
	return boolOf(a.Or(TruthOf(ev.Expr(x.Y, env))), unknownCondition)
}

// equal compares as deep as is known.
func (ev *Eval) equal(a, b Value) Truth {
	if c, ok := a.(*Choice); ok {
		return ev.equalChoice(c, b)
	}
	if c, ok := b.(*Choice); ok {
		return ev.equalChoice(c, a)
	}
	switch a := a.(type) {
	case *Unknown, External, *Closure, *Builtin:
		return Maybe
	case *Sequence:
		return ev.equalList(a, b)
	case *Attrs:
		return ev.equalAttrs(a, b)
	case Text:
		if b, ok := b.(Text); ok {
			return equalText(a, b)
		}
	case FilePath:
		if b, ok := b.(FilePath); ok {
			return equalText(Text(a), Text(b))
		}
	case Integer:
		if r, ok := b.(Real); ok {
			return truth(Real(a) == r)
		}
	case Real:
		if i, ok := b.(Integer); ok {
			return truth(a == Real(i))
		}
	}
	switch b.(type) {
	case *Unknown, External, *Closure, *Builtin:
		return Maybe
	case *Sequence, *Attrs:
		return False
	}
	return truth(same(a, b))
}

func (ev *Eval) equalChoice(c *Choice, b Value) Truth {
	t := ev.equal(c.Alts[0], b)
	for _, a := range c.Alts[1:] {
		if ev.equal(a, b) != t {
			return Maybe
		}
	}
	return t
}

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

func equalText(a, b Text) Truth {
	if a.Whole && b.Whole {
		return truth(a.Head == b.Head)
	}
	if a.Whole {
		a, b = b, a
	}
	if b.Whole && !couldBe(a, b.Head) {
		return False
	}
	return Maybe
}

// couldBe reports whether a partly known text may be s.
func couldBe(t Text, s string) bool {
	return len(s) >= len(t.Head)+len(t.Tail) && s[:len(t.Head)] == t.Head && s[len(s)-len(t.Tail):] == t.Tail
}

func (ev *Eval) equalList(a *Sequence, b Value) Truth {
	o, ok := b.(*Sequence)
	if !ok {
		return notThat(b)
	}
	if a.Open || o.Open || a.maybe() || o.maybe() {
		return Maybe
	}
	if len(a.Elems) != len(o.Elems) {
		return False
	}
	t := True
	for i := range a.Elems {
		t = t.And(ev.equal(a.Elems[i].Force(ev), o.Elems[i].Force(ev)))
	}
	return t
}

// notThat: a value of another type is unequal, unless it is not known.
func notThat(b Value) Truth {
	switch b.(type) {
	case *Unknown, External:
		return Maybe
	}
	return False
}

func (ev *Eval) equalAttrs(a *Attrs, b Value) Truth {
	o, ok := b.(*Attrs)
	if !ok {
		return notThat(b)
	}
	if a.Open || o.Open || a.Look != nil || o.Look != nil {
		return Maybe
	}
	if len(a.Names) != len(o.Names) {
		return False
	}
	t := True
	for k, x := range a.Names {
		y, ok := o.Names[k]
		if !ok {
			return False
		}
		t = t.And(ev.equal(x.Force(ev), y.Force(ev)))
	}
	return t
}

// maybe reports an element that is perhaps not there.
func (s *Sequence) maybe() bool {
	for i := range s.Elems {
		if s.Elems[i].Maybe {
			return true
		}
	}
	return false
}

func (ev *Eval) concat(a, b Value) Value {
	la, oka := ev.asList(a)
	lb, okb := ev.asList(b)
	if !ev.spend(la.size() + lb.size()) {
		return unknown(spent)
	}
	switch {
	case oka && okb:
		return &Sequence{append(append([]Elem{}, la.Elems...), lb.Elems...), la.Open || lb.Open}
	case oka:
		return &Sequence{append(append([]Elem{}, la.Elems...), hole(b)), true}
	case okb:
		return &Sequence{append([]Elem{hole(a)}, lb.Elems...), true}
	}
	return a
}

func (ev *Eval) asList(v Value) (*Sequence, bool) {
	if c, ok := v.(*Choice); ok {
		return ev.anyOf(c), true
	}
	s, ok := v.(*Sequence)
	return s, ok
}

// spent says why nothing more is known.
const spent = "the step budget is used up"

// spend takes the cost of handling n elements out of the budget: without it, a
// list that doubles at every step would outgrow the machine in a few steps.
func (ev *Eval) spend(n int) bool {
	ev.Steps -= n
	return ev.Steps >= 0
}

// size of a list; 0 for none.
func (s *Sequence) size() int {
	if s == nil {
		return 0
	}
	return len(s.Elems)
}

// hole keeps an unknown list among known ones, so that whoever walks the
// elements sees what could not be resolved.
func hole(v Value) Elem { return Elem{Thunk: Of(v), Maybe: true} }

func (ev *Eval) update(a, b Value) Value {
	sa, oka := a.(*Attrs)
	sb, okb := b.(*Attrs)
	if oka && okb && !ev.spend(len(sa.Names)+len(sb.Names)) {
		return unknown(spent)
	}
	switch {
	case oka && okb:
		out := &Attrs{Names: maps.Clone(sa.Names), Open: sa.Open || sb.Open}
		if out.Names == nil {
			out.Names = map[string]*Thunk{}
		}
		if sb.Open {
			for k := range out.Names {
				if sb.Names[k] == nil {
					t := out.Names[k]
					out.Names[k] = compute(func(ev *Eval) Value { return choice(t.Force(ev), sb.replaces(k)) })
				}
			}
		}
		maps.Copy(out.Names, sb.Names)
		out.Look = eitherLook(sb.Look, sa.Look)
		out.Loose = append(sa.Loose[:len(sa.Loose):len(sa.Loose)], sb.Loose...)
		return out
	case oka && sa.Look != nil:
		// A library with more on top: the names it has are still the likeliest,
		// and functions are found by what they do.
		return sa
	case oka:
		// What is on the right may replace anything.
		out := &Attrs{Names: map[string]*Thunk{}, Open: true}
		for k, t := range sa.Names {
			out.Names[k] = compute(func(ev *Eval) Value { return choice(t.Force(ev), unknown("may be replaced")) })
		}
		return out
	case okb:
		return &Attrs{Names: sb.Names, Open: true, Look: sb.Look}
	}
	return unknown("neither side of `//` is known")
}

// Opened is a value that, if it is a set, may have more names than one sees.
func Opened(t *Thunk) *Thunk {
	n := compute(func(ev *Eval) Value {
		a, ok := t.Force(ev).(*Attrs)
		if !ok || a.Open {
			return t.Force(ev)
		}
		out := *a
		out.Open = true
		return &out
	})
	n.from = t
	return n
}

// replaces is what an open set may have under a name that it does not list.
func (a *Attrs) replaces(name string) Value {
	if a.Look != nil {
		if v := a.Look(name); v != nil {
			return v
		}
	}
	return unknown("may be replaced")
}

func eitherLook(a, b func(string) Value) func(string) Value {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	return func(n string) Value {
		if v := a(n); v != nil {
			return v
		}
		return b(n)
	}
}

func (ev *Eval) add(a, b Value) Value {
	switch x := a.(type) {
	case Integer:
		switch y := b.(type) {
		case Integer:
			return x + y
		case Real:
			return Real(x) + y
		}
	case Real:
		switch y := b.(type) {
		case Integer:
			return x + Real(y)
		case Real:
			return x + y
		}
	case Text:
		ev.spend(len(x.Head) / 64)
		return join(x, toText(b))
	case FilePath:
		t := join(Text(x), added(b))
		if t.Whole {
			p, ok := cleanPath(".", t.Head)
			if !ok {
				return External{t.Head}
			}
			return FilePath{Head: p, Whole: true}
		}
		return FilePath(t)
	case *Attrs:
		return join(toText(x), added(b))
	case External:
		if s, ok := AsString(b); ok {
			return External{x.Path + s}
		}
		return External{x.Path + "…"}
	}
	return unknown("the sum is not known")
}

// added is what stands behind a `+`: an absolute path is text there, as in
// `self + /modules`.
func added(v Value) Text {
	if e, ok := v.(External); ok && strings.HasPrefix(e.Path, "/") {
		return wholeText(e.Path)
	}
	return toText(v)
}

// compare is `<` and its kin, of two numbers or two texts that are known.
func compare(op string, a, b Value) Value {
	var c int
	x, okX := number(a)
	y, okY := number(b)
	s, okS := AsString(a)
	t, okT := AsString(b)
	switch {
	case okX && okY:
		c = cmp.Compare(x, y)
	case okS && okT:
		c = cmp.Compare(s, t)
	default:
		return unknownComparison
	}
	switch op {
	case "<":
		return Bool(c < 0)
	case ">":
		return Bool(c > 0)
	case "<=":
		return Bool(c <= 0)
	}
	return Bool(c >= 0)
}

func number(v Value) (float64, bool) {
	switch v := v.(type) {
	case Integer:
		return float64(v), true
	case Real:
		return float64(v), true
	}
	return 0, false
}

func arithmetic(op string, a, b Value) Value {
	x, ok := a.(Integer)
	y, ok2 := b.(Integer)
	if !ok || !ok2 {
		return unknown("the number is not known")
	}
	switch {
	case op == "-":
		return x - y
	case op == "*":
		return x * y
	case y != 0:
		return x / y
	}
	return unknown("division by zero")
}
