package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var unusedArgument = &lint.Rule{
	ID: "unused-argument",
	Doc: lint.Doc{
		Summary: "a function argument that nothing uses",
		Why:     "A leading underscore, `_x:`, or `_:` tells the reader that the argument does not matter.",
		Bad:     "x: 1\n",
		Good:    "_x: 1\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		for _, b := range deadNames(p, func(b syntax.Name) bool { return b.Kind() == syntax.ParamName }) {
			var edits []diag.Edit
			if start := b.Node().Span().Start; !mentions(b.Scope(), map[string]bool{"_" + b.String(): true}) {
				edits = []diag.Edit{{Span: diag.Span{Start: start, End: start}, New: "_"}}
			}
			at(p, b.Node(), "argument `"+b.String()+"` is never used", "mark it with `_`", edits)
		}
	},
}
