package rules

import (
	"slices"
	"testing"

	"nixgen/diag"
	"nixgen/lint/linttest"
)

// TestTrees: near misses that need a tree of their own, each beside its twin.
func TestTrees(t *testing.T) {
	empty := "# {\n#   a = 1;\n# }\n"
	module := "{ inputs, ... }: { imports = [ inputs.disko.nixosModules.disko ]; }\n"
	nixos := func(flake, host string) map[string]string {
		return map[string]string{
			"hosts.toml": "[hosts.box]\nsystem = \"x86_64-linux\"\nstateVersion = \"25.11\"\n",
			"flake.nix":  "{ outputs = { self, x, ... }@inputs: { " + flake + " }; }", "hosts/box/default.nix": "{ inputs, ... }: { " + host + " }",
			"modules/opt-in/desk.nix": "{ }",
		}
	}
	mac := func(locked string, name string) map[string]string {
		return map[string]string{
			"hosts.toml":            "[hosts.mac]\nsystem = \"aarch64-darwin\"\nstateVersion = 6\n",
			"flake.nix":             "{ inputs.nix-darwin.url = \"github:nix-darwin/nix-darwin\"; outputs = { nix-darwin, ... }: { }; }",
			"flake.lock":            `{ "nodes": { "nix-darwin": { "locked": { "type": "github", "owner": "nix-darwin", "repo": "nix-darwin", "lastModified": ` + locked + ` } }, "root": { "inputs": { "nix-darwin": "nix-darwin" } } }, "root": "root", "version": 7 }`,
			"hosts/mac/default.nix": "{ " + name + ".enable = true; }",
		}
	}
	for _, c := range []struct {
		name, rule string
		files      map[string]string
		want       int
	}{
		{"an empty file that is imported", "syntax-error", map[string]string{"x.nix": "{ imports = [ ./off ]; }", "off/default.nix": empty}, 1},
		{"an empty file whose import is commented out", "syntax-error", map[string]string{"x.nix": "{ imports = [ /* ./off */ ]; }", "off/default.nix": empty}, 0},
		{"an empty file that nothing names", "syntax-error", map[string]string{"x.nix": "{ imports = [ ./on ]; }", "off/default.nix": empty}, 0},
		{"a flake with inputs", "undeclared-input", map[string]string{"flake.nix": "{ inputs.a.url = \"a\"; outputs = { a, ... }@inputs: { }; }", "x.nix": module}, 1},
		{"inputs that do not come from the flake", "undeclared-input", map[string]string{"flake.nix": "{ outputs = _: import ./. { }; }", "x.nix": module}, 0},
		{"an input of the tree's own", "undeclared-input", map[string]string{"flake.nix": "{ inputs.a.url = \"a\"; outputs = { a, self, ... }@all: let inputs = all // { disko = self; }; in { }; }", "x.nix": module}, 0},
		{"a program that nix-darwin may have got", "undeclared-option", mac("2000000000", "programs.nh"), 0},
		{"a program that it has not", "undeclared-option", mac("1760000000", "programs.nh"), 1},
		{"a program that nobody adds to it", "undeclared-option", mac("2000000000", "services.flatpak"), 1},
		{"a registry that is known", "unsubscribed-module", nixos("mods.a = ./hosts/box/a.nix;", "imports = [ inputs.self.mods.a ];"), 1},
		{"a registry that may have more", "unsubscribed-module", nixos("mods = x.find ./modules // { a = 1; };", "imports = [ inputs.self.mods.desk ];"), 0},
		{"a module of some input", "undeclared-option", nixos("", "imports = [ inputs.other.nixosModules.x ]; home.files.a.text = \"\";"), 1},
		{"a module that makes homes", "undeclared-option", nixos("", "imports = [ inputs.nix-home.nixosModules.x ]; home.files.a.text = \"\";"), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := slices.DeleteFunc(linttest.Find(t, All, c.rule, c.files), func(d diag.Diagnostic) bool {
				return c.rule == "undeclared-option" && d.Severity != diag.Error
			})
			if len(got) != c.want {
				t.Errorf("%d findings, want %d: %v", len(got), c.want, got)
			}
		})
	}
}
