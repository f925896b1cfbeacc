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
		dead := deadNames(p, func(b syntax.Name) bool { return b.Kind() == syntax.FormalName })
		if len(dead) == 0 {
			return
		}
		whole := wholeArguments(p.File.Syntax().Names())
		for _, b := range dead {
			if whole[b.Scope()] {
				continue
			}
			fn, _ := b.Scope().AsLambda()
			pattern, _ := fn.Pattern()
			var edits []diag.Edit
			if pattern.Ellipsis() {
				edits = removeFormal(decl(b))
			}
			reportUnused(p, b, "argument", edits)
		}
	},
}

// wholeArguments are the functions args@{ … }: with a use of args.
func wholeArguments(names *syntax.Names) map[syntax.Node]bool {
	used := map[syntax.Node]bool{}
	for b := range names.All() {
		if b.Kind() == syntax.AtName && b.NumUses() > 0 {
			used[b.Scope()] = true
		}
	}
	return used
}
