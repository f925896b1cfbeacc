package rules

import (
	"nixgen/lint"
	"nixgen/syntax"
)

var emptyLetIn = &lint.Rule{
	ID: "empty-let-in",
	Doc: lint.Doc{
		Summary: "a `let` that binds nothing",
		Why:     "The body alone says the same.",
		Bad:     "x: let in x\n",
		Good:    "x: x\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindLet, func(n syntax.Node) {
			if let, _ := n.AsLet(); n.NumChildren() == 1 {
				at(p, n, "this `let` binds nothing", "keep the body", unwrap(n, let.Body()))
			}
		})
	},
}
