package realnix

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// identifier is a Nix identifier; those of a package set are found among them.
var identifier = regexp.MustCompile(`[a-zA-Z_][a-zA-Z0-9_'-]*`)

// names lists every identifier in the Nix files below the folders, sorted.
func names(folders ...string) ([]string, error) {
	found := map[string]bool{}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && entry.Name() == ".git" {
				return filepath.SkipDir
			}
			if !entry.Type().IsRegular() || !strings.HasSuffix(path, ".nix") {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, name := range identifier.FindAll(text, -1) {
				found[string(name)] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}
