package rules

import (
	"nixgen/lint"
	"nixgen/syntax"
)

var unusedBinding = &lint.Rule{
	ID: "unused-binding",
	Doc: lint.Doc{
		Summary: "a `let` binding that nothing uses",
		Why: "It is never evaluated. Bindings that only other unused ones use are reported with them. " +
			"A name that begins with `_` is meant to be unused.",
		Bad:  "let\n  a = 1;\n  b = 2;\nin\nb\n",
		Good: "let\n  b = 2;\nin\nb\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		for _, b := range deadNames(p, func(b syntax.Name) bool { return b.Kind() == syntax.LetName && !inherited(b) }) {
			d := decl(b)
			if d.Is(syntax.KindBinding) {
				reportUnused(p, b, "binding", removeItem(d))
			} else {
				reportUnused(p, b, "binding", nil)
			}
		}
	},
}

func inherited(b syntax.Name) bool { return b.Node().Parent().Is(syntax.KindInherit) }
