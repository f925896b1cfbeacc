package syntax

import (
	"iter"

	"nixgen/diag"
)

// Kind says what a node is.
type Kind uint8

const (
	// KindError holds tokens that fit nowhere; an empty one stands where an
	// expression is missing.
	KindError Kind = iota
	// KindFile is the whole file: the expression, then what follows wrongly.
	KindFile
	// KindIdent is a name: a variable, a part of an attribute path, a formal.
	KindIdent
	KindInt
	KindFloat
	KindURI
	// KindStr and KindIndentedStr have their interpolations as children; see
	// Str for the text between them.
	KindStr
	KindIndentedStr
	// KindPath is a path of any form; interpolations are its children.
	KindPath
	// KindInterp is ${expression}.
	KindInterp
	KindParen
	// KindList has its elements as children.
	KindList
	// KindAttrSet is { } and rec { }; its children are bindings and inherits.
	KindAttrSet
	// KindLegacyLet is let { }, whose value is its attribute body.
	KindLegacyLet
	// KindBinding is path = value;.
	KindBinding
	// KindAttrPath has names as children: KindIdent, KindStr, KindInterp.
	KindAttrPath
	// KindInherit is inherit names; or inherit (from) names;.
	KindInherit
	// KindInheritFrom is the (expression) of an inherit.
	KindInheritFrom
	// KindSelect is expression.path, with a default after `or`.
	KindSelect
	// KindHasAttr is expression ? path.
	KindHasAttr
	// KindApply is a function and one or more arguments.
	KindApply
	KindUnaryOp
	KindBinaryOp
	// KindLambda is a parameter (KindIdent or KindPattern) and a body.
	KindLambda
	// KindPattern is { formals } with or without @ name.
	KindPattern
	KindFormal
	// KindLet has bindings and inherits as children, the body last.
	KindLet
	KindWith
	KindAssert
	KindIf
	// NumKinds is the number of kinds.
	NumKinds
)

var kindNames = [NumKinds]string{
	"error", "file", "ident", "int", "float", "uri", "str", "indentedStr", "path", "interp", "paren", "list",
	"attrSet", "legacyLet", "binding", "attrPath", "inherit", "inheritFrom", "select", "hasAttr", "apply",
	"unaryOp", "binaryOp", "lambda", "pattern", "formal", "let", "with", "assert", "if",
}

// String gives the name of the kind, as `nixgen parse --format tree` prints it.
func (k Kind) String() string { return kindNames[k] }

// IsExpr is true for the kinds that have a value.
func (k Kind) IsExpr() bool {
	switch k {
	case KindError, KindFile, KindInterp, KindBinding, KindAttrPath, KindInherit, KindInheritFrom, KindPattern, KindFormal:
		return false
	}
	return true
}

// node is the stored form. Its tokens are toks[first:end], neither starting
// nor ending in trivia; its children are slab[kids:kids+nkids]. Children come
// before their parent.
type node struct {
	kind        Kind
	first, end  uint32
	kids, nkids uint32
}

// Node is one node of a file's tree. The zero Node is no node; methods other
// than Valid and Kind must not be called on it.
type Node struct {
	f *File
	i uint32
}

func (n Node) raw() *node { return &n.f.nodes[n.i] }

// Valid is false for the zero Node.
func (n Node) Valid() bool { return n.f != nil }

// Is reports whether n is a node of kind k.
func (n Node) Is(k Kind) bool { return n.f != nil && n.raw().kind == k }

// Kind of the node; KindError for the zero Node.
func (n Node) Kind() Kind {
	if n.f == nil {
		return KindError
	}
	return n.raw().kind
}

// File the node belongs to.
func (n Node) File() *File { return n.f }

// Span is the node's range of bytes, without blanks and comments around it.
func (n Node) Span() diag.Span {
	r := n.raw()
	if r.first == r.end {
		at := int(n.f.tokStart(r.first))
		return diag.Span{Start: at, End: at}
	}
	return diag.Span{Start: int(n.f.tokStart(r.first)), End: int(n.f.toks[r.end-1].end)}
}

