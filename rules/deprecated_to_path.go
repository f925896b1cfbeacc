package rules

import (
	"nixgen/lint"
	"nixgen/syntax"
)

var deprecatedToPath = &lint.Rule{
	ID: "deprecated-to-path",
	Doc: lint.Doc{
		Summary: "`builtins.toPath`",
		Why: "Nix calls it deprecated: it only checks that a string is an absolute path and gives a string back. " +
			"`/. + \"/path\"` makes a path of a string; `./. + \"/path\"` a path below this folder.",
		Bad:  "s: builtins.toPath s\n",
		Good: "s: ./. + s\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		if !p.File.Syntax().HasName("toPath") {
			return
		}
		exprs(p, syntax.KindApply, func(n syntax.Node) {
			app, _ := n.AsApply()
			if f := app.Func().Text(); f == "builtins.toPath" || f == "toPath" {
				at(p, n, "`"+f+"` is deprecated", "", nil)
			}
		})
	},
}
