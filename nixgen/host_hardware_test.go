package main

import (
	"strings"
	"testing"

	"nixgen/fleet"
	"nixgen/syntax"
)

// What the disks' profiles say goes, in whatever form it is written; the rest
// stays byte for byte, and the file still parses.
func TestWithoutDisks(t *testing.T) {
	root := []*fleet.Disk{{Name: "main", Provides: []string{"/", "/boot"}}, {Name: "data1", Provides: []string{"/srv"}}}
	data := []*fleet.Disk{{Name: "data1", Provides: []string{"/srv"}}}
	for _, c := range []struct {
		name, in, want, dropped string
		disks                   []*fleet.Disk
	}{
		{"no disks", "{\n  fileSystems.\"/\".device = \"/dev/a\";\n  swapDevices = [ ];\n}\n", "{\n  fileSystems.\"/\".device = \"/dev/a\";\n  swapDevices = [ ];\n}\n", "", nil},
		{"each mount", "{ lib, ... }:\n{\n  a = 1;\n\n  fileSystems.\"/\" =\n    { device = \"/dev/a\";\n      fsType = \"ext4\";\n    };\n\n  fileSystems.\"/old\" = { };\n}\n",
			"{ lib, ... }:\n{\n  a = 1;\n\n  fileSystems.\"/old\" = { };\n}\n", `fileSystems."/"`, root},
		{"attribute by attribute", "{\n  fileSystems.\"/srv\".device = \"/dev/a\"; # it\n  fileSystems.\"/srv\".fsType = \"xfs\";\n  b = 2;\n}\n",
			"{\n  # it\n  b = 2;\n}\n", `fileSystems."/srv"`, data},
		{"one set", "{\n  fileSystems = {\n    \"/\" = { };\n    # mine\n    \"/old\" = { };\n  };\n}\n", "{\n  fileSystems = {\n    # mine\n    \"/old\" = { };\n  };\n}\n", `fileSystems."/"`, root},
		{"below boot", "{\n  boot = {\n    initrd.luks.devices.x.device = \"/dev/b\";\n    initrd.kernelModules = [ ];\n  };\n  swapDevices = [ ];\n}\n",
			"{\n  boot = {\n    initrd.kernelModules = [ ];\n  };\n}\n", "boot.initrd.luks.devices.x swapDevices", root},
		{"a data disk decides nothing on swap and LUKS", "{\n  boot.initrd.luks.devices.x = { };\n  swapDevices = [ ];\n}\n", "{\n  boot.initrd.luks.devices.x = { };\n  swapDevices = [ ];\n}\n", "", data},
		{"LUKS that a mount of one's own needs", "{\n  fileSystems.\"/old\".device = \"/dev/mapper/old\";\n  boot.initrd.luks.devices.old.device = \"/dev/b\";\n  boot.initrd.luks.devices.root.device = \"/dev/a\";\n}\n",
			"{\n  fileSystems.\"/old\".device = \"/dev/mapper/old\";\n  boot.initrd.luks.devices.old.device = \"/dev/b\";\n}\n", "boot.initrd.luks.devices.root", root},
		{"what is not known stays", "{ x }:\n{\n  fileSystems.${x} = { };\n  fileSystems.\"/\" = { };\n}\n", "{ x }:\n{\n  fileSystems.${x} = { };\n}\n", `fileSystems."/"`, root},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, dropped, err := withoutDisks(syntax.Parse("x.nix", []byte(c.in)), &fleet.Host{Platform: fleet.NixOS, Disks: c.disks})
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want || strings.Join(dropped, " ") != c.dropped {
				t.Errorf("dropped %q, left:\n%s\nwant %q and:\n%s", dropped, got, c.dropped, c.want)
			}
			if !syntax.Parse("x.nix", got).OK() {
				t.Errorf("does not parse:\n%s", got)
			}
		})
	}
}
