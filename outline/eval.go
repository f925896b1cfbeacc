package outline

import (
	"strconv"
	"strings"
)

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
	Tree Tree
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
func NewEval(t Tree, fact func(string) Value) *Eval {
	return &Eval{Tree: t, Fact: fact, Steps: 2_000_000,
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
		n := env.child()
		n.with = Later(x.Env, env)
		return ev.Expr(x.Body, n)
	case *If:
		return ev.branch(ev.Expr(x.Cond, env), Later(x.Then, env), Later(x.Else, env))
	case *Assert:
		return ev.Expr(x.Body, env)
	case *Lambda:
		return &Closure{x, env}
	case *Apply:
		return ev.Apply(ev.Expr(x.Fn, env), Later(x.Arg, env))
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
	for e := env; e != nil; e = e.up {
		if t := e.local(x.Name); t != nil {
			return t.Force(ev)
		}
	}
	if v := ev.global(x.Name); v != nil {
		return v
	}
	for e := env; e != nil; e = e.up {
		if e.with == nil {
			continue
		}
		switch w := e.with.Force(ev).(type) {
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

func (ev *Eval) text(parts []Part, env *Env) Value {
	out := wholeText("")
	for _, p := range parts {
		if p.X == nil {
			out = join(out, wholeText(p.Text))
			continue
		}
		out = join(out, toText(ev.Expr(p.X, env)))
	}
	ev.spend((len(out.Head) + len(out.Tail)) / 64)
	return out
}

// RootMark begins a string that is a path of the tree: `"${self}/x.nix"`.
const RootMark = "\x00/"

// toText is string interpolation.
func toText(v Value) Text {
	switch v := v.(type) {
	case Text:
		return v
	case FilePath:
		// What is copied to the store keeps, for us, the place it came from.
		return Text{Head: RootMark + v.Head, Tail: v.Tail, Whole: v.Whole}
	case Integer:
		return wholeText(strconv.FormatInt(int64(v), 10))
	case External:
		// Folders in the store; what lies in an input may be anything.
		if in, ok := strings.CutPrefix(v.Path, "inputs."); v.Path == "modulesPath" || ok && !strings.Contains(in, ".") {
			return Text{Head: "/"}
		}
	case *Attrs:
		if v.Look != nil {
			if p, ok := v.Look("outPath").(FilePath); ok {
				return toText(p)
			}
		}
	}
	return Text{}
}

func (ev *Eval) path(x *Path, env *Env) Value {
	t, _ := ev.text(x.Parts, env).(Text)
	if x.Search || x.Home || strings.HasPrefix(t.Head, "/") {
		return External{t.Head}
	}
	if env.file == nil {
		return ev.unknown(x, env, "a path outside of any file")
	}
	dir := env.file.Dir()
	if t.Whole {
		p, ok := cleanPath(dir, t.Head)
		if !ok {
			return External{t.Head}
		}
		return FilePath{Head: p, Whole: true}
	}
	cut := strings.LastIndexByte(t.Head, '/')
	p, ok := cleanPath(dir, t.Head[:cut+1])
	if !ok {
		return ev.unknown(x, env, "the path may lie outside of the tree")
	}
	return FilePath{Head: prefixIn(p, t.Head[cut+1:]), Tail: t.Tail}
}

func prefixIn(dir, rest string) string {
	if dir == "." {
		return rest
	}
	return dir + "/" + rest
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

// Apply calls fn.
func (ev *Eval) Apply(fn Value, arg *Thunk) Value {
	if ev.Steps--; ev.Steps < 0 {
		return unknown(spent)
	}
	switch fn := fn.(type) {
	case *Closure:
		return ev.call(fn, arg)
	case *Builtin:
		args := append(append([]*Thunk{}, fn.Args...), arg)
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
	env := c.Env.child()
	env.names = map[string]*Thunk{}
	if c.Fn.Param != "" {
		env.names[c.Fn.Param] = arg
	}
	f := c.Fn.Formals
	if f == nil {
		return env
	}
	a := arg.Force(ev)
	set, _ := a.(*Attrs)
	for i := range f.Names {
		fo := &f.Names[i]
		env.names[fo.Name] = ev.formal(fo, set, a, env)
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

func (ev *Eval) unary(x *Unary, env *Env) Value {
	v := ev.Expr(x.X, env)
	if x.Op == "!" {
		return boolOf(TruthOf(v).Not(), "the condition is not known")
	}
	switch n := v.(type) {
	case Integer:
		return -n
	case Real:
		return -n
	}
	return ev.unknown(x, env, "the number is not known")
}

func boolOf(t Truth, why string) Value {
	switch t {
	case True:
		return Bool(true)
	case False:
		return Bool(false)
	}
	return unknown(why)
}
