package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var manualInherit = &lint.Rule{
	ID: "manual-inherit",
	Doc: lint.Doc{
		Summary: "`a = a;` for `inherit a;`",
		Why:     "There is a word for it. In `rec` and `let`, `a = a` is an endless recursion instead; that is not this rule's.",
		Bad:     "a: { a = a; }\n",
		Good:    "a: { inherit a; }\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindBinding, func(n syntax.Node) {
			b, _ := n.AsBinding()
			value, isName := b.Value().AsIdent()
			name, ok := plainName(b.Path())
			if !ok || !isName || !value.Same(name) {
				return
			}
			if set, ok := n.Parent().AsAttrSet(); ok && !set.Rec() {
				name := name.Name()
				at(p, n, "`"+name+" = "+name+"` is `inherit "+name+"`", "use `inherit`", replaceItem(n, "inherit "+name+";"))
			}
		})
	},
}

// plainName is the one unquoted name of an attribute path.
func plainName(path syntax.AttrPath) (syntax.Ident, bool) {
	if path.NumChildren() != 1 {
		return syntax.Ident{}, false
	}
	return path.Child(0).AsIdent()
}

// replaceItem puts another binding or inherit in the place of n; nil where n
// holds a comment.
func replaceItem(n syntax.Node, text string) []diag.Edit {
	if commentIn(n.File(), n.Span()) {
		return nil
	}
	return []diag.Edit{{Span: n.Span(), New: text}}
}
