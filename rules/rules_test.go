package rules

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nixgen/internal/golden"
	"nixgen/lint"
	"nixgen/lint/linttest"
)

func TestValidate(t *testing.T) {
	if err := lint.Validate(All); err != nil {
		t.Error(err)
	}
}

func TestFixtures(t *testing.T) { linttest.Run(t, All, "testdata") }

// TestListed holds the files of the package and the list to each other: the
// file is named after the rule, the fixture too.
func TestListed(t *testing.T) {
	ids := map[string]bool{}
	for _, r := range All {
		ids[r.ID] = true
	}
	fixtures, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fixtures {
		if id := strings.TrimSuffix(filepath.Base(f), ".txtar"); !ids[id] {
			t.Errorf("%s is the fixture of no rule", f)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for id := range ids {
			if strings.Contains(string(text), fmt.Sprintf("ID: %q", id)) || strings.Contains(string(text), fmt.Sprintf("ID:       %q", id)) {
				delete(ids, id)
			}
		}
	}
	delete(ids, lint.SuppressionID)
	delete(ids, lint.UnusedID)
	delete(ids, lint.UnreadableID)
	for id := range ids {
		t.Errorf("no file holds the rule %s", id)
	}
}

// TestDocExamples: what a page calls bad is found, what it calls good is not.
func TestDocExamples(t *testing.T) {
	for _, r := range All {
		t.Run(r.ID, func(t *testing.T) {
			if ds := linttest.Find(t, All, r.ID, linttest.Example(r.Doc.Bad)); len(ds) == 0 {
				t.Error("the bad example is not found")
			}
			for _, d := range linttest.Find(t, All, r.ID, linttest.Example(r.Doc.Good)) {
				t.Errorf("found in the good example: %s", d.Message)
			}
		})
	}
}

// TestMessages holds messages and pages to one form.
func TestMessages(t *testing.T) {
	for _, r := range All {
		s := r.Doc.Summary
		if strings.HasSuffix(s, ".") || s != strings.ToLower(s[:1])+s[1:] {
			t.Errorf("%s: the summary is not lower case without a period: %s", r.ID, s)
		}
		for _, d := range linttest.Find(t, All, r.ID, linttest.Example(r.Doc.Bad)) {
			if strings.HasSuffix(d.Message, ".") || d.Message == "" {
				t.Errorf("%s: message %q", r.ID, d.Message)
			}
		}
	}
}

// TestReadme keeps README.md the pages of the rules.
func TestReadme(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Lint rules\n\nMade from the rules by `go test ./rules -update`; `nixgen explain RULE` prints a page.\n\n| rule | finding | |\n|---|---|---|\n")
	for _, r := range All {
		how := r.Severity.String()
		if r.Style {
			how += ", off by default"
		}
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.ID, r.ID, r.Doc.Summary, how)
	}
	for _, r := range All {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\nBad:\n\n```nix\n%s```\n\nGood:\n\n```nix\n%s```\n", r.ID, r.Doc.Why, r.Doc.Bad, r.Doc.Good)
	}
	b.WriteString("\n## Beside statix and deadnix\n\nOur rules of the language are held to what those two promise in their own tests (testdata/others.tsv). " +
		"statix 0.5.8 and deadnix 1.3.1 themselves, run beside ours over 118 public trees, find the same but for these reasons; a comment " +
		"`deadnix: skip` counts for us, too. Where we differ:\n\n")
	for _, why := range slices.Sorted(maps.Keys(otherDifferences)) {
		fmt.Fprintf(&b, "- %s: %s\n", why, otherDifferences[why])
	}
	golden.File(t, "README.md", []byte(b.String()))
}

// TestOrder: two workers find what one finds, in the same order.
func TestOrder(t *testing.T) {
	files := map[string]string{}
	for _, r := range All {
		for name, text := range linttest.Example(r.Doc.Bad) {
			if strings.HasSuffix(name, ".nix") && name != "flake.nix" {
				files[r.ID+"/"+name] = text
			}
		}
	}
	w := linttest.Load(t, files)
	first, err := w.Lint(lint.Config{Rules: All, Enable: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	reversed := slices.Clone(All)
	slices.Reverse(reversed)
	again, err := w.Lint(lint.Config{Rules: reversed, Enable: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(first) != fmt.Sprint(again) {
		t.Error("the findings depend on the order of the rules")
	}
}
