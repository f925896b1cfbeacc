package fleet

import (
	"testing"

	"nixgen/internal/golden"
)

// TestBadProfiles holds what is said of broken profile.toml files.
func TestBadProfiles(t *testing.T) {
	golden.Pairs(t, "testdata/profile/bad.txtar", ".toml", func(name string, src []byte) string {
		p, ds := ParseProfile("profile.toml", name, src)
		if p != nil || len(ds) == 0 {
			t.Errorf("%s is accepted", name)
		}
		checkStyle(t, name, src, ds)
		return render(src, ds)
	})
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
