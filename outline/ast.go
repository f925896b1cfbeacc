package outline

import "nixgen/diag"

// An Expr is an expression without trivia: parentheses and comments are gone,
// `a.b.c = 1;` is nested sets, `inherit` is a binding. Every expression knows
// where it was written.
type Expr interface{ Span() diag.Span }

// At is where an expression was written.
type At diag.Span

// Span of the expression in its file.
func (a At) Span() diag.Span { return diag.Span(a) }

type (
	// Var is a name that scoping resolves.
	Var struct {
		At
		Name string
	}
	// Int is an integer literal; Text keeps one that does not fit.
	Int struct {
		At
		Value int64
		OK    bool
	}
	// Float is a floating-point literal.
	Float struct {
		At
		Value float64
	}
	// Str is a string of any form; Parts alternate freely.
	Str struct {
		At
		Parts []Part
	}
	// Path is a path literal, `~` and `<…>` forms included as they are written.
	Path struct {
		At
		Parts []Part
		// Search marks `<nixpkgs>`, Home marks `~/x`.
		Search, Home bool
	}
	// List holds its elements in order.
	List struct {
		At
		Elems []Expr
	}
	// Set is an attribute set, or the synthetic inside of a dotted name.
	Set struct {
		At
		Rec     bool
		Entries []Entry
		// index finds static names; small sets have none.
		index map[string]int
	}
	// Let is `let … in body`; the old `let { body = …; }` is one too.
	Let struct {
		At
		Binds *Set
		Body  Expr
	}
	// With brings the names of Env into Body, behind every lexical name.
	With struct {
		At
		Env, Body Expr
	}
	// If has three parts, all present; what is missing in the text is Bad.
	If struct {
		At
		Cond, Then, Else Expr
	}
	// Assert is transparent to values.
	Assert struct {
		At
		Cond, Body Expr
	}
	// Lambda takes one argument by name, by pattern or both.
	Lambda struct {
		At
		// Param is the plain name or the name at `@`.
		Param string
		// Formals is nil unless there is a pattern.
		Formals *Formals
		Body    Expr
	}
	// Apply is one application.
	Apply struct {
		At
		Fn, Arg Expr
	}
	// Select is `x.a.b or d`; Or is nil when absent.
	Select struct {
		At
		X    Expr
		Path []Name
		Or   Expr
	}
	// Has is `x ? a.b`.
	Has struct {
		At
		X    Expr
		Path []Name
	}
	// Unary is `!x` or `-x`.
	Unary struct {
		At
		Op string
		X  Expr
	}
	// Binary holds every other operator; pipes are lowered to Apply.
	Binary struct {
		At
		Op   string
		X, Y Expr
		// OpAt is where the operator stands.
		OpAt diag.Span
	}
	// Bad stands where the text has no expression.
	Bad struct{ At }
)

// A Part of a string or path: text, or an interpolated expression.
type Part struct {
	Text string
	X    Expr
}

// A Name is one component of an attribute path. Dynamic names have X.
type Name struct {
	At   diag.Span
	Text string
	X    Expr
}

// An Entry binds one name of a set.
type Entry struct {
	Name Name
	// Value is nil for `inherit x;` (From nil: the enclosing scope) and
	// `inherit (from) x;`.
	Value   Expr
	Inherit bool
	From    Expr
	// Path is the whole attribute path as written, for the entry that ends it.
	Path diag.Span
	// Bind is the whole binding with its semicolon.
	Bind diag.Span
}

// Formals are the names of a lambda's pattern.
type Formals struct {
	At       diag.Span
	Names    []Formal
	Ellipsis bool
	// index finds names; short patterns have none.
	index map[string]int
}

// A Formal is one name of a pattern; Default is nil when absent.
type Formal struct {
	At      diag.Span
	Name    string
	Default Expr
}

// formal is the number of a name in the lambda's pattern, -1 when it is not there.
func (l *Lambda) formal(name string) int {
	if l.Formals == nil {
		return -1
	}
	return l.Formals.find(name)
}

