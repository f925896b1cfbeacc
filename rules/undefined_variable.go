package rules

import (
	"fmt"

	"nixgen/diag"
	"nixgen/lint"
)

var undefinedVariable = &lint.Rule{
	ID: "undefined-variable", Severity: diag.Error, Scope: lint.FileScope, Always: true,
	Doc: lint.Doc{
		Summary: "a name that nothing defines",
		Why: `Names are resolved before anything is evaluated: a name that no let, argument,
` + "`rec`" + ` or ` + "`with`" + ` gives makes Nix refuse the whole file.`,
		Bad:  "{ config, ... }:\n{\n  a = lib.mkIf config.b 1;\n}\n",
		Good: "{ config, lib, ... }:\n{\n  a = lib.mkIf config.b 1;\n}\n",
	},
	Run: func(p *lint.Pass) {
		if !p.File.Syntax().OK() {
			return
		}
		for _, n := range p.File.Syntax().Names().Undefined() {
			p.Error(diag.Diagnostic{
				File: p.File.Path, Span: n.Span(), Message: fmt.Sprintf("`%s` is not defined", n.Text()),
				Why: "Nix refuses the file before it evaluates anything",
			})
		}
	},
}
