package secrets

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestRules: the text is the golden file's; our own parser finds in it exactly
// one rule for each file, with exactly those who may read it.
func TestRules(t *testing.T) {
	const file = "testdata/rules.txtar"
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := load(t, ar)
	text := Rules(f)
	if again := Rules(f); string(again) != string(text) {
		t.Error("two calls differ")
	}
	shown := string(text)
	for _, n := range everybody {
		shown = strings.ReplaceAll(shown, person(t, n).Recipient().String(), "@"+n)
	}
	sections(t, file, ar, map[string]string{"rules": shown})

	c, ds := ParseConfig(ConfigFile, text)
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	targets := Plan(f)
	if len(targets) != len(f.Hosts)+1 || len(c.Rules) != len(targets) {
		t.Errorf("%d files and %d rules for %d hosts", len(targets), len(c.Rules), len(f.Hosts))
	}
	for _, x := range targets {
		found := c.Match(x.File)
		if len(found) != 1 {
			t.Errorf("%d rules for %s", len(found), x.File)
			continue
		}
		var want, got []string
		for _, r := range x.Readers {
			want = append(want, r.Recipient)
		}
		for _, r := range found[0].Recipients {
			got = append(got, r.Value)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", x.File, d)
		}
		for _, other := range []string{x.File + ".bak", "a/" + x.File, strings.Replace(x.File, ".", "x", 1)} {
			if found := c.Match(other); len(found) > 0 {
				t.Errorf("the rule for %s matches %s", x.File, other)
			}
		}
	}
}

// TestRuleMatching: a search in the name, the first rule wins, no expression is
// for every file.
func TestRuleMatching(t *testing.T) {
	c, ds := ParseConfig(ConfigFile, []byte(`creation_rules:
  - path_regex: sops/a
  - path_regex: \.yaml$
  - age: age1x
`))
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	for name, want := range map[string][]int{
		"sops/a.yaml": {0, 1, 2}, "sops/b.yaml": {1, 2}, "x/sops/a.json": {0, 2}, "b.yml": {2},
	} {
		var got []int
		for _, r := range c.Match(name) {
			got = append(got, slices.IndexFunc(c.Rules, func(x CreationRule) bool { return x.PathRegex == r.PathRegex }))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestParseConfig reads recipients in each way in which sops takes them.
func TestParseConfig(t *testing.T) {
	for name, c := range map[string]struct{ rule, want string }{
		"text":       {"age: a,b ,  c", "age a|age b|age c"},
		"list":       {"age: [a, b]", "age a|age b"},
		"folded":     {"age: >-\n      a,\n      b", "age a|age b"},
		"pgp":        {"pgp: F1,F2\n    age: a", "age a|pgp F1|pgp F2"},
		"groups":     {"key_groups:\n      - age: [a]\n        pgp: [F]\n      - age: [b]", "age a|pgp F|age b"},
		"groups win": {"age: a\n    key_groups:\n      - age: [b]", "age b"},
		"anchors":    {"key_groups:\n      - age: [*one, *many]", "age a1|age m1|age m2"},
		"merge":      {"key_groups:\n      - merge: [{age: [a]}]\n        age: [b]", "age b|age a"},
		"kms":        {"kms: arn:x\n    gcp_kms: g", "kms arn:x|gcp_kms g"},
		"objects":    {"key_groups:\n      - kms: [{arn: x, role: y}]", "kms x"},
		"nothing":    {"unencrypted_suffix: _x", ""},
	} {
		config, ds := ParseConfig("x", []byte("keys: [&one a1, &many [m1, m2]]\ncreation_rules:\n  - path_regex: x\n    "+c.rule+"\n"))
		if len(ds) > 0 || len(config.Rules) != 1 {
			t.Errorf("%s: %v %v", name, config, ds)
			continue
		}
		var got []string
		for _, r := range config.Rules[0].Recipients {
			got = append(got, r.Kind+" "+r.Value)
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%s: %s, want %s", name, s, c.want)
		}
	}
	if c, ds := ParseConfig("x", nil); c == nil || len(c.Rules)+len(ds) > 0 {
		t.Error(c, ds)
	}
}

// TestSkeleton: what init writes is what sync would write, and only the stubs
// are left to encrypt.
func TestSkeleton(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/rules.txtar")
	if err != nil {
		t.Fatal(err)
	}
	f, _ := load(t, ar)
	list, ds := Sync(f, &Tree{Files: Skeleton(f)})
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	n := 0
	for _, s := range list {
		if len(s.Commands) != 1 || s.Commands[0][1] != "encrypt" {
			t.Errorf("%+v", s)
		}
		n++
	}
	if n != len(Plan(f)) {
		t.Errorf("%d steps for %d files", n, len(Plan(f)))
	}
}
