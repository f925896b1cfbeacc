package realnix

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestParse(t *testing.T) {
	n := Require(t)
	good, bad := write(t, "good.nix", "{ a = 1; }\n"), write(t, "bad.nix", "{ a = ; }\n")
	if err := n.Parse(good, good); err != nil {
		t.Error(err)
	}
	err := n.Parse(good, bad, good)
	if err == nil || !strings.Contains(err.Error(), bad) || strings.Contains(err.Error(), good) {
		t.Errorf("a batch with one bad file: %v", err)
	}
	if n.ParseText("1 + 1") != nil || n.ParseText("1 +") == nil {
		t.Error("ParseText takes what Nix refuses, or refuses what it takes")
	}
}

func TestEval(t *testing.T) {
	n := Require(t)
	got, err := n.Eval(`{ b = [ 1 "x" null ]; a = (derivation { name = "d"; system = "s"; builder = "b"; }).drvPath; }`)
	if err != nil || !strings.HasPrefix(string(got), `{"a":"/nix/store/`) || !strings.HasSuffix(string(got), `-d.drv","b":[1,"x",null]}`) {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := n.Eval(`throw "the reason"`); err == nil || !strings.Contains(err.Error(), "the reason") {
		t.Errorf("throw: %v", err)
	}
}

func TestEvalAll(t *testing.T) {
	n := Require(t)
	all := n.EvalAll([]string{"1 # one", "{ x = 2; }"})
	if string(all[0].JSON) != "1" || string(all[1].JSON) != `{"x":2}` {
		t.Errorf("%s", all)
	}
	some := n.EvalAll([]string{"1", "1 + null", "3"})
	if some[0].Err != nil || some[1].Err == nil || string(some[2].JSON) != "3" {
		t.Errorf("%s", some)
	}
}

// A machine without Nix must be told from one whose Nix is broken.
func TestFind(t *testing.T) {
	env := func(dir string) func(string) string {
		return func(key string) string {
			return map[string]string{EnvFolder: dir}[key]
		}
	}
	if _, err := Find(env(t.TempDir())); err == nil || errors.Is(err, errNone) {
		t.Errorf("an empty %s: %v", EnvFolder, err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Find(env("")); !errors.Is(err, errNone) {
		t.Errorf("an empty PATH: %v", err)
	}
}

func TestAtLeast(t *testing.T) {
	n := &Nix{Major: 2, Minor: 18}
	if !n.AtLeast(2, 18) || n.AtLeast(2, 19) || n.AtLeast(3, 0) || !n.AtLeast(1, 99) {
		t.Error("versions compare wrongly")
	}
}
