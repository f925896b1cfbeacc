package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixgen/catalog"
	"nixgen/internal/realnix"
)

const catalogHosts = `
[fleet]
[inputs]
nixDarwin = "darwin"
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
`

// runCatalog runs the command in a folder with a fleet in it.
func runCatalog(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "hosts.toml"), []byte(catalogHosts), 0o666); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	w := &world{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, dir: dir, getenv: os.Getenv}
	code = run(append([]string{"catalog"}, args...), w)
	return code, out.String(), errs.String()
}

// TestCatalogCommand reads the options of the real nix-darwin and home-manager,
// the former under another name.
func TestCatalogCommand(t *testing.T) {
	kit := realnix.Upstream(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		filepath.Join(kit.Dir, "nixpkgs/modules/generic/meta-maintainers.nix"): "{ }",
		filepath.Join(dir, "inputs.nix"): "let all = import " + kit.Dir + "/inputs.nix; in\n" +
			"{ inherit (all) nixpkgs home-manager; darwin = all.nix-darwin; }\n",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", kit.Nix.Dir+":"+os.Getenv("PATH"))
	t.Setenv("NIX_REMOTE", "dummy://")
	code, stdout, stderr := runCatalog(t, dir, "--inputs", "inputs.nix")
	if code != exitOK || !strings.Contains(stdout, "home-manager  ") || strings.Contains(stdout, "sops") ||
		!strings.HasSuffix(stdout, "wrote generated/catalog.bin\n") {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	c, err := catalog.Open(filepath.Join(dir, "generated", "catalog.bin"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"system.defaults.dock.autohide", "home-manager.users.a.programs.git.enable", "sops.age.keyFile"} {
		if _, ok := c.LookupText(catalog.Darwin, path); !ok {
			t.Errorf("no option `%s`", path)
		}
	}
	w := &world{dir: dir, getenv: os.Getenv}
	p, err := w.load()
	if err != nil {
		t.Fatal(err)
	}
	if p.env.Catalog == catalog.Builtin() {
		t.Error("the fleet's own catalog is not preferred")
	}
}

// TestCatalogOfAFlake lets Nix open the fleet's own flake, which lacks what is
// needed.
func TestCatalogOfAFlake(t *testing.T) {
	nix := realnix.RequireVersion(t, 2, 18)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "flake.nix"), []byte("{ outputs = _: { }; }\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", nix.Dir+":"+os.Getenv("PATH"))
	store := t.TempDir()
	t.Cleanup(func() { // what Nix stores is read-only
		_ = filepath.WalkDir(store, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				err = os.Chmod(path, 0o700)
			}
			return err
		})
	})
	t.Setenv("NIX_REMOTE", store)
	code, _, stderr := runCatalog(t, dir)
	want := "error: the flake has no input `nixpkgs`; [inputs] of hosts.toml says which one stands for nixpkgs"
	if code != exitFailed || !strings.Contains(stderr, want) {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

func TestCatalogCommandFails(t *testing.T) {
	dir := t.TempDir()
	empty := t.TempDir()
	t.Setenv("PATH", empty)
	code, _, stderr := runCatalog(t, dir)
	if want := "nixgen: `nix-instantiate` is not in PATH; the options of your inputs can be read by Nix alone\n"; code != exitFailed || stderr != want {
		t.Errorf("without Nix: exit %d, %q", code, stderr)
	}
	fake := "#!/bin/sh\necho 'error: flake.lock is not there' >&2\nexit 1\n"
	realnix.WriteProgram(t, filepath.Join(empty, "nix-instantiate"), fake)
	code, _, stderr = runCatalog(t, dir)
	if code != exitFailed || !strings.Contains(stderr, "error: flake.lock is not there") {
		t.Errorf("failing Nix: exit %d, %q", code, stderr)
	}
	if code, _, stderr = runCatalog(t, dir, "--flake", "a", "--inputs", "b"); code != exitUsage {
		t.Errorf("two sources: exit %d, %q", code, stderr)
	}
	w := &world{dir: dir, getenv: os.Getenv}
	p, err := w.load()
	if err != nil {
		t.Fatal(err)
	}
	if p.env.Catalog != catalog.Builtin() {
		t.Error("without a file of its own the fleet has another catalog")
	}
	if err := os.MkdirAll(filepath.Join(dir, "generated"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "generated", "catalog.bin"), []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := w.load(); err == nil || !strings.Contains(err.Error(), "write it again with `nixgen catalog`") {
		t.Errorf("a damaged file: %v", err)
	}
	if _, err := w.loadAlone(); err != nil {
		t.Errorf("a damaged file cannot be replaced: %v", err)
	}
}
