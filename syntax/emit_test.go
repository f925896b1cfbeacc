package syntax

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestFormatAgainstNixfmt reads the Values out of what nixfmt was given and
// wants exactly what it printed. Inputs that hold code are no Values; the list
// of them is here so that a reader that gives up cannot make the test vacuous.
func TestFormatAgainstNixfmt(t *testing.T) {
	notValues := map[string]bool{}
	for _, n := range strings.Fields(`list-call attrs-inherit attrs-inherit-long attrs-rec call-1 call-2 call-args
		attr-mkdefault attr-mkif-long attr-import-call attr-import-call-list fn-0 fn-dots fn-args1 fn-args2 fn-args6
		fn-default fn-at fn-simple fn-curried fn-let fn-assert-with let-1 let-attrs if if-long if-attrs update
		update-in-attr concat concat-attr concat-attr-long string-interp select-or has ops ops-long with-list
		with-list-attr with-list-one paths-interp module-shape attrs-quoted attrs-null-bool
		comment-head comment-attr comment-blank string-newline`) {
		notValues[n] = true
	}
	// Values for which there is another text that nixfmt also leaves alone.
	otherSpelling := map[string]bool{"ind-escapes": true, "blank-lines": true}
	files := nixfmtPairs(t)
	if len(files) != 90 {
		t.Fatalf("%d pairs, want 90", len(files))
	}
	for name, pair := range files {
		t.Run(name, func(t *testing.T) {
			v, err := readValue(pair[0])
			if (err != nil) != notValues[name] {
				t.Fatalf("reading %s: %v; listed as code: %v", pair[0], err, notValues[name])
			}
			if err != nil {
				return
			}
			got, err := Format(v)
			if d := cmp.Diff(pair[1], string(got)); err != nil || (d != "") != otherSpelling[name] {
				t.Errorf("Format (-nixfmt +ours): %v\n%s", err, d)
			}
		})
	}
}

func nixfmtPairs(t *testing.T) map[string][2]string {
	ar, err := txtar.ParseFile("testdata/nixfmt.txtar")
	if err != nil {
		t.Fatal(err)
	}
	pairs := map[string][2]string{}
	for _, f := range ar.Files {
		name, kind, _ := strings.Cut(f.Name, ".")
		p := pairs[name]
		if kind == "in" {
			p[0] = string(f.Data)
		} else {
			p[1] = string(f.Data)
		}
		pairs[name] = p
	}
	return pairs
}

// TestFormat holds layouts beyond the recorded pairs, each derived from the
// rules of nixfmt's printer; long stands for a text that overflows a line.
func TestFormat(t *testing.T) {
	long := strings.Repeat("a", 98)
	for _, c := range []struct {
		name string
		in   Value
		want string
	}{
		{"nil is null", List{nil}, "[ null ]\n"},
		{"smallest integer", Attrs{{Path: []string{"a"}, Value: Int(math.MinInt64)}}, "{ a = -9223372036854775807 - 1; }\n"},
		{"smallest integer in a list", List{Int(math.MinInt64)}, "[ (-9223372036854775807 - 1) ]\n"},
		{"floats", List{Float(1), Float(-0.5), Float(1e21), Float(1e-7)}, "[\n  1.0\n  (-0.5)\n  1.0e+21\n  1.0e-07\n]\n"},
		{"negative zero", Float(math.Copysign(0, -1)), "0.0 * -1\n"},
		{"subnormal", Float(5e-324), "8.900295434028806e-308 * 5.551115123125783e-17\n"},
		{"comment", Attrs{{Path: []string{"a"}, Value: Bool(true), Comment: "why\n\nso\n"}}, "{\n  # why\n  #\n  # so\n  a = true;\n}\n"},
		{"comment in a list", List{Attrs{{Path: []string{"a"}, Value: Int(1), Comment: "x\r\ny\rz"}}}, "[\n  {\n    # x\n    # y\n    # z\n    a = 1;\n  }\n]\n"},
		{"one-element lists nest", List{List{List{Int(1)}}}, "[ [ [ 1 ] ] ]\n"},
		{"broken set in a list of one", List{Attrs{{Path: []string{"a"}, Value: Attrs{{Path: []string{"b"}, Value: Int(1)}}}}},
			"[\n  {\n    a = {\n      b = 1;\n    };\n  }\n]\n"},
		{"token overflows to its own line", Attrs{{Path: []string{long}, Value: Int(1)}}, "{\n  " + long + " =\n    1;\n}\n"},
		{"string stays", Attrs{{Path: []string{"a"}, Value: String(long)}}, "{\n  a = \"" + long + "\";\n}\n"},
		{"string under a quoted key moves", Attrs{{Path: []string{"a", "b c"}, Value: String(long)}}, "{\n  a.\"b c\" =\n    \"" + long + "\";\n}\n"},
		{"list under a quoted key stays", Attrs{{Path: []string{"b c"}, Value: List{String(long)}}}, "{\n  \"b c\" = [\n    \"" + long + "\"\n  ];\n}\n"},
		{"set under a quoted key stays", Attrs{{Path: []string{"b c"}, Value: Attrs{{Path: []string{"d"}, Value: Int(1)}}}}, "{\n  \"b c\" = {\n    d = 1;\n  };\n}\n"},
		{"set under an overlong quoted key", Attrs{{Path: []string{"b " + long}, Value: Attrs{{Path: []string{"d"}, Value: Int(1)}}}},
			"{\n  \"b " + long + "\" =\n    {\n      d = 1;\n    };\n}\n"},
		{"list that fits below an overlong quoted key", Attrs{{Path: []string{"b " + long}, Value: List{Int(1)}}}, "{\n  \"b " + long + "\" =\n    [ 1 ];\n}\n"},
		{"width counts characters", Attrs{{Path: []string{"a b"}, Value: String(strings.Repeat("é", 85))}}, "{ \"a b\" = \"" + strings.Repeat("é", 85) + "\"; }\n"},
		{"lines", Attrs{{Path: []string{"a"}, Value: Lines("x\n\n  y ''z'' ${w} $${v}\n'")}},
			"{\n  a = ''\n    x\n\n      y '''z''' ''${w} $''${v}\n    ''\\''';\n}\n"},
		{"lines of one", Lines("x"), "\"x\"\n"},
		{"lines that end in blanks only", Lines("x\n  "), "\"x\\n  \"\n"},
		{"lines all indented", Lines(" x\n y\n"), "\" x\\n y\\n\"\n"},
		{"lines with a carriage return", Lines("x\r\ny\n"), "\"x\\r\\ny\\n\"\n"},
		{"lines with a tab", Lines("\tx\n y\n"), "''\n  \tx\n   y\n''\n"},
		{"lines that start empty", Lines("\nx\n"), "''\n\n  x\n''\n"},
		{"paths", List{Path("./."), Path("../a b/c"), Path("./~x")}, "[\n  ./.\n  ../${\"a b\"}/c\n  ./${\"~x\"}\n]\n"},
		{"parts of one set", Attrs{{Path: []string{"a", "b"}, Value: Int(1)}, {Path: []string{"a"}, Value: Attrs{{Path: []string{"c"}, Value: Int(2)}}}},
			"{\n  a.b = 1;\n  a = {\n    c = 2;\n  };\n}\n"},
		{"odd names", Attrs{{Path: []string{"or", "", "a'-", "1a", "${x}"}, Value: Int(1)}}, "{ \"or\".\"\".a'-.\"1a\".\"\\${x}\" = 1; }\n"},
	} {
		got, err := Format(c.in)
		if d := cmp.Diff(c.want, string(got)); err != nil || d != "" {
			t.Errorf("%s (-want +got): %v\n%s", c.name, err, d)
		}
	}
}

