package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
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
