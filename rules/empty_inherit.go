package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var emptyInherit = &lint.Rule{
	ID: "empty-inherit",
	Doc: lint.Doc{
		Summary: "an `inherit` without names",
		Why:     "It inherits nothing.",
		Bad:     "{\n  inherit;\n  a = 1;\n}\n",
		Good:    "{\n  a = 1;\n}\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindInherit, func(n syntax.Node) {
			if inherit, _ := n.AsInherit(); n.NumChildren() == 0 {
				at(p, inherit.Node, "empty `inherit`", "remove it", removeItem(inherit.Node))
			}
		})
	},
}

// removeItem takes a binding or inherit away, with the blanks before it; nil
// where a comment stands inside it.
func removeItem(n syntax.Node) []diag.Edit {
	f, s := n.File(), n.Span()
	if commentIn(f, s) {
		return nil
	}
	if before := n.First().Prev(); before.Valid() && before.Kind() == syntax.TokSpace && !afterLineComment(before) {
		s.Start = before.Span().Start
	}
	return []diag.Edit{{Span: s}}
}

// afterLineComment is true for the line end that a comment needs.
func afterLineComment(t syntax.Token) bool {
	prev := t.Prev()
	return prev.Valid() && prev.Kind() == syntax.TokLineComment
}
