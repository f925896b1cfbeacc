package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/engine"
	"vikunja-sync/internal/model"
)

var sidesScenarios = []scenario{
	{1, "create in Taskwarrior", createTW},
	{2, "create in Vikunja", createVK},
	{3, "foreign fields survive", foreignFields},
	{4, "own fields survive", ownFields},
	{5, "different fields on both sides", differentFields},
	{6, "same field on both sides", sameField},
	{23, "deleted here, edited there", deletedEdited},
	{25, "undo of a done", undoDone},
	{26, "undo of the engine's own import", undoImport},
	{27, "completion reversal", reversal},
	{42, "description touched in the web editor only", bytesKept},
}

func createTW(e *env) {
	u := e.add("buy milk", "project:home.shop", "+errand", "due:2027-03-01T10:00:00Z", "priority:M")
	e.settle()
	v := e.vkOf(u)
	t, ps := v.now(), e.projects()
	shop := ps[t.ProjectID]
	e.want(t.Title == "buy milk" && t.Priority == 2 && model.Stamp(t.Due) == "20270301T100000Z", "values")
	e.want(shop.Title == "shop" && ps[shop.Parent].Title == "home" && ps[shop.Parent].Parent == 0, "project")
	e.want(len(v.labels()) == 1 && e.labels()[v.labels()[0]] == "errand", "label")
	e.silent(2)
	e.want(len(e.tasks()) == 1, "one task")
}

func createVK(e *env) {
	v := e.page(api.TaskInput{Title: "from the web", Description: "<p>some <strong>text</strong></p>", Priority: 1})
	v.attach(e.label("web"))
	e.settle()
	r := e.twOf(v.ID)
	e.want(r.Str("status") == "pending" && r.Str("end") == "" && r.Str("entry") == model.Stamp(v.now().Created), "state")
	e.want(r.Str("description") == "from the web" && r.Str("priority") == "L" && slices.Equal(r.List("tags"), []string{"web"}), "values")
	e.want(r.Str(model.UDANotes) == "some **text**", "text")
	e.silent(2)
}

func foreignFields(e *env) {
	u, v := e.pair("T")
	other := e.page(api.TaskInput{Title: "other"})
	v.set(fields{"reminders": []fields{{"reminder": "2027-01-01T12:00:00Z"}}, "hex_color": "ff0000", "is_favorite": true, "percent_done": 0.5})
	v.call("PUT", fmt.Sprintf("/v1/tasks/%d/assignees", v.ID), fields{"user_id": e.me()}, nil)
	v.call("POST", v.path()+"/relations", fields{"other_task_id": other.ID, "relation_kind": "precedes"}, nil)
	foreign := []string{"reminders", "assignees", "hex_color", "is_favorite", "percent_done"}
	before := v.raw(foreign...)
	v.comment("<p>hello</p>")
	e.settle()
	e.task(u, "modify", "priority:H")
	e.settle()
	e.want(v.now().Priority == 3 && v.raw(foreign...) == before, "foreign fields: "+before)
	e.want(slices.Equal(v.reminders(), []string{"2027-01-01T12:00:00Z 0"}) && strings.Contains(before, `"ff0000" true 0.5`), "they were set: "+before)
	e.want(len(v.notes()) == 1 && v.notes()[0].Comment == "<p>hello</p>" && strings.Contains(v.raw("related_tasks"), `"precedes"`), "comment and relation")
}

func ownFields(e *env) {
	other, _ := e.pair("other")
	u, v := e.pair("T")
	e.task(u, "annotate", "--", "a note")
	e.edit(u, func(r model.Raw) {
		r.SetStr("orphan", "kept")
		r.SetStr("wait", "20380101T000000Z")
		r.SetStr("parent", other)
		r["imask"] = json.RawMessage("2")
		r.SetList("depends", []string{other})
	})
	e.settle()
	before := e.get(u)
	e.web(v, api.TaskPatch{Title: ptr("new title")})
	e.settle()
	after := e.get(u)
	e.want(after.Str("description") == "new title", "title")
	for _, k := range []string{"orphan", "wait", "parent", "imask", "depends", "annotations", "entry"} {
		e.want(string(before[k]) == string(after[k]) && after[k] != nil, "attribute "+k)
	}
}

func differentFields(e *env) {
	u, v := e.pair("T")
	e.task(u, "modify", "due:2027-05-01T00:00:00Z")
	e.web(v, api.TaskPatch{Title: ptr("both")})
	e.settle()
	e.want(model.Stamp(v.now().Due) == "20270501T000000Z" && e.get(u).Str("description") == "both", "both fields")
	e.want(len(e.conflicts()) == 0, "no conflict")
}

