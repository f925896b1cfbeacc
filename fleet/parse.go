package fleet

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/pelletier/go-toml/v2/unstable"

	"nixgen/diag"
)

// ruleID marks every diagnostic about hosts.toml.
const ruleID = "hosts-toml"

// Document is a parsed hosts.toml, whatever its mistakes: the form from which a
// Fleet is loaded and on which edits are made.
type Document struct {
	name string
	src  []byte
	root *node
	// broken documents have a syntax error: what follows it was not read.
	broken bool
}

// Parse reads the syntax of a hosts.toml; name is what diagnostics call it. The
// Document is never nil.
//
// Two libraries read it. BurntSushi/toml judges syntax and values; the parser
// of pelletier/go-toml says where each key and value stands. What is defined
// twice is found while the tree is built, so that all of it is reported.
func Parse(name string, src []byte) (*Document, []diag.Diagnostic) {
	d := &Document{name: name, src: src, root: &node{kind: tableNode}}
	b := &builder{doc: d}
	treeErr := b.build()
	switch { // the judge takes cubic time for long keys, and recurses without bound
	case b.deep != nil:
		d.broken = true
		return d, []diag.Diagnostic{*b.deep}
	case treeErr != nil && strings.Contains(treeErr.Error(), "nested"):
		d.broken = true
		return d, append(b.twice, d.syntaxError(nil, treeErr))
	}
	var whole map[string]any
	_, err := toml.Decode(string(src), &whole)
	if err == nil && treeErr == nil || treeErr == nil && len(b.twice) > 0 {
		return d, b.twice
	}
	d.broken = true
	return d, append(b.twice, d.syntaxError(err, treeErr))
}

// syntaxError words the first syntax error: that of the judge, or where it has
// none that of the other parser.
func (d *Document) syntaxError(judge, tree error) diag.Diagnostic {
	var at diag.Span
	var msg string
	var je toml.ParseError
	var te *unstable.ParserError
	switch {
	case errors.As(judge, &je):
		at, msg = diag.Span{Start: je.Position.Start, End: je.Position.Start + je.Position.Len}, je.Message
	case judge != nil:
		msg = judge.Error()
	case errors.As(tree, &te):
		at, msg = d.highlight(te.Highlight), te.Message
	default:
		msg = tree.Error()
	}
	at.Start = min(max(at.Start, 0), len(d.src))
	at.End = min(max(at.End, at.Start), len(d.src))
	return d.diagnostic(diag.Error, at, "syntax error: "+plainMessage(msg))
}

// plainMessage gives a library's message the form of ours.
func plainMessage(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(s), "toml: "), ".")
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' {
		s = strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// highlight finds where a piece of the source that the parser points at begins;
// it is a subslice, so its distance to the end tells.
func (d *Document) highlight(part []byte) diag.Span {
	start := len(d.src) - cap(part)
	if start < 0 || start > len(d.src) {
		start = 0
	}
	return diag.Span{Start: start, End: min(start+len(part), len(d.src))}
}

func (d *Document) diagnostic(sev diag.Severity, at diag.Span, msg string) diag.Diagnostic {
	return diag.Diagnostic{File: d.name, Span: at, Severity: sev, Rule: ruleID, Message: printable(msg)}
}

// builder makes the tree of nodes.
type builder struct {
	doc   *Document
	p     unstable.Parser
	table *node // that of the last header
	twice []diag.Diagnostic
	deep  *diag.Diagnostic // of what is nested too deeply; nothing was read from there
	depth int
}

// maxParts of a dotted key, and levels of lists and inline tables in each other.
const maxParts = 64

// tooDeep says whether a key has more parts than that, and notes it.
func (b *builder) tooDeep(e *unstable.Node) bool {
	n := 0
	for it := e.Key(); it.Next(); {
		if n++; n > maxParts {
			d := b.doc.diagnostic(diag.Error, span(it.Node().Raw), fmt.Sprintf("syntax error: a key has at most %d parts", maxParts))
			b.deep = &d
			return true
		}
	}
	return false
}

func (b *builder) build() error {
	b.table = b.doc.root
	b.p.Reset(b.doc.src)
	for b.deep == nil && b.p.NextExpression() {
		switch e := b.p.Expression(); e.Kind {
		case unstable.KeyValue:
			b.keyValue(b.table, e)
		case unstable.Table, unstable.ArrayTable:
			b.header(e)
		}
	}
	return b.p.Error()
}

func span(r unstable.Range) diag.Span {
	return diag.Span{Start: int(r.Offset), End: int(r.Offset + r.Length)}
}

// header enters [a.b] or [[a.b]].
func (b *builder) header(e *unstable.Node) {
	if b.tooDeep(e) {
		return
	}
	t := b.doc.root
	for it := e.Key(); it.Next(); {
		k := it.Node()
		if !it.IsLast() {
			t = b.enter(t, k, false)
			continue
		}
		t = b.last(t, k, e.Kind == unstable.ArrayTable)
	}
	b.table = t
}

