// Package e2e plays the scenarios a correct sync must pass: the real engine,
// store, HTTP client and Taskwarrior against a model of the server or, with
// VIKUNJA_URL and VIKUNJA_TEST_TOKEN set, against a real one.
//
// A scenario has three hands: `task` on the command line, the web page, which
// is a user of the HTTP API, and the proxy between the sync and the server,
// which loses answers, answers with failures and keeps count. What a scenario
// cannot ask of the API it asks of the backend.
//
// On a real server everything happens in one scratch project with a random
// name, which the sync sees as the whole account; nothing else is shown to it,
// and it is deleted with its labels at the end.
package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/engine"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/remote"
	"vikunja-sync/internal/store"
	"vikunja-sync/internal/taskwarrior"
)

// taskBinary finds Taskwarrior; VIKUNJA_SYNC_TASK names another one.
func taskBinary(t testing.TB) string {
	bin := os.Getenv("VIKUNJA_SYNC_TASK")
	if bin == "" {
		bin = "task"
	}
	path, err := exec.LookPath(bin)
	if err != nil {
		if os.Getenv("NIXGEN_REQUIRE_TASKWARRIOR") == "1" {
			t.Fatalf("taskwarrior is required: %v", err)
		}
		t.Skipf("skipped: no Taskwarrior on this machine (%v)", err)
	}
	return path
}

// env is one user: a Taskwarrior data folder, an account, a state.
type env struct {
	testing.TB
	bin  string
	dir  string
	back backend
	http *proxy // between the sync and the server
	ts   *httptest.Server
	tw   *taskwarrior.Client
	vk   api.Server
	st   *store.Store
	cfg  engine.Config
	opt  remote.Options
	vars []string
}

func newEnv(t testing.TB) *env {
	bin, back := taskBinary(t), newBackend(t)
	p := &proxy{back: back}
	ts := httptest.NewServer(p)
	t.Cleanup(ts.Close)
	return newUser(t, bin, back, p, ts)
}

// newUser is another Taskwarrior at the same account.
func newUser(t testing.TB, bin string, back backend, p *proxy, ts *httptest.Server) *env {
	e := &env{TB: t, bin: bin, dir: t.TempDir(), back: back, http: p, ts: ts}
	e.cfg = engine.Config{Server: e.ts.URL, Winner: "vikunja"}
	e.opt = remote.Options{Timeout: 5 * time.Second, Backoff: time.Millisecond}
	rc := filepath.Join(e.dir, "taskrc")
	text := "data.location=" + filepath.Join(e.dir, "data") + "\nconfirmation=off\nhooks=off\nverbose=nothing\n" +
		"uda.vikunja_id.type=string\nuda.vikunja_notes.type=string\nuda.vikunja_end.type=date\n"
	e.must(os.WriteFile(rc, []byte(text), 0o600))
	e.must(os.Mkdir(filepath.Join(e.dir, "data"), 0o700))
	e.vars = []string{"TASKRC=" + rc, "HOME=" + e.dir, "TZ=America/New_York"}
	e.tw = &taskwarrior.Client{Bin: e.bin, Env: e.vars}
	e.reopen()
	t.Cleanup(func() { e.st.Close() })
	return e
}

func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

// reopen is a new process with the state of the old.
func (e *env) reopen() {
	e.Helper()
	if e.st != nil {
		e.st.Close()
	}
	st, err := store.Open(filepath.Join(e.dir, "state.db"), store.Options{Wait: time.Second, NoSync: true})
	e.must(err)
	e.st = st
	e.connect()
}

func (e *env) connect() {
	vk, err := remote.New(e.ts.URL, e.back.token(), e.opt)
	e.must(err)
	e.vk = vk
}

func (e *env) try() (*engine.Report, error) {
	e.back.later(10 * time.Second)
	return engine.New(e.cfg, e.tw, e.vk, e.st).Cycle(context.Background(), engine.Options{})
}

func (e *env) cycle() *engine.Report {
	e.Helper()
	rep, err := e.try()
	if err != nil {
		e.Fatalf("cycle: %v", err)
	}
	return rep
}

// settle runs cycles until both sides rest.
func (e *env) settle() *engine.Report {
	e.Helper()
	var rep *engine.Report
	var err error
	for range 10 {
		rep, err = e.try()
		if err == nil && rep.Rests() {
			if rs := e.back.unknown(); len(rs) > 0 {
				e.Fatalf("unknown routes: %v", rs)
			}
			return rep
		}
		if real() && rep.WritesTW+rep.WritesVK == 0 {
			time.Sleep(time.Second) // it waits for a second of the server's to be over, and nobody moves that clock
		}
	}
	e.Fatalf("no rest after 10 cycles: %+v %v\n%s", *rep, err, e.dump())
	return nil
}

