package realnix

import (
	"strings"
	"testing"
)

// Nix must see what git tracks or intends to add, and nothing else: the whole
// inventory rests on it.
func TestRepo(t *testing.T) {
	r := NewRepo(t)
	r.Write(map[string]string{
		"flake.nix":   `{ outputs = _: { tracked = import ./tracked.nix; new = import ./new.nix; lists = builtins.attrNames (builtins.readDir ./.); }; }`,
		"tracked.nix": "1", "new.nix": "2",
	})
	r.Git("add", "flake.nix", "tracked.nix")
	var n int
	if err := r.Eval(&n, "tracked"); err != nil || n != 1 {
		t.Errorf("tracked: %d, %v", n, err)
	}
	if err := r.Eval(&n, "new"); err == nil || !strings.Contains(err.Error(), "new.nix") {
		t.Errorf("untracked: %v", err)
	}
	var names []string
	if err := r.Eval(&names, "lists"); err != nil || strings.Join(names, " ") != "flake.nix tracked.nix" {
		t.Errorf("readDir: %q, %v", names, err)
	}
	r.Git("add", "--intent-to-add", "new.nix")
	if err := r.Eval(&n, "new"); err != nil || n != 2 {
		t.Errorf("after git add -N: %d, %v", n, err)
	}
}
