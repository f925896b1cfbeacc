package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixgen/internal/realnix"
)

// TestRecallMac holds the recorded verdicts about Macs to the real
// nix-darwin: the stub that they were recorded with says what it says.
func TestRecallMac(t *testing.T) {
	if testing.Short() {
		t.Skip("evaluates nix-darwin many times")
	}
	kit := realnix.Upstream(t)
	verdicts := recordedVerdicts(t)
	n := 0
	for _, c := range recallCases() {
		if c.class != "darwin" {
			continue
		}
		if n++; n%4 != 0 {
			continue
		}
		file := filepath.Join(t.TempDir(), "case.nix")
		if err := os.WriteFile(file, []byte(c.module), 0o644); err != nil {
			t.Fatal(err)
		}
		var out map[string]any
		err := kit.Eval(&out, `(inputs.nix-darwin.lib.darwinSystem {
			specialArgs.hostSpec = { isDarwin = true; isServer = false; };
			modules = [ `+file+` { nixpkgs.hostPlatform = "aarch64-darwin"; system.stateVersion = 6; } ];
		}).config.environment.variables`)
		got := accepted
		switch said := errorText(err); {
		case err == nil && verdicts[c.name] == lost:
			got = lost
		case strings.Contains(said, "infinite recursion"):
			got = recursion
		case strings.Contains(said, "does not exist"):
			got = undeclared
		case err != nil:
			t.Errorf("%s: %s", c.name, said)
			continue
		}
		if got != verdicts[c.name] {
			t.Errorf("%s: nix-darwin says %s, recorded is %s:\n%s", c.name, got, verdicts[c.name], c.module)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
