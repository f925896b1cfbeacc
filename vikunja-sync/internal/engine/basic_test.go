package engine

import (
	"testing"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
)

func TestBothWays(t *testing.T) {
	r := newRig(t)
	u := r.add(1, func(raw model.Raw) {
		raw.SetStr("project", "home.garden")
		raw.SetList("tags", []string{"errand", "x y"})
		raw.SetStr("due", "20270110T100000Z")
		raw.SetStr("priority", "H")
		raw.SetStr(model.UDANotes, "buy **two**")
		raw.SetAnnotations([]model.Annotation{{Entry: "20270101T000000Z", Description: "a note"}})
		raw.SetStr("foreign", "kept")
	})
	id, err := r.vk.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: "from the web", Description: "<p>hi <u>you</u></p>", Priority: 5, Due: r.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	r.settle()
	v := r.partner(u)
	if v == nil || v.Priority != 3 || len(v.LabelIDs) != 2 || len(v.Notes) != 1 || v.Description != "<p>buy <strong>two</strong></p>" {
		t.Fatalf("not carried over\n%s", r.dump())
	}
	if raw := r.twByTitle("from the web"); raw.Str("priority") != "H" || raw.Str(model.UDANotes) != "hi you" {
		t.Fatalf("not carried over\n%s", r.dump())
	}
	writes := r.st.Writes
	for range 3 {
		if rep := r.cycle(); rep.WritesTW+rep.WritesVK != 0 {
			t.Fatalf("an idle cycle wrote: %+v", rep)
		}
	}
	if r.st.Writes != writes {
		t.Fatalf("idle cycles wrote %d times to the state", r.st.Writes-writes)
	}
	r.edit(u, func(raw model.Raw) { raw.SetStr("due", "20270111T100000Z") })
	r.web(v, api.TaskPatch{Title: ptr("renamed")})
	r.web(r.vk.TaskM[id], api.TaskPatch{Done: ptr(true)})
	r.settle()
	if model.Stamp(v.Due) != "20270111T100000Z" || r.tw.All()[u].Str("description") != "renamed" || r.tw.All()[u].Str("foreign") != "kept" {
		t.Fatalf("fields of both sides must both arrive\n%s", r.dump())
	}
	if raw := r.twByTitle("from the web"); raw.Str("status") != model.Completed || raw.Str("end") == "" {
		t.Fatalf("completion did not arrive\n%s", r.dump())
	}
	if len(r.conflicts()) != 0 {
		t.Fatalf("conflicts: %v", r.conflicts())
	}
}
