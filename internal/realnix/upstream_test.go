package realnix

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sample is a generated folder in miniature: one NixOS host, one Mac, one
// home, each as the flake's outputs hold them.
const sample = `
inputs: {
  nixosConfigurations.box = inputs.nixpkgs.lib.nixosSystem {
    specialArgs.hostSpec = { isServer = true; };
    modules = [
      inputs.disko.nixosModules.disko
      inputs.home-manager.nixosModules.home-manager
      inputs.sops-nix.nixosModules.sops
      ({ hostSpec, pkgs, ... }: {
        nixpkgs.hostPlatform = "x86_64-linux";
        networking.hostName = "box";
        system.stateVersion = "25.11";
        boot.loader.systemd-boot.enable = hostSpec.isServer;
        environment.systemPackages = [ pkgs.sample-package ];
        users.users.tim = { isNormalUser = true; home = "/home/tim"; };
        sops.defaultSopsFile = ./secrets.yaml;
        sops.age.keyFile = "/var/lib/sops/key";
        sops.secrets.wifi.owner = "tim";
        disko.devices.disk.main = {
          device = "/dev/disk/by-id/x";
          content = {
            type = "gpt";
            partitions.root = { size = "100%"; content = { type = "filesystem"; format = "ext4"; mountpoint = "/"; }; };
          };
        };
        home-manager.users.tim = { home.stateVersion = "25.11"; programs.git.enable = true; };
      })
    ];
  };
  darwinConfigurations.mac = inputs.nix-darwin.lib.darwinSystem {
    modules = [
      inputs.home-manager.darwinModules.home-manager
      {
        nixpkgs.hostPlatform = "aarch64-darwin";
        networking.hostName = "mac";
        system.stateVersion = 6;
        system.primaryUser = "tim";
        system.defaults.dock.autohide = true;
        users.users.tim.home = "/Users/tim";
        homebrew = { enable = true; casks = [ "firefox" ]; };
        home-manager.users.tim = { home.stateVersion = "25.11"; };
      }
    ];
  };
  homeConfigurations.tim = inputs.home-manager.lib.homeManagerConfiguration {
    pkgs = inputs.nixpkgs.legacyPackages.x86_64-linux;
    modules = [ { home = { username = "tim"; homeDirectory = "/home/tim"; stateVersion = "25.11"; }; programs.bash.enable = true; } ];
  };
}
`

