package rules

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"nixgen/internal/realnix"
)

// recordRecall evaluates every case: those of Macs with the real nix-darwin,
// the others with nixpkgs' own lib and a handful of options. Nothing is known
// of a Mac that nix-darwin did not say.
func recordRecall(t *testing.T, cases []recallCase) {
	up := os.Getenv(realnix.EnvUpstream)
	if up == "" {
		t.Logf("%s is not set: the verdicts stay as they are", realnix.EnvUpstream)
		return
	}
	kit := realnix.Upstream(t)
	stub, err := filepath.Abs("testdata/recall/stub.nix")
	if err != nil {
		t.Fatal(err)
	}
	verdicts := map[string]string{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan recallCase)
	for range runtime.NumCPU() {
		wg.Go(func() {
			for c := range next {
				v := ""
				if c.class == "darwin" || c.whole {
					v = realVerdict(t, kit, c)
				} else {
					v = stubVerdict(t, kit.Nix, stub, up, c)
				}
				mu.Lock()
				verdicts[c.name] = v
				mu.Unlock()
			}
		})
	}
	for _, c := range cases {
		next <- c
	}
	close(next)
	wg.Wait()
	text, err := json.MarshalIndent(verdicts, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recallFile, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// caseFile writes the module of a case where Nix can read it.
func caseFile(t *testing.T, c recallCase) string {
	file := filepath.Join(t.TempDir(), "case.nix")
	if err := os.WriteFile(file, []byte(c.module), 0o644); err != nil {
		t.Error(err)
	}
	return file
}

func stubVerdict(t *testing.T, nix *realnix.Nix, stub, up string, c recallCase) string {
	expr := fmt.Sprintf("import %s { lib = import %s/nixpkgs.lib/lib; class = %q; module = %s; }", stub, up, c.class, caseFile(t, c))
	out, err := nix.Command("nix-instantiate", "--eval", "--strict", "--json", "--expr", expr).Output()
	said := ""
	if ee, ok := err.(*exec.ExitError); ok {
		said = string(ee.Stderr)
	}
	return verdictOf(t, c, string(out), said, err)
}

// realVerdict asks nix-darwin for the options that a module sets, or for the
// derivation of the whole system, which reads every value and assertion. A
// home is evaluated as a user's of a Mac.
func realVerdict(t *testing.T, kit *realnix.Kit, c recallCase) string {
	module := caseFile(t, c)
	if c.class == "home" {
		module = fmt.Sprintf(`{ imports = [ inputs.home-manager.darwinModules.home-manager ];
			users.users.tim.home = "/Users/tim";
			home-manager.users.tim = { imports = [ %s ]; home.stateVersion = "25.11"; }; }`, module)
	}
	system := `(inputs.nix-darwin.lib.darwinSystem {
		specialArgs = { inherit inputs; hostSpec = { isDarwin = true; isServer = false; }; };
		modules = [ ` + module + ` { nixpkgs.hostPlatform = "aarch64-darwin"; system.stateVersion = lib.mkDefault 6; system.primaryUser = "tim"; } ];
	})`
	if !c.whole {
		var out any
		err := kit.Eval(&out, system+".config.environment.variables")
		return verdictOf(t, c, fmt.Sprint(out), errorText(err), err)
	}
	var out any
	err := kit.Eval(&out, "drvPath "+system)
	verdict := verdictOf(t, c, fmt.Sprint(out), errorText(err), err)
	if verdict != accepted {
		return verdict
	}
	if err := kit.Eval(&out, "builtins.deepSeq "+system+".config."+c.option()+" true"); err != nil {
		return unread
	}
	return accepted
}

// option is the path that a case of one option sets.
func (c recallCase) option() string {
	_, text, _ := strings.Cut(c.module, "\n{ ")
	path, _, _ := strings.Cut(text, " =")
	if c.class == "home" {
		return "home-manager.users.tim." + path
	}
	return path
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// verdictOf reads what Nix said.
func verdictOf(t *testing.T, c recallCase, out, said string, err error) string {
	switch {
	case err == nil && strings.Contains(c.module, "KEPT") && !strings.Contains(out, "KEPT"):
		return lost
	case err == nil:
		return accepted
	case strings.Contains(said, "infinite recursion"):
		return recursion
	case strings.Contains(said, "does not exist"):
		return undeclared
	case strings.Contains(said, "is not of type"), strings.Contains(said, "read-only"):
		return mistyped
	case strings.Contains(said, "Failed assertions"):
		return asserted
	}
	t.Errorf("%s: %s\n%s", c.name, said, c.module)
	return "unclear"
}
