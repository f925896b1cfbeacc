package outline

// apply evaluates `f x`.
func (ev *Eval) apply(x *Apply, env *Env) Value {
	fn := ev.Expr(x.Fn, env)
	if _, ok := fn.(*Closure); ok {
		// Its argument has a name there and is known by no other place, so that
		// a variable need not be wrapped once more.
		if v, ok := x.Arg.(*Var); ok {
			if t := env.lexical(v.Name); t != nil {
				return ev.Apply(fn, t)
			}
		}
	}
	return ev.Apply(fn, Later(x.Arg, env))
}

// Apply calls fn.
func (ev *Eval) Apply(fn Value, arg *Thunk) Value {
	if ev.Steps--; ev.Steps < 0 {
		return unknown(spent)
	}
	switch fn := fn.(type) {
	case *Closure:
		return ev.call(fn, arg)
	case *Builtin:
		args := append(fn.Args[:len(fn.Args):len(fn.Args)], arg)
		if len(args) < fn.Arity {
			return &Builtin{fn.Name, fn.Arity, args, fn.Run}
		}
		return fn.Run(ev, args)
	case *Attrs:
		if t, ok := fn.Names["__functor"]; ok {
			return ev.Apply(ev.Apply(t.Force(ev), Of(fn)), arg)
		}
	case External:
		return ev.callExternal(fn, arg)
	case *Choice:
		vs := make([]Value, len(fn.Alts))
		for i, f := range fn.Alts {
			vs[i] = ev.Apply(f, arg)
		}
		return choice(vs...)
	}
	return unknown("the function is not known")
}

func (ev *Eval) call(c *Closure, arg *Thunk) Value {
	if ev.depth >= maxDepth {
		return unknown("nested too deeply")
	}
	return ev.Expr(c.Fn.Body, ev.Bind(c, arg))
}

// Bind opens the scope of a lambda's body for one argument.
func (ev *Eval) Bind(c *Closure, arg *Thunk) *Env {
	env := &Env{up: c.Env, file: c.Env.file, lambda: c.Fn, arg: arg}
	f := c.Fn.Formals
	if f == nil {
		return env
	}
	a := arg.Force(ev)
	set, _ := a.(*Attrs)
	env.slots = make([]*Thunk, len(f.Names))
	for i := range f.Names {
		env.slots[i] = ev.formal(&f.Names[i], set, a, env)
	}
	return env
}

func (ev *Eval) formal(fo *Formal, set *Attrs, arg Value, env *Env) *Thunk {
	if set != nil {
		if t, ok := set.Names[fo.Name]; ok {
			return t
		}
		if set.Look != nil {
			if v := set.Look(fo.Name); v != nil {
				return Of(v)
			}
		}
		if !set.Open && fo.Default != nil {
			return Later(fo.Default, env)
		}
	}
	if e, ok := arg.(External); ok {
		return Of(ev.external(e.Path + "." + fo.Name))
	}
	return Of(unknown("the argument `" + fo.Name + "` is not known"))
}
