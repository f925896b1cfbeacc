package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var boolSimplification = &lint.Rule{
	ID: "bool-simplification",
	Doc: lint.Doc{
		Summary: "`!(a == b)` for `a != b`",
		Why:     "There is an operator for it.",
		Bad:     "a: b: !(a == b)\n",
		Good:    "a: b: a != b\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindUnaryOp, func(n syntax.Node) { checkBoolSimplification(p, n) })
	},
}

func checkBoolSimplification(p *lint.Pass, n syntax.Node) {
	not, _ := n.AsUnaryOp()
	if not.Op() != syntax.TokNot || !not.Operand().Is(syntax.KindParen) {
		return
	}
	op, ok := not.Operand().Unparen().AsBinaryOp()
	if !ok || op.Op() != syntax.TokEq {
		return
	}
	edits := unwrap(n, op.Node)
	if edits != nil {
		edits = append(edits, diag.Edit{Span: op.OpToken().Span(), New: "!="})
	}
	at(p, n, "`!(… == …)` is `… != …`", "use `!=`", edits)
}
