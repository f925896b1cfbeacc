// Package adopt writes a first hosts.toml for a fleet that exists already: one
// whose flake.nix goes on wiring its hosts itself ([layout] wiring = "manual").
//
// Model. The caller has followed every machine that the flake makes and hands
// over what each reads and defines, evaluated as far as that goes without Nix
// (Fleet). From that come, in this order: the facts of each host (system,
// releases, people, disks); the layout, guessed from who reads which folder and
// what folders are called; the subscriptions that follow from the layout; roles,
// where hosts share subscriptions; and the text, with a comment wherever a
// person should look.
//
// Laws. Nothing is read here and nothing runs: the package is a pure function.
// What is not known is left out or marked `# check`, and named with its place in
// Draft.Notes; it is never made up silently. A tier is proposed only when the
// imports that were followed do not contradict it, so that the linter does not
// blame a fleet for a layout that it never had.
//
// Non-goals: generating the wiring of an adopted fleet, moving its files, and
// being right about what only evaluation knows.
package adopt
