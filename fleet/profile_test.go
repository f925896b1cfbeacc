package fleet

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestBadProfiles holds what is said of broken profile.toml files.
func TestBadProfiles(t *testing.T) {
	const file = "testdata/profile/bad.txtar"
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range ar.Files {
		want[f.Name] = string(f.Data)
	}
	out := &txtar.Archive{Comment: ar.Comment}
	for _, f := range ar.Files {
		name, ok := strings.CutSuffix(f.Name, ".toml")
		if !ok {
			continue
		}
		p, ds := ParseProfile("profile.toml", name, f.Data)
		if p != nil || len(ds) == 0 {
			t.Errorf("%s is accepted", name)
		}
		got := render(f.Data, ds)
		if got != want[name+".want"] && !*update {
			t.Errorf("%s:\n%s", name, got)
		}
		checkStyle(t, name, f.Data, ds)
		out.Files = append(out.Files, f, txtar.File{Name: name + ".want", Data: []byte(got)})
	}
	if text := txtar.Format(out); *update && string(text) != string(txtar.Format(ar)) {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCond(t *testing.T) {
	one, three, yes, no := int64(1), int64(3), true, false
	list := []any{"a", "b"}
	for _, c := range []struct {
		cond Cond
		v    Value
		want bool
	}{
		{Cond{}, nil, true},
		{Cond{In: []Value{"a", "b"}}, "b", true},
		{Cond{In: []Value{"a"}}, "b", false},
		{Cond{In: []Value{true}}, true, true},
		{Cond{In: []Value{int64(1)}}, "1", false},
		{Cond{Min: &one, Max: &three}, int64(3), true},
		{Cond{Min: &one, Max: &three}, int64(4), false},
		{Cond{Min: &one}, int64(0), false},
		{Cond{Max: &one}, list, false},
		{Cond{Min: &one}, list, true},
		{Cond{Max: &three}, nil, false},
		{Cond{Set: &yes}, nil, false},
		{Cond{Set: &no}, nil, true},
		{Cond{Set: &yes}, "x", true},
	} {
		if got := c.cond.holds(c.v); got != c.want {
			t.Errorf("%+v holds for %v: %v", c.cond, c.v, got)
		}
	}
}
