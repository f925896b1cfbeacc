package realnix

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
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

// WriteProgram writes a program that a test is about to run.
func WriteProgram(t testing.TB, file, text string) {
	t.Helper()
	if err := CreateProgram(file, text); err != nil {
		t.Fatal(err)
	}
}

// CreateProgram writes a program as a file of its own. No other test may fork
// meanwhile: its child would hold the file open for writing until it has become
// something else, and the kernel refuses to run such a file ("text file busy").
func CreateProgram(file, text string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(file, []byte(text), 0o755)
}

// Jaq finds jaq, the JSON tool of the update programs: beside the Nix that
// NIXGEN_NIX names, or in PATH.
func Jaq() (string, error) {
	if dir := os.Getenv(EnvFolder); dir != "" {
		if path := filepath.Join(dir, "jaq"); exec.Command(path, "--version").Run() == nil {
			return path, nil
		}
	}
	return exec.LookPath("jaq")
}
