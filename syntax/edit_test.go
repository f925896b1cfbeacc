package syntax

import (
	"strings"
	"testing"

	"nixgen/diag"
)

func TestEdit(t *testing.T) {
	span := func(a, b int, text string) diag.Edit {
		return diag.Edit{Span: diag.Span{Start: a, End: b}, New: text}
	}
	for _, c := range []struct {
		src   string
		edits []diag.Edit
		want  string // or the error
	}{
		{"{ a = 1; }", []diag.Edit{span(6, 7, "2"), span(9, 9, "b = 3; ")}, "{ a = 2; b = 3; }"},
		{"{ a = 1; }", nil, "{ a = 1; }"},
		{"{ a = 1; }", []diag.Edit{span(2, 7, "x"), span(6, 8, "y")}, "error: x.nix: edit of bytes 6 to 8 overlaps another or lies outside the 10 bytes of the text"},
		{"{ a = 1; }", []diag.Edit{span(9, 11, "")}, "error: x.nix: edit of bytes 9 to 11 overlaps another or lies outside the 10 bytes of the text"},
		{"{ a = 1;\n}", []diag.Edit{span(7, 8, "")}, "error: the edits would break x.nix:2:1: "},
		{"{ a = 1; }", []diag.Edit{span(9, 9, "a = 2; ")}, "error: the edits would break x.nix:1:10: attribute `a` is already defined"},
		{"let a = 1; in a", []diag.Edit{span(4, 10, "")}, "error: the edits would break x.nix:1:9: undefined variable `a`"},
		{"{ a = 1 }", []diag.Edit{span(7, 7, ";")}, "{ a = 1; }"},
		{"{ a = b }", []diag.Edit{span(7, 7, ";")}, "{ a = b; }"},
	} {
		f := Parse("x.nix", []byte(c.src))
		g, err := f.Edit(c.edits...)
		got := ""
		if err != nil {
			got = "error: " + err.Error()
		} else {
			got = g.String()
		}
		if got != c.want && !(err != nil && strings.HasSuffix(c.want, ": ") && strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: %q, want %q", c.src, got, c.want)
		}
		if f.String() != c.src {
			t.Errorf("%s: the file itself changed to %q", c.src, f.String())
		}
	}
}

func TestNodeEdits(t *testing.T) {
	src := "{\n  # one\n  a = 1; # after\n  b = 2;\n  c = 3; d = 4;\n}\n"
	f := Parse("x.nix", []byte(src))
	binding := map[string]Node{}
	set, _ := f.Root().AsAttrSet()
	for b := range set.Bindings() {
		binding[b.Path().Text()] = b.Node
	}
	for _, c := range []struct {
		name string
		edit diag.Edit
		want string
	}{
		{"replace", binding["b"].Child(1).Replace("[ ]"), strings.Replace(src, "b = 2", "b = [ ]", 1)},
		{"before", binding["b"].InsertBefore("x = 0; "), strings.Replace(src, "b = 2", "x = 0; b = 2", 1)},
		{"after", binding["b"].InsertAfter(" x = 0;"), strings.Replace(src, "b = 2;", "b = 2; x = 0;", 1)},
		{"a whole line", binding["b"].RemoveLines(), strings.Replace(src, "  b = 2;\n", "", 1)},
		{"before a comment", binding["a"].RemoveLines(), strings.Replace(src, "a = 1; ", "", 1)},
		{"first of a line", binding["c"].RemoveLines(), strings.Replace(src, "c = 3; ", "", 1)},
		{"last of a line", binding["d"].RemoveLines(), strings.Replace(src, " d = 4;", "", 1)},
	} {
		g, err := f.Edit(c.edit)
		if err != nil || g.String() != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.name, err, g, c.want)
		}
	}
}
