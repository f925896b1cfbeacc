package fleet

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nixgen/diag"
	"nixgen/internal/golden"
)

// testEnv is the repository that the cases are judged against.
func testEnv(t testing.TB) Env {
	return Env{
		Version: "0.3.0",
		OptIn: map[string][]string{
			"audio": nil, "gaming": {NixOS}, "desktop/hyprland": {NixOS}, "mac-desktop": {Darwin}, "fonts": {NixOS, Darwin},
		},
		Home: map[string]HomeEnv{
			"tim": {Common: true, OptIn: map[string][]string{"editors/neovim": nil, "terminal": nil}},
			"ana": {},
		},
		Profiles: realProfiles(t),
		Inputs:   []string{"disko", "foo", "home-manager", "nix-darwin", "nixos-hardware", "nixpkgs", "nixpkgs-stable", "nixpkgs-unstable", "stylix"},
		Rules:    []string{"dead-file", "unused-module"},
		Services: map[string]*Profile{"vikunja-sync": {Name: "vikunja-sync", Params: []*Param{{Name: "url", Type: &Type{Kind: String}, Required: true}}}},
	}
}

// render writes diagnostics as people read them, with their notes.
func render(src []byte, ds []diag.Diagnostic) string {
	lines := diag.NewLines(src)
	var b strings.Builder
	for _, d := range ds {
		p := lines.Position(d.Span.Start)
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s\n", d.File, p.Line, p.Column, d.Severity, d.Message)
		for _, n := range d.Notes {
			p := lines.Position(n.Span.Start)
			fmt.Fprintf(&b, "\t%d:%d: %s\n", p.Line, p.Column, n.Message)
		}
	}
	return b.String()
}

// TestBad holds every message with its place. Each archive holds cases:
// NAME.toml, and NAME.want with what is said about it.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	env := testEnv(t)
	cases := 0
	for _, file := range files {
		cases += golden.Pairs(t, file, ".toml", func(name string, src []byte) string {
			_, ds := Load("hosts.toml", src, env)
			if len(ds) == 0 {
				t.Errorf("%s: %s: nothing is wrong with it", file, name)
			}
			checkStyle(t, file+": "+name, src, ds)
			return render(src, ds)
		})
	}
	if cases < 60 {
		t.Errorf("%d cases of bad files, at least 60 are wanted", cases)
	}
}

var styleRE = regexp.MustCompile("^[a-z`�]")

// checkStyle holds the laws of messages: lower case, no final period, one line,
// and a place inside the file.
func checkStyle(t *testing.T, where string, src []byte, ds []diag.Diagnostic) {
	for _, d := range ds {
		if !styleRE.MatchString(d.Message) || strings.HasSuffix(d.Message, ".") || strings.Contains(d.Message, "\n") ||
			strings.Count(d.Message, "`")%2 != 0 && bytes.IndexByte(src, '`') < 0 {
			t.Errorf("%s: style of %q", where, d.Message)
		}
		if d.Span.Start < 0 || d.Span.End > len(src) || d.Span.Start > d.Span.End || d.Rule != ruleID {
			t.Errorf("%s: place or rule of %+v", where, d)
		}
	}
}
