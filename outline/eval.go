package outline

// A Tree is what the evaluator may read of the fleet. Paths are relative to
// its root; every answer must be the same for the same question.
type Tree interface {
	// File gives a parsed Nix file, nil when there is none or it does not parse.
	File(path string) *File
	// ReadDir lists a folder: names to "regular", "directory" or "symlink".
	ReadDir(path string) (map[string]string, bool)
	// ReadFile gives the text of any file.
	ReadFile(path string) (string, bool)
	// Exists reports any kind of file.
	Exists(path string) bool
	// Function finds the one definition of a function of the fleet's own
	// library by its name, nil when there is none or there are several.
	Function(name string) (Expr, *File)
}

// Eval evaluates for one host. It is total: unknown is an answer, and after
// the step budget everything is.
type Eval struct {
	Tree   Tree
	Common *Common
	// Fact answers for the dotted path of something external, such as
	// `config.hostSpec.isServer` or `pkgs.stdenv.isDarwin`; nil: not known.
	Fact func(path string) Value
	// Steps is what remains of the budget.
	Steps int

	// unsure counts the unknown conditions that the evaluation stands under.
	unsure   int
	depth    int
	roots    map[*File]*Env
	imported map[string]*Thunk
	found    map[string]Value
	lib      *Attrs
}

const maxDepth = 400

// NewEval starts with a budget that no real fleet comes near.
func NewEval(t Tree, c *Common, fact func(string) Value) *Eval {
	return &Eval{Tree: t, Common: c, Fact: fact, Steps: 2_000_000,
		roots: map[*File]*Env{}, imported: map[string]*Thunk{}, found: map[string]Value{}}
}

// Root is the scope of a file's outermost expression.
func (ev *Eval) Root(f *File) *Env {
	e, ok := ev.roots[f]
	if !ok {
		e = &Env{file: f}
		ev.roots[f] = e
	}
	return e
}

func (ev *Eval) unknown(x Expr, env *Env, why string) *Unknown {
	u := &Unknown{Why: why}
	if x != nil {
		u.At = x.Span()
	}
	if env != nil && env.file != nil {
		u.File = env.file.Path
	}
	return u
}

// Expr evaluates x in env to as much as can be known.
func (ev *Eval) Expr(x Expr, env *Env) Value {
	if ev.Steps--; ev.Steps < 0 {
		return ev.unknown(x, env, spent)
	}
	if ev.depth >= maxDepth {
		return ev.unknown(x, env, "nested too deeply")
	}
	ev.depth++
	v := ev.expr(x, env)
	ev.depth--
	return v
}

func (ev *Eval) expr(x Expr, env *Env) Value {
	switch x := x.(type) {
	case *Var:
		return ev.lookup(x, env)
	case *Int:
		if !x.OK {
			return ev.unknown(x, env, "the integer is too big")
		}
		return Integer(x.Value)
	case *Float:
		return Real(x.Value)
	case *Str:
		return ev.text(x.Parts, env)
	case *Path:
		return ev.path(x, env)
	case *List:
		s := &Sequence{Elems: make([]Elem, len(x.Elems))}
		for i, e := range x.Elems {
			s.Elems[i] = Elem{Thunk: Later(e, env)}
		}
		return s
	case *Set:
		return ev.set(x, env)
	case *Let:
		return ev.Expr(x.Body, env.letEnv(x.Binds))
	case *With:
		return ev.Expr(x.Body, env.under(x.Env))
	case *If:
		return ev.either(x, env)
	case *Assert:
		return ev.Expr(x.Body, env)
	case *Lambda:
		return &Closure{x, env}
	case *Apply:
		return ev.apply(x, env)
	case *Select:
		return ev.selectPath(x, env)
	case *Has:
		return ev.has(x, env)
	case *Unary:
		return ev.unary(x, env)
	case *Binary:
		return ev.binary(x, env)
	case *Boxed:
		return x.T.Force(ev)
	}
	return ev.unknown(x, env, "the text does not parse")
}

// Boxed is an expression that is already a thunk: what a function made, put
// back where an expression is wanted.
type Boxed struct {
	At
	T *Thunk
}

func (ev *Eval) lookup(x *Var, env *Env) Value {
	if t := env.lexical(x.Name); t != nil {
		return t.Force(ev)
	}
	if v := ev.global(x.Name); v != nil {
		return v
	}
	for e := env; e != nil; e = e.up {
		if !e.isWith() {
			continue
		}
		switch w := e.arg.Force(ev).(type) {
		case *Attrs:
			if v := w.Get(ev, x.Name); v != nil {
				return v
			}
		case External:
			return ev.external(w.Path + "." + x.Name)
		default:
			return ev.unknown(x, env, "`"+x.Name+"` may come from a `with` that is not known")
		}
	}
	return ev.unknown(x, env, "`"+x.Name+"` is not defined")
}

// external asks for a fact about a dotted path before leaving it external.
func (ev *Eval) external(path string) Value {
	if ev.Fact != nil {
		if v := ev.Fact(path); v != nil {
			return v
		}
	}
	return External{path}
}

func (ev *Eval) set(s *Set, env *Env) Value {
	inner := env
	if s.Rec {
		inner = env.letEnv(s)
	}
	a := &Attrs{Names: make(map[string]*Thunk, len(s.Entries))}
	for i := range s.Entries {
		en := &s.Entries[i]
		name := en.Name.Text
		if en.Name.X != nil {
			switch v := ev.Expr(en.Name.X, inner).(type) {
			case Null:
				continue
			case Text:
				if !v.Whole {
					a.loosen(v, entryThunk(en, env))
					continue
				}
				name = v.Head
			default:
				a.Open = true
				continue
			}
		}
		if s.Rec && en.Name.X == nil {
			a.Names[name] = inner.local(name)
			continue
		}
		a.Names[name] = entryThunk(en, env)
	}
	a.origin = &origin{s, env}
	return a
}

func (ev *Eval) unary(x *Unary, env *Env) Value {
	v := ev.Expr(x.X, env)
	if x.Op == "!" {
		return boolOf(TruthOf(v).Not(), unknownCondition)
	}
	switch n := v.(type) {
	case Integer:
		return -n
	case Real:
		return -n
	}
	return ev.unknown(x, env, "the number is not known")
}

func boolOf(t Truth, otherwise *Unknown) Value {
	switch t {
	case True:
		return Bool(true)
	case False:
		return Bool(false)
	}
	return otherwise
}
