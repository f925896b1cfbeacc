// Package templates holds the Nix that nixgen generates without changing a
// byte of it: real modules and functions, embedded into the binary.
//
// Model. A template is Nix that nobody had to fill in: what differs between
// fleets and hosts reaches it as an argument, as `hostSpec`, or through an
// option below `nixgen`. So each of them can be read, parsed, linted and tested
// as it stands, and nothing that a person writes into hosts.toml can become
// code.
//
//	core/      the wiring of a fleet; generated/lib
//	disks/     one folder a disk profile: disk.nix and profile.toml
//	services/  one folder a service
//	ci/        workflows for a forge, written beside generated/
//
// Laws. Every .nix file here is laid out as nixfmt lays it out and is silent
// under statix, deadnix and nixgen's own lint. Every option that a template
// sets exists on the platforms that import it.
//
// Non-goals: text with holes. The package knows nothing of the fleet.
package templates

import (
	"embed"
	"io/fs"
)

//go:embed ci core disks/*/disk.nix disks/*/profile.toml services
var all embed.FS

// FS is everything, with paths such as "core/nixos.nix".
var FS fs.FS = all

// Read gives a template that is known to exist; it panics on any other name.
func Read(name string) []byte {
	data, err := all.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return data
}
