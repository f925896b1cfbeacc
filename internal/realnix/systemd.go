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
	cmd := exec.Command(Program(t, "systemd-analyze"), args...)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C", "SYSTEMD_COLORS=0", "SYSTEMD_PAGER=")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
