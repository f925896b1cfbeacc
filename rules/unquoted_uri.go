package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var unquotedURI = &lint.Rule{
	ID: "unquoted-uri",
	Doc: lint.Doc{
		Summary: "a URI without quotes",
		Why:     "URI literals are deprecated, newer Nix can be told to reject them, and `x:y` is one, not a function.",
		Bad:     "{ url = https://example.org; }\n",
		Good:    "{ url = \"https://example.org\"; }\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindURI, func(n syntax.Node) {
			at(p, n, "`"+n.Text()+"` is a URI without quotes", "quote it", []diag.Edit{{Span: n.Span(), New: `"` + n.Text() + `"`}})
		})
	},
}
