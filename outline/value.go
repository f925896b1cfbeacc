package outline

import (
	"slices"
	"strings"

	"nixgen/diag"
)

// A Value is what the partial evaluator knows of an expression: one of the
// types below. Unknown is a value like any other; nothing is ever guessed.
type Value interface{ value() }

type (
	// Unknown says why nothing more is known, and where that was found out.
	Unknown struct {
		Why  string
		File string
		At   diag.Span
	}
	// Null is Nix' null.
	Null struct{}
	// Bool is a boolean.
	Bool bool
	// Integer is an integer.
	Integer int64
	// Real is a floating-point number.
	Real float64
	// Text is a string. Unless Whole, it is known to begin with Head and to
	// end with Tail, with anything between them.
	Text struct {
		Head, Tail string
		Whole      bool
	}
	// FilePath is a path below the root of the tree, slash-separated, "." for
	// the root itself; partly known like Text. Paths outside are External.
	FilePath struct {
		Head, Tail string
		Whole      bool
	}
	// Sequence is a list; Open lists may have more elements anywhere.
	Sequence struct {
		Elems []Elem
		Open  bool
	}
	// Attrs is an attribute set; Open ones may have more names. Look resolves
	// names that are not in Names (facts of a host, functions of lib).
	Attrs struct {
		Names map[string]*Thunk
		Open  bool
		Look  func(name string) Value
		// Loose are attributes of an open set whose names are known in part.
		Loose []Loose
		// origin is the set expression it was made of, where there is one: how
		// a value that is used as a module is read as one again.
		origin *origin
	}
	// Closure is a lambda with the scope it was written in.
	Closure struct {
		Fn  *Lambda
		Env *Env
	}
	// Builtin is a function of builtins or lib that the evaluator knows.
	Builtin struct {
		Name string
		// Args are the arguments so far; Run is called with Arity of them.
		Arity int
		Args  []*Thunk
		Run   func(ev *Eval, args []*Thunk) Value
	}
	// External is something outside the tree, such as an input's module.
	External struct{ Path string }
	// Choice is one of several values: the branches of an unknown condition.
	Choice struct{ Alts []Value }
)

// Elem is an element of a list; a Maybe element stands under an unknown
// condition.
type Elem struct {
	*Thunk
	Maybe bool
}

type origin struct {
	set *Set
	env *Env
}

func (*Unknown) value()  {}
func (Null) value()      {}
func (Bool) value()      {}
func (Integer) value()   {}
func (Real) value()      {}
func (Text) value()      {}
func (FilePath) value()  {}
func (*Sequence) value() {}
func (*Attrs) value()    {}
func (*Closure) value()  {}
func (*Builtin) value()  {}
func (External) value()  {}
func (*Choice) value()   {}

// Truth is Kleene's third value beside true and false.
type Truth int8

// The order is that of knowledge, so that min and max are `and` and `or`.
const (
	False Truth = iota
	Maybe
	True
)

// String names the truth as findings do.
func (t Truth) String() string { return [...]string{"no", "maybe", "yes"}[t] }

// And, Or and Not are Kleene's.
func (t Truth) And(u Truth) Truth { return min(t, u) }

// Or is true when one side is, whatever the other.
func (t Truth) Or(u Truth) Truth { return max(t, u) }

// Not keeps Maybe.
func (t Truth) Not() Truth { return True - t }

// TruthOf a value used as a condition.
func TruthOf(v Value) Truth {
	switch v := v.(type) {
	case Bool:
		if v {
			return True
		}
		return False
	case *Choice:
		t := TruthOf(v.Alts[0])
		for _, a := range v.Alts[1:] {
			if TruthOf(a) != t {
				return Maybe
			}
		}
		return t
	}
	return Maybe
}

// AsString returns a completely known string.
func AsString(v Value) (string, bool) {
	t, ok := v.(Text)
	return t.Head, ok && t.Whole
}

// AsPath returns a completely known path below the root.
func AsPath(v Value) (string, bool) {
	if t, ok := v.(Text); ok {
		v = pathOf(t)
	}
	p, ok := v.(FilePath)
	return p.Head, ok && p.Whole
}

