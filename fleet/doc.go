// Package fleet is hosts.toml: its model, decoding, defaults, validation and
// the edits that keep comments.
//
// Model. Load gives a Fleet in which every Host is resolved: what [fleet],
// [nixpkgs], [nix], the host's roles and the host itself say is merged, so that
// nobody downstream asks where a value came from. The laws of merging:
//
//   - A single value (string, number, bool, enum): the host wins over its
//     roles, a later role over an earlier one, roles over the fleet, the fleet
//     over the built-in default.
//   - A list: fleet, then roles in the order in which the host names them, then
//     the host; an element that is there already is not repeated.
//   - A table: key by key by these same laws. A hostSpec value is single even
//     where it is a list or a table; in tables of free form (specialArgs,
//     defaults, nix.settings, nixpkgs.config) everything but a table is single.
//   - What a platform cannot have is an error on a host, and passes over that
//     host silently when it comes from a role or the fleet (a role may serve a
//     Mac and a server at once).
//
// Laws. A Fleet comes back whenever anything can be read, and every mistake of
// the file is reported in one run, each with its place; parts with a mistake
// are left out of the Fleet, so use it for output only when no diagnostic is an
// error. Equal bytes and Env give equal results; slices are sorted by name
// where order says nothing. All paths are slash-separated, cleaned, relative to
// hosts.toml, and never leave its folder.
//
// Non-goals. The package reads no files and knows no Nix syntax: names of
// modules, profiles and inputs arrive in Env, and whether a path exists is
// asked by package layout.
package fleet
