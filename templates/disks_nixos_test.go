package templates_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nixgen/internal/realnix"
	"nixgen/templates"
)

// host is a NixOS host of one disk, in which every option must be declared and
// of its type.
func host(file, args, extra string) string {
	return fmt.Sprintf(`inputs.nixpkgs.lib.nixosSystem {
  modules = [
    inputs.disko.nixosModules.disko
    {
      nixpkgs.hostPlatform = "x86_64-linux";
      networking.hostName = "box";
      system.stateVersion = "25.11";
    }
    (import %s ({ inherit lib; } // %s))
    %s
  ];
}`, file, args, extra)
}

// surroundings are what a host must have besides the disk: data disks hold no
// root, and some profiles leave booting to others.
func surroundings(c combo) string {
	extra := "{ boot.loader.systemd-boot.enable = lib.mkOverride 1400 true; }"
	if c["mountPoint"] != nil {
		return extra + ` { fileSystems."/" = { device = "/dev/disk/by-id/root"; fsType = "ext4"; }; }`
	}
	return extra
}

// Within NixOS, all that a profile sets is declared, no assertion fails, and
// disko's scripts can be built.
func TestDisksInNixOS(t *testing.T) {
	kit := realnix.Upstream(t)
	for _, name := range templates.Disks() {
		t.Run(name, func(t *testing.T) {
			for _, c := range combos(t, name, 1) {
				var got struct {
					Failed, Mounts []string
					Script         string
				}
				err := kit.Eval(&got, fmt.Sprintf(`let
  box = %s;
in {
  inherit (complaints box) failed;
  mounts = lib.attrNames box.config.fileSystems;
  script = if box.config.disko.devices.disk == { } then "" else box.config.system.build.formatScript.drvPath;
}`, host(diskFile(t, name), arguments(t, c), surroundings(c))))
				if err != nil {
					t.Errorf("%v\n%v", c, err)
					continue
				}
				want := slices.Collect(maps.Keys(expectations[name](diskName, c).Mounts))
				if c["mountPoint"] != nil {
					want = append(want, "/")
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, got.Mounts); diff != "" || len(got.Failed) > 0 {
					t.Errorf("%v: failed assertions %q\n%s", c, got.Failed, diff)
				}
				if strings.HasSuffix(got.Script, ".drv") == c.on("disk.adopt") {
					t.Errorf("%v: format script %q", c, got.Script)
				}
			}
		})
	}
}

// Its twins: what NixOS does not declare, and what it refuses.
func TestDisksInNixOSTwins(t *testing.T) {
	kit := realnix.Upstream(t)
	c := combos(t, "desktop-btrfs", 1)[0]
	for extra, says := range map[string]string{
		`{ boot.loader.systemd-boot.enabled = true; }`:                 "does not exist",
		`{ services.btrfs.autoScrub.interval = 5; }`:                   "is not of type",
		`{ disko.devices.disk.main.content.partitions.esp.size = 1; }`: "is not of type",
	} {
		var got any
		err := kit.Eval(&got, "(complaints ("+host(diskFile(t, "desktop-btrfs"), arguments(t, c), extra)+")).failed")
		if err == nil {
			err = kit.Eval(&got, "("+host(diskFile(t, "desktop-btrfs"), arguments(t, c), extra)+").config.system.build.formatScript.drvPath")
		}
		if err == nil {
			err = kit.Eval(&got, "("+host(diskFile(t, "desktop-btrfs"), arguments(t, c), extra)+").config.services.btrfs.autoScrub")
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", extra, err)
		}
	}
}
