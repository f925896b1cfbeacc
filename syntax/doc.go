// Package syntax reads and writes the Nix language, as Nix 2.34 reads it.
//
// Parse gives a File: a lossless tree of all tokens, comments and blanks
// included, for any input. File.String returns the input, valid or not. What
// cannot be read becomes nodes of KindError, and a diagnostic at the place
// where Nix itself reports it; the tree is never nil.
//
// The tree of a file is one arena of tokens, nodes and child lists without
// pointers. A Node is a small value that refers into it; views such as Select
// or Lambda name its parts. Trees are immutable: a change is a list of byte
// edits, after which the new text is parsed again. Positions are byte offsets;
// File.Position converts where a person reads.
//
// Each thing that Nix does while it parses is a pass of its own here: the
// lexer, the grammar, merging of attributes (a.b = 1; a.c = 2;), the scopes of
// names, unescaping and unindenting of strings, and printing in the form of
// `nix-instantiate --parse`. Laws: a file has Errors exactly if Nix refuses it
// before it looks at names, and FirstError is where Nix says so; printing
// equals Nix's byte for byte; time is linear in the size of the input.
//
// In the other direction, Format prints Go values as Nix data, and Quote…
// gives single literals. Values cannot hold code.
//
// The package does not evaluate, has no opinion on style and reads no files.
package syntax
