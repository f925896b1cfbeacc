package rules

import (
	"nixgen/lint"
	"nixgen/syntax"
)

var emptyListConcat = &lint.Rule{
	ID: "empty-list-concat",
	Doc: lint.Doc{
		Summary: "a list joined with `[ ]`",
		Why:     "Joining the empty list changes nothing.",
		Bad:     "xs: [ ] ++ xs\n",
		Good:    "xs: xs\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindBinaryOp, func(n syntax.Node) {
			op, _ := n.AsBinaryOp()
			if op.Op() != syntax.TokConcat {
				return
			}
			for _, sides := range [][2]syntax.Node{{op.Left(), op.Right()}, {op.Right(), op.Left()}} {
				if sides[0].Is(syntax.KindList) && sides[0].NumChildren() == 0 {
					at(p, n, "joining `[ ]` changes nothing", "keep the other list", unwrap(n, sides[1]))
					return
				}
			}
		})
	},
}
