package diag

import (
	"math/rand"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSortDoesNotDependOnTheOrderFound(t *testing.T) {
	want := []Diagnostic{
		{File: "a.nix", Span: Span{1, 2}, Rule: "a"},
		{File: "a.nix", Span: Span{1, 2}, Rule: "b", Message: "x"},
		{File: "a.nix", Span: Span{1, 2}, Rule: "b", Message: "y"},
		{File: "a.nix", Span: Span{1, 3}, Rule: "a"},
		{File: "a.nix", Span: Span{2, 2}, Rule: "a"},
		{File: "b.nix", Span: Span{0, 0}, Rule: "a"},
	}
	r := rand.New(rand.NewSource(1))
	for range 100 {
		got := append([]Diagnostic(nil), want...)
		r.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	}
}

func TestHas(t *testing.T) {
	ds := []Diagnostic{{Severity: Info}, {Severity: Warning}}
	if Has(nil, Info) || Has(ds, Error) || !Has(ds, Warning) || Has(ds[:1], Warning) {
		t.Error("the findings are an info and a warning, and no error")
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 20000)
	l := NewLines([]byte("ab\n\n" + long + "\n"))
	for _, c := range []struct {
		off  int
		want Position
	}{
		{-1, Position{1, 1}}, {0, Position{1, 1}}, {2, Position{1, 3}}, {3, Position{2, 1}},
		{4, Position{3, 1}}, {4 + 20000, Position{3, 20001}}, {4 + 20001, Position{4, 1}}, {1 << 30, Position{4, 1}},
	} {
		if got := l.Position(c.off); got != c.want {
			t.Errorf("Position(%d) = %v, want %v", c.off, got, c.want)
		}
	}
	if got := l.Span(1); got != (Span{0, 3}) {
		t.Errorf("Span(1) = %v", got)
	}
	l = NewLines([]byte("a\rb\r\nc"))
	if got := []Position{l.Position(2), l.Position(5)}; got[0] != (Position{2, 1}) || got[1] != (Position{3, 1}) {
		t.Errorf("with carriage returns: %v", got)
	}
}

func TestApply(t *testing.T) {
	src := []byte("abcdef")
	got, err := Apply(src, []Edit{{Span{4, 5}, "E"}, {Span{0, 0}, "<"}, {Span{1, 3}, ""}, {Span{6, 6}, ">"}})
	if err != nil || string(got) != "<adEf>" {
		t.Errorf("Apply = %q, %v", got, err)
	}
	for _, bad := range [][]Edit{
		{{Span{0, 3}, ""}, {Span{2, 4}, ""}},
		{{Span{5, 7}, ""}},
		{{Span{3, 2}, ""}},
	} {
		if _, err := Apply(src, bad); err == nil {
			t.Errorf("Apply(%v) did not fail", bad)
		}
	}
}

func TestSuggest(t *testing.T) {
	cands := []string{"hostName", "domain", "stateVersion"}
	for in, want := range map[string]string{
		"hostname": "hostName", "hostNaem": "hostName", "state_version": "stateVersion",
		"doamin": "domain", "colour": "", "hostName": "",
	} {
		if got := Suggest(in, cands); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", in, got, want)
		}
	}
}
