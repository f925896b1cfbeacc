package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bigFleet writes a fleet of n hosts, a quarter of them Macs, each with what an
// ordinary host has: a role, a user with a home, a disk or casks.
func bigFleet(t testing.TB, dir string, n int) {
	t.Helper()
	var b strings.Builder
	b.WriteString(`[users.me]
fullName = "Me"
admin = true
sshKeys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBqKp5pGt7bVqjYjQk6mXjK1m3cD0N2kq1yq0v0aX9yz me@laptop"]

[roles.workstation]
users = ["me"]
optIn = ["desktop"]
hostSpec = { timeZone = "Europe/Berlin" }
`)
	for i := range n {
		if i%4 == 3 {
			fmt.Fprintf(&b, "[hosts.mac-%d]\nsystem = \"aarch64-darwin\"\nstateVersion = 6\nhomeStateVersion = \"26.05\"\nroles = [\"workstation\"]\nhomebrew = { casks = [\"firefox\"] }\n", i)
			continue
		}
		fmt.Fprintf(&b, "[hosts.pc-%d]\nsystem = \"x86_64-linux\"\nstateVersion = \"26.05\"\nhomeStateVersion = \"26.05\"\nroles = [\"workstation\"]\n", i)
		fmt.Fprintf(&b, "disks.main = { profile = \"desktop-btrfs\", device = \"/dev/disk/by-id/nvme-%d\", swap = \"16G\" }\n", i)
	}
	write(t, dir, map[string]string{
		hostsFile: b.String(), "modules/common/a.nix": "{ }\n", "modules/opt-in/desktop/default.nix": "{ }\n", "modules/common/b/nixos.nix": "{ }\n",
	})
}

// write makes files below a folder.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// nixgen prepares the command as a process of its own, see TestMain.
func nixgen(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Args[0] = "nixgen"
	cmd.Dir = dir
	return cmd
}

// process runs a command and reports what it used; peakKB is zero where the
// system does not tell.
func process(b *testing.B, cmd *exec.Cmd) (cpuSeconds, peakKB float64) {
	b.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), peak(cmd.ProcessState)
}

// BenchmarkGenerate runs the whole command: a first write, a run that finds
// everything up to date, and --check. Each reports CPU seconds and peak memory
// of the process; `plain` writes the same bytes with plain os calls.
func BenchmarkGenerate(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		dir := b.TempDir()
		bigFleet(b, dir, n)
		out := filepath.Join(dir, "generated")
		clear := func() {
			if err := os.RemoveAll(out); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprintf("first/hosts=%d", n), func(b *testing.B) { measure(b, dir, clear, "generate", "--quiet") })
		b.Run(fmt.Sprintf("plain/hosts=%d", n), func(b *testing.B) { plainWrite(b, out) })
		b.Run(fmt.Sprintf("unchanged/hosts=%d", n), func(b *testing.B) { measure(b, dir, nil, "generate", "--quiet") })
		b.Run(fmt.Sprintf("check/hosts=%d", n), func(b *testing.B) { measure(b, dir, nil, "generate", "--check") })
	}
}

func measure(b *testing.B, dir string, before func(), args ...string) {
	var cpu, mem float64
	for b.Loop() {
		if before != nil {
			b.StopTimer()
			before()
			b.StartTimer()
		}
		c, m := process(b, nixgen(dir, args...))
		cpu, mem = cpu+c, max(mem, m)
	}
	b.ReportMetric(cpu/float64(b.N), "cpu-s/op")
	b.ReportMetric(mem/1024, "peak-MB")
}

// plainWrite writes the files below out once more, elsewhere.
func plainWrite(b *testing.B, out string) {
	files := map[string][]byte{}
	err := filepath.WalkDir(out, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files[strings.TrimPrefix(p, out)], err = os.ReadFile(p)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		dir, err := os.MkdirTemp(filepath.Dir(out), "plain")
		if err != nil {
			b.Fatal(err)
		}
		for _, p := range sortedKeys(files) {
			if err := os.MkdirAll(filepath.Dir(dir+p), 0o777); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(dir+p, files[p], 0o666); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		os.RemoveAll(dir)
		b.StartTimer()
	}
}
