package rules

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nixgen/lint"
	"nixgen/lint/linttest"
)

// otherDifferences say why we and the other linter do not agree on a case.
var otherDifferences = map[string]string{
	"not-bool":   "what is compared may be null or a string: `x == true` is then false, and `x` alone an error; found, not fixed",
	"can-fix":    "theirs has no test of its fix; ours joins the two",
	"empty-let":  "the empty `let in` that is left is empty-let-in's finding, and its fix takes it away",
	"forgives":   "`x.a ? b` fails where x has no a, `x.a.b or d` does not; found, not fixed",
	"forgotten":  "`inherit (x) a;` forgets the default: not found",
	"blank-line": "ours leaves the blank line",
	"asserts":    "`(a.b).c or d` fails where a has no b, `a.b.c or d` does not: not found",
	"two-args":   "`n: f` hides how many arguments there are: not found",
	"none-taken": "`{ }:` refuses arguments, and callPackage looks at it, `_:` takes any: not found",
	"to-the-end": "ours goes on until nothing is left to fix",
	"shadows":    "both bind a name that the outer one uses, and the meaning would change: not found",
	"underscore": "a leading underscore says that a name is meant to be unused, in a `let` as well",
	"closed":     "without `...` the caller must not pass the name any more: found, not fixed",
	"has-alias":  "the whole argument is used too, and its set of names with it: not found",
	"duplicate":  "the file does not evaluate (`gone` is defined twice): duplicate-attribute's finding as well",
}

// TestOthers holds our rules of the language to what statix and deadnix
// promise in their own tests: their cases in our own words, what they find and
// write, and for each disagreement the reason. A reason without a disagreement
// fails, too.
func TestOthers(t *testing.T) {
	text, err := os.ReadFile("testdata/others.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
	agree, used := 0, map[string]int{}
	for _, l := range lines {
		f := append(strings.Split(l, "\t"), "")
		c := otherCase{from: f[0], rule: f[1], text: strings.ReplaceAll(f[2], `\n`, "\n") + "\n", finds: f[3], writes: strings.ReplaceAll(f[4], `\n`, "\n"), why: f[5]}
		if c.why != "" && otherDifferences[c.why] == "" {
			t.Errorf("%s: no reason is called %q", f[2], c.why)
		}
		found, written := c.ours(t)
		same := found == c.finds && written == c.writes
		switch {
		case same && c.why != "":
			t.Errorf("%s %s: we agree, and %q says that we do not", c.rule, f[2], c.why)
		case !same && c.why == "":
			t.Errorf("%s %s: they find %q and write %q, we find %q and write %q", c.rule, f[2], c.finds, c.writes, found, written)
		}
		if same {
			agree++
		} else {
			used[c.why]++
		}
	}
	t.Logf("%d cases, %d the same, the others: %v", len(lines), agree, used)
}

type otherCase struct{ from, rule, text, finds, writes, why string }

// unusedRules are deadnix's five kinds.
var unusedRules = []string{"unused-binding", "unused-argument", "unused-at-binding", "unused-pattern-name", "unused-inherit"}

// ours is what our rules find and write, in the terms of the table: how many
// findings for statix, which names for deadnix.
func (c otherCase) ours(t *testing.T) (found, written string) {
	ids := []string{c.rule}
	if c.from == "deadnix" {
		ids = unusedRules
	}
	only := slices.DeleteFunc(slices.Clone(All), func(r *lint.Rule) bool { return !slices.Contains(ids, r.ID) })
	w := linttest.Load(t, map[string]string{"x.nix": c.text})
	cfg := lint.Config{Rules: only, Enable: ids}
	ds, err := w.Lint(cfg)
	if err != nil {
		t.Fatal(err)
	}
	found = strconv.Itoa(len(ds))
	if c.from == "deadnix" {
		var names []string
		for _, d := range ds {
			_, rest, _ := strings.Cut(d.Message, "`")
			name, _, _ := strings.Cut(rest, "`")
			names = append(names, name)
		}
		if found = strings.Join(names, " "); found == "" {
			found = "-"
		}
	}
	fixed, err := w.Fix(cfg)
	if err != nil {
		t.Fatal(err)
	}
	written = "-"
	if text, ok := fixed.Changed["x.nix"]; ok {
		written = strings.TrimSpace(string(text))
	}
	return found, written
}
