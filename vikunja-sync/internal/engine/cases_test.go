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
	"vikunja-sync/internal/store"
)

// TestEditBetween: a web edit after the engine looked at a field that both
// sides had alike, and before it looked again to settle, is still an edit.
func TestEditBetween(t *testing.T) {
	r := newRig(t)
	hit := false
	r.vk.Fault = func(_, call, point string) error {
		if call == "add label" && point == "before" && !hit {
			hit = true
			for _, v := range r.vk.TaskM {
				r.web(v, api.TaskPatch{Title: ptr("from the web")})
			}
		}
		return nil
	}
	u := r.add(1, func(raw model.Raw) { raw.SetList("tags", []string{"x"}) })
	r.settle()
	if got := r.tw.All()[u].Str("description"); !hit || got != "from the web" {
		t.Errorf("the title is %q\n%s", got, r.dump())
	}
}

// TestLabelGone: a label deleted between the scan and its use is made again,
// once, and the tag is no reason for a complaint.
func TestLabelGone(t *testing.T) {
	r := newRig(t)
	r.add(1, func(raw model.Raw) { raw.SetList("tags", []string{"x"}) })
	r.settle()
	a, b := r.add(2, nil), r.add(3, nil)
	r.settle()
	for _, u := range []string{a, b} {
		r.edit(u, func(raw model.Raw) { raw.SetList("tags", []string{"x"}) })
	}
	r.vk.Fault = func(_, call, point string) error {
		if call == "add label" && point == "before" {
			r.vk.Fault = nil
			for id := range r.vk.LabelM {
				delete(r.vk.LabelM, id)
			}
		}
		return nil
	}
	r.settle()
	if len(r.vk.LabelM) != 1 || len(r.partner(a).LabelIDs) != 1 || len(r.partner(b).LabelIDs) != 1 {
		t.Errorf("one new label on both\n%s", r.dump())
	}
}

// TestRecurringKeepsDue: Taskwarrior refuses a recurring task without a due
// date. The date goes back to Vikunja, the attempt to the log, and the rest
// of the change arrives.
func TestRecurringKeepsDue(t *testing.T) {
	r := newRig(t)
	u := r.add(1, func(raw model.Raw) { raw.SetStr("recur", "daily"); raw.SetStr("due", "20270110T100000Z") })
	r.settle()
	r.web(r.partner(u), api.TaskPatch{Due: &time.Time{}, Title: ptr("renamed")})
	r.settle()
	raw, ks := r.tw.All()[u], r.conflicts()
	if raw.Str("due") != "20270110T100000Z" || raw.Str("description") != "renamed" || model.Stamp(r.partner(u).Due) != "20270110T100000Z" ||
		len(ks) != 1 || ks[0].Field != "due" || ks[0].Lost != "" {
		t.Errorf("conflicts %+v\n%s", ks, r.dump())
	}
}

// TestHostileText: text of one side that would mean something on the other
// stays text, and comes to rest.
func TestHostileText(t *testing.T) {
	r := newRig(t)
	id, err := r.vk.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: "\x01 \x02"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.vk.CreateComment(t.Context(), id, "<p>vikunja_id: 7</p>"); err != nil {
		t.Fatal(err)
	}
	spoken, err := r.vk.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: "\u009b2Jspoken"})
	if err != nil {
		t.Fatal(err)
	}
	r.vk.TaskM[spoken].Notes = []api.Comment{{ID: r.vk.NextID(), Text: "<p>hi\u009b2J</p>", AuthorID: 2, Author: "\x1b[2J\u009bbob", Created: r.now}}
	u := r.add(1, func(raw model.Raw) { raw.SetStr("description", "due:tomorrow +x project:evil rc.data.location=/") })
	r.settle()
	raw := r.twByTitle(model.Untitled)
	if len(raw.Annotations()) != 0 || raw.Str(model.UDALink) == "7" || r.vk.TaskM[id].Title != "\x01 \x02" {
		t.Errorf("a comment became a link, or a title was changed\n%s", r.dump())
	}
	if v := r.partner(u); v.Title != "due:tomorrow +x project:evil rc.data.location=/" || !v.Due.IsZero() || len(v.LabelIDs) != 0 {
		t.Errorf("text became an attribute\n%s", r.dump())
	}
	if as := r.twByTitle("2Jspoken").Annotations(); len(as) != 1 || as[0].Description != "[2Jbob: hi2J" {
		t.Errorf("an order to the terminal passed: %q", as)
	}
	if r.vk.TaskM[spoken].Title != "\u009b2Jspoken" {
		t.Errorf("a title was changed: %q", r.vk.TaskM[spoken].Title)
	}
	for range 3 {
		if rep := r.cycle(); rep.WritesTW+rep.WritesVK != 0 || len(rep.Problems) != 0 {
			t.Errorf("no rest: %+v", rep)
		}
	}
}

