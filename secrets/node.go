package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"nixgen/diag"
)

type kind uint8

const (
	scalar kind = iota
	mapping
	sequence
)

// node is YAML or JSON reduced to what matters here. Aliases are followed, tags
// dropped; the scalar's text is unquoted.
type node struct {
	kind kind
	// key names the node in its mapping.
	key     string
	keySpan diag.Span
	span    diag.Span
	text    string
	// null scalars have no text; plain is false for quoted text.
	null, plain bool
	items       []*node
}

// get returns the entry of a mapping, or nil; n may be nil.
func (n *node) get(key string) *node {
	if n == nil || n.kind != mapping {
		return nil
	}
	for _, c := range n.items {
		if c.key == key {
			return c
		}
	}
	return nil
}

// list returns the items of a sequence, or nil; n may be nil.
func (n *node) list() []*node {
	if n == nil || n.kind != sequence {
		return nil
	}
	return n.items
}

// value returns the text of a scalar, or ""; n may be nil.
func (n *node) value() string {
	if n == nil || n.kind != scalar {
		return ""
	}
	return n.text
}

// maxDepth bounds nesting, and the depth of aliases: a file may come from
// anybody.
const (
	maxDepth = 100
	maxNodes = 1 << 17
)

// syntaxError is a mistake with its place in the text.
type syntaxError struct {
	at  int
	msg string
}

func (e *syntaxError) Error() string { return e.msg }

// parseTree reads the documents of a file: one for JSON.
func parseTree(name string, src []byte) ([]*node, error) {
	if strings.HasSuffix(name, ".json") {
		n, err := parseJSON(src)
		if err != nil {
			return nil, err
		}
		return []*node{n}, nil
	}
	if strings.HasSuffix(name, ".env") || strings.HasSuffix(name, ".ini") {
		return []*node{parseLines(src, strings.HasSuffix(name, ".ini"))}, nil
	}
	return parseYAML(src)
}

func parseYAML(src []byte) (docs []*node, err error) {
	c := &yamlReader{src: src, lines: diag.NewLines(src), anchors: map[string]ast.Node{}}
	defer func() {
		if r := recover(); r != nil { // the library gives up on some broken texts this way
			docs, err = nil, &syntaxError{0, "this is not YAML that can be read"}
		}
	}()
	if at := deepest(src); at >= 0 {
		return nil, &syntaxError{at, "nested too deeply"}
	}
	f, err := parser.ParseBytes(src, 0)
	if err != nil {
		return nil, c.syntax(err)
	}
	for _, d := range f.Docs {
		if d.Body == nil {
			continue
		}
		n, err := c.convert(d.Body, 0)
		if err != nil {
			return nil, err
		}
		docs = append(docs, n)
	}
	return docs, nil
}

// deepest gives the place where flow brackets nest deeper than maxDepth, or -1:
// the library recurses without a bound.
func deepest(src []byte) int {
	depth := 0
	for i, b := range src {
		switch b {
		case '[', '{':
			if depth++; depth > 10*maxDepth {
				return i
			}
		case ']', '}':
			depth--
		case '\n':
			depth = max(depth, 0)
		}
	}
	return -1
}

type yamlReader struct {
	src     []byte
	lines   *diag.Lines
	anchors map[string]ast.Node
	nodes   int
	// line, column and at are of the last token that was looked for: tokens come
	// in order, and a line may be long.
	line, column, at int
}

// syntax turns an error of the library into one of ours; its own text quotes
// the file, which might hold a secret.
func (c *yamlReader) syntax(err error) error {
	if e := (*yaml.SyntaxError)(nil); errors.As(err, &e) && e.Token != nil {
		return &syntaxError{c.span(e.Token).Start, "this is not YAML: " + harmless(e.Message)}
	}
	return &syntaxError{0, "this is not YAML"}
}

var quotedRE = regexp.MustCompile("[\"'`].*[\"'`]")

// harmless drops what a message quotes.
func harmless(msg string) string {
	return strings.ToLower(strings.TrimRight(quotedRE.ReplaceAllString(msg, "…"), ".\n"))
}

// span of a token: the library counts lines and columns in runes, from 1.
func (c *yamlReader) span(t *token.Token) diag.Span {
	line := c.lines.Span(t.Position.Line)
	column, at := 1, line.Start
	if t.Position.Line == c.line && t.Position.Column >= c.column {
		column, at = c.column, c.at
	}
	for ; column < t.Position.Column && at < line.End; column++ {
		_, n := utf8.DecodeRune(c.src[at:])
		at += n
	}
	c.line, c.column, c.at = t.Position.Line, column, at
	text := strings.TrimSpace(t.Origin)
	if i := strings.IndexAny(text, "\r\n"); i >= 0 {
		text = text[:i]
	}
	return diag.Span{Start: at, End: min(at+max(len(text), 1), len(c.src))}
}

