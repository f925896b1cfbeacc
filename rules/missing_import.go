package rules

import (
	"fmt"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var missingImport = &lint.Rule{
	ID: "missing-import", Severity: diag.Error, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "an import of a file that does not exist",
		Why: `The path leads to nothing: no file, no folder with a default.nix, or a symlink
without a target. Flakes see only what git tracks, so a file that is ignored
is missing, too.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- hosts/mac/default.nix --
{ imports = [ ./disks.nix ]; }
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- hosts/mac/default.nix --
{ imports = [ ./fonts.nix ]; }
-- hosts/mac/fonts.nix --
{ }
`,
	},
	Run: func(p *lint.Pass) { leadsNowhere(p, false) },
}

var importCaseMismatch = &lint.Rule{
	ID: "import-case-mismatch", Severity: diag.Error, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "an import whose case differs from the file's",
		Why: `On macOS the path finds the file, on Linux and in git it does not: the fleet
builds on the Mac and fails everywhere else.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- hosts/mac/default.nix --
{ imports = [ ./Fonts.nix ]; }
-- hosts/mac/fonts.nix --
{ }
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- hosts/mac/default.nix --
{ imports = [ ./fonts.nix ]; }
-- hosts/mac/fonts.nix --
{ }
`,
	},
	Run: func(p *lint.Pass) { leadsNowhere(p, true) },
}

// leadsNowhere reports imports that are surely followed and lead nowhere.
func leadsNowhere(p *lint.Pass, otherCase bool) {
	for _, m := range p.Host.Missing {
		file, at, reach, from := m.Where()
		if reach != outline.True || file == "" || (m.Actual != "") != otherCase {
			continue
		}
		d := diag.Diagnostic{File: file, Span: at, Message: fmt.Sprintf("`%s` does not exist", m.Path)}
		if otherCase {
			d.Message = fmt.Sprintf("`%s` is written `%s`", m.Path, m.Actual)
			d.Why = "the case matters on Linux and in git"
		}
		if from != nil {
			d.Chain = from.Chain()
		}
		p.Error(d)
	}
}
