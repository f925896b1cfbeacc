package command

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/config"
	"vikunja-sync/internal/engine"
	"vikunja-sync/internal/fake"
	"vikunja-sync/internal/hook"
	"vikunja-sync/internal/webhint"
)

var update = flag.Bool("update", false, "rewrite golden files")

const token = "tk_0123456789"

// call runs a command line in a world of its own.
func call(t *testing.T, env map[string]string, args ...string) (out, errs string, code int) {
	t.Helper()
	return callIn(t, context.Background(), env, args...)
}

func callIn(t *testing.T, ctx context.Context, env map[string]string, args ...string) (out, errs string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = Run(ctx, World{In: strings.NewReader(env["stdin"]), Out: &o, Err: &e, Self: "/bin/true", Env: func(k string) string { return env[k] }}, args)
	if strings.Contains(o.String()+e.String(), token) {
		t.Error("the token is in the output")
	}
	return o.String(), e.String(), code
}

// user is an account with a Taskwarrior that runs the real binary.
func user(t *testing.T) (map[string]string, *fake.HTTP) {
	t.Helper()
	bin, err := exec.LookPath("task")
	if err != nil {
		if os.Getenv("NIXGEN_REQUIRE_TASKWARRIOR") == "1" {
			t.Fatal(err)
		}
		t.Skip("skipped: no Taskwarrior on this machine")
	}
	dir := t.TempDir()
	h := &fake.HTTP{Server: fake.NewServer(time.Now), Token: token}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	data := filepath.Join(dir, "data")
	write(t, filepath.Join(dir, "rc"), "data.location="+data+"\n")
	write(t, filepath.Join(dir, "token"), token+"\n")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"HOME": dir, "XDG_CONFIG_HOME": filepath.Join(dir, "config"), "XDG_STATE_HOME": filepath.Join(dir, "state"),
		"VIKUNJA_URL": s.URL, "VIKUNJA_API_TOKEN_FILE": filepath.Join(dir, "token"), "TASKRC": filepath.Join(dir, "rc"), "bin": bin, "data": data}, h
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func task(t *testing.T, env map[string]string, args ...string) string {
	t.Helper()
	cmd := exec.Command(env["bin"], append([]string{"rc.confirmation=off", "rc.verbose=nothing"}, args...)...)
	cmd.Env = append(os.Environ(), "TASKRC="+env["TASKRC"], "HOME="+env["HOME"], "VIKUNJA_SYNC_BIN="+env["VIKUNJA_SYNC_BIN"])
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("task %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestExitCodes(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "config.toml")
	write(t, bad, "intervall = \"5m\"\n")
	for _, tc := range []struct {
		args []string
		env  map[string]string
		code int
		text string
	}{
		{[]string{"settings"}, nil, exitOK, "VIKUNJA_URL"},
		{[]string{"nonsense"}, nil, exitUsage, "unknown command"},
		{[]string{"sync", "extra"}, nil, exitUsage, "unexpected argument `extra`"},
		{[]string{"sync", "--nope"}, nil, exitUsage, "unknown flag"},
		{[]string{"sync"}, nil, exitUsage, "no server"},
		{[]string{"sync", "--config", bad}, nil, exitUsage, "unknown setting `intervall`"},
		{[]string{"sync"}, map[string]string{"VIKUNJA_URL": "http://example.org"}, exitUsage, "in the clear"},
		{[]string{"sync"}, map[string]string{"VIKUNJA_URL": "https://u:p@example.org"}, exitUsage, "does not belong"},
		{[]string{"sync"}, map[string]string{"VIKUNJA_URL": "https://example.org"}, exitUsage, "no token"},
		{[]string{"resolve"}, nil, exitUsage, "nothing to resolve"},
		{[]string{"resolve", "x"}, nil, exitUsage, "no number"},
		{[]string{"hook", "on-nothing"}, nil, exitUsage, "hook wants"},
	} {
		env := map[string]string{"HOME": t.TempDir()}
		for k, v := range tc.env {
			env[k] = v
		}
		out, errs, code := call(t, env, tc.args...)
		if code != tc.code || !strings.Contains(out+errs, tc.text) {
			t.Errorf("%v: exit %d, %s%s", tc.args, code, out, errs)
		}
	}
}

// TestLife walks through what a new user does.
func TestLife(t *testing.T) {
	env, h := user(t)
	out, errs, code := call(t, env, "doctor")
	if code != exitAttention || !strings.Contains(out, "is missing") || !strings.Contains(out, "remedy: run `vikunja-sync setup`") {
		t.Fatalf("doctor before setup: %d %s%s", code, out, errs)
	}
	h.Refuse = map[string]bool{"PATCH /tasks/#": true}
	if _, errs, code = call(t, env, "setup"); code != exitFailed || !strings.Contains(errs, "lacks 1 scopes") {
		t.Fatalf("setup without a scope: %d %s", code, errs)
	}
	h.Refuse = nil
	if out, errs, code = call(t, env, "setup"); code != exitOK || !strings.Contains(out, "installed") {
		t.Fatalf("setup: %d %s%s", code, out, errs)
	}
	if out, _, _ = call(t, env, "setup"); strings.Contains(out, "installed") || strings.Contains(out, "set uda") {
		t.Errorf("a second setup did something: %s", out)
	}
	if out, errs, code = call(t, env, "doctor"); code != exitOK {
		t.Fatalf("doctor after setup: %d %s%s", code, out, errs)
	}
	rc, err := os.ReadFile(env["TASKRC"])
	if err != nil {
		t.Fatal(err)
	}
	for _, off := range []string{"off", "false", "0", ""} {
		write(t, env["TASKRC"], string(rc)+"hooks="+off+"\n")
		if out, _, code = call(t, env, "doctor"); code != exitAttention || !strings.Contains(out, "switched off") {
			t.Errorf("doctor with hooks=%s: %d %s", off, code, out)
		}
	}
	write(t, env["TASKRC"], string(rc))
	h.Refuse = map[string]bool{"POST /labels": true}
	if out, _, code = call(t, env, "doctor"); code != exitAttention || !strings.Contains(out, "labels: create") || len(h.LabelM) != 0 {
		t.Errorf("doctor without the scope for labels: %d %s", code, out)
	}
	h.Refuse = nil
	env["VIKUNJA_SYNC_BIN"] = ""
	task(t, env, "rc.hooks=off", "add", "--", "first task")
	id, _ := h.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: "second \x1b[2J task"})
	out, _, code = call(t, env, "sync", "--dry-run")
	if code != exitOK || !strings.Contains(out, "create") || strings.ContainsRune(out, 0x1b) || len(h.TaskM) != 1 {
		t.Fatalf("dry run: %d %s", code, out)
	}
	if files, _ := filepath.Glob(filepath.Join(env["XDG_STATE_HOME"], "vikunja-sync", "state.db*")); len(files) > 0 {
		t.Errorf("a dry run leaves %v", files)
	}
	db := filepath.Join(env["XDG_STATE_HOME"], "vikunja-sync", "state.db")
	write(t, db, strings.Repeat("x", 8192))
	if out, _, code = call(t, env, "doctor"); code != exitAttention || !strings.Contains(out, "damaged") || !strings.Contains(out, "remedy: mv "+db) {
		t.Errorf("doctor over a damaged state: %d %s", code, out)
	}
	if _, errs, code = call(t, env, "sync"); code != exitFailed || !strings.Contains(errs, "move it away") {
		t.Errorf("sync over a damaged state: %d %s", code, errs)
	}
	os.Remove(db)
	if out, errs, code = call(t, env, "sync"); code != exitOK || len(h.TaskM) != 2 {
		t.Fatalf("sync: %d %s%s", code, out, errs)
	}
	if out, _, _ = call(t, env, "sync"); !strings.Contains(out, "0 written to Taskwarrior, 0 to Vikunja, 0 conflicts") {
		t.Errorf("second sync: %s", out)
	}
	h.Refuse = map[string]bool{"GET /user": true}
	if out, errs, code = call(t, env, "sync"); code != exitFailed || !strings.Contains(errs, "other: user") || strings.Contains(out, "pairs") {
		t.Errorf("a sync that read nothing tells of it: %d %s%s", code, out, errs)
	}
	h.Refuse = nil
	conflict(t, env, h, id)
	if out, _, code = call(t, env, "export-state"); code != exitOK || !json.Valid([]byte(out)) || !strings.Contains(out, "mine") {
		t.Errorf("export-state: %d %.200s", code, out)
	}
	for _, f := range []string{"state.db"} {
		if st, err := os.Stat(filepath.Join(env["XDG_STATE_HOME"], "vikunja-sync", f)); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, st.Mode(), err)
		}
	}
}

