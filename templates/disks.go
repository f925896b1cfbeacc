package templates

import (
	"io/fs"
	"path"
)

// Disks lists the disk profiles, sorted. Each has "disks/NAME/disk.nix", which
// is generated verbatim, and "disks/NAME/profile.toml", which declares its
// parameters; see disks/README.md for both.
func Disks() []string { return foldersWith("disks/*/profile.toml") }

// foldersWith names the folders that hold a file of a pattern, sorted.
func foldersWith(pattern string) []string {
	found, err := fs.Glob(FS, pattern)
	if err != nil {
		panic(err)
	}
	names := make([]string, len(found))
	for i, file := range found {
		names[i] = path.Base(path.Dir(file))
	}
	return names
}
