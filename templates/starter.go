package templates

import (
	"embed"
	"io/fs"
)

//go:embed all:starter
var starter embed.FS

// Starter is the fleet that `nixgen init` writes, and the flake's template:
// hosts.toml at its root.
func Starter() fs.FS {
	sub, err := fs.Sub(starter, "starter")
	if err != nil {
		panic(err)
	}
	return sub
}