func TestFormatRefuses(t *testing.T) {
	at := func(v Value, path ...string) Value { return Attrs{{Path: path, Value: v}} }
	for _, c := range []struct {
		in   Value
		want string
	}{
		{at(String("x\x00"), "a", "b"), "`a.b`: text has a NUL byte at offset 1, which Nix cannot hold"},
		{at(Lines("x\n\xff"), "a"), "`a`: text is not valid UTF-8 at offset 2"},
		{String("\uFFFDé\xc3"), "text is not valid UTF-8 at offset 5"},
		{List{Null{}, at(Float(math.NaN()), "x")}, "element 1: `x`: the number NaN cannot be written in Nix"},
		{Float(math.Inf(-1)), "the number -Inf cannot be written in Nix"},
		{at(Null{}), "``: an attribute path needs at least one name"},
		{at(Null{}, "a\x00"), "`a\x00`: text has a NUL byte at offset 1, which Nix cannot hold"},
		{Attrs{{Path: []string{"a"}, Value: Null{}, Comment: "\xff"}}, "`a`: comment: text is not valid UTF-8 at offset 0"},
		{Path("/etc"), "path `/etc` must start with `./` or `../`"},
		{Path(".."), "path `..` must start with `./` or `../`"},
		{Path("./"), "path `./` has an empty component"},
		{Path("./a//b"), "path `./a//b` has an empty component"},
		{Path("./a\x00"), "text has a NUL byte at offset 3, which Nix cannot hold"},
		{Attrs{{Path: []string{"a", "b"}, Value: Int(1)}, {Path: []string{"a"}, Value: Int(2)}}, "attribute `a` is defined twice"},
		{Attrs{{Path: []string{"a"}, Value: Int(1)}, {Path: []string{"a", "b"}, Value: Int(2)}}, "attribute `a` is defined twice"},
		{at(Attrs{{Path: []string{"b", "c"}, Value: Int(1)}, {Path: []string{"b"}, Value: List{}}}, "x"), "attribute `x.b` is defined twice"},
		{at(List{Attrs{{Path: []string{"b"}, Value: Int(1)}, {Path: []string{"b"}, Value: Int(1)}}}, "x"), "attribute `b` is defined twice"},
	} {
		if got, err := Format(c.in); err == nil || err.Error() != c.want {
			t.Errorf("Format(%#v) = %q, %v, want error %q", c.in, got, err, c.want)
		}
	}
}

// BenchmarkFormat prints a host's data, of the size that generated ones have.
func BenchmarkFormat(b *testing.B) {
	var as Attrs
	for i := range 60 {
		as = append(as, Attr{Path: []string{"services", fmt.Sprint("s", i), "settings"}, Value: Attrs{
			{Path: []string{"enable"}, Value: Bool(true)},
			{Path: []string{"port"}, Value: Int(i)},
			{Path: []string{"names"}, Value: List{String("alpha"), String("beta $x"), Path("../../modules/common/x.nix")}},
		}})
	}
	text, err := Format(as)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Format(as); err != nil {
			b.Fatal(err)
		}
	}
}
