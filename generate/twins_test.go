package generate

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"nixgen/internal/realnix"
)

// configurations are one of each kind, in the samples of open.
var configurations = map[string]struct{ sample, expr string }{
	"nixos":  {"small", "fleet.nixosConfigurations.malphas"},
	"darwin": {"small", "fleet.darwinConfigurations.macbook"},
	"home":   {"home", `fleet.homeConfigurations."tim@work"`},
}

// TestHostSpecIsReadOnly adds one module to a configuration of each kind. The
// module of the last row is right, so the others fail for what they say.
func TestHostSpecIsReadOnly(t *testing.T) {
	for kind, c := range configurations {
		t.Run(kind, func(t *testing.T) {
			f := open(t, c.sample)
			for _, twin := range []struct{ module, says string }{
				{`{ hostSpec.hostName = "other"; }`, "read-only"},
				{`{ lib, ... }: { hostSpec.hostName = lib.mkForce "other"; }`, "read-only"},
				{`{ hostSpec.isServer = true; }`, "read-only"},
				{`{ hostSpec.hostNmae = "other"; }`, "read-only"},
				{`{ hostSpec, ... }: { warnings = [ hostSpec.hostNmae ]; }`, "hostNmae"},
				{`{ hostSpec, config, ... }: { warnings = if hostSpec == config.hostSpec then [ ] else throw "differs"; }`, ""},
			} {
				expr := "let c = extend (" + c.expr + ") (" + twin.module + "); in builtins.deepSeq (complaints c) true"
				f.Twin(t, twin.module, expr, twin.says)
			}
		})
	}
}

// TestSpecIsTyped changes the facts of a host behind nixgen's back.
func TestSpecIsTyped(t *testing.T) {
	for kind, c := range configurations {
		t.Run(kind, func(t *testing.T) {
			k := realnix.Upstream(t)
			for _, twin := range []struct{ from, to, says string }{
				{"wireless = false;", `wireless = "no";`, "wireless"},
				{"isLaptop = false;", "isLaptop = null;", "isLaptop"},
				{"wireless = false;", "wireless = false;\n  wirelss = true;", "wirelss"},
				{"users = [", "users = [\n    7", "users"},
				{"hostName = ", "# hostName = ", "hostName"},
				{"wireless = false;", "wireless = true;", ""},
			} {
				root := load(t, archive(t, c.sample)).writeWith(t, "spec.nix", twin.from, twin.to)
				f, err := k.Fleet(root, filepath.Join(root, "generated"), sampleInputs)
				if err != nil {
					t.Fatal(err)
				}
				f.Twin(t, twin.to, "let c = "+c.expr+"; in builtins.deepSeq (complaints c) true", twin.says)
			}
		})
	}
}

// writeWith is write with one change to every generated file of a base name,
// which must occur in at least one.
func (s *sample) writeWith(t *testing.T, base, from, to string) string {
	t.Helper()
	root := s.write(t)
	n := 0
	for _, f := range s.files(t) {
		if filepath.Base(f.Path) == base && bytes.Contains(f.Content, []byte(from)) {
			writeFile(t, filepath.Join(root, f.Path), bytes.Replace(f.Content, []byte(from), []byte(to), 1))
			n++
		}
	}
	if n == 0 {
		t.Fatalf("no %s holds %q", base, from)
	}
	return root
}

// TestUpstreamTypesJudge shows that the evaluation forces what it is given: one
// wrong value each makes it fail.
func TestUpstreamTypesJudge(t *testing.T) {
	opened := samples{t: t}
	for _, c := range []struct{ sample, expr, module string }{
		{"small", "fleet.darwinConfigurations.macbook", `{ system.defaults.dock.autohide = "yes"; }`},
		{"small", "fleet.darwinConfigurations.macbook", `{ users.users.tim.extraGroups = [ "wheel" ]; }`},
		{"small", "fleet.darwinConfigurations.macbook", `{ networking.hostName = "other"; }`},
		{"small", "fleet.darwinConfigurations.macbook", `{ system.stateVersion = "25.11"; }`},
		{"home", `fleet.homeConfigurations."tim@work"`, `{ home.username = 7; }`},
	} {
		f := opened.get(c.sample)
		if _, err := f.EvalFails("drvPath (extend (" + c.expr + ") (" + c.module + "))"); err != nil {
			t.Errorf("%s: %v", c.module, err)
		}
	}
}

