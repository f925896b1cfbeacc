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
	id := v.LabelIDs[0]
	e.srv.LabelM[id].Title = "house"
	e.settle()
	for _, u := range []string{a, b} {
		e.want(slices.Equal(e.get(u).List("tags"), []string{"house"}), "renamed")
	}
	e.want(len(e.srv.LabelM) == 1 && v.LabelIDs[0] == id, "the same label")
}

func labelDeleted(e *env) {
	a, v := e.pair("a", "+home", "+other")
	id := v.LabelIDs[slices.IndexFunc(v.LabelIDs, func(id int64) bool { return e.srv.LabelM[id].Title == "home" })]
	delete(e.srv.LabelM, id)
	v.LabelIDs = slices.DeleteFunc(v.LabelIDs, func(x int64) bool { return x == id })
	b, c := e.add("b", "+home"), e.add("c", "+home")
	e.settle()
	e.want(slices.Equal(e.get(a).List("tags"), []string{"other"}), "removed")
	e.want(len(e.srv.LabelM) == 2 && e.vkOf(b).LabelIDs[0] == e.vkOf(c).LabelIDs[0], "one new label")
}

func sameLabels(e *env) {
	first, second, upper := e.label("home", 1), e.label("home", 1), e.label("Home", 1)
	v := e.page(api.TaskInput{Title: "web"})
	v.LabelIDs = []int64{second.ID, upper.ID}
	e.settle()
	e.want(slices.Equal(e.twOf(v.ID).List("tags"), []string{"Home", "home"}), "two tags")
	_, w := e.pair("T", "+home")
	e.want(slices.Equal(w.LabelIDs, []int64{first.ID}), "the oldest")
	e.silent(3)
	e.want(len(e.srv.LabelM) == 3 && slices.Equal(v.LabelIDs, []int64{second.ID, upper.ID}), "no flapping")
}

func foreignLabel(e *env) {
	e.label("theirs", 2)
	u := e.add("T", "+theirs", "+mine", "priority:H")
	e.cycle()
	v := e.vkOf(u)
	e.want(v.Priority == 3 && len(v.LabelIDs) == 1, "the rest arrives")
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
	for _, p := range e.srv.ProjectM {
		names[p.Title]++
	}
	e.want(names["x"] == 1 && names["y"] == 1 && names["z"] == 1, "parents once")
	e.want(v.ID == id && e.srv.ProjectM[v.ProjectID].Title == "y" && len(v.Notes) == 1 && len(v.LabelIDs) == 1, "the same task")
	e.silent(2)
}

func moveVK(e *env) {
	u, v := e.pair("T")
	e.web(v, api.TaskPatch{ProjectID: ptr(e.project("elsewhere", 0).ID)})
	e.settle()
	e.want(e.get(u).Str("project") == "elsewhere" && e.get(u).Str("status") == "pending", "followed")
}

func projectRenamed(e *env) {
	a, v := e.pair("a", "project:work")
	b, _ := e.pair("b", "project:work.sub")
	n := len(e.srv.ProjectM)
	e.srv.ProjectM[v.ProjectID].Title = "Arbeit"
	c := e.add("c", "project:work")
	e.settle()
	e.want(e.get(a).Str("project") == "Arbeit" && e.get(b).Str("project") == "Arbeit.sub", "renamed")
	e.want(len(e.srv.ProjectM) == n && e.get(c).Str("project") == "Arbeit", "nothing is created")
	e.srv.ProjectM[v.ProjectID].Parent = e.project("top", 0).ID
	e.settle()
	e.want(e.get(a).Str("project") == "top.Arbeit" && e.get(b).Str("project") == "top.Arbeit.sub", "moved")
	e.silent(2)
}

func projectArchived(e *env) {
	u, v := e.pair("T", "project:old")
	e.srv.ProjectM[v.ProjectID].Archived = true
	e.task(u, "modify", "priority:H")
	for range 3 {
		rep := e.cycle()
		e.want(rep.WritesTW+rep.WritesVK == 0 && len(rep.Problems) == 1, "parked")
	}
	e.want(e.get(u).Str("status") == "pending", "not deleted")
	e.srv.ProjectM[v.ProjectID].Archived = false
	e.settle()
	e.want(v.Priority == 3, "delivered")
}

func projectDeleted(e *env) {
	keep, _ := e.pair("keep")
	p := e.project("doomed", 0)
	for i := range 200 {
		e.page(api.TaskInput{ProjectID: p.ID, Title: fmt.Sprint("doomed ", i)})
	}
	e.settle()
	delete(e.srv.ProjectM, p.ID)
	for id, t := range e.srv.TaskM {
		if t.ProjectID == p.ID {
			delete(e.srv.TaskM, id)
		}
	}
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
	v := e.page(api.TaskInput{ProjectID: p.ID, Title: "T"})
	e.settle()
	u := e.twOf(v.ID).UUID()
	e.srv.NoAccess[p.ID] = true
	e.task(u, "modify", "priority:H")
	for range 3 {
		e.cycle()
	}
	e.want(e.get(u).Str("status") == "pending" && e.srv.TaskM[v.ID] != nil && len(e.srv.TaskM) == 1, "kept on both sides")
	delete(e.srv.NoAccess, p.ID)
	e.settle()
	e.want(v.Priority == 3 && len(e.srv.TaskM) == 1, "attached again")
}