func sameField(e *env) {
	for _, winner := range []string{"vikunja", "taskwarrior"} {
		e.cfg.Winner = winner
		u, v := e.pair("T " + winner)
		n := len(e.conflicts())
		e.task(u, "modify", "--", "here "+winner)
		e.web(v, api.TaskPatch{Title: ptr("there " + winner)})
		e.settle()
		kept, lost := "there ", "here "
		if winner == "taskwarrior" {
			kept, lost = lost, kept
		}
		ks := e.conflicts()
		e.want(v.now().Title == kept+winner && e.get(u).Str("description") == kept+winner, "winner")
		e.want(len(ks) == n+1 && ks[n].Lost == lost+winner, "log")
	}
}

func deletedEdited(e *env) {
	u, v := e.pair("T")
	e.task(u, "delete")
	e.web(v, api.TaskPatch{Title: ptr("edited")})
	e.settle()
	e.want(e.get(u).Str("status") == "pending" && e.get(u).Str("description") == "edited" && !v.gone(), "the edit stays")
	e.want(len(e.conflicts()) == 1 && e.conflicts()[0].Lost == model.Deleted, "log")

	e.cfg.OnDelete = engine.KeepDelete
	e.task(u, "delete")
	e.web(v, api.TaskPatch{Title: ptr("edited again")})
	e.settle()
	e.want(e.get(u).Str("status") == "deleted" && v.gone(), "the deletion wins")
	e.want(e.conflicts()[1].Lost == "edited again", "log")

	e.cfg.OnDelete = engine.KeepEdit
	u, v = e.pair("back")
	v.delete()
	e.task(u, "modify", "priority:L")
	e.settle()
	e.want(e.vkOf(u).now().Priority == 1 && e.vkOf(u).ID != v.ID, "made anew")
}

func undoDone(e *env) {
	u, v := e.pair("T")
	e.task(u, "done")
	e.settle()
	e.want(v.now().Done, "done")
	e.task("undo")
	e.settle()
	e.want(!v.now().Done && v.now().DoneAt.IsZero() && e.get(u).Str("status") == "pending", "reopened")
}

func undoImport(e *env) {
	u, v := e.pair("T")
	e.web(v, api.TaskPatch{Title: ptr("from the web")})
	e.settle()
	e.task("undo")
	e.want(e.get(u).Str("description") == "T", "undo works")
	e.settle()
	e.want(v.now().Title == "T" && e.get(u).Str("description") == "T", "the undo is an edit")
	e.silent(5)
}

func reversal(e *env) {
	e.cfg.Winner = "later"
	u, v := e.pair("T")
	e.task(u, "done")
	e.settle()
	e.want(v.now().Done && !v.now().DoneAt.IsZero(), "done")
	e.web(v, api.TaskPatch{Done: ptr(false)})
	e.settle()
	r := e.get(u)
	e.want(r.Str("status") == "pending" && r.Str("end") == "", "reopened here")
	e.back.later(time.Hour) // the page is used later than the command line
	e.task(u, "done")
	e.settle()
	e.web(v, api.TaskPatch{Done: ptr(false)})
	e.task(u, "modify", "priority:H")
	e.settle()
	e.want(!v.now().Done && v.now().Priority == 3 && e.get(u).Str("status") == "pending", "both edits")
}

func bytesKept(e *env) {
	odd := `<p>one <u>two</u> &amp; three</p><ul data-type="taskList"><li data-checked="true"><p>x</p></li></ul><script>1</script>  `
	v := e.page(api.TaskInput{Title: "T", Description: odd})
	e.settle()
	u := e.twOf(v.ID).UUID()
	for i, arg := range []string{"priority:H", "due:2027-01-01T00:00:00Z", "project:x", "priority:", "due:"} {
		e.task(u, "modify", arg)
		e.settle()
		e.want(v.now().Description == odd, fmt.Sprint("bytes after edit ", i))
	}
	e.edit(u, func(r model.Raw) { r.SetStr(model.UDANotes, r.Str(model.UDANotes)+"\n\nadded *here*") })
	e.settle()
	e.want(strings.HasPrefix(v.now().Description, `<p>one <u>two</u> &amp; three</p><ul data-type="taskList">`) &&
		strings.Contains(v.now().Description, "<p>added <em>here</em></p>"), "only the new paragraph is new")
}