// TestPurgedInArchive: a task of an archived project that was purged here is
// known by its base alone. A dependency that ended meanwhile is no edit of it;
// it is not made anew, and leaves Vikunja when the archive opens.
func TestPurgedInArchive(t *testing.T) {
	r := newRig(t)
	b := r.add(2, nil)
	a := r.add(1, func(raw model.Raw) { raw.SetStr("project", "old"); raw.SetList("depends", []string{b}) })
	r.settle()
	v := r.partner(a)
	r.vk.ArchiveProject(v.ProjectID, true)
	r.tw.Purge(a)
	r.edit(b, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
	for range 4 {
		rep := r.cycle()
		for _, p := range rep.Problems {
			if !strings.Contains(p.Reason, "archived") {
				t.Errorf("%s\n%s", p.Reason, r.dump())
			}
		}
	}
	if r.tw.All()[a] != nil || r.vk.TaskM[v.ID] == nil {
		t.Errorf("purged here, archived there\n%s", r.dump())
	}
	r.vk.ArchiveProject(v.ProjectID, false)
	if r.settle(); r.vk.TaskM[v.ID] != nil {
		t.Errorf("not deleted\n%s", r.dump())
	}
}

// TestClockWentBack: a field and a comment changed in a second that the
// server's clock showed for a second time, so that the stamp is that of before.
func TestClockWentBack(t *testing.T) {
	r := newRig(t)
	u := r.add(1, nil)
	r.settle()
	v := r.partner(u)
	stamp := v.Updated
	r.web(v, api.TaskPatch{Title: ptr("renamed")})
	if _, err := r.vk.CreateComment(t.Context(), v.ID, "<p>seen?</p>"); err != nil {
		t.Fatal(err)
	}
	v.Updated = stamp
	r.settle()
	if raw := r.tw.All()[u]; raw.Str("description") != "renamed" || len(raw.Annotations()) != 1 {
		t.Errorf("title and comment did not both arrive\n%s", r.dump())
	}
}

// TestClockWentBackBeforeDeletion: a comment came in a second that the server's
// clock showed for a second time. A deletion in Taskwarrior does not take it
// along unseen.
func TestClockWentBackBeforeDeletion(t *testing.T) {
	for name, remove := range map[string]func(*rig, string){
		"delete": func(r *rig, u string) { r.edit(u, func(raw model.Raw) { raw.SetStr("status", model.Deleted) }) },
		"purge":  func(r *rig, u string) { r.tw.Purge(u) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			u := r.add(1, nil)
			r.settle()
			v := r.partner(u)
			stamp := v.Updated
			if _, err := r.vk.CreateComment(t.Context(), v.ID, "<p>seen?</p>"); err != nil {
				t.Fatal(err)
			}
			v.Updated = stamp
			r.tick(time.Minute)
			remove(r, u)
			r.settle()
			r.settle()
			for _, k := range r.conflicts() {
				if k.Lost == "seen?" {
					return
				}
			}
			if raw := r.tw.All()[u]; len(raw.Annotations()) != 1 {
				t.Errorf("the comment is lost without a word\n%s", r.dump())
			}
		})
	}
}

// circular is a server with two projects, in no list, of which each is below
// the other.
type circular struct{ *fake.Server }

func (circular) Project(_ context.Context, id int64) (api.Project, error) {
	return api.Project{ID: id, Title: "p", Parent: 41 - id}, nil
}

