package generate

import (
	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/layout"
)

// File is one file to be written. Path is slash-separated and relative to the
// folder of hosts.toml; Content is complete, header and sum included.
type File struct {
	Path    string
	Content []byte
}

// Options are what Files needs beside the fleet.
type Options struct {
	// Env is what the fleet was loaded with; hosts.schema.json lists its names.
	Env fleet.Env
}

// Files gives everything that is generated for a fleet, sorted by path. The
// fleet must have been loaded without an error. When a diagnostic is an error
// the files are incomplete and must not be written.
func Files(f *fleet.Fleet, inv *layout.Inventory, opt Options) ([]File, []diag.Diagnostic) {
	return nil, nil
}
