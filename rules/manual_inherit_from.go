package rules

import (
	"nixgen/lint"
	"nixgen/syntax"
)

var manualInheritFrom = &lint.Rule{
	ID: "manual-inherit-from",
	Doc: lint.Doc{
		Summary: "`a = x.a;` for `inherit (x) a;`",
		Why:     "There is a word for it. A default, `a = x.a or d;`, has no such form and is left alone.",
		Bad:     "x: { a = x.a; }\n",
		Good:    "x: { inherit (x) a; b = x.b or 1; }\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindBinding, func(n syntax.Node) { checkInheritFrom(p, n) })
	},
}

func checkInheritFrom(p *lint.Pass, n syntax.Node) {
	b, _ := n.AsBinding()
	sel, ok := b.Value().AsSelect()
	if !ok {
		return
	}
	id, ok := plainName(b.Path())
	if !ok {
		return
	}
	if _, hasDefault := sel.Default(); hasDefault {
		return
	}
	if attr, ok := plainName(sel.Path()); !ok || !attr.Same(id) {
		return
	}
	name := id.Name()
	from := sel.Target().Unparen().Text()
	at(p, n, "`"+name+" = "+sel.Text()+"` is `inherit ("+from+") "+name+"`", "use `inherit`",
		replaceItem(n, "inherit ("+from+") "+name+";"))
}
