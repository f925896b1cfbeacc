package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/hook"
	"vikunja-sync/internal/model"
)

var troubleScenarios = []scenario{
	{31, "create answer lost", createLost},
	{32, "kill -9", killed},
	{33, "500, 429, timeouts", refused},
	{34, "scope missing", noScope},
	{35, "concurrent hooks", concurrent},
	{36, "slow network in the hook path", slowNetwork},
	{37, "lost update", lostUpdate},
	{38, "clock skew", skew},
}

// creates reports a request that makes a task.
func creates(r *http.Request) bool {
	return (r.Method == http.MethodPost || r.Method == http.MethodPut) && strings.HasSuffix(r.URL.Path, "/tasks")
}

func createLost(e *env) {
	lost := 0
	e.http.fail = func(r *http.Request, point string) int {
		if creates(r) && point == "after" && lost < 2 {
			lost++
			return -1
		}
		return 0
	}
	a, b := e.add("twin"), e.add("twin")
	e.settle()
	e.want(lost == 2 && len(e.tasks()) == 2 && e.vkOf(a) != e.vkOf(b), "exactly one each")
}

var built string // the folder of the binary, once it is there

var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "vikunja-sync-e2e")
	if err != nil {
		return "", err
	}
	built = dir
	bin := filepath.Join(dir, "vikunja-sync")
	out, err := exec.Command("go", "build", "-o", bin, "vikunja-sync").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return bin, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// command prepares the real binary with this user's environment.
func (e *env) command(args ...string) *exec.Cmd {
	e.Helper()
	bin, err := binary()
	e.must(err)
	secret := filepath.Join(e.dir, "token")
	e.must(os.WriteFile(secret, []byte(e.back.token()+"\n"), 0o600))
	cmd := exec.Command(bin, args...)
	cmd.Env = append(os.Environ(), append(e.vars, "VIKUNJA_URL="+e.ts.URL, "VIKUNJA_API_TOKEN_FILE="+secret,
		"XDG_STATE_HOME="+filepath.Join(e.dir, "xdg"), "XDG_CONFIG_HOME="+filepath.Join(e.dir, "config"),
		"PATH="+filepath.Dir(e.bin)+":"+os.Getenv("PATH"))...)
	return cmd
}

func killed(e *env) {
	e.st.Close()
	for i, at := range []func(*http.Request, string) bool{
		func(r *http.Request, p string) bool { return creates(r) && p == "after" },
		func(r *http.Request, p string) bool {
			return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/comments") && p == "before"
		},
		func(r *http.Request, p string) bool {
			return strings.HasSuffix(r.URL.Path, "/labels") && creates2(r) && p == "after"
		},
	} {
		title := fmt.Sprint("kill ", i)
		e.add(title, "+tag"+fmt.Sprint(i))
		cmd := e.command("sync")
		hit := 0
		e.http.fail = func(r *http.Request, point string) int {
			if hit == 0 && at(r, point) {
				hit++
				cmd.Process.Kill()
				return -1
			}
			return 0
		}
		cmd.Run()
		e.http.fail = nil
		if hit == 0 {
			e.Fatalf("case %d: the moment never came", i)
		}
		for range 2 {
			if out, err := e.command("sync").CombinedOutput(); err != nil {
				e.Fatalf("after the kill: %v: %s", err, out)
			}
		}
		e.want(e.count(title) == 1, "one task")
	}
	e.want(len(e.all()) == 3 && len(e.tasks()) == 3 && len(e.labels()) == 3, "one each")
	for _, r := range e.all() {
		e.want(r.Str(model.UDALink) != "", "linked")
	}
	e.reopen()
}

func creates2(r *http.Request) bool { return r.Method == http.MethodPost }

func refused(e *env) {
	var us []string
	for i := range 10 {
		us = append(us, e.add(fmt.Sprint("task ", i), "+x"))
	}
	var n atomic.Int64
	e.http.fail = func(r *http.Request, point string) int {
		if r.Method != http.MethodGet && point == "before" && n.Add(1)%2 == 0 {
			return 500
		}
		return 0
	}
	for range 10 {
		e.try()
	}
	e.settle()
	e.want(len(e.tasks()) == 10 && len(e.labels()) == 1, "each once")

	e.back.later(-10 * time.Second) // which the next cycle adds
	e.http.reset = e.back.now().Add(3 * time.Second)
	if !real() {
		e.http.reset = e.http.reset.Add(10 * time.Second)
	}
	hits := 0
	e.http.fail = func(r *http.Request, point string) int {
		if r.Method != http.MethodGet && point == "before" && e.back.now().Before(e.http.reset.Add(-time.Second)) {
			hits++
			return 429
		}
		return 0
	}
	e.task(us[0], "modify", "priority:H")
	e.settle()
	e.want(e.vkOf(us[0]).now().Priority == 3 && hits >= 1 && hits <= 3, fmt.Sprint("the limiter is respected: ", hits))

	e.opt.Timeout = time.Second
	e.connect()
	slow := e.vkOf(us[1]).ID
	e.http.fail = func(r *http.Request, point string) int {
		if r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, fmt.Sprint("/", slow)) && point == "before" {
			time.Sleep(1300 * time.Millisecond)
		}
		return 0
	}
	for _, u := range us[1:4] {
		e.task(u, "modify", "priority:L")
	}
	e.cycle()
	e.want(e.vkOf(us[2]).now().Priority == 1 && e.vkOf(us[3]).now().Priority == 1, "others proceed")
	e.http.fail = nil
	e.settle()
	e.want(e.vkOf(us[1]).now().Priority == 1, "the slow one arrives")
}

