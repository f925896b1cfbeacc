package outline

import "nixgen/diag"

// A Module is what one file, or one value used as a module, says.
type Module struct {
	File *File
	// Head is the lambda that takes the arguments; nil for a plain set.
	Head *Lambda
	// Full modules have `config` or `options`; the others are shorthand.
	Full bool
	// Imports, Disabled are expressions that give lists of modules.
	Imports, Disabled []Piece
	// Options are declarations, Defs definitions, as trees.
	Options, Defs []*Def
	// Rest are parts of the root that only evaluating can read.
	Rest []Piece
	// Structure are the conditions that the names at the root depend on.
	Structure []*Guard
	// Function is set when the root is a function of a function or no set at
	// all: a library, an overlay, a package.
	Function bool
	// Body is the root expression inside of lambda, lets and withs.
	Body Expr
	// Keys are the root's own names, and where they stand.
	Keys []Name
}

// A Piece is an expression of a module in its scope, under guards.
type Piece struct {
	X      Expr
	Scope  *Scope
	Guards []*Guard
}

// GuardKind says what a false condition does.
type GuardKind uint8

const (
	// MkIf drops the value but keeps the name: the option must still exist.
	MkIf GuardKind = iota
	// Structural leaves the name out: optionalAttrs, if, an optional element.
	Structural
)

// A Guard is a condition over a part of a module. Cond is nil where the part
// may be there or not for reasons that cannot be read (a function over a list).
type Guard struct {
	Kind  GuardKind
	Cond  Expr
	Scope *Scope
	Not   bool
	// Form is how it was written: "mkIf", "optionalAttrs", "if", "name", "imports".
	Form string
	At   diag.Span
}

// A Def is one name below a module's config or options.
type Def struct {
	Name   Name
	Parent *Def
	// Scope is where a dynamic Name is evaluated; Guards stand between the
	// parent and this name.
	Scope  *Scope
	Guards []*Guard
	// Path is the attribute path as written that ends in this name.
	Path diag.Span
	// Kids are names below it, Leaves the values that are no plain sets.
	Kids   []*Def
	Leaves []Leaf
	// Set tells that a literal set was written here, perhaps an empty one;
	// Sets are those sets whole, for names whose value is used as a module.
	Set  bool
	Sets []Leaf
}

// A Leaf is a value as written, less guards and priorities.
type Leaf struct {
	X      Expr
	Scope  *Scope
	Guards []*Guard
	// Priority is lib's number: 100, mkForce 50, mkDefault 1000.
	Priority int
}

// File that a definition stands in.
func (d *Def) File() *File { return d.Scope.File() }

const maxUnfold = 40

type walker struct {
	m      *Module
	unfold int
	// top collects what stands directly below `config`.
	top *Def
}

// Of reads the outline of a file.
func Read(f *File) *Module {
	m := &Module{File: f}
	(&walker{m: m}).root(f.Root, &Scope{file: f}, nil)
	return m
}

// ReadValue reads a value used as a module: a set or function written inside
// another one, or the result of a call; nil when it is no module. What is
// written in a file reads the same on every host, and is read once; base is the
// scope it stands in on this one.
func ReadValue(v Value) (m *Module, base *Env) {
	switch v := v.(type) {
	case *Closure:
		return readWritten(v.Fn, v.Env), v.Env
	case *Attrs:
		if v.origin != nil {
			return readWritten(v.origin.set, v.origin.env), v.origin.env
		}
		base = &Env{}
		return readOuter(boxSet(v), base), base
	}
	return nil, nil
}

// readWritten keeps outlines with their file: the scopes around an expression
// are the same wherever it is evaluated, with other values.
func readWritten(x Expr, env *Env) *Module {
	if env.file == nil {
		return readOuter(x, env)
	}
	m, ok := env.file.read.Load(x)
	if !ok {
		m, _ = env.file.read.LoadOrStore(x, readOuter(x, env))
	}
	return m.(*Module)
}

func readOuter(x Expr, env *Env) *Module {
	w := &walker{m: &Module{File: env.file}}
	w.root(x, &Scope{outer: &outer{model: env}}, nil)
	return w.m
}

