// Package generate turns a fleet and the inventory of its modules into the
// files below `generated/`.
//
// Model. Files is a pure function: no disk, no clock, no environment, and
// nothing depends on map order, so equal fleets give equal bytes. What depends
// on hosts.toml is data, printed by package syntax from Go values; every Nix
// function is a template, copied verbatim from package templates. Nothing that
// a person writes into hosts.toml can therefore become code.
//
// Laws.
//   - Each file begins with Header and the sum of what follows (JSON files carry
//     it as their first key), see Seal and Verify: a file whose sum does not
//     match was edited by hand, a file without one is not ours.
//   - Every import list is explicit and static in the host's own file.
//   - Every option that is set exists in the catalog of its platform, or is
//     declared by a template below `nixgen`.
//   - The output is laid out as nixfmt lays it out, and parses with the real Nix.
//
// Non-goals. Writing, comparing with the disk and removing old files are the
// command's. Whether hosts.toml makes sense was decided by package fleet.
package generate