// conflict makes one, lists it and takes the lost value back.
func conflict(t *testing.T, env map[string]string, h *fake.HTTP, id int64) {
	t.Helper()
	u := task(t, env, "rc.hooks=off", "uuids", "first")
	if u == "" {
		t.Fatal("no uuid")
	}
	task(t, env, "rc.hooks=off", u, "modify", "--", "mine")
	for _, x := range h.TaskM {
		if x.ID != id {
			h.Change(x, api.TaskPatch{Title: ptr("theirs")})
		}
	}
	write(t, filepath.Join(env["XDG_CONFIG_HOME"], "vikunja-sync", "config.toml"), "winner = \"vikunja\"\n")
	if _, errs, code := call(t, env, "sync"); code != exitOK {
		t.Fatalf("sync: %s", errs)
	}
	out, _, _ := call(t, env, "conflicts")
	if !strings.Contains(out, "mine") || !strings.Contains(out, "theirs") {
		t.Fatalf("conflicts: %s", out)
	}
	if _, errs, code := call(t, env, "resolve", "1"); code != exitOK {
		t.Fatalf("resolve: %s", errs)
	}
	call(t, env, "sync")
	for _, x := range h.TaskM {
		if x.ID != id && x.Title != "mine" {
			t.Errorf("the lost value did not come back: %q", x.Title)
		}
	}
	if out, _, _ := call(t, env, "conflicts"); out != "" {
		t.Errorf("resolved, but listed: %s", out)
	}
}

