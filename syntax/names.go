package syntax

import (
	"iter"

	"nixgen/diag"
)

// RuleUndefinedVariable is the id of the diagnostic for a name without a
// definition. Nix refuses such a file before it evaluates anything.
const RuleUndefinedVariable = "undefined-variable"

// Undefined returns the variable that Nix reports as undefined, if there is
// one. With several it is the first in Nix's order, which goes by the numbers
// of attribute names rather than by the text. A name below a `with` is never
// undefined. The file must have no Errors.
func (f *File) Undefined() (diag.Diagnostic, bool) { return new(resolver).undefined(f) }

// Names are the variables of a file, resolved as Nix resolves them before it
// evaluates: to the innermost let, rec or function around that binds the name,
// else to a builtin, else, below a `with`, to whatever that finds when it is
// evaluated. Attributes count after merging: in `a = rec { x = 1; }; a.y = x;`
// the last x is that of the set.
type Names struct {
	f         *File
	bindings  []binding
	uses      []use
	useAt     []uint32 // per node: 1 + the use that stands there
	undefined []uint32
}

// Names of the file, resolved by the first call. In a file with Errors they
// are those of the parts that could be read.
func (f *File) Names() *Names {
	f.namesOnce.Do(func() { f.names = f.resolveNames() })
	return f.names
}

func (f *File) resolveNames() *Names {
	ns := &Names{f: f, useAt: make([]uint32, len(f.nodes))}
	r := resolver{names: ns}
	r.run(f, nil)
	ns.bindings = r.bindings
	return ns
}

// NameKind says what introduces a name.
type NameKind uint8

const (
	// LetName is an attribute of let … in.
	LetName NameKind = iota
	// RecName is an attribute of rec { } or let { }.
	RecName
	// ParamName is the x of x: body.
	ParamName
	// FormalName is the x of { x, … }: body.
	FormalName
	// AtName is the x of x@{ … }: body.
	AtName
)

// binding is the stored form. Its uses are a list linked by index.
type binding struct {
	sym         symbol
	kind        NameKind
	scope, node uint32 // node may be a whole path, see Name.Node
	value       uint32 // noNode without one
	outer       uint32 // 1 + the binding of the same name around it
	first, last uint32 // 1 + index of a use
	uses        uint32
}

// use is one variable.
type use struct {
	node    uint32
	binding uint32 // 1 + the binding it means
	with    uint32 // 1 + the innermost `with` around it that may hold it
	global  bool
	next    uint32
}

// Name is one name that a let, a rec set or a function introduces.
type Name struct {
	ns *Names
	i  uint32
}

func (b Name) raw() *binding { return &b.ns.bindings[b.i] }

// String is the name.
func (b Name) String() string { return string(b.ns.f.syms.name(b.raw().sym)) }

// Kind of what binds it.
func (b Name) Kind() NameKind { return b.raw().kind }

// Scope is the let, the set or the function.
func (b Name) Scope() Node { return Node{b.ns.f, b.raw().scope} }

// Node is where the name is written first: a KindIdent, or a KindStr or
// KindInterp that spells it.
func (b Name) Node() Node {
	n := Node{b.ns.f, b.raw().node}
	if !n.Is(KindAttrPath) {
		return n
	}
	name := b.String()
	for c := range n.Children() {
		if s, ok := AttrName(c); ok && s == name {
			return c
		}
	}
	return n
}

// Value is the expression that a let or rec gives to the name, or the default
// of a formal. The zero Node stands for none: an inherited name, an argument,
// a set that is put together from several paths.
func (b Name) Value() Node {
	if v := b.raw().value; v != noNode {
		return Node{b.ns.f, v}
	}
	return Node{}
}

// NumUses counts the variables that mean this binding.
func (b Name) NumUses() int { return int(b.raw().uses) }

// Uses are the variables that mean this binding. A name of `inherit x;` is one
// for the x outside. Implied uses, such as that of `__sub` by `a - b`, are
// given by the node of the operator or search path.
func (b Name) Uses() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		for i := b.raw().first; i != 0; i = b.ns.uses[i-1].next {
			if !yield(Node{b.ns.f, b.ns.uses[i-1].node}) {
				return
			}
		}
	}
}

// Shadows is the binding of the same name around the scope, if there is one.
// `inherit x;` in a let shadows nothing in effect: it is the same x.
func (b Name) Shadows() (Name, bool) {
	if o := b.raw().outer; o != 0 {
		return Name{b.ns, o - 1}, true
	}
	return Name{}, false
}

// ShadowsBuiltin is true if the name is one of Nix's global variables.
func (b Name) ShadowsBuiltin() bool { return IsGlobal(b.String()) }

// All names of the file. Those of one scope stand together, and a scope
// stands before those inside of it.
func (ns *Names) All() iter.Seq[Name] {
	return func(yield func(Name) bool) {
		for i := range ns.bindings {
			if !yield(Name{ns, uint32(i)}) {
				return
			}
		}
	}
}

// Undefined are the variables that mean nothing, in the order of the text.
func (ns *Names) Undefined() []Node {
	nodes := make([]Node, len(ns.undefined))
	for i, n := range ns.undefined {
		nodes[i] = Node{ns.f, n}
	}
	return nodes
}

// RefKind says what a variable means.
type RefKind uint8

const (
	// NoRef is what is no variable.
	NoRef RefKind = iota
	// BoundRef means a Name of the file.
	BoundRef
	// BuiltinRef means one of Nix's own variables.
	BuiltinRef
	// WithRef means an attribute that a `with` brings in.
	WithRef
	// UndefinedRef means nothing: Nix refuses the file.
	UndefinedRef
)

// Ref is what a variable means.
type Ref struct {
	Kind RefKind
	Name Name // for BoundRef
	With Node // for WithRef: the innermost `with`; those around it may hold the name too
}

// Resolve tells what the variable at n means; n is a KindIdent, or a name of an
// `inherit` without a source.
func (ns *Names) Resolve(n Node) Ref {
	at := ns.useAt[n.i]
	if at == 0 {
		return Ref{}
	}
	switch u := ns.uses[at-1]; {
	case u.binding != 0:
		return Ref{Kind: BoundRef, Name: Name{ns, u.binding - 1}}
	case u.global:
		return Ref{Kind: BuiltinRef}
	case u.with != 0:
		return Ref{Kind: WithRef, With: Node{ns.f, u.with - 1}}
	}
	return Ref{Kind: UndefinedRef}
}
