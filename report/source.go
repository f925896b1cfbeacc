package report

import (
	"fmt"
	"slices"
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
	marks []mark
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

// A mark is a place in a text with the UTF-16 code units before it.
type mark struct{ offset, units int }

// between is the distance of marks, in bytes and a little more.
const between = 256

// utf16Column converts a byte offset to a line and a 1-based column in UTF-16
// code units.
func (t *text) utf16Column(offset int) (line, column int) {
	p := t.lines.Position(offset)
	start := t.lines.Span(p.Line).Start
	return p.Line, 1 + t.units(min(start+p.Column-1, len(t.src))) - t.units(start)
}

// units are the UTF-16 code units before an offset, counted from a mark that is
// near: one line may hold all of a large file.
func (t *text) units(offset int) int {
	if t.marks == nil {
		t.mark()
	}
	i, _ := slices.BinarySearchFunc(t.marks, offset+1, func(m mark, at int) int { return m.offset - at })
	m := t.marks[i-1]
	for m.offset < offset {
		m = m.next(t.src[:offset])
	}
	return m.units
}

// mark counts the whole text.
func (t *text) mark() {
	t.marks = []mark{{}}
	for m := t.marks[0]; m.offset < len(t.src); {
		m = m.next(t.src)
		if m.offset-t.marks[len(t.marks)-1].offset >= between {
			t.marks = append(t.marks, m)
		}
	}
}

// next is the place behind the next rune.
func (m mark) next(src []byte) mark {
	r, n := utf8.DecodeRune(src[m.offset:])
	return mark{m.offset + n, m.units + max(1, utf16.RuneLen(r))}
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
