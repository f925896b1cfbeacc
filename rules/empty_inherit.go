package rules

import (
	"strings"

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

// removeItem takes a binding or inherit away, with the blanks before it, or
// with its line below a line comment; nil where a comment stands inside it.
func removeItem(n syntax.Node) []diag.Edit {
	f, s := n.File(), n.Span()
	if commentIn(f, s) {
		return nil
	}
	before := n.First().Prev()
	switch {
	case !before.Valid() || before.Kind() != syntax.TokSpace:
	case before.Prev().Valid() && before.Prev().Kind() == syntax.TokLineComment:
		s.Start = before.Span().Start + strings.LastIndexByte(before.Text(), '\n') + 1
		if after := n.Last().Next(); after.Valid() && strings.HasPrefix(after.Text(), "\n") {
			s.End++
		}
	default:
		s.Start = before.Span().Start
	}
	return []diag.Edit{{Span: s}}
}
