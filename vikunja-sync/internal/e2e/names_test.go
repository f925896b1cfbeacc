package e2e

import (
	"fmt"
	"slices"
	"strings"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
)

var nameScenarios = []scenario{
	{13, "label renamed in Vikunja", labelRenamed},
	{14, "label deleted in Vikunja", labelDeleted},
	{15, "labels of one title", sameLabels},
	{16, "a label that cannot be shared", foreignLabel},
	{17, "project move in Taskwarrior", moveTW},
	{18, "task moved in Vikunja", moveVK},
	{19, "project renamed and moved in Vikunja", projectRenamed},
	{20, "project archived", projectArchived},
	{21, "project deleted with 200 tasks", projectDeleted},
	{22, "access revoked", revoked},
}

func labelRenamed(e *env) {
	a, v := e.pair("a", "+home")
	b, _ := e.pair("b", "+home")
	id := v.labels()[0]
	e.setLabel(id, fields{"title": "house"})
	e.settle()
	for _, u := range []string{a, b} {
		e.want(slices.Equal(e.get(u).List("tags"), []string{"house"}), "renamed")
	}
	e.want(len(e.labels()) == 1 && v.labels()[0] == id, "the same label")
}

func labelDeleted(e *env) {
	a, v := e.pair("a", "+home", "+other")
	all := e.labels()
	e.deleteLabel(v.labels()[slices.IndexFunc(v.labels(), func(id int64) bool { return all[id] == "home" })])
	b, c := e.add("b", "+home"), e.add("c", "+home")
	e.settle()
	e.want(slices.Equal(e.get(a).List("tags"), []string{"other"}), "removed")
	e.want(len(e.labels()) == 2 && e.vkOf(b).labels()[0] == e.vkOf(c).labels()[0], "one new label")
}

func sameLabels(e *env) {
	first, second, upper := e.label("home"), e.label("home"), e.label("Home")
	v := e.page(api.TaskInput{Title: "web"})
	v.attach(second)
	v.attach(upper)
	e.settle()
	e.want(slices.Equal(e.twOf(v.ID).List("tags"), []string{"Home", "home"}), "two tags")
	_, w := e.pair("T", "+home")
	e.want(slices.Equal(w.labels(), []int64{first}), "the oldest")
	e.silent(3)
	e.want(len(e.labels()) == 3 && slices.Equal(v.labels(), []int64{second, upper}), "no flapping")
}

func foreignLabel(e *env) {
	l := e.label("theirs")
	e.page(api.TaskInput{Title: "shared"}).attach(l) // labels of others show on tasks
	e.back.give(l)
	u := e.add("T", "+theirs", "+mine", "priority:H")
	e.cycle()
	v := e.vkOf(u)
	e.want(v.now().Priority == 3 && len(v.labels()) == 1, "the rest arrives")
	reports := 0
	for range 4 {
		for _, p := range e.cycle().Problems {
			if strings.Contains(p.Reason, "theirs") {
				reports++
			}
		}
	}
	e.want(reports == 0 && slices.Contains(e.get(u).List("tags"), "theirs"), "reported once, kept here")
	e.silent(2)
}

func moveTW(e *env) {
	u, v := e.pair("T", "+tag")
	e.task(u, "annotate", "--", "note")
	e.settle()
	id := v.ID
	e.add("other", "project:x.z")
	e.task(u, "modify", "project:x.y")
	e.settle()
	names := map[string]int{}
	for _, p := range e.projects() {
		names[p.Title]++
	}
	e.want(names["x"] == 1 && names["y"] == 1 && names["z"] == 1, "parents once")
	e.want(v.ID == id && e.projects()[v.now().ProjectID].Title == "y" && len(v.notes()) == 1 && len(v.labels()) == 1, "the same task")
	e.silent(2)
}

func moveVK(e *env) {
	u, v := e.pair("T")
	e.web(v, api.TaskPatch{ProjectID: ptr(e.project("elsewhere", 0))})
	e.settle()
	e.want(e.get(u).Str("project") == "elsewhere" && e.get(u).Str("status") == "pending", "followed")
}

func projectRenamed(e *env) {
	a, v := e.pair("a", "project:work")
	b, _ := e.pair("b", "project:work.sub")
	n, home := len(e.projects()), v.now().ProjectID
	e.setProject(home, fields{"title": "Arbeit"})
	c := e.add("c", "project:work")
	e.settle()
	e.want(e.get(a).Str("project") == "Arbeit" && e.get(b).Str("project") == "Arbeit.sub", "renamed")
	e.want(len(e.projects()) == n && e.get(c).Str("project") == "Arbeit", "nothing is created")
	e.setProject(home, fields{"parent_project_id": e.project("top", 0)})
	e.settle()
	e.want(e.get(a).Str("project") == "top.Arbeit" && e.get(b).Str("project") == "top.Arbeit.sub", "moved")
	e.silent(2)
}

func projectArchived(e *env) {
	u, v := e.pair("T", "project:old")
	e.setProject(v.now().ProjectID, fields{"is_archived": true})
	e.task(u, "modify", "priority:H")
	for range 3 {
		rep := e.cycle()
		e.want(rep.WritesTW+rep.WritesVK == 0 && len(rep.Problems) == 1, "parked")
	}
	e.want(e.get(u).Str("status") == "pending", "not deleted")
	e.setProject(v.now().ProjectID, fields{"is_archived": false})
	e.settle()
	e.want(v.now().Priority == 3, "delivered")
}

func projectDeleted(e *env) {
	keep, _ := e.pair("keep")
	p := e.project("doomed", 0)
	e.many(p, 200, func(i int) fields { return fields{"title": fmt.Sprint("doomed ", i)} })
	e.settle()
	e.deleteProject(p)
	for range 3 {
		rep := e.cycle()
		e.want(rep.Guard != nil && rep.Guard.Count == 200 && rep.WritesTW == 0, "stopped")
	}
	e.meta(confirm)
	e.settle()
	dead := 0
	for _, r := range e.all() {
		if r.Str("status") == model.Deleted {
			dead++
		}
	}
	e.want(dead == 200 && e.get(keep).Str("status") == "pending", "exactly those")
}

func revoked(e *env) {
	p := e.project("shared", 0)
	v := e.page(api.TaskInput{ProjectID: p, Title: "T"})
	e.settle()
	u := e.twOf(v.ID).UUID()
	e.back.revoke(p, true)
	e.task(u, "modify", "priority:H")
	for range 3 {
		e.cycle()
	}
	e.want(e.get(u).Str("status") == "pending", "kept here")
	e.back.revoke(p, false)
	e.want(len(e.tasks()) == 1 && !v.gone(), "kept there")
	e.settle()
	e.want(v.now().Priority == 3 && len(e.tasks()) == 1, "attached again")
}
