package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/layout"
	"nixgen/lint"
)

var tierImport = &lint.Rule{
	ID: "tier-import", Severity: diag.Warning, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "an import that points up the tiers",
		Why: `Common modules apply to every host, opt-in ones to those that subscribe, host
modules to one. A common module that imports an opt-in one subscribes every
host to it behind their backs; one that reaches into a host's folder drags
that machine's facts everywhere; a host that reads another host's files
changes with it. Subscribe in hosts.toml, or move what is shared down.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{ imports = [ ../opt-in/games.nix ]; }
-- modules/opt-in/games.nix --
{ }
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
optIn = ["games"]
-- modules/common/base.nix --
{ }
-- modules/opt-in/games.nix --
{ }
`,
	},
	Run: func(p *lint.Pass) {
		for _, e := range p.Host.Edges {
			if msg := upward(p, e); msg != "" {
				p.Warning(diag.Diagnostic{
					File: e.From, Span: e.At, Message: msg, Chain: e.Parent.Chain(),
					Why: "nothing points up: common uses common, opt-in uses common and opt-in, a host everything but another host",
				})
			}
		}
	},
}

// upward says what is wrong with an import between two tiers.
func upward(p *lint.Pass, e lint.Edge) string {
	inv := p.Work.Inventory
	from, ok := inv.File(e.From)
	to, ok2 := inv.File(e.To)
	if s := p.Work.Source(e.From); s != nil && s.Module() != nil && s.Module().Function {
		return "" // a function that makes hosts, and imports what it is given
	}
	if !ok || !ok2 || from.User != to.User && to.User != "" && from.User != "" {
		return ""
	}
	if to.Tier == layout.Host && to.Host != "" && p.Work.Fleet.Host(to.Host) == nil {
		return "" // a folder beside those of the hosts
	}
	if from.Tier == layout.Host && from.Host != "" && p.Work.Fleet.Host(from.Host) == nil {
		return "" // hosts/default.nix that picks one of them
	}
	if to.Tier == layout.Host && from.Tier == layout.Host {
		if from.Host != to.Host && from.Host != "" && to.Host != "" {
			return fmt.Sprintf("host `%s` imports `%s` of host `%s`", from.Host, e.To, to.Host)
		}
		return ""
	}
	switch from.Tier {
	case layout.Library, layout.Common:
		if to.Tier == layout.OptIn || to.Tier == layout.Group || to.Tier == layout.Host && from.User == to.User {
			return fmt.Sprintf("the %s module imports the %s module `%s`", from.Tier, to.Tier, e.To)
		}
	case layout.OptIn:
		if to.Tier == layout.Host && from.User == to.User && stem(e.From) != to.Host {
			return fmt.Sprintf("the opt-in module imports `%s` of host `%s`", e.To, to.Host)
		}
	case layout.Group:
		if to.Tier == layout.Host {
			return fmt.Sprintf("the module of group `%s` imports `%s` of host `%s`", from.Group, e.To, to.Host)
		}
	}
	if to.Tier == layout.Group && from.Tier == layout.Host && !member(p, to.Group, from.Host) {
		return fmt.Sprintf("host `%s` imports `%s` of group `%s`, which it is not in", from.Host, e.To, to.Group)
	}
	return ""
}

func member(p *lint.Pass, group, host string) bool {
	for _, g := range p.Work.Fleet.Layout.Groups {
		if g.Name == group {
			return slices.Contains(g.Hosts, host)
		}
	}
	return true
}

// stem is what a module is called: profiles/kiosk.nix that hands on to the
// files of host kiosk is that host's own.
func stem(file string) string {
	return path.Base(strings.TrimSuffix(strings.TrimSuffix(file, ".nix"), "/default"))
}
