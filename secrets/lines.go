package secrets

import (
	"regexp"
	"strings"

	"nixgen/diag"
)

// parseLines reads sops' formats for .env and .ini files into the tree that the
// same content has as YAML. Lines that say nothing are passed over, as sops'
// own readers do.
func parseLines(src []byte, ini bool) *node {
	r := &lineReader{root: &node{kind: mapping}, ini: ini}
	at := 0
	for line := range strings.Lines(string(src)) {
		r.line(strings.TrimRight(line, "\r\n"), at)
		at += len(line)
	}
	if r.meta != nil {
		r.root.items = append(r.root.items, r.meta)
	}
	return r.root
}

type lineReader struct {
	root, meta *node
	ini        bool
	// section of an .ini file; nil before the first.
	section *node
}

// metaPrefix marks metadata in .env files; .ini files have a section for them.
const metaPrefix = "sops_"

func (r *lineReader) line(text string, at int) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || trimmed[0] == '#' || r.ini && trimmed[0] == ';' {
		return
	}
	if r.ini && trimmed[0] == '[' {
		r.enter(strings.Trim(trimmed, "[]"), diag.Span{Start: at, End: at + len(text)})
		return
	}
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return
	}
	start := at + len(key) + 1
	n := &node{
		kind: scalar, key: strings.TrimSpace(key), text: strings.TrimSpace(value), plain: true,
		keySpan: diag.Span{Start: at, End: at + len(strings.TrimRight(key, " \t"))},
		span:    diag.Span{Start: start + len(value) - len(strings.TrimLeft(value, " \t")), End: start + len(value)},
	}
	if name, isMeta := strings.CutPrefix(n.key, metaPrefix); isMeta && !r.ini {
		n.key = name
		r.metadata(n)
		return
	}
	switch {
	case r.section == nil:
		r.root.items = append(r.root.items, n)
	case r.section == r.meta:
		r.metadata(n)
	default:
		r.section.items = append(r.section.items, n)
	}
}

func (r *lineReader) enter(name string, at diag.Span) {
	r.section = &node{kind: mapping, key: name, keySpan: at, span: at}
	if name == "sops" {
		r.meta = r.section
		return
	}
	r.root.items = append(r.root.items, r.section)
}

// listRE is how sops writes an entry of a list of mappings on one line.
var listRE = regexp.MustCompile(`^([a-z_]+?)__list_(\d+)__map_([a-z_]+)$`)

// metadata puts a line where YAML has it: age__list_0__map_recipient is the
// recipient of the first entry of the list age.
func (r *lineReader) metadata(n *node) {
	if r.meta == nil {
		r.meta = &node{kind: mapping, key: "sops", keySpan: n.keySpan, span: n.span}
	}
	m := listRE.FindStringSubmatch(n.key)
	if m == nil {
		r.meta.items = append(r.meta.items, n)
		return
	}
	list := r.meta.get(m[1])
	if list == nil {
		list = &node{kind: sequence, key: m[1]}
		r.meta.items = append(r.meta.items, list)
	}
	n.key = m[3]
	last := len(list.items) - 1
	if last < 0 || list.items[last].key != m[2] {
		list.items = append(list.items, &node{kind: mapping, key: m[2]})
		last++
	}
	list.items[last].items = append(list.items[last].items, n)
}
