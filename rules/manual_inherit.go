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
			name, ok := plainName(b.Path())
			value, isName := b.Value().AsIdent()
			set, inSet := n.Parent().AsAttrSet()
			if ok && isName && inSet && !set.Rec() && value.Name() == name {
				at(p, n, "`"+name+" = "+name+"` is `inherit "+name+"`", "use `inherit`", replaceItem(n, "inherit "+name+";"))
			}
		})
	},
}

// plainName is the one unquoted name of an attribute path.
func plainName(path syntax.AttrPath) (string, bool) {
	if path.NumChildren() != 1 {
		return "", false
	}
	id, ok := path.Child(0).AsIdent()
	if !ok {
		return "", false
	}
	return id.Name(), true
}

// replaceItem puts another binding or inherit in the place of n; nil where n
// holds a comment.
func replaceItem(n syntax.Node, text string) []diag.Edit {
	if commentIn(n.File(), n.Span()) {
		return nil
	}
	return []diag.Edit{{Span: n.Span(), New: text}}
}
