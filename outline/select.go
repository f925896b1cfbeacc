package outline

// name of an attribute path component.
func (ev *Eval) name(n Name, env *Env) (string, bool) {
	if n.X == nil {
		return n.Text, true
	}
	return AsString(ev.Expr(n.X, env))
}

func (ev *Eval) selectPath(x *Select, env *Env) Value {
	v := ev.Expr(x.X, env)
	for _, n := range x.Path {
		name, ok := ev.name(n, env)
		if !ok {
			return ev.unknown(x, env, "the name of the attribute is not known")
		}
		v = ev.Member(v, name)
		if v == nil {
			if x.Or != nil {
				return ev.Expr(x.Or, env)
			}
			return ev.unknown(x, env, "`"+name+"` is missing")
		}
	}
	if u, ok := v.(*Unknown); ok && x.Or != nil {
		return union(ev, u, ev.Expr(x.Or, env))
	}
	if e, ok := v.(External); ok && x.Or != nil {
		return choice(e, ev.Expr(x.Or, env))
	}
	return v
}

// Member selects one name; nil when it is surely absent.
func (ev *Eval) Member(v Value, name string) Value {
	switch v := v.(type) {
	case *Attrs:
		return v.Get(ev, name)
	case External:
		return ev.external(v.Path + "." + name)
	case *Choice:
		vs := make([]Value, 0, len(v.Alts))
		for _, a := range v.Alts {
			m := ev.Member(a, name)
			if m == nil {
				m = unknown("`" + name + "` may be missing")
			}
			vs = append(vs, m)
		}
		return choice(vs...)
	case *Unknown:
		return v
	}
	return nil
}

func (ev *Eval) has(x *Has, env *Env) Value {
	v := ev.Expr(x.X, env)
	for i, n := range x.Path {
		name, ok := ev.name(n, env)
		if !ok {
			return ev.unknown(x, env, "the name of the attribute is not known")
		}
		switch s := v.(type) {
		case *Attrs:
			if _, ok := s.Names[name]; !ok {
				if found := lookKnown(s, name); found != nil {
					v = found
					continue
				}
				if s.Open {
					return ev.unknown(x, env, "the set is not completely known")
				}
				return Bool(false)
			}
			if i < len(x.Path)-1 {
				v = s.Names[name].Force(ev)
			}
		case *Unknown, External, *Choice:
			if e, ok := v.(External); ok && ev.Fact != nil {
				if f := ev.Fact("?" + e.Path + "." + name); f != nil && i == len(x.Path)-1 {
					return f
				}
			}
			return ev.unknown(x, env, "the set is not known")
		default:
			return Bool(false)
		}
	}
	return Bool(true)
}

// lookKnown asks a set's function for a name; what it only believes to be
// outside does not prove that the set has it.
func lookKnown(s *Attrs, name string) Value {
	if s.Look == nil {
		return nil
	}
	v := s.Look(name)
	if _, ok := v.(External); ok && s.Open {
		return nil
	}
	return v
}
