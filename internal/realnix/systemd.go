package realnix

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Systemd asks systemd-analyze, with a machine in UTC, and gives what it says; an
// error when it refuses. A machine without it skips the test, or fails it when
// NIXGEN_REQUIRE_NIX=1.
func Systemd(t testing.TB, args ...string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv(EnvRequire) == "1" {
			t.Fatalf("%s=1, but %v", EnvRequire, err)
		}
		t.Skipf("needs systemd-analyze: %v", err)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C", "SYSTEMD_COLORS=0", "SYSTEMD_PAGER=")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
