//go:build linux || darwin

package main

import (
	"bytes"
	"errors"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// peak is the largest resident set in kilobytes.
func peak(s *os.ProcessState) float64 {
	u, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return float64(u.Maxrss) / 1024
	}
	return float64(u.Maxrss)
}

func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		got[strings.TrimPrefix(p, dir)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A run that is killed while it writes 1,000 hosts loses nothing, and the next
// one ends where a run on an empty disk ends.
func TestKilledWhileGenerating(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts many processes")
	}
	dir := t.TempDir()
	bigFleet(t, dir, 1000)
	began := time.Now()
	if out, err := nixgen(dir, "generate").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := time.Since(began)
	want := readTree(t, dir)
	r := rand.New(rand.NewSource(1))
	killed := 0
	for range 4 {
		if err := os.RemoveAll(dir + "/generated/hosts"); err != nil {
			t.Fatal(err)
		}
		cmd := nixgen(dir, "generate")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(whole/3 + time.Duration(r.Int63n(int64(whole)/2)))
		_ = cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		}
		if out, err := nixgen(dir, "generate").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		got := readTree(t, dir)
		for p, content := range want {
			if got[p] != content {
				t.Fatalf("%s differs after the run that follows", p)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d files, want %d", len(got), len(want))
		}
	}
	if killed == 0 {
		t.Error("no run was killed at work: the test has shown nothing")
	}
}

// Where the disk is full the command says so, ends with 3, and the tree is as
// it was. A shell sets the limit: `ulimit -f` counts blocks of 512 bytes.
func TestFullDisk(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh")
	}
	dir := t.TempDir()
	bigFleet(t, dir, 3)
	if out, err := nixgen(dir, "generate").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	bigFleet(t, dir, 200) // identity.json and default.nix outgrow the limit
	before := readTree(t, dir)
	cmd := exec.Command(sh, "-c", `trap "" XFSZ; ulimit -f 16; exec "$0" generate`, linkNamed(t, "nixgen"))
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err = cmd.Run()
	if ee := (*exec.ExitError)(nil); !errors.As(err, &ee) || ee.ExitCode() != exitFailed {
		t.Fatalf("%v: %s", err, &stderr)
	}
	if !strings.Contains(stderr.String(), "nixgen: cannot write `generated/") {
		t.Errorf("message: %s", &stderr)
	}
	after := readTree(t, dir)
	for p := range after {
		if before[p] != after[p] {
			t.Errorf("%s changed", p)
		}
	}
	if len(before) != len(after) {
		t.Errorf("%d files before, %d after", len(before), len(after))
	}
}

// linkNamed gives the test binary under a name, which makes it that command.
func linkNamed(t *testing.T, name string) string {
	t.Helper()
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	p := filepath.Join(t.TempDir(), name)
	if err := os.Symlink(self, p); err != nil {
		t.Fatal(err)
	}
	return p
}
