package nixgen_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nixgen/internal/golden"
)

// TestTranscripts runs every ```console block of README.md and docs/ in a copy
// of the repository and compares what is printed. A block holds commands after
// "$ ", each with its output; `go run ./nixgen` is the command built here.
func TestTranscripts(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin", "nixgen")
	if out, err := exec.Command("go", "build", "-o", bin, "./nixgen").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	tree := filepath.Join(dir, "tree")
	copyRepository(t, tree)
	docs, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, name := range append(docs, "README.md") {
		got, n := replay(t, read(t, name), bin, tree)
		commands += n
		golden.File(t, name, []byte(got))
	}
	if commands == 0 {
		t.Error("no transcript found: the test sees nothing")
	}
}

// copyRepository copies what a fleet is made of.
func copyRepository(t *testing.T, to string) {
	t.Helper()
	for _, part := range []string{"hosts.toml", "hosts.schema.json", "flake.nix", "flake-module.nix", "package.nix", "nix", "templates/starter", "testdata/broken-mac"} {
		err := filepath.WalkDir(part, func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Join(to, filepath.Dir(p)), 0o777); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(to, p), b, 0o666)
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

// replay gives a document with the output of every command as it is now, and
// how many commands it ran.
func replay(t *testing.T, doc, bin, dir string) (string, int) {
	t.Helper()
	var out strings.Builder
	n, inBlock := 0, false
	for line := range strings.Lines(doc) {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case line == "```console\n":
			inBlock = true
		case line == "```\n":
			inBlock = false
		case inBlock && isCommand:
			n++
			out.WriteString(line)
			out.Write(runCommand(t, strings.TrimSuffix(command, "\n"), bin, dir))
			continue
		case inBlock:
			continue // output, printed anew above
		}
		out.WriteString(line)
	}
	return out.String(), n
}

func runCommand(t *testing.T, command, bin, dir string) []byte {
	t.Helper()
	args, ok := strings.CutPrefix(command, "go run ./nixgen ")
	if !ok {
		args, ok = strings.CutPrefix(command, "nixgen ")
	}
	if !ok {
		t.Errorf("a transcript runs `%s`; only nixgen is run here", command)
		return nil
	}
	cmd := exec.Command(bin, strings.Fields(args)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+filepath.Join(filepath.Dir(dir), "home"), "XDG_DATA_HOME=")
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	if err := cmd.Run(); err != nil {
		if _, exited := err.(*exec.ExitError); !exited {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// The one line that README gives for all tests is the one that CI runs.
func TestReadmeTestCommandIsTheOneOfCI(t *testing.T) {
	_, after, ok := strings.Cut(read(t, "README.md"), "```sh\ngo test ")
	if !ok {
		t.Fatal("README.md has no `go test` line")
	}
	line, _, _ := strings.Cut(after, "\n")
	if !strings.Contains(read(t, ".ci/run"), "\ngo test "+line+"\n") {
		t.Errorf(".ci/run does not run `go test %s`", line)
	}
}
