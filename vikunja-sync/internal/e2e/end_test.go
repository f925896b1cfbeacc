package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
	"vikunja-sync/internal/taskwarrior"
)

var endScenarios = []scenario{
	{24, "purge, undo of an add, broken exports", missing},
	{28, "repeating task completed, answer lost", repeatLost},
	{29, "end of a series", repeatEnd},
	{30, "recurring template", recurring},
	{43, "state lost", stateLost},
	{44, "two machines", twoMachines},
}

func confirm(m *store.Meta) {
	if m.Guard != nil {
		m.Confirmed = m.Guard.Side
	}
}

func missing(e *env) {
	keep, _ := e.pair("keep")
	u, v := e.pair("undone")
	e.task("undo") // the import that wrote the link
	e.settle()
	raw := e.get(u)
	raw.SetStr("status", "deleted")
	e.put(raw)
	e.task(u, "purge")
	rep := e.cycle()
	e.want(rep.WritesVK == 0 && !v.gone(), "not after one scan")
	e.settle()
	e.want(v.gone() && !e.vkOf(keep).gone(), "gone after the second")

	data := e.vars[0]
	empty := filepath.Join(e.dir, "empty")
	e.must(os.Mkdir(empty, 0o700))
	wrong := &taskwarrior.Client{Bin: e.bin, Env: append([]string{"TASKDATA=" + empty}, e.vars...)}
	right := e.tw
	e.tw = wrong
	for range 3 {
		if _, err := e.try(); err == nil || !strings.Contains(err.Error(), "data folder") {
			e.Fatalf("another data folder must stop the cycle, got %v", err)
		}
	}
	e.tw, e.vars[0] = right, data
	e.poisoned()
}

// poisoned puts a date into the data that no export survives.
func (e *env) poisoned() {
	for i := range 10 {
		e.add(fmt.Sprint("task ", i))
	}
	e.settle()
	n := len(e.tasks())
	file := filepath.Join(e.dir, "data", "pending.data")
	b, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return // 3.x keeps a database
	}
	e.must(err)
	lines := strings.SplitAfter(string(b), "\n")
	lines[5] = strings.Replace(lines[5], "[", `[due:"157766400" `, 1)
	_, rest, _ := strings.Cut(lines[5], `uuid:"`)
	bad := rest[:36]
	e.must(os.WriteFile(file, []byte(strings.Join(lines, "")), 0o600))
	for range 3 {
		_, err := e.try()
		var broken *taskwarrior.ExportError
		if !errors.As(err, &broken) || broken.Task != bad {
			e.Fatalf("the broken task %s must be named, got %v", bad, err)
		}
	}
	if len(e.tasks()) != n {
		e.Fatal("a broken export deleted something")
	}
}

func (e *env) repeating() (string, string, int64) {
	v := e.page(api.TaskInput{Title: "water the plants", Due: e.back.now().Add(time.Hour)})
	v.set(fields{"repeat_after": 86400})
	e.settle()
	r := e.twOf(v.ID)
	return r.UUID(), model.Stamp(v.now().Due), v.ID
}

func repeatLost(e *env) {
	u, due, id := e.repeating()
	e.edit(u, func(r model.Raw) { r.SetStr("own", "kept") })
	e.task(u, "done")
	lost := 0
	e.http.fail = func(r *http.Request, point string) int {
		if r.Method == http.MethodPatch && point == "after" && lost == 0 {
			lost++
			return -1
		}
		return 0
	}
	e.settle()
	want := model.Stamp(model.ParseStamp(due).Add(24 * time.Hour))
	v := vtask{e, id}.now()
	e.want(lost == 1 && model.Stamp(v.Due) == want && !v.Done, "rolled on exactly once")
	e.want(e.get(u).Str("status") == "completed", "the occurrence stays completed")
	next := 0
	for _, r := range e.all() {
		if r.Str("status") == "pending" && r.Str(model.UDALink) == fmt.Sprint(id) {
			next++
			e.want(r.Str("due") == want && r.Str("own") == "kept", "the next occurrence")
		}
	}
	e.want(next == 1, "one next occurrence")
	e.silent(2)
}

func repeatEnd(e *env) {
	e.cfg.Repeat = "end"
	u, _, id := e.repeating()
	e.task(u, "done")
	e.settle()
	v := vtask{e, id}.now()
	e.want(v.Done && !v.Repeats() && len(e.all()) == 1, "ended")
}

func recurring(e *env) {
	e.task("add", "due:"+time.Now().Add(-25*time.Hour).UTC().Format("20060102T150405Z"), "recur:daily", "--", "daily")
	e.task("list")
	e.settle()
	var template string
	var instances []string
	for u, r := range e.all() {
		if r.Str("status") == model.Recurring {
			template = u
		} else {
			instances = append(instances, u)
		}
	}
	e.want(template != "" && len(instances) >= 2 && len(e.tasks()) == len(instances), "instances only")
	e.task(instances[0], "done")
	e.settle()
	done := 0
	for _, t := range e.tasks() {
		if t.Done {
			done++
		}
	}
	e.want(done == 1 && e.get(template).Str("status") == model.Recurring, "its task only")
}

func stateLost(e *env) {
	u, v := e.pair("T", "+tag", "project:p")
	e.task(u, "annotate", "--", "note")
	e.page(api.TaskInput{Title: "web"})
	gone := e.add("deleted meanwhile")
	e.settle()
	dead := e.vkOf(gone).ID
	e.task(gone, "delete")
	e.st.Close()
	e.st = nil
	e.must(os.Remove(filepath.Join(e.dir, "state.db")))
	e.reopen()
	n := len(e.tasks())
	rep := e.cycle()
	e.want(len(e.tasks()) == n && len(e.all()) == 3, "no duplicates, no deletions in the first cycle")
	e.want(rep.WritesVK == 0, "nothing to write")
	e.settle()
	e.want(len(v.notes()) == 1 && len(v.labels()) == 1 && e.vkOf(u) == v && vtask{e, dead}.gone(), "in step again")
	e.want(len(e.conflicts()) == 0, "no conflicts")
}

func twoMachines(e *env) {
	u, v := e.pair("T")
	second := &env{TB: e.TB, bin: e.bin, dir: e.TempDir(), back: e.back, http: e.http, ts: e.ts, cfg: e.cfg, opt: e.opt, vars: e.vars, tw: e.tw}
	second.reopen()
	defer second.st.Close()
	web := e.page(api.TaskInput{Title: "web"})
	e.settle()
	for i := range 3 {
		second.settle()
		e.settle()
		e.task(u, "modify", fmt.Sprintf("due:2027-01-0%dT00:00:00Z", i+1))
	}
	e.settle()
	second.settle()
	before := e.http.writes.Load()
	for range 3 {
		e.silent(1)
		second.silent(1)
	}
	e.want(len(e.tasks()) == 2 && len(e.all()) == 2 && e.http.writes.Load() == before, "no duplicates, no ping-pong")
	e.want(e.vkOf(u).ID == v.ID && e.twOf(web.ID) != nil, "the same links")

	// Both make the same task of Vikunja's: its uuid follows from its id.
	third := newUser(e.TB, e.bin, e.back, e.http, e.ts)
	third.cfg = e.cfg
	fresh := e.page(api.TaskInput{Title: "for both"})
	e.settle()
	_, err := third.tw.Marker(context.Background(), "third")
	e.must(err)
	third.settle()
	e.want(e.twOf(fresh.ID).UUID() == third.twOf(fresh.ID).UUID(), "one uuid on both machines")
}
