package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var legacyLet = &lint.Rule{
	ID: "legacy-let",
	Doc: lint.Doc{
		Summary: "`let { … body = …; }`",
		Why:     "The oldest form of `let` is in no manual. `rec { … }.body` is what it means.",
		Bad:     "let {\n  a = 1;\n  body = a;\n}\n",
		Good:    "let\n  a = 1;\nin\na\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindLegacyLet, func(n syntax.Node) {
			at(p, n, "`let { … }` is the oldest form of `let`", "write `rec { … }.body`", []diag.Edit{
				{Span: n.First().Span(), New: "(rec"},
				{Span: diag.Span{Start: n.Span().End, End: n.Span().End}, New: ").body"},
			})
		})
	},
}
