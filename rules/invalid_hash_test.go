package rules

import (
	"strings"
	"testing"

	"nixgen/internal/realnix"
)

// TestSRI holds the forms that fixes write to what Nix makes of the same hash.
func TestSRI(t *testing.T) {
	nix := realnix.RequireVersion(t, 2, 18)
	for _, c := range []struct{ algo, text string }{
		{"sha256", "1bvp3csw0scc5c5i2hc7glh5igiryjf2946zq28lsc6ls49inbyd"},
		{"sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"sha512", "3yhcf0zmqkp4zdkk6bvbcgikf3b45ggzvjv9f0qb8fc5nf3a2cvb0hd5rvrr7sxgksjx7j1fmbqxj8yqmv1c7q2vdq0yq7nz9kc5wf3"},
		{"sha512", strings.Repeat("0123456789abcdef", 8)},
	} {
		want, err := nix.Command("nix-hash", "--to-sri", "--type", c.algo, c.text).Output()
		got := untyped(c.text)
		if err != nil {
			if got != "" {
				t.Errorf("%s: Nix refuses it, and it became %s", c.text, got)
			}
			continue
		}
		if got != strings.TrimSpace(string(want)) {
			t.Errorf("%s: %s, and Nix says %s", c.text, got, want)
		}
	}
}
