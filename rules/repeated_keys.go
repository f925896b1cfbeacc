package rules

import (
	"fmt"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var repeatedKeys = &lint.Rule{
	ID: "repeated-keys",
	Doc: lint.Doc{
		Summary: "a key that begins three bindings or more",
		Why:     "`a.x = 1; a.y = 2; a.z = 3;` reads better as one `a = { … };`. In `rec` sets the names would become visible: left alone.",
		Bad:     "{\n  a.x = 1;\n  a.y = 2;\n  a.z = 3;\n}\n",
		Good:    "{\n  a = {\n    x = 1;\n    y = 2;\n    z = 3;\n  };\n}\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindAttrSet, func(n syntax.Node) {
			if set, _ := n.AsAttrSet(); !set.Rec() {
				checkRepeatedKeys(p, set)
			}
		})
	},
}

func checkRepeatedKeys(p *lint.Pass, set syntax.AttrSet) {
	if !hasPaths(set) {
		return
	}
	seen := map[string][]syntax.AttrPath{}
	var order []string
	for b := range set.Bindings() {
		id, ok := b.Path().Child(0).AsIdent()
		if !ok {
			continue
		}
		if seen[id.Name()] == nil {
			order = append(order, id.Name())
		}
		seen[id.Name()] = append(seen[id.Name()], b.Path())
	}
	for _, name := range order {
		paths := seen[name]
		if len(paths) < 3 || paths[0].NumChildren() < 2 {
			continue
		}
		d := diag.Diagnostic{
			File: p.File.Path, Span: paths[0].Span(), Severity: diag.Warning,
			Message: fmt.Sprintf("`%s` begins %d bindings of this set", name, len(paths)),
		}
		for _, path := range paths[1:] {
			d.Notes = append(d.Notes, diag.Note{Span: path.Span(), Message: "and here"})
		}
		p.Report(d)
	}
}

// hasPaths: three bindings or more, one of a path of several names.
func hasPaths(set syntax.AttrSet) bool {
	n, deep := 0, false
	for b := range set.Bindings() {
		n++
		deep = deep || b.Path().NumChildren() > 1
	}
	return n > 2 && deep
}