func ptr[T any](v T) *T { return &v }

// TestAdoption: what earlier scripts linked by an annotation is not made twice.
func TestAdoption(t *testing.T) {
	env, h := user(t)
	id, _ := h.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: "old friend"})
	task(t, env, "rc.hooks=off", "add", "--", "old friend")
	task(t, env, "rc.hooks=off", "1", "annotate", "--", fmt.Sprintf("vikunja_id:%d", id))
	if out, errs, code := call(t, env, "sync"); code != exitOK || len(h.TaskM) != 1 || len(h.TaskM[id].Notes) != 0 {
		t.Fatalf("%d tasks, exit %d %s%s", len(h.TaskM), code, out, errs)
	}
	if out := task(t, env, "rc.hooks=off", "rc.json.array=on", "export"); !strings.Contains(out, fmt.Sprintf(`"vikunja_id":"%d"`, id)) {
		t.Errorf("not linked: %s", out)
	}
}

// TestDaemon: a hook and a webhook each bring a change over, and the pages
// tell so.
func TestDaemon(t *testing.T) {
	env, h := user(t)
	listen := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
	hookAt, pagesAt := listen(), listen()
	secret := filepath.Join(env["HOME"], "secret")
	write(t, secret, "key\n")
	write(t, filepath.Join(env["XDG_CONFIG_HOME"], "vikunja-sync", "config.toml"), fmt.Sprintf(
		"interval = \"1h\"\nlog_level = \"debug\"\nwebhook = true\nwebhook_listen = %q\nwebhook_url = \"http://%s%s\"\nwebhook_secret_file = %q\nstatus_listen = %q\n",
		hookAt, hookAt, webhint.Path, secret, pagesAt))
	ready, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(env["HOME"], "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer ready.Close()
	env["NOTIFY_SOCKET"] = filepath.Join(env["HOME"], "notify")
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan int)
	go func() { _, errs, code := callIn(t, ctx, env, "run"); t.Log(errs); done <- code }()
	defer func() {
		stop()
		if code := <-done; code != exitOK {
			t.Errorf("run ended with %d", code)
		}
	}()
	buf := make([]byte, 64)
	ready.SetReadDeadline(time.Now().Add(20 * time.Second))
	if n, err := ready.Read(buf); err != nil || string(buf[:n]) != "READY=1" {
		t.Fatalf("systemd heard %q, %v", buf[:n], err)
	}
	get := func(path string) string {
		resp, err := http.Get("http://" + pagesAt + path)
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return string(b)
	}
	eventually(t, "healthy", func() bool { return get("/healthz") == "ok\n" })

	task(t, env, "rc.hooks=off", "add", "--", "by hook")
	hook.Run("on-exit", []string{"data:" + env["data"], "command:add"}, strings.NewReader(""), io.Discard)
	eventually(t, "hook", func() bool { h.Mu.Lock(); defer h.Mu.Unlock(); return len(h.TaskM) == 1 })

	h.CreateTask(ctx, api.TaskInput{ProjectID: 1, Title: "by webhook"})
	body := `{"event_name":"task.created","data":{}}`
	req, _ := http.NewRequest("POST", "http://"+hookAt+webhint.Path, strings.NewReader(body))
	req.Header.Set("X-Vikunja-Signature", webhint.Sign("key", []byte(body)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != 204 {
		t.Fatalf("%v %v", resp, err)
	}
	eventually(t, "webhook", func() bool { return strings.Contains(task(t, env, "rc.hooks=off", "export"), "by webhook") })
	eventually(t, "metrics", func() bool { return strings.Contains(get("/metrics"), "vikunja_sync_pairs 2\n") })
	p, _ := h.CreateProject(ctx, "new", 0)
	hook.Run("on-exit", []string{"data:" + env["data"], "command:undo"}, strings.NewReader(""), io.Discard)
	eventually(t, "a new project's webhook", func() bool { h.Mu.Lock(); defer h.Mu.Unlock(); return len(h.Hooks[p.ID]) == 1 })
	task(t, env, "rc.hooks=off", "add", "project:typed", "--", "in a project of its own")
	own := `{"uuid":"` + task(t, env, "rc.hooks=off", "project:typed", "_uuids") + `"}`
	hook.Run("on-exit", []string{"data:" + env["data"], "command:add"}, strings.NewReader(own+"\n"), io.Discard)
	eventually(t, "a webhook for the project that a hook made", func() bool {
		h.Mu.Lock()
		defer h.Mu.Unlock()
		for id, p := range h.ProjectM {
			if p.Title == "typed" {
				return len(h.Hooks[id]) == 1
			}
		}
		return false
	})
	task(t, env, "rc.hooks=off", "project:typed", "delete")
	hook.Run("on-exit", []string{"data:" + env["data"], "command:delete"}, strings.NewReader(own+"\n"), io.Discard)
	eventually(t, "its task's end", func() bool { h.Mu.Lock(); defer h.Mu.Unlock(); return len(h.TaskM) == 2 })
	named(t, env, h, hookAt, get)
	private(t, env["XDG_STATE_HOME"], env["XDG_CONFIG_HOME"], hook.Dir(env["data"]))
	replaced(t, env, h)
	if _, errs, code := call(t, env, "run"); code != exitFailed || !strings.Contains(errs, "another `vikunja-sync run`") {
		t.Errorf("a second daemon: %d %s", code, errs)
	}
	// The status file follows the metrics.
	eventually(t, "status", func() bool {
		out, _, code := call(t, env, "status")
		return code == exitOK && strings.Contains(out, "2 pairs") && !strings.Contains(out, "not running")
	})
	other := filepath.Join(t.TempDir(), "state")
	write(t, filepath.Join(other, "vikunja-sync", "status.json"), `{"ok":true,"pairs":2}`)
	if out, _, code := call(t, map[string]string{"HOME": env["HOME"], "XDG_STATE_HOME": other, "VIKUNJA_URL": env["VIKUNJA_URL"]}, "status"); code != exitAttention || !strings.Contains(out, "is not running") {
		t.Errorf("a daemon that ended: %d %s", code, out)
	}
	if out, errs, code := call(t, env, "doctor"); !strings.Contains(out, "ok  webhook") {
		t.Errorf("doctor: %d %s%s", code, out, errs)
	}
}

// named: what a hook or a webhook names arrives in a cycle that reads no list,
// and the status keeps what the last whole cycle counted.
func named(t *testing.T, env map[string]string, h *fake.HTTP, at string, get func(string) string) {
	t.Helper()
	hinted := func() (n int) {
		_, rest, _ := strings.Cut(get("/metrics"), "\nvikunja_sync_hinted_cycles_total ")
		fmt.Sscan(rest, &n)
		return n
	}
	uuid, id, before := task(t, env, "rc.hooks=off", "description:by hook", "_uuids"), int64(0), hinted()
	for n := 0; n < 5 && hinted() == before; n++ { // a hint of before that names nothing may still be on its way
		title, cycles := fmt.Sprint("typed ", n), get("/metrics")
		task(t, env, "rc.hooks=off", uuid, "modify", "--", title)
		hook.Run("on-exit", []string{"data:" + env["data"], "command:modify"}, strings.NewReader(`{"uuid":"`+uuid+`"}`+"\n"), io.Discard)
		eventually(t, "a hook's task", func() bool {
			h.Mu.Lock()
			defer h.Mu.Unlock()
			for _, v := range h.TaskM {
				if v.Title == title {
					id = v.ID
					return true
				}
			}
			return false
		})
		eventually(t, "its cycle", func() bool { return get("/metrics") != cycles })
	}
	if hinted() == before {
		t.Error("no hinted cycle")
	}
	before = hinted()
	title := "clicked again"
	if err := h.UpdateTask(t.Context(), id, api.TaskPatch{Title: &title}); err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"event_name":"task.updated","data":{"task":{"id":%d,"title":"a lie"}}}`, id)
	req, _ := http.NewRequest("POST", "http://"+at+webhint.Path, strings.NewReader(body))
	req.Header.Set("X-Vikunja-Signature", webhint.Sign("key", []byte(body)))
	if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != 204 {
		t.Fatalf("%v %v", resp, err)
	}
	eventually(t, "a webhook's task", func() bool {
		return task(t, env, "rc.hooks=off", "_get", uuid+".description") == "clicked again" && hinted() > before
	})
	if n := task(t, env, "rc.hooks=off", "status:pending", "count"); n != "2" {
		t.Errorf("%s tasks", n)
	}
}

// replaced: hooks are heard of in a folder that was put in the place of the one
// that was watched.
func replaced(t *testing.T, env map[string]string, h *fake.HTTP) {
	t.Helper()
	dir := hook.Dir(env["data"])
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(dir+".old")); err != nil {
		t.Fatal(err)
	}
	uuid := task(t, env, "rc.hooks=off", "status:pending", "limit:1", "_uuids")
	n := 0
	eventually(t, "a hook in another folder", func() bool {
		n++
		title := fmt.Sprint("moved ", n)
		task(t, env, "rc.hooks=off", uuid, "modify", "--", title)
		hook.Run("on-exit", []string{"data:" + env["data"], "command:modify"}, strings.NewReader(`{"uuid":"`+uuid+`"}`+"\n"), io.Discard)
		time.Sleep(time.Second)
		h.Mu.Lock()
		defer h.Mu.Unlock()
		for _, v := range h.TaskM {
			if v.Title == title {
				return true
			}
		}
		return false
	})
}

// TestGather: what the spools name is enough only while nothing else may have
// changed.
func TestGather(t *testing.T) {
	u := func(n int) string { return fmt.Sprintf("1 on-exit 00000000-0000-4000-8000-%012d\n", n) }
	many := ""
	for n := range engine.MaxHints + 1 {
		many += u(n)
	}
	now := time.Now()
	for _, tc := range []struct {
		name, spool, mail string
		whole             time.Time
		failed            int
		why               string
		tasks             int
	}{
		{"a name", u(1), "", now, 0, "", 1},
		{"names from both", u(1) + u(2) + u(1), "1 task.updated 7\n", now, 0, "", 3},
		{"served already", "", "", now, 0, "", 0},
		{"the interval", u(1), "", now.Add(-5 * time.Minute), 0, "the interval is over", 1},
		{"not yet", u(1), "", now.Add(-4 * time.Minute), 0, "", 1},
		{"the start", u(1), "", time.Time{}, 0, "the first one", 1},
		{"after a failure", u(1), "", now, 1, "the last one did not come to its end", 1},
		{"no name", u(1) + "1 on-exit \n", "", now, 0, "a hint names no task", 1},
		{"a project", u(1), "1 project.updated\n", now, 0, "a hint names no task", 1},
		{"many", many, "", now, 0, "many tasks are named", engine.MaxHints + 1},
	} {
		dir := t.TempDir()
		env := map[string]string{"HOME": dir}
		a := &app{World: World{Env: func(k string) string { return env[k] }, Err: io.Discard}}
		c, err := a.load()
		if err != nil {
			t.Fatal(err)
		}
		d := &daemon{app: a, cfg: c, log: slog.New(slog.DiscardHandler), data: filepath.Join(dir, "data"), whole: tc.whole, failed: tc.failed,
			hook: webhint.New("key", filepath.Join(dir, "mail"))}
		for file, text := range map[string]string{hook.SpoolFile(d.data): tc.spool, filepath.Join(dir, "mail"): tc.mail} {
			if text != "" {
				write(t, file, text)
			}
		}
		h, why := d.gather(now)
		if why != tc.why || len(h.UUIDs)+len(h.IDs) != tc.tasks {
			t.Errorf("%s: %q, want %q: %+v", tc.name, why, tc.why, h)
		}
		if h, why := d.gather(now); tc.why == "" && (why != "" || len(h.UUIDs)+len(h.IDs) > 0) {
			t.Errorf("%s: taken twice: %+v %q", tc.name, h, why)
		}
	}
}

// TestEarly: what a hook named before it was stored is looked at again, a few
// times, unless the command's end is heard of; a deletion that waits, when its
// time has come.
func TestEarly(t *testing.T) {
	a, b := "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
	d := &daemon{whole: time.Now(), cfg: &config.Config{Interval: time.Hour}}
	hear := func(lines string, want ...string) {
		t.Helper()
		d.data = t.TempDir()
		if lines != "" {
			write(t, hook.SpoolFile(d.data), lines)
		}
		h, why := d.gather(time.Now())
		if slices.Sort(h.UUIDs); why != "" || !slices.Equal(h.UUIDs, want) {
			t.Errorf("%q: %v %q, want %v", lines, h.UUIDs, why, want)
		}
	}
	hear("1 on-add "+a+"\n1 on-add "+b+"\n", a, b)
	hear("1 on-exit "+b+"\n", a, b)
	for range looks - 1 {
		if w := d.rest(); w > recheck {
			t.Errorf("the next look is in %v", w)
		}
		hear("", a)
	}
	hear("")
	if w := d.rest(); w < time.Minute {
		t.Errorf("the next cycle is in %v", w)
	}
	d.postpone(&engine.Report{Later: []string{b}, LaterAt: time.Now().Add(time.Hour / 2)})
	hear("1 on-exit "+a+"\n", a)
	if w := d.rest(); w > time.Hour/2 {
		t.Errorf("the deletion is looked at in %v", w)
	}
	d.postpone(&engine.Report{Later: []string{b}, LaterAt: time.Now()})
	if w := d.rest(); w > 0 {
		t.Errorf("the deletion is looked at in %v", w)
	}
	hear("1 on-exit "+b+"\n", b)
	hear("")
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: never", what)
}

// TestWebhooks: one per top-level project, and only once.
func TestWebhooks(t *testing.T) {
	env, h := user(t)
	h.ProjectM[20] = &api.Project{ID: 20, Title: "top", OwnerID: 1}
	h.ProjectM[21] = &api.Project{ID: 21, Title: "below", Parent: 20, OwnerID: 1}
	h.Hooks[20] = []api.Webhook{{ID: 5, TargetURL: "https://somebody.else"}}
	for range 2 {
		if out, errs, code := call(t, env, "setup", "--webhook-url", "https://me.example/vikunja"); code != exitOK {
			t.Fatalf("%s%s", out, errs)
		}
		if len(h.Hooks[1]) != 1 || len(h.Hooks[20]) != 2 || len(h.Hooks[21]) != 0 {
			t.Fatalf("hooks %v", h.Hooks)
		}
	}
	for _, s := range h.Secrets {
		if len(s) < 20 {
			t.Errorf("secret %q", s)
		}
	}
	rehooked(t, env, h)
}

// rehooked: hooks are made anew when the key is another one, and the daemon
// makes one that was deleted again, in time.
func rehooked(t *testing.T, env map[string]string, h *fake.HTTP) {
	t.Helper()
	a := &app{World: World{Env: func(k string) string { return env[k] }, Out: io.Discard, Err: io.Discard}}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	vk, err := a.server(c)
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{app: a, cfg: c, vk: vk, log: slog.New(slog.DiscardHandler), hook: webhint.New("", filepath.Join(t.TempDir(), "spool"))}
	d.hookNew(t.Context())
	before := h.Hooks[1][0].ID
	write(t, c.WebhookSecret, "another-key-of-some-length\n")
	d.hookNew(t.Context())
	if len(h.Hooks[1]) != 1 || h.Hooks[1][0].ID == before || len(h.Hooks[20]) != 2 || h.Secrets[h.Hooks[1][0].ID] != "another-key-of-some-length" {
		t.Errorf("after the key changed: %v %v", h.Hooks, h.Secrets)
	}
	h.Hooks[1] = nil
	if d.hookNew(t.Context()); len(h.Hooks[1]) != 0 {
		t.Errorf("looked at already: %v", h.Hooks)
	}
	d.rehook = time.Time{}
	if d.hookNew(t.Context()); len(h.Hooks[1]) != 1 {
		t.Errorf("deleted, and not made again: %v", h.Hooks)
	}
}

// TestGuardPath: deletions that were stopped, listed and confirmed.
// TestHintsKept: a sync that fails leaves word that something is to do.
func TestHintsKept(t *testing.T) {
	env, h := user(t)
	task(t, env, "rc.hooks=off", "add", "--", "T")
	for _, refuse := range []bool{true, false} {
		h.Refuse = map[string]bool{"GET /tasks": refuse}
		write(t, hook.SpoolFile(env["data"]), "1 on-exit 00000000-0000-4000-8000-00000000000a\n")
		if _, errs, code := call(t, env, "sync"); (code == exitFailed) != refuse {
			t.Fatalf("sync: %d %s", code, errs)
		}
		if left, err := hook.Take(env["data"]); err != nil || left.All != refuse || len(left.UUIDs) > 0 {
			t.Errorf("failed %v, left %+v, %v", refuse, left, err)
		}
	}
}

// TestMovedServer: the same server at another address.
func TestMovedServer(t *testing.T) {
	env, h := user(t)
	task(t, env, "rc.hooks=off", "add", "--", "T")
	if _, errs, code := call(t, env, "sync"); code != exitOK {
		t.Fatalf("sync: %d %s", code, errs)
	}
	other := httptest.NewServer(h)
	defer other.Close()
	env["VIKUNJA_URL"] = other.URL + "/api/v1"
	if _, errs, code := call(t, env, "sync"); code != exitFailed || !strings.Contains(errs, "resolve --accept-server") {
		t.Errorf("another address: %d %s", code, errs)
	}
	if _, errs, code := call(t, env, "resolve", "--accept-server"); code != exitOK {
		t.Errorf("resolve: %d %s", code, errs)
	}
	for range 2 {
		if out, errs, code := call(t, env, "sync"); code != exitOK || !strings.Contains(out, "1 pairs: 0 written") || len(h.TaskM) != 1 {
			t.Errorf("sync: %d %s%s", code, out, errs)
		}
	}
}

// TestBusyPort: somebody else's status page keeps nobody from syncing.
func TestBusyPort(t *testing.T) {
	env, h := user(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	write(t, filepath.Join(env["XDG_CONFIG_HOME"], "vikunja-sync", "config.toml"), fmt.Sprintf("status_listen = %q\n", l.Addr()))
	task(t, env, "rc.hooks=off", "add", "--", "T")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan int)
	go func() { _, _, code := callIn(t, ctx, env, "run"); done <- code }()
	eventually(t, "a cycle", func() bool { h.Mu.Lock(); defer h.Mu.Unlock(); return len(h.TaskM) == 1 })
	stop()
	if code := <-done; code != exitOK {
		t.Errorf("run ended with %d", code)
	}
}

func TestGuardPath(t *testing.T) {
	env, h := user(t)
	for i := range 30 {
		h.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: fmt.Sprint("t", i)})
	}
	call(t, env, "sync")
	clear(h.TaskM)
	out, _, code := call(t, env, "sync")
	if code != exitAttention || !strings.Contains(out, "30 of 30 tasks would be deleted in taskwarrior") {
		t.Fatalf("%d %s", code, out)
	}
	if out, errs, code := call(t, env, "resolve", "--confirm-deletions"); code != exitOK || !strings.Contains(out, "30") {
		t.Fatalf("%s%s", out, errs)
	}
	if out, _, code = call(t, env, "sync"); code != exitOK {
		t.Fatalf("%d %s", code, out)
	}
	if n := task(t, env, "rc.hooks=off", "status:deleted", "count"); n != "30" {
		t.Errorf("%s deleted", n)
	}
}

// TestQuiet: a warning that is told in every cycle is written when it is new,
// when it comes again after it was over, and once a day.
func TestQuiet(t *testing.T) {
	var out bytes.Buffer
	now := time.Now()
	q := newQuiet(slog.NewTextHandler(&out, nil))
	q.now = func() time.Time { return now }
	log := slog.New(q)
	for i, step := range []struct {
		tell  string
		later time.Duration
		whole bool
		want  bool
	}{
		{"a", 0, true, true},
		{"a", time.Hour, true, false},
		{"b", 0, true, true},
		{"a", time.Hour, false, true}, // a whole cycle had not told it
		{"a", 0, true, false},
		{"a", daily, true, true},
		{"a", 0, true, false},
	} {
		now = now.Add(step.later)
		out.Reset()
		if log.Warn(step.tell, "id", 7); (out.Len() > 0) != step.want {
			t.Errorf("step %d: wrote %q", i, &out)
		}
		if step.whole {
			q.over()
		}
	}
}

// TestRecord: the status of a cycle that failed, or that read only what was
// named, keeps what the last whole one saw; failures are written once.
func TestRecord(t *testing.T) {
	env := map[string]string{"HOME": t.TempDir()}
	a := &app{World: World{Env: func(k string) string { return env[k] }, Err: io.Discard}}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	d := &daemon{app: a, cfg: c, log: slog.New(slog.NewTextHandler(&out, nil))}
	waits := []engine.Problem{{Reason: "waits"}}
	down := fmt.Errorf("down")
	for _, tc := range []struct {
		name     string
		rep      *engine.Report
		err      error
		whole    bool
		pairs    int
		problems int
		log      string
	}{
		{"whole", &engine.Report{TW: 9, VK: 8, Pairs: 7, Problems: waits}, nil, true, 7, 1, ""},
		{"hinted", &engine.Report{TW: 1, VK: 1, Pairs: 6}, nil, false, 6, 1, ""},
		{"failed", &engine.Report{}, down, true, 6, 1, "cycle failed"},
		{"still", nil, down, true, 6, 1, ""},
		{"for another reason", &engine.Report{}, fmt.Errorf("other"), false, 6, 1, "other"},
		{"mended", &engine.Report{TW: 9, VK: 8, Pairs: 6}, nil, true, 6, 0, "succeed again"},
	} {
		out.Reset()
		d.record(time.Now(), tc.rep, tc.err, tc.whole)
		d.report(t.Context(), tc.rep, tc.err, time.Minute)
		if s := d.last; s.OK != (tc.err == nil) || s.TW != 9 || s.VK != 8 || s.Pairs != tc.pairs || len(s.Problems) != tc.problems {
			t.Errorf("%s: %+v", tc.name, s)
		}
		if got := out.String(); (got != "") != (tc.log != "") || !strings.Contains(got, tc.log) {
			t.Errorf("%s: wrote %q", tc.name, got)
		}
	}
}

// TestPause: failures back off within bounds, the limiter is respected.
func TestPause(t *testing.T) {
	env := map[string]string{"HOME": t.TempDir()}
	a := &app{World: World{Env: func(k string) string { return env[k] }, Err: io.Discard}}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{app: a, cfg: c}
	last := time.Duration(0)
	for range 12 {
		w := d.pause(nil, fmt.Errorf("down"))
		if w < 5*time.Second || w > c.Interval*5/4 {
			t.Errorf("wait %s", w)
		}
		last = max(last, w)
	}
	if last < c.Interval/2 {
		t.Errorf("it never backs off: %s", last)
	}
	at := time.Now().Add(20 * time.Minute)
	if w := d.pause(&engine.Report{Again: true, RetryAt: at}, nil); w < 19*time.Minute {
		t.Errorf("the limiter opens later than %s", w)
	}
	if w := d.pause(&engine.Report{}, nil); w != c.Interval {
		t.Errorf("idle: %s", w)
	}
}

// private demands that nobody else can read what lies in the folders.
func private(t *testing.T, dirs ...string) {
	t.Helper()
	files := 0
	for _, dir := range dirs {
		filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil {
				t.Error(err)
				return nil
			}
			if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
				if files++; info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s has the mode %v", path, info.Mode())
				}
			}
			return nil
		})
	}
	if files < 4 {
		t.Errorf("only %d files", files)
	}
}

// TestHinted: a hint waits a moment for more, a row of hints does not wait for
// its end, and no hint goes before the server's limiter opens.
func TestHinted(t *testing.T) {
	first := time.Now()
	for _, tc := range []struct {
		after, limit, want time.Duration
	}{
		{0, 0, settle},
		{400 * time.Millisecond, 0, settle},
		{900 * time.Millisecond, 0, 100 * time.Millisecond},
		{3 * time.Second, 0, 0},
		{0, 20 * time.Second, 20 * time.Second},
	} {
		d := &daemon{}
		if tc.limit > 0 {
			d.notBefore = first.Add(tc.limit)
		}
		if got := d.delay(settle, first, first.Add(tc.after)); got != tc.want {
			t.Errorf("%v after the first hint: %v, want %v", tc.after, got, tc.want)
		}
	}
}

// TestFollow: the spool is watched where Taskwarrior's data are now, also when
// another folder took the place of the one before.
func TestFollow(t *testing.T) {
	home := t.TempDir()
	a, b := filepath.Join(home, "a"), filepath.Join(home, "b")
	d := &daemon{data: a}
	if err := d.watchSpool(); err != nil {
		t.Fatal(err)
	}
	defer d.close()
	heard := func(data string) bool {
		write(t, hook.SpoolFile(data), "x")
		for {
			select {
			case e := <-d.watch.Events:
				if e.Name == hook.SpoolFile(data) {
					return true
				}
			case <-time.After(time.Second):
				return false
			}
		}
	}
	if moved, err := d.follow(a); moved || err != nil || !heard(a) {
		t.Errorf("as it was: %v", err)
	}
	if err := os.Rename(a, filepath.Join(home, "before")); err != nil {
		t.Fatal(err)
	}
	if moved, err := d.follow(a); moved || err == nil {
		t.Error("a folder that is gone was followed")
	}
	write(t, hook.SpoolFile(a), "")
	if moved, err := d.follow(a); !moved || err != nil || !heard(a) {
		t.Errorf("another folder of the name: %v", err)
	}
	write(t, hook.SpoolFile(b), "")
	if moved, err := d.follow(b); !moved || err != nil || !heard(b) {
		t.Errorf("another name: %v", err)
	}
}

// TestAnswers: what setup asks for is written once it is known to work, so that
// a slip is asked for again, and in a form that the daemon can read elsewhere.
func TestAnswers(t *testing.T) {
	env, _ := user(t)
	url, file := env["VIKUNJA_URL"], filepath.Join(env["XDG_CONFIG_HOME"], "vikunja-sync", "config.toml")
	delete(env, "VIKUNJA_URL")
	delete(env, "VIKUNJA_API_TOKEN_FILE")
	answer := func(text string, args ...string) int {
		var out bytes.Buffer
		w := World{In: strings.NewReader(text), Out: &out, Err: &out, Env: func(k string) string { return env[k] }, Self: env["bin"]}
		code := Run(t.Context(), w, append([]string{"setup"}, args...))
		t.Log(out.String())
		return code
	}
	if code := answer(url + "\n~/no such file\n"); code == exitOK {
		t.Error("a token that is nowhere will do")
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("answers that lead nowhere were kept")
	}
	if code := answer("", "--url", "http://vikunja.example", "--token-file", filepath.Join(env["HOME"], "token")); code != exitUsage {
		t.Errorf("the token would travel in the clear: exit %d", code)
	}
	t.Chdir(env["HOME"])
	for _, args := range [][]string{nil, {"--url", url, "--token-file", "token"}} {
		os.Remove(file)
		if code := answer(url+"\n~/token\n", args...); code != exitOK {
			t.Errorf("%v: exit %d", args, code)
		}
		c, err := config.Load(file, func(string) string { return "" })
		if err != nil || c.URL != url || c.TokenFile != filepath.Join(env["HOME"], "token") {
			t.Errorf("%v: %+v, %v", args, c, err)
		}
	}
}

// TestStuck: a cycle that does not end is for systemd to see.
func TestStuck(t *testing.T) {
	d, now := &daemon{}, time.Now()
	for _, tc := range []struct {
		began time.Time
		want  bool
	}{{time.Time{}, false}, {now.Add(-time.Hour), false}, {now.Add(-longest - time.Second), true}} {
		if d.running(tc.began); d.stuck(now) != tc.want {
			t.Errorf("since %v: %v", tc.began, !tc.want)
		}
	}
}
