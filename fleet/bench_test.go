package fleet

import (
	"fmt"
	"strings"
	"testing"
)

// bigFleet writes a hosts.toml with n hosts of mixed platforms.
func bigFleet(n int) []byte {
	var b strings.Builder
	b.WriteString(`[fleet]
nixgen = ">=0.1"
[nixpkgs]
allowUnfree = true
overlays = ["inputs.foo.overlays.default"]
[fields.hasFingerprint]
type = "bool"
default = false
description = "has a fingerprint reader"
[users.tim]
fullName = "Tim"
admin = true
sshKeys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBqKp5pGt7bVqjYjQk6mXjK1m3cD0N2kq1yq0v0aX9yz tim"]
optIn = ["editors/neovim"]
[roles.workstation]
optIn = ["desktop/hyprland", "audio", "fonts"]
[roles.server]
kind = "server"
`)
	for i := range n {
		if i%4 == 3 {
			fmt.Fprintf(&b, `
[hosts.mac%05d]
system = "aarch64-darwin"
kind = "laptop"
stateVersion = 6
homeStateVersion = "25.11"
roles = ["workstation"]
users = ["tim"]
homebrew = { casks = ["firefox", "rectangle"] }
defaults = { dock = { autohide = true, tilesize = 48 } }
`, i)
			continue
		}
		fmt.Fprintf(&b, `
[hosts.host%05d]
system = "x86_64-linux"
kind = "desktop"
stateVersion = "25.11"
homeStateVersion = "25.11"
roles = ["workstation"]
optIn = ["gaming"]
users = ["tim"]
tags = ["rack%d"]
address = "10.%d.%d.1"
hostSpec = { hasFingerprint = true, timeZone = "Europe/Berlin" }
disks.main = { profile = "desktop-btrfs", device = "/dev/disk/by-id/nvme-%05d", encryption = "luks", swap = "32G" }
`, i, i%10, i/250, i%250, i)
	}
	return []byte(b.String())
}

func BenchmarkLoad(b *testing.B) {
	env := testEnv(b)
	for _, n := range []int{100, 1000, 10000} {
		src := bigFleet(n)
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				f, ds := Load("hosts.toml", src, env)
				if len(ds) > 0 || len(f.Hosts) != n {
					b.Fatal(len(f.Hosts), render(src, ds))
				}
			}
		})
	}
}