// TestScalarsCanBeOverridden sets, without force, what is a default, and what
// is not.
func TestScalarsCanBeOverridden(t *testing.T) {
	opened := samples{t: t}
	nixos, mac := "fleet.nixosConfigurations.malphas", "fleet.darwinConfigurations.studio"
	for _, c := range []struct{ sample, expr, module, read, want string }{
		{"nixos", nixos, `{ time.timeZone = "UTC"; }`, "c.config.time.timeZone", "UTC"},
		{"nixos", nixos, `{ i18n.defaultLocale = "C.UTF-8"; }`, "c.config.i18n.defaultLocale", "C.UTF-8"},
		{"nixos", nixos, `{ console.keyMap = "us"; }`, "c.config.console.keyMap", "us"},
		{"nixos", nixos, `{ pkgs, ... }: { users.users.tim.shell = pkgs.fish; }`, "c.config.users.users.tim.shell.name", "fish"},
		{"nixos", nixos, `{ lib, pkgs, ... }: { users.users.tim.shell = lib.mkDefault pkgs.bash; }`, "c.config.users.users.tim.shell.name", "zsh"},
		{"nixos", nixos, `{ networking.hostName = "other"; }`, "c.config.networking.hostName", ""},
		{"nixos", nixos, `{ system.stateVersion = "24.05"; }`, "c.config.system.stateVersion", ""},
		{"mac", mac, `{ time.timeZone = "UTC"; }`, "c.config.time.timeZone", "UTC"},
		{"mac", mac, `{ networking.domain = "lan"; }`, "c.config.networking.domain", "lan"},
	} {
		f := opened.get(c.sample)
		var got string
		err := f.Eval(&got, "let c = extend ("+c.expr+") ("+c.module+"); in "+c.read)
		if (err != nil) != (c.want == "") || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.module, got, err, c.want)
		}
	}
}

func TestHomes(t *testing.T) {
	f := open(t, "home")
	noComplaints(t, f, `fleet.homeConfigurations."tim@work"`)
	noComplaints(t, f, `fleet.homeConfigurations."tim@studio"`)
	assertValues(t, f, `fleet.homeConfigurations."tim@work"`, "testdata/values/work.json")
	assertValues(t, f, `fleet.homeConfigurations."tim@studio"`, "testdata/values/home-studio.json")
}

func TestNixOS(t *testing.T) {
	f := open(t, "nixos")
	for _, h := range []string{"malphas", "vault", "beacon"} {
		noComplaints(t, f, "fleet.nixosConfigurations."+h)
		assertValues(t, f, "fleet.nixosConfigurations."+h, "testdata/values/"+h+".json")
	}
}

// TestChecksOfNixOS asks for the checks of a fleet without Macs.
func TestChecksOfNixOS(t *testing.T) {
	f := open(t, "nixos")
	var got map[string]map[string]string
	if err := f.Eval(&got, `builtins.mapAttrs (_: builtins.mapAttrs (_: c: c.drvPath)) fleet.checks`); err != nil {
		t.Fatal(err)
	}
	// a host on another nixpkgs needs no input of the usual name
	var id string
	other := `(import (inputs.self.outPath + "/generated") (removeAttrs inputs [ "nixpkgs" ])).nixosConfigurations.vault.config.networking.hostId`
	if err := f.Eval(&id, other); err != nil || id != "8425e349" {
		t.Errorf("without the input nixpkgs: %q, %v", id, err)
	}
	for _, system := range []string{"x86_64-linux", "aarch64-darwin"} {
		for _, h := range []string{"malphas", "vault", "beacon"} {
			if !strings.HasSuffix(got[system]["eval-"+h], "-eval-"+h+".drv") {
				t.Errorf("checks.%s.eval-%s is %q", system, h, got[system]["eval-"+h])
			}
		}
	}
}

