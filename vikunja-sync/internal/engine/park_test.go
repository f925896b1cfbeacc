package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/fake"
	"vikunja-sync/internal/model"
)

// picky is a Taskwarrior that does not take everything.
type picky struct {
	*fake.Tasks
	word  string
	calls int
}

func (p *picky) Import(ctx context.Context, tasks []model.Raw) error {
	for _, t := range tasks {
		if strings.Contains(t.Str("description"), p.word) {
			p.calls++
			return errors.New("no such thing")
		}
	}
	return p.Tasks.Import(ctx, tasks)
}

// TestRefusedImport: what Taskwarrior does not take is tried a few times, then
// told in every cycle and tried again when it changed, or after a while.
func TestRefusedImport(t *testing.T) {
	r := newRig(t)
	tw := &picky{Tasks: r.tw, word: "bad"}
	cycle := func() *Report {
		t.Helper()
		r.tick(10 * time.Second)
		rep, err := New(r.cfg, tw, r.vk, r.st).Cycle(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		return rep
	}
	told := func(rep *Report) bool {
		return len(rep.Problems) == 1 && strings.Contains(rep.Problems[0].Reason, "refuses") && rep.Problems[0].Title != ""
	}
	u := r.add(1, nil)
	cycle()
	cycle()
	fresh, _ := r.vk.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: "bad"})
	for _, tc := range []struct {
		name   string
		change func(title string)
	}{ // one after the other: where all that are tried are refused, it may not be about them
		{"new", func(title string) { r.web(r.vk.TaskM[fresh], api.TaskPatch{Title: &title}) }},
		{"pair", func(title string) { r.web(r.partner(u), api.TaskPatch{Title: &title}) }},
	} {
		name, change := tc.name, tc.change
		change("bad " + name)
		for range 4 {
			cycle()
		}
		calls, writes := tw.calls, r.st.Writes
		for range 3 {
			if rep := cycle(); !told(rep) || rep.Again || tw.calls != calls || r.st.Writes != writes {
				t.Fatalf("%s: %d calls, %d writes, %+v", name, tw.calls-calls, r.st.Writes-writes, rep)
			}
		}
		r.tick(2 * time.Hour)
		if cycle(); tw.calls == calls {
			t.Errorf("%s: after a while it must be tried again", name)
		}
		calls = tw.calls
		change("still bad " + name)
		if cycle(); tw.calls == calls {
			t.Errorf("%s: a change must be tried", name)
		}
		change("good " + name)
		cycle()
		if rep := cycle(); len(rep.Problems) > 0 || rep.WritesTW > 0 {
			t.Errorf("%s: %+v", name, rep)
		}
		if raw := r.twByTitle("good " + name); raw.Str(model.UDALink) == "" {
			t.Errorf("%s: %v", name, raw)
		}
	}
	gone, _ := r.vk.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: "bad, and deleted"})
	for range 5 {
		cycle()
	}
	r.vk.DeleteTask(t.Context(), gone)
	cycle()
	if rep := cycle(); len(rep.Problems) > 0 || len(r.tw.All()) != 2 {
		t.Errorf("it is forgotten with the task: %+v", rep)
	}
}

// TestRefusedDeletion: what cannot be deleted here is told.
func TestRefusedDeletion(t *testing.T) {
	r := newRig(t)
	u := r.add(1, func(raw model.Raw) { raw.SetStr("description", "bad") })
	r.settle()
	r.vk.DeleteTask(t.Context(), r.partner(u).ID)
	tw := &picky{Tasks: r.tw, word: "bad"}
	for range 5 {
		r.tick(10 * time.Second)
		rep, err := New(r.cfg, tw, r.vk, r.st).Cycle(t.Context(), Options{})
		if err != nil || len(rep.Problems) != 1 {
			t.Fatalf("%v %+v", err, rep)
		}
	}
	if r.settle(); r.tw.All()[u].Str("status") != model.Deleted {
		t.Error("and is deleted once that can be done")
	}
}

// TestRefusedAll: a Taskwarrior that takes nothing has another trouble than
// the tasks.
func TestRefusedAll(t *testing.T) {
	r := newRig(t)
	tw := &picky{Tasks: r.tw}
	for range 2 {
		r.vk.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: "T"})
	}
	for range 6 {
		r.tick(10 * time.Second)
		rep, err := New(r.cfg, tw, r.vk, r.st).Cycle(t.Context(), Options{})
		if err != nil || !rep.Again || len(rep.Problems) != 2 {
			t.Fatalf("%v %+v", err, rep)
		}
	}
	r.settle()
	if len(r.tw.All()) != 2 {
		t.Error("it takes them now")
	}
}