// Text of the node as it is written.
func (n Node) Text() string {
	s := n.Span()
	return string(n.f.src[s.Start:s.End])
}

// NumChildren counts the nodes directly below n.
func (n Node) NumChildren() int { return int(n.raw().nkids) }

// Child i of n, from 0; the zero Node if there is none.
func (n Node) Child(i int) Node {
	r := n.raw()
	if i < 0 || i >= int(r.nkids) {
		return Node{}
	}
	return Node{n.f, n.f.slab[int(r.kids)+i]}
}

// Children of n in the order of the text.
func (n Node) Children() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		r := n.raw()
		for _, k := range n.f.slab[r.kids : r.kids+r.nkids] {
			if !yield(Node{n.f, k}) {
				return
			}
		}
	}
}

// Parent of n; the zero Node for the root. The first call for a file indexes
// all of its nodes.
func (n Node) Parent() Node {
	p := n.f.parentIndex()[n.i]
	if p == n.i {
		return Node{}
	}
	return Node{n.f, p}
}

// First token of n; not Valid for an empty node.
func (n Node) First() Token {
	r := n.raw()
	if r.first == r.end {
		return Token{}
	}
	return Token{n.f, r.first}
}

// Last token of n; not Valid for an empty node.
func (n Node) Last() Token {
	r := n.raw()
	if r.first == r.end {
		return Token{}
	}
	return Token{n.f, r.end - 1}
}

// Tokens of n, trivia between them included.
func (n Node) Tokens() iter.Seq[Token] {
	return func(yield func(Token) bool) {
		r := n.raw()
		for i := r.first; i < r.end; i++ {
			if !yield(Token{n.f, i}) {
				return
			}
		}
	}
}

// tokenOutside finds the first token of kind k that belongs to n itself, not
// to one of its children.
func (n Node) tokenOutside(k TokenKind) Token {
	r := n.raw()
	i := r.first
	for _, kid := range n.f.slab[r.kids : r.kids+r.nkids] {
		c := &n.f.nodes[kid]
		if t := n.f.findToken(i, c.first, k); t.Valid() {
			return t
		}
		i = max(i, c.end)
	}
	return n.f.findToken(i, r.end, k)
}

func (f *File) findToken(i, end uint32, k TokenKind) Token {
	for ; i < end; i++ {
		if f.toks[i].kind() == k {
			return Token{f, i}
		}
	}
	return Token{}
}

// LeadingComments are the comments between the token before n and n itself,
// without those on the line of the token before and without those that a blank
// line separates from n.
func (n Node) LeadingComments() []Token {
	first := n.raw().first
	start := first
	for i := first; i > 0 && n.f.toks[i-1].kind().IsTrivia() && n.f.lineEnds(i-1) < 2; i-- {
		start = i - 1
	}
	if start > 0 && start < first && !n.f.toks[start-1].kind().IsTrivia() {
		for start < first && n.f.lineEnds(start) == 0 {
			start++
		}
	}
	var cs []Token
	for i := start; i < first; i++ {
		if n.f.toks[i].kind().IsComment() {
			cs = append(cs, Token{n.f, i})
		}
	}
	return cs
}

// TrailingComment is the comment after n on the line where n ends, possibly
// behind a `;` or `,`; not Valid if there is none.
func (n Node) TrailingComment() Token {
	for i := n.raw().end; int(i) < len(n.f.toks); i++ {
		switch k := n.f.toks[i].kind(); {
		case k.IsComment():
			return Token{n.f, i}
		case k == TokSemicolon, k == TokComma, k == TokSpace && n.f.lineEnds(i) == 0:
		default:
			return Token{}
		}
	}
	return Token{}
}

// lineEnds counts the line ends in token i, up to 2; a comment has none.
func (f *File) lineEnds(i uint32) int {
	if f.toks[i].kind() != TokSpace {
		return 0
	}
	n := 0
	for _, c := range f.src[f.tokStart(i):f.toks[i].end] {
		if c == '\n' {
			n++
		}
	}
	return min(n, 2)
}
