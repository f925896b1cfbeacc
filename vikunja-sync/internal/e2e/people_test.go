package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
)

var peopleScenarios = []scenario{
	{99, "a Taskwarrior that has not imported its data yet", notImported},
	{100, "links that an older script kept as numbers", numericLinks},
	{101, "a new task for a project that may only be read", newInReadOnly},
}

// notImported is the upgrade from 2.6 to 3.x: until `task import-v2` the new
// one shows an empty folder. Few enough tasks for the guard of many.
func notImported(e *env) {
	var us []string
	var vs []vtask
	for _, title := range []string{"A", "B", "C", "D"} {
		u, v := e.pair(title)
		us, vs = append(us, u), append(vs, v)
	}
	e.task(us[0], "annotate", "note")
	e.settle()
	old := e.all()
	files, err := filepath.Glob(filepath.Join(e.dir, "data", "*.*"))
	e.must(err)
	for _, f := range files {
		e.must(os.Remove(f))
	}
	e.web(vs[0], api.TaskPatch{Priority: ptr(int64(5))})
	e.add("new")
	alive := func() {
		e.Helper()
		for _, v := range vs {
			e.want(!v.gone(), "nothing is deleted without a yes")
		}
	}
	for range 4 {
		e.cycle()
		alive()
	}
	rep := e.settle()
	e.want(rep.Guard != nil && rep.Guard.Count == 4 && len(e.all()) == 1 && e.count("new") == 1, "what is lost waits, what is new goes on")
	e.want(strings.Contains(rep.Problems[0].Reason, "import-v2"), "the report says what may help")
	e.silent(2)
	e.put(old[us[1]]) // not all at once
	for range 3 {
		e.cycle()
		alive()
	}
	for _, r := range old {
		e.put(r)
	}
	e.settle()
	r := e.get(us[0])
	e.want(len(e.all()) == 5 && r.Str("priority") == "H" && len(r.Annotations()) == 1 && len(vs[0].notes()) == 1, "all are back, none twice")
	e.want(e.cycle().Guard == nil, "nothing waits any more")
	e.silent(2)

	files, err = filepath.Glob(filepath.Join(e.dir, "data", "*.*"))
	e.must(err)
	for _, f := range files {
		e.must(os.Remove(f))
	}
	e.web(vs[1], api.TaskPatch{Priority: ptr(int64(1))})
	e.settle()
	alive()
	e.meta(confirm)
	e.settle()
	e.want(!vs[1].gone() && e.twOf(vs[1].ID).Str("priority") == "L", "with a yes what was edited comes back")
	e.want(vs[0].gone() && vs[2].gone() && vs[3].gone(), "and the others go")
	e.silent(2)
}

// numericLinks: the attribute was declared numeric once.
func numericLinks(e *env) {
	p := e.project("p", 0)
	v := e.page(api.TaskInput{Title: "T", ProjectID: p})
	u := e.add("T", "project:p")
	e.edit(u, func(r model.Raw) { r.SetStr(model.UDALink, fmt.Sprint(v.ID)+".000000") })
	e.settle()
	e.want(e.count("T") == 1 && len(e.all()) == 1 && e.get(u).Str(model.UDALink) == fmt.Sprint(v.ID), "linked, not made again")
	e.silent(2)
}

// newInReadOnly: what the share does not take is not sent in every cycle.
func newInReadOnly(e *env) {
	p := e.project("shared", 0)
	e.pair("T", "project:shared")
	e.back.lend(p, false)
	u := e.add("new", "project:shared")
	w := e.add("below", "project:shared.sub")
	e.settle()
	e.want(e.count("new")+e.count("below") == 0, "nothing may be written there")
	asked := e.attempts()
	for range 2 {
		rep := e.cycle()
		e.want(len(rep.Problems) == 2 && strings.Contains(rep.Problems[0].Reason, "forbidden"), "both are named")
	}
	e.want(e.attempts() == asked, "and not sent again")
	e.task(u, "modify", "priority:H") // another request, which is refused too
	e.settle()
	e.want(e.attempts() == asked+1, "once")
	e.back.lend(p, true)
	e.settle()
	e.want(e.vkOf(u).now().Priority == 3 && e.vkOf(w).now().Title == "below", "with the right to write they are made")
	e.silent(2)
	e.back.lend(p, false)
	u = e.add("gone", "project:shared")
	e.settle()
	e.task(u, "delete")
	e.settle()
	e.want(len(e.cycle().Problems) == 0, "what is deleted waits for nothing")
}

// attempts counts the requests of the sync that would have changed something.
func (e *env) attempts() (n int) {
	e.http.mu.Lock()
	defer e.http.mu.Unlock()
	for _, line := range e.http.log {
		if !strings.HasPrefix(line, "GET ") {
			n++
		}
	}
	return n
}
