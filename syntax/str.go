package syntax

import "iter"

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

// Value of the string as Nix reads it; false if it has interpolations or is
// broken.
func (n Str) Value() (string, bool) {
	if n.NumChildren() > 0 {
		return "", false
	}
	var text []byte
	for p := range n.Parts() {
		text = n.f.src[p.Text.Span().Start:p.Text.Span().End]
	}
	if n.Indented() {
		return string(text), true
	}
	return string(unescape(nil, text)), true
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