func (c *yamlReader) convert(x ast.Node, depth int) (*node, error) {
	if c.nodes++; c.nodes > maxNodes {
		return nil, &syntaxError{0, "too large once aliases are followed"}
	}
	if depth > maxDepth {
		return nil, &syntaxError{c.span(x.GetToken()).Start, "nested too deeply"}
	}
	switch x := x.(type) {
	case *ast.AnchorNode:
		c.anchors[x.Name.String()] = x.Value
		return c.convert(x.Value, depth+1)
	case *ast.AliasNode:
		return c.alias(x, depth)
	case *ast.TagNode:
		return c.convert(x.Value, depth+1)
	case *ast.MappingNode:
		return c.mapping(x, x.Values, depth)
	case *ast.MappingValueNode:
		return c.mapping(x, []*ast.MappingValueNode{x}, depth)
	case *ast.SequenceNode:
		n := &node{kind: sequence, span: c.span(x.GetToken())}
		for _, v := range x.Values {
			item, err := c.convert(v, depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
		return n, nil
	}
	return c.scalar(x), nil
}

func (c *yamlReader) alias(x *ast.AliasNode, depth int) (*node, error) {
	v, ok := c.anchors[x.Value.String()]
	if !ok {
		return nil, &syntaxError{c.span(x.GetToken()).Start, "no anchor `" + x.Value.String() + "` above"}
	}
	n, err := c.convert(v, depth+1)
	if err != nil {
		return nil, err
	}
	n.span = c.span(x.GetToken())
	n.span.End = min(n.span.Start+1+len(x.Value.String()), len(c.src))
	return n, nil
}

func (c *yamlReader) mapping(x ast.Node, values []*ast.MappingValueNode, depth int) (*node, error) {
	n := &node{kind: mapping, span: c.span(x.GetToken())}
	for _, v := range values {
		item, err := c.convert(v.Value, depth+1)
		if err != nil {
			return nil, err
		}
		if v.Key.IsMergeKey() {
			n.items = append(n.items, item.items...)
			continue
		}
		item.key, item.keySpan = c.key(v.Key), c.span(v.Key.GetToken())
		n.items = append(n.items, item)
	}
	return n, nil
}

func (c *yamlReader) key(k ast.MapKeyNode) string {
	if s, ok := k.(*ast.StringNode); ok {
		return s.Value
	}
	return k.GetToken().Value
}

func (c *yamlReader) scalar(x ast.Node) *node {
	n := &node{span: c.span(x.GetToken())}
	switch x := x.(type) {
	case *ast.NullNode:
		n.null = true
	case *ast.StringNode:
		n.text, n.plain = x.Value, x.Token.Type == token.StringType
	case *ast.LiteralNode:
		n.text = x.Value.Value
	default:
		n.text, n.plain = x.GetToken().Value, true
	}
	return n
}

// parseJSON reads one value; sops indents JSON with tabs, which YAML forbids.
func parseJSON(src []byte) (*node, error) {
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(src)), src: src}
	r.dec.UseNumber()
	n, err := r.value(0)
	if err == nil {
		if _, err = r.dec.Token(); errors.Is(err, io.EOF) {
			return n, nil
		}
		err = errors.New("more than one value")
	}
	if e := (*syntaxError)(nil); errors.As(err, &e) {
		return nil, e
	}
	return nil, &syntaxError{min(int(r.dec.InputOffset()), len(src)), "this is not JSON"}
}

type jsonReader struct {
	dec *json.Decoder
	src []byte
}

// next reads a token with its place: behind what only separates.
func (r *jsonReader) next() (json.Token, diag.Span, error) {
	at := int(r.dec.InputOffset())
	t, err := r.dec.Token()
	end := int(r.dec.InputOffset())
	for at < end && bytes.IndexByte([]byte(" \t\r\n,:"), r.src[at]) >= 0 {
		at++
	}
	return t, diag.Span{Start: at, End: end}, err
}

func (r *jsonReader) value(depth int) (*node, error) {
	t, span, err := r.next()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, &syntaxError{span.Start, "nested too deeply"}
	}
	switch t := t.(type) {
	case json.Delim:
		n := &node{kind: sequence, span: span}
		if t == '{' {
			n.kind = mapping
		}
		return n, r.items(n, depth)
	case nil:
		return &node{span: span, null: true}, nil
	case string:
		return &node{span: span, text: t}, nil
	}
	return &node{span: span, text: fmt.Sprint(t), plain: true}, nil
}

// items reads the inside of an object or array, its end included.
func (r *jsonReader) items(n *node, depth int) error {
	for r.dec.More() {
		var key string
		var keySpan diag.Span
		if n.kind == mapping {
			t, span, err := r.next()
			if err != nil {
				return err
			}
			key, _ = t.(string)
			keySpan = span
		}
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		item.key, item.keySpan = key, keySpan
		n.items = append(n.items, item)
	}
	_, err := r.dec.Token()
	return err
}
