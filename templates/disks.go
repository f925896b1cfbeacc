package templates

import (
	"io/fs"
	"path"
)

// Disks lists the disk profiles, sorted. Each has "disks/NAME/disk.nix", which
// is generated verbatim, and "disks/NAME/profile.toml", which declares its
// parameters; see disks/README.md for both.
func Disks() []string {
	found, err := fs.Glob(FS, "disks/*/profile.toml")
	if err != nil {
		panic(err)
	}
	names := make([]string, len(found))
	for i, file := range found {
		names[i] = path.Base(path.Dir(file))
	}
	return names
}
