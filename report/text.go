package report

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"nixgen/diag"
)

// widest is how many runes of a source line an excerpt shows.
const widest = 120

type textWriter struct {
	w   *bufio.Writer
	src *sources
	opt Options
}

func writeText(w io.Writer, ds []diag.Diagnostic, src *sources, opt Options) error {
	t := &textWriter{bufio.NewWriterSize(w, 1<<16), src, opt}
	for _, d := range ds {
		t.diagnostic(d)
	}
	return t.w.Flush()
}

func (t *textWriter) diagnostic(d diag.Diagnostic) {
	t.place(d.File, d.Span)
	t.w.WriteString(t.paint(severityColor[d.Severity], d.Severity.String()) + ": " + plain(d.Message, false))
	if d.Rule != "" {
		t.w.WriteString(" [" + d.Rule + "]")
	}
	t.w.WriteByte('\n')
	if t.opt.Brief {
		return
	}
	t.excerpt(d.File, d.Span, severityColor[d.Severity])
	t.detail("why", d.Why)
	t.detail("hosts", strings.Join(d.Hosts, ", "))
	t.detail("chain", strings.Join(d.Chain, " → "))
	for _, n := range d.Notes {
		t.note(d, n)
	}
	for _, f := range d.Fixes {
		t.detail("fix", f.Message)
	}
}

// place writes "file:line:col: ", or nothing for a finding about no file.
func (t *textWriter) place(file string, at diag.Span) {
	if file == "" {
		return
	}
	p := t.src.of(file).lines.Position(at.Start)
	t.write(plain(file, false), ":", strconv.Itoa(p.Line), ":", strconv.Itoa(p.Column), ": ")
}

func (t *textWriter) write(parts ...string) {
	for _, s := range parts {
		t.w.WriteString(s)
	}
}

func (t *textWriter) detail(word, s string) {
	if s != "" {
		t.write("    ", word, ": ", plain(s, false), "\n")
	}
}

func (t *textWriter) note(d diag.Diagnostic, n diag.Note) {
	file := n.File
	if file == "" {
		file = d.File
	}
	t.w.WriteString("    note: ")
	t.place(file, n.Span)
	t.w.WriteString(plain(n.Message, false) + "\n")
	t.excerpt(file, n.Span, cyan)
}

// excerpt shows the line where a span begins, with carets below it. A finding
// about a file as a whole has none.
func (t *textWriter) excerpt(file string, at diag.Span, color string) {
	text := t.src.of(file)
	if !text.known || at == (diag.Span{}) {
		return
	}
	p := text.lines.Position(at.Start)
	line, column := text.around(p, widest*utf8.UTFMax)
	before := line[:min(column, len(line))]
	under := line[len(before):min(max(column+at.End-at.Start, len(before)), len(line))]
	line, before = window(line, before)
	number := strconv.Itoa(p.Line)
	carets := strings.Repeat("^", max(1, min(utf8.RuneCountInString(plain(under, true)), widest-utf8.RuneCountInString(before))))
	t.write(strings.Repeat(" ", max(0, 5-len(number))), number, " | ", plain(line, true), "\n")
	t.write("      | ", blanks(plain(before, true)), t.paint(color, carets), "\n")
}

// window cuts a long line to the part around the end of before, which is its
// beginning.
func window(line, before string) (string, string) {
	after := utf8.RuneCountInString(line[len(before):])
	at := utf8.RuneCountInString(before)
	if at+after <= widest {
		return line, before
	}
	from := max(0, min(at-widest/2, at+after-widest))
	start := runes(line, from)
	return line[start : start+runes(line[start:], widest)], before[start:]
}

// runes is the length of the first n of them.
func runes(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// blanks turns text into white space of the same width, keeping tabs.
func blanks(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return '\t'
		}
		return ' '
	}, s)
}

const (
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	cyan   = "\x1b[1;36m"
	reset  = "\x1b[0m"
)

var severityColor = map[diag.Severity]string{diag.Error: red, diag.Warning: yellow, diag.Info: cyan}

func (t *textWriter) paint(color, s string) string {
	if !t.opt.Color {
		return s
	}
	return color + s + reset
}
