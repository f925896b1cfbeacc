package fleet

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"nixgen/diag"
)

// Edits change the text of a hosts.toml and nothing else in it: comments, order
// and spacing of all the rest stay, byte for byte. Each gives the new text, or
// an error and no text. What it gives has been parsed again and says exactly
// what was asked for: a text that would not is never given. Keys are written as
// in TOML: `hosts.malphas.disks.main`.

// tableMap is a file as the judge reads it.
type tableMap = map[string]any

// AddTable adds a table after the last one of its kind (`hosts.x` after the last
// host), with a blank line above it. Body holds its lines, each `key = value`;
// it may go on with headers of tables below it. Remove gives back the bytes
// there were.
func (d *Document) AddTable(key, body string) ([]byte, error) {
	path, err := d.editable(key)
	if err != nil {
		return nil, err
	}
	if d.node(path) != nil {
		return nil, fmt.Errorf("`%s` is there already", key)
	}
	text := strings.TrimRight("["+joinKey(path)+"]\n"+body, "\n")
	var added tableMap
	if _, err := toml.Decode(text, &added); err != nil {
		return nil, fmt.Errorf("the new table `%s`: %s", key, plainMessage(err.Error()))
	}
	text = strings.ReplaceAll(text, "\n", d.newline())
	at := d.addAt(path)
	if at == 0 {
		text += d.newline()
	} else {
		text = d.newline() + d.newline() + text
	}
	return d.apply([]diag.Edit{{Span: diag.Span{Start: at, End: at}, New: text}}, func(whole tableMap) error {
		return mergeInto(whole, added)
	})
}

// addAt is where a new table goes: after the last section of its kind.
func (d *Document) addAt(path []string) int {
	ss := d.sections()
	at := ss[len(ss)-1].end
	for _, s := range ss {
		if hasPrefix(s.path, path[:1]) {
			at = s.end
		}
	}
	return at
}

// Set gives a key a value: it replaces the one there is, or adds a line to the
// table (which is added too where there is none).
func (d *Document) Set(key string, v Value) ([]byte, error) {
	path, err := d.editable(key)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, fmt.Errorf("`%s`: TOML has no null; remove the key", key)
	}
	text := showValue(v)
	change := func(whole tableMap) error { return setIn(whole, path, plain(v)) }
	if n := d.node(path); n != nil {
		if n.kind == tableNode && !n.inline || n.array {
			return nil, fmt.Errorf("`%s` is a table of its own; set its keys", key)
		}
		return d.apply([]diag.Edit{{Span: n.at, New: text}}, change)
	}
	for i := len(path) - 1; i > 0; i-- {
		n := d.node(path[:i])
		if n == nil {
			continue
		}
		if n.kind != tableNode {
			return nil, fmt.Errorf("`%s` is %s, not a table", joinKey(path[:i]), kindNames[n.kind])
		}
		if n.inline {
			return d.apply([]diag.Edit{d.addMember(n, joinKey(path[i:])+" = "+text)}, change)
		}
	}
	if s := d.sectionOf(path); s != nil {
		line := d.newline() + joinKey(path[len(s.path):]) + " = " + text
		return d.apply([]diag.Edit{{Span: diag.Span{Start: s.last, End: s.last}, New: line}}, change)
	}
	if len(path) < 2 {
		return nil, fmt.Errorf("`%s`: a key outside of all tables is not added", key)
	}
	return d.AddTable(joinKey(path[:len(path)-1]), joinKey(path[len(path)-1:])+" = "+text)
}

// sectionOf is the section with a header that a new key belongs to, nil where
// there is none.
func (d *Document) sectionOf(path []string) *section {
	var best *section
	for _, s := range d.sections() {
		if len(s.path) > 0 && len(s.path) < len(path) && hasPrefix(path, s.path) && !s.array && (best == nil || len(s.path) > len(best.path)) {
			best = &s
		}
	}
	return best
}

// addMember adds a pair to an inline table.
func (d *Document) addMember(n *node, pair string) diag.Edit {
	if len(n.kids) == 0 {
		return diag.Edit{Span: n.at, New: "{ " + pair + " }"}
	}
	at := n.kids[len(n.kids)-1].at.End
	return diag.Edit{Span: diag.Span{Start: at, End: at}, New: ", " + pair}
}