// binds reports whether a name is an argument of the lambda.
func (l *Lambda) binds(name string) bool { return l.Param == name || l.formal(name) >= 0 }

// Has reports whether the pattern names one of its arguments `name`.
func (f *Formals) Has(name string) bool {
	return f != nil && f.find(name) >= 0
}

// find is the number of a name, -1 when it is not there.
func (f *Formals) find(name string) int {
	if f.index != nil {
		if i, ok := f.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range f.Names {
		if f.Names[i].Name == name {
			return i
		}
	}
	return -1
}

// hasten keeps find fast in a long pattern.
func (f *Formals) hasten() {
	if len(f.Names) < 24 {
		return
	}
	f.index = make(map[string]int, len(f.Names))
	for i := range f.Names {
		if _, dup := f.index[f.Names[i].Name]; !dup {
			f.index[f.Names[i].Name] = i
		}
	}
}

// Find returns the entry with a static name.
func (s *Set) Find(name string) *Entry {
	if i := s.find(name); i >= 0 {
		return &s.Entries[i]
	}
	return nil
}

// find is the number of that entry, -1 when there is none.
func (s *Set) find(name string) int {
	if s.index != nil {
		if i, ok := s.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range s.Entries {
		if n := &s.Entries[i].Name; n.X == nil && n.Text == name {
			return i
		}
	}
	return -1
}

// add appends an entry and keeps Find fast.
func (s *Set) add(e Entry) {
	s.Entries = append(s.Entries, e)
	const small = 12
	switch n := len(s.Entries); {
	case n == small:
		s.index = make(map[string]int, max(2*small, cap(s.Entries)))
		for i := range s.Entries {
			s.note(i)
		}
	case n > small:
		s.note(n - 1)
	}
}

func (s *Set) note(i int) {
	n := &s.Entries[i].Name
	if _, dup := s.index[n.Text]; n.X == nil && !dup {
		s.index[n.Text] = i
	}
}

// Literal is the text of a string without interpolation.
func (s *Str) Literal() (string, bool) { return literal(s.Parts) }

func literal(parts []Part) (string, bool) {
	switch {
	case len(parts) == 0:
		return "", true
	case len(parts) == 1 && parts[0].X == nil:
		return parts[0].Text, true
	}
	return "", false
}

// Dotted gives `a.b.c` for an expression that is a plain chain of names.
func Dotted(e Expr) (string, bool) {
	switch e := e.(type) {
	case *Var:
		return e.Name, true
	case *Select:
		s, ok := Dotted(e.X)
		if !ok || e.Or != nil {
			return "", false
		}
		for _, n := range e.Path {
			if n.X != nil {
				return "", false
			}
			s += "." + n.Text
		}
		return s, true
	}
	return "", false
}

// Call splits `f a b` into its head and arguments.
func Call(e Expr) (head Expr, args []Expr) {
	n := 0
	for x := e; ; n++ {
		a, ok := x.(*Apply)
		if !ok {
			head = x
			break
		}
		x = a.Fn
	}
	args = make([]Expr, n)
	for i := n - 1; i >= 0; i-- {
		a := e.(*Apply)
		args[i], e = a.Arg, a.Fn
	}
	return head, args
}

// LibCall is Call for functions of nixpkgs' lib or of builtins: it gives the
// last component of the function's name whatever prefix it was reached by
// (`lib.mkIf`, `mkIf` from `with lib`, `lib.attrsets.optionalAttrs`).
func LibCall(e Expr) (name string, args []Expr) {
	if _, ok := e.(*Apply); !ok {
		return "", nil
	}
	head, args := Call(e)
	switch h := head.(type) {
	case *Var:
		return h.Name, args
	case *Select:
		if h.Or != nil || h.Path[len(h.Path)-1].X != nil {
			return "", nil
		}
		return h.Path[len(h.Path)-1].Text, args
	}
	return "", nil
}
