package main

import (
	"nixgen/fleet"
	"nixgen/generate"
	"nixgen/secrets"
	"nixgen/syntax"
)

// skeleton is the whole new repository of secrets.
func skeleton(f *fleet.Fleet) (map[string][]byte, error) {
	files := secrets.Skeleton(f)
	data, err := syntax.Format(generate.Plain(f.SecretsOf().Plain, "replace me"))
	if err != nil {
		return nil, err
	}
	files["data.nix"] = append([]byte("# Plain data, not encrypted: never a password or a key.\n"), data...)
	return files, nil
}
