package rules

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"nixgen/diag"
	"nixgen/internal/golden"
	"nixgen/lint"
	"nixgen/lint/linttest"
)

// A recallCase is one module with one thing in it that evaluation may or may
// not refuse.
type recallCase struct {
	name, class, module string
	// twin is the same case with the opposite condition, where the condition
	// asks for an option's value. What evaluation says of the two tells whether
	// the value decides: then no linter can know, and may only be silent.
	twin string
	// whole cases are evaluated to the whole system, not to its structure.
	whole bool
}

// platformWords are the names a class has and those it has not.
type platformWords struct {
	// group is a root with both a good and a bad option below it.
	group, good, bad string
	// root is a root that the class has not.
	root string
	// container is a declared attrsOf submodule, sub a name it has not; empty
	// where the catalog's knowledge of such names is too old to judge by.
	container, sub string
	// ask is an option that conditions read, keep one that `//` may lose.
	ask, keep string
}

var recallClasses = map[string]platformWords{
	"nixos": {
		group: "services", good: "openssh.enable = true", bad: "skhd.enable = true", root: "homebrew.enable = true",
		ask: "config.documentation.enable", keep: `environment.variables.KEPT = "1"`,
	},
	"darwin": {
		group: "services", good: "openssh.enable = true", bad: "fwupd.enable = true", root: "boot.loader.timeout = 1",
		container: "users.users.tim", sub: "extraGroups = [ ]", ask: "config.documentation.enable", keep: `environment.variables.KEPT = "1"`,
	},
	"home": {
		group: "services", good: "dunst.enable = false", bad: "openssh.enable = true", root: "boot.loader.timeout = 1",
		ask: "config.programs.git.enable", keep: `home.sessionVariables.KEPT = "1"`,
	},
}

// recallConditions are the ways to ask: what they depend on decides whether
// the structure of a module may depend on them.
func recallConditions(w platformWords) []struct{ name, text string } {
	return []struct{ name, text string }{
		{"literal", "%s"}, {"spec", "(hostSpec.isServer == %s)"}, {"pkgs", "(pkgs.stdenv.isDarwin == (pkgs.stdenv.hostPlatform.isDarwin == %s))"},
		{"config", "(" + w.ask + " == %s)"},
	}
}

// recallForms are the ways to write a body under a condition.
var recallForms = []struct{ name, text string }{
	{"mkIf", "lib.mkIf COND { BODY; }"},
	{"optionalAttrs", "lib.optionalAttrs COND { BODY; }"},
	{"update", "{ } // lib.optionalAttrs COND { BODY; }"},
	{"mkMerge", "lib.mkMerge [ (lib.mkIf COND { BODY; }) ]"},
	{"mkMerge-optional", "lib.mkMerge [ (lib.optionalAttrs COND { BODY; }) ]"},
	{"if", "if COND then { BODY; } else { }"},
	{"plain", "{ BODY; }"},
}

// recallPlaces are where in a module the form stands.
func recallPlaces(w platformWords) []struct{ name, text, good, bad string } {
	places := []struct{ name, text, good, bad string }{
		{"shorthand", "FORM", w.group + "." + w.good, w.root},
		{"config", "{ config = FORM; }", w.group + "." + w.good, w.root},
		{"nested", "{ " + w.group + " = FORM; }", w.good, w.bad},
		{"let", "let body = FORM; in { config = body; }", w.group + "." + w.good, w.group + "." + w.bad},
	}
	if w.container != "" {
		places = append(places,
			struct{ name, text, good, bad string }{"submodule", "{ " + w.container + " = FORM; }", `home = "/x"`, w.sub},
			struct{ name, text, good, bad string }{"in-submodule", "{ " + w.container + " = { " + strings.Replace(w.sub, "= ", "= lib.mkIf COND (", 1) + "); }; }", "", "unused"},
		)
	}
	return places
}

