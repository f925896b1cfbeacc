package templates_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nixgen/internal/realnix"
	"nixgen/templates"
)

// diskoExcludes are the findings that disko itself leaves out of its check, and
// two that its prompt for a passphrase has.
const diskoExcludes = "SC2034,SC2054,SC2154,SC2229"

// What disko would run, and what we run in the first stage, is sound shell.
func TestDisksShellcheck(t *testing.T) {
	kit := realnix.Upstream(t)
	for _, name := range templates.Disks() {
		t.Run(name, func(t *testing.T) {
			rows := combos(t, name, 2)
			rows = rows[:min(len(rows), 60)]
			got, err := evaluate(t, kit, diskFile(t, name), rows)
			if err != nil {
				t.Fatal(err)
			}
			disko, ours := scripts{}, scripts{}
			for i := range got {
				disko.add(got[i].Format)
				for _, unit := range got[i].Config.Boot.Initrd.Systemd.Services {
					ours.add("set -e\n" + unit.Script)
				}
			}
			realnix.Shellcheck(t, disko, diskoExcludes)
			realnix.Shellcheck(t, ours, "")
			t.Logf("%d scripts of disko and %d of ours, of %d combinations", len(disko), len(ours), len(got))
		})
	}
}

// scripts are texts under names made of their sums.
type scripts map[string]string

func (s scripts) add(text string) {
	s[fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:16]] = text
}

// Shellcheck must see what is wrong in such a script.
func TestDisksShellcheckTwin(t *testing.T) {
	kit := realnix.Upstream(t)
	got, err := evaluate(t, kit, diskFile(t, "data"), combos(t, "data", 2)[:1])
	if err != nil {
		t.Fatal(err)
	}
	inner := &recorder{TB: t}
	realnix.Shellcheck(inner, scripts{"twin": got[0].Format + "\nif [ $1 = x ]; then rm $2; fi\n"}, diskoExcludes)
	if !strings.Contains(inner.said, "SC2086") {
		t.Errorf("an unquoted variable passes: %s", inner.said)
	}
}

// recorder keeps what would fail a test.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Errorf(format string, args ...any) { r.said += fmt.Sprintf(format, args...) }

