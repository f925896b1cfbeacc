package rules

import (
	"nixgen/lint"
	"nixgen/syntax"
)

var redundantPatternBind = &lint.Rule{
	ID: "redundant-pattern-bind",
	Doc: lint.Doc{
		Summary: "`{ ... }@x:` for `x:`",
		Why:     "A pattern that names nothing and lets everything through only gives the argument a name.",
		Bad:     "{ ... }@args: args.x\n",
		Good:    "args: args.x\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindPattern, func(n syntax.Node) {
			pattern, _ := n.AsPattern()
			bind, ok := pattern.Bind()
			if ok && n.NumChildren() == 1 && pattern.Ellipsis() {
				at(p, n, "`"+bind.Name()+":` says the same", "drop the pattern", unwrap(n, bind.Node))
			}
		})
	},
}
