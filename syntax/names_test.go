package syntax

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nixgen/internal/realnix"
)

// namesOf writes what the names of a text mean: each name that is bound, with
// the offsets of its uses, then every other variable.
func namesOf(src string) string {
	kinds := map[NameKind]string{LetName: "let", RecName: "rec", ParamName: "param", FormalName: "formal", AtName: "at"}
	f := Parse("x.nix", []byte(src))
	ns := f.Names()
	var out []string
	for n := range ns.All() {
		s := fmt.Sprintf("%s %v@%d", kinds[n.Kind()], n, n.Node().Span().Start)
		if v := n.Value(); v.Valid() {
			s += "=" + v.Text()
		}
		for u := range n.Uses() {
			s += fmt.Sprintf(" %d", u.Span().Start)
		}
		if o, ok := n.Shadows(); ok {
			s += fmt.Sprintf(" hides %d", o.Node().Span().Start)
		}
		if n.ShadowsBuiltin() {
			s += " hides builtin"
		}
		out = append(out, s)
	}
	for i := range f.nodes {
		n := Node{f, uint32(i)}
		switch r := ns.Resolve(n); r.Kind {
		case BuiltinRef:
			out = append(out, "builtin "+n.Text())
		case WithRef:
			out = append(out, fmt.Sprintf("%s by with@%d", n.Text(), r.With.Span().Start))
		case UndefinedRef:
			out = append(out, fmt.Sprintf("undefined %s@%d", n.Text(), n.Span().Start))
		}
	}
	return strings.Join(out, "; ")
}

var namesCases = []struct{ src, want string }{
	{`let a = 1; in a`, `let a@4=1 14`},
	{`let a = b; b = a; in 1`, `let a@4=b 15; let b@11=a 8`},
	{`let a.b = 1; a.c = a; in a`, `let a@4 19 25`},
	{`let a = 1; in let a = 2; in a`, `let a@4=1; let a@18=2 28 hides 4`},
	{`let inherit (x) y; x = y; in 1`, `let y@16 23; let x@19=y 13`},
	{`x: let inherit x; in x`, `param x@0 15; let x@15 21 hides 0`},
	{`rec { a = 1; b = a; c.a = 2; }`, `rec a@6=1 17; rec b@13=a; rec c@20`},
	{`{ a = 1; b = a; }`, `undefined a@13`},
	{`rec { "a" = 1; ${"b"} = a; c = b; }`, `rec a@6=1 24; rec b@15=a 31; rec c@27=b`},
	{`rec { ${x} = 1; x = "y"; y = y; }`, `rec x@16="y" 8; rec y@25=y 29`},
	{`x: { ${x}.${x} = x; }`, `param x@0 7 12 17`},
	{`{ a ? b, b ? 1, ... }@c: a c`, `formal a@2=b 25; formal b@9=1 6; at c@22 27`},
	{`c@{ a }: a`, `at c@0; formal a@4 9`},
	{`map: true map null import`, `param map@0 10 hides builtin; builtin true; builtin null; builtin import`},
	{`with a; b`, `undefined a@5; b by with@0`},
	{`x: with x; with y; z x map`, `param x@0 8 21; y by with@3; z by with@11; builtin map`},
	{`x: with x; { inherit y; inherit (y) z; }`, `param x@0 8; y by with@3; y by with@3`},
	{`let { body = a; a = 1; }`, `rec body@6=a; rec a@16=1 13`},
	{`let a = rec { x = 1; }; a.y = x; in a`, `let a@4=rec { x = 1; } 36; rec x@14=1 30; rec y@26=x`},
	{`{ a = { x = 1; }; a = rec { y = x; }; }`, `undefined x@32`},
	{`{ a.b = rec { x = 1; }; a = { b.y = x; }; }`, `rec x@14=1 36; rec y@32=x`},
	{`let a = x: x; in "${a 1}" + ''${a 2}'' + ./${a 3}`, `let a@4=x: x 20 32 45; param x@8 11`},
	{`x: x.x or x ? x`, `param x@0 3 10`},
	{`x: __curPos`, `param x@0`},
	{`{ inherit __curPos; }`, `undefined __curPos@10`},
	{`let or = 1; in map or`, `let or@4=1 19; builtin map`},
	{`let __sub = a: b: a; __lessThan = 1; in 1 - 2`, `let __sub@4=a: b: a 40 hides builtin; let __lessThan@21=1 hides builtin; param a@12 18; param b@15`},
	{`let __findFile = _: p: p; in <a>`, `let __findFile@4=_: p: p 29 hides builtin; param _@17; param p@20 23`},
	{`let __div = 1; __mul = 2; in 1 / 2 * 3 < 4`, `let __div@4=1 29 hides builtin; let __mul@15=2 29 hides builtin`},
	{`if a then b else assert c; [ d (e) !f -g ]`, `undefined a@3; undefined b@10; undefined c@24; undefined d@29; undefined e@32; undefined f@36; undefined g@39`},
	{`let x = 1; in { inherit x; inherit ({ y = x; }) y; }`, `let x@4=1 42 24`},
	{`rec { inherit x; y = x; }`, `rec x@14 21; rec y@17=x; undefined x@14`},
	{`let a = ; in a b`, `let a@4= 13; undefined b@15`},
	{`{ x, x }: x`, `formal x@2; formal x@5 10 hides 2`},
}

