package syntax

import "iter"

// The types of this file are views of a Node as one construct of the language.
// As… returns false for a node of another kind. In a file with errors, parts
// of a view may be nodes of KindError.

// Ident is a name.
type Ident struct{ Node }

// AsIdent views a KindIdent.
func (n Node) AsIdent() (Ident, bool) { return Ident{n}, n.Is(KindIdent) }

// Name as it is written; a name needs no unescaping.
func (n Ident) Name() string { return n.Text() }

// Same is true if both are the same name; they must be of one file.
func (n Ident) Same(other Ident) bool {
	f := n.f
	return f.toks[n.raw().first].sym() == f.toks[other.raw().first].sym()
}

// Str is a string in either form.
type Str struct{ Node }

// AsStr views a KindStr or a KindIndentedStr.
func (n Node) AsStr() (Str, bool) { return Str{n}, n.Is(KindStr) || n.Is(KindIndentedStr) }

// Indented is true for ”…”.
func (n Str) Indented() bool { return n.Is(KindIndentedStr) }

// Part is a stretch of text of a string or path, or an interpolation in it.
type Part struct {
	Text   Token // as it is written; not Valid for an interpolation
	Interp Node  // of KindInterp; not Valid for text
}

// Parts of the string as they are written.
func (n Str) Parts() iter.Seq[Part] { return n.parts(TokStrText, TokIndentText, TokIndentText) }

// PathLit is a path of any form.
type PathLit struct{ Node }

// AsPath views a KindPath.
func (n Node) AsPath() (PathLit, bool) { return PathLit{n}, n.Is(KindPath) }

// IsSearch is true for <nixpkgs/lib>.
func (n PathLit) IsSearch() bool { return n.First().Kind() == TokSearchPath }

// IsHome is true for ~/x.
func (n PathLit) IsHome() bool {
	k := n.First().Kind()
	return k == TokHomePath || k == TokHomeStart
}

// IsAbsolute is true for /x.
func (n PathLit) IsAbsolute() bool { return n.f.src[n.Span().Start] == '/' }

// Static is true for a path without interpolation.
func (n PathLit) Static() bool { return n.NumChildren() == 0 }

// Parts of the path as they are written.
func (n PathLit) Parts() iter.Seq[Part] { return n.parts(TokPathText, TokPathStart, TokHomeStart) }

func (n Node) parts(a, b, c TokenKind) iter.Seq[Part] {
	return func(yield func(Part) bool) {
		r := n.raw()
		kids := n.f.slab[r.kids : r.kids+r.nkids]
		for i := r.first; i < r.end; i++ {
			var p Part
			k := n.f.toks[i].kind()
			switch {
			case len(kids) > 0 && n.f.nodes[kids[0]].first == i:
				p.Interp = Node{n.f, kids[0]}
				i = max(i, n.f.nodes[kids[0]].end-1)
				kids = kids[1:]
				if !p.Interp.Is(KindInterp) {
					continue
				}
			case k == a || k == b || k == c || n.Is(KindPath) && k != TokPathEnd:
				p.Text = Token{n.f, i}
			default:
				continue
			}
			if !yield(p) {
				return
			}
		}
	}
}

// Paren is an expression in parentheses.
type Paren struct{ Node }

// AsParen views a KindParen.
func (n Node) AsParen() (Paren, bool) { return Paren{n}, n.Is(KindParen) }

// Inner is the expression between the parentheses.
func (n Paren) Inner() Node { return n.Child(0) }

// Unparen takes parentheses off.
func (n Node) Unparen() Node {
	for n.Is(KindParen) {
		n = n.Child(0)
	}
	return n
}

// ListLit is [ elements ].
type ListLit struct{ Node }

// AsList views a KindList.
func (n Node) AsList() (ListLit, bool) { return ListLit{n}, n.Is(KindList) }

// Elements of the list; in a broken file errors are among them.
func (n ListLit) Elements() iter.Seq[Node] { return n.Children() }

// AttrSet is { }, rec { } or let { }.
type AttrSet struct{ Node }

// AsAttrSet views a KindAttrSet or a KindLegacyLet.
func (n Node) AsAttrSet() (AttrSet, bool) {
	return AttrSet{n}, n.Is(KindAttrSet) || n.Is(KindLegacyLet)
}

// Rec is true where the attributes see each other.
func (n AttrSet) Rec() bool { return n.First().Kind() != TokLBrace }

// RecToken is the `rec`; not Valid without.
func (n AttrSet) RecToken() Token { return n.tokenOutside(TokRec) }

// Bindings are the path = value; of the set, without inherits.
func (n AttrSet) Bindings() iter.Seq[Binding] { return bindings(n.Node) }

// Inherits are the inherits of the set.
func (n AttrSet) Inherits() iter.Seq[Inherit] { return inherits(n.Node) }

