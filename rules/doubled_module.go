package rules

import (
	"fmt"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var doubledModule = &lint.Rule{
	ID: "doubled-module", Severity: diag.Warning, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "a file that is read once as a path and once as a value",
		Why: `The module system recognises a file that is imported twice by its path.
` + "`import ./x.nix`" + ` gives it a value, which has none: the module then counts twice,
and every list that it defines holds its elements double.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- hosts/mac/default.nix --
{ imports = [ ./fonts.nix (import ./fonts.nix) ]; }
-- hosts/mac/fonts.nix --
{ ... }: { }
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- hosts/mac/default.nix --
{ imports = [ ./fonts.nix ]; }
-- hosts/mac/fonts.nix --
{ ... }: { }
`,
	},
	Run: func(p *lint.Pass) {
		seen := map[string]bool{}
		for _, d := range p.Host.Doubled {
			if d.Class == lint.Home && p.Host.Apart(d.User) {
				continue
			}
			key := string(d.Class) + " " + d.User + " " + d.Path
			first := p.Host.Reads(d.Class, d.User, d.Path)
			again := seen[key]
			seen[key] = true
			if d.Reach != outline.True || d.File == "" || !again && (first == nil || first.Reach != outline.True) {
				continue
			}
			if src := p.Work.Source(d.Path); src != nil && onlyImports(src.Module()) {
				continue
			}
			p.Warning(diag.Diagnostic{
				File: d.File, Span: d.At,
				Message: fmt.Sprintf("`%s` is read as a value and once more: its lists are doubled", d.Path),
				Why:     "only a path is recognised as the same module; write the path without `import`",
			})
		}
	},
}

// onlyImports: what it imports is recognised by its own path.
func onlyImports(m *outline.Module) bool {
	return m != nil && len(m.Imports) > 0 && len(m.Options) == 0 && len(m.Defs) == 0 && len(m.Rest) == 0
}