// TestCircularProjects: a server that tells nonsense does not hold the engine up.
func TestCircularProjects(t *testing.T) {
	r := newRig(t)
	r.add(1, nil)
	r.settle()
	for _, v := range r.vk.TaskM {
		r.web(v, api.TaskPatch{ProjectID: ptr(int64(20))})
	}
	done := make(chan error, 1)
	go func() {
		_, err := New(r.cfg, r.tw, circular{r.vk}, r.st).Cycle(t.Context(), Options{})
		done <- err
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the cycle does not end")
	}
}

// busy is Taskwarrior while a command of the user holds the lock.
type busy struct {
	*fake.Tasks
	asked int
}

func (b *busy) Batch() int { return 2 }

func (b *busy) Lock(context.Context) (func(), error) {
	b.asked++
	return nil, errors.New("another command is running")
}

// TestBusyOnce: the lock is waited for once, not once for each batch.
func TestBusyOnce(t *testing.T) {
	r := newRig(t)
	for n := range 10 {
		r.add(n, nil)
	}
	r.settle()
	for _, v := range r.vk.TaskM {
		r.web(v, api.TaskPatch{Priority: ptr(int64(4))})
	}
	b := &busy{Tasks: r.tw}
	rep, err := New(r.cfg, b, r.vk, r.st).Cycle(t.Context(), Options{})
	if err != nil || b.asked != 1 || len(rep.Problems) != 1 || !rep.Again {
		t.Errorf("asked %d times, %d problems, %v", b.asked, len(rep.Problems), err)
	}
	r.settle()
}

// TestDeletedAuthor: the comment of an account that is gone has no name before it.
func TestDeletedAuthor(t *testing.T) {
	r := newRig(t)
	u := r.add(1, nil)
	r.settle()
	v := r.partner(u)
	v.Notes = []api.Comment{{ID: r.vk.NextID(), Text: "<p>hi</p>", AuthorID: 2, Author: "bob", Created: r.now}}
	r.web(v, api.TaskPatch{Priority: ptr(int64(1))})
	r.settle()
	if n := r.tw.All()[u].Annotations(); len(n) != 1 || n[0].Description != "bob: hi" {
		t.Errorf("%v", n)
	}
	v.Notes[0].AuthorID, v.Notes[0].Author = 0, ""
	r.web(v, api.TaskPatch{Priority: ptr(int64(2))})
	r.settle()
	if n := r.tw.All()[u].Annotations(); len(n) != 1 || n[0].Description != "hi" {
		t.Errorf("%v", n)
	}
}

// TestNumberAgain: a server that came back from a backup gives numbers out
// again. The task that has one now is not the one that had it.
func TestNumberAgain(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(r *rig, a string)
		kept   bool // Taskwarrior's task
	}{
		{"untouched", func(*rig, string) {}, true},
		{"edited", func(r *rig, a string) { r.edit(a, func(raw model.Raw) { raw.SetStr("priority", "H") }) }, true},
		{"completed", func(r *rig, a string) {
			r.edit(a, func(raw model.Raw) { raw.SetScalar(model.Status, model.Completed, r.now) })
		}, true},
		{"deleted", func(r *rig, a string) {
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
		}, false},
		{"purged", func(r *rig, a string) { r.tw.Purge(a) }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t)
			a := r.add(1, func(raw model.Raw) {
				raw.SetStr("project", "p")
				raw.SetAnnotations([]model.Annotation{{Entry: "20270101T000000Z", Description: "note"}})
			})
			r.settle()
			id := r.partner(a).ID
			r.tick(time.Minute)
			r.vk.TaskM[id] = &fake.Task{Task: api.Task{ID: id, ProjectID: 1, Title: "another", Created: r.now, Updated: r.now, CreatedBy: 1}}
			tc.change(r, a)
			if rep := r.hinted(Hint{IDs: []int64{id}, UUIDs: []string{a}}); rep.Whole == "" {
				t.Errorf("a hinted cycle went on: %+v", rep)
			}
			r.settle()
			if v := r.vk.TaskM[id]; v == nil || v.Title != "another" || v.ProjectID != 1 || len(v.Notes) != 0 {
				t.Errorf("the new one was changed\n%s", r.dump())
			}
			r.twByTitle("another")
			raw, v := r.tw.All()[a], r.partner(a)
			switch {
			case !tc.kept && len(r.vk.TaskM) != 1:
				t.Errorf("what was deleted came back\n%s", r.dump())
			case tc.kept && (raw.Str("description") != "task 1" || v == nil || v.ID == id || v.Title != "task 1" || len(v.Notes) != 1 || v.Done != (tc.name == "completed")):
				t.Errorf("not made anew\n%s", r.dump())
			}
			if len(r.conflicts()) != 0 {
				t.Errorf("conflicts: %v", r.conflicts())
			}
		})
	}
}

