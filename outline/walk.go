package outline

// Walk visits an expression and everything below it, parents first, each with
// the scope it stands in. Where visit returns false it does not go deeper.
func Walk(x Expr, sc *Scope, visit func(Expr, *Scope) bool) {
	if x == nil || !visit(x, sc) {
		return
	}
	switch x := x.(type) {
	case *Str:
		walkParts(x.Parts, sc, visit)
	case *Path:
		walkParts(x.Parts, sc, visit)
	case *List:
		for _, e := range x.Elems {
			Walk(e, sc, visit)
		}
	case *Set:
		in := sc
		if x.Rec {
			in = sc.let(x)
		}
		walkSet(x, in, sc, visit)
	case *Let:
		in := sc.let(x.Binds)
		walkSet(x.Binds, in, sc, visit)
		Walk(x.Body, in, visit)
	case *With:
		Walk(x.Env, sc, visit)
		Walk(x.Body, sc.under(x.Env), visit)
	case *If:
		Walk(x.Cond, sc, visit)
		Walk(x.Then, sc, visit)
		Walk(x.Else, sc, visit)
	case *Assert:
		Walk(x.Cond, sc, visit)
		Walk(x.Body, sc, visit)
	case *Lambda:
		in := sc.in(x, false)
		if x.Formals != nil {
			for i := range x.Formals.Names {
				if d := x.Formals.Names[i].Default; d != nil {
					Walk(d, in, visit)
				}
			}
		}
		Walk(x.Body, in, visit)
	case *Apply:
		Walk(x.Fn, sc, visit)
		Walk(x.Arg, sc, visit)
	case *Select:
		Walk(x.X, sc, visit)
		walkNames(x.Path, sc, visit)
		if x.Or != nil {
			Walk(x.Or, sc, visit)
		}
	case *Has:
		Walk(x.X, sc, visit)
		walkNames(x.Path, sc, visit)
	case *Unary:
		Walk(x.X, sc, visit)
	case *Binary:
		Walk(x.X, sc, visit)
		Walk(x.Y, sc, visit)
	}
}

func walkParts(ps []Part, sc *Scope, visit func(Expr, *Scope) bool) {
	for _, p := range ps {
		if p.X != nil {
			Walk(p.X, sc, visit)
		}
	}
}

func walkNames(ns []Name, sc *Scope, visit func(Expr, *Scope) bool) {
	for _, n := range ns {
		if n.X != nil {
			Walk(n.X, sc, visit)
		}
	}
}

func walkSet(s *Set, in, out *Scope, visit func(Expr, *Scope) bool) {
	for i := range s.Entries {
		e := &s.Entries[i]
		if e.Name.X != nil {
			Walk(e.Name.X, in, visit)
		}
		switch {
		case !e.Inherit:
			Walk(e.Value, in, visit)
		case e.From == nil:
			Walk(&Var{At(e.Name.At), e.Name.Text}, out, visit)
		}
	}
	var last Expr
	for i := range s.Entries {
		if f := s.Entries[i].From; f != nil && f != last {
			last = f
			Walk(f, in, visit)
		}
	}
}

// Walk visits every expression of the file.
func (f *File) Walk(visit func(Expr, *Scope) bool) { Walk(f.Root, &Scope{file: f}, visit) }

// Bound says what a name means in a scope: the entry of a let or rec set, or
// the lambda whose argument it is; neither for what comes from outside.
func (s *Scope) Bound(name string) (*Entry, *Lambda) {
	for ; s != nil; s = s.up {
		switch {
		case s.set != nil:
			if e := s.set.Find(name); e != nil {
				return e, nil
			}
		case s.lambda != nil:
			if s.lambda.binds(name) {
				return nil, s.lambda
			}
		}
	}
	return nil, nil
}
