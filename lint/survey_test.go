package lint_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nixgen/fleet"
	"nixgen/lint"
	"nixgen/lint/linttest"
	"nixgen/outline"
)

// surveyed lists the hosts of a flake: name, output, platform, system, and what
// they read besides flake.nix.
func surveyed(files map[string]string) string {
	var out []string
	for _, h := range lint.Survey(linttest.Tree(files)).Hosts {
		rs := slices.DeleteFunc(reads(h), func(s string) bool { return strings.HasSuffix(strings.TrimSuffix(s, "~"), "flake.nix") })
		out = append(out, strings.TrimRight(fmt.Sprintf("%s(%s) %s %s %s", h.Name, h.Output, h.Platform, h.System, strings.Join(rs, " ")), " "))
	}
	return strings.Join(out, "\n")
}

// TestSurveySystem: where a host says its system.
func TestSurveySystem(t *testing.T) {
	for _, c := range []struct{ name, host, want string }{
		{"argument", `nixosConfigurations.a = nixpkgs.lib.nixosSystem { system = "aarch64-linux"; modules = [ ]; }`, "a(a) nixos aarch64-linux"},
		{"module", `nixosConfigurations.a = nixpkgs.lib.nixosSystem { modules = [ { nixpkgs.hostPlatform = "x86_64-linux"; } ]; }`, "a(a) nixos x86_64-linux"},
		{"elaborate", `nixosConfigurations.a = nixpkgs.lib.nixosSystem { modules = [ { nixpkgs.hostPlatform.system = "x86_64-linux"; } ]; }`, "a(a) nixos x86_64-linux"},
		{"set", `nixosConfigurations.a = nixpkgs.lib.nixosSystem { modules = [ { nixpkgs = { hostPlatform = nixpkgs.lib.mkDefault "riscv64-linux"; }; } ]; }`, "a(a) nixos riscv64-linux"},
		{"packages", `homeConfigurations."x@a" = hm.lib.homeManagerConfiguration { pkgs = nixpkgs.legacyPackages.x86_64-linux; modules = [ ]; }`, "a(x@a) home x86_64-linux"},
		{"module over argument", `nixosConfigurations.a = nixpkgs.lib.nixosSystem { system = "aarch64-linux"; modules = [ { nixpkgs.hostPlatform = "x86_64-linux"; } ]; }`, "a(a) nixos x86_64-linux"},
		{"own packages", `homeConfigurations.x = hm.lib.homeManagerConfiguration { pkgs = import nixpkgs { system = "aarch64-darwin"; }; modules = [ ]; }`, "x(x) home aarch64-darwin"},
		{"its packages", `nixosConfigurations.a = nixpkgs.lib.nixosSystem { pkgs = import nixpkgs { system = "x86_64-linux"; }; modules = [ ]; }`, "a(a) nixos x86_64-linux"},
		{"nothing", `nixosConfigurations.a = nixpkgs.lib.nixosSystem { modules = [ { nixpkgs.hostPlatform = secret; } ]; }`, "a(a) nixos"},
		{"any system", `nixosConfigurations.a = nixpkgs.lib.nixosSystem { system = "z80-linux"; modules = [ ]; }`, "a(a) nixos z80-linux"},
		{"no system", `nixosConfigurations.a = nixpkgs.lib.nixosSystem { system = "Linux"; modules = [ ]; }`, "a(a) nixos"},
		{"decides what is read", `darwinConfigurations.a = d.lib.darwinSystem { modules = [ { nixpkgs.hostPlatform = "aarch64-darwin"; } ({ pkgs, lib, ... }: { imports = lib.optional pkgs.stdenv.isDarwin ./m.nix ++ lib.optional pkgs.stdenv.isLinux ./l.nix; }) ]; }`, "a(a) darwin aarch64-darwin m.nix"},
		{"home of a system", `nixosConfigurations.a = nixpkgs.lib.nixosSystem { system = "x86_64-linux"; modules = [ ]; }; homeConfigurations."x@a" = hm.lib.homeManagerConfiguration { pkgs = 1; modules = [ ./m.nix ]; }`, "a(a) nixos x86_64-linux x:m.nix"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := surveyed(map[string]string{
				"flake.nix": "{ outputs = { nixpkgs, hm, d, secret, ... }: { " + c.host + "; }; }", "m.nix": "{ }", "l.nix": "{ }",
			})
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestSurveyGaps: what cannot be followed is told where it stands.
func TestSurveyGaps(t *testing.T) {
	for _, c := range []struct{ name, outputs, want string }{
		{"output", `nixosConfigurations = magic ./.`, "nixosConfigurations"},
		{"host", `nixosConfigurations.a = magic.make "a"`, `magic.make "a"`},
		{"empty", `nixosConfigurations = { }`, "outputs"},
		{"a set that is open", `nixosConfigurations = { } // magic.x`, "nixosConfigurations"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "{ outputs = { magic, ... }: { " + c.outputs + "; }; }"
			w := lint.Survey(linttest.Tree(map[string]string{"flake.nix": text}))
			gaps := w.Unread
			for _, h := range w.Hosts {
				gaps = append(gaps, h.Gaps...)
			}
			got := ""
			for _, g := range gaps {
				got += text[g.At.Start:g.At.End]
			}
			if got != c.want {
				t.Errorf("got %q, want %q: %v", got, c.want, gaps)
			}
		})
	}
}

// TestDefined: definitions by path, names written and computed, with guards.
func TestDefined(t *testing.T) {
	w := lint.Survey(linttest.Tree(map[string]string{"flake.nix": `{ outputs = { nixpkgs, ... }: { nixosConfigurations.a = nixpkgs.lib.nixosSystem { system = "x86_64-linux"; modules = [ ./m.nix ]; }; }; }`,
		"m.nix": `{ lib, pkgs, config, secret, ... }:
let who = "eve"; in
{
  users.users = lib.mkMerge [
    { ann.isNormalUser = true; }
    { ${who} = { isNormalUser = lib.mkForce false; extraGroups = [ "a" "b" ]; }; }
    (lib.mkIf secret { may.isNormalUser = true; })
    (lib.mkIf pkgs.stdenv.isDarwin { mac.isNormalUser = true; })
  ];
  imports = [
    { users.users.${secret.name}.isNormalUser = true; }
    { users.users.set = { isNormalUser = true; } // lib.optionalAttrs pkgs.stdenv.isLinux { shell = pkgs.zsh; }; }
    { users = builtins.listToAttrs [ { name = "users"; value = { made.isNormalUser = true; }; } ]; }
  ];
}`}))
	h := w.Hosts[0]
	var got []string
	for _, f := range h.Defined("", "users", "users", "*", "isNormalUser") {
		got = append(got, fmt.Sprintf("%s %v %v %d", f.Path[2], f.Value, f.Truth, f.Priority))
	}
	slices.Sort(got)
	want := "ann true yes 100\neve false yes 50\nmade true yes 100\nmay true maybe 100\nset true yes 100"
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
	if fs := h.Defined("", "users", "users", "eve", "extraGroups"); len(fs) != 1 || strings.Join(fs[0].Strings(), " ") != "a b" {
		t.Errorf("extraGroups: %v", fs)
	}
	if fs := h.Defined("", "users", "users", "set", "shell"); len(fs) != 1 || fs[0].Value != (outline.External{Path: "pkgs.zsh"}) {
		t.Errorf("shell: %v", fs)
	}
	if len(h.Gaps) != 1 || !strings.Contains(h.Gaps[0].Why, "`users.users`") {
		t.Errorf("the unknown name is no gap: %v", h.Gaps)
	}
}

// TestTrackedFiles: what git tracks is part of the tree, whatever .gitignore says.
func TestTrackedFiles(t *testing.T) {
	files := map[string]string{
		".gitignore": "lib/\n", "hosts.toml": mac, "lib/x.nix": "{ }", "lib/names.json": `[ "x" ]`,
		"hosts/mac/default.nix": `{ lib, ... }: { imports = map (n: ../../lib/${n}.nix) (lib.importJSON ../../lib/names.json); }`,
	}
	w, _ := lint.Load(linttest.Tree(files), fleet.Env{})
	if got := strings.Join(reads(w.Hosts[0]), " "); got != "hosts/mac/default.nix" {
		t.Errorf("ignored files are read: %s", got)
	}
	if got := strings.Join(w.Ignored(), " "); got != "lib" {
		t.Errorf("ignored: %s", got)
	}
	w, _, _ = lint.Tree{FS: linttest.Tree(files), Tracked: func(ignored []string) []string {
		return []string{"lib/x.nix", "lib/names.json"}
	}}.Load(func() (fleet.Env, error) { return fleet.Env{}, nil })
	if got := strings.Join(reads(w.Hosts[0]), " "); got != "hosts/mac/default.nix lib/x.nix" {
		t.Errorf("tracked files are not read: %s", got)
	}
}

// TestSurveyParts: hosts of flakes that flake-parts makes.
func TestSurveyParts(t *testing.T) {
	for _, c := range []struct{ name, flake, want string }{
		{"modules in a file", `inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } ./parts/a.nix`, "a(a) nixos x86_64-linux m.nix parts/a.nix"},
		{"modules named in part", `inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } {
  flake.nixosModules.one.imports = [ ./m.nix ];
  flake.nixosModules.two.boot.loader.timeout = 1;
  flake.nixosConfigurations.a = inputs.nixpkgs.lib.nixosSystem { system = "x86_64-linux"; modules = with inputs.self.nixosModules; [ one two ]; };
}`, "a(a) nixos x86_64-linux m.nix"},
		{"registry", `inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } ({ lib, ... }: {
  imports = [ { flake.modules.nixos.one.imports = [ ./m.nix ]; } { flake = { modules.nixos = { one.boot.x = 1; two = ./parts/a.nix; }; }; } ];
  flake.nixosConfigurations = lib.genAttrs [ "a" ] (name: inputs.nixpkgs.lib.nixosSystem { system = "x86_64-linux"; modules = [ inputs.self.modules.nixos.one ]; });
})`, "a(a) nixos x86_64-linux m.nix"},
		{"hosts in an option", `inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } { imports = [ ./parts/hosts.nix
  { machines.a = { system = "x86_64-linux"; file = ./m.nix; }; } { machines.b.file = ./m.nix; } ]; }`, "a(a) nixos x86_64-linux m.nix parts/hosts.nix\nb(b) nixos  m.nix parts/hosts.nix"},
		{"functions over lib", `inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } {
  flake.lib = inputs.nixpkgs.lib.extend (_: _: { mine.up = p: ./. + "/${p}"; });
  flake.nixosConfigurations.a = inputs.nixpkgs.lib.nixosSystem { system = "x86_64-linux"; specialArgs.lib = inputs.self.lib; modules = [ ({ lib, ... }: { imports = [ (lib.mine.up "m.nix") ]; }) ]; };
}`, "a(a) nixos x86_64-linux m.nix"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := surveyed(map[string]string{
				"flake.nix": "{ outputs = " + c.flake + "; }", "m.nix": "{ }",
				"parts/a.nix":     `{ inputs, ... }: { flake.nixosConfigurations.a = inputs.nixpkgs.lib.nixosSystem { system = "x86_64-linux"; modules = [ ../m.nix ]; }; }`,
				"parts/hosts.nix": `{ inputs, lib, config, ... }: { flake.nixosConfigurations = lib.mapAttrs (n: o: inputs.nixpkgs.lib.nixosSystem { inherit (o) system; modules = [ o.file ]; }) config.machines; }`,
			})
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestSurveyFolders: libraries that make hosts of folders.
func TestSurveyFolders(t *testing.T) {
	for _, c := range []struct {
		name, flake string
		files       []string
		want        string
	}{
		{"blueprint", `{ blueprint, ... }@inputs: blueprint { inherit inputs; prefix = "nix/"; } // { overlays = { }; }`,
			[]string{"nix/hosts/a/configuration.nix", "nix/hosts/a/users/ann.nix", "nix/hosts/a/users/bob/home-configuration.nix", "nix/hosts/b/darwin-configuration.nix", "nix/hosts/c/README.md"},
			"a(a) nixos  ann:nix/hosts/a/users/ann.nix bob:nix/hosts/a/users/bob/home-configuration.nix nix/hosts/a/configuration.nix nix/modules/nixos/shared.nix\nb(b) darwin  nix/hosts/b/darwin-configuration.nix"},
		{"ez-configs", `inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } { imports = [ inputs.ez-configs.flakeModule ];
  ezConfigs = { root = ./nix; globalArgs = { inherit inputs; }; darwin.hosts.b.userHomeModules = [ "ann" ]; home.users.ann.importDefault = true; }; }`,
			[]string{"nix/nixos-configurations/a.nix", "nix/nixos-modules/default.nix", "nix/darwin-configurations/b/default.nix", "nix/home-configurations/ann.nix", "nix/home-modules/default.nix", "nix/home-modules/darwin.nix", "nix/home-modules/linux.nix"},
			"a(a) nixos  nix/nixos-configurations/a.nix nix/nixos-modules/default.nix nix/nixos-modules/shared.nix\nb(b) darwin  ann:nix/home-configurations/ann.nix ann:nix/home-modules/darwin.nix ann:nix/home-modules/default.nix nix/darwin-configurations/b/default.nix"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"flake.nix": "{ outputs = " + c.flake + "; }"}
			for _, f := range c.files {
				files[f] = "{ }"
			}
			if c.name == "blueprint" {
				files["nix/modules/nixos/shared.nix"] = "{ }"
				files["nix/hosts/a/configuration.nix"] = "{ flake, ... }: { imports = [ flake.nixosModules.shared ]; }"
			} else {
				files["nix/nixos-modules/shared.nix"] = "{ }"
				files["nix/nixos-configurations/a.nix"] = "{ ezModules, ... }: { imports = [ ezModules.shared ]; }"
			}
			if got := surveyed(files); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestSnowfallModules: those that the flake names for its hosts.
func TestSnowfallModules(t *testing.T) {
	w := lint.Survey(linttest.Tree(map[string]string{
		"systems/x86_64-linux/a/default.nix": "{ }", "all.nix": "{ }", "one.nix": "{ }", "other.nix": "{ }",
		"flake.nix": `{ outputs = inputs: inputs.snowfall-lib.mkFlake { inherit inputs; src = ./.;
  systems.modules.nixos = with inputs; [ niri.nixosModules.niri ./all.nix ];
  systems.modules.darwin = [ ./other.nix ];
  systems.hosts.a.modules = [ ./one.nix ];
}; }`,
	}))
	h := w.Hosts[0]
	if got := strings.Join(reads(h), " "); got != "all.nix one.nix systems/x86_64-linux/a/default.nix" {
		t.Errorf("read %s", got)
	}
	if len(h.Foreign) != 1 || h.Foreign[0].Path != "inputs.niri.nixosModules.niri" {
		t.Errorf("from outside: %v", h.Foreign)
	}
}

// TestMakers: libraries that make hosts of a set, and what those read.
func TestMakers(t *testing.T) {
	for _, c := range []struct{ name, outputs, want string }{
		{"flake-utils-plus", `u.lib.mkFlake { inherit self inputs; hostDefaults.modules = [ ./m.nix ]; hosts.b.modules = [ ./l.nix ]; }`,
			"b(b) nixos x86_64-linux l.nix m.nix"},
		{"flake-parts has no hosts there", `u.lib.mkFlake { inherit inputs; } { systems = [ ]; }`, ""},
		{"clan", `(clan-core.lib.clan { inherit self; inventory.instances.i.roles.r.extraModules = [ ./m.nix ]; }).config`,
			"a(a) nixos  l.nix m.nix~ machines/a/configuration.nix"},
		{"clan with settings of its own", `(clan-core.lib.buildClan { inherit self; machines.b = ./m.nix; inventory.machines.b.machineClass = "darwin"; }).config`,
			"a(a) nixos  l.nix machines/a/configuration.nix\nb(b) darwin  m.nix"},
		{"colmena", `{ colmena = { meta.specialArgs = { inherit inputs; }; defaults = ./m.nix; "b.example.org" = ./l.nix; }; }`,
			"b(b.example.org) nixos  l.nix m.nix"},
		{"colmena beside the hosts", `{ nixosConfigurations.c = u.lib.nixosSystem { modules = [ ./m.nix ]; }; colmena.b = ./l.nix; }`, "c(c) nixos  m.nix"},
		{"two of one label", `{ colmena = { "b.example.org" = ./m.nix; "b.example.com" = ./l.nix; }; }`,
			"b.example.com(b.example.com) nixos  l.nix\nb.example.org(b.example.org) nixos  m.nix"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := surveyed(map[string]string{
				"flake.nix": "{ outputs = { self, u, clan-core, ... }@inputs: " + c.outputs + "; }",
				"m.nix":     "{ }", "l.nix": "{ }", "machines/a/configuration.nix": "{ imports = [ ../../l.nix ]; }",
			})
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
