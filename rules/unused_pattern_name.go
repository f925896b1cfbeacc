package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var unusedPatternName = &lint.Rule{
	ID: "unused-pattern-name",
	Doc: lint.Doc{
		Summary: "a name of an argument pattern that nothing uses",
		Why: "A module that does not use `pkgs` need not ask for it. Nothing is said where the whole argument is used by its own " +
			"name (`args@{ pkgs, ... }: f args`): the module system passes what the pattern names. Without `...` callers " +
			"may pass it; then there is no fix.",
		Bad:  "{ lib, pkgs, ... }: lib\n",
		Good: "{ lib, ... }: lib\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		var scope syntax.Node // names of one pattern stand together
		var whole, open bool
		for _, b := range deadNames(p, func(b syntax.Name) bool { return b.Kind() == syntax.FormalName }) {
			if b.Scope() != scope {
				scope = b.Scope()
				fn, _ := scope.AsLambda()
				pattern, _ := fn.Pattern()
				whole, open = wholeArgumentUsed(p, fn), pattern.Ellipsis()
			}
			var edits []diag.Edit
			if open {
				edits = removeFormal(decl(b))
			}
			if !whole {
				reportUnused(p, b, "argument", edits)
			}
		}
	},
}

// wholeArgumentUsed is true for args@{ … }: with a use of args.
func wholeArgumentUsed(p *lint.Pass, fn syntax.Lambda) bool {
	pattern, ok := fn.Pattern()
	if !ok {
		return false
	}
	bind, ok := pattern.Bind()
	if !ok {
		return false
	}
	for b := range p.File.Syntax().Names().All() {
		if b.Node() == bind.Node {
			return b.NumUses() > 0
		}
	}
	return false
}
