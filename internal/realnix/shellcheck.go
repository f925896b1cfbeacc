package realnix

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Shellcheck holds bash scripts, by name, against shellcheck; exclude lists
// findings to leave out ("SC2034,SC2054"). A machine without shellcheck skips
// the test, or fails it when NIXGEN_REQUIRE_NIX=1.
func Shellcheck(t testing.TB, scripts map[string]string, exclude string) {
	t.Helper()
	program := Program(t, "shellcheck")
	if len(scripts) == 0 {
		return
	}
	dir := t.TempDir()
	args := []string{"--norc", "--shell=bash", "--format=gcc"}
	if exclude != "" {
		args = append(args, "--exclude="+exclude)
	}
	for name, text := range scripts {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Errorf("shellcheck: %v\n%s", err, out)
	}
}
