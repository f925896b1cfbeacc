package diag

import "sort"

// Position is what people read: line and column count from 1, the column in
// bytes, as Nix prints them.
type Position struct {
	Line, Column int
}

// Lines converts byte offsets of one text to positions. As for Nix, lines end
// at "\n", "\r\n" or a "\r" alone.
type Lines struct {
	starts []int
	size   int
}

// NewLines indexes src once; it keeps no reference to it.
func NewLines(src []byte) *Lines {
	l := &Lines{starts: []int{0}, size: len(src)}
	for i, b := range src {
		if b == '\n' || b == '\r' && (i+1 == len(src) || src[i+1] != '\n') {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

// Position of a byte offset; offsets outside the text are clamped to it.
func (l *Lines) Position(offset int) Position {
	offset = min(max(offset, 0), l.size)
	i := sort.SearchInts(l.starts, offset+1) - 1
	return Position{Line: i + 1, Column: offset - l.starts[i] + 1}
}

// Span of line n (from 1) including its newline; empty past the last line.
func (l *Lines) Span(n int) Span {
	if n < 1 || n > len(l.starts) {
		return Span{l.size, l.size}
	}
	end := l.size
	if n < len(l.starts) {
		end = l.starts[n]
	}
	return Span{l.starts[n-1], end}
}
