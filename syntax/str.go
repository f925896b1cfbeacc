package syntax

import (
	"bytes"
	"iter"

	"nixgen/diag"
)

// piece is a stretch of the text of an indented string. Only plain pieces take
// part in finding the indentation.
type piece struct {
	start, end int
	plain      bool
}

// indentedPieces splits text as Nix's lexer does.
func indentedPieces(text []byte) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		for i := 0; i < len(text); {
			p := indentedPiece(text, i)
			if !yield(p) {
				return
			}
			i = p.end
		}
	}
}

// indentedPiece is the piece that starts at i.
func indentedPiece(text []byte, i int) piece {
	if end := plainEnd(text, i); end > i {
		return piece{i, end, true}
	}
	rest := text[i:]
	switch {
	case len(rest) < 3 || rest[0] == '$' || rest[1] != '\'':
		return piece{i, i + 1, false}
	case rest[2] == '\\':
		return piece{i, min(i+4, len(text)), false}
	}
	return piece{i, i + 3, false}
}

// plainEnd is where the longest ([^$']|$[^{']|'[^'$])* from i on ends.
func plainEnd(text []byte, i int) int {
	for i < len(text) {
		switch c := text[i]; c {
		case '$', '\'':
			if i+1 == len(text) || text[i+1] == '\'' || c == '$' && text[i+1] == '{' || c == '\'' && text[i+1] == '$' {
				return i
			}
			i += 2
		default:
			i++
		}
	}
	return i
}

// strPart is one piece of a string as Nix evaluates it: text, or the node of
// an interpolation.
type strPart struct {
	text   []byte
	interp Node
}

// Value of the string as Nix reads it; false if it has interpolations or is
// broken.
func (n Str) Value() (string, bool) {
	if n.NumChildren() > 0 {
		return "", false
	}
	if sp, ok := n.Verbatim(); ok {
		return string(n.f.src[sp.Start:sp.End]), true
	}
	var text []byte
	for _, p := range n.evaluated() {
		text = append(text, p.text...)
	}
	return string(text), true
}

// Verbatim is where the value of the string stands as it is: a string in double
// quotes without interpolation and escapes.
func (n Str) Verbatim() (diag.Span, bool) {
	r := n.raw()
	tokens := r.end - r.first
	if r.kind != KindStr || r.nkids > 0 || tokens < 2 || tokens > 3 || n.f.toks[r.end-1].kind() != TokQuote {
		return diag.Span{}, false
	}
	sp := n.Span()
	sp.Start++
	sp.End--
	return sp, !bytes.ContainsAny(n.f.src[sp.Start:sp.End], "\\\r")
}

// evaluated gives the string unescaped and without indentation, in the pieces
// in which Nix puts it together.
func (n Str) evaluated() []strPart {
	if n.Indented() {
		return unindent(n.indentedParts())
	}
	var parts []strPart
	for p := range n.Parts() {
		if p.Interp.Valid() {
			parts = append(parts, strPart{interp: p.Interp})
		} else {
			parts = append(parts, strPart{text: unescape(nil, p.Text.bytes())})
		}
	}
	return parts
}

func (t Token) bytes() []byte { return t.f.src[t.f.tokStart(t.i):t.f.toks[t.i].end] }

// attrText appends the text of a node that names an attribute without
// computing it: a string, or ${ } around one, in parentheses or not.
func attrText(dst []byte, n Node) ([]byte, bool) {
	switch n.Kind() {
	case KindStr:
		return constText(dst, n)
	case KindInterp:
		return constText(dst, n.Child(0))
	}
	return dst, false
}

