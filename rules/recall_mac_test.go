package rules

import (
	"testing"

	"nixgen/internal/realnix"
)

// TestRecallMac holds the recorded verdicts to the nix-darwin and home-manager
// that are there now: every eighth case; -update records them all.
func TestRecallMac(t *testing.T) {
	if testing.Short() {
		t.Skip("evaluates nix-darwin many times")
	}
	kit := realnix.Upstream(t)
	verdicts := recordedVerdicts(t)
	n := 0
	for _, c := range recallCases() {
		if c.class != "darwin" && !c.whole {
			continue
		}
		if n++; n%8 != 0 {
			continue
		}
		if got := realVerdict(t, kit, c); got != verdicts[c.name] {
			t.Errorf("%s: evaluation says %s, recorded is %s:\n%s", c.name, got, verdicts[c.name], c.module)
		}
	}
	t.Logf("%d of %d cases", n/8, n)
}