// boxSet writes a computed set as an expression.
func boxSet(a *Attrs) *Set {
	s := &Set{}
	for _, k := range a.keys() {
		t := a.Names[k]
		_, sp := t.Where()
		s.add(Entry{Name: Name{At: sp, Text: k}, Value: &Boxed{At(sp), t}, Path: sp, Bind: sp})
	}
	return s
}

// root walks what makes up the module itself.
func (w *walker) root(x Expr, sc *Scope, gs []*Guard) {
	switch x := x.(type) {
	case *Lambda:
		if w.m.Head != nil {
			w.m.Function = true
			return
		}
		w.m.Head = x
		w.root(x.Body, sc.in(x, true), gs)
	case *Let:
		w.root(x.Body, sc.let(x.Binds), gs)
	case *With:
		w.root(x.Body, sc.under(x.Env), gs)
	case *Assert:
		w.root(x.Body, sc, gs)
	case *Set:
		w.rootSet(x, sc, gs)
	case *If:
		g := &Guard{Structural, x.Cond, sc, false, "if", x.Cond.Span()}
		n := *g
		n.Not = true
		w.m.Structure = append(w.m.Structure, g)
		w.root(x.Then, sc, with(gs, g))
		w.root(x.Else, sc, with(gs, &n))
	case *Binary:
		if x.Op != "//" {
			w.m.Function = true
			return
		}
		w.root(x.X, sc, gs)
		w.root(x.Y, sc, gs)
	case *Var:
		if e, at := sc.binding(x.Name); e != nil && !e.Inherit && w.enter() {
			w.root(e.Value, at, gs)
			w.unfold--
			return
		}
		w.m.Rest = append(w.m.Rest, Piece{x, sc, gs})
	case *Apply:
		w.rootCall(x, sc, gs)
	case *Select, *Boxed:
		w.m.Rest = append(w.m.Rest, Piece{x, sc, gs})
	default:
		w.m.Function = true
	}
}

func (w *walker) enter() bool { w.unfold++; return w.unfold < maxUnfold }

func with(gs []*Guard, g *Guard) []*Guard { return append(gs[:len(gs):len(gs)], g) }

func (w *walker) rootCall(x *Apply, sc *Scope, gs []*Guard) {
	name, args := LibCall(x)
	switch {
	case name == "optionalAttrs" && len(args) == 2:
		g := &Guard{Structural, args[0], sc, false, name, args[0].Span()}
		w.m.Structure = append(w.m.Structure, g)
		w.root(args[1], sc, with(gs, g))
	case name == "mkIf" && len(args) == 2:
		w.root(args[1], sc, with(gs, &Guard{MkIf, args[0], sc, false, name, args[0].Span()}))
	case name == "mkMerge" && len(args) == 1:
		for _, p := range w.elements(args[0], sc, gs) {
			w.root(p.X, p.Scope, p.Guards)
		}
	case name == "recursiveUpdate" && len(args) == 2:
		w.root(args[0], sc, gs)
		w.root(args[1], sc, gs)
	default:
		w.m.Rest = append(w.m.Rest, Piece{x, sc, gs})
	}
}

// syntaxKeys are names at the root of a module that are no options.
var syntaxKeys = map[string]bool{
	"imports": true, "disabledModules": true, "options": true, "config": true, "key": true,
	"_file": true, "_class": true, "freeformType": true, "require": true, "meta": false,
}

func (w *walker) rootSet(s *Set, sc *Scope, gs []*Guard) {
	if w.m.Body == nil {
		w.m.Body = s
	}
	inner := sc
	if s.Rec {
		inner = sc.let(s)
	}
	full := s.Find("config") != nil || s.Find("options") != nil
	w.m.Full = w.m.Full || full
	top := &Def{}
	for i := range s.Entries {
		en := &s.Entries[i]
		w.m.Keys = append(w.m.Keys, en.Name)
		x, xs := en.value(inner, sc)
		switch {
		case en.Name.X == nil && en.Name.Text == "imports":
			w.m.Imports = append(w.m.Imports, Piece{x, xs, gs})
		case en.Name.X == nil && en.Name.Text == "disabledModules":
			w.m.Disabled = append(w.m.Disabled, Piece{x, xs, gs})
		case full && en.Name.X == nil && en.Name.Text == "options":
			w.config(&w.m.Options, x, xs, gs, true)
		case full && en.Name.X == nil && en.Name.Text == "config":
			w.config(&w.m.Defs, x, xs, gs, false)
		case full || en.Name.X == nil && syntaxKeys[en.Name.Text]:
		default:
			if en.Name.X != nil {
				w.m.Structure = append(w.m.Structure, &Guard{Structural, en.Name.X, inner, false, "name", en.Name.At})
			}
			w.entry(top, en, inner, sc, gs)
		}
	}
	w.m.Defs = append(w.m.Defs, top.Kids...)
}

