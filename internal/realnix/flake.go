package realnix

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Repo is a folder under git that Nix reads as a flake: it sees what git's
// index lists, and nothing else.
type Repo struct {
	nix   *Nix
	t     testing.TB
	store string
	// Dir is the top of the work tree.
	Dir string
}

// NewRepo makes an empty repository. It needs git, and a Nix that evaluates
// `git+file:` flakes without a daemon or the network (2.18 or newer).
func NewRepo(t testing.TB) *Repo {
	t.Helper()
	n := RequireVersion(t, 2, 18)
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv(EnvRequire) == "1" {
			t.Fatalf("%s=1, but %v", EnvRequire, err)
		}
		t.Skipf("needs git beside Nix: %v", err)
	}
	r := &Repo{nix: n, t: t, store: t.TempDir(), Dir: t.TempDir()}
	t.Cleanup(func() { writable(r.store) })
	r.Git("init", "-q", "-b", "main")
	return r
}

// writable gives the folders of a store back the bit that removing them needs.
func writable(dir string) {
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return nil
	})
}

// Git runs git in the repository, without the machine's configuration.
func (r *Repo) Git(args ...string) {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.Dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@example.org",
		"GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@example.org")
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Write writes files by their slash-separated names; git is not told.
func (r *Repo) Write(files map[string]string) {
	r.t.Helper()
	for name, text := range files {
		if err := writeFile(filepath.Join(r.Dir, filepath.FromSlash(name)), []byte(text)); err != nil {
			r.t.Fatal(err)
		}
	}
}

// Eval evaluates an attribute of the flake into v. Files outside of the
// repository may be read, so that a flake can take its inputs from a Kit. Further
// arguments go to `nix eval`.
func (r *Repo) Eval(v any, attr string, args ...string) error {
	args = append([]string{"eval", "--json", "--impure", "--no-write-lock-file", "git+file://" + r.Dir + "#" + attr}, args...)
	cmd := r.nix.Command("nix", args...)
	cmd.Env = append(cmd.Env, "NIX_REMOTE="+r.store)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("nix eval %s: %w\n%s", attr, err, strings.TrimSpace(stderr.String()))
	}
	return json.Unmarshal(stdout.Bytes(), v)
}
