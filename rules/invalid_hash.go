package rules

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/nix-community/go-nix/pkg/nixhash"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
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
		if !contains(p.File.Text, "sha256", "ash", "sha512") {
			return
		}
		exprs(p, syntax.KindBinding, func(n syntax.Node) { hashBinding(p, n) })
		exprs(p, syntax.KindApply, func(n syntax.Node) { fetcherHashes(p, n) })
	},
}

// hashNames are attributes that fetchers take a hash by; those with an
// algorithm in the name may leave it out of the text.
var hashNames = map[string]string{
	"hash": "", "vendorHash": "", "cargoHash": "", "npmDepsHash": "", "outputHash": "?", "narHash": "",
	"sha256": "sha256", "sha512": "sha512", "cargoSha256": "sha256", "vendorSha256": "sha256", "modSha256": "sha256",
}

func hashBinding(p *lint.Pass, n syntax.Node) {
	b, _ := n.AsBinding()
	str, ok := b.Value().Unparen().AsStr()
	if !ok {
		return
	}
	at := b.Path().Child(b.Path().NumChildren() - 1).Span()
	algo, ok := hashNames[string(bytes.Trim(p.File.Text[at.Start:at.End], `"`))]
	if !ok {
		return
	}
	text, ok := hashText(str)
	if !ok || hashOK(text, algo) {
		return
	}
	p.Error(diag.Diagnostic{
		File: p.File.Path, Span: str.Span(), Message: fmt.Sprintf("`%s` is no hash", text),
		Why: "wrong length or characters for its algorithm and encoding",
	})
}

// lastName is the name that a path ends with, "" if it is computed.
func lastName(path syntax.AttrPath) string {
	name, _ := syntax.AttrName(path.Child(path.NumChildren() - 1))
	return name
}

// hashText is a hash that is written out; `sha256-...` stands in documentation
// and examples.
func hashText(str syntax.Str) (string, bool) {
	text, ok := str.Value()
	return text, ok && text != "" && !strings.Contains(text, "...")
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
func fetcherHashes(p *lint.Pass, n syntax.Node) {
	call, _ := n.AsApply()
	set, ok := call.Arg(0).Unparen().AsAttrSet()
	if !ok || !isFetcher(call.Func().Unparen()) {
		return
	}
	for b := range set.Bindings() {
		name, ok := plainName(b.Path())
		str, isStr := b.Value().Unparen().AsStr()
		if !ok || !isStr {
			continue
		}
		text, ok := hashText(str)
		if !ok {
			continue
		}
		switch name.Name() {
		case "hash":
			untypedHash(p, text, str)
		case "sha256", "sha512":
			oldHash(p, text, str, algorithm(name.Name()))
		}
	}
}

func isFetcher(fn syntax.Node) bool {
	if name, ok := fn.AsIdent(); ok {
		return fetchers[name.Name()]
	}
	sel, ok := fn.AsSelect()
	if !ok {
		return false
	}
	_, hasDefault := sel.Default()
	return !hasDefault && fetchers[lastName(sel.Path())]
}

// untypedHash: `hash` says by itself what it is a hash with, or Nix refuses it
// ("does not include a type").
func untypedHash(p *lint.Pass, text string, str syntax.Str) {
	if namesAlgorithm(text) {
		oldHash(p, text, str, nil)
		return
	}
	sri := untyped(text)
	if sri == "" {
		unknownAlgorithm(p, text, str)
		return
	}
	p.Error(diag.Diagnostic{
		File: p.File.Path, Span: str.Span(), Message: fmt.Sprintf("`%s` does not say what kind of hash it is", text),
		Why:   "`hash` takes a hash that begins with its algorithm; one without goes by `sha256`",
		Fixes: sriFix(str, sri),
	})
}

var algorithms = []string{"sha256", "sha512", "sha1", "md5", "blake3"}

// unknownAlgorithm: the hash begins with a word that is nearly one of Nix's
// algorithms.
func unknownAlgorithm(p *lint.Pass, text string, str syntax.Str) {
	word, _, ok := strings.Cut(text, "-")
	if near := diag.Suggest(word, algorithms); ok && near != "" && near != word {
		p.Error(diag.Diagnostic{
			File: p.File.Path, Span: str.Span(), Message: fmt.Sprintf("`%s` is no hash: Nix knows no `%s`; did you mean `%s`?", text, word, near),
			Why: "a hash begins with the algorithm that made it",
		})
	}
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
func oldHash(p *lint.Pass, text string, str syntax.Str, want *nixhash.Algorithm) {
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

func sriFix(str syntax.Str, sri string) []diag.Fix {
	return []diag.Fix{{Message: "write it in SRI form", Edits: []diag.Edit{{Span: str.Span(), New: `"` + sri + `"`}}}}
}
