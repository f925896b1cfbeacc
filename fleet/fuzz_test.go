package fleet

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"nixgen/diag"
)

// seeds are all files of the goldens, good and bad.
func seeds(t testing.TB) [][]byte {
	files, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	out := [][]byte{bigFleet(4), []byte("\n"), []byte(" \n\n")}
	if own, err := os.ReadFile("../hosts.toml"); err == nil {
		out = append(out, own)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ar.Files {
			if filepath.Ext(f.Name) == ".toml" {
				out = append(out, f.Data)
			}
		}
	}
	return out
}

// checkLoad holds what is true of any input: no panic, places inside the file,
// equal results for equal input, and a tree that says what the judge read.
func checkLoad(t *testing.T, src []byte, env Env) {
	doc, syntax := Parse("hosts.toml", src)
	checkStyle(t, "syntax", src, syntax)
	if !doc.broken && len(syntax) == 0 {
		var want map[string]any
		if _, err := toml.Decode(string(src), &want); err != nil {
			t.Fatalf("the judge refused it: %v", err)
		}
		if d := cmp.Diff(normal(want), normal(doc.root.value())); d != "" {
			t.Fatalf("the two readers differ (-judge +tree):\n%s", d)
		}
	}
	f, ds := doc.Load(env)
	checkStyle(t, "load", src, ds)
	g, again := doc.Load(env)
	if d := cmp.Diff(ds, again); d != "" {
		t.Fatalf("a second load says something else:\n%s", d)
	}
	if len(f.Hosts) != len(g.Hosts) || f.Layout.Generated == "" || f.Inputs.Nixpkgs == "" {
		t.Fatalf("incomplete fleet: %+v", f)
	}
	broken := diag.Has(append(syntax, ds...), diag.Error)
	for _, h := range f.Hosts {
		if !ValidHostName(h.Name) || h.Platform == "" || !broken && h.StateVersion == nil {
			t.Fatalf("unsound host %+v", h)
		}
		for _, v := range f.SpecValues(h) {
			if v.Field == nil {
				t.Fatal("a value without its field")
			}
		}
	}
}

// normal makes the values of both readers comparable.
func normal(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range x {
			out[k] = normal(e)
		}
		return out
	case []map[string]any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = normal(e)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = normal(e)
		}
		return out
	case float64:
		if math.IsNaN(x) {
			return "nan"
		}
	case time.Time:
		return nil
	}
	return v
}

func FuzzLoad(f *testing.F) {
	env := testEnv(f)
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src []byte) { checkLoad(t, src, env) })
}
