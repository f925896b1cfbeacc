package fleet

import "nixgen/diag"

// Document is a parsed hosts.toml, whatever its mistakes: the form from which a
// Fleet is loaded and on which edits are made.
type Document struct {
	name string
	src  []byte
}

// Parse reads the syntax of a hosts.toml; name is what diagnostics call it. The
// Document is never nil.
func Parse(name string, src []byte) (*Document, []diag.Diagnostic) {
	return &Document{name: name, src: src}, nil
}

// Load resolves the document against the repository. It may be called more than
// once: with the zero Env to learn layout, users and hosts, which is what
// package layout needs to gather the real one, and then with that.
func (d *Document) Load(env Env) (*Fleet, []diag.Diagnostic) {
	return &Fleet{File: d.name, doc: d}, nil
}

// Load is Parse and Document.Load. The Fleet is never nil; its diagnostics are
// sorted.
func Load(name string, src []byte, env Env) (*Fleet, []diag.Diagnostic) {
	d, syntax := Parse(name, src)
	f, ds := d.Load(env)
	return f, append(syntax, ds...)
}