func bindings(n Node) iter.Seq[Binding] {
	return func(yield func(Binding) bool) {
		for c := range n.Children() {
			if c.Is(KindBinding) && !yield(Binding{c}) {
				return
			}
		}
	}
}

func inherits(n Node) iter.Seq[Inherit] {
	return func(yield func(Inherit) bool) {
		for c := range n.Children() {
			if c.Is(KindInherit) && !yield(Inherit{c}) {
				return
			}
		}
	}
}

// Binding is path = value;.
type Binding struct{ Node }

// AsBinding views a KindBinding.
func (n Node) AsBinding() (Binding, bool) { return Binding{n}, n.Is(KindBinding) }

// Path left of the `=`.
func (n Binding) Path() AttrPath { return AttrPath{n.Child(0)} }

// Value right of the `=`; the zero Node where it is missing.
func (n Binding) Value() Node {
	for i := 1; i < n.NumChildren(); i++ {
		if c := n.Child(i); c.Kind().IsExpr() {
			return c
		}
	}
	return n.Child(1)
}

// Inherit is inherit names; or inherit (from) names;.
type Inherit struct{ Node }

// AsInherit views a KindInherit.
func (n Node) AsInherit() (Inherit, bool) { return Inherit{n}, n.Is(KindInherit) }

// From is the expression in parentheses, if any.
func (n Inherit) From() (Node, bool) {
	if c := n.Child(0); c.Is(KindInheritFrom) {
		return c.Child(0), true
	}
	return Node{}, false
}

// Names that are inherited: KindIdent or KindStr.
func (n Inherit) Names() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		for c := range n.Children() {
			if (c.Is(KindIdent) || c.Is(KindStr) || c.Is(KindInterp)) && !yield(c) {
				return
			}
		}
	}
}

// AttrPath is a."b".${c}.
type AttrPath struct{ Node }

// AsAttrPath views a KindAttrPath.
func (n Node) AsAttrPath() (AttrPath, bool) { return AttrPath{n}, n.Is(KindAttrPath) }

// Attrs are the parts between the dots.
func (n AttrPath) Attrs() iter.Seq[Node] { return n.Children() }

// Names of all parts; false if one is computed or missing.
func (n AttrPath) Names() ([]string, bool) {
	var names []string
	for c := range n.Children() {
		name, ok := AttrName(c)
		if !ok {
			return names, false
		}
		names = append(names, name)
	}
	return names, true
}

// AttrName is the name that one part of an attribute path spells; false if it
// is computed. As for Nix, ${"x"} spells x.
func AttrName(n Node) (string, bool) {
	if n.Is(KindIdent) {
		return n.Text(), true
	}
	text, ok := attrText(nil, n)
	return string(text), ok
}

// Select is target.path or target.path or default.
type Select struct{ Node }

// AsSelect views a KindSelect.
func (n Node) AsSelect() (Select, bool) { return Select{n}, n.Is(KindSelect) }

// Target is what is selected from.
func (n Select) Target() Node { return n.Child(0) }

// Path that is selected.
func (n Select) Path() AttrPath { return AttrPath{n.Child(1)} }

// Default after `or`, if any.
func (n Select) Default() (Node, bool) { return n.Child(2), n.NumChildren() > 2 }

// HasAttr is target ? path.
type HasAttr struct{ Node }

// AsHasAttr views a KindHasAttr.
func (n Node) AsHasAttr() (HasAttr, bool) { return HasAttr{n}, n.Is(KindHasAttr) }

// Target is what is asked.
func (n HasAttr) Target() Node { return n.Child(0) }

// Path that is asked for.
func (n HasAttr) Path() AttrPath { return AttrPath{n.Child(1)} }

// Apply is a function and its arguments.
type Apply struct{ Node }

// AsApply views a KindApply.
func (n Node) AsApply() (Apply, bool) { return Apply{n}, n.Is(KindApply) }

// Func is the function.
func (n Apply) Func() Node { return n.Child(0) }

// Args are the arguments, at least one.
func (n Apply) Args() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		for i := 1; i < n.NumChildren(); i++ {
			if !yield(n.Child(i)) {
				return
			}
		}
	}
}

// NumArgs counts the arguments.
func (n Apply) NumArgs() int { return n.NumChildren() - 1 }

// Arg i, from 0; the zero Node if there is none.
func (n Apply) Arg(i int) Node {
	if i < 0 {
		return Node{}
	}
	return n.Child(i + 1)
}

// UnaryOp is !x or -x.
type UnaryOp struct{ Node }

// AsUnaryOp views a KindUnaryOp.
func (n Node) AsUnaryOp() (UnaryOp, bool) { return UnaryOp{n}, n.Is(KindUnaryOp) }

// Op is TokNot or TokMinus.
func (n UnaryOp) Op() TokenKind { return n.First().Kind() }