func noScope(e *env) {
	u, v := e.pair("T")
	e.http.refuse = map[string]bool{"PATCH /tasks/#": true}
	e.task(u, "modify", "priority:H")
	n := len(e.http.log)
	_, err := e.try()
	if err == nil || !strings.Contains(err.Error(), "tasks: update") || !strings.Contains(err.Error(), "PATCH") {
		e.Fatalf("the route must be named, got %v", err)
	}
	e.want(v.now().Priority == 0 && len(e.http.log)-n < 12, "no data change, no storm")
	for _, line := range e.http.log {
		e.want(!strings.Contains(line, "login"), "no login")
	}
	e.http.refuse = nil
	e.settle()
	e.want(v.now().Priority == 3, "delivered")
}

// hooked installs the real hooks into this user's Taskwarrior.
func (e *env) hooked() {
	e.Helper()
	bin, err := binary()
	e.must(err)
	_, err = hook.Install(filepath.Join(e.dir, "data", "hooks"), bin)
	e.must(err)
	e.vars = append(e.vars, "VIKUNJA_SYNC_BIN="+bin)
	e.task("rc.hooks=off", "config", "hooks", "on")
}

func concurrent(e *env) {
	e.hooked()
	var us []string
	for i := range 20 {
		us = append(us, e.add(fmt.Sprint("task ", i)))
	}
	e.settle()
	var mine []*api.TaskPatch
	for i, u := range us {
		mine = append(mine, &api.TaskPatch{Title: ptr(fmt.Sprint("web ", i))})
		e.web(e.vkOf(u), *mine[i])
	}
	var wg sync.WaitGroup
	errs := make([]string, len(us))
	for i, u := range us {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if out, err := e.run(u, "modify", "priority:H"); err != nil {
				errs[i] = out
			}
		}()
	}
	e.try()
	wg.Wait()
	e.want(strings.Join(errs, "") == "", fmt.Sprint("every command succeeds: ", errs))
	for _, r := range e.all() {
		e.want(r.Str("priority") == "H", "every change of the user is stored")
	}
	e.settle()
	for i, u := range us {
		e.want(e.get(u).Str("description") == fmt.Sprint("web ", i) && e.vkOf(u).now().Priority == 3, "and every import")
	}
}

func slowNetwork(e *env) {
	e.hooked()
	e.ts.Close()
	u := e.add("offline")
	e.task(u, "modify", "priority:H")
	e.task(u, "done")
	h, err := hook.Take(filepath.Join(e.dir, "data"))
	e.must(err)
	e.want(len(h.UUIDs) == 1 && h.UUIDs[0] == u && !h.All && len(h.Early) == 0, fmt.Sprintf("spooled: %+v", h))
	if _, err := e.try(); api.KindOf(err) != api.KindUnavailable {
		e.Fatalf("got %v", err)
	}
	// Without the binary the shim passes the task through all the same.
	_, err = hook.Install(filepath.Join(e.dir, "data", "hooks"), "/nowhere")
	e.must(err)
	e.vars = append(e.vars, "VIKUNJA_SYNC_BIN=", "USER=nobody")
	w := e.add("no binary")
	e.task(w, "modify", "priority:L")
	e.want(e.get(w).Str("priority") == "L", "fail open")
}

func lostUpdate(e *env) {
	u, v := e.pair("T")
	e.task(u, "modify", "priority:H")
	hit := 0
	e.http.fail = func(r *http.Request, point string) int {
		if r.Method == http.MethodPatch && point == "after" && hit == 0 {
			hit++
			e.web(v, api.TaskPatch{Title: ptr("web edit"), Priority: ptr(int64(0))}) // overwrites ours with what it read before
		}
		return 0
	}
	e.settle()
	e.want(hit == 1 && v.now().Priority == 3 && v.now().Title == "web edit" && e.get(u).Str("description") == "web edit", "both values stand")
}

func skew(e *env) {
	e.cfg.Winner = "later"
	for _, off := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		e.back.skew(off)
		u, v := e.pair(fmt.Sprint("T ", off))
		e.back.ago(time.Minute, func() { e.web(v, api.TaskPatch{Title: ptr("earlier")}) })
		e.task(u, "modify", "--", "later")
		e.settle()
		e.want(v.now().Title == "later" && e.get(u).Str("description") == "later", fmt.Sprint("winner at ", off))
		e.silent(2)
	}
	e.back.skew(-time.Hour) // a jump back
	u, v := e.pair("after the jump")
	e.web(v, api.TaskPatch{Title: ptr("seen")})
	e.settle()
	e.want(e.get(u).Str("description") == "seen", "no change is missed")
}
