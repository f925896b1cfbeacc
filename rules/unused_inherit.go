package rules

import (
	"nixgen/lint"
	"nixgen/syntax"
)

var unusedInherit = &lint.Rule{
	ID: "unused-inherit",
	Doc: lint.Doc{
		Summary: "a name that a `let` inherits and nothing uses",
		Why:     "It is never evaluated.",
		Bad:     "x:\nlet\n  inherit (x) a b;\nin\nb\n",
		Good:    "x:\nlet\n  inherit (x) b;\nin\nb\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		dead := deadNames(p, func(b syntax.Name) bool { return b.Kind() == syntax.LetName && inherited(b) })
		for _, b := range dead {
			reportUnused(p, b, "inherited name", removeInherited(b.Node(), dead))
		}
	},
}
