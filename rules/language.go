package rules

import (
	"strings"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

// What the rules about the language itself share: how tightly an expression
// binds, what a place demands, and edits that keep every comment.

// Binding strength of expressions, from Nix's grammar.
const (
	precAny = iota // lambda, let, if, with, assert
	precPipe
	precImpl
	precOr
	precAnd
	precEq
	precCompare
	precUpdate
	precNot
	precAdd
	precMul
	precConcat
	precHasAttr
	precNegate
	precApply
	precSelect
	precSimple
)

// assoc says on which side of an operator the same operator needs no
// parentheses.
type assoc uint8

const (
	assocNone assoc = iota
	assocLeft
	assocRight
)

var binary = map[syntax.TokenKind]struct {
	prec  int
	assoc assoc
}{
	syntax.TokPipeInto: {precPipe, assocLeft}, syntax.TokPipeFrom: {precPipe, assocRight},
	syntax.TokImpl: {precImpl, assocRight}, syntax.TokOrOr: {precOr, assocLeft}, syntax.TokAnd: {precAnd, assocLeft},
	syntax.TokEq: {precEq, assocNone}, syntax.TokNotEq: {precEq, assocNone},
	syntax.TokLess: {precCompare, assocNone}, syntax.TokLessEq: {precCompare, assocNone},
	syntax.TokGreater: {precCompare, assocNone}, syntax.TokGreaterEq: {precCompare, assocNone},
	syntax.TokUpdate: {precUpdate, assocRight}, syntax.TokPlus: {precAdd, assocLeft}, syntax.TokMinus: {precAdd, assocLeft},
	syntax.TokMul: {precMul, assocLeft}, syntax.TokDiv: {precMul, assocLeft}, syntax.TokConcat: {precConcat, assocRight},
}

// strength of an expression as it stands.
func strength(n syntax.Node) int {
	switch n.Kind() {
	case syntax.KindLambda, syntax.KindLet, syntax.KindIf, syntax.KindWith, syntax.KindAssert:
		return precAny
	case syntax.KindBinaryOp:
		op, _ := n.AsBinaryOp()
		return binary[op.Op()].prec
	case syntax.KindUnaryOp:
		if op, _ := n.AsUnaryOp(); op.Op() == syntax.TokMinus {
			return precNegate
		}
		return precNot
	case syntax.KindHasAttr:
		return precHasAttr
	case syntax.KindApply:
		return precApply
	case syntax.KindSelect:
		return precSelect
	}
	return precSimple
}

// demand is the least strength of an expression that may stand in the place of
// n without parentheses.
func demand(n syntax.Node) int {
	parent := n.Parent()
	switch parent.Kind() {
	case syntax.KindList, syntax.KindApply:
		return precSelect
	case syntax.KindSelect:
		if parent.Child(0) == n {
			return precSimple
		}
		return precSelect
	case syntax.KindHasAttr:
		return precNegate
	case syntax.KindUnaryOp:
		return strength(parent)
	case syntax.KindBinaryOp:
		op, _ := parent.AsBinaryOp()
		b := binary[op.Op()]
		if b.assoc == assocLeft && op.Left() == n || b.assoc == assocRight && op.Right() == n {
			return b.prec
		}
		return b.prec + 1
	}
	return precAny
}

// exprs calls fn for every node of a kind, in a file without syntax errors.
func exprs(p *lint.Pass, kind syntax.Kind, fn func(syntax.Node)) {
	if p.File.Encrypted || !p.File.Syntax().OK() {
		return
	}
	for n := range p.File.Syntax().Nodes(kind) {
		fn(n)
	}
}

// at reports a finding on a node, with a fix where edits are given.
func at(p *lint.Pass, n syntax.Node, message, fix string, edits []diag.Edit) {
	d := diag.Diagnostic{File: p.File.Path, Span: n.Span(), Severity: diag.Warning, Message: message}
	if len(edits) > 0 {
		d.Fixes = []diag.Fix{{Message: fix, Edits: edits}}
	}
	p.Report(d)
}

// commentIn reports whether a comment lies in a range of the file.
func commentIn(f *syntax.File, s diag.Span) bool {
	for i := s.Start; i < s.End; {
		t := f.TokenAt(i)
		if !t.Valid() || t.Span().End <= i {
			return false
		}
		if t.Kind().IsComment() {
			return true
		}
		i = t.Span().End
	}
	return false
}

// unwrap replaces n by a part of itself, which keeps its bytes; nil where a
// comment around the part would be lost.
func unwrap(n, part syntax.Node) []diag.Edit {
	f, outer, inner := n.File(), n.Span(), part.Span()
	before, after := diag.Span{Start: outer.Start, End: inner.Start}, diag.Span{Start: inner.End, End: outer.End}
	if commentIn(f, before) || commentIn(f, after) {
		return nil
	}
	open, end := "", ""
	if strength(part) < demand(n) {
		open, end = "(", ")"
	}
	return []diag.Edit{
		{Span: before, New: gap(f, outer.Start) + open},
		{Span: after, New: end + gapAfter(f, outer.End)},
	}
}

// rewrite replaces n by text of the given strength; nil where n holds a
// comment.
func rewrite(n syntax.Node, text string, prec int) []diag.Edit {
	f, s := n.File(), n.Span()
	if commentIn(f, s) {
		return nil
	}
	if prec < demand(n) {
		text = "(" + text + ")"
	}
	return []diag.Edit{{Span: s, New: gap(f, s.Start) + text + gapAfter(f, s.End)}}
}

// gap is the blank that must come between what stands before an offset and a
// text that now begins there, so that no token runs into another.
func gap(f *syntax.File, offset int) string {
	if offset == 0 || strings.IndexByte(" \t\r\n([{!", f.Source()[offset-1]) >= 0 {
		return ""
	}
	return " "
}

// gapAfter is the same for what follows an offset.
func gapAfter(f *syntax.File, offset int) string {
	rest := string(f.Source()[offset:min(offset+2, len(f.Source()))])
	switch {
	case rest == "" || strings.IndexByte(" \t\r\n)]};,", rest[0]) >= 0:
		return ""
	case rest[0] == '.' && rest != "./", rest == ": ", rest == ":\n":
		return ""
	}
	return " "
}

// mentions reports whether a name is used, bound or spelled as an attribute
// anywhere below n: a safe answer to "might this refer to name".
func mentions(n syntax.Node, names map[string]bool) bool {
	found := false
	syntax.Walk(n, func(c syntax.Node) bool {
		if id, ok := c.AsIdent(); ok && names[id.Name()] {
			found = true
		}
		return !found
	})
	return found
}
