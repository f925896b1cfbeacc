// Package outline reads what one Nix file says as a module, and evaluates as
// much of it as can be known without evaluating the module system.
//
// Model. Lower turns a syntax tree into expressions without trivia. Read gives
// the outline of a module: its imports, the options it declares, and its
// definitions as trees of names, each with the guards it stands under (`mkIf`
// keeps a name, `optionalAttrs`, `//` and `if` leave it out) and, at the root,
// the conditions that its structure depends on. An outline belongs to no host.
// An Instance binds its scopes to one: there Eval, a lazy evaluator, gives
// values for guards, names and import lists. A Value is a sum, and Unknown is
// one of its forms; conditions follow Kleene's logic, and what stands under an
// unknown one is the union of its branches, marked maybe.
//
// Laws. The evaluator is total: it is bounded in steps and depth, and answers
// Unknown beyond. What it says is known is what Nix says, and a test holds it
// to that. It never guesses: what lies outside (inputs, packages, config) is
// External under its dotted name, and only a Fact turns it into something else.
// Functions of the fleet's own library are found by their definition.
//
// Non-goals: types of values, merging of definitions, derivations, the exact
// text of strings with escapes and interpolation at once.
package outline
