package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var unusedAtBinding = &lint.Rule{
	ID: "unused-at-binding",
	Doc: lint.Doc{
		Summary: "a name for the whole argument that nothing uses",
		Why:     "`{ lib, ... }@args` promises that `args` matters.",
		Bad:     "{ lib, ... }@args: lib\n",
		Good:    "{ lib, ... }: lib\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		for _, b := range deadNames(p, func(b syntax.Name) bool { return b.Kind() == syntax.AtName }) {
			reportUnused(p, b, "name of the argument", removeAt(b.Node()))
		}
	},
}

// removeAt takes `name@` or `@name` away from a pattern.
func removeAt(name syntax.Node) []diag.Edit {
	pattern, f := name.Parent(), name.File()
	s := name.Span()
	if pattern.Span().Start == s.Start {
		for t := name.First(); t.Valid() && t.Kind() != syntax.TokLBrace; t = t.Next() {
			s.End = t.Span().End
		}
	} else {
		for t := name.First(); t.Valid() && t.Kind() != syntax.TokRBrace; t = t.Prev() {
			s.Start = t.Span().Start
		}
	}
	if commentIn(f, s) {
		return nil
	}
	return []diag.Edit{{Span: s}}
}