// value of an entry and the scope it is read in.
func (en *Entry) value(inner, outer *Scope) (Expr, *Scope) {
	switch {
	case !en.Inherit:
		return en.Value, inner
	case en.From == nil:
		return &Var{At(en.Name.At), en.Name.Text}, outer
	}
	return &Select{At: At(en.Name.At), X: en.From, Path: []Name{en.Name}}, inner
}

// config walks what stands behind `config =` or `options =`. Conditions over
// the names directly below belong to the module's structure.
func (w *walker) config(out *[]*Def, x Expr, sc *Scope, gs []*Guard, options bool) {
	top := &Def{}
	if !options {
		w.top = top
	}
	w.value(top, x, sc, gs, 0)
	w.top = nil
	for _, k := range top.Kids {
		k.Parent = nil
	}
	*out = append(*out, top.Kids...)
	for _, l := range top.Leaves {
		if !options {
			w.m.Rest = append(w.m.Rest, Piece{l.X, l.Scope, l.Guards})
		}
	}
	if options {
		return
	}
	for _, k := range top.Kids {
		if k.Name.X != nil {
			w.m.Structure = append(w.m.Structure, &Guard{Structural, k.Name.X, k.Scope, false, "name", k.Name.At})
		}
	}
}

// structural makes a guard; directly below `config` it belongs to the module's
// structure.
func (w *walker) structural(d *Def, cond Expr, sc *Scope, form string) *Guard {
	g := &Guard{Structural, cond, sc, false, form, cond.Span()}
	if d == w.top && d != nil {
		w.m.Structure = append(w.m.Structure, g)
	}
	return g
}

func (w *walker) entry(parent *Def, en *Entry, inner, outer *Scope, gs []*Guard) {
	d := &Def{Name: en.Name, Parent: parent, Scope: inner, Guards: gs, Path: en.Path}
	if parent.Parent == nil && parent.Scope == nil {
		d.Parent = nil
	}
	parent.Kids = append(parent.Kids, d)
	x, xs := en.value(inner, outer)
	w.value(d, x, xs, nil, 0)
}

// value walks a definition's value: sets become names, everything else leaves.
func (w *walker) value(d *Def, x Expr, sc *Scope, gs []*Guard, prio int) {
	switch x := x.(type) {
	case *Set:
		inner := sc
		if x.Rec {
			inner = sc.let(x)
		}
		d.Set = true
		d.Sets = append(d.Sets, Leaf{x, sc, gs, prio})
		for i := range x.Entries {
			w.entry(d, &x.Entries[i], inner, sc, gs)
		}
	case *Let:
		w.value(d, x.Body, sc.let(x.Binds), gs, prio)
	case *With:
		w.value(d, x.Body, sc.under(x.Env), gs, prio)
	case *Assert:
		w.value(d, x.Body, sc, gs, prio)
	case *If:
		g := w.structural(d, x.Cond, sc, "if")
		n := *g
		n.Not = true
		w.value(d, x.Then, sc, with(gs, g), prio)
		w.value(d, x.Else, sc, with(gs, &n), prio)
	case *Binary:
		if x.Op == "//" {
			w.value(d, x.X, sc, gs, prio)
			w.value(d, x.Y, sc, gs, prio)
			return
		}
		w.leaf(d, x, sc, gs, prio)
	case *Var:
		if e, at := sc.binding(x.Name); e != nil && !e.Inherit && w.isSet(e.Value, at, 0) && w.enter() {
			w.value(d, e.Value, at, gs, prio)
			w.unfold--
			return
		}
		w.leaf(d, x, sc, gs, prio)
	case *Apply:
		w.call(d, x, sc, gs, prio)
	default:
		w.leaf(d, x, sc, gs, prio)
	}
}

