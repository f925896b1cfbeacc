package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Apply makes edits to src and returns the new text. Edits are given in any
// order and must lie inside src and not overlap; two insertions at one offset
// keep their given order. src itself is never changed.
func Apply(src []byte, edits []Edit) ([]byte, error) {
	es := slices.Clone(edits)
	slices.SortStableFunc(es, func(a, b Edit) int {
		return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Span.End, b.Span.End))
	})
	var out []byte
	at := 0
	for _, e := range es {
		if e.Span.Start < at || e.Span.End < e.Span.Start || e.Span.End > len(src) {
			return nil, fmt.Errorf("edit of bytes %d to %d overlaps another or lies outside the %d bytes of the text", e.Span.Start, e.Span.End, len(src))
		}
		out = append(out, src[at:e.Span.Start]...)
		out = append(out, e.New...)
		at = e.Span.End
	}
	return append(out, src[at:]...), nil
}

// Overlap reports whether two edits touch the same bytes; an insertion
// overlaps a replacement that it lies strictly inside of.
func Overlap(a, b Edit) bool {
	if a.Span == b.Span {
		return true
	}
	return a.Span.Start < b.Span.End && b.Span.Start < a.Span.End
}
