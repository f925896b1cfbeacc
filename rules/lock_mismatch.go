package rules

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var lockMismatch = &lint.Rule{
	ID: "lock-mismatch", Severity: diag.Warning, Scope: lint.FleetScope,
	Doc: lint.Doc{
		Summary: "flake.lock does not fit flake.nix",
		Why: `An input that flake.nix declares and flake.lock does not know, or knows from
another place, is fetched anew at the next evaluation: it changes under the
fleet, and CI that must not write the lock fails.`,
		Bad: `-- flake.nix --
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.disko.url = "github:nix-community/disko";
  outputs = _: { };
}
-- flake.lock --
{
  "nodes": {
    "nixpkgs": { "locked": { "rev": "a" }, "original": { "type": "github", "owner": "NixOS", "repo": "nixpkgs", "ref": "nixos-unstable" } },
    "root": { "inputs": { "nixpkgs": "nixpkgs" } }
  },
  "root": "root",
  "version": 7
}
`,
		Good: `-- flake.nix --
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = _: { };
}
-- flake.lock --
{
  "nodes": {
    "nixpkgs": { "locked": { "rev": "a" }, "original": { "type": "github", "owner": "NixOS", "repo": "nixpkgs", "ref": "nixos-unstable" } },
    "root": { "inputs": { "nixpkgs": "nixpkgs" } }
  },
  "root": "root",
  "version": 7
}
`,
	},
	Run: func(p *lint.Pass) {
		f, lock := p.Work.Flake, p.Work.Lock()
		if f == nil || lock == nil || !f.Static() {
			return
		}
		for _, in := range f.Inputs {
			lockedInput(p, lock, in)
		}
		unlockedNames(p, f, lock)
		manyNixpkgs(p, lock)
	},
}

func lockedInput(p *lint.Pass, lock *lint.Lock, in *outline.Entry) {
	name := in.Name.Text
	n, ok := lock.Input(name)
	if !ok {
		if s, isSet := in.Value.(*outline.Set); isSet && s.Find("url") == nil && s.Find("follows") == nil && s.Find("type") == nil {
			return // only further settings of an indirect input
		}
		p.Warning(diag.Diagnostic{
			File: "flake.nix", Span: in.Name.At, Message: fmt.Sprintf("the input `%s` is not in flake.lock", name),
			Why: "it is fetched anew at every evaluation that may not write the lock; run `nix flake lock`",
		})
		return
	}
	url := inputURL(in)
	if n == nil || url == nil {
		return
	}
	text, ok := url.Literal()
	if !ok {
		return
	}
	if want, known := githubRef(text); known && n.Original.Type == "github" && !sameRef(want, n.Original) {
		p.Warning(diag.Diagnostic{
			File: "flake.nix", Span: url.Span(),
			Message: fmt.Sprintf("flake.lock has `%s` from `%s`", name, refText(n.Original)),
			Why:     "the input changed since it was locked; run `nix flake lock`",
		})
	}
}

// githubRef reads `github:owner/repo[/ref]` without parameters.
func githubRef(url string) (lint.LockRef, bool) {
	rest, ok := strings.CutPrefix(url, "github:")
	if !ok || strings.ContainsAny(rest, "?#%") {
		return lint.LockRef{}, false
	}
	parts := strings.SplitN(strings.TrimPrefix(rest, "/"), "/", 3)
	if len(parts) < 2 {
		return lint.LockRef{}, false
	}
	r := lint.LockRef{Type: "github", Owner: parts[0], Repo: parts[1]}
	if len(parts) == 3 {
		r.Ref = parts[2]
	}
	return r, true
}

func sameRef(want, have lint.LockRef) bool {
	return strings.EqualFold(want.Owner, have.Owner) && strings.EqualFold(want.Repo, have.Repo) &&
		(want.Ref == have.Ref || want.Ref == have.Rev)
}

func refText(r lint.LockRef) string {
	s := "github:" + r.Owner + "/" + r.Repo
	if r.Ref != "" {
		s += "/" + r.Ref
	} else if r.Rev != "" {
		s += "/" + r.Rev
	}
	return s
}

// unlockedNames are inputs of the lock that nothing declares any more.
func unlockedNames(p *lint.Pass, f *lint.Flake, lock *lint.Lock) {
	names := f.InputNames()
	for _, n := range slices.Sorted(maps.Keys(lock.Nodes[lock.Root].Inputs)) {
		if slices.Contains(names, n) {
			continue
		}
		at := max(bytes.Index(lock.Text, []byte(`"`+n+`"`)), 0)
		p.Warning(diag.Diagnostic{
			File: "flake.lock", Span: diag.Span{Start: at, End: at + len(n) + 2},
			Message: fmt.Sprintf("flake.nix declares no input `%s`", n), Why: "run `nix flake lock`",
		})
	}
}

// manyNixpkgs tells how many revisions of nixpkgs are fetched and evaluated.
func manyNixpkgs(p *lint.Pass, lock *lint.Lock) {
	revs := map[string]bool{}
	for _, n := range lock.Nodes {
		if strings.EqualFold(n.Locked.Repo, "nixpkgs") && n.Locked.Rev != "" {
			revs[n.Locked.Rev] = true
		}
	}
	if len(revs) > 1 {
		p.Info(diag.Diagnostic{
			File: "flake.lock", Message: fmt.Sprintf("%d revisions of nixpkgs are locked; `inputs.x.inputs.nixpkgs.follows` joins them", len(revs)),
		})
	}
}
