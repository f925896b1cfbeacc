package secrets

import (
	"fmt"
	"path"
	"strings"

	"nixgen/fleet"
)

const skeletonFlake = `{
  description = "secrets of the fleet: plain data in data.nix, encrypted files below sops/";

  outputs = _: import ./data.nix;
}
`

// Skeleton gives the files of a new repository of secrets, by name, without
// data.nix, which flake.nix reads: plain data is Nix, and none is written here.
// Files for sops have the keys that hosts.toml declares, with values to replace,
// and are not encrypted yet.
func Skeleton(f *fleet.Fleet) map[string][]byte {
	out := map[string][]byte{
		"flake.nix": []byte(skeletonFlake),
		ConfigFile:  Rules(f),
		"README.md": []byte(skeletonReadme(f)),
	}
	keys := map[string][]string{}
	for _, x := range FromFleet(f) {
		for _, d := range x.Declared {
			keys[d.File] = append(keys[d.File], d.Key)
		}
	}
	for _, t := range Plan(f) {
		out[t.File] = stubOf(t.File, keys[t.File])
	}
	return out
}

// stubOf is Stub for any of sops' formats.
func stubOf(name string, keys []string) []byte {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return Stub(name, keys)
	case ".env":
		return []byte("stub=" + stubValue + "\n")
	case ".ini":
		return []byte("[stub]\nstub = " + stubValue + "\n")
	}
	return []byte(stubValue + "\n")
}

func skeletonReadme(f *fleet.Fleet) string {
	var b strings.Builder
	b.WriteString(`# Secrets of the fleet

A private repository: the fleet reads it as the flake input ` + "`" + Input(f) + "`" + `.

- ` + "`data.nix`" + `: plain data, readable for whoever can read this repository, and in the Nix store of every host.
- ` + "`.sops.yaml`" + `: who can decrypt which file; written by ` + "`nixgen secrets sync --run`" + ` from hosts.toml.

| file | readers |
|---|---|
`)
	for _, t := range Plan(f) {
		var who []string
		for _, r := range t.Readers {
			who = append(who, r.What)
		}
		if who == nil {
			who = []string{"nobody yet"}
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", t.File, strings.Join(who, ", "))
	}
	b.WriteString(`
Before the first commit encrypt the stubs (` + "`nixgen secrets sync --run`" + ` does it), then put real values in their place with ` + "`sops edit FILE`" + `.
After every commit here: ` + "`nix flake update " + Input(f) + "`" + ` in the fleet.
`)
	return b.String()
}
