package nixgen_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The fleet of `nixgen init` is complete under the upstream modules, as it is
// written and with its three lines filled in: the desktop to its disks, the Mac
// to its system, without a failed assertion or a warning.
func TestStarterUnderUpstream(t *testing.T) {
	j := judge(t)
	if err := os.CopyFS(j.root, os.DirFS("templates/starter")); err != nil {
		t.Fatal(err)
	}
	j.testStarter(t, "/dev/disk/by-partlabel/disk-main-root btrfs compress=zstd,noatime,subvol=@")

	name := filepath.Join(j.root, "hosts.toml")
	text := read(t, name)
	for _, line := range [][2]string{
		{`sshKeys = []`, `sshKeys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBqKp5pGt7bVqjYjQk6mXjK1m3cD0N2kq1yq0v0aX9yz me@laptop"]`},
		{`"Europe/Berlin"`, `"America/New_York"`},
		{`nvme-YOUR-DISK", `, `nvme-Samsung_SSD_990_PRO_2TB_S7KHNJ0W000001", encryption = "luks", `},
	} {
		if strings.Count(text, line[0]) != 1 {
			t.Fatalf("the starter does not hold %q once", line[0])
		}
		text = strings.Replace(text, line[0], line[1], 1)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	j.testStarter(t, "/dev/mapper/crypt-main btrfs compress=zstd,noatime,subvol=@")
}

// testStarter evaluates both hosts; root is what the desktop mounts at "/".
func (j *judged) testStarter(t *testing.T, root string) {
	t.Helper()
	f := j.open(t, "generated")
	var desktop disks
	if err := f.Eval(&desktop, "("+disksOf+") fleet.nixosConfigurations.desktop"); err != nil {
		t.Fatal(err)
	}
	if len(desktop.Failed)+len(desktop.Warnings) > 0 {
		t.Errorf("desktop: failed assertions %q, warnings %q", desktop.Failed, desktop.Warnings)
	}
	if desktop.Mounts["/"] != root {
		t.Errorf("desktop mounts %q at /, want %q", desktop.Mounts["/"], root)
	}
	var mac struct {
		Drv              string
		Failed, Warnings []string
	}
	err := f.Eval(&mac, `complaints fleet.darwinConfigurations.macbook // { drv = drvPath fleet.darwinConfigurations.macbook; }`)
	if err != nil || !strings.HasSuffix(mac.Drv, ".drv") || len(mac.Failed)+len(mac.Warnings) > 0 {
		t.Errorf("macbook: %+v, %v", mac, err)
	}
	if said, err := f.EvalFails(`drvPath (extend fleet.darwinConfigurations.macbook { services.openssh.settings = { }; })`); err != nil || !strings.Contains(said, "does not exist") {
		t.Errorf("the Mac takes an option of NixOS: %v\n%s", err, said)
	}
}

// A new host from nothing, by one command: it generates, lints clean, is
// complete under the upstream modules, and reads the report of its hardware that
// the installer writes. Retired, it leaves the tree as it was, byte for byte.
func TestNewHostUnderUpstream(t *testing.T) {
	j := judge(t)
	j.env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_DATA_HOME=")
	if err := os.CopyFS(j.root, os.DirFS("templates/starter")); err != nil {
		t.Fatal(err)
	}
	j.generate(t, j.root)
	before := treeOf(t, j.root)
	start := time.Now()
	j.run(t, "host", "add", "attic", "--system", "x86_64-linux", "--kind", "server", "--disk", "server-zfs", "--device", "/dev/disk/by-id/a",
		"--device", "/dev/disk/by-id/b", "--disk-option", "topology=mirror", "--disk-option", "encryption=zfs", "--address", "10.0.0.5")
	t.Logf("nixgen host add: %v", time.Since(start))
	j.run(t, "host", "add", "nook", "--system", "x86_64-linux", "--role", "workstation", "--kind", "laptop", "--opt-in", "desktop",
		"--disk", "desktop-btrfs", "--device", "/dev/disk/by-id/c", "--disk-option", "encryption=luks")
	j.run(t, "host", "add", "air", "--system", "aarch64-darwin", "--kind", "laptop", "--role", "workstation")
	j.run(t, "generate", "--check")
	j.run(t, "lint")
	f := j.open(t, "generated")
	for name, root := range map[string]string{"attic": "main/root zfs defaults", "nook": "/dev/mapper/crypt-main btrfs compress=zstd,noatime,subvol=@"} {
		var got disks
		if err := f.Eval(&got, "("+disksOf+") fleet.nixosConfigurations."+name); err != nil {
			t.Fatal(err)
		}
		if len(got.Failed)+len(got.Warnings) > 0 || got.Mounts["/"] != root || !strings.HasSuffix(got.Script, ".drv") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	var drv string
	if err := f.Eval(&drv, `drvPath fleet.darwinConfigurations.air`); err != nil || !strings.HasSuffix(drv, ".drv") {
		t.Errorf("air: %q, %v", drv, err)
	}
	for _, name := range []string{"air", "nook", "attic"} {
		j.run(t, "host", "retire", name)
	}
	if d := cmp.Diff(before, treeOf(t, j.root)); d != "" {
		t.Errorf("after retiring (-before +after):\n%s", d)
	}
}

// run runs nixgen in the fleet; it must succeed.
func (j *judged) run(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command(j.nixgen, args...)
	cmd.Dir, cmd.Env = j.root, j.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nixgen %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// treeOf is every file below a folder, by name.
func treeOf(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		out[strings.TrimPrefix(p, root)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
