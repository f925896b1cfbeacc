package secrets

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocsListEveryID holds the table of docs/secrets.md to the ids.
func TestDocsListEveryID(t *testing.T) {
	find := func(file, pattern string) []string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
			out = append(out, string(m[1]))
		}
		return out
	}
	ids := append(find("check.go", `\tRule\w+ += "([a-z-]+)"`), find("next.go", `\tRule\w+ += "([a-z-]+)"`)...)
	documented := find("../docs/secrets.md", "(?m)^\\| `([a-z-]+)` \\| [^|]+ \\|$")
	documented = slices.DeleteFunc(documented, func(s string) bool { return s == "shared" })
	slices.Sort(ids)
	slices.Sort(documented)
	if d := cmp.Diff(ids, documented); d != "" {
		t.Errorf("docs/secrets.md: -ids +documented\n%s", d)
	}
}