// isSet reports whether a let-bound value is worth unfolding.
func (w *walker) isSet(x Expr, sc *Scope, depth int) bool {
	if depth > 10 {
		return false
	}
	switch x := x.(type) {
	case *Set:
		return true
	case *Let:
		return w.isSet(x.Body, sc, depth+1)
	case *With:
		return w.isSet(x.Body, sc, depth+1)
	case *Binary:
		return x.Op == "//"
	case *If:
		return w.isSet(x.Then, sc, depth+1) || w.isSet(x.Else, sc, depth+1)
	case *Apply:
		name, args := LibCall(x)
		switch name {
		case "optionalAttrs", "mkMerge", "recursiveUpdate", "genAttrs", "mapAttrs":
			return true
		case "mkIf", "mkOverride":
			return len(args) == 2 && w.isSet(args[1], sc, depth+1)
		case "mkDefault", "mkForce":
			return len(args) == 1 && w.isSet(args[0], sc, depth+1)
		}
		body, at := called(x, sc)
		return body != nil && w.isSet(body, at, depth+1)
	}
	return false
}

// called is the body of a function of this file where it is called, with
// arguments that are not known.
func called(x *Apply, sc *Scope) (Expr, *Scope) {
	var f Expr = x
	arity := 0
	for a, ok := f.(*Apply); ok; a, ok = f.(*Apply) {
		f = a.Fn
		arity++
	}
	if v, ok := f.(*Var); ok {
		e, at := sc.binding(v.Name)
		if e == nil || e.Inherit {
			return nil, nil
		}
		f, sc = e.Value, at
	}
	for range arity {
		l, ok := f.(*Lambda)
		if !ok {
			return nil, nil
		}
		f, sc = l.Body, sc.in(l, false)
	}
	return f, sc
}

func (w *walker) leaf(d *Def, x Expr, sc *Scope, gs []*Guard, prio int) {
	if prio == 0 {
		prio = 100
	}
	d.Leaves = append(d.Leaves, Leaf{x, sc, gs, prio})
}

func (w *walker) call(d *Def, x *Apply, sc *Scope, gs []*Guard, prio int) {
	name, args := LibCall(x)
	switch {
	case name == "mkIf" && len(args) == 2:
		w.value(d, args[1], sc, with(gs, &Guard{MkIf, args[0], sc, false, name, args[0].Span()}), prio)
	case name == "optionalAttrs" && len(args) == 2:
		d.Set = true
		w.value(d, args[1], sc, with(gs, w.structural(d, args[0], sc, name)), prio)
	case (name == "mkMerge" || name == "mergeAttrsList") && len(args) == 1:
		for _, p := range w.elements(args[0], sc, gs) {
			w.value(d, p.X, p.Scope, p.Guards, prio)
		}
	case name == "mkForce" && len(args) == 1:
		w.value(d, args[0], sc, gs, 50)
	case name == "mkDefault" && len(args) == 1:
		w.value(d, args[0], sc, gs, 1000)
	case (name == "mkBefore" || name == "mkAfter") && len(args) == 1:
		w.value(d, args[0], sc, gs, prio)
	case (name == "mkOverride" || name == "mkOrder") && len(args) == 2:
		if n, ok := args[0].(*Int); ok && name == "mkOverride" {
			prio = int(n.Value)
		}
		w.value(d, args[1], sc, gs, prio)
	case name == "recursiveUpdate" && len(args) == 2:
		w.value(d, args[0], sc, gs, prio)
		w.value(d, args[1], sc, gs, prio)
	case name == "genAttrs" && len(args) == 2:
		w.each(d, x, args[1], 1, sc, gs, prio)
	case name == "mapAttrs" && len(args) == 2:
		w.each(d, x, args[0], 2, sc, gs, prio)
	default:
		if body, at := called(x, sc); body != nil && w.isSet(body, at, 0) && w.enter() {
			w.value(d, body, at, gs, prio)
			w.unfold--
			return
		}
		w.leaf(d, x, sc, gs, prio)
	}
}