// recallCases enumerates the table, plus those that no table makes.
func recallCases() []recallCase {
	var out []recallCase
	for _, class := range []string{"nixos", "darwin", "home"} {
		w := recallClasses[class]
		for _, place := range recallPlaces(w) {
			for _, form := range recallForms {
				for _, cond := range recallConditions(w) {
					for _, truth := range []string{"true", "false"} {
						for _, body := range []string{"good", "bad"} {
							out = append(out, recallOne(class, place, form, cond, truth, body))
						}
					}
				}
			}
		}
		out = append(out, recallOdd(class, w)...)
	}
	out = append(out, recallValues()...)
	return slices.DeleteFunc(out, func(c recallCase) bool { return c.module == "" })
}

func recallOne(class string, place struct{ name, text, good, bad string }, form, cond struct{ name, text string }, truth, body string) recallCase {
	text := place.bad
	if body == "good" {
		text = place.good
	}
	if text == "" || place.name == "in-submodule" && form.name != "mkIf" || form.name == "plain" && (cond.name != "literal" || truth != "true") {
		return recallCase{}
	}
	c := recallCase{name: strings.Join([]string{class, place.name, form.name, cond.name, truth, body}, "/"), class: class}
	m := strings.ReplaceAll(place.text, "FORM", form.text)
	m = strings.ReplaceAll(m, "BODY", text)
	m = strings.ReplaceAll(m, "COND", fmt.Sprintf(cond.text, truth))
	c.module = "{ lib, pkgs, config, hostSpec, ... }:\n" + m + "\n"
	if cond.name == "config" {
		other := map[string]string{"true": "false", "false": "true"}[truth]
		c.twin = strings.Join([]string{class, place.name, form.name, cond.name, other, body}, "/")
	}
	return c
}

// recallOdd are the rows of their own.
func recallOdd(class string, w platformWords) []recallCase {
	rows := []struct{ name, text string }{
		{"imports-config", "{ imports = lib.optionals ASK [ ]; }"},
		{"imports-config-element", "{ imports = [ (if ASK then { } else { }) ]; }"},
		{"imports-pkgs", "{ imports = lib.optionals pkgs.stdenv.isDarwin [ ]; }"},
		{"imports-spec", "{ imports = lib.optionals hostSpec.isDarwin [ { } ]; }"},
		{"name-pkgs", "{ ${if pkgs.stdenv.isDarwin then \"x\" else \"" + w.group + "\"} = { }; }"},
		{"name-spec", "{ ${if hostSpec.isServer then \"x\" else \"" + w.group + "\"} = { }; }"},
		{"lost", "{ " + w.keep + "; } // lib.mkIf true { " + w.group + "." + w.good + "; }"},
		{"lost-right", "lib.mkIf true { " + w.group + "." + w.good + "; } // { " + w.keep + "; }"},
		{"kept", "lib.mkMerge [ { " + w.keep + "; } (lib.mkIf true { " + w.group + "." + w.good + "; }) ]"},
		{"kept-optional", "{ " + w.keep + "; } // lib.optionalAttrs true { " + w.group + "." + w.good + "; }"},
		{"empty-value", "{ " + w.root[:strings.Index(w.root, " =")] + " = lib.optionals false [ ]; }"},
		{"options-shorthand", "lib.optionalAttrs (config ? x) { }"},
		{"leaf-mkif", "{ " + strings.Replace(w.root, "= ", "= lib.mkIf false ", 1) + "; }"},
		{"spec-and-config", "{ config = lib.optionalAttrs (hostSpec.isServer && ASK) { " + w.root + "; }; }"},
		{"own-option", "{ options.mine.enable = lib.mkEnableOption \"it\"; config.mine.enable = true; }"},
	}
	var out []recallCase
	for _, r := range rows {
		text := strings.ReplaceAll(r.text, "ASK", w.ask)
		out = append(out, recallCase{name: class + "/" + r.name, class: class, module: "{ lib, pkgs, config, hostSpec, ... }:\n" + text + "\n"})
	}
	return out
}

// verdicts of evaluation.
const (
	accepted   = "accepted"
	undeclared = "undeclared"
	recursion  = "recursion"
	lost       = "lost"
	// mistyped is a value of another type than the option's, or a second one of
	// an option that is read-only.
	mistyped = "mistyped"
	// unread values are wrong, and the evaluation of the whole system does not
	// come upon them: it accepts the module, and fails when asked for the option.
	unread = "unread"
	// asserted is what an assertion refuses: options that were removed, or that
	// are for another platform.
	asserted = "asserted"
)

