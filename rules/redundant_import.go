package rules

import (
	"fmt"

	"nixgen/diag"
	"nixgen/layout"
	"nixgen/lint"
)

var redundantImport = &lint.Rule{
	ID: "redundant-import", Severity: diag.Info, Scope: lint.HostScope, Style: true,
	Doc: lint.Doc{
		Summary: "an import of a module that every host reads anyway",
		Why: `Common modules and option libraries are imported by the generated host file. To
import one again is harmless, and misleading: it looks as if it were a choice.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{ }
-- hosts/mac/default.nix --
{ imports = [ ../../modules/common/base.nix ]; }
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{ }
-- hosts/mac/default.nix --
{ }
`,
	},
	Run: func(p *lint.Pass) {
		if p.Work.Fleet.Layout.Wiring == "manual" {
			return
		}
		for _, e := range p.Host.Edges {
			to, ok := p.Work.Inventory.File(e.To)
			if !ok || to.Role != layout.Entry || to.Tier != layout.Common && to.Tier != layout.Library {
				continue
			}
			p.Report(diag.Diagnostic{
				File: e.From, Span: e.At, Severity: diag.Info,
				Message: fmt.Sprintf("`%s` is a %s module: every host reads it anyway", e.To, to.Tier),
			})
		}
	},
}
