package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var uselessParens = &lint.Rule{
	ID: "useless-parens",
	Doc: lint.Doc{
		Summary: "parentheses that change nothing",
		Why:     "Around the value of a binding, the body of a `let`, or something that is one piece already, they only make the reader count.",
		Bad:     "{ a = (1 + 2); }\n",
		Good:    "{ a = 1 + 2; }\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindParen, func(n syntax.Node) {
			if !uselessParen(n) {
				return
			}
			at(p, n, "these parentheses change nothing", "drop them", dropParens(n))
		})
	},
}

// dropParens takes both tokens away, with the blanks inside of them.
func dropParens(n syntax.Node) []diag.Edit {
	f, first, last := n.File(), withBlank(n.File(), n.First()), n.Last().Span()
	if t := n.Last().Prev(); t.Kind() == syntax.TokSpace && t.Prev().Kind() != syntax.TokLineComment {
		last.Start = max(first.End, t.Span().Start)
	}
	return []diag.Edit{
		{Span: first, New: gap(f, first.Start)},
		{Span: last, New: gapAfter(f, last.End)},
	}
}

func uselessParen(n syntax.Node) bool {
	switch parent := n.Parent(); parent.Kind() {
	case syntax.KindBinding:
		return true
	case syntax.KindLet:
		let, _ := parent.AsLet()
		return let.Body() == n
	}
	paren, _ := n.AsParen()
	switch inner := paren.Inner(); inner.Kind() {
	case syntax.KindList, syntax.KindParen, syntax.KindStr, syntax.KindIndentedStr, syntax.KindAttrSet, syntax.KindIdent:
		return true
	case syntax.KindSelect:
		sel, _ := inner.AsSelect()
		_, hasDefault := sel.Default()
		return !hasDefault && (demand(n) <= precSelect || selectedFrom(n))
	}
	return false
}

// selectedFrom is true for the parentheses of `(a.b).c`. With a default they
// count: `(a.b).c or d` fails where a has no b.
func selectedFrom(n syntax.Node) bool {
	outer, ok := n.Parent().AsSelect()
	if !ok || outer.Child(0) != n {
		return false
	}
	_, hasDefault := outer.Default()
	return !hasDefault
}