// Operand of the operator.
func (n UnaryOp) Operand() Node { return n.Child(0) }

// BinaryOp is left op right, pipes included.
type BinaryOp struct{ Node }

// AsBinaryOp views a KindBinaryOp.
func (n Node) AsBinaryOp() (BinaryOp, bool) { return BinaryOp{n}, n.Is(KindBinaryOp) }

// Left operand.
func (n BinaryOp) Left() Node { return n.Child(0) }

// Right operand.
func (n BinaryOp) Right() Node { return n.Child(1) }

// OpToken is the operator.
func (n BinaryOp) OpToken() Token {
	i := n.f.nodes[n.Child(0).i].end
	for n.f.toks[i].kind().IsTrivia() {
		i++
	}
	return Token{n.f, i}
}

// Op is the kind of the operator.
func (n BinaryOp) Op() TokenKind { return n.OpToken().Kind() }

// Lambda is a function.
type Lambda struct{ Node }

// AsLambda views a KindLambda.
func (n Node) AsLambda() (Lambda, bool) { return Lambda{n}, n.Is(KindLambda) }

// Param is the argument: KindIdent or KindPattern.
func (n Lambda) Param() Node { return n.Child(0) }

// Pattern is the argument if it is { formals }.
func (n Lambda) Pattern() (Pattern, bool) { return n.Child(0).AsPattern() }

// Body of the function.
func (n Lambda) Body() Node { return n.Child(n.NumChildren() - 1) }

// Pattern is { formals }, with @ name on either side or without.
type Pattern struct{ Node }

// AsPattern views a KindPattern.
func (n Node) AsPattern() (Pattern, bool) { return Pattern{n}, n.Is(KindPattern) }

// Formals of the pattern.
func (n Pattern) Formals() iter.Seq[Formal] {
	return func(yield func(Formal) bool) {
		for c := range n.Children() {
			if c.Is(KindFormal) && !yield(Formal{c}) {
				return
			}
		}
	}
}

// Bind is the name before or after @, if any.
func (n Pattern) Bind() (Ident, bool) {
	for c := range n.Children() {
		if c.Is(KindIdent) {
			return Ident{c}, true
		}
	}
	return Ident{}, false
}

// Ellipsis is true if further arguments are allowed.
func (n Pattern) Ellipsis() bool { return n.tokenOutside(TokEllipsis).Valid() }

// Formal is name or name ? default.
type Formal struct{ Node }

// Ident is the name of the argument.
func (n Formal) Ident() Ident { return Ident{n.Child(0)} }

// Default after the `?`, if any.
func (n Formal) Default() (Node, bool) { return n.Child(1), n.NumChildren() > 1 }

// Let is let bindings in body.
type Let struct{ Node }

// AsLet views a KindLet; see AsAttrSet for let { }.
func (n Node) AsLet() (Let, bool) { return Let{n}, n.Is(KindLet) }

// Bindings are the path = value; of the let, without inherits.
func (n Let) Bindings() iter.Seq[Binding] { return bindings(n.Node) }

// Inherits are the inherits of the let.
func (n Let) Inherits() iter.Seq[Inherit] { return inherits(n.Node) }

// Body after `in`.
func (n Let) Body() Node { return n.Child(n.NumChildren() - 1) }

// With is with scope; body.
type With struct{ Node }

// AsWith views a KindWith.
func (n Node) AsWith() (With, bool) { return With{n}, n.Is(KindWith) }

// Scope is the set whose attributes the body sees.
func (n With) Scope() Node { return n.Child(0) }

// Body of the with.
func (n With) Body() Node { return n.Child(n.NumChildren() - 1) }

// Assert is assert condition; body.
type Assert struct{ Node }

// AsAssert views a KindAssert.
func (n Node) AsAssert() (Assert, bool) { return Assert{n}, n.Is(KindAssert) }

// Cond is the condition.
func (n Assert) Cond() Node { return n.Child(0) }

// Body of the assert.
func (n Assert) Body() Node { return n.Child(n.NumChildren() - 1) }

// If is if condition then a else b.
type If struct{ Node }

// AsIf views a KindIf.
func (n Node) AsIf() (If, bool) { return If{n}, n.Is(KindIf) }

// Cond is the condition.
func (n If) Cond() Node { return n.exprs(0) }

// Then is the value where the condition holds.
func (n If) Then() Node { return n.exprs(1) }

// Else is the value where the condition does not hold.
func (n If) Else() Node { return n.exprs(2) }

// exprs is child i, not counting what an error made of skipped tokens.
func (n If) exprs(i int) Node {
	for c := range n.Children() {
		if c.Is(KindError) && c.First().Valid() {
			continue
		}
		if i == 0 {
			return c
		}
		i--
	}
	return Node{}
}