// constText appends the text of an expression that is one string to Nix's
// parser: without interpolation, and for an indented string in one piece.
func constText(dst []byte, n Node) ([]byte, bool) {
	n = n.Unparen()
	switch n.Kind() {
	case KindURI:
		return append(dst, n.Text()...), true
	case KindStr, KindIndentedStr:
		if sp, ok := (Str{n}).Verbatim(); ok {
			return append(dst, n.f.src[sp.Start:sp.End]...), true
		}
		parts := Str{n}.evaluated()
		switch {
		case len(parts) == 0:
			return dst, true
		case len(parts) > 1:
			return dst, false
		case !parts[0].interp.Valid():
			return append(dst, parts[0].text...), true
		case n.Is(KindIndentedStr):
			return constText(dst, parts[0].interp.Child(0))
		}
	}
	return dst, false
}

// indentedPart is a piece of an indented string before its indentation is
// taken off; only plain text has any.
type indentedPart struct {
	strPart
	plain bool
}

func (n Str) indentedParts() []indentedPart {
	var parts []indentedPart
	for p := range n.Parts() {
		if p.Interp.Valid() {
			parts = append(parts, indentedPart{strPart{interp: p.Interp}, false})
			continue
		}
		text := p.Text.bytes()
		for pc := range indentedPieces(text) {
			t := text[pc.start:pc.end]
			if !pc.plain {
				t = indentedEscape(t)
			}
			parts = append(parts, indentedPart{strPart{text: t}, pc.plain})
		}
	}
	return parts
}

// indentedEscape is what one of $, ', ”$, ”' and ”\x stands for.
func indentedEscape(t []byte) []byte {
	switch {
	case len(t) == 4:
		return unescape(nil, t[2:])
	case len(t) == 3 && t[2] == '$':
		return t[2:]
	case len(t) == 3:
		return t[:2]
	}
	return t
}

// unindent takes off the indentation that all lines share, and the last line
// if it has blanks only.
func unindent(parts []indentedPart) []strPart {
	indent := sharedIndent(parts)
	u := unindenter{indent: indent, lineStart: true}
	var out []strPart
	for i, p := range parts {
		if p.interp.Valid() {
			u.lineStart, u.dropped = false, 0
			out = append(out, p.strPart)
			continue
		}
		text := u.strip(p.text)
		if i == len(parts)-1 {
			text = dropBlankEnd(text)
		}
		if len(text) > 0 {
			out = append(out, strPart{text: text})
		}
	}
	return out
}

// sharedIndent is the least number of spaces before the first other character
// of a line; lines of spaces only do not count.
func sharedIndent(parts []indentedPart) int {
	least, cur, lineStart := 1000000, 0, true
	for _, p := range parts {
		if !p.plain {
			if lineStart {
				lineStart = false
				least = min(least, cur)
			}
			continue
		}
		for _, c := range p.text {
			switch {
			case c == '\n':
				lineStart, cur = true, 0
			case !lineStart:
			case c == ' ':
				cur++
			default:
				lineStart = false
				least = min(least, cur)
			}
		}
	}
	return least
}

type unindenter struct {
	indent, dropped int
	lineStart       bool
}

func (u *unindenter) strip(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, c := range text {
		switch {
		case !u.lineStart:
			u.lineStart = c == '\n'
		case c == ' ':
			u.dropped++
			if u.dropped <= u.indent {
				continue
			}
		case c == '\n':
			u.dropped = 0
		default:
			u.lineStart, u.dropped = false, 0
		}
		out = append(out, c)
	}
	return out
}

// dropBlankEnd removes the last line of text if it has spaces only.
func dropBlankEnd(text []byte) []byte {
	i := bytes.LastIndexByte(text, '\n')
	if i >= 0 && len(bytes.Trim(text[i+1:], " ")) == 0 {
		return text[:i+1]
	}
	return text
}

// unescape appends the text of a string as Nix reads it. Line ends of all
// forms become "\n".
func unescape(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			i++
			c = escaped(text[i])
		case c == '\r':
			c = '\n'
			if i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
		}
		dst = append(dst, c)
	}
	return dst
}

// escaped is what `\c` stands for.
func escaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