// each is a function over names: one name that is not known, with the
// function's body as its value.
func (w *walker) each(d *Def, x *Apply, f Expr, arity int, sc *Scope, gs []*Guard, prio int) {
	whole := sc
	for range arity {
		l, ok := f.(*Lambda)
		if !ok {
			w.leaf(d, x, sc, gs, prio)
			return
		}
		sc = sc.in(l, false)
		f = l.Body
	}
	d.Sets = append(d.Sets, Leaf{x, whole, gs, prio})
	any := &Guard{Kind: Structural, Form: "each", At: x.Span()}
	k := &Def{Name: Name{At: x.Span(), X: &Bad{x.At}}, Parent: d, Scope: sc, Guards: with(gs, any), Path: x.Span()}
	d.Kids = append(d.Kids, k)
	d.Set = true
	w.value(k, f, sc, nil, prio)
}

// elements of a list expression, as far as it is written out.
func (w *walker) elements(x Expr, sc *Scope, gs []*Guard) []Piece {
	switch x := x.(type) {
	case *List:
		var ps []Piece
		for _, e := range x.Elems {
			ps = append(ps, Piece{e, sc, gs})
		}
		return ps
	case *Let:
		return w.elements(x.Body, sc.let(x.Binds), gs)
	case *With:
		return w.elements(x.Body, sc.under(x.Env), gs)
	case *Binary:
		if x.Op == "++" {
			return append(w.elements(x.X, sc, gs), w.elements(x.Y, sc, gs)...)
		}
	case *Apply:
		name, args := LibCall(x)
		switch {
		case name == "optional" && len(args) == 2:
			return []Piece{{args[1], sc, with(gs, &Guard{Structural, args[0], sc, false, name, args[0].Span()})}}
		case name == "optionals" && len(args) == 2:
			return w.elements(args[1], sc, with(gs, &Guard{Structural, args[0], sc, false, name, args[0].Span()}))
		case (name == "map" || name == "mapAttrsToList" || name == "imap0") && len(args) == 2:
			if l, ok := args[0].(*Lambda); ok {
				any := &Guard{Kind: Structural, Form: "each", At: x.Span()}
				sc := sc.in(l, false)
				body := l.Body
				if l2, ok := body.(*Lambda); ok {
					sc, body = sc.in(l2, false), l2.Body
				}
				return []Piece{{body, sc, with(gs, any)}}
			}
		}
	case *Var:
		if e, at := sc.binding(x.Name); e != nil && !e.Inherit && w.enter() {
			defer func() { w.unfold-- }()
			return w.elements(e.Value, at, gs)
		}
	}
	return nil
}

// ReadPart reads an expression of a module as a module of its own: the inside
// of a submodule type.
func ReadPart(f *File, x Expr, sc *Scope) *Module {
	w := &walker{m: &Module{File: f}}
	w.root(x, sc, nil)
	return w.m
}

// Inside is the module that stands below a name: what `home-manager.users.x`
// holds when it is written as a set.
func Inside(d *Def) *Module {
	m := &Module{File: d.File()}
	full := false
	for _, k := range d.Kids {
		full = full || k.Name.X == nil && (k.Name.Text == "config" || k.Name.Text == "options")
	}
	for _, k := range d.Kids {
		m.Keys = append(m.Keys, k.Name)
		switch {
		case k.Name.X == nil && k.Name.Text == "imports":
			for _, l := range k.Leaves {
				m.Imports = append(m.Imports, Piece{l.X, l.Scope, append(k.Guards[:len(k.Guards):len(k.Guards)], l.Guards...)})
			}
		case full && k.Name.Text == "config":
			m.Defs = append(m.Defs, k.Kids...)
		case full && k.Name.Text == "options":
			m.Options = append(m.Options, k.Kids...)
		case full || k.Name.X == nil && syntaxKeys[k.Name.Text]:
		default:
			m.Defs = append(m.Defs, k)
		}
	}
	return m
}
