package generate

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"nixgen/templates"

	"nixgen/internal/realnix"
)

// step is the shell of a named step of the workflow that updates flake.lock.
func step(t *testing.T, job, name string) string {
	t.Helper()
	var w workflow
	if err := yaml.Unmarshal(templates.Read("ci/nixgen-update.yml"), &w); err != nil {
		t.Fatal(err)
	}
	for _, s := range w.Jobs[job].Steps {
		if s.Name == name {
			return s.Run
		}
	}
	t.Fatalf("no step `%s`", name)
	return ""
}

// play runs the shell of a step as GitHub does, with stand-ins for programs.
func play(t *testing.T, dir, script string, programs map[string]string) {
	t.Helper()
	bin := t.TempDir()
	for name, text := range programs {
		realnix.WriteProgram(t, filepath.Join(bin, name), "#!/bin/bash\necho \"$*\" >>\"$CALLS\"\n"+text)
	}
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "CALLS="+filepath.Join(dir, "calls"), "GITHUB_OUTPUT="+filepath.Join(dir, "output"),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func textOf(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestLockBump plays the steps that find out what an update touches.
func TestLockBump(t *testing.T) {
	realnix.Program(t, "jq")
	const matrix = `{"include":[{"host":"a","runner":"r","attribute":"x","options":"--override-input nix-secrets path:./stub"},{"host":"b","runner":"r","attribute":"y","options":""}]}`
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "flake.lock"), []byte(`{"root":"root","nodes":{"root":{"inputs":{"nixpkgs":"n","nix-secrets":"s","disko":"d"}}}}`))
	nix := func(affected string) map[string]string {
		return map[string]string{"nix": "case \"$1 $2\" in 'eval --json') echo '" + matrix + "' ;; 'run --inputs-from') cat <<'X'\n" + affected + "\nX\n;; esac\n"}
	}
	for _, c := range []struct{ affected, output, request string }{
		{`{"inputs":["disko"],"files":["flake.lock"],"hosts":[{"name":"b","reasons":["input disko","x"]}]}`,
			"changed=true\nhosts=1\nmatrix={\"include\":[{\"host\":\"b\",\"runner\":\"r\",\"attribute\":\"y\",\"options\":\"\"}]}\n",
			"The inputs of the flake are updated. This touches:\n\n- `b`: input disko; x\n"},
		{`{"inputs":["disko"],"files":["flake.lock"],"hosts":[]}`, "changed=true\nhosts=0\nmatrix={\"include\":[]}\n", "The inputs of the flake are updated. This touches:\n\n"},
		{`{"inputs":[],"files":[],"hosts":[]}`, "changed=false\nhosts=0\nmatrix={\"include\":[]}\n", "The inputs of the flake are updated. This touches:\n\n"},
	} {
		for _, name := range []string{"calls", "output"} {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		play(t, dir, step(t, "lock", "Update flake.lock"), nix(c.affected))
		play(t, dir, step(t, "lock", "List the hosts that this touches"), nix(c.affected))
		if got := textOf(t, dir, "output"); got != c.output {
			t.Errorf("output %q, want %q", got, c.output)
		}
		if got := textOf(t, dir, "request.md"); got != c.request {
			t.Errorf("request %q, want %q", got, c.request)
		}
		if got := textOf(t, dir, "calls"); !strings.Contains(got, "\nflake update disko nixpkgs\n") {
			t.Errorf("calls %q", got)
		}
	}
}

// TestLockRequest plays the step that opens a pull request, twice, against a
// real repository.
func TestLockRequest(t *testing.T) {
	realnix.Program(t, "git")
	realnix.Program(t, "bash")
	dir := t.TempDir()
	run := func(in string, args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", in, "-c", "user.name=x", "-c", "user.email=x@example.org"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	origin, work := filepath.Join(dir, "origin"), filepath.Join(dir, "work")
	run(dir, "init", "-q", "--bare", "-b", "main", origin)
	for _, open := range []string{"", "17"} {
		if err := os.RemoveAll(work); err != nil {
			t.Fatal(err)
		}
		run(dir, "clone", "-q", origin, work)
		if open == "" {
			writeFile(t, filepath.Join(work, "flake.lock"), []byte("old\n"))
			run(work, "checkout", "-q", "-B", "main")
			run(work, "add", ".")
			run(work, "commit", "-q", "-m", "first")
			run(work, "push", "-q", "origin", "main")
		}
		writeFile(t, filepath.Join(work, "flake.lock"), []byte("new"+open+"\n"))
		writeFile(t, filepath.Join(work, "request.md"), []byte("touches b\n"))
		play(t, work, step(t, "request", "Open a pull request"), map[string]string{"gh": "if [ \"$2\" = list ]; then echo '" + open + "'; fi\n"})
		if got := run(origin, "show", "nixgen/flake-lock:flake.lock"); got != "new"+open {
			t.Errorf("pushed %q", got)
		}
		if got := run(origin, "diff", "--name-only", "main", "nixgen/flake-lock"); got != "flake.lock" {
			t.Errorf("the request changes %q", got)
		}
		want := "pr create --head nixgen/flake-lock --title Update flake.lock --body-file request.md"
		if open != "" {
			want = "pr edit 17 --body-file request.md"
		}
		if got := textOf(t, work, "calls"); !strings.HasSuffix(strings.TrimSpace(got), want) {
			t.Errorf("calls %q, want %q", got, want)
		}
	}
}
