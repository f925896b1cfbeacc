package report

import (
	"strings"
	"testing"
	"unicode/utf16"

	"nixgen/diag"
)

// Columns of a long line are counted from marks; they are those that counting
// from its beginning gives.
func TestUTF16Column(t *testing.T) {
	line := strings.Repeat("aé€😀\xff\xe2\x82b\t", 200)
	src := []byte("x\n" + line + "\r\n" + line)
	text := &text{src: src, lines: diag.NewLines(src), known: true}
	for offset := range len(src) + 1 {
		begin := strings.LastIndexByte(string(src[:offset]), '\n') + 1
		wantLine := 1 + strings.Count(string(src[:offset]), "\n")
		want := 1 + len(utf16.Encode([]rune(string(src[begin:offset]))))
		if gotLine, got := text.utf16Column(offset); gotLine != wantLine || got != want {
			t.Fatalf("offset %d: got %d:%d, want %d:%d", offset, gotLine, got, wantLine, want)
		}
	}
}
