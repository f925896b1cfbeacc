package outline

// either evaluates `if`.
func (ev *Eval) either(x *If, env *Env) Value {
	switch TruthOf(ev.Expr(x.Cond, env)) {
	case True:
		return ev.Expr(x.Then, env)
	case False:
		return ev.Expr(x.Else, env)
	}
	ev.unsure++
	a, b := ev.Expr(x.Then, env), ev.Expr(x.Else, env)
	ev.unsure--
	return union(ev, a, b)
}

// branch of a condition: both, marked maybe, when it is not known.
func (ev *Eval) branch(cond Value, then, els *Thunk) Value {
	switch TruthOf(cond) {
	case True:
		return then.Force(ev)
	case False:
		return els.Force(ev)
	}
	ev.unsure++
	defer func() { ev.unsure-- }()
	return union(ev, then.Force(ev), els.Force(ev))
}

// Sure reports that no unknown condition decides whether the evaluation comes
// here at all.
func (ev *Eval) Sure() bool { return ev.unsure == 0 }

// union of what two branches give: lists join with their elements maybe, sets
// are open, the rest is a choice.
func union(ev *Eval, a, b Value) Value {
	if la, ok := a.(*Sequence); ok {
		if lb, ok := b.(*Sequence); ok {
			if !ev.spend(la.size() + lb.size()) {
				return unknown(spent)
			}
			s := &Sequence{Open: la.Open || lb.Open}
			for _, e := range append(append([]Elem{}, la.Elems...), lb.Elems...) {
				s.Elems = append(s.Elems, Elem{Thunk: e.Thunk, Maybe: true})
			}
			return s
		}
	}
	if sa, ok := a.(*Attrs); ok {
		if sb, ok := b.(*Attrs); ok {
			return unionAttrs(ev, sa, sb)
		}
	}
	return choice(a, b)
}

func unionAttrs(ev *Eval, a, b *Attrs) Value {
	if !ev.spend(len(a.Names) + len(b.Names)) {
		return unknown(spent)
	}
	out := &Attrs{Names: map[string]*Thunk{}, Open: true}
	for k, t := range a.Names {
		out.Names[k] = t
	}
	for k, t := range b.Names {
		if o, ok := out.Names[k]; ok {
			out.Names[k] = compute(func(ev *Eval) Value { return union(ev, o.Force(ev), t.Force(ev)) })
			continue
		}
		out.Names[k] = t
	}
	// A name of one side alone may be absent.
	for k, t := range out.Names {
		_, inA := a.Names[k]
		_, inB := b.Names[k]
		if !(inA && inB) {
			out.Names[k] = compute(func(ev *Eval) Value {
				return choice(t.Force(ev), unknown("`"+k+"` may be absent"))
			})
		}
	}
	return out
}
