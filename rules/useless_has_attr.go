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
	if !sameSelection(has, sel) {
		return
	}
	otherwise := cond.Else().Text()
	if strength(cond.Else()) < precSelect {
		otherwise = "(" + otherwise + ")"
	}
	text := sel.Text() + " or " + otherwise
	message := "`" + sel.Text() + " or …` says the same"
	if has.Target().Text() != sel.Target().Text() {
		// `x.a ? b` fails where x has no a, `x.a.b or d` does not.
		at(p, n, message, "", nil)
		return
	}
	at(p, n, message, "use `or`", rewrite(n, text, precSelect))
}

// sameSelection: `x.a ? b` asks for what `x.a.b` selects.
func sameSelection(has syntax.HasAttr, sel syntax.Select) bool {
	asked := has.Target().Text() + "." + has.Path().Text()
	return asked == sel.Target().Text()+"."+sel.Path().Text()
}
