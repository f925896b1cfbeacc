//go:build linux || darwin

package outtree

import (
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// childEnv makes the test binary the writer of the tests below: it writes fleet
// number $OUTTREE_FLEET into $OUTTREE_CHILD, with files of at most
// $OUTTREE_LIMIT bytes if that is set.
const childEnv = "OUTTREE_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

func child(dir string) int {
	if s := os.Getenv("OUTTREE_LIMIT"); s != "" {
		var n uint64
		fmt.Sscan(s, &n)
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 4
		}
	}
	var n int
	fmt.Sscan(os.Getenv("OUTTREE_FLEET"), &n)
	tree, err := Open(config(dir))
	if err == nil {
		defer tree.Close()
		var p *Plan
		if p, err = tree.Plan(files(fleet(n))); err == nil {
			err = tree.Apply(p)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	return 0
}

// fleet has 1,000 hosts; successive numbers share some hosts and not others,
// and differ in content.
func fleet(n int) map[string]string {
	out := map[string]string{"nix/generated/default.nix": fmt.Sprint(n), "schema.json": fmt.Sprint(n)}
	for i := range 1000 {
		host := fmt.Sprintf("nix/generated/hosts/h%d", i+(n%3)*200)
		out[host+"/default.nix"] = fmt.Sprintf("host %d of %d\n", i, n)
		out[host+"/spec.nix"] = fmt.Sprintf("spec %d\n", i) + strings.Repeat("x", i%500)
	}
	return out
}

func start(t *testing.T, dir string, n int, env ...string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), append(env, childEnv+"="+dir, fmt.Sprintf("OUTTREE_FLEET=%d", n))...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &stderr
}

// rounds is how many runs TestKilled kills.
const rounds = 10

func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	dir := t.TempDir()
	cmd, _ := start(t, dir, 0)
	began := time.Now()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(began)
	if err := os.RemoveAll(dir + "/nix"); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewSource(1))
	killed, torn := 0, 0
	for n := 1; n <= rounds; n++ {
		cmd, _ := start(t, dir, n)
		time.Sleep(time.Duration(r.Int63n(int64(whole))))
		_ = cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		}
		// No file is ever half: it is old or new, both of them ours.
		for p, content := range snapshot(t, dir) {
			if strings.Contains(p, suffix) {
				torn++
			} else if !strings.HasSuffix(p, "/") && inspect(p, []byte(content)) != Ours {
				t.Fatalf("%s holds %q", p, content)
			}
		}
		if n%5 == 0 { // otherwise the next run finds what several left
			update(t, config(dir), fleet(n))
			if p := plan(t, config(dir), fleet(n)); !p.Fresh() {
				t.Fatalf("after the run that follows: %v", kinds(p))
			}
		}
	}
	clean := t.TempDir()
	update(t, config(clean), fleet(rounds))
	if d := cmp.Diff(snapshot(t, clean), snapshot(t, dir)); d != "" {
		t.Error(d)
	}
	t.Logf("%d of %d runs were killed at work, %d staged files and folders seen", killed, rounds, torn)
	if killed == 0 || torn == 0 {
		t.Error("no run was killed while it wrote: the test has shown nothing")
	}
}

// A disk that is full while staging: RLIMIT_FSIZE makes the write of a longer
// file fail as a full disk does.
func TestFullDisk(t *testing.T) {
	for name, first := range map[string]bool{"empty folder": false, "over an older fleet": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if first {
				update(t, config(dir), fleet(1))
			}
			before := snapshot(t, dir)
			cmd, stderr := start(t, dir, 2, "OUTTREE_LIMIT=400")
			err := cmd.Wait()
			if ee := (*exec.ExitError)(nil); !errors.As(err, &ee) || ee.ExitCode() != 3 {
				t.Fatalf("%v: %s", err, stderr)
			}
			if !strings.Contains(stderr.String(), "cannot write `nix/generated/") {
				t.Errorf("message: %s", stderr)
			}
			if d := cmp.Diff(before, snapshot(t, dir)); d != "" {
				t.Error(d)
			}
		})
	}
}