func openSample(t *testing.T) *Fleet {
	t.Helper()
	kit := Upstream(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"default.nix": sample, "secrets.yaml": "wifi: x\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := kit.Fleet(dir, dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestUpstream(t *testing.T) {
	f := openSample(t)
	tests := []struct{ name, expr, want string }{
		{"file system of disko", `fleet.nixosConfigurations.box.config.fileSystems."/".device`, "/dev/disk/by-partlabel/disk-main-root"},
		{"sops owner", `fleet.nixosConfigurations.box.config.sops.secrets.wifi.owner`, "tim"},
		{"home on NixOS", `lib.hasInfix "home-manager-generation" fleet.nixosConfigurations.box.config.home-manager.users.tim.home.activationPackage.drvPath`, "true"},
		{"format script", `lib.hasSuffix ".drv" fleet.nixosConfigurations.box.config.system.build.formatScript.drvPath`, "true"},
		{"mac", `lib.hasInfix "darwin-system" (drvPath fleet.darwinConfigurations.mac)`, "true"},
		{"home", `lib.hasInfix "home-manager-generation" (drvPath fleet.homeConfigurations.tim)`, "true"},
		{"nothing failed", `lib.concatMap (c: (complaints c).failed ++ (complaints c).warnings) [ fleet.nixosConfigurations.box fleet.darwinConfigurations.mac fleet.homeConfigurations.tim ]`, "[]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got any
			if err := f.Eval(&got, "builtins.toJSON ("+test.expr+")"); err != nil {
				t.Fatal(err)
			}
			if strings.Trim(got.(string), `"`) != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
}

// Each of these must fail: a kit that takes them proves nothing.
func TestUpstreamRefuses(t *testing.T) {
	f := openSample(t)
	tests := []struct{ name, expr, message string }{
		{"a boolean that is a string", `drvPath (extend fleet.darwinConfigurations.mac { system.defaults.dock.autohide = "yes"; })`, "is not of type"},
		{"an option that NixOS has", `drvPath (extend fleet.darwinConfigurations.mac { boot.kernelModules = [ ]; })`, "does not exist"},
		{"a value deep in a script", `drvPath (extend fleet.darwinConfigurations.mac { environment.etc.x.text = throw "forced"; })`, "forced"},
		{"a home's option", `drvPath (fleet.homeConfigurations.tim.extendModules { modules = [ { programs.bash.historySize = "many"; } ]; })`, "is not of type"},
		{"a format of disko", `(extend fleet.nixosConfigurations.box { disko.devices.disk.main.content.partitions.root.size = "half"; }).config.system.build.formatScript.drvPath`, "is not of type"},
		{"a typo on NixOS", `(extend fleet.nixosConfigurations.box { services.opensssh.enable = true; }).config.networking.hostName`, "does not exist"},
		{"a wrong type on NixOS", `(extend fleet.nixosConfigurations.box { services.openssh.enable = "yes"; }).config.services.openssh.enable`, "is not of type"},
		{"a wrong type on NixOS, anywhere", `(extend fleet.nixosConfigurations.box { networking.hostId = 5; }).config.networking.hostId`, "is not of type"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f.Twin(t, test.name, test.expr, test.message)
		})
	}
}

func TestUpstreamAssertions(t *testing.T) {
	f := openSample(t)
	tests := []struct{ name, expr, message string }{
		{"user is neither", `extend fleet.nixosConfigurations.box { users.users.bob = { group = "x"; }; }`, "exactly one of isNormalUser"},
		{"ZFS without hostId", `extend fleet.nixosConfigurations.box { fileSystems."/zfs" = { device = "p/z"; fsType = "zfs"; }; }`, "networking.hostId"},
		{"no boot loader", `extend fleet.nixosConfigurations.box { boot.loader.systemd-boot.enable = lib.mkForce false; }`, "boot loader"},
		{"mac without primary user", `extend fleet.darwinConfigurations.mac { system.primaryUser = lib.mkForce null; }`, "primaryUser"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			if err := f.Eval(&got, "(complaints ("+test.expr+")).failed"); err != nil {
				t.Fatal(err)
			}
			if len(got) != 1 || !strings.Contains(got[0], test.message) {
				t.Errorf("failed assertions: %q", got)
			}
		})
	}
}

// What Upstream does without checkouts, without one of them, and with an old Nix.
func TestUpstreamNeeds(t *testing.T) {
	old, enough := &Nix{Dir: "/usr/bin", Major: 2, Minor: 8}, &Nix{Major: 2, Minor: 18}
	if err := old.newEnough(); err == nil || !strings.Contains(err.Error(), "/usr/bin is 2.8") || enough.newEnough() != nil {
		t.Errorf("Nix 2.8: %v, Nix 2.18: %v", err, enough.newEnough())
	}
	root := t.TempDir()
	for _, name := range checkouts[1:] {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeKit(t.TempDir(), root); err == nil || !strings.Contains(err.Error(), checkouts[0]) {
		t.Errorf("a folder without %s: %v", checkouts[0], err)
	}
	t.Setenv(EnvUpstream, "")
	inner := &skipper{TB: t}
	func() {
		defer func() { _ = recover() }()
		Upstream(inner)
	}()
	if !strings.Contains(inner.said, EnvUpstream+" is unset") {
		t.Errorf("unset: %q", inner.said)
	}
}

// Without a Nix a test is skipped, and fails where one is required.
func TestRequireNeeds(t *testing.T) {
	t.Setenv(EnvFolder, "")
	t.Setenv("PATH", t.TempDir())
	for value, want := range map[string]string{"": "needs Nix: no nix-instantiate", "1": EnvRequire + "=1, but no nix-instantiate"} {
		t.Setenv(EnvRequire, value)
		inner := &skipper{TB: t}
		func() {
			defer func() { _ = recover() }()
			Require(inner)
		}()
		if !strings.HasPrefix(inner.said, want) || inner.failed != (value == "1") {
			t.Errorf("%s=%s: failed %t, %q", EnvRequire, value, inner.failed, inner.said)
		}
	}
}

// skipper keeps why a test would be skipped, or would fail.
type skipper struct {
	testing.TB
	said   string
	failed bool
}

func (s *skipper) Skipf(format string, args ...any) {
	s.said = fmt.Sprintf(format, args...)
	panic("skipped")
}

func (s *skipper) Fatalf(format string, args ...any) {
	s.failed = true
	s.Skipf(format, args...)
}
