package rules

import (
	"fmt"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var configDependentStructure = &lint.Rule{
	ID: "config-dependent-structure", Severity: diag.Error, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "names or imports that depend on config or pkgs: infinite recursion",
		Why: `To know config, the module system must know which names each module defines and
what it imports. Where those depend on config, or on pkgs (which is made from
config), it asks for itself and recurses infinitely: in ` + "`imports`" + `, and in
` + "`optionalAttrs`, `//`, `if` and computed names" + ` at the root of a module or directly
below ` + "`config`" + `. Use ` + "`mkIf`" + `, which keeps the names, or decide by a special argument
such as hostSpec, which is known before.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{ lib, pkgs, ... }:
lib.optionalAttrs pkgs.stdenv.isDarwin {
  homebrew.enable = true;
}
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{ lib, hostSpec, ... }:
lib.optionalAttrs hostSpec.isDarwin {
  homebrew.enable = true;
}
`,
	},
	Run: func(p *lint.Pass) {
		for _, m := range p.Host.Modules {
			if m.Reach == outline.True && !m.Inside && m.Class != lint.FlakeParts {
				structure(p, m)
			}
		}
	},
}

func structure(p *lint.Pass, m *lint.Module) {
	if len(m.Out.Structure) == 0 && len(m.Out.Imports) == 0 && len(m.Out.Defs) == 0 {
		return
	}
	for _, g := range m.Out.Structure {
		if on := p.Host.Needs(m, g.Cond, g.Scope, false); on != "" {
			reportStructure(p, m, g.Scope, g.At, fmt.Sprintf("the names that this module defines depend on `%s`: infinite recursion", on))
		}
	}
	for _, i := range m.Out.Imports {
		if m.Truth(i.Guards) != outline.True {
			continue
		}
		if on := p.Host.Needs(m, i.X, i.Scope, true); on != "" {
			reportStructure(p, m, i.Scope, i.X.Span(), fmt.Sprintf("the imports depend on `%s`: infinite recursion", on))
		}
	}
	for _, d := range m.Out.Defs {
		if d.Name.Text == "nixpkgs" && d.Name.X == nil && m.Class != lint.Home {
			nixpkgsStructure(p, m, d)
		}
	}
}

// nixpkgsStructure: pkgs is made from nixpkgs.*, so that there the names below
// it count as well.
func nixpkgsStructure(p *lint.Pass, m *lint.Module, d *outline.Def) {
	seen := map[*outline.Guard]bool{}
	for _, k := range d.Kids {
		for _, g := range k.Guards {
			if g.Kind != outline.Structural || g.Cond == nil || seen[g] {
				continue
			}
			seen[g] = true
			if on := p.Host.Needs(m, g.Cond, g.Scope, false); on == "pkgs" {
				reportStructure(p, m, g.Scope, g.At, "the names below `nixpkgs` depend on `pkgs`, which is made from them: infinite recursion")
			}
		}
	}
}

func reportStructure(p *lint.Pass, m *lint.Module, sc *outline.Scope, at diag.Span, msg string) {
	file := m.Path
	if f := sc.File(); f != nil {
		file = f.Path
	}
	p.Error(diag.Diagnostic{
		File: file, Span: at, Message: msg, Chain: m.Chain(),
		Why: "decide by a special argument such as `hostSpec`, or use `mkIf`, which keeps the names",
	})
}
