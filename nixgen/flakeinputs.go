package main

import (
	"os"
	"path/filepath"

	"nixgen/outline"
	"nixgen/syntax"
)

// flakeInputs names the inputs that flake.nix beside hosts.toml declares, or
// gives nil where that cannot be read off: there is no flake.nix, it does not
// parse, or its inputs are computed. What `outputs` takes counts too, since Nix
// looks an undeclared one up in the registry.
func flakeInputs(root string) []string {
	src, err := os.ReadFile(filepath.Join(root, "flake.nix"))
	if err != nil {
		return nil
	}
	file := syntax.Parse("flake.nix", src)
	if !file.OK() {
		return nil
	}
	flake, ok := outline.Lower(file).Root.(*outline.Set)
	if !ok {
		return nil
	}
	names := []string{"self"}
	if e := flake.Find("inputs"); e != nil {
		set, ok := e.Value.(*outline.Set)
		if !ok {
			return nil
		}
		for _, in := range set.Entries {
			if in.Name.X != nil {
				return nil
			}
			names = append(names, in.Name.Text)
		}
	}
	return append(names, outputArgs(flake)...)
}

// outputArgs are the names in the pattern of `outputs = { self, nixpkgs, ... }: …`.
func outputArgs(flake *outline.Set) []string {
	e := flake.Find("outputs")
	if e == nil {
		return nil
	}
	fn, ok := e.Value.(*outline.Lambda)
	if !ok || fn.Formals == nil {
		return nil
	}
	var names []string
	for _, f := range fn.Formals.Names {
		names = append(names, f.Name)
	}
	return names
}
