package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"nixgen/diag"
)

// sources keeps the text of each file while one report is written.
type sources struct {
	get   func(string) []byte
	texts map[string]*text
}

// text is a file with its line index; known is false where there is no text,
// and every position is then the file's first.
type text struct {
	src   []byte
	lines *diag.Lines
	known bool
}

func (s *sources) of(file string) *text {
	t, ok := s.texts[file]
	if !ok {
		t = &text{}
		if s.get != nil && file != "" {
			t.src = s.get(file)
			t.known = t.src != nil
		}
		t.lines = diag.NewLines(t.src)
		s.texts[file] = t
	}
	return t
}

// around is the line of a position, or, of a line that is much longer, at most
// n bytes on either side of it; column is where the position stands in that.
// Lines of a megabyte exist, with a finding in every word.
func (t *text) around(p diag.Position, n int) (line string, column int) {
	at := t.lines.Span(p.Line)
	offset := at.Start + p.Column - 1
	from, to := max(at.Start, offset-n), min(at.End, offset+n)
	for from > at.Start && !utf8.RuneStart(t.src[from]) {
		from--
	}
	for to < at.End && !utf8.RuneStart(t.src[to]) {
		to++
	}
	return strings.TrimRight(string(t.src[from:to]), "\r\n"), offset - from
}

// utf16Column converts a byte offset to a line and a 1-based column in UTF-16
// code units.
func (t *text) utf16Column(offset int) (line, column int) {
	p := t.lines.Position(offset)
	line, column = p.Line, 1
	start := t.lines.Span(p.Line).Start
	rest := t.src[start:min(start+p.Column-1, len(t.src))]
	for len(rest) > 0 {
		r, n := utf8.DecodeRune(rest)
		column += max(1, utf16.RuneLen(r))
		rest = rest[n:]
	}
	return line, column
}

// plain makes control characters visible, so that text from a file cannot
// steer a terminal. Tabs stay in excerpts, where the caret line repeats them.
func plain(s string, keepTabs bool) string {
	if printable(s) {
		return s
	}
	bad := func(r rune) bool {
		return unicode.IsControl(r) && !(keepTabs && r == '\t') || unicode.Is(unicode.Bidi_Control, r)
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !bad(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// printable is true for plain ASCII, which most lines are.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
