package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var emptyPattern = &lint.Rule{
	ID: "empty-pattern",
	Doc: lint.Doc{
		Summary: "`{ ... }:` where no argument is read",
		Why: "`_:` says that the argument does not matter. Modules with `imports` are left alone: there the pattern is a habit. " +
			"Nothing is said of `{ }:`, which refuses arguments: that is a different function.",
		Bad:  "{ ... }: 1\n",
		Good: "_: 1\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindLambda, func(n syntax.Node) { checkEmptyPattern(p, n) })
	},
}

func checkEmptyPattern(p *lint.Pass, n syntax.Node) {
	fn, _ := n.AsLambda()
	pattern, ok := fn.Pattern()
	if !ok || pattern.NumChildren() != 0 || !pattern.Ellipsis() || hasImports(fn.Body()) {
		return
	}
	var edits []diag.Edit
	if !commentIn(n.File(), pattern.Span()) {
		edits = []diag.Edit{{Span: pattern.Span(), New: "_"}}
	}
	at(p, pattern.Node, "no argument is read: `_` says so", "use `_`", edits)
}

// hasImports is true for an attribute set with a binding of `imports`.
func hasImports(n syntax.Node) bool {
	set, ok := n.AsAttrSet()
	if !ok {
		return false
	}
	for b := range set.Bindings() {
		if b.Path().Text() == "imports" {
			return true
		}
	}
	return false
}
