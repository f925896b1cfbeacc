package realnix

import (
	"os/exec"
	"testing"
)

// tidiers are the tools that generated Nix and templates must please, and how
// each is asked about one file or many.
var tidiers = []struct {
	name string
	args []string
	many bool
}{
	{"nixfmt", []string{"--check"}, true},
	{"deadnix", []string{"--fail"}, true},
	{"statix", []string{"check"}, false},
}

// Tidy holds Nix files against nixfmt, deadnix and statix, as far as they are
// installed. It says which are not, and gives how many were asked.
func Tidy(t testing.TB, files ...string) int {
	t.Helper()
	asked := 0
	for _, tool := range tidiers {
		program, err := exec.LookPath(tool.name)
		if err != nil {
			t.Logf("%s is not installed", tool.name)
			continue
		}
		asked++
		step := 1
		if tool.many {
			step = 200
		}
		for from := 0; from < len(files); from += step {
			batch := files[from:min(from+step, len(files))]
			if out, err := exec.Command(program, append(tool.args, batch...)...).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", tool.name, err, out)
			}
		}
	}
	return asked
}
