package rules

import (
	"nixgen/lint"
	"nixgen/syntax"
)

var boolComparison = &lint.Rule{
	ID: "bool-comparison",
	Doc: lint.Doc{
		Summary: "a comparison with `true` or `false`",
		Why: "A boolean is its own answer. The fix is offered where the other side is surely a boolean: elsewhere " +
			"`x == true` is false for null, and `x` alone is an error.",
		Bad:  "a: b: (a && b) == true\n",
		Good: "a: b: a && b\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindBinaryOp, func(n syntax.Node) { checkBoolComparison(p, n) })
	},
}

func checkBoolComparison(p *lint.Pass, n syntax.Node) {
	op, _ := n.AsBinaryOp()
	equal := op.Op() == syntax.TokEq
	if !equal && op.Op() != syntax.TokNotEq {
		return
	}
	side, other := op.Left(), op.Right()
	if !isBool(side) {
		side, other = other, side
	}
	if !isBool(side) {
		return
	}
	keep := equal == (side.Text() == "true")
	message := "comparison with `" + side.Text() + "`"
	switch inner := other.Unparen(); {
	case !surelyBool(inner):
		at(p, n, message, "", nil)
	case keep:
		at(p, n, message, "drop the comparison", unwrap(n, inner))
	default:
		text := inner.Text()
		if strength(inner) < precNot {
			text = "(" + text + ")"
		}
		at(p, n, message, "negate instead", rewrite(n, "!"+text, precNot))
	}
}

// isBool is true for the literals; a file that binds true anew deserves it.
func isBool(n syntax.Node) bool {
	id, ok := n.AsIdent()
	return ok && (id.Name() == "true" || id.Name() == "false")
}

// surelyBool is true for expressions that are a boolean or an error.
func surelyBool(n syntax.Node) bool {
	switch n.Kind() {
	case syntax.KindHasAttr:
		return true
	case syntax.KindIdent:
		return isBool(n)
	case syntax.KindUnaryOp:
		op, _ := n.AsUnaryOp()
		return op.Op() == syntax.TokNot
	case syntax.KindBinaryOp:
		op, _ := n.AsBinaryOp()
		switch binary[op.Op()].prec {
		case precImpl, precOr, precAnd, precEq, precCompare:
			return true
		}
	}
	return false
}