// Remove takes a key away: a table with all tables below it and the comment
// lines directly above their headers, or a line, or a member of an inline table.
func (d *Document) Remove(key string) ([]byte, error) {
	path, err := d.editable(key)
	if err != nil {
		return nil, err
	}
	n := d.node(path)
	if n == nil {
		return nil, fmt.Errorf("`%s` is not there", key)
	}
	edits := d.removal(path, n)
	return d.apply(edits, func(whole tableMap) error { return setIn(whole, path, nil) })
}

func (d *Document) removal(path []string, n *node) []diag.Edit {
	var edits []diag.Edit
	for _, s := range d.sections() {
		if len(s.path) > 0 && hasPrefix(s.path, path) {
			edits = append(edits, d.cutTable(s))
			continue
		}
		for _, p := range s.pairs {
			if full := slices.Concat(s.path, p.path); hasPrefix(full, path) {
				edits = append(edits, d.cutLine(p))
			}
		}
	}
	if len(edits) == 0 { // a member of an inline table
		edits = append(edits, d.cutMember(n))
	}
	return joined(edits)
}

// joined merges edits that touch, such as those of neighbouring tables.
func joined(edits []diag.Edit) []diag.Edit {
	slices.SortFunc(edits, func(a, b diag.Edit) int { return a.Span.Start - b.Span.Start })
	var out []diag.Edit
	for _, e := range edits {
		if i := len(out) - 1; i >= 0 && e.Span.Start < out[i].Span.End {
			out[i].Span.End = max(out[i].Span.End, e.Span.End)
			continue
		}
		out = append(out, e)
	}
	return out
}

// Rename gives the last part of a key another name, wherever the table is
// spoken of by it.
func (d *Document) Rename(key, name string) ([]byte, error) {
	path, err := d.editable(key)
	if err != nil {
		return nil, err
	}
	edits, change, err := d.renaming(path, name)
	if err != nil {
		return nil, err
	}
	return d.apply(edits, change)
}

func (d *Document) renaming(path []string, name string) ([]diag.Edit, func(tableMap) error, error) {
	n := d.node(path)
	if n == nil {
		return nil, nil, fmt.Errorf("`%s` is not there", joinKey(path))
	}
	to := append(slices.Clone(path[:len(path)-1]), name)
	if d.node(to) != nil {
		return nil, nil, fmt.Errorf("`%s` is there already", joinKey(to))
	}
	var edits []diag.Edit
	last := len(path) - 1
	for _, s := range d.sections() {
		if hasPrefix(s.path, path) {
			edits = append(edits, diag.Edit{Span: s.keys[last], New: quoteKey(name)})
			continue
		}
		for _, p := range s.pairs {
			if hasPrefix(slices.Concat(s.path, p.path), path) {
				edits = append(edits, diag.Edit{Span: p.keys[last-len(s.path)], New: quoteKey(name)})
			}
		}
	}
	if len(edits) == 0 {
		edits = append(edits, diag.Edit{Span: n.key, New: quoteKey(name)})
	}
	return edits, func(whole tableMap) error {
		v, _ := getIn(whole, path)
		if err := setIn(whole, path, nil); err != nil {
			return err
		}
		return setIn(whole, to, v)
	}, nil
}

// RenameHost renames a host and every mention of it in the file: groups,
// dependsOn, builders. Identity values stay.
func (d *Document) RenameHost(old, name string) ([]byte, error) {
	if _, err := d.editable("hosts"); err != nil {
		return nil, err
	}
	if !ValidHostName(name) {
		return nil, fmt.Errorf("%s is no host name: at most 63 letters, digits and inner hyphens (RFC 1123)", quoted(name))
	}
	for _, n := range d.root.entries("hosts") {
		if n.name != old && strings.EqualFold(n.name, name) {
			return nil, fmt.Errorf("the host `%s` is there already", n.name)
		}
	}
	edits, change, err := d.renaming([]string{"hosts", old}, name)
	if err != nil {
		return nil, err
	}
	changes := []func(tableMap) error{change}
	for _, m := range d.mentions(old) {
		if m.kind == stringNode {
			edits = append(edits, diag.Edit{Span: m.at, New: quoteTOML(name)})
			changes = append(changes, func(whole tableMap) error { return replaceIn(whole, m, old, name) })
			continue
		}
		e, c, err := d.renaming(keyPath(m), name)
		if err != nil {
			return nil, err
		}
		edits, changes = append(edits, e...), append(changes, c)
	}
	return d.apply(edits, all(append(changes[1:], changes[0])))
}

