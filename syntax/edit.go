package syntax

import (
	"fmt"

	"nixgen/diag"
)

// Edit makes byte edits and parses what comes of them; f itself stays as it
// is. Edits that overlap or lie outside are refused. So is text that Nix would
// refuse where it accepted f: a syntax error, an attribute defined twice, a
// variable that lost its definition. What was wrong before may stay wrong.
func (f *File) Edit(edits ...diag.Edit) (*File, error) {
	src, err := diag.Apply(f.src, edits)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	after := Parse(f.name, src)
	if _, was := f.refusal(); !was {
		if d, is := after.refusal(); is {
			at := after.Position(d.Span.Start)
			return nil, fmt.Errorf("the edits would break %s:%d:%d: %s", f.name, at.Line, at.Column, d.Message)
		}
	}
	return after, nil
}

// refusal is why Nix would not evaluate the file at all.
func (f *File) refusal() (diag.Diagnostic, bool) {
	if d, ok := f.FirstError(); ok {
		return d, true
	}
	return f.Undefined()
}

// Replace is the edit that puts text in the place of n.
func (n Node) Replace(text string) diag.Edit { return diag.Edit{Span: n.Span(), New: text} }

// InsertBefore is the edit that puts text before n.
func (n Node) InsertBefore(text string) diag.Edit {
	at := n.Span().Start
	return diag.Edit{Span: diag.Span{Start: at, End: at}, New: text}
}

// InsertAfter is the edit that puts text after n.
func (n Node) InsertAfter(text string) diag.Edit {
	at := n.Span().End
	return diag.Edit{Span: diag.Span{Start: at, End: at}, New: text}
}

// RemoveLines is the edit that removes n and, where nothing else stands on
// them, the lines it takes up, so that no blank line is left behind. Comments
// beside n on its last line stay.
func (n Node) RemoveLines() diag.Edit {
	span, src := n.Span(), n.f.src
	start, end := span.Start, span.End
	for start > 0 && isBlank(src[start-1]) {
		start--
	}
	for end < len(src) && isBlank(src[end]) {
		end++
	}
	lineStart := start == 0 || src[start-1] == '\n'
	lineEnd := end == len(src) || src[end] == '\n'
	switch {
	case lineStart && lineEnd:
		return diag.Edit{Span: diag.Span{Start: start, End: min(end+1, len(src))}}
	case lineEnd:
		return diag.Edit{Span: diag.Span{Start: start, End: end}}
	}
	return diag.Edit{Span: diag.Span{Start: span.Start, End: end}}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }
