package syntax

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nixgen/diag"
)

// corpus gives the sources of all cases, of all .nix files of this repository,
// and, where NIXGEN_UPSTREAM names a folder of checkouts, of those.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, root := range []string{"..", os.Getenv("NIXGEN_UPSTREAM")} {
		if root == "" || testing.Short() && root != ".." {
			continue
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || filepath.Ext(path) != ".nix" {
				return err
			}
			files[path], err = os.ReadFile(path)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func conformanceSources(t testing.TB) map[string][]byte {
	t.Helper()
	data, err := os.ReadFile(conformanceFile)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for line := range strings.Lines(string(data)) {
		if src, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "> "); ok {
			files[line] = []byte(src)
			files[line+" cut"] = []byte(src[:len(src)/2])
		}
	}
	return files
}

func TestTreeLaws(t *testing.T) {
	for _, files := range []map[string][]byte{conformanceSources(t), corpus(t)} {
		for name, src := range files {
			if err := checkLaws(Parse(name, src), src); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// checkLaws holds a tree against what the package promises for every input.
func checkLaws(f *File, src []byte) error {
	if f.String() != string(src) {
		return fmt.Errorf("the tree does not give the source back")
	}
	if !f.Root().Valid() || !f.Top().Is(KindFile) {
		return fmt.Errorf("there is no root")
	}
	if err := checkTokens(f); err != nil {
		return err
	}
	if err := checkNodes(f); err != nil {
		return err
	}
	return checkErrors(f, len(src))
}

func checkTokens(f *File) error {
	at := 0
	for tok := range f.Tokens() {
		s := tok.Span()
		if s.Start != at || s.End < s.Start {
			return fmt.Errorf("token %v at %v, expected at %d", tok.Kind(), s, at)
		}
		empty := tok.Kind() == TokEOF || tok.Kind() == TokPathEnd
		if (s.Start == s.End) != empty {
			return fmt.Errorf("token %v has %d bytes", tok.Kind(), s.End-s.Start)
		}
		if word := strings.Trim(tok.Kind().String(), "`"); word != tok.Kind().String() && tok.Kind() != TokIndentOpen && tok.Text() != word {
			return fmt.Errorf("token %v is written %q", tok.Kind(), tok.Text())
		}
		at = s.End
	}
	return nil
}

// checkNodes: children lie within their parent, in order, without overlap, and
// no node begins or ends in trivia. Errors are told where there are any.
func checkNodes(f *File) error {
	for i := range f.nodes {
		n := Node{f, uint32(i)}
		at := n.Span().Start
		for c := range n.Children() {
			s := c.Span()
			if s.Start < at || s.End > n.Span().End && s.Start != s.End {
				return fmt.Errorf("%v at %v has %v at %v", n.Kind(), n.Span(), c.Kind(), s)
			}
			if c.Parent() != n {
				return fmt.Errorf("%v at %v has another parent", c.Kind(), s)
			}
			at = max(at, s.End)
		}
		if first := n.First(); first.Valid() && !n.Is(KindFile) && (first.Kind().IsTrivia() || n.Last().Kind().IsTrivia()) {
			return fmt.Errorf("%v at %v begins or ends in trivia", n.Kind(), n.Span())
		}
		if n.Is(KindError) && f.OK() {
			return fmt.Errorf("an error node in a file without errors")
		}
	}
	return nil
}

func checkErrors(f *File, size int) error {
	errs := f.Errors()
	if !slices.IsSortedFunc(errs, diag.Compare) {
		return fmt.Errorf("errors are not sorted")
	}
	for _, d := range errs {
		if d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > size {
			return fmt.Errorf("error at %v of %d bytes", d.Span, size)
		}
		for _, fix := range d.Fixes {
			if _, err := diag.Apply(f.Source(), fix.Edits); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestKindsSeen fails when no case has a node or a token of some kind.
func TestKindsSeen(t *testing.T) {
	var nodes [NumKinds]bool
	var toks [numTokenKinds]bool
	sources := conformanceSources(t)
	sources["nul"] = []byte("1\x00")
	for name, src := range sources {
		f := Parse(name, src)
		Walk(f.Top(), func(n Node) bool {
			nodes[n.Kind()] = true
			return true
		})
		for tok := range f.Tokens() {
			toks[tok.Kind()] = true
		}
	}
	for k, seen := range nodes {
		if !seen {
			t.Errorf("no node of kind %v", Kind(k))
		}
	}
	for k, seen := range toks {
		if !seen {
			t.Errorf("no token of kind %v", TokenKind(k))
		}
	}
}

func TestWalkStopsWhereToldTo(t *testing.T) {
	var kinds []string
	Walk(Parse("x", []byte("x: [ x (f x) ]")).Root(), func(n Node) bool {
		kinds = append(kinds, n.Kind().String())
		return !n.Is(KindParen)
	})
	want := []string{"lambda", "ident", "list", "ident", "paren"}
	if d := cmp.Diff(want, kinds); d != "" {
		t.Error(d)
	}
}

// root parses what must be valid and gives its expression.
func root(t *testing.T, src string) Node {
	t.Helper()
	f := Parse("x", []byte(src))
	if errs := f.Errors(); errs != nil {
		t.Fatalf("%s: %v", src, errs)
	}
	return f.Root()
}

func TestViews(t *testing.T) {
	for src, view := range map[string]func(Node) any{
		"a.b.${c} or d | a b.${c} d": func(n Node) any {
			s, _ := n.AsSelect()
			d, _ := s.Default()
			return []string{s.Target().Text(), s.Path().Text(), d.Text()}
		},
		"a ? b.c | a b.c": func(n Node) any {
			h, _ := n.AsHasAttr()
			return []string{h.Target().Text(), h.Path().Text()}
		},
		"f x (y) | f x (y)": func(n Node) any {
			a, _ := n.AsApply()
			out := []string{a.Func().Text()}
			for arg := range a.Args() {
				out = append(out, arg.Text())
			}
			return out
		},
		"{ a, b ? 1, ... } @ c: d | a b=1 ... @c d": func(n Node) any {
			l, _ := n.AsLambda()
			p, _ := l.Pattern()
			var out []string
			for f := range p.Formals() {
				s := f.Ident().Name()
				if d, ok := f.Default(); ok {
					s += "=" + d.Text()
				}
				out = append(out, s)
			}
			b, _ := p.Bind()
			if p.Ellipsis() {
				out = append(out, "...")
			}
			return append(out, "@"+b.Name(), l.Body().Text())
		},
		"rec { a.b = 1; inherit (x) y \"z\"; inherit w; } | true a.b=1 x:[y \"z\"] [w]": func(n Node) any {
			s, _ := n.AsAttrSet()
			out := []string{fmt.Sprint(s.Rec() && s.RecToken().Valid())}
			for b := range s.Bindings() {
				out = append(out, b.Path().Text()+"="+b.Value().Text())
			}
			for i := range s.Inherits() {
				var names []string
				for n := range i.Names() {
					names = append(names, n.Text())
				}
				from := ""
				if f, ok := i.From(); ok {
					from = f.Text() + ":"
				}
				out = append(out, from+fmt.Sprint(names))
			}
			return out
		},
		"let a = 1; in b | a=1 b": func(n Node) any {
			l, _ := n.AsLet()
			var out []string
			for b := range l.Bindings() {
				out = append(out, b.Path().Text()+"="+b.Value().Text())
			}
			return append(out, l.Body().Text())
		},
		"with a; b | a b": func(n Node) any {
			w, _ := n.AsWith()
			return []string{w.Scope().Text(), w.Body().Text()}
		},
		"assert a; b | a b": func(n Node) any {
			w, _ := n.AsAssert()
			return []string{w.Cond().Text(), w.Body().Text()}
		},
		"if a then b else c | a b c": func(n Node) any {
			i, _ := n.AsIf()
			return []string{i.Cond().Text(), i.Then().Text(), i.Else().Text()}
		},
		"(a + b) # c\n |> d | (a + b) |> d": func(n Node) any {
			o, _ := n.AsBinaryOp()
			return []string{o.Left().Text(), o.OpToken().Text(), o.Right().Text()}
		},
		"!(a) | ! a": func(n Node) any {
			o, _ := n.AsUnaryOp()
			return []string{strings.Trim(o.Op().String(), "`"), o.Operand().Unparen().Text()}
		},
		"[ a (b) ] | a (b)": func(n Node) any {
			l, _ := n.AsList()
			var out []string
			for e := range l.Elements() {
				out = append(out, e.Text())
			}
			return out
		},
		"\"a${b}c\" | a ${b} c":   func(n Node) any { s, _ := n.AsStr(); return partTexts(s.Parts()) },
		"./a/${b}c | ./a/ ${b} c": func(n Node) any { p, _ := n.AsPath(); return partTexts(p.Parts()) },
	} {
		cut := strings.LastIndex(src, " | ")
		if got, want := strings.Join(view(root(t, src[:cut])).([]string), " "), src[cut+3:]; got != want {
			t.Errorf("%s: got %s", src, got)
		}
	}
}

func partTexts(parts func(func(Part) bool)) []string {
	var out []string
	for p := range parts {
		if p.Interp.Valid() {
			out = append(out, p.Interp.Text())
		} else {
			out = append(out, p.Text.Text())
		}
	}
	return out
}

func TestPathForms(t *testing.T) {
	for src, want := range map[string]string{
		"<a/b>": "search", "~/a": "home", "~/${a}": "home", "/a": "absolute", "./a": "", "a/b": "",
	} {
		p, ok := root(t, src).AsPath()
		var got []string
		for name, is := range map[string]bool{"search": p.IsSearch(), "home": p.IsHome(), "absolute": p.IsAbsolute()} {
			if is {
				got = append(got, name)
			}
		}
		if !ok || strings.Join(got, " ") != want || p.Static() == strings.Contains(src, "$") {
			t.Errorf("%s is %v, static %v", src, got, p.Static())
		}
	}
}

func TestStringValues(t *testing.T) {
	for src, want := range map[string]string{
		`"a\n\${b}"`: "a\n${b}", "''\n  a\n    b\n  ''": "a\n  b\n", `''a''$b''`: "a$b", `""`: "", "''''": "",
	} {
		s, _ := root(t, src).AsStr()
		if got, ok := s.Value(); !ok || got != want {
			t.Errorf("%s is %q, want %q", src, got, want)
		}
	}
	if s, _ := root(t, `"${a}"`).AsStr(); s.Indented() {
		t.Error("a string in double quotes is indented")
	} else if _, ok := s.Value(); ok {
		t.Error("an interpolation has a value")
	}
}

func TestAttrNames(t *testing.T) {
	b, _ := root(t, `{ a."b c".${"d"}.or = 1; }`).Child(0).AsBinding()
	names, ok := b.Path().Names()
	if d := cmp.Diff([]string{"a", "b c", "d", "or"}, names); d != "" || !ok {
		t.Error(ok, d)
	}
	b, _ = root(t, `{ a.${x} = 1; }`).Child(0).AsBinding()
	if names, ok := b.Path().Names(); ok || len(names) != 1 {
		t.Error(names, ok)
	}
}

func TestComments(t *testing.T) {
	n := root(t, "# far\n\n# a\n/* b */\n{ # c\n  x = 1; # d\n  # e\n  y = 2 /* f */; z = 3; } # g")
	text := func(ts ...Token) string {
		var out []string
		for _, c := range ts {
			if c.Valid() {
				out = append(out, c.Text())
			}
		}
		return strings.Join(out, "|")
	}
	for i, want := range []string{"", "# e", ""} {
		if got := text(n.Child(i).LeadingComments()...); got != want {
			t.Errorf("before binding %d: %s", i, got)
		}
	}
	for i, want := range []string{"# d", "", ""} {
		if got := text(n.Child(i).TrailingComment()); got != want {
			t.Errorf("after binding %d: %s", i, got)
		}
	}
	if got := text(n.LeadingComments()...); got != "# a|/* b */" {
		t.Errorf("before the set: %s", got)
	}
	if got := text(n.Child(1).Child(1).TrailingComment()); got != "/* f */" {
		t.Errorf("after 2: %s", got)
	}
	if got := text(slices.Collect(n.File().Comments())...); got != "# far|# a|/* b */|# c|# d|# e|/* f */|# g" {
		t.Errorf("all: %s", got)
	}
}

func TestPlaces(t *testing.T) {
	f := Parse("x", []byte("{ a = [ b.c ]; }"))
	if got := f.NodeAt(10); got.Text() != "c" || got.Parent().Kind() != KindAttrPath {
		t.Errorf("NodeAt(10) = %v %q", got.Kind(), got.Text())
	}
	if got := f.TokenAt(9); got.Kind() != TokDot || got.Prev().Text() != "b" || got.Next().Text() != "c" {
		t.Errorf("TokenAt(9) = %v", got.Kind())
	}
	if got := f.TokenAt(100); got.Kind() != TokEOF || got.Next().Valid() {
		t.Errorf("TokenAt(100) = %v", got.Kind())
	}
	if f.Top().Parent().Valid() || f.TokenAt(0).Prev().Valid() {
		t.Error("there is something around the file")
	}
}

func TestDump(t *testing.T) {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	n := root(t, "-a + \"x\" # y")
	Dump(w, n)
	WriteJSON(w, n)
	w.Flush()
	want := `binaryOp 0-8
  unaryOp 0-2
    ident 1-2 "a"
  str 5-8 "\"x\""
{"kind":"binaryOp","start":0,"end":8,"operator":"+","children":[` +
		`{"kind":"unaryOp","start":0,"end":2,"operator":"-","children":[{"kind":"ident","start":1,"end":2,"text":"a"}]},` +
		`{"kind":"str","start":5,"end":8,"text":"\"x\""}]}`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

// TestJSONIsValid writes what is deep, broken and no UTF-8.
func TestJSONIsValid(t *testing.T) {
	for _, src := range []string{"{ a = [ 1 ", "\"\xff\"", "# \xff\n\x01", strings.Repeat("(", 500) + "1" + strings.Repeat(")", 500)} {
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		WriteJSON(w, Parse("x", []byte(src)).Top())
		w.Flush()
		if !json.Valid(out.Bytes()) {
			t.Errorf("%.20q: %s", src, out.Bytes())
		}
	}
}

// TestParserReuse parses different files in the same buffers, larger and
// smaller, and expects what fresh buffers give.
func TestParserReuse(t *testing.T) {
	var p Parser
	var names NameChecker
	sources := conformanceSources(t)
	for name, src := range sources {
		fresh, reused := Parse(name, src), p.Parse(name, src)
		if d := cmp.Diff(fresh.Errors(), reused.Errors()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if !fresh.OK() {
			continue
		}
		a, _ := fresh.Print("/", "/")
		b, _ := reused.Print("/", "/")
		if string(a) != string(b) {
			t.Errorf("%s: %s and %s", name, a, b)
		}
		da, oka := fresh.Undefined()
		db, okb := names.Undefined(reused)
		if d := cmp.Diff(da, db); oka != okb || d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
