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
	home := e.srv.ProjectM[e.srv.ProjectM[v.ProjectID].Parent]
	e.want(v.Title == "buy milk" && v.Priority == 2 && model.Stamp(v.Due) == "20270301T100000Z", "values")
	e.want(e.srv.ProjectM[v.ProjectID].Title == "shop" && home.Title == "home", "project")
	e.want(len(v.LabelIDs) == 1 && e.srv.LabelM[v.LabelIDs[0]].Title == "errand", "label")
	e.silent(2)
	e.want(len(e.srv.TaskM) == 1, "one task")
}

func createVK(e *env) {
	v := e.page(api.TaskInput{Title: "from the web", Description: "<p>some <strong>text</strong></p>", Priority: 1})
	v.LabelIDs = []int64{e.label("web", 1).ID}
	e.settle()
	r := e.twOf(v.ID)
	e.want(r.Str("status") == "pending" && r.Str("end") == "" && r.Str("entry") == model.Stamp(v.Created), "state")
	e.want(r.Str("description") == "from the web" && r.Str("priority") == "L" && slices.Equal(r.List("tags"), []string{"web"}), "values")
	e.want(r.Str(model.UDANotes) == "some **text**", "text")
	e.silent(2)
}

func foreignFields(e *env) {
	u, v := e.pair("T")
	extra := `{"reminders":[{"reminder":"2027-01-01T12:00:00Z","relative_period":0,"relative_to":""}],"assignees":[{"id":1,"username":"alice"}],"hex_color":"ff0000","is_favorite":true,"percent_done":0.5}`
	e.must(json.Unmarshal([]byte(extra), &v.Extra))
	delete(v.Extra, "percent_done")
	before := fmt.Sprintf("%s", v.Extra)
	v.Notes = append(v.Notes, api.Comment{ID: 900, Text: "<p>hello</p>", AuthorID: 1, Created: e.now()})
	e.settle()
	e.task(u, "modify", "priority:H")
	e.settle()
	e.want(v.Priority == 3 && fmt.Sprintf("%s", v.Extra) == before && len(v.Notes) == 1 && v.Notes[0].Text == "<p>hello</p>", "foreign fields")
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
	e.want(model.Stamp(v.Due) == "20270501T000000Z" && e.get(u).Str("description") == "both", "both fields")
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
		e.want(v.Title == kept+winner && e.get(u).Str("description") == kept+winner, "winner")
		e.want(len(ks) == n+1 && ks[n].Lost == lost+winner, "log")
	}
}

func deletedEdited(e *env) {
	u, v := e.pair("T")
	e.task(u, "delete")
	e.web(v, api.TaskPatch{Title: ptr("edited")})
	e.settle()
	e.want(e.get(u).Str("status") == "pending" && e.get(u).Str("description") == "edited" && e.srv.TaskM[v.ID] != nil, "the edit stays")
	e.want(len(e.conflicts()) == 1 && e.conflicts()[0].Lost == model.Deleted, "log")

	e.cfg.OnDelete = engine.KeepDelete
	e.task(u, "delete")
	e.web(v, api.TaskPatch{Title: ptr("edited again")})
	e.settle()
	e.want(e.get(u).Str("status") == "deleted" && e.srv.TaskM[v.ID] == nil, "the deletion wins")
	e.want(e.conflicts()[1].Lost == "edited again", "log")

	e.cfg.OnDelete = engine.KeepEdit
	u, v = e.pair("back")
	delete(e.srv.TaskM, v.ID)
	e.task(u, "modify", "priority:L")
	e.settle()
	e.want(e.vkOf(u).Priority == 1 && e.vkOf(u).ID != v.ID, "made anew")
}

func undoDone(e *env) {
	u, v := e.pair("T")
	e.task(u, "done")
	e.settle()
	e.want(v.Done, "done")
	e.task("undo")
	e.settle()
	e.want(!v.Done && v.DoneAt.IsZero() && e.get(u).Str("status") == "pending", "reopened")
}

func undoImport(e *env) {
	u, v := e.pair("T")
	e.web(v, api.TaskPatch{Title: ptr("from the web")})
	e.settle()
	e.task("undo")
	e.want(e.get(u).Str("description") == "T", "undo works")
	e.settle()
	e.want(v.Title == "T" && e.get(u).Str("description") == "T", "the undo is an edit")
	e.silent(5)
}

func reversal(e *env) {
	e.cfg.Winner = "later"
	u, v := e.pair("T")
	e.task(u, "done")
	e.settle()
	e.want(v.Done && !v.DoneAt.IsZero(), "done")
	e.web(v, api.TaskPatch{Done: ptr(false)})
	e.settle()
	r := e.get(u)
	e.want(r.Str("status") == "pending" && r.Str("end") == "", "reopened here")
	e.later(time.Hour) // the page is used later than the command line
	e.task(u, "done")
	e.settle()
	e.web(v, api.TaskPatch{Done: ptr(false)})
	e.task(u, "modify", "priority:H")
	e.settle()
	e.want(!v.Done && v.Priority == 3 && e.get(u).Str("status") == "pending", "both edits")
}

func bytesKept(e *env) {
	odd := `<p>one <u>two</u> &amp; three</p><ul data-type="taskList"><li data-checked="true"><p>x</p></li></ul><script>1</script>  `
	v := e.page(api.TaskInput{Title: "T", Description: odd})
	e.settle()
	u := e.twOf(v.ID).UUID()
	for i, arg := range []string{"priority:H", "due:2027-01-01T00:00:00Z", "project:x", "priority:", "due:"} {
		e.task(u, "modify", arg)
		e.settle()
		e.want(v.Description == odd, fmt.Sprint("bytes after edit ", i))
	}
	e.edit(u, func(r model.Raw) { r.SetStr(model.UDANotes, r.Str(model.UDANotes)+"\n\nadded *here*") })
	e.settle()
	e.want(strings.HasPrefix(v.Description, `<p>one <u>two</u> &amp; three</p><ul data-type="taskList">`) &&
		strings.Contains(v.Description, "<p>added <em>here</em></p>"), "only the new paragraph is new")
}
