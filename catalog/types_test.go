package catalog

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseType(t *testing.T) {
	str := Type{Kind: StringKind, Text: "string"}
	for _, tt := range []struct {
		text string
		want Type
	}{
		{"boolean", Type{Kind: BoolKind}},
		{"list of string", Type{Kind: ListKind, Elem: &str}},
		{"null or (list of string)", Type{Kind: EitherKind, Alts: []Type{{Kind: NullKind, Text: "null"}, {Kind: ListKind, Text: "list of string", Elem: &str}}}},
		{"(list of string) or string convertible to it", Type{Kind: EitherKind, Alts: []Type{{Kind: ListKind, Text: "list of string", Elem: &str}, str}}},
		{`one of "a or b", "c, d", 3`, Type{Kind: EnumKind, Values: []any{"a or b", "c, d", int64(3)}}},
		{`one of "a", …`, Type{Kind: EnumKind, Values: []any{"a"}, More: true}},
		{"one of luks,swap", Type{}},
		{`positive integer, or value "auto" (singular enum)`, Type{Kind: EitherKind, Alts: []Type{
			{Kind: IntKind, Text: "positive integer", Min: 1, Max: 1<<63 - 1, Bounded: true}, {Kind: EnumKind, Text: `value "auto" (singular enum)`, Values: []any{"auto"}}}}},
		{"integer between -20 and 19 (both inclusive)", Type{Kind: IntKind, Min: -20, Max: 19, Bounded: true}},
		{"string matching (a|b) [x or y]", Type{Kind: StringKind}},
		{"null or boolean or signed integer or string, …", Type{}},
		{"non-empty (list of string)", Type{Kind: ListKind, Text: "list of string", Elem: &str}},
		{"string without spaces", Type{Kind: StringKind}},
		{"string (with check: non-empty)", Type{Kind: StringKind}},
		{"JSON value", Type{}},
	} {
		if tt.want.Text == "" {
			tt.want.Text = tt.text
		}
		if d := cmp.Diff(tt.want, ParseType(tt.text)); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, d)
		}
	}
}

func TestTypeAdmits(t *testing.T) {
	for _, tt := range []struct {
		text     string
		yes, no  []any
		nullable bool
		enum     int // how many values there are to choose from
	}{
		{"boolean", []any{true}, []any{"true", nil, int64(1)}, false, 0},
		{"null or one of 1, 2", []any{nil, int64(2)}, []any{int64(3), "2", true}, true, 2},
		{"port (u16)", []any{int64(0), int64(65535)}, []any{int64(65536), int64(-1), "80"}, false, 0},
		{"path", []any{"/x"}, []any{int64(1), nil, false}, false, 0},
		{"package", []any{"/nix/store/x"}, []any{int64(1), nil}, false, 0},
		{"attribute set of string", nil, []any{"x", nil, true}, false, 0},
		{"lines or package", []any{"x"}, []any{true}, false, 0},
		{`one of "a", …`, []any{"b", int64(1)}, nil, true, 0},
		{"unknown", []any{"b", nil, true, int64(1)}, nil, true, 0},
		{"null or (submodule)", []any{nil}, []any{true}, true, 0},
	} {
		ty := ParseType(tt.text)
		for _, v := range tt.yes {
			if !ty.Admits(v) {
				t.Errorf("%s does not admit %v", tt.text, v)
			}
		}
		for _, v := range tt.no {
			if ty.Admits(v) {
				t.Errorf("%s admits %v", tt.text, v)
			}
		}
		values, ok := ty.Enum()
		if ty.Nullable() != tt.nullable || ok != (tt.enum > 0) || ok && len(values) != tt.enum {
			t.Errorf("%s: nullable %v, choices %v %v", tt.text, ty.Nullable(), values, ok)
		}
	}
}

// TestTypesOfTheTable: every type is read without loss of doubt. Words that
// are plain in the table are understood, and only those bind a value.
func TestTypesOfTheTable(t *testing.T) {
	vague := 0
	for _, r := range tableRows(t) {
		ty := ParseType(r.Type)
		if ty.Text == "" || ty.Shapes() == 0 {
			t.Errorf("%q admits nothing", r.Type)
		}
		if ty.Shapes() == AnyShape {
			vague++
		}
	}
	if all := len(tableRows(t)); vague > all/7 {
		t.Errorf("%d of %d types are not understood", vague, all)
	}
}