// TestWiring asks what a flake gets.
func TestWiring(t *testing.T) {
	f := open(t, "mac")
	for _, c := range []struct{ name, expr string }{
		{"no other output", `builtins.attrNames fleet == [ "apps" "checks" "darwinConfigurations" "homeConfigurations" "legacyPackages" "nixosConfigurations" ]`},
		{"a check for every host", `builtins.mapAttrs (_: builtins.attrNames) fleet.checks == { x86_64-linux = [ "eval-air" "eval-studio" ]; }`},
		{"a check is a derivation of the asking system", `fleet.checks.x86_64-linux.eval-air.system == "x86_64-linux"`},
		{"a check holds the host and builds nothing of it", `
			let check = fleet.checks.x86_64-linux.eval-air; in
			check.drvPaths == [ (drvPath fleet.darwinConfigurations.air) ]
			&& builtins.all (p: !builtins.hasContext p) check.drvPaths && builtins.isString check.drvPath`},
		{"builds by system", `drvPath { system = fleet.legacyPackages.aarch64-darwin.fleet.air; } == drvPath fleet.darwinConfigurations.air`},
		{"inputs reach modules", `(extend fleet.darwinConfigurations.air ({ inputs, ... }: { environment.variables.X = inputs.nixpkgs.rev; })).config.environment.variables.X == inputs.nixpkgs.rev`},
		{"the long form adds arguments and modules", `
			let more = import ` + "(inputs.self.outPath + \"/generated\")" + ` {
				inherit inputs;
				specialArgs = { colour = "red"; wallpaper = "sky"; };
				modules = [ ({ colour, ... }: { environment.variables.COLOUR = colour; }) ];
			}; in
			more.darwinConfigurations.studio.config.environment.variables.COLOUR == "red"
			&& more.darwinConfigurations.studio.config.home-manager.users.tim.home.sessionVariables.WALLPAPER == "sky"`},
	} {
		var got bool
		if err := f.Eval(&got, c.expr); err != nil || !got {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

// deployTools are stand-ins for colmena and deploy-rs that give back what they
// are given.
const deployTools = `known: (` + sampleInputs + `) known // {
  colmena.lib.makeHive = hive: hive;
  deploy-rs.lib = known.nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ] (system: {
    activate.nixos = c: "nixos ${system} ${c.config.networking.hostName}";
    activate.darwin = c: "darwin ${system} ${c.config.networking.hostName}";
  });
}`

// TestDeployment asks for the outputs of deployment tools.
func TestDeployment(t *testing.T) {
	k := realnix.Upstream(t)
	for sample, want := range map[string]string{
		"nixos": `
		hive.vault.deployment == { targetHost = "192.168.178.10"; targetUser = "deploy"; targetPort = 2222; tags = [ "canary" ]; buildOnTarget = true; }
		&& hive.malphas.deployment == { targetHost = "malphas"; targetUser = "root"; targetPort = null; tags = [ "desk" ]; buildOnTarget = false; }
		&& builtins.attrNames hive == [ "beacon" "malphas" "meta" "vault" ]
		&& hive.meta.nodeSpecialArgs.malphas.hostSpec.gpu == "amd" && hive.meta.nodeSpecialArgs.malphas.theme == "dark"
		&& hive.meta.nodeNixpkgs.beacon.stdenv.hostPlatform.system == "aarch64-linux"
		&& nodes.vault == {
			hostname = "192.168.178.10"; sshUser = "deploy"; sshOpts = [ "-p2222" ]; remoteBuild = true;
			profiles.system = { user = "root"; path = "nixos x86_64-linux vault"; };
		}
		&& (inputs.nixpkgs.lib.nixosSystem {
			specialArgs = hive.meta.nodeSpecialArgs.vault;
			modules = hive.vault.imports;
		}).config.networking.hostId == "8425e349"`,
		"mac": `builtins.attrNames hive == [ "meta" ] && nodes.air.profiles.system.path == "darwin aarch64-darwin air"`,
	} {
		root := load(t, archive(t, sample)).write(t)
		f, err := k.Fleet(root, filepath.Join(root, "generated"), deployTools)
		if err != nil {
			t.Fatal(err)
		}
		var got bool
		if err := f.Eval(&got, "let hive = fleet.colmenaHive; inherit (fleet.deploy) nodes; in "+want); err != nil || !got {
			t.Errorf("%s: %v, %v", sample, got, err)
		}
	}
}

// TestMissingInputIsNamed takes one input away at a time.
func TestMissingInputIsNamed(t *testing.T) {
	opened := samples{t: t}
	for _, c := range []struct{ sample, gone, expr, says string }{
		{"mac", "nix-darwin", "darwinConfigurations.air.system", "hosts.toml needs the flake input `nix-darwin` (hosts.air)"},
		{"mac", "nix-darwin", "darwinConfigurations.air.system", `inputs.nix-darwin.url = "github:nix-darwin/nix-darwin";`},
		{"mac", "home-manager", "darwinConfigurations.studio.system", "`home-manager` (hosts.studio.homeStateVersion)"},
		{"mac", "nixvim", "darwinConfigurations.studio.config.home-manager.users.tim.marks", "`nixvim` (hosts.studio.home.tim.modules[0])"},
		{"mac", "tools", "darwinConfigurations.studio.pkgs.answer", "`tools` (nixpkgs.overlays)"},
		{"mac", "nixpkgs-unstable", "darwinConfigurations.studio.pkgs.unstable.hello", "`nixpkgs-unstable` (nixpkgs.channels.unstable)"},
		{"nixos", "disko", "nixosConfigurations.vault.config.fileSystems", "`disko` (hosts.vault.disks)"},
		{"nixos", "nixpkgs-stable", "nixosConfigurations.vault.config.fileSystems", "`nixpkgs-stable` (hosts.vault)"},
		{"nixos", "nixpkgs", "nixosConfigurations.malphas.config.system.stateVersion", "`nixpkgs` (hosts.malphas)"},
		{"home", "home-manager", `homeConfigurations."tim@work".config`, "`home-manager` (hosts.work)"},
	} {
		f := opened.get(c.sample)
		f.Twin(t, "without "+c.gone, `(import (inputs.self.outPath + "/generated") (removeAttrs inputs [ "`+c.gone+`" ])).`+c.expr, c.says)
	}
}

// TestAbsentAttributeIsNamed asks an input for a module that it does not have.
func TestAbsentAttributeIsNamed(t *testing.T) {
	a := archive(t, "small")
	src := bytes.Replace(a.Files[0].Data, []byte("stateVersion = 6"), []byte("stateVersion = 6\nmodules = [\"home-manager.darwinModules.hm\"]"), 1)
	k := realnix.Upstream(t)
	root := load(t, &txtar.Archive{Files: []txtar.File{{Name: "hosts.toml", Data: src}}}).write(t)
	f, err := k.Fleet(root, filepath.Join(root, "generated"), "")
	if err != nil {
		t.Fatal(err)
	}
	said, err := f.EvalFails("fleet.darwinConfigurations.macbook.system")
	if err != nil || !strings.Contains(said, "`home-manager.darwinModules.hm` (hosts.macbook.modules[0]), but there is no `hm`") {
		t.Errorf("%v:\n%s", err, said)
	}
}
