package nixgen_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
