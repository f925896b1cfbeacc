package fleet

import (
	"strings"
	"testing"

	"nixgen/internal/golden"
)

// TestReference holds docs/hosts-toml.md: `go generate ./fleet` writes it.
func TestReference(t *testing.T) {
	golden.File(t, "../docs/hosts-toml.md", []byte(Reference(realProfiles(t))))
}

// TestReferenceNamesEverything finds every key and every field in the text.
func TestReferenceNamesEverything(t *testing.T) {
	text := Reference(nil)
	var walk func(s *shape, seen map[*shape]bool)
	walk = func(s *shape, seen map[*shape]bool) {
		if s == nil || seen[s] {
			return
		}
		seen[s] = true
		for _, k := range s.keys {
			if !strings.Contains(text, "`"+k.name+"`") && !strings.Contains(text, "`["+k.name) {
				t.Errorf("the reference does not name %s", k.name)
			}
			if k.doc == "" || strings.HasSuffix(k.doc, ".") {
				t.Errorf("description of %s: %q", k.name, k.doc)
			}
			walk(k.shape, seen)
		}
		walk(s.elem, seen)
		walk(s.alt, seen)
	}
	walk(rootShape, map[*shape]bool{})
	for _, f := range builtinFields {
		if !strings.Contains(text, "| `"+f.Name+"` |") {
			t.Errorf("the reference does not name hostSpec.%s", f.Name)
		}
	}
}
