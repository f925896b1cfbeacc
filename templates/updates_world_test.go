package templates

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"nixgen/internal/realnix"
)

// world is a machine that updates itself with the shipped programs. What they
// start is played by testdata/updates/standin.sh; git is real, and so is all of
// coreutils but the clock.
type world struct {
	testing.TB
	dir    string
	config map[string]any
	env    []string
	// revisions of the fleet's repository, oldest first.
	revisions []string
}

// newWorld is a machine at generation 7, made of the second revision; the source
// is at the third one.
func newWorld(t testing.TB, platform string) *world {
	t.Helper()
	for _, name := range []string{"bash", "flock", "git"} { // the others are played, or coreutils
		realnix.Program(t, name)
	}
	tool := jaq(t)
	w := &world{TB: t, dir: t.TempDir()}
	for _, d := range []string{"bin", "store", "profiles", "fail", "web", "down", "kernels/old", "kernels/new", "users/1000"} {
		w.must(os.MkdirAll(filepath.Join(w.dir, d), 0o755))
	}
	text, err := os.ReadFile("testdata/updates/standin.sh")
	w.must(err)
	script := filepath.Join(w.dir, "standin")
	realnix.WriteProgram(t, script, string(text))
	for _, name := range []string{"jaq", "git", "date", "sleep", "nix", "switch-to-configuration", "nixos-rebuild", "darwin-rebuild", "nix-env",
		"nix-collect-garbage", "systemctl", "systemd-run", "curl", "msmtp", "id", "runuser", "launchctl", "check-me"} {
		w.must(os.Symlink(script, filepath.Join(w.dir, "bin", name)))
	}
	w.write("ticks", "0").write("clock", "1000000").write("time", "04:41").write("active", "sshd.service\n").write("kernel", "old").write("never", "")
	w.write("users/1000/bus", "").write("console", "")
	w.env = append(os.Environ(), "WORLD="+w.dir, "JAQ="+tool, "LC_ALL=C", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	w.repository()
	w.config = map[string]any{
		"host": "box", "platform": platform, "source": "fleet:main", "operation": "switch", "only_newer": true, "time_limit": 600,
		"rollback": true, "retries": 1, "keep_generations": 0, "collect_garbage": false, "stale_after": 86400, "deploy_key": "",
		"depends_on": []string{}, "follow": false, "confirms": false, "remote": "", "url": "",
		"reboot_policy": "never", "reboot_from": "", "reboot_until": "",
		"units": []string{"sshd.service"}, "urls": []string{}, "commands": []string{}, "deadline": 30,
		"told": []string{"success", "failure", "rollback", "reboot-needed", "stale"},
		"ntfy": "https://ntfy.example/box", "ntfy_token_file": "", "webhook": "", "healthchecks": "", "email": "", "desktop": false,
		"attribute": map[string]string{"nixos": "nixosConfigurations.box.config.system.build.toplevel", "darwin": "darwinConfigurations.box.system"}[platform],
		"profile":   w.path("profiles/system"), "current_system": w.path("current"), "booted_system": w.path("booted"),
		"state_dir": w.path("state"), "run_dir": w.path("run"), "users_dir": w.path("users"), "console": w.path("console"),
	}
	w.system(w.revisions[1])
	w.must(os.Symlink(w.path("store/"+w.revisions[1]), w.path("profiles/system-7-link")))
	w.must(os.Symlink("system-7-link", w.path("profiles/system")))
	w.must(os.Symlink(w.path("store/"+w.revisions[1]), w.path("current")))
	w.must(os.Symlink(w.path("store/"+w.revisions[1]), w.path("booted")))
	w.write("boot", w.path("store/"+w.revisions[1])+"\n")
	w.source(2)
	return w
}

// program writes a program as writeShellApplication does: the variables, as
// lib.toShellVars prints them, and the shipped text, unchanged.
func (w *world) program(name, file string) {
	text := "#!/bin/bash\nexport MAIN=$$\nset -o errexit\nset -o nounset\nset -o pipefail\n\nexport PATH=\"" + filepath.Join(w.dir, "bin") + ":$PATH\"\n\n" +
		shellVars(w.config) + "\n" + string(Read("services/updates/"+file))
	realnix.WriteProgram(w, filepath.Join(w.dir, "bin", name), text)
}

func shellVars(vars map[string]any) string {
	quote := func(v any) string { return "'" + strings.ReplaceAll(fmt.Sprint(v), "'", `'\''`) + "'" }
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		switch v := vars[name].(type) {
		case bool:
			b.WriteString(name + "=" + quote(map[bool]string{true: "1"}[v]) + "\n")
		case []string:
			items := make([]string, len(v))
			for i, x := range v {
				items[i] = quote(x)
			}
			b.WriteString("declare -a " + name + "=(" + strings.Join(items, " ") + ")\n")
		default:
			b.WriteString(name + "=" + quote(v) + "\n")
		}
	}
	return b.String()
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name, text string) *world {
	w.Helper()
	w.must(os.WriteFile(w.path(name), []byte(text), 0o644))
	return w
}