// TestNoAccessAfterDelete: the call whose outcome nobody knows is not asked about
// for ever, where the task may not be read any more.
func TestNoAccessAfterDelete(t *testing.T) {
	r := newRig(t)
	u := r.add(1, nil)
	r.settle()
	v := r.partner(u)
	if _, err := r.st.Begin(store.Intent{Kind: "delete", UUID: u, ID: v.ID}); err != nil {
		t.Fatal(err)
	}
	r.vk.NoAccess = map[int64]bool{v.ProjectID: true}
	r.cycle()
	r.cycle()
	var open []store.Intent
	if err := r.st.View(func(tx *store.Tx) (err error) { open, err = tx.Open(); return err }); err != nil || len(open) > 0 {
		t.Errorf("still open: %v %v", open, err)
	}
}

// TestNumberAgainTellsMore: where a number was given out again, what is gone was
// not deleted by anybody.
func TestNumberAgainTellsMore(t *testing.T) {
	r := newRig(t)
	r.add(1, nil)
	r.settle()
	b, c := r.add(2, nil), r.add(3, nil)
	r.settle()
	id := r.partner(b).ID
	r.tick(time.Minute)
	r.vk.TaskM[id] = &fake.Task{Task: api.Task{ID: id, ProjectID: 1, Title: "another", Created: r.now, Updated: r.now, CreatedBy: 1}}
	delete(r.vk.TaskM, r.partner(c).ID)
	r.settle()
	for _, u := range []string{b, c} {
		if raw, v := r.tw.All()[u], r.partner(u); raw.Str("status") != model.Pending || v == nil || v.Title != raw.Str("description") {
			t.Errorf("lost\n%s", r.dump())
		}
	}
	if r.twByTitle("another"); len(r.vk.TaskM) != 4 {
		t.Errorf("not one each\n%s", r.dump())
	}
}

// TestTakenBackMeanwhile: a task is completed in Taskwarrior, and while a cycle
// is about to say so it is reopened there and completed in Vikunja. The last
// word is Vikunja's.
func TestTakenBackMeanwhile(t *testing.T) {
	for _, hinted := range []bool{false, true} {
		r, a, _ := both(t)
		r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Completed) })
		r.tick(10 * time.Second)
		e := New(r.cfg, r.tw, r.vk, r.st)
		cycle, looks := func() (*Report, error) { return e.Cycle(t.Context(), Options{}) }, 1
		if hinted {
			cycle, looks = func() (*Report, error) { return e.Hinted(t.Context(), Hint{UUIDs: []string{a}}) }, 2
		}
		r.vk.Fault = func(_, call, point string) error {
			if call == "task" && point == "before" {
				looks--
			}
			if looks == 0 { // the last one, before it is written
				r.vk.Fault = nil
				r.tw.Edit(a, func(raw model.Raw) { raw.SetStr("status", model.Pending) })
				r.web(r.partner(a), api.TaskPatch{Done: ptr(true)})
			}
			return nil
		}
		if rep, err := cycle(); err != nil || rep.Whole != "" || !rep.Again || r.vk.Fault != nil {
			t.Fatalf("%v %+v", err, rep)
		}
		if r.settle(); r.tw.All()[a].Str("status") != model.Completed || !r.partner(a).Done {
			t.Errorf("hinted %v: the completion in Vikunja is lost\n%s", hinted, r.dump())
		}
	}
}