const recallFile = "testdata/recall/verdicts.json"

// TestRecall: what evaluation refuses, the rules report; what it accepts, they
// do not. The verdicts are recorded from evaluation by -update.
func TestRecall(t *testing.T) {
	cases := recallCases()
	if golden.Updating() {
		recordRecall(t, cases)
	}
	verdicts := recordedVerdicts(t)
	if len(cases) != len(verdicts) || len(cases) < 120 {
		t.Fatalf("%d cases and %d verdicts; record again with -update", len(cases), len(verdicts))
	}
	var n struct{ accepted, refused, reported, unread, hanging, hangingRefused int }
	for _, c := range cases {
		want, ok := verdicts[c.name]
		if !ok {
			t.Errorf("%s: no verdict; record again with -update", c.name)
		}
		got := recallLint(t, c)
		switch {
		case c.twin != "" && verdicts[c.twin] != want:
			n.hanging++
			if want != accepted {
				n.hangingRefused++
			}
			if got != accepted {
				t.Errorf("%s: the value of an option decides (%s here), and the rules say %s", c.name, want, got)
			}
			continue
		case want == unread:
			n.unread++
			continue
		case want == accepted:
			n.accepted++
		default:
			n.refused++
		}
		if got == want && want != accepted {
			n.reported++
		}
		if why := recallMisses[c.name]; why != "" {
			if got != accepted {
				t.Errorf("%s: it is found, and stands among those that are missed because %s", c.name, why)
			}
			continue
		}
		if got != want {
			t.Errorf("%s: evaluation says %s, the rules say %s:\n%s", c.name, want, got, c.module)
		}
	}
	t.Logf("%d cases: evaluation refuses %d, of which %d are reported, and accepts %d; in %d more the value of an option decides, evaluation refuses %d of them, and all are silent; %d wrong values are not read",
		len(cases), n.refused, n.reported, n.accepted, n.hanging, n.hangingRefused, n.unread)
}

// recallMisses are refused by evaluation and not reported, with the reason.
var recallMisses = map[string]string{
	"darwin/value/environment.systemPackages = pkgs.hello": "what a name of pkgs is, only evaluation knows",
}

func recordedVerdicts(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(recallFile)
	if err != nil {
		t.Fatal(err)
	}
	var verdicts map[string]string
	if err := json.Unmarshal(text, &verdicts); err != nil {
		t.Fatal(err)
	}
	return verdicts
}

// recallLint puts the module into a fleet and reads the rules' verdict.
func recallLint(t *testing.T, c recallCase) string {
	t.Helper()
	files := map[string]string{"modules/common/case.nix": c.module}
	toml := "[hosts.h]\nsystem = \"x86_64-linux\"\nstateVersion = \"25.11\"\n"
	if c.class == "darwin" || c.whole {
		toml = "[hosts.h]\nsystem = \"aarch64-darwin\"\nstateVersion = 6\n"
	}
	switch c.class {
	case "home":
		toml += "homeStateVersion = \"25.11\"\nusers = [\"tim\"]\n[users.tim]\n"
		files = map[string]string{"home/tim/common/case.nix": c.module}
	}
	files["hosts.toml"] = toml
	w := linttest.Load(t, files)
	ds, err := w.Lint(lint.Config{Rules: All})
	if err != nil {
		t.Fatal(err)
	}
	got := accepted
	for _, d := range ds {
		switch {
		case d.Severity != diag.Error:
		case d.Rule == configDependentStructure.ID:
			return recursion
		case d.Rule == updateWithMkIf.ID:
			return lost
		case d.Rule == undeclaredOption.ID:
			got = undeclared
		case d.Rule == optionType.ID:
			got = mistyped
		case d.Rule == removedOption.ID || d.Rule == homeLinuxOnly.ID:
			got = asserted
		default:
			t.Errorf("%s: unexpected %s: %s", c.name, d.Rule, d.Message)
		}
	}
	return got
}
