package generate

import (
	"fmt"
	"testing"

	"golang.org/x/tools/txtar"
)

// many is the fleet of the nixos sample's modules with n hosts: desktops,
// servers, Macs and homes in turn.
func many(tb testing.TB, n int) *txtar.Archive {
	tb.Helper()
	a, err := txtar.ParseFile("testdata/fleets/nixos.txtar")
	if err != nil {
		tb.Fatal(err)
	}
	src := []byte(`[nixpkgs]
allowUnfree = true
[users.tim]
fullName = "Tim Example"
admin = true
shell = "zsh"
sshKeys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBqKp5pGt7bVqjYjQk6mXjK1m3cD0N2kq1yq0v0aX9yz tim@malphas"]
optIn = ["editors/neovim"]
[roles.workstation]
optIn = ["desktop/plasma", "audio", "gaming"]
[roles.server]
kind = "server"
`)
	for i := range n {
		src = fmt.Appendf(src, "[hosts.h%d]\n", i)
		switch i % 4 {
		case 0:
			src = fmt.Appendf(src, "system = \"x86_64-linux\"\nstateVersion = \"25.11\"\nhomeStateVersion = \"25.11\"\nroles = [\"workstation\"]\nusers = [\"tim\"]\ndisks.main = { profile = \"desktop-btrfs\", device = \"/dev/disk/by-id/nvme-%d\", encryption = \"luks\" }\n", i)
		case 1:
			src = fmt.Appendf(src, "system = \"x86_64-linux\"\nstateVersion = \"25.11\"\nhostId = \"%08x\"\nroles = [\"server\"]\nusers = [\"tim\"]\ndisks.main = { profile = \"server-zfs\", devices = [\"/dev/disk/by-id/a-%d\", \"/dev/disk/by-id/b-%d\"], topology = \"mirror\" }\n", i, i, i)
		case 2:
			src = fmt.Appendf(src, "system = \"aarch64-darwin\"\nstateVersion = 6\nhomeStateVersion = \"25.11\"\nusers = [\"tim\"]\nhomebrew = { casks = [\"firefox\"] }\ndefaults = { dock.autohide = true }\n")
		case 3:
			src = fmt.Appendf(src, "system = \"x86_64-linux\"\nkind = \"home\"\nstateVersion = \"25.11\"\nusers = [\"tim\"]\n")
		}
	}
	out := &txtar.Archive{Files: []txtar.File{{Name: "hosts.toml", Data: src}}}
	for _, f := range a.Files {
		if f.Name != "hosts.toml" {
			out.Files = append(out.Files, f)
		}
	}
	for i := range n {
		out.Files = append(out.Files, txtar.File{Name: fmt.Sprintf("hosts/h%d/default.nix", i)})
	}
	return out
}

func BenchmarkFiles(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			s := load(b, many(b, n))
			var files []File
			bytes := 0
			b.ReportAllocs()
			for b.Loop() {
				files, _ = Files(s.fleet, s.inv, s.opt)
			}
			for _, f := range files {
				bytes += len(f.Content)
			}
			b.ReportMetric(float64(len(files)), "files")
			b.ReportMetric(float64(bytes)/1e6, "MB-written")
		})
	}
}
