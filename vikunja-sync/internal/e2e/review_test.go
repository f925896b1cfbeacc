package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
)

var reviewScenarios = []scenario{
	{86, "the right to write comes later", rightsLater},
	{87, "Taskwarrior's folder restored from a backup", folderRestored},
	{88, "only Taskwarrior's data files restored", filesRestored},
	{89, "Taskwarrior's data files gone", filesGone},
	{90, "projects and labels that swap their names", swapped},
	{91, "a tree of projects renamed, moved and deleted while tasks move", treeMoved},
	{92, "two labels become one", labelsMerged},
	{93, "annotations of one text", sameNotes},
	{94, "done and undone on both sides in turn", storm},
	{95, "two machines of their own edit in one second", sameInstant},
}

func rightsLater(e *env) {
	p, q := e.project("shared", 0), e.project("other", 0)
	u, v := e.pair("T", "project:shared")
	w, x := e.pair("W")
	e.back.lend(p, false)
	e.task(u, "modify", "priority:H", "+tag")
	e.task(w, "modify", "project:shared")
	e.settle()
	e.want(v.now().Priority == 0 && x.now().ProjectID == e.back.inbox(), "nothing may be written there")
	e.silent(2)
	e.back.lend(p, true)
	e.settle()
	e.want(v.now().Priority == 3 && len(v.labels()) == 1 && x.now().ProjectID == p, "what waited is written")
	e.setProject(q, fields{"title": "another"}) // and nothing else woke it
	e.silent(2)
}

// keepData copies Taskwarrior's folder, or its data files alone, and gives what
// puts the copy back.
func (e *env) keepData(whole bool) (restore func()) {
	e.Helper()
	data, kept := filepath.Join(e.dir, "data"), filepath.Join(e.dir, "kept")
	e.must(os.CopyFS(kept, os.DirFS(data)))
	if !whole {
		e.must(os.RemoveAll(filepath.Join(kept, "vikunja-sync")))
	}
	return func() {
		e.Helper()
		files, err := os.ReadDir(data)
		e.must(err)
		for _, f := range files {
			if whole || f.Name() != "vikunja-sync" {
				e.must(os.RemoveAll(filepath.Join(data, f.Name())))
			}
		}
		e.must(os.CopyFS(data, os.DirFS(kept)))
		e.must(os.RemoveAll(kept))
	}
}

func (e *env) lost(field, value string) bool {
	for _, k := range e.conflicts() {
		if k.Field == field && k.Lost == value {
			return true
		}
	}
	return false
}

func folderRestored(e *env) {
	e.cfg.Winner = "later"
	u, v := e.pair("T", "+was", "priority:L", "project:a")
	d, _ := e.pair("D")
	s, sv := e.pair("S")
	del, dv := e.pair("deleted since")
	e.task(u, "annotate", "--", "first text")
	e.settle()
	r, due, id := e.repeating()
	restore := e.keepData(true)
	n := e.add("since", "+new")
	e.edit(u, func(raw model.Raw) {
		as := raw.Annotations()
		as[0].Description = "second text"
		raw.SetAnnotations(append(as, model.Annotation{Entry: "20260101T000000Z", Description: "new note"}))
	})
	e.task(u, "modify", "priority:H", "+new", "-was", "project:b", "--", "T of today")
	e.task(d, "done")
	e.task(r, "done")
	e.task(del, "delete")
	e.settle()
	nv := e.vkOf(n)
	restore()
	time.Sleep(1100 * time.Millisecond) // an edit's stamp has whole seconds
	e.task(s, "modify", "due:2027-05-05T00:00:00Z")
	e.settle()
	raw := e.get(u)
	e.want(raw.Str("description") == "T of today" && raw.Str("priority") == "H" && raw.Str("project") == "b" &&
		slices.Equal(raw.List("tags"), []string{"new"}), "what is newer comes back")
	e.want(len(raw.Annotations()) == 2 && len(v.notes()) == 2 && strings.Contains(fmt.Sprint(v.notes()), "second text"), "annotations too")
	e.want(v.now().Title == "T of today" && v.now().Priority == 3, "and stands in Vikunja")
	e.want(e.get(d).Str("status") == model.Completed && e.get(r).Str("status") == model.Completed, "done again")
	e.want(e.get(n).Str("status") == model.Pending && !nv.gone() && slices.Equal(e.get(n).List("tags"), []string{"new"}), "what came since is made anew")
	e.want(model.Stamp(sv.now().Due) == "20270505T000000Z", "an edit since then is one")
	e.want(dv.gone() && e.get(del).Str("status") == model.Pending && !e.vkOf(del).gone(), "what was deleted since lives, on both sides")
	e.want(model.Stamp(vtask{e, id}.now().Due) != due && e.count("water the plants") == 1, "no second series")
	e.want(e.lost("title", "T") && e.lost("project", "a") && e.lost("tags", "was") && e.lost("comment", "first text"), "the log holds what it had")
	e.silent(2)
}

