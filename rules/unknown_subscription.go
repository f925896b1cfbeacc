package rules

import (
	"fmt"
	"slices"

	"nixgen/diag"
	"nixgen/layout"
	"nixgen/lint"
)

var unknownSubscription = &lint.Rule{
	ID: "unknown-subscription", Severity: diag.Warning, Scope: lint.FleetScope,
	Doc: lint.Doc{
		Summary: "a subscription that gives its hosts nothing",
		Why: `A role subscribes to a module that exists, but has no file for the platform of
any host with that role. (A subscription to a module that does not exist is an
error of hosts.toml itself.)`,
		Bad: `-- hosts.toml --
[roles.desk]
optIn = ["dock"]
[hosts.box]
system = "x86_64-linux"
stateVersion = "25.11"
roles = ["desk"]
-- modules/opt-in/dock/darwin.nix --
{ }
`,
		Good: `-- hosts.toml --
[roles.desk]
optIn = ["dock"]
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
roles = ["desk"]
-- modules/opt-in/dock/darwin.nix --
{ }
`,
	},
	Run: func(p *lint.Pass) {
		if p.Work.Fleet == nil || p.Work.Inventory == nil {
			return
		}
		for _, r := range p.Work.Fleet.Roles {
			for _, name := range r.OptIn {
				t, ok := p.Work.Inventory.Topic(layout.OptIn, "", name)
				if !ok || len(r.Hosts) == 0 {
					continue
				}
				if !slices.ContainsFunc(r.Hosts, func(h string) bool {
					host := p.Work.Fleet.Host(h)
					return host != nil && len(t.For(host.Platform)) > 0
				}) {
					p.Warning(diag.Diagnostic{
						File: p.Work.Fleet.File, Span: r.Span,
						Message: fmt.Sprintf("the module `%s` of role `%s` has nothing for the platform of any host with that role", name, r.Name),
					})
				}
			}
		}
	},
}
