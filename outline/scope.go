package outline

// A Scope is where an expression of an outline stands: the chain of lets,
// lambdas and withs around it, as written and not yet bound to a host. An
// Instance turns it into the Env of one host.
type Scope struct {
	up     *Scope
	file   *File
	set    *Set
	lambda *Lambda
	with   Expr
	// head marks the lambda that takes the module's arguments.
	head bool
	// outer is a scope around a value that was found by evaluating.
	outer *outer
}

// outer stands for a scope around the value that a module is: up frames above
// the value's own. model is that scope on one host; the others have the same
// names in it, with other values.
type outer struct {
	model *Env
	up    int
}

// File that expressions of this scope were written in.
func (s *Scope) File() *File {
	for ; s != nil; s = s.up {
		if s.outer != nil {
			return s.outer.model.file
		}
		if s.file != nil {
			return s.file
		}
	}
	return nil
}

func (s *Scope) let(set *Set) *Scope { return &Scope{up: s, set: set} }

func (s *Scope) in(l *Lambda, head bool) *Scope { return &Scope{up: s, lambda: l, head: head} }

func (s *Scope) under(with Expr) *Scope { return &Scope{up: s, with: with} }

// binding follows a name to the let or rec set that defines it; nil for
// arguments, inherited and unknown names.
func (s *Scope) binding(name string) (*Entry, *Scope) {
	for ; s != nil; s = s.up {
		switch {
		case s.outer != nil:
			return s.outer.binding(name)
		case s.set != nil:
			if e := s.set.Find(name); e != nil {
				return e, s
			}
		case s.lambda != nil:
			if s.lambda.binds(name) {
				return nil, nil
			}
		}
	}
	return nil, nil
}

// binding is Scope's for a scope that was found by evaluating.
func (o *outer) binding(name string) (*Entry, *Scope) {
	for e, up := o.model, o.up; e != nil; e, up = e.up, up+1 {
		switch {
		case e.set != nil:
			if en := e.set.Find(name); en != nil {
				return en, &Scope{outer: &outer{e, up}}
			}
		case e.lambda != nil:
			if e.lambda.binds(name) {
				return nil, nil
			}
		}
	}
	return nil, nil
}

// Inner reports that a name is the parameter of a function that stands inside of
// another: of each element of something, not of the module.
func (s *Scope) Inner(name string) bool {
	for ; s != nil; s = s.up {
		switch {
		case s.set != nil && s.set.Find(name) != nil:
			return false
		case s.lambda != nil && (s.lambda.binds(name)):
			for up := s.up; up != nil; up = up.up {
				if up.lambda != nil {
					return true
				}
			}
			return false
		}
	}
	return false
}

// Instance binds the scopes of one outline to one host.
type Instance struct {
	Eval *Eval
	// Args is what the module function is called with.
	Args Value
	// base is the scope of the value that the module is; nil for a file.
	base *Env
	envs map[*Scope]*Env
}

// NewInstance binds to an evaluator and the module's arguments; base is what
// ReadValue gave, nil for the module of a file.
func NewInstance(ev *Eval, args Value, base *Env) *Instance {
	return &Instance{Eval: ev, Args: args, base: base, envs: map[*Scope]*Env{}}
}

// With is the same module with another evaluator and other arguments.
func (in *Instance) With(ev *Eval, args Value) *Instance { return NewInstance(ev, args, in.base) }

// Env of a scope.
func (in *Instance) Env(s *Scope) *Env {
	if e, ok := in.envs[s]; ok {
		return e
	}
	e := in.env(s)
	in.envs[s] = e
	return e
}

func (in *Instance) env(s *Scope) *Env {
	switch {
	case s.outer != nil:
		return in.base.above(s.outer.up)
	case s.file != nil:
		return in.Eval.Root(s.file)
	}
	up := in.Env(s.up)
	switch {
	case s.set != nil:
		return up.letEnv(s.set)
	case s.lambda != nil:
		var arg Value = unknown("the argument of a function")
		if s.head {
			arg = in.Args
		}
		return in.Eval.Bind(&Closure{s.lambda, up}, Of(arg))
	}
	return up.under(s.with)
}

// Value of an expression for this host.
func (in *Instance) Value(x Expr, s *Scope) Value {
	if fixed(x) {
		return in.Eval.Expr(x, nil)
	}
	return in.Eval.Expr(x, in.Env(s))
}

// fixed expressions mean the same in every scope.
func fixed(x Expr) bool {
	switch x := x.(type) {
	case *Int, *Float:
		return true
	case *Str:
		_, ok := x.Literal()
		return ok
	}
	return false
}

// Thunk of an expression for this host.
func (in *Instance) Thunk(x Expr, s *Scope) *Thunk { return Later(x, in.Env(s)) }

// Under is the scope below a `with`.
func (s *Scope) Under(with Expr) *Scope { return s.under(with) }