// RetireHost removes a host and every mention of it in the file.
func (d *Document) RetireHost(name string) ([]byte, error) {
	path := []string{"hosts", name}
	if _, err := d.editable("hosts"); err != nil {
		return nil, err
	}
	n := d.node(path)
	if n == nil {
		return nil, fmt.Errorf("`%s` is not there", joinKey(path))
	}
	edits := d.removal(path, n)
	var changes []func(tableMap) error
	for _, m := range d.mentions(name) {
		if m.kind == stringNode {
			if hasPrefix(keyPath(m), path) {
				continue // goes with the host
			}
			edits = append(edits, d.cutMember(m))
			changes = append(changes, func(whole tableMap) error { return replaceIn(whole, m, name, "") })
			continue
		}
		edits = append(edits, d.removal(keyPath(m), m)...)
		changes = append(changes, func(whole tableMap) error { return setIn(whole, keyPath(m), nil) })
	}
	changes = append(changes, func(whole tableMap) error { return setIn(whole, path, nil) })
	return d.apply(joined(edits), all(changes))
}

func all(changes []func(tableMap) error) func(tableMap) error {
	return func(whole tableMap) error {
		for _, c := range changes {
			if err := c(whole); err != nil {
				return err
			}
		}
		return nil
	}
}

// mentions are the places that name a host: strings in lists of hosts, and the
// tables of builders.
func (d *Document) mentions(host string) []*node {
	var out []*node
	inList := func(n *node) {
		if n == nil || n.kind != listNode {
			return
		}
		for _, k := range n.kids {
			if k.kind == stringNode && k.str == host {
				out = append(out, k)
			}
		}
	}
	builder := func(n *node) {
		if b := n.get("builders").get(host); b != nil {
			out = append(out, b)
		}
	}
	for _, g := range d.root.get("layout").entries("groups") {
		inList(g.get("hosts"))
	}
	builder(d.root.get("nix"))
	for _, table := range []string{"roles", "hosts"} {
		for _, n := range d.root.entries(table) {
			inList(n.get("deploy").get("dependsOn"))
			builder(n.get("nix"))
		}
	}
	return out
}

// keyPath is the path of a node without list indices.
func keyPath(n *node) []string {
	var out []string
	for ; n.parent != nil; n = n.parent {
		if n.parent.kind != listNode {
			out = append(out, n.name)
		}
	}
	slices.Reverse(out)
	return out
}

func (d *Document) editable(key string) ([]string, error) {
	path, ok := splitKey(key)
	if !ok {
		return nil, fmt.Errorf("%s is no key", quoted(key))
	}
	if d.broken {
		return nil, fmt.Errorf("`%s` has a syntax error", d.name)
	}
	return path, nil
}

// apply makes the edits and proves that the result says what the old text said,
// changed by change.
func (d *Document) apply(edits []diag.Edit, change func(tableMap) error) ([]byte, error) {
	out, err := diag.Apply(d.src, edits)
	if err != nil {
		return nil, err
	}
	var want, got tableMap
	if _, err := toml.Decode(string(d.src), &want); err != nil {
		return nil, fmt.Errorf("`%s`: %s", d.name, plainMessage(err.Error()))
	}
	if err := change(want); err != nil {
		return nil, err
	}
	if _, ds := Parse(d.name, out); len(ds) > 0 {
		return nil, fmt.Errorf("the edit cannot be made without breaking `%s`: %s; make it by hand", d.name, ds[0].Message)
	}
	if _, err := toml.Decode(string(out), &got); err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(pruned(want), pruned(got)) {
		return nil, fmt.Errorf("the edit of `%s` cannot be made without changing more than asked; make it by hand", d.name)
	}
	return bytes.Clone(out), nil
}
