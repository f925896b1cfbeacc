package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"nixgen/internal/golden"
	"nixgen/internal/realnix"
)

// TestMain lets testscript start the command itself, as a process of its own;
// $NIXGEN_TEST_VERSION makes it another version.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"nixgen": func() {
		version = cmp.Or(os.Getenv("NIXGEN_TEST_VERSION"), version)
		main()
	}})
}

// TestScripts runs testdata/script. Beside the commands of testscript there are:
//
//	exits CODE CMD…      runs a command that must end with that code
//	nix-parses FILE…     each file parses with the machine's Nix; skipped without
//	program FILE…        makes files of the script executable
//	edit FILE OLD NEW    replaces the one occurrence of OLD in a file
//	untouched FILE…      first call: remembers the files; second: they are the same
//	                     files, neither rewritten nor replaced
//	same DIR DIR         both folders hold the same files
//
// and the condition [git].
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "testdata", "script"),
		UpdateScripts:       golden.Updating(),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Values["untouched"] = remembered{}
			broken, err := filepath.Abs(filepath.Join("..", "testdata", "broken-mac"))
			if err != nil {
				return err
			}
			e.Vars = append(e.Vars, "BROKEN_MAC="+broken, "HOME="+filepath.Join(e.WorkDir, "home"),
				"GIT_CONFIG_GLOBAL="+filepath.Join(e.WorkDir, ".gitconfig"), "GIT_CONFIG_SYSTEM=/dev/null",
				"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org",
				"NO_COLOR=1",
			)
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "git":
				_, err := exec.LookPath("git")
				return err == nil, nil
			}
			return false, fmt.Errorf("no condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "nix-parses": nixParses, "edit": edit, "untouched": untouched, "same": same, "program": program,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE CMD…")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if ee := (*exec.ExitError)(nil); errors.As(err, &ee) {
		code = ee.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

func nixParses(ts *testscript.TestScript, neg bool, args []string) {
	nix, err := realnix.Find(os.Getenv)
	if err != nil && os.Getenv(realnix.EnvRequire) == "1" {
		ts.Fatalf("%s=1, but %v", realnix.EnvRequire, err)
	}
	var files []string
	for _, a := range args {
		files = append(files, nixFiles(ts, ts.MkAbs(a))...)
	}
	switch {
	case len(files) == 0:
		ts.Fatalf("no file to parse")
	case err != nil:
		ts.Logf("not parsed: %v", err)
	default:
		if err := nix.Parse(files...); (err != nil) != neg {
			ts.Fatalf("%d files: %v", len(files), err)
		}
	}
}

func nixFiles(ts *testscript.TestScript, dir string) []string {
	var out []string
	ts.Check(filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".nix") {
			out = append(out, p)
		}
		return err
	}))
	return out
}

// program writes the files anew, as one that testscript wrote may still be held
// open by what another script starts.
func program(ts *testscript.TestScript, neg bool, args []string) {
	for _, a := range args {
		text, file := ts.ReadFile(a), ts.MkAbs(a)
		ts.Check(os.Remove(file))
		ts.Check(realnix.CreateProgram(file, text))
	}
}

func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	s := ts.ReadFile(args[0])
	if n := strings.Count(s, args[1]); n != 1 {
		ts.Fatalf("%s holds %q %d times", args[0], args[1], n)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(s, args[1], args[2], 1)), 0o666))
}

// remembered are the files that `untouched` has seen.
type remembered map[string]os.FileInfo

func untouched(ts *testscript.TestScript, neg bool, args []string) {
	seen := ts.Value("untouched").(remembered)
	for _, a := range args {
		info, err := os.Stat(ts.MkAbs(a))
		ts.Check(err)
		old, ok := seen[a]
		seen[a] = info
		if same := ok && os.SameFile(old, info) && old.ModTime().Equal(info.ModTime()); ok && same == neg {
			ts.Fatalf("%s: the same file as before: %v", a, same)
		}
	}
}

func same(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same DIR DIR")
	}
	a, b := tree(ts, args[0]), tree(ts, args[1])
	if (a == b) == neg {
		ts.Fatalf("%s and %s are the same: %v", args[0], args[1], a == b)
	}
}

// tree is everything below a folder as one text.
func tree(ts *testscript.TestScript, dir string) string {
	var b bytes.Buffer
	root := ts.MkAbs(dir)
	ts.Check(filepath.WalkDir(root, func(p string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "== %s %v\n", strings.TrimPrefix(p, root), e.Type())
		if e.Type().IsRegular() {
			content, err := os.ReadFile(p)
			b.Write(content)
			return err
		}
		return nil
	}))
	return b.String()
}
