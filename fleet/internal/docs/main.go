// Command docs writes docs/hosts-toml.md. It is run by `go generate ./fleet`.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"nixgen/fleet"
)

func main() {
	disks := flag.String("disks", "", "folder of the disk profiles")
	out := flag.String("o", "", "file to write")
	flag.Parse()
	if err := run(*disks, *out); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func run(disks, out string) error {
	files, err := filepath.Glob(filepath.Join(disks, "*", "profile.toml"))
	if err != nil {
		return err
	}
	profiles := map[string]*fleet.Profile{}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name := filepath.Base(filepath.Dir(file))
		p, ds := fleet.ParseProfile(file, name, src)
		if len(ds) > 0 {
			return fmt.Errorf("%s: %s", file, ds[0].Message)
		}
		profiles[name] = p
	}
	return os.WriteFile(out, []byte(fleet.Reference(profiles)), 0o644)
}
