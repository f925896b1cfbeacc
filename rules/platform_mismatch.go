package rules

import (
	"fmt"
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/lint"
	"nixgen/outline"
)

var platformMismatch = &lint.Rule{
	ID: "platform-mismatch", Severity: diag.Warning, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "something for another platform than the host's",
		Why: `A host reads a file that is named for another platform, imports an input's
module of another class, or says that its own platform is another one than
hosts.toml does.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- hosts/mac/default.nix --
{ inputs, ... }: { imports = [ inputs.sops-nix.nixosModules.sops ]; }
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- hosts/mac/default.nix --
{ inputs, ... }: { imports = [ inputs.sops-nix.darwinModules.sops ]; }
`,
	},
	Run: func(p *lint.Pass) {
		classMismatch(p)
		fileMismatch(p)
		for _, m := range p.Host.Modules {
			if m.Class != lint.Home && m.Reach == outline.True {
				systemMismatch(p, m)
			}
		}
	},
}

var classOutputs = map[string]lint.Class{
	"nixosModules": lint.NixOS, "nixosModule": lint.NixOS, "darwinModules": lint.Darwin,
	"homeManagerModules": lint.Home, "homeModules": lint.Home, "homeManagerModule": lint.Home,
}

func classMismatch(p *lint.Pass) {
	for _, e := range p.Host.Foreign {
		parts := strings.Split(e.Path, ".")
		if len(parts) < 3 || parts[0] != "inputs" || e.Reach != outline.True || e.File == "" {
			continue
		}
		class, ok := classOutputs[parts[2]]
		if !ok || class == e.Class || saysClass(strings.Join(parts[3:], "."), e.Class) || !oneClass(parts[1]) {
			continue
		}
		p.Warning(diag.Diagnostic{
			File: e.File, Span: e.At,
			Message: fmt.Sprintf("`%s` is a %s module, and this is %s", e.Path, className(class), className(e.Class)),
			Why:     "its options and those it sets may not exist here",
		})
	}
}

// oneClass: inputs whose modules are known to serve the class that their output
// names, and no other. Others may hand out one module for several.
func oneClass(input string) bool {
	input = strings.ToLower(input)
	for _, word := range []string{
		"home-manager", "sops", "disko", "impermanence", "preservation", "lanzaboote", "hardware", "stylix", "wsl",
		"nixvim", "nvf", "nix-index", "homebrew", "determinate", "microvm", "generators", "mailserver", "hyprland", "plasma",
		"nix-minecraft", "chaotic", "jovian", "nix-gaming", "catppuccin", "vscode-server", "flatpak", "niri", "cosmic", "nixvirt",
	} {
		if strings.Contains(input, word) {
			return true
		}
	}
	return false
}

// saysClass: some flakes hand out every module under nixosModules, and tell
// them apart by name (nixos-vscode-server: nixosModules.home).
func saysClass(name string, c lint.Class) bool {
	name = strings.ToLower(name)
	switch c {
	case lint.Home:
		return strings.Contains(name, "home") || strings.Contains(name, "hm") || strings.Contains(name, "user")
	case lint.Darwin:
		return strings.Contains(name, "darwin") || strings.Contains(name, "mac")
	}
	return strings.Contains(name, "nixos") || strings.Contains(name, "system")
}

func fileMismatch(p *lint.Pass) {
	for _, e := range p.Host.Edges {
		to, ok := p.Work.Inventory.File(e.To)
		if !ok || to.Platform == "" || e.Reach != outline.True || to.Platform == fleet.Home || e.Class == lint.FlakeParts {
			continue
		}
		if e.Class == lint.Home && to.User == "" || to.Platform == p.Host.Platform {
			continue
		}
		if p.Host.Platform == fleet.Home {
			continue
		}
		p.Warning(diag.Diagnostic{
			File: e.From, Span: e.At, Chain: e.Parent.Chain(),
			Message: fmt.Sprintf("`%s` is for %s by its name, and this host is %s", e.To, className(lint.Class(to.Platform)), className(lint.Class(p.Host.Platform))),
		})
	}
}

// systemMismatch compares nixpkgs.hostPlatform with hosts.toml.
func systemMismatch(p *lint.Pass, m *lint.Module) {
	for _, d := range m.Out.Defs {
		if d.Name.Text != "nixpkgs" {
			continue
		}
		for _, k := range d.Kids {
			if k.Name.Text != "hostPlatform" && k.Name.Text != "system" {
				continue
			}
			for _, l := range k.Leaves {
				sys, ok := outline.AsString(m.In.Value(l.X, l.Scope))
				if !ok || sys == p.Host.System || m.Truth(d.Guards).And(m.Truth(k.Guards)).And(m.Truth(l.Guards)) != outline.True {
					continue
				}
				p.Warning(diag.Diagnostic{
					File: m.Path, Span: l.X.Span(), Chain: m.Chain(),
					Message: fmt.Sprintf("the platform is `%s` here and `%s` in hosts.toml", sys, p.Host.System),
				})
			}
		}
	}
}