// silent demands n cycles without a write on either side.
func (e *env) silent(n int) {
	e.Helper()
	before := e.http.writes.Load()
	for range n {
		if rep := e.cycle(); rep.WritesTW+rep.WritesVK != 0 {
			e.Fatalf("an idle cycle wrote: %+v\n%s", rep.Actions, e.dump())
		}
	}
	if n := e.http.writes.Load() - before; n != 0 {
		e.Fatalf("the server was written %d times", n)
	}
}

// task runs the user's command line.
func (e *env) task(args ...string) string {
	e.Helper()
	out, err := e.run(args...)
	if err != nil {
		e.Fatalf("task %v: %v: %s", args, err, out)
	}
	return out
}

func (e *env) run(args ...string) (string, error) {
	cmd := exec.Command(e.bin, args...)
	cmd.Env = append(os.Environ(), e.vars...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// add makes a task by the command line and returns its uuid.
func (e *env) add(title string, args ...string) string {
	e.Helper()
	before := e.all()
	e.task(append(append([]string{"add"}, args...), "--", title)...)
	for u := range e.all() {
		if _, old := before[u]; !old {
			return u
		}
	}
	e.Fatalf("`task add %s` added nothing", title)
	return ""
}

// all is the export, keyed by uuid.
func (e *env) all() map[string]model.Raw {
	e.Helper()
	out := map[string]model.Raw{}
	e.must(e.tw.Export(context.Background(), func(r model.Raw) error { out[r.UUID()] = r; return nil }))
	return out
}

func (e *env) get(uuid string) model.Raw {
	e.Helper()
	r := e.all()[uuid]
	if r == nil {
		e.Fatalf("taskwarrior has no %s", uuid)
	}
	return r
}

// put imports one task as a user would.
func (e *env) put(r model.Raw) { e.Helper(); e.must(e.tw.Import(context.Background(), []model.Raw{r})) }

func (e *env) edit(uuid string, fn func(model.Raw)) {
	e.Helper()
	r := e.get(uuid)
	fn(r)
	e.put(r)
}

// pair is a task made in Taskwarrior and in step.
func (e *env) pair(title string, args ...string) (string, vtask) {
	e.Helper()
	u := e.add(title, args...)
	e.settle()
	return u, e.vkOf(u)
}

func (e *env) vkOf(uuid string) vtask {
	e.Helper()
	var id int64
	fmt.Sscan(e.get(uuid).Str(model.UDALink), &id)
	v := vtask{e, id}
	if id == 0 || v.gone() {
		e.Fatalf("%s has no task in Vikunja\n%s", uuid, e.dump())
	}
	return v
}

// twOf finds the only task linked to a Vikunja id.
func (e *env) twOf(id int64) model.Raw {
	e.Helper()
	var found []model.Raw
	for _, r := range e.all() {
		if r.Str(model.UDALink) == fmt.Sprint(id) {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		e.Fatalf("%d tasks are linked to %d\n%s", len(found), id, e.dump())
	}
	return found[0]
}

func (e *env) conflicts() []store.Conflict {
	var out []store.Conflict
	e.st.View(func(t *store.Tx) (err error) { out, err = t.Conflicts(); return err })
	return out
}

func (e *env) meta(fn func(*store.Meta)) {
	e.must(e.st.Update(func(t *store.Tx) error {
		m, err := t.Meta()
		fn(&m)
		if err != nil {
			return err
		}
		return t.PutMeta(m)
	}))
}

func (e *env) want(ok bool, what string) {
	e.Helper()
	if !ok {
		e.Fatalf("%s\n%s", what, e.dump())
	}
}

func (e *env) dump() string {
	var lines []string
	for _, r := range e.all() {
		b, _ := json.Marshal(r)
		lines = append(lines, "tw "+string(b))
	}
	for id, t := range e.tasks() {
		lines = append(lines, fmt.Sprintf("vk %+v comments %v", t, vtask{e, id}.notes()))
	}
	for _, k := range e.conflicts() {
		lines = append(lines, fmt.Sprintf("conflict %+v", k))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (e *env) count(title string) (n int) {
	for _, t := range e.tasks() {
		if t.Title == title {
			n++
		}
	}
	return n
}

func ptr[T any](v T) *T { return &v }