func filesRestored(e *env) {
	us, vs := []string{}, []vtask{}
	for i := range 4 {
		u, v := e.pair(fmt.Sprint("T", i))
		us, vs = append(us, u), append(vs, v)
	}
	restore := e.keepData(false)
	time.Sleep(3100 * time.Millisecond) // it is told by stamps of seconds
	for i, u := range us {
		e.task(u, "modify", "+new", "--", fmt.Sprint("new ", i))
	}
	e.settle()
	restore()
	e.settle()
	for i, v := range vs {
		e.want(v.now().Title == fmt.Sprint("T", i) && e.lost("title", fmt.Sprint("new ", i)), "an old value is an edit, and what it replaces is in the log")
	}
	e.want(e.lost("tags", "new"), "tags too")
	n := len(e.conflicts())
	e.task(us[0], "modify", "priority:H")
	e.settle()
	e.task("undo")
	e.settle()
	e.want(len(e.conflicts()) == n && vs[0].now().Priority == 0, "one undo is none of that")
	e.silent(2)
}

func filesGone(e *env) {
	var vs []vtask
	for i := range 3 {
		_, v := e.pair(fmt.Sprint("T", i))
		vs = append(vs, v)
	}
	restore := e.keepData(false)
	files, err := filepath.Glob(filepath.Join(e.dir, "data", "*.*"))
	e.must(err)
	for _, f := range files {
		e.must(os.Remove(f))
	}
	for range 4 {
		e.cycle()
	}
	rep := e.cycle()
	e.want(rep.Guard != nil && rep.Guard.Count == 3 && !vs[0].gone() && len(e.tasks()) == 3, "nothing is deleted without a yes")
	restore()
	e.settle()
	e.want(len(e.tasks()) == 3 && e.cycle().Guard == nil, "all is as it was")
	e.silent(2)
}

func swapped(e *env) {
	u, v := e.pair("U", "project:one", "+aa")
	w, x := e.pair("W", "project:two", "+bb")
	p, q := v.now().ProjectID, x.now().ProjectID
	l, m := v.labels()[0], x.labels()[0]
	e.setProject(p, fields{"title": "aside"})
	e.setProject(q, fields{"title": "one"})
	e.setProject(p, fields{"title": "two"})
	e.setLabel(l, fields{"title": "aside"})
	e.setLabel(m, fields{"title": "aa"})
	e.setLabel(l, fields{"title": "bb"})
	e.task(u, "modify", "+more")
	e.settle()
	e.want(e.get(u).Str("project") == "two" && slices.Equal(e.get(u).List("tags"), []string{"bb", "more"}), "the first has the names of the second")
	e.want(e.get(w).Str("project") == "one" && slices.Equal(e.get(w).List("tags"), []string{"aa"}), "and the other way round")
	e.want(v.now().ProjectID == p && x.now().ProjectID == q && len(e.labels()) == 3, "nothing moved in Vikunja")
	e.silent(2)
}

func treeMoved(e *env) {
	a, _ := e.pair("A", "project:a")
	b, _ := e.pair("B", "project:a.b")
	c, _ := e.pair("C", "project:a.b.c")
	k, _ := e.pair("K", "project:a.b.c")
	d, dv := e.pair("D", "project:d")
	ids := map[string]int64{}
	for id, p := range e.projects() {
		ids[p.Title] = id
	}
	e.setProject(ids["b"], fields{"title": "bee"})
	e.setProject(ids["c"], fields{"parent_project_id": ids["d"]})
	e.task(c, "modify", "project:a.b")
	e.task(d, "modify", "project:a.b.c")
	e.task(k, "modify", "+kept")
	e.settle()
	for u, path := range map[string]string{a: "a", b: "a.bee", c: "a.bee", k: "d.c", d: "d.c"} {
		e.want(e.get(u).Str("project") == path, "project of "+e.get(u).Str("description"))
	}
	e.want(len(e.projects()) == 5 && dv.now().ProjectID == ids["c"], "the names of before lead to the same projects")
	e.task(b, "modify", "project:d")
	e.deleteProject(ids["a"])
	e.settle()
	e.want(e.get(a).Str("status") == model.Deleted && e.get(c).Str("status") == model.Deleted, "gone with the project")
	e.want(e.get(b).Str("status") == model.Pending && e.vkOf(b).now().ProjectID == ids["d"], "what was moved out here is made anew")
	e.silent(2)
}