func TestNames(t *testing.T) {
	for _, c := range namesCases {
		if d := cmp.Diff(c.want, namesOf(c.src)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.src, d)
		}
	}
}

// FuzzNames: no text, however broken, is too much; what a name means has that
// name; and both runs of the resolver agree on what is undefined.
func FuzzNames(f *testing.F) {
	for _, c := range namesCases {
		f.Add(c.src)
	}
	f.Add("{ a, a ? b, . @ c: let inherit (x; in rec { ${} = ")
	f.Fuzz(func(t *testing.T, src string) {
		file := Parse("x.nix", []byte(src))
		ns := file.Names()
		for n := range ns.All() {
			_, _, _ = n.Scope(), n.Value(), n.Node()
			for u := range n.Uses() {
				r := ns.Resolve(u)
				name, ok := AttrName(u)
				if r.Kind != BoundRef || ok && u.Kind() != KindPath && name != r.Name.String() {
					t.Errorf("%q: `%v` is used by %q", src, n, u.Text())
				}
			}
		}
		if _, undefined := file.Undefined(); file.OK() && undefined != (len(ns.Undefined()) > 0) {
			t.Errorf("%q: undefined: %v, but %v", src, undefined, ns.Undefined())
		}
	})
}

// undefinedCases have the place at which Nix reports an undefined variable, the
// first in its order if there are several; "" where it accepts the text.
var undefinedCases = []struct{ src, want string }{
	{`x`, "x at 1:1"},
	{`{ b = u1; a = u2; }`, "u1 at 1:7"},
	{`{ b = a: u1; a = u2; }`, "u1 at 1:10"},
	{`{ f = x: 1; b = u1; name = u2; }`, "u2 at 1:28"},
	{`{ z = u0; outPath = u1; builtins = u2; }`, "u1 at 1:21"},
	{`x: { q = y: z: 1; z = u1; y = u2; }`, "u1 at 1:23"},
	{`{ b ? u1, a ? u2 }: u3`, "u1 at 1:7"},
	{`{ u2 ? u1, a ? u2 }: a`, "u1 at 1:8"},
	{`u1 > u2`, "u2 at 1:6"},
	{`u1 <= u2`, "u2 at 1:7"},
	{`u1 >= u2`, "u1 at 1:1"},
	{`u1 - u2`, "u1 at 1:1"},
	{`{ inherit u1; inherit (u2) a; }`, "u2 at 1:24"},
	{`{ ${u1} = u2; a = u3; }`, "u3 at 1:19"},
	{`{ a.${u1}.b = u2; }`, "u1 at 1:7"},
	{`{}.${u1} or u2`, "u2 at 1:13"},
	{`{} ? ${u1}`, "u1 at 1:8"},
	{`let a = u1; in u2`, "u1 at 1:9"},
	{`with u1; u2`, "u1 at 1:6"},
	{`with { }; u2`, ""},
	{"{ inherit\n  \"u1\"; }", "u1 at 2:3"},
	{`map or`, "or at 1:1"},
	{`(x: x) or`, "or at 1:1"},
	{`__curPos`, ""},
	{`{ inherit __curPos; }`, "__curPos at 1:11"},
	{`[ true false null builtins map import __add __nixPath derivation ]`, ""},
	{`add`, "add at 1:1"},
	{`{ q = u1; isPath = u2; isString = u3; }`, "u3 at 1:35"},
	{`isFloat`, "isFloat at 1:1"},
	{`__fetchTree`, "__fetchTree at 1:1"},
	{`rec { a = rec { b = a; c = d; }; }`, "d at 1:28"},
	{`{ a = { x = 1; }; a = rec { y = x; }; }`, "x at 1:33"},
	{`{ a = rec { x = 1; }; a = { y = x; }; }`, ""},
}

func undefinedIn(src string) string {
	f := Parse("x.nix", []byte(src))
	d, ok := f.Undefined()
	if !ok {
		return ""
	}
	p := f.Position(d.Span.Start)
	name := strings.Trim(strings.TrimPrefix(d.Message, "undefined variable "), "`")
	return fmt.Sprintf("%s at %d:%d", name, p.Line, p.Column)
}

func TestUndefined(t *testing.T) {
	for _, c := range undefinedCases {
		if got := undefinedIn(c.src); got != c.want {
			t.Errorf("%s: %q, want %q", c.src, got, c.want)
		}
	}
}

var undefinedByNix = regexp.MustCompile(`undefined variable '([^\n]*)'\s+at [^\n]*?:(\d+):(\d+)`)

