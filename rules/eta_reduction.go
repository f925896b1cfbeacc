package rules

import (
	"nixgen/lint"
	"nixgen/syntax"
)

var etaReduction = &lint.Rule{
	ID: "eta-reduction",
	Doc: lint.Doc{
		Summary: "`x: f x` for `f`",
		Why: "The function itself says the same. Nothing is said inside another function, `n: x: f x`, where `n: f` would hide how " +
			"many arguments there are, nor of `f: f f`.",
		Bad:  "f: map (x: f x) [ 1 ]\n",
		Good: "f: map f [ 1 ]\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindLambda, func(n syntax.Node) { checkEta(p, n) })
	},
}

func checkEta(p *lint.Pass, n syntax.Node) {
	fn, _ := n.AsLambda()
	param, ok := fn.Param().AsIdent()
	if !ok {
		return
	}
	app, ok := fn.Body().AsApply()
	if !ok || app.NumArgs() != 1 {
		return
	}
	f, isName := app.Func().AsIdent()
	arg, isArg := app.Arg(0).AsIdent()
	if !isName || !isArg || !arg.Same(param) || f.Same(param) || n.Parent().Is(syntax.KindLambda) {
		return
	}
	whole := n
	if n.Parent().Is(syntax.KindParen) {
		whole = n.Parent()
	}
	at(p, n, "`"+n.Text()+"` is `"+f.Name()+"`", "use the function itself", unwrap(whole, f.Node))
}
