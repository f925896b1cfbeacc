package secrets

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
)

// What the caller adds to the findings of Check, since it asks git and the disk.
const (
	RuleLock   = "secret-lock"   // the fleet reads another state of the repository
	RuleOutput = "secret-output" // what hosts.toml says was not generated
)

// stages are the way of a secret to a host, in the order in which it must be
// gone: each needs the ones before.
var stages = []struct {
	name string
	of   func(f *fleet.Fleet, d diag.Diagnostic) bool
	do   func(f *fleet.Fleet, t *Tree, found []diag.Diagnostic) string
}{
	{"host key", isRule(RuleKey), func(f *fleet.Fleet, _ *Tree, found []diag.Diagnostic) string {
		return "write the `ageKey` into " + f.File + ": " + found[0].Message
	}},
	{"recipient", func(f *fleet.Fleet, d diag.Diagnostic) bool {
		return d.Rule == RuleRecipient && d.File == f.File && !isDeclared(d)
	},
		func(f *fleet.Fleet, _ *Tree, found []diag.Diagnostic) string {
			return "mend " + f.File + ": " + found[0].Message
		}},
	{"rules", isRule(RuleRules), nextRules},
	{"encrypted file", isRule(RuleFile, RuleSyntax, RulePlain, RuleRecipient, RuleStranger, RuleMissing), nextFile},
	{"key at boot", isRule(RuleIdentity), func(_ *fleet.Fleet, _ *Tree, found []diag.Diagnostic) string {
		return "put the key where it is before secrets are, and after every boot"
	}},
	{"commit and lock", isRule(RuleLock), func(_ *fleet.Fleet, _ *Tree, found []diag.Diagnostic) string { return after(found[0].Message, "; ") }},
	{"generate", isRule(RuleOutput), func(*fleet.Fleet, *Tree, []diag.Diagnostic) string { return "`nixgen generate`" }},
}

func isRule(ids ...string) func(*fleet.Fleet, diag.Diagnostic) bool {
	return func(_ *fleet.Fleet, d diag.Diagnostic) bool { return slices.Contains(ids, d.Rule) }
}

// isDeclared tells a secret in a file that its host cannot read from a key that
// is of no use.
func isDeclared(d diag.Diagnostic) bool { return strings.HasPrefix(d.Message, "the secret ") }

func after(s, sep string) string {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[i+len(sep):]
	}
	return s
}

// Next names the first stage that findings leave open, and what to do there; it
// is empty where nothing is.
func Next(f *fleet.Fleet, t *Tree, ds []diag.Diagnostic) string {
	for i, s := range stages {
		var found []diag.Diagnostic
		for _, d := range ds {
			if d.Severity > diag.Info && s.of(f, d) {
				found = append(found, d)
			}
		}
		if len(found) > 0 {
			return fmt.Sprintf("next (%d of %d, %s): %s", i+1, len(stages), s.name, s.do(f, t, found))
		}
	}
	return ""
}

func nextRules(f *fleet.Fleet, t *Tree, _ []diag.Diagnostic) string {
	have, ok := t.Files[ConfigFile]
	if !ok || bytes.HasPrefix(have, []byte(Header+"\n")) {
		return "`nixgen secrets sync --run` writes `" + t.Prefix + ConfigFile + "`"
	}
	return "mend `" + t.Prefix + ConfigFile + "`, which is your own"
}

// nextFile is what sync would do; what it cannot do is a person's.
func nextFile(f *fleet.Fleet, t *Tree, found []diag.Diagnostic) string {
	steps, _ := Sync(f, t)
	byHand := ""
	for _, s := range steps {
		switch {
		case s.Commands != nil:
			return "`nixgen secrets sync --run` encrypts `" + t.Prefix + s.File + "`"
		case s.Write == nil && byHand == "":
			byHand = s.File
		}
	}
	if byHand != "" {
		return "`sops edit " + byHand + "`, in `" + t.Prefix + "`"
	}
	if slices.ContainsFunc(found, func(d diag.Diagnostic) bool { return d.Rule == RuleMissing }) {
		return "add what is missing with `sops edit`, in `" + t.Prefix + "`"
	}
	return "mend what is said above"
}