// twins are disk.nix files with one thing wrong. Each must be noticed: says is
// the fact that differs from the expectation, or a part of disko's complaint.
var twins = []struct{ profile, old, wrong, says string }{
	{"desktop-btrfs", `mountpoint = "/boot";`, `mountpoint = "/efi";`, "Mounts"},
	{"desktop-btrfs", `type = "EF00";`, `type = "EFI";`, "is not of type"},
	{"desktop-btrfs", `"compress=${compression}${level}"`, `"compress=zstd"`, "Mounts"},
	{"desktop-btrfs", `++ [ "noatime" ]`, ``, "Mounts"},
	{"desktop-btrfs", `-device=auto"`, `-device=none"`, "LUKS"},
	{"desktop-btrfs", `allowDiscards = discard;`, `allowDiscards = true;`, "LUKS"},
	{"desktop-btrfs", `"crypt-${name}"`, `"crypt-root"`, "Mounts"},
	{"desktop-btrfs", `(encrypted || hibernation`, `(hibernation`, "Systemd"},
	{"desktop-btrfs", `neededForBoot = true`, `neededForBoot = false`, "Early"},
	{"desktop-btrfs", `bootLoader == "systemd-boot"`, `bootLoader != "none" && adopt`, "Loader"},
	{"desktop-btrfs", `"@swap" = "/.swap"`, `"@swap" = "/swap"`, "Mounts"},
	{"desktop-btrfs", `"subvol=${subvolume}"`, `"subvol=/${subvolume}"`, "Mounts"},
	{"desktop-btrfs", `(swap == "zram")`, `(swap != "none")`, "Zram"},
	{"desktop-btrfs", `[ (if adopt then adopted else fresh) ]`, `[ fresh ]`, "Mounts"},
	{"server-zfs", `mountpoint = "legacy";`, `mountpoint = "none";`, "Mounts"},
	{"server-zfs", `length devices else 1`, `length devices else 0`, "Mounts"},
	{"server-zfs", `optional bootMirror "nofail"`, `optional false "nofail"`, "Mounts"},
	{"server-zfs", `"" else topology`, `"stripe" else topology`, "is not of type"},
	{"server-zfs", `randomEncryption = encrypted;`, `randomEncryption = false;`, "Swap"},
	{"server-zfs", `G = 1024 * 1024 * 1024`, `G = 1000 * 1000 * 1000`, "KernelParam"},
	{"server-zfs", `toString (index + 1)}" {`, `toString index}" {`, "Mounts"},
	{"server-zfs", `pool = poolName;`, `pools = poolName;`, "does not exist"},
	{"server-zfs", `inherit hostId;`, ``, "HostID"},
	{"server-zfs", `efiInstallAsRemovable = true`, `efiInstallAsRemovable = false`, "Loader"},
	{"server-zfs", `options.ashift = toString ashift;`, `options.ashift = ashift;`, "is not of type"},
	{"pi-simple", `then "/boot" else "/boot/firmware"`, `then "/boot/firmware" else "/boot"`, "Mounts"},
	{"pi-simple", `generic-extlinux-compatible.enable = true`, `generic-extlinux-compatible.enable = false`, "Loader"},
	{"pi-simple", `"0x0c"`, `12`, "is not of type"},
	{"pi-simple", `G = 1024;`, `G = 1000;`, "Swap"},
	{"pi-simple", `format = "ext4";`, `format = "ext3";`, "Mounts"},
	{"pi-simple", `canTouchEfiVariables = false`, `canTouchEfiVariables = true`, "Loader"},
	{"data", `initrdUnlock = !late;`, `initrdUnlock = true;`, "LUKS"},
	{"data", `",nofail"`, `",noauto"`, "Crypttab"},
	{"data", `++ optional nofail "nofail";`, `;`, "Mounts"},
	{"data", `(encrypted && !late) true`, `(!late) true`, "Systemd"},
	{"data", `mountpoint = mountPoint;`, `mountpoint = "/data";`, "Mounts"},
	{"data", `disk-${name}-luks`, `disk-${name}-data`, "Crypttab"},
}

func TestDisksTwins(t *testing.T) {
	kit := realnix.Upstream(t)
	dir := t.TempDir()
	for i, twin := range twins {
		t.Run(fmt.Sprint(twin.profile, " ", i), func(t *testing.T) {
			text := string(templates.Read("disks/" + twin.profile + "/disk.nix"))
			if !strings.Contains(text, twin.old) {
				t.Fatalf("disk.nix does not hold %q any more", twin.old)
			}
			file := filepath.Join(dir, fmt.Sprint(i, ".nix"))
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, twin.old, twin.wrong)), 0o644); err != nil {
				t.Fatal(err)
			}
			if noticed := notices(t, kit, twin.profile, file); !strings.Contains(noticed, twin.says) {
				t.Errorf("%q instead of %q: expected %q, noticed: %s", twin.wrong, twin.old, twin.says, noticed)
			}
		})
	}
}

// notices says what is wrong with a disk.nix, in the words of disko or as the
// facts that differ; nothing when it passes.
func notices(t *testing.T, kit *realnix.Kit, profile, file string) string {
	rows := combos(t, profile, 1)
	got, err := evaluate(t, kit, file, rows)
	if err != nil {
		return err.Error()
	}
	var said []string
	for i := range got {
		want := reflect.ValueOf(*expectations[profile](diskName, rows[i]).sorted())
		have := reflect.ValueOf(*got[i].facts().sorted())
		for f := range want.NumField() {
			if !cmp.Equal(want.Field(f).Interface(), have.Field(f).Interface(), cmpopts.EquateEmpty()) {
				said = append(said, want.Type().Field(f).Name)
			}
		}
	}
	slices.Sort(said)
	return strings.Join(slices.Compact(said), " ")
}
