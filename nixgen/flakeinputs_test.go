package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFlakeInputs(t *testing.T) {
	for flake, want := range map[string][]string{
		`{ inputs.nixpkgs.url = "x"; inputs.disko = { url = "y"; inputs.nixpkgs.follows = "nixpkgs"; }; outputs = inputs: { }; }`:        {"self", "nixpkgs", "disko"},
		`{ inputs = { nixpkgs.url = "x"; nixpkgs.flake = true; "a-b".url = "y"; }; outputs = { self, home-manager, ... }@inputs: { }; }`: {"self", "nixpkgs", "a-b", "self", "home-manager"},
		`{ outputs = _: { }; }`:                                                   {"self"},
		`{ inputs = import ./inputs.nix; outputs = _: { }; }`:                     nil,
		`{ inputs = { ${"x"}.url = "y"; "${x}".url = "z"; }; outputs = _: { }; }`: nil,
		`{ inputs = {`: nil,
		`inputs: { }`:  nil,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "flake.nix"), []byte(flake), 0o666); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, flakeInputs(dir)); d != "" {
			t.Errorf("%s: %s", flake, d)
		}
	}
	if got := flakeInputs(t.TempDir()); got != nil {
		t.Errorf("without flake.nix: %q", got)
	}
}
