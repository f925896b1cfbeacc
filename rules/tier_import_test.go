package rules

import (
	"testing"

	"nixgen/lint/linttest"
)

// TestDispatcher: a file beside the folders of the hosts that picks one of them
// belongs to no host.
func TestDispatcher(t *testing.T) {
	files := map[string]string{
		"hosts.toml": `[layout]
wiring = "manual"
hosts = "host/{host}"
[hosts.kara]
system = "x86_64-linux"
stateVersion = "25.11"
[hosts.thor]
system = "x86_64-linux"
stateVersion = "25.11"
`,
		"flake.nix": `{
  outputs = { nixpkgs, ... }: {
    nixosConfigurations.kara = nixpkgs.lib.nixosSystem { specialArgs.name = "kara"; modules = [ ./host ]; };
    nixosConfigurations.thor = nixpkgs.lib.nixosSystem { specialArgs.name = "thor"; modules = [ ./host ]; };
  };
}
`,
		"host/default.nix":   `{ name, ... }: { imports = [ (./. + "/${name}/boot.nix") ./${name}/extra.nix ]; }`,
		"host/kara/boot.nix": `{ }`, "host/kara/extra.nix": `{ }`,
		"host/thor/boot.nix": `{ }`, "host/thor/extra.nix": `{ imports = [ ../kara/boot.nix ]; }`,
	}
	ds := linttest.Find(t, All, "tier-import", files)
	if len(ds) != 1 || ds[0].File != "host/thor/extra.nix" {
		t.Errorf("found %v, want host/thor/extra.nix alone", ds)
	}
}