// enter follows or makes the table below t that key names; in an array of
// tables its last element. A value in the way is reported and replaced by a
// table of its own that stays outside the tree.
func (b *builder) enter(t *node, key *unstable.Node, dotted bool) *node {
	name := string(key.Data)
	k := t.get(name)
	switch {
	case k == nil:
		return t.add(&node{kind: tableNode, name: name, key: span(key.Raw), at: span(key.Raw), dotted: dotted})
	case k.array:
		return k.kids[len(k.kids)-1]
	case k.kind == tableNode && !k.inline && !(dotted && k.header):
		return k
	}
	return b.conflict(k, t, key)
}

// last enters the table that a header defines.
func (b *builder) last(t *node, key *unstable.Node, array bool) *node {
	name, at := string(key.Data), span(key.Raw)
	k := t.get(name)
	switch {
	case array && (k == nil || k.array):
		if k == nil {
			k = t.add(&node{kind: listNode, name: name, key: at, at: at, array: true})
		}
		return k.add(&node{kind: tableNode, name: fmt.Sprintf("[%d]", len(k.kids)), key: at, at: at, header: true})
	case k == nil:
		return t.add(&node{kind: tableNode, name: name, key: at, at: at, header: true})
	case k.kind == tableNode && !k.header && !k.inline && !k.dotted && !array:
		k.header, k.key, k.at = true, at, at
		return k
	}
	return b.conflict(k, t, key)
}

func (b *builder) conflict(first, t *node, key *unstable.Node) *node {
	lost := &node{kind: tableNode, name: string(key.Data), parent: t, key: span(key.Raw), at: span(key.Raw)}
	d := b.doc.diagnostic(diag.Error, lost.key, fmt.Sprintf("`%s` is defined twice", lost.path()))
	d.Notes = []diag.Note{{Span: first.key, Message: "first defined here"}}
	b.twice = append(b.twice, d)
	return lost
}

func (b *builder) keyValue(t *node, e *unstable.Node) {
	if b.tooDeep(e) {
		return
	}
	for it := e.Key(); it.Next(); {
		k := it.Node()
		if !it.IsLast() {
			t = b.enter(t, k, true)
			continue
		}
		if first := t.get(string(k.Data)); first != nil {
			b.conflict(first, t, k)
			return
		}
		n := &node{name: string(k.Data), key: span(k.Raw), parent: t}
		b.value(n, e.Value(), valueAt(b.doc.src, int(k.Raw.Offset+k.Raw.Length)), int(e.Raw.Offset+e.Raw.Length))
		t.add(n)
	}
}

// value fills n from a value node; start and end are its range where the
// parser has none of its own: it knows where strings and numbers stand, and no
// more of a list or an inline table than that there is one.
func (b *builder) value(n *node, v *unstable.Node, start, end int) {
	n.at = diag.Span{Start: start, End: end}
	if b.depth++; b.depth > maxParts && b.deep == nil {
		d := b.doc.diagnostic(diag.Error, diag.Span{Start: start, End: start}, fmt.Sprintf("syntax error: nested more than %d levels deep", maxParts))
		b.deep = &d
	}
	defer func() { b.depth-- }()
	if b.deep != nil {
		return
	}
	switch v.Kind {
	case unstable.Array:
		n.kind = listNode
		b.items(n, v)
	case unstable.InlineTable:
		n.kind, n.inline = tableNode, true
		for it := v.Children(); it.Next(); {
			b.keyValue(n, it.Node())
		}
	default:
		n.at = span(v.Raw)
		scalar(n, v)
	}
}

func (b *builder) items(n *node, v *unstable.Node) {
	at := n.at.Start + 1
	for it := v.Children(); it.Next(); {
		k := &node{name: "[" + strconv.Itoa(len(n.kids)) + "]", parent: n}
		at = b.skip(at)
		b.value(k, it.Node(), at, at)
		b.close(k)
		k.key = k.at
		at = k.at.End
		n.add(k)
	}
}

// close finds the end of a list or an inline table that stands in a list.
func (b *builder) close(n *node) {
	if n.kind&(listNode|tableNode) == 0 {
		return
	}
	at := n.at.Start + 1
	if len(n.kids) > 0 {
		at = n.kids[len(n.kids)-1].at.End
	}
	n.at.End = min(b.skip(at)+1, len(b.doc.src))
}

// skip passes over what may stand between the elements of a list.
func (b *builder) skip(i int) int {
	for i < len(b.doc.src) {
		switch b.doc.src[i] {
		case ' ', '\t', '\r', '\n', ',':
			i++
		case '#':
			for i < len(b.doc.src) && b.doc.src[i] != '\n' {
				i++
			}
		default:
			return i
		}
	}
	return i
}

func scalar(n *node, v *unstable.Node) {
	switch v.Kind {
	case unstable.String:
		n.kind, n.str = stringNode, string(v.Data)
	case unstable.Bool:
		n.kind = boolNode
		if string(v.Data) == "true" {
			n.num = 1
		}
	case unstable.Integer:
		n.kind = intNode
		n.num, _ = strconv.ParseInt(strings.ReplaceAll(string(v.Data), "_", ""), 0, 64)
	case unstable.Float:
		n.kind = floatNode
		n.flt, _ = strconv.ParseFloat(strings.ReplaceAll(string(v.Data), "_", ""), 64)
	default:
		n.kind = dateNode
	}
}
