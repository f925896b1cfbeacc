package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var duplicateAttribute = &lint.Rule{
	ID: "duplicate-attribute", Severity: diag.Error, Scope: lint.FileScope, Always: true,
	Doc: lint.Doc{
		Summary: "an attribute or argument that is given twice",
		Why: `Sets written in parts are merged (` + "`a.b = 1; a.c = 2;`" + `), but a value cannot be
given twice: Nix refuses the file before it evaluates anything.`,
		Bad:  "{ a = 1; a = 2; }\n",
		Good: "{ a.b = 1; a.c = 2; }\n",
	},
	Run: func(p *lint.Pass) { parseErrors(p, syntax.RuleDuplicateAttribute) },
}
