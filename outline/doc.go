// Package outline reads a Nix file as a module, and evaluates the little of Nix
// that it takes to follow imports and judge guards.
//
// Model. Lower turns a syntax tree into expressions with their scopes; Read
// makes a Module of them: its arguments, the expression of its imports, the
// options it declares, and its definitions as paths, each with the guards it
// stands under (mkIf, optionalAttrs, if). Eval computes values for one host at
// a time from what is known of it: special arguments, hostSpec, the platform,
// literals, simple functions, the library functions that fleets use in imports.
//
// Laws. Unknown is a value: what cannot be computed is Unknown with a reason and
// a place, lists and sets may be open, strings may have a known beginning. Logic
// is Kleene's. Nothing is guessed, nothing is read that the caller did not
// offer, and every evaluation ends: it is bounded in steps and in depth. The
// same file and the same facts always give the same outline.
//
// Non-goals: being Nix. There are no derivations, no file system, no laziness
// that a program could observe; whatever needs them is Unknown.
package outline
