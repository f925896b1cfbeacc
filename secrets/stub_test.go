package secrets

import (
	"slices"
	"testing"
)

// A stub is a file whose keys are those asked for, each once.
func TestStub(t *testing.T) {
	for _, c := range []struct{ keys, want []string }{
		{nil, []string{"stub"}},
		{[]string{"a"}, []string{"a"}},
		{[]string{"b/c", "a", "b/d/e", "a"}, []string{"a", "b/c", "b/d/e"}},
		{[]string{"a", "a/b"}, []string{"a/b"}},
		{[]string{"no", "1x", "wifi key", `q"uote`, "über"}, []string{"1x", "no", `q"uote`, "wifi key", "über"}},
	} {
		for _, name := range []string{"x.yaml", "x.json"} {
			text := Stub(name, c.keys)
			f, ds := Parse(name, text)
			if len(ds) > 0 {
				t.Fatalf("%q: %s\n%s", c.keys, ds[0].Message, text)
			}
			if f.Encrypted {
				t.Errorf("%q counts as encrypted", c.keys)
			}
			got := leaves(f)
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%s of %q has %q, want %q:\n%s", name, c.keys, got, c.want, text)
			}
		}
	}
}
