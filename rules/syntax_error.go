package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var syntaxError = &lint.Rule{
	ID: "syntax-error", Severity: diag.Error, Scope: lint.FileScope, Always: true,
	Doc: lint.Doc{
		Summary: "the file is not Nix",
		Why:     "Nix refuses the file before it evaluates anything.",
		Bad:     "{ a = 1 }\n",
		Good:    "{ a = 1; }\n",
	},
	Run: func(p *lint.Pass) { parseErrors(p, syntax.RuleSyntaxError) },
}

func parseErrors(p *lint.Pass, id string) {
	for _, d := range p.File.Syntax().Errors() {
		if d.Rule == id {
			d.File, d.Severity = p.File.Path, diag.Error
			p.Report(d)
		}
	}
}
