package rules

import (
	"fmt"
	"strings"

	"github.com/nix-community/go-nix/pkg/nixhash"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var invalidHash = &lint.Rule{
	ID: "invalid-hash", Severity: diag.Error, Scope: lint.FileScope,
	Doc: lint.Doc{
		Summary: "a hash that cannot be one",
		Why: `The text is no hash of the algorithm that it names: a character too few or one
that its encoding does not have. The build fails before it fetches anything.`,
		Bad: `{ fetchurl }:
fetchurl {
  url = "https://example.org/x.tar.gz";
  hash = "sha256-YbRcLdU/yK4gWsQg7V8WTKZHfXL33g8+wSFUX3wye=";
}
`,
		Good: `{ fetchurl }:
fetchurl {
  url = "https://example.org/x.tar.gz";
  hash = "sha256-YbRcLdU/yK4gWsQg7V8WTKZHfXL33g8+wSFUX3wyevs=";
}
`,
	},
	Run: func(p *lint.Pass) {
		f := p.File.Outline()
		if f == nil || !contains(p.File.Text, "sha256", "ash = ", "Hash = ", "sha512") {
			return
		}
		f.Walk(func(x outline.Expr, _ *outline.Scope) bool {
			s, ok := x.(*outline.Set)
			if !ok {
				return true
			}
			for i := range s.Entries {
				hashEntry(p, &s.Entries[i])
			}
			return true
		})
	},
}

// hashNames are attributes that fetchers take a hash by; those with an
// algorithm in the name may leave it out of the text.
var hashNames = map[string]string{
	"hash": "", "vendorHash": "", "cargoHash": "", "npmDepsHash": "", "outputHash": "?", "narHash": "",
	"sha256": "sha256", "sha512": "sha512", "cargoSha256": "sha256", "vendorSha256": "sha256", "modSha256": "sha256",
}

func hashEntry(p *lint.Pass, e *outline.Entry) {
	algo, ok := hashNames[e.Name.Text]
	str, isStr := e.Value.(*outline.Str)
	if !ok || !isStr || e.Name.X != nil {
		return
	}
	text, ok := str.Literal()
	if !ok || text == "" || strings.Contains(text, "...") || hashOK(text, algo) {
		return // `sha256-...` stands in documentation and examples
	}
	p.Error(diag.Diagnostic{
		File: p.File.Path, Span: str.Span(), Message: fmt.Sprintf("`%s` is no hash", text),
		Why: "wrong length or characters for its algorithm and encoding",
	})
}

// hashOK judges what names an algorithm, by itself or by its attribute; the
// rest may be anything.
func hashOK(text, algo string) bool {
	var want *nixhash.Algorithm
	if algo != "" && algo != "?" {
		if a, err := nixhash.ParseAlgorithm(algo); err == nil {
			want = &a
		}
	}
	named := false
	for _, a := range []string{"sha256", "sha512", "sha1", "md5"} {
		named = named || strings.HasPrefix(text, a+"-") || strings.HasPrefix(text, a+":")
	}
	if !named && want == nil {
		return true
	}
	_, err := nixhash.ParseAny(text, want)
	return err == nil
}