func labelsMerged(e *env) {
	u, v := e.pair("U", "+home")
	w, x := e.pair("W", "+house")
	b, y := e.pair("B", "+home", "+house")
	for id, title := range e.labels() {
		if title == "house" {
			e.setLabel(id, fields{"title": "home"})
		}
	}
	e.settle()
	for _, t := range []string{u, w, b} {
		e.want(slices.Equal(e.get(t).List("tags"), []string{"home"}), "one tag")
	}
	e.task(w, "modify", "-home")
	e.task(b, "modify", "-home")
	e.settle()
	e.want(len(v.labels()) == 1 && len(x.labels()) == 0 && len(y.labels()) == 0, "and it comes off, both labels")
	e.silent(2)
}

func sameNotes(e *env) {
	u, v := e.pair("T")
	e.edit(u, func(r model.Raw) {
		var as []model.Annotation
		for i := range 5 {
			as = append(as, model.Annotation{Entry: fmt.Sprintf("20260101T00000%dZ", i), Description: "same"})
		}
		r.SetAnnotations(as)
	})
	e.settle()
	e.want(len(v.notes()) == 5, "five comments")
	e.edit(u, func(r model.Raw) {
		as := slices.Delete(r.Annotations(), 2, 3)
		as[2].Description = "other"
		as[0].Entry = "20260201T000000Z"
		r.SetAnnotations(as)
	})
	e.settle()
	e.want(len(v.notes()) == 4 && strings.Count(fmt.Sprint(v.notes()), "<p>same</p>") == 3, "one edited, one removed, one at another time")
	n := v.notes()
	v.recomment(n[0].ID, "<p>from there</p>")
	v.call("DELETE", fmt.Sprint(v.path(), "/comments/", n[1].ID), nil, nil)
	v.comment("<p>same</p>")
	e.settle()
	e.want(len(e.get(u).Annotations()) == 4 && len(v.notes()) == 4, "the same from there")
	e.silent(2)
}

func storm(e *env) {
	e.cfg.Winner = "later"
	u, v := e.pair("T", "due:2027-01-01T00:00:00Z")
	for range 3 {
		e.task(u, "done")
		e.settle()
		e.want(v.now().Done, "done here")
		e.web(v, api.TaskPatch{Done: ptr(false)})
		e.settle()
		e.want(e.get(u).Str("status") == model.Pending && e.get(u).Str("end") == "", "reopened there")
		e.web(v, api.TaskPatch{Done: ptr(true)})
		e.settle()
		e.want(e.get(u).Str("status") == model.Completed && e.get(u).Str("end") == model.Stamp(v.now().DoneAt), "done there")
		e.task(u, "modify", "status:pending")
		e.settle()
		e.want(!v.now().Done && v.now().DoneAt.IsZero(), "reopened here")
	}
	e.want(len(e.conflicts()) == 0 && len(e.tasks()) == 1, "one task and no conflict")
	e.silent(2)
}

func sameInstant(e *env) {
	two := newUser(e.TB, e.bin, e.back, e.http, e.ts)
	u, v := e.pair("T", "project:p", "+a")
	two.settle()
	w := two.twOf(v.ID).UUID()
	for i := range 2 {
		e.task(u, "modify", "priority:H", fmt.Sprint("+one", i), "--", fmt.Sprint("one ", i))
		two.task(w, "modify", "due:2027-01-01T00:00:00Z", fmt.Sprint("+two", i), "--", fmt.Sprint("two ", i))
		e.settle()
		two.settle()
		e.settle()
		a, b := e.get(u), two.get(w)
		for _, k := range []string{"description", "priority", "due", "project"} {
			e.want(a.Str(k) == b.Str(k), "both machines agree on "+k)
		}
		e.want(slices.Equal(a.List("tags"), b.List("tags")) && len(a.List("tags")) == 3+2*i, "tags of both")
		e.want(e.lost("title", fmt.Sprint("two ", i)) || two.lost("title", fmt.Sprint("two ", i)) || e.lost("title", fmt.Sprint("one ", i)), "the other title is in a log")
	}
	e.want(len(e.tasks()) == 1, "one task")
	e.silent(1)
	two.silent(1)
}