func (w *world) read(name string) string {
	data, err := os.ReadFile(w.path(name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

func (w *world) remove(names ...string) *world {
	for _, name := range names {
		w.must(os.RemoveAll(w.path(name)))
	}
	return w
}

// fail makes a step fail with a text; address takes an address away.
func (w *world) fail(what, text string) *world { return w.write("fail/"+what, text+"\n") }

func (w *world) set(name string, v any) *world {
	w.Helper()
	if _, ok := w.config[name]; !ok {
		w.Fatalf("no variable %s", name)
	}
	w.config[name] = v
	return w
}

// repository makes the fleet's repository, bare, with four commits.
func (w *world) repository() {
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", w.path("fleet.git"), "-c", "user.name=x", "-c", "user.email=x@example.org"}, args...)...)
		cmd.Env = append(w.env, "GIT_AUTHOR_DATE=@1 +0000", "GIT_COMMITTER_DATE=@1 +0000")
		out, err := cmd.CombinedOutput()
		if err != nil {
			w.Fatalf("git %s: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	w.must(os.Mkdir(w.path("fleet.git"), 0o755))
	git("init", "--quiet", "--bare")
	tree := git("hash-object", "-t", "tree", "-w", "/dev/null")
	parent := []string{}
	for i := range 4 {
		rev := git(append([]string{"commit-tree", "-m", strconv.Itoa(i), tree}, parent...)...)
		w.revisions, parent = append(w.revisions, rev), []string{"-p", rev}
		git("update-ref", "refs/heads/main", rev)
	}
}

func (w *world) remote() string { return "file://" + w.path("fleet.git") }

// ok says what a host has confirmed, or confirms a revision for it.
func (w *world) ok(host string, rev ...string) string {
	if len(rev) > 0 {
		w.must(exec.Command("git", "-C", w.path("fleet.git"), "update-ref", "refs/nixgen/ok/"+host, rev[0]).Run())
	}
	out, _ := exec.Command("git", "-C", w.path("fleet.git"), "rev-parse", "--verify", "--quiet", "refs/nixgen/ok/"+host).Output()
	return strings.TrimSpace(string(out))
}

// metadata is what `nix flake metadata --json` says of a revision; the later
// ones are younger, an hour each.
func (w *world) metadata(i int) map[string]any {
	return map[string]any{"url": "fleet:" + w.revisions[i] + "?narHash=sha256-x", "revision": w.revisions[i], "lastModified": 900000 + 3600*i,
		"locked": map[string]any{"rev": w.revisions[i]}}
}

// source moves the fleet to a revision.
func (w *world) source(i int) *world {
	w.writeJSON("web/source.json", w.metadata(i))
	w.writeJSON("web/"+w.revisions[i]+".json", w.metadata(i))
	return w
}

func (w *world) writeJSON(name string, v any) {
	data, err := json.Marshal(v)
	w.must(err)
	w.write(name, string(data))
}

// system makes a system that was there before.
func (w *world) system(rev string) {
	w.must(os.MkdirAll(w.path("store/"+rev+"/bin"), 0o755))
	realnix.WriteProgram(w, w.path("store/"+rev+"/bin/switch-to-configuration"), "#!/bin/sh\nexec \"$WORLD/bin/switch-to-configuration\" \""+w.path("store/"+rev)+"\" \"$@\"\n")
	for _, part := range []string{"kernel", "initrd", "kernel-modules"} {
		w.must(os.Symlink(w.path("kernels/old"), w.path("store/"+rev+"/"+part)))
	}
}

// knows is a machine whose last update was to the second revision.
func (w *world) knows() *world {
	w.must(os.MkdirAll(w.path("state"), 0o755))
	w.writeJSON("state/status.json", map[string]any{"host": "box", "outcome": "success", "since": 990000, "lastSuccess": 990000, "history": []any{},
		"revision": w.revisions[1], "lastModified": 903600, "system": w.path("store/" + w.revisions[1])})
	return w
}

// start prepares a program in a process group of its own.
func (w *world) start(name string, args ...string) *exec.Cmd {
	w.program(name, map[string]string{"nixgen-update": "update.sh", "nixgen-notify": "notify.sh"}[name])
	cmd := exec.Command(w.path("bin/"+name), args...)
	cmd.Env = w.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// do runs a program to its end, and gives its exit status, -1 for a signal.
func (w *world) do(name string, args ...string) int {
	w.Helper()
	cmd := w.start(name, args...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.Fatal(err)
	}
	w.write("log", w.read("log")+"\n$ "+name+" "+strings.Join(args, " ")+"\n"+string(out))
	return cmd.ProcessState.ExitCode()
}

// update does what the units do: the update, what follows a failure, the news.
func (w *world) update() int {
	w.Helper()
	w.do("nixgen-notify", "start")
	code := w.do("nixgen-update", "run")
	if code != 0 && code != 75 {
		w.do("nixgen-update", "resume")
	}
	w.do("nixgen-notify")
	return code
}

// reboot starts the machine with what its boot loader has.
func (w *world) reboot() {
	w.remove("run", "current", "booted")
	for _, link := range []string{"current", "booted"} {
		w.must(os.Symlink(w.read("boot"), w.path(link)))
	}
}

// newKernel makes the new system's kernel another one.
func (w *world) newKernel() *world { return w.write("kernel", "new") }

// status is status.json.
func (w *world) status() map[string]any {
	w.Helper()
	var s map[string]any
	if err := json.Unmarshal([]byte(w.read("state/status.json")), &s); err != nil {
		w.Fatalf("status.json: %v", err)
	}
	return s
}

func (w *world) generation() string {
	link, err := os.Readlink(w.path("profiles/system"))
	w.must(err)
	return strings.TrimSuffix(strings.TrimPrefix(link, "system-"), "-link")
}

// revisionOf numbers the revision that a link or the boot loader points to.
func (w *world) revisionOf(name string) int {
	target := w.read("boot")
	if name != "boot" {
		found, err := filepath.EvalSymlinks(w.path(name))
		if err != nil {
			return -1
		}
		target = found
	}
	return slices.Index(w.revisions, filepath.Base(target))
}

// calls are the lines of calls that begin with a word.
func (w *world) calls(first string) []string {
	var out []string
	for line := range strings.SplitSeq(w.read("calls"), "\n") {
		if line == first || strings.HasPrefix(line, first+" ") {
			out = append(out, line)
		}
	}
	return out
}

// events are the events that ntfy was told of, sorted and each once.
func (w *world) events() string {
	seen := map[string]bool{}
	for _, line := range w.calls("curl") {
		if _, rest, ok := strings.Cut(line, "[Title: box: "); ok {
			event, _, _ := strings.Cut(rest, "]")
			seen[event] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(seen)), " ")
}

// state is where the machine stands, in one line: the generation, and the
// revisions of the profile, of the boot loader and of what runs.
func (w *world) state() string {
	return fmt.Sprintf("generation %s: profile %d, boot %d, runs %d", w.generation(), w.revisionOf("profiles/system"), w.revisionOf("boot"), w.revisionOf("current"))
}
