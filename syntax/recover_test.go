package syntax

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nixgen/diag"
	"nixgen/internal/golden"
)

// testdata/recovery.txt has broken files, each after a line "=== name", and
// after "--" what is told about it: the errors with their notes, the text with
// all fixes made, and the outline of the tree that is left.
const recoveryFile = "testdata/recovery.txt"

func TestRecovery(t *testing.T) {
	data, err := os.ReadFile(recoveryFile)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, section := range strings.Split(string(data), "=== ")[1:] {
		name, rest, _ := strings.Cut(section, "\n")
		src, _, _ := strings.Cut(rest, "--\n")
		fmt.Fprintf(&out, "=== %s\n%s--\n%s", name, src, recovered(src))
	}
	golden.File(t, recoveryFile, out.Bytes())
}

func recovered(src string) string {
	var out bytes.Buffer
	f := Parse("x", []byte(src))
	var edits []diag.Edit
	for _, d := range f.Errors() {
		fmt.Fprintf(&out, "%s %s\n", at(f, d.Span), d.Message)
		for _, n := range d.Notes {
			fmt.Fprintf(&out, "  %s %s\n", at(f, n.Span), n.Message)
		}
		for _, fix := range d.Fixes {
			edits = append(edits, fix.Edits...)
		}
	}
	if len(edits) > 0 {
		fixed, _ := diag.Apply([]byte(src), edits)
		fmt.Fprintf(&out, "fixed, with %d errors left:\n%s", len(Parse("x", fixed).Errors()), fixed)
	}
	fmt.Fprintln(&out, outline(f.Top()))
	return out.String()
}

func at(f *File, s diag.Span) string {
	p := f.Position(s.Start)
	return fmt.Sprintf("%d:%d", p.Line, p.Column)
}

// outline writes a tree in one line.
func outline(n Node) string {
	if n.NumChildren() == 0 {
		if n.Is(KindError) {
			return fmt.Sprintf("error(%s)", strings.Join(strings.Fields(n.Text()), " "))
		}
		return n.Text()
	}
	var kids []string
	for c := range n.Children() {
		kids = append(kids, outline(c))
	}
	return fmt.Sprintf("%v(%s)", n.Kind(), strings.Join(kids, " "))
}

// TestErrorMessages holds all messages of the conformance table to one style.
func TestErrorMessages(t *testing.T) {
	for name, src := range conformanceSources(t) {
		for _, d := range Parse("x", src).Errors() {
			m := d.Message
			if m == "" || strings.ToLower(m[:1]) != m[:1] || strings.HasSuffix(m, ".") || strings.Contains(m, "\n") {
				t.Errorf("%s: %q", name, m)
			}
		}
	}
}

// TestNestingIsBounded parses what is nested without end, in every way.
func TestNestingIsBounded(t *testing.T) {
	for _, unit := range []string{
		"(", "[", "{a=", "\"${", "''${", "./a${", "!", "-", "x: ", "{a}:", "a ++ ", "a // ", "a -> ", "a: if ", "if a then ",
		"let a=", "with a;", "assert ", "rec{a=", "let{a=", "a.b or ", "a <| ", "{inherit(", "{a?", "{${",
	} {
		f := Parse("x", []byte(strings.Repeat(unit, 12000)))
		d, bad := f.FirstError()
		if !bad || unit != "{${" && !strings.Contains(d.Message, "nested more than") {
			t.Errorf("%s: %v", unit, d.Message)
		}
	}
	for _, unit := range []string{"a + ", "a |> "} {
		f := Parse("x", []byte(strings.Repeat(unit, 2*maxHeight)+"a"))
		if d, _ := f.FirstError(); !strings.Contains(d.Message, "nested more than") || !f.Root().Is(KindError) {
			t.Errorf("%s: %v", unit, d.Message)
		}
	}
	f := Parse("x", []byte("{ a"+strings.Repeat(".a", maxDepth)+" = 1; }"))
	if d, _ := f.FirstError(); !strings.Contains(d.Message, "more than 10000 names") {
		t.Error(d.Message)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	for _, src := range []string{"{" + strings.Repeat("a=1;", 5000) + "}", strings.Repeat("(1 == 1 == )", 5000)} {
		if n := len(Parse("x", []byte(src)).Errors()); n != maxProblems {
			t.Errorf("%d errors", n)
		}
	}
}

// TestOrderOfErrors: the first in the text need not be the one Nix gives.
func TestOrderOfErrors(t *testing.T) {
	f := Parse("x", []byte("{ a, a }: { b = 1; b = 2; c = ; }"))
	var sorted []string
	for _, d := range f.Errors() {
		sorted = append(sorted, at(f, d.Span))
	}
	first, _ := f.FirstError()
	if d := cmp.Diff([]string{"1:6", "1:20", "1:31"}, sorted); d != "" || at(f, first.Span) != "1:20" {
		t.Error(at(f, first.Span), d)
	}
	if len(first.Notes) != 1 || at(f, first.Notes[0].Span) != "1:13" || first.Rule != RuleDuplicateAttribute {
		t.Errorf("%+v", first)
	}
}
