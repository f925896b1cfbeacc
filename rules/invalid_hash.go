package rules

import (
	"bytes"
	"encoding/base64"
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
that its encoding does not have. The build fails before it fetches anything. So does
it for a ` + "`hash`" + ` that does not begin with its algorithm.

A hash in an old form, base 16 or Nix's own base 32, is right but told as an
info; the fix writes the same hash in the form that Nix prints today.`,
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
		if !contains(p.File.Text, "sha256", "ash = ", "Hash = ", "sha512") {
			return
		}
		f := p.File.Outline()
		if f == nil {
			return
		}
		f.Walk(func(x outline.Expr, _ *outline.Scope) bool {
			switch x := x.(type) {
			case *outline.Set:
				for i := range x.Entries {
					hashEntry(p, &x.Entries[i])
				}
			case *outline.Apply:
				fetcherHashes(p, x)
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
	text, str := hashText(e)
	if !ok || str == nil || hashOK(text, algo) {
		return
	}
	p.Error(diag.Diagnostic{
		File: p.File.Path, Span: str.Span(), Message: fmt.Sprintf("`%s` is no hash", text),
		Why: "wrong length or characters for its algorithm and encoding",
	})
}

// hashText is a hash that is written out; `sha256-...` stands in documentation
// and examples.
func hashText(e *outline.Entry) (string, *outline.Str) {
	str, ok := e.Value.(*outline.Str)
	if !ok || e.Name.X != nil || e.Inherit {
		return "", nil
	}
	text, ok := str.Literal()
	if !ok || text == "" || strings.Contains(text, "...") {
		return "", nil
	}
	return text, str
}

// hashOK judges what names an algorithm, by itself or by its attribute; the
// rest may be anything.
func hashOK(text, algo string) bool {
	want := algorithm(algo)
	if !namesAlgorithm(text) && want == nil {
		return true
	}
	_, err := nixhash.ParseAny(text, want)
	return err == nil || looseSRI(text, want)
}

// looseSRI: in SRI form Nix reads up to the first `=`, however many there
// should be (src/libutil/hash.cc, base64Decode).
func looseSRI(text string, want *nixhash.Algorithm) bool {
	name, digest, ok := strings.Cut(text, "-")
	algo := algorithm(name)
	if !ok || algo == nil || want != nil && *want != *algo {
		return false
	}
	digest, _, _ = strings.Cut(digest, "=")
	b, err := base64.RawStdEncoding.DecodeString(digest)
	return err == nil && len(b) == algo.Func().Size()
}

func algorithm(name string) *nixhash.Algorithm {
	a, err := nixhash.ParseAlgorithm(name)
	if err != nil {
		return nil
	}
	return &a
}

func namesAlgorithm(text string) bool {
	for _, a := range []string{"sha256", "sha512", "sha1", "md5"} {
		if strings.HasPrefix(text, a+"-") || strings.HasPrefix(text, a+":") {
			return true
		}
	}
	return false
}

// fetchers are functions of Nix and nixpkgs whose argument holds the hash of
// what they fetch, in any form that Nix reads.
var fetchers = map[string]bool{
	"fetchurl": true, "fetchzip": true, "fetchTarball": true, "fetchgit": true, "fetchpatch": true, "fetchpatch2": true,
	"fetchFromGitHub": true, "fetchFromGitLab": true, "fetchFromGitea": true, "fetchFromForgejo": true, "fetchFromCodeberg": true,
	"fetchFromBitbucket": true, "fetchFromSourcehut": true, "fetchFromSavannah": true, "fetchPypi": true, "fetchCrate": true,
	"fetchhg": true, "fetchsvn": true, "fetchGitLab": true, "requireFile": true,
}

// fetcherHashes looks at the hashes that a fetcher is called with.
func fetcherHashes(p *lint.Pass, x *outline.Apply) {
	name, args := outline.LibCall(x)
	if !fetchers[name] || len(args) != 1 {
		return
	}
	s, ok := args[0].(*outline.Set)
	if !ok {
		return
	}
	for i := range s.Entries {
		e := &s.Entries[i]
		if text, str := hashText(e); str != nil {
			switch e.Name.Text {
			case "hash":
				untypedHash(p, text, str)
			case "sha256", "sha512":
				oldHash(p, text, str, algorithm(e.Name.Text))
			}
		}
	}
}

// untypedHash: `hash` says by itself what it is a hash with, or Nix refuses it
// ("does not include a type").
func untypedHash(p *lint.Pass, text string, str *outline.Str) {
	if namesAlgorithm(text) {
		oldHash(p, text, str, nil)
		return
	}
	sri := untyped(text)
	if sri == "" {
		return
	}
	p.Error(diag.Diagnostic{
		File: p.File.Path, Span: str.Span(), Message: fmt.Sprintf("`%s` does not say what kind of hash it is", text),
		Why:   "`hash` takes a hash that begins with its algorithm; one without goes by `sha256`",
		Fixes: sriFix(str, sri),
	})
}

// untyped is the SRI form of a hash of SHA-256 or SHA-512, told by its length
// alone: no other algorithm gives one as long. "" for everything else.
func untyped(text string) string {
	for _, name := range []string{"sha256", "sha512"} {
		if h, err := nixhash.ParseAny(text, algorithm(name)); err == nil {
			return h.Format(nixhash.SRI, true)
		}
	}
	return ""
}

// oldHash tells of a hash in base 16 or in Nix's base 32.
func oldHash(p *lint.Pass, text string, str *outline.Str, want *nixhash.Algorithm) {
	h, err := nixhash.ParseAny(text, want)
	if err != nil || allZero(h.Digest()) {
		return // hashEntry has said so; or a place is held for the real one
	}
	sri := h.Format(nixhash.SRI, true)
	if sri == text {
		return
	}
	p.Info(diag.Diagnostic{
		File: p.File.Path, Span: str.Span(), Message: fmt.Sprintf("the hash is in an old form; today it is written `%s`", sri),
		Why:   "Nix prints and compares hashes in the newer form, which names its algorithm",
		Fixes: sriFix(str, sri),
	})
}

func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

func sriFix(str *outline.Str, sri string) []diag.Fix {
	return []diag.Fix{{Message: "write it in SRI form", Edits: []diag.Edit{{Span: str.Span(), New: `"` + sri + `"`}}}}
}
