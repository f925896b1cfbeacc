package fleet

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"nixgen/diag"
)

// section is a header with what stands below it, up to the next header. The
// first section of a document has no header.
type section struct {
	path  []string
	array bool
	keys  []diag.Span // of the parts of the header's path
	// start is that of the comment lines directly above the header, which belong
	// to it; last the end of its header or its last pair, end that of the comment
	// lines directly below. No end has the newline.
	start, last, end int
	pairs            []pair
}

// pair is a key with its value at the top of a section.
type pair struct {
	path  []string // below the section
	keys  []diag.Span
	value diag.Span
}

// sections cuts a text at its headers.
func (d *Document) sections() []section {
	var p unstable.Parser
	p.Reset(d.src)
	out := []section{{}}
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind != unstable.Table && e.Kind != unstable.ArrayTable && e.Kind != unstable.KeyValue {
			continue
		}
		path, keys := keyOf(e)
		lastKey := keys[len(keys)-1].End
		if e.Kind == unstable.KeyValue {
			s := &out[len(out)-1]
			end := int(e.Raw.Offset + e.Raw.Length)
			s.pairs = append(s.pairs, pair{path: path, keys: keys, value: diag.Span{Start: valueAt(d.src, lastKey), End: end}})
			s.last = lineEnd(d.src, end)
			continue
		}
		out = append(out, section{
			path: path, keys: keys, array: e.Kind == unstable.ArrayTable,
			start: commentsAbove(d.src, lineStart(d.src, keys[0].Start)), last: lineEnd(d.src, lastKey),
		})
	}
	for i := range out {
		out[i].end = commentsBelow(d.src, out[i].last)
		if i+1 < len(out) && out[i].end > out[i+1].start { // they belong to the next header
			out[i].end = out[i].last
		}
	}
	if first := &out[0]; first.last == 0 {
		next := len(d.src)
		if len(out) > 1 {
			next = out[1].start
		}
		first.end = lineEnd(d.src, len(bytes.TrimRight(d.src[:next], " \t\r\n")))
	}
	return out
}

func keyOf(e *unstable.Node) (path []string, spans []diag.Span) {
	for it := e.Key(); it.Next(); {
		path = append(path, string(it.Node().Data))
		spans = append(spans, span(it.Node().Raw))
	}
	return path, spans
}

// valueAt skips the equals sign after a key.
func valueAt(src []byte, i int) int {
	for i < len(src) && strings.IndexByte(" \t=", src[i]) >= 0 {
		i++
	}
	return i
}

func lineStart(src []byte, i int) int { return bytes.LastIndexByte(src[:i], '\n') + 1 }

// lineEnd is the end of the line at i, before its newline.
func lineEnd(src []byte, i int) int {
	end := len(src)
	if n := bytes.IndexByte(src[i:], '\n'); n >= 0 {
		end = i + n
	}
	if end > i && src[end-1] == '\r' {
		end--
	}
	return end
}

// pastNewline steps over one newline at i.
func pastNewline(src []byte, i int) int {
	switch {
	case bytes.HasPrefix(src[i:], []byte("\r\n")):
		return i + 2
	case i < len(src) && src[i] == '\n':
		return i + 1
	}
	return i
}

// beforeNewline steps back over one newline before i.
func beforeNewline(src []byte, i int) int {
	switch {
	case bytes.HasSuffix(src[:i], []byte("\r\n")):
		return i - 2
	case i > 0 && src[i-1] == '\n':
		return i - 1
	}
	return i
}

// commentsAbove is the start of the comment lines directly above the line at i.
// Those at the very top of the file are the file's.
func commentsAbove(src []byte, i int) int {
	at := i
	for at > 0 {
		prev := lineStart(src, at-1)
		if !bytes.HasPrefix(bytes.TrimLeft(src[prev:at], " \t"), []byte("#")) {
			return at
		}
		at = prev
	}
	return i
}

// commentsBelow is the end of the comment lines directly below the line that
// ends at i.
func commentsBelow(src []byte, i int) int {
	for {
		next := pastNewline(src, i)
		if next == i || !bytes.HasPrefix(bytes.TrimLeft(src[next:], " \t"), []byte("#")) {
			return i
		}
		i = lineEnd(src, next)
	}
}

// newline is the one that the document uses.
func (d *Document) newline() string {
	if i := bytes.IndexByte(d.src, '\n'); i > 0 && d.src[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// splitKey reads a dotted key.
func splitKey(key string) ([]string, bool) {
	if strings.ContainsAny(key, "\n\r") {
		return nil, false
	}
	var p unstable.Parser
	p.Reset([]byte(key + " = 0"))
	if !p.NextExpression() || p.Expression().Kind != unstable.KeyValue {
		return nil, false
	}
	e := p.Expression()
	path, spans := keyOf(e)
	whole := spans[len(spans)-1].End == len(key) && e.Value().Kind == unstable.Integer
	return path, whole && !p.NextExpression() && p.Error() == nil
}

func joinKey(path []string) string {
	parts := make([]string, len(path))
	for i, p := range path {
		parts[i] = quoteKey(p)
	}
	return strings.Join(parts, ".")
}

func hasPrefix(path, prefix []string) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

// node finds the node at a path, nil where there is none.
func (d *Document) node(path []string) *node {
	n := d.root
	for _, p := range path {
		n = n.get(p)
	}
	return n
}

// cutTable is the edit that takes a section away with the blank line above it.
func (d *Document) cutTable(s section) diag.Edit {
	from := beforeNewline(d.src, beforeNewline(d.src, s.start))
	if strings.TrimSpace(string(d.src[from:s.start])) != "" || from == s.start {
		from = s.start
	}
	to := s.end
	if from == s.start { // it stood at the top: take the newlines below it instead
		to = pastNewline(d.src, to)
		if len(bytes.TrimSpace(d.src[to:])) > 0 {
			to = pastNewline(d.src, to)
		}
	}
	return diag.Edit{Span: diag.Span{Start: from, End: to}}
}

// cutLine takes the lines of a pair away, and nothing above them.
func (d *Document) cutLine(p pair) diag.Edit {
	from := lineStart(d.src, p.keys[0].Start)
	end := lineEnd(d.src, p.value.End)
	to := pastNewline(d.src, end)
	if to == end { // the last line of a file without a final newline
		from = beforeNewline(d.src, from)
	}
	return diag.Edit{Span: diag.Span{Start: from, End: to}}
}

// cutMember takes a member out of an inline table or a list, with one comma.
func (d *Document) cutMember(n *node) diag.Edit {
	kids := n.parent.kids
	i := slices.Index(kids, n)
	start, end := n.key.Start, n.at.End
	switch {
	case len(kids) == 1 && n.parent.inline:
		return diag.Edit{Span: n.parent.at, New: "{}"}
	case i+1 < len(kids):
		end = kids[i+1].key.Start
	case i > 0:
		start = kids[i-1].at.End
	}
	return diag.Edit{Span: diag.Span{Start: start, End: end}}
}
