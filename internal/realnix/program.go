package realnix

import (
	"os"
	"os/exec"
	"testing"
)

// Program finds a program that a test runs. A machine without it skips the
// test, or fails it when NIXGEN_REQUIRE_NIX=1.
func Program(t testing.TB, name string) string {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv(EnvRequire) == "1" {
			t.Fatalf("%s=1, but %v", EnvRequire, err)
		}
		t.Skipf("needs %s: %v", name, err)
	}
	return program
}
