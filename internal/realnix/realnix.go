// Package realnix starts the real Nix for tests, and nothing but tests: no
// package of the binary may import it.
//
// Model. A Nix is the folder of one installation's binaries. Find looks into
// the folder that NIXGEN_NIX names, then into PATH. Require is what a test
// calls: without a Nix the test is skipped, saying so; with
// NIXGEN_REQUIRE_NIX=1 it fails instead, so that a CI machine which lost its
// Nix is not green.
//
// Everything is a batch, since starting Nix costs about 20 ms and evaluating
// a small file costs microseconds: Parse takes any number of files, Eval any
// expression, EvalAll a list of them. On failure the batch is repeated one by
// one, so every error names its own file or expression.
//
// Laws. Nix runs with a home of its own, without a configuration, on a store
// in memory (`dummy://`), and reads no channel: what it says depends on the
// expression alone. Nothing is built, nothing is fetched.
//
// The second half of the package, Upstream, evaluates generated fleets against
// the real disko, nix-darwin, home-manager and sops-nix. NIXGEN_UPSTREAM names
// a folder with clones of nix-community/{nixpkgs.lib,disko,home-manager},
// nix-darwin/nix-darwin and Mic92/sops-nix, each under its repository's name;
// what they hold is never copied. Of nixpkgs' packages and of NixOS' modules
// kit/ has stand-ins.
//
// Not a goal: a Nix library. Helpers for one test belong into that test.
package realnix

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Env names the variables that steer the package.
const (
	EnvFolder   = "NIXGEN_NIX"         // folder that holds nix-instantiate
	EnvRequire  = "NIXGEN_REQUIRE_NIX" // "1": a missing Nix fails the test
	EnvUpstream = "NIXGEN_UPSTREAM"    // folder with the upstream checkouts
)

// Nix is one installation of Nix.
type Nix struct {
	// Dir is the folder of the binaries.
	Dir string
	// Major and Minor are the version, 2 and 34 for Nix 2.34.8.
	Major, Minor int

	home string
}

// errNone is what Find answers on a machine without Nix.
var errNone = errors.New("no nix-instantiate in PATH, and " + EnvFolder + " is unset")

// Require gives the Nix of this machine. Without one the test is skipped, or
// fails when NIXGEN_REQUIRE_NIX=1.
func Require(t testing.TB) *Nix {
	t.Helper()
	n, err := Find(os.Getenv)
	switch {
	case err == nil:
		n.home = t.TempDir()
		return n
	case os.Getenv(EnvRequire) == "1":
		t.Fatalf("%s=1, but %v", EnvRequire, err)
	case errors.Is(err, errNone):
		t.Skipf("needs Nix: %v", err)
	default:
		t.Fatal(err)
	}
	return nil
}

// RequireVersion is Require for tests that need a newer Nix: an older one
// skips the test, and says which was found.
func RequireVersion(t testing.TB, major, minor int) *Nix {
	t.Helper()
	n := Require(t)
	if !n.AtLeast(major, minor) {
		t.Skipf("needs Nix >= %d.%d, %s is %d.%d", major, minor, n.Dir, n.Major, n.Minor)
	}
	return n
}

// Find looks for Nix as getenv tells it to. A folder named by NIXGEN_NIX that
// holds no working Nix is an error of its own, not "no Nix".
func Find(getenv func(string) string) (*Nix, error) {
	dir := getenv(EnvFolder)
	if dir == "" {
		path, err := exec.LookPath("nix-instantiate")
		if err != nil {
			return nil, errNone
		}
		dir = filepath.Dir(path)
	}
	n := &Nix{Dir: dir, home: os.TempDir()}
	out, err := n.Command("nix-instantiate", "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("the nix in %s does not run: %w", dir, err)
	}
	fields := strings.Fields(string(out))
	if len(fields) == 0 {
		return nil, fmt.Errorf("the nix in %s prints no version", dir)
	}
	if _, err := fmt.Sscanf(fields[len(fields)-1], "%d.%d", &n.Major, &n.Minor); err != nil {
		return nil, fmt.Errorf("the nix in %s: unknown version %q", dir, out)
	}
	return n, nil
}

// AtLeast reports whether this Nix is not older than major.minor.
func (n *Nix) AtLeast(major, minor int) bool {
	return n.Major > major || n.Major == major && n.Minor >= minor
}

// Command prepares one of Nix's programs. The caller may set Dir and Stdin.
func (n *Nix) Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(n.Dir, name), args...)
	cmd.Env = append(os.Environ(),
		"HOME="+n.home, "XDG_CACHE_HOME="+filepath.Join(n.home, "cache"),
		"NIX_PATH=", "NIX_CONF_DIR="+n.home, "NIX_USER_CONF_FILES=",
		"NIX_REMOTE=dummy://", "NIX_CONFIG=experimental-features = nix-command flakes",
	)
	return cmd
}

// run starts nix-instantiate on the input and gives its standard output; an
// error holds what Nix said, without its colours.
func (n *Nix) run(stdin string, args ...string) ([]byte, error) {
	cmd := n.Command("nix-instantiate", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("nix-instantiate: %w\n%s", err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// Parse asks Nix to parse files. The error names each file that it refuses
// and what it said.
func (n *Nix) Parse(files ...string) error {
	const batch = 500
	var errs []error
	for len(files) > 0 {
		k := min(batch, len(files))
		if _, err := n.run("", append([]string{"--parse"}, files[:k]...)...); err != nil {
			errs = append(errs, n.parseEach(files[:k]))
		}
		files = files[k:]
	}
	return errors.Join(errs...)
}

// parseEach finds out which files of a refused batch are to blame.
func (n *Nix) parseEach(files []string) error {
	var errs []error
	for _, file := range files {
		if _, err := n.run("", "--parse", file); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file, err))
		}
	}
	return errors.Join(errs...)
}

// ParseText asks Nix to parse the text of one expression.
func (n *Nix) ParseText(text string) error {
	_, err := n.run(text, "--parse", "-")
	return err
}

// Eval evaluates an expression strictly and gives its value as JSON.
// Derivations come as their output paths, and nothing is instantiated.
func (n *Nix) Eval(expr string) (json.RawMessage, error) {
	out, err := n.run(expr, "--eval", "--strict", "--json", "-")
	return bytes.TrimSpace(out), err
}

// EvalInto evaluates an expression and decodes its JSON into v.
func (n *Nix) EvalInto(v any, expr string) error {
	out, err := n.Eval(expr)
	if err != nil {
		return err
	}
	return json.Unmarshal(out, v)
}

// Result is what came of one expression of a batch.
type Result struct {
	JSON json.RawMessage
	Err  error
}

// EvalAll evaluates every expression, in one process while none fails.
func (n *Nix) EvalAll(exprs []string) []Result {
	results := make([]Result, len(exprs))
	var values []json.RawMessage
	if err := n.EvalInto(&values, "[\n("+strings.Join(exprs, "\n)\n(")+"\n)\n]"); err == nil && len(values) == len(exprs) {
		for i := range values {
			results[i].JSON = values[i]
		}
		return results
	}
	for i, expr := range exprs {
		results[i].JSON, results[i].Err = n.Eval(expr)
	}
	return results
}