// nixUndefined asks the real Nix. It orders attributes by numbers that depend
// on its version, so only 2.34 is asked.
func nixUndefined(t *testing.T, nix *realnix.Nix, src string) string {
	file := filepath.Join(t.TempDir(), "x.nix")
	if err := os.WriteFile(file, []byte(src), 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := nix.Command("nix-instantiate", "--parse", file).CombinedOutput()
	if err == nil {
		return ""
	}
	m := undefinedByNix.FindSubmatch(out)
	if m == nil {
		t.Fatalf("%s: %s", src, out)
	}
	return fmt.Sprintf("%s at %s:%s", m[1], m[2], m[3])
}

func TestUndefinedAgainstNix(t *testing.T) {
	nix := realnix.RequireVersion(t, 2, 34)
	for _, c := range undefinedCases {
		if got := nixUndefined(t, nix, c.src); got != c.want {
			t.Errorf("%s: Nix says %q, the case %q", c.src, got, c.want)
		}
	}
}

// TestUndefinedUpstream: over all files of the upstream checkouts Nix accepts
// the names exactly where we do, and else reports the same place. Files with
// syntax errors or pipe operators are not about names.
func TestUndefinedUpstream(t *testing.T) {
	root := os.Getenv(realnix.EnvUpstream)
	if root == "" {
		t.Skipf("needs checkouts of the upstream modules: %s is unset", realnix.EnvUpstream)
	}
	nix := realnix.RequireVersion(t, 2, 34)
	var fine []string
	undefined := 0
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.HasSuffix(path, ".nix") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f := Parse(path, src)
		if !f.OK() || f.PipeOperator().Valid() {
			return nil
		}
		got := undefinedIn(string(src))
		if got == "" {
			fine = append(fine, path)
			return nil
		}
		undefined++
		if want := nixUndefined(t, nix, string(src)); got != want {
			t.Errorf("%s: %q, Nix says %q", path, got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := nix.Parse(fine...); err != nil {
		t.Error(err)
	}
	t.Logf("%d files without an undefined variable, %d with one", len(fine), undefined)
	if undefined == 0 {
		t.Error("no file with an undefined variable: this compares nothing")
	}
}

// FuzzUndefined writes programs of all scopes out of bytes, most of them with
// several undefined variables, and asks Nix which is the first.
func FuzzUndefined(f *testing.F) {
	f.Add([]byte("seed of a few bytes to choose from"))
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
	f.Add([]byte{7, 1, 2, 7, 3, 1, 7, 4, 2, 8, 5, 5, 9, 6, 3, 3, 12, 11, 10, 9, 8, 7})
	nix := realnix.RequireVersion(f, 2, 34)
	f.Fuzz(func(t *testing.T, data []byte) {
		src := program(&data, 5)
		if file := Parse("x.nix", []byte(src)); !file.OK() {
			t.Skip("duplicates")
		}
		if got, want := undefinedIn(src), nixUndefined(t, nix, src); got != want {
			t.Errorf("%s\nours: %q, Nix: %q", src, got, want)
		}
	})
}

// program turns bytes into an expression.
func program(data *[]byte, depth int) string {
	next := func(n int) int {
		if len(*data) == 0 {
			return 0
		}
		b := int((*data)[0])
		*data = (*data)[1:]
		return b % n
	}
	name := func() string {
		return []string{"a", "b", "c", "d", "name", "body", "map", "value", "x", "or'", "add"}[next(11)]
	}
	sub := func() string { return program(data, depth-1) }
	if depth == 0 {
		return name()
	}
	attrs := func() string {
		s := ""
		for range 1 + next(4) {
			switch next(6) {
			case 0:
				s += "inherit " + name() + "; "
			case 1:
				s += "inherit (" + sub() + ") " + name() + "; "
			case 2:
				s += name() + "." + name() + " = " + sub() + "; "
			default:
				s += name() + " = " + sub() + "; "
			}
		}
		return s
	}
	switch next(14) {
	case 0, 1:
		return name()
	case 2:
		return "{ " + attrs() + "${" + sub() + "} = " + sub() + "; }"
	case 3:
		return "rec { " + attrs() + "}"
	case 4:
		return "let " + attrs() + "in " + sub()
	case 5:
		return "(" + name() + ": " + sub() + ")"
	case 6:
		return "({ " + name() + " ? " + sub() + ", " + name() + " ? " + sub() + " }@" + name() + ": " + sub() + ")"
	case 7:
		return "(with " + sub() + "; " + sub() + ")"
	case 8:
		return "(" + sub() + " " + []string{"+", ">", "<=", ">=", "-", "//", "->", "=="}[next(8)] + " " + sub() + ")"
	case 9:
		return "(" + sub() + ").${" + sub() + "} or " + "(" + sub() + ")"
	case 10:
		return "[ (" + sub() + ") (" + sub() + ") ]"
	case 11:
		return "\"${" + sub() + "}\""
	case 12:
		return "(let { " + attrs() + "})"
	}
	return "(if " + sub() + " then " + sub() + " else " + sub() + ")"
}
