package generate

import (
	"bytes"
	"strings"
	"testing"
)

func TestSeal(t *testing.T) {
	for _, c := range []struct{ name, body, from, to string }{
		{"a.nix", "{ a = 1; }\n", "a = 1", "a = 2"},
		{"b.json", "{\n  \"a\": 1\n}\n", `"a": 1`, `"a": 2`},
		{".sops.yaml", "a: 1\n", "a: 1", "a: 2"},
	} {
		sealed := Seal(c.name, []byte(c.body))
		if got := Verify(c.name, sealed); got != Intact {
			t.Errorf("%s: as sealed: %v, want Intact\n%s", c.name, got, sealed)
		}
		edited := bytes.Replace(sealed, []byte(c.from), []byte(c.to), 1)
		if got := Verify(c.name, edited); got != Edited {
			t.Errorf("%s: after an edit: %v, want Edited\n%s", c.name, got, edited)
		}
		if got := Verify(c.name, []byte(c.body)); got != Foreign {
			t.Errorf("%s: never sealed: %v, want Foreign", c.name, got)
		}
		for _, cut := range []int{0, 1, len(sealed) / 2} {
			if got := Verify(c.name, sealed[:cut]); got == Intact {
				t.Errorf("%s: cut at %d is Intact", c.name, cut)
			}
		}
	}
}

func TestSealHasTheLinesThatToolsLookFor(t *testing.T) {
	lines := strings.Split(string(Seal("a.nix", []byte("{ }\n"))), "\n")
	if lines[0] != Header || len(lines[1]) != len(sumPrefix)+sumLength || lines[2] != "{ }" {
		t.Errorf("sealed:\n%s", strings.Join(lines, "\n"))
	}
}