// pathOf reads a string that is a path of the tree.
func pathOf(t Text) Value {
	rel, ok := strings.CutPrefix(t.Head, RootMark)
	if !ok {
		return t
	}
	if !t.Whole {
		return FilePath{Head: strings.TrimPrefix(rel, "./"), Tail: t.Tail}
	}
	p, ok := cleanPath(".", rel)
	if !ok {
		return External{rel}
	}
	return FilePath{Head: p, Whole: true}
}

// Located is a value with a string that names a file of the tree made a path.
func Located(v Value) Value {
	if t, ok := v.(Text); ok {
		return pathOf(t)
	}
	return v
}

// wholeText makes a known string.
func wholeText(s string) Text { return Text{Head: s, Whole: true} }

// Known reports a fully evaluated scalar.
func Known(v Value) bool {
	switch v := v.(type) {
	case Null, Bool, Integer, Real:
		return true
	case Text:
		return v.Whole
	case FilePath:
		return v.Whole
	}
	return false
}

// maxText is the longest string that is kept.
const maxText = 1 << 20

// join appends what is known of two pieces of text.
func join(a, b Text) Text {
	if len(a.Head)+len(a.Tail)+len(b.Head)+len(b.Tail) > maxText {
		return Text{}
	}
	switch {
	case a.Whole && b.Whole:
		return wholeText(a.Head + b.Head)
	case a.Whole:
		return Text{Head: a.Head + b.Head, Tail: b.Tail}
	case b.Whole:
		return Text{Head: a.Head, Tail: a.Tail + b.Head}
	}
	return Text{Head: a.Head, Tail: b.Tail}
}

// keys lists the statically known names in order.
func (a *Attrs) keys() []string {
	ks := make([]string, 0, len(a.Names))
	for k := range a.Names {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}

// Keys lists the known names in order.
func (a *Attrs) Keys() []string { return a.keys() }

// Get returns the value of a name: nil when it is surely absent.
func (a *Attrs) Get(ev *Eval, name string) Value {
	if t, ok := a.Names[name]; ok {
		return t.Force(ev)
	}
	if a.Look != nil {
		if v := a.Look(name); v != nil {
			return v
		}
	}
	if a.Open {
		return unknown("`" + name + "` " + PartlyKnown)
	}
	return nil
}

func unknown(why string) *Unknown { return &Unknown{Why: why} }

// What is said most often, of what stands at no place.
var (
	unknownCondition  = unknown("the condition is not known")
	unknownComparison = unknown("the comparison is not known")
	unknownType       = unknown("the type is not known")
	incompleteList    = unknown("the list is not completely known")
)

// choice of values; equal knowns collapse and nested choices flatten.
func choice(vs ...Value) Value {
	var few [4]Value // most are two values that are equal
	alts := few[:0]
	for _, v := range vs {
		if c, ok := v.(*Choice); ok {
			for _, alt := range c.Alts {
				alts = addAlt(alts, alt)
			}
			continue
		}
		alts = addAlt(alts, v)
	}
	switch {
	case len(alts) == 1:
		return alts[0]
	case len(alts) > 16:
		return unknown("too many alternatives")
	}
	return &Choice{slices.Clone(alts)}
}

// addAlt adds an alternative that is not there yet.
func addAlt(alts []Value, v Value) []Value {
	for _, a := range alts {
		if same(a, v) {
			return alts
		}
	}
	return append(alts, v)
}

// same is equality of scalars, identity of the rest.
func same(a, b Value) bool {
	switch a := a.(type) {
	case Null, Bool, Integer, Real, Text, FilePath, External:
		return a == b
	case *Unknown:
		_, ok := b.(*Unknown)
		return ok
	}
	return a == b
}

// cleanPath joins a root-relative folder with a relative path; false when the
// result lies outside the root.
func cleanPath(dir, rel string) (string, bool) {
	var out []string
	if dir != "." && dir != "" {
		out = strings.Split(dir, "/")
	}
	for c := range strings.SplitSeq(rel, "/") {
		switch c {
		case "", ".":
		case "..":
			if len(out) == 0 {
				return "", false
			}
			out = out[:len(out)-1]
		default:
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return ".", true
	}
	return strings.Join(out, "/"), true
}

// PartlyKnown ends the reason for a name that a set may have.
const PartlyKnown = "of a set that is not completely known"
