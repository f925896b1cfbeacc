package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// FuzzEncode builds catalogs of rows made from bytes and looks every row up
// again; what is read back must be what was written.
func FuzzEncode(f *testing.F) {
	f.Add([]byte("a few letters"))
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 200, 201, 0, 0, 17, 34})
	f.Add([]byte(strings.Repeat("abc\x00", 100)))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows := rowsOf(data)
		out, err := Encode(rows)
		if err != nil {
			t.Fatal(err)
		}
		c, err := parse("fuzz", out)
		if err != nil {
			t.Fatal(err)
		}
		last := map[string]Row{}
		for _, r := range rows {
			last[r.Class.String()+" "+JoinPath(r.Path)] = r
		}
		n := 0
		c.All(func(path []string, o Option) bool {
			n++
			want, ok := last[o.Class().String()+" "+JoinPath(path)]
			if !ok || want.Type != o.TypeText() || want.Flags != o.FlagWords() {
				t.Errorf("%v %s: %q %q, want %v", o.Class(), JoinPath(path), o.TypeText(), o.FlagWords(), want)
			}
			if found, ok := c.Lookup(o.Class(), path); !ok || found.node != o.node {
				t.Errorf("%v %s is listed, but not found", o.Class(), JoinPath(path))
			}
			if p := c.Nearest(o.Class(), path); p.Depth != len(path) {
				t.Errorf("%v %s: nearest at depth %d", o.Class(), JoinPath(path), p.Depth)
			}
			return true
		})
		if n != len(last) {
			t.Errorf("%d rows came back, want %d", n, len(last))
		}
	})
}

// rowsOf makes rows whose paths often share their beginnings.
func rowsOf(data []byte) []Row {
	words := []string{"a", "b", "services", AnyName, Element, "enable", "x.y", "if", "", "é"}
	types := []string{"boolean", "string", "null or one of \"a\", \"b\"", "unknown"}
	flags := []string{"", "open", "internal,readonly", "open,removed", "renamed-to=a.b"}
	var rows []Row
	var path []string
	for i, b := range data {
		if b >= 200 {
			path = path[:len(path)/2]
		}
		path = append(path, words[int(b)%len(words)])
		if b%3 == 0 || len(path) > 6 {
			class := Platform(1) << (int(b) % len(classNames))
			rows = append(rows, Row{class, slices.Clone(path), types[i%len(types)], flags[int(b/3)%len(flags)]})
			path = path[:int(b)%len(path)]
		}
	}
	return rows
}

// FuzzParseType: any words give a type; a value that it admits has a form that
// it admits, and what it lists to choose from it admits.
func FuzzParseType(f *testing.F) {
	seen := map[string]bool{}
	for _, r := range tableRows(f) {
		if len(seen) < 300 && !seen[r.Type] {
			seen[r.Type] = true
			f.Add(r.Type)
		}
	}
	f.Add("null or (((list of (")
	f.Add("one of , , or value \" or ) | (")
	f.Fuzz(func(t *testing.T, text string) {
		ty := ParseType(text)
		if ty.Shapes() == 0 && ty.Kind != EnumKind {
			t.Errorf("%q admits nothing", text)
		}
		for _, v := range []any{nil, true, int64(0), int64(-5), int64(1 << 40), "", "x"} {
			if ty.Admits(v) && ty.Shapes()&shapeOf(v) == 0 {
				t.Errorf("%q admits %v, but not its form", text, v)
			}
		}
		values, _ := ty.Enum()
		for _, v := range values {
			if !ty.Admits(v) {
				t.Errorf("%q does not admit its own %v", text, v)
			}
		}
	})
}

// FuzzParsePath: what is read as a path is written and read as the same one.
func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"a.b", `a."b.c"."d\"e"`, "<name>.*.@x", `""`, "a..b", `"\x00"`, "if.or", "1a.-", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		path, err := ParsePath(s)
		if err != nil {
			return
		}
		again, err := ParsePath(JoinPath(path))
		if err != nil || !slices.Equal(path, again) {
			t.Error(fmt.Sprintf("%q is %q, written %q, read %q", s, path, JoinPath(path), again), err)
		}
	})
}
