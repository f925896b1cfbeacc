package rules

import (
	"nixgen/lint"
	"nixgen/syntax"
)

var uselessHasAttr = &lint.Rule{
	ID: "useless-has-attr",
	Doc: lint.Doc{
		Summary: "`if x ? a then x.a else d` for `x.a or d`",
		Why:     "There is an operator for it.",
		Bad:     "x: if x ? a then x.a else 1\n",
		Good:    "x: x.a or 1\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindIf, func(n syntax.Node) { checkHasAttr(p, n) })
	},
}

func checkHasAttr(p *lint.Pass, n syntax.Node) {
	cond, _ := n.AsIf()
	has, ok := cond.Cond().AsHasAttr()
	sel, isSelect := cond.Then().AsSelect()
	if !ok || !isSelect {
		return
	}
	if _, hasDefault := sel.Default(); hasDefault {
		return
	}
	if has.Target().Text() != sel.Target().Text() || has.Path().Text() != sel.Path().Text() {
		return
	}
	otherwise := cond.Else().Text()
	if strength(cond.Else()) < precSelect {
		otherwise = "(" + otherwise + ")"
	}
	text := sel.Text() + " or " + otherwise
	at(p, n, "`"+sel.Text()+" or …` says the same", "use `or`", rewrite(n, text, precSelect))
}
