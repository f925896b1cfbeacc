package engine

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/fake"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

func (r *rig) hinted(h Hint) *Report {
	r.t.Helper()
	r.tick(10 * time.Second)
	rep, err := New(r.cfg, r.tw, r.vk, r.st).Hinted(context.Background(), h)
	if err != nil {
		r.t.Fatalf("hinted cycle: %v", err)
	}
	return rep
}

// reads counts the calls that read everything.
func (r *rig) reads(call string) *int {
	n := 0
	count := func(_, c, point string) error {
		if c == call && point == "before" {
			n++
		}
		return nil
	}
	r.vk.Fault, r.tw.Fault = count, count
	return &n
}

// both are two pairs, A and B, at rest, with a project and a tag.
func both(t *testing.T) (r *rig, a, b string) {
	r = newRig(t)
	r.vk.ProjectM[10] = &api.Project{ID: 10, Title: "p", OwnerID: 1}
	a = r.add(1, func(raw model.Raw) { raw.SetStr("project", "p"); raw.SetList("tags", []string{"x"}) })
	b = r.add(2, nil)
	r.settle()
	return r, a, b
}

// TestHintedArrives: each of these changes arrives by a hint alone, the server's
// list is not read, another change that no hint names is not touched, and the
// whole cycle afterwards finds that one and nothing else.
func TestHintedArrives(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(r *rig, a string) Hint
		want   func(r *rig, a string) bool
	}{
		{"a title typed", func(r *rig, a string) Hint {
			r.edit(a, func(raw model.Raw) { raw.SetStr("description", "new") })
			return Hint{UUIDs: []string{a}}
		}, func(r *rig, a string) bool { return r.partner(a).Title == "new" }},
		{"a title clicked", func(r *rig, a string) Hint {
			r.web(r.partner(a), api.TaskPatch{Title: ptr("new")})
			return Hint{IDs: []int64{r.partner(a).ID}}
		}, func(r *rig, a string) bool { return r.tw.All()[a].Str("description") == "new" }},
		{"both at once", func(r *rig, a string) Hint {
			r.edit(a, func(raw model.Raw) { raw.SetStr("priority", "H") })
			r.web(r.partner(a), api.TaskPatch{Title: ptr("new")})
			return Hint{UUIDs: []string{a, a}, IDs: []int64{r.partner(a).ID}}
		}, func(r *rig, a string) bool {
			return r.tw.All()[a].Str("description") == "new" && r.partner(a).Priority == 3
		}},
		{"a task typed", func(r *rig, _ string) Hint {
			return Hint{UUIDs: []string{r.add(3, func(raw model.Raw) { raw.SetList("tags", []string{"new"}); raw.SetStr("project", "p.q") })}}
		}, func(r *rig, _ string) bool { return len(r.partner(fake.NewUUID(3)).LabelIDs) == 1 }},
		{"a task clicked", func(r *rig, _ string) Hint {
			id, _ := r.vk.CreateTask(context.Background(), api.TaskInput{ProjectID: 10, Title: "clicked"})
			return Hint{IDs: []int64{id}}
		}, func(r *rig, _ string) bool { return r.twByTitle("clicked").Str("project") == "p" }},
		{"a copy", func(r *rig, a string) Hint {
			return Hint{UUIDs: []string{r.add(3, func(raw model.Raw) { raw.SetStr(model.UDALink, r.tw.All()[a].Str(model.UDALink)) })}}
		}, func(r *rig, a string) bool { return r.partner(fake.NewUUID(3)).ID != r.partner(a).ID }},
		{"done and not", func(r *rig, a string) Hint {
			r.web(r.partner(a), api.TaskPatch{Done: ptr(true)})
			return Hint{IDs: []int64{r.partner(a).ID}}
		}, func(r *rig, a string) bool { return r.tw.All()[a].Str("status") == model.Completed }},
		{"a comment", func(r *rig, a string) Hint {
			r.tick(5 * time.Second)
			_, err := r.vk.CreateComment(context.Background(), r.partner(a).ID, "<p>said</p>")
			if err != nil {
				r.t.Fatal(err)
			}
			return Hint{IDs: []int64{r.partner(a).ID}}
		}, func(r *rig, a string) bool { return len(r.tw.All()[a].Annotations()) == 1 }},
		{"a new label", func(r *rig, a string) Hint {
			l, _ := r.vk.CreateLabel(context.Background(), "y")
			r.tick(5 * time.Second)
			r.vk.AddLabel(context.Background(), r.partner(a).ID, l.ID)
			return Hint{IDs: []int64{r.partner(a).ID}}
		}, func(r *rig, a string) bool { return slices.Equal(r.tw.All()[a].List("tags"), []string{"x", "y"}) }},
		{"a dependency on a task that is not read", func(r *rig, a string) Hint {
			c := r.add(4, nil)
			r.settle()
			r.edit(a, func(raw model.Raw) { raw.SetList("depends", []string{c}) })
			return Hint{UUIDs: []string{a}}
		}, func(r *rig, a string) bool {
			return slices.Equal(r.partner(a).Blocked, []int64{r.partner(fake.NewUUID(4)).ID})
		}},
		{"a deletion typed", func(r *rig, a string) Hint {
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
			return Hint{UUIDs: []string{a}}
		}, func(r *rig, a string) bool { return r.partner(a) == nil }},
		{"a deletion clicked", func(r *rig, a string) Hint {
			h := Hint{IDs: []int64{r.partner(a).ID}}
			delete(r.vk.TaskM, h.IDs[0])
			return h
		}, func(r *rig, a string) bool { return r.tw.All()[a].Str("status") == model.Deleted }},
		{"a deletion typed and clicked", func(r *rig, a string) Hint {
			c := r.add(4, nil)
			r.settle()
			delete(r.vk.TaskM, r.partner(c).ID)
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
			return Hint{UUIDs: []string{a, c}}
		}, func(r *rig, a string) bool {
			return r.partner(a) == nil && r.tw.All()[fake.NewUUID(4)].Str("status") == model.Deleted
		}},
		{"two new ones, one depends on the other", func(r *rig, _ string) Hint {
			d := r.add(4, nil)
			c := r.add(3, func(raw model.Raw) { raw.SetList("depends", []string{d}) })
			return Hint{UUIDs: []string{c, d}}
		}, func(r *rig, _ string) bool {
			return slices.Equal(r.partner(fake.NewUUID(3)).Blocked, []int64{r.partner(fake.NewUUID(4)).ID})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, a, b := both(t)
			h := tc.change(r, a)
			r.edit(b, func(raw model.Raw) { raw.SetStr("description", "unnamed") })
			scans := r.reads("scan")
			creates := len(r.vk.TaskM)
			for range 3 {
				rep := r.hinted(h)
				if rep.Whole != "" {
					t.Fatalf("it gives up: %s", rep.Whole)
				}
				if !rep.Again {
					break
				}
			}
			if !tc.want(r, a) {
				t.Fatalf("it did not arrive\n%s", r.dump())
			}
			if creates = max(0, len(r.vk.TaskM)-creates); *scans > creates {
				t.Errorf("%d scans for %d new tasks", *scans, creates)
			}
			if got := r.partner(b).Title; got != "task 2" {
				t.Errorf("the task that was not named is %q", got)
			}
			rep := r.cycle()
			if rep.WritesVK != 1 || rep.WritesTW != 0 || rep.Again || r.partner(b).Title != "unnamed" {
				t.Errorf("afterwards: %+v\n%s", rep, r.dump())
			}
		})
	}
}

// TestHintedGivesUp: what cannot be decided from a few tasks is left to a whole
// cycle, with nothing written to either side or to the state.
func TestHintedGivesUp(t *testing.T) {
	id := func(r *rig, u string) []int64 { return []int64{r.partner(u).ID} }
	put := func(r *rig, u string, fn func(p *store.Pair)) {
		r.st.Update(func(tx *store.Tx) error {
			p, err := tx.Pair(u)
			if err != nil {
				return err
			}
			fn(p)
			return tx.PutPair(p)
		})
	}
	meta := func(r *rig, fn func(m *store.Meta)) {
		r.st.Update(func(tx *store.Tx) error {
			m, err := tx.Meta()
			fn(&m)
			if err != nil {
				return err
			}
			return tx.PutMeta(m)
		})
	}
	repeat := func(r *rig, u string) *fake.Task {
		v := r.partner(u)
		r.web(v, api.TaskPatch{RepeatAfter: ptr(int64(86400)), Due: ptr(r.now.Add(time.Hour))})
		r.settle()
		return v
	}
	for _, tc := range []struct {
		why    string
		change func(r *rig, a string) Hint
	}{
		{"gone from Taskwarrior", func(r *rig, a string) Hint { r.tw.Purge(a); return Hint{UUIDs: []string{a}} }},
		{"gone from Taskwarrior", func(r *rig, a string) Hint { r.tw.Purge(a); return Hint{IDs: id(r, a)} }},
		{"a deletion meets a change", func(r *rig, a string) Hint {
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
			r.web(r.partner(a), api.TaskPatch{Title: ptr("new")})
			return Hint{UUIDs: []string{a}}
		}},
		{"a deletion meets a change", func(r *rig, a string) Hint {
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
			// a comment that the stamp of before does not tell
			r.vk.TaskM[id(r, a)[0]].Notes = []api.Comment{{ID: 7, Text: "<p>said</p>", AuthorID: 1, Created: r.now}}
			return Hint{UUIDs: []string{a}}
		}},
		{"and changed in Taskwarrior", func(r *rig, a string) Hint {
			r.edit(a, func(raw model.Raw) { raw.SetStr("description", "new") })
			h := Hint{IDs: id(r, a)}
			delete(r.vk.TaskM, h.IDs[0])
			return h
		}},
		{"and changed in Taskwarrior", func(r *rig, a string) Hint {
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
			delete(r.vk.TaskM, id(r, a)[0])
			return Hint{UUIDs: []string{a}}
		}},
		{"several deletions", func(r *rig, _ string) (h Hint) {
			for n := range fewest {
				h.UUIDs = append(h.UUIDs, r.add(10+n, nil))
			}
			for n := range 30 {
				r.add(20+n, nil)
			}
			r.settle()
			for _, u := range h.UUIDs {
				r.edit(u, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
			}
			return h
		}},
		{"several deletions", func(r *rig, a string) Hint {
			r.cfg.MaxDeletes = 1
			c := r.add(3, nil)
			r.settle()
			delete(r.vk.TaskM, id(r, a)[0])
			delete(r.vk.TaskM, id(r, c)[0])
			return Hint{UUIDs: []string{a, c}}
		}},
		{"another task names one", func(r *rig, a string) Hint {
			link := r.tw.All()[a].Str(model.UDALink)
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
			r.add(3, func(raw model.Raw) { raw.SetStr(model.UDALink, link) })
			return Hint{UUIDs: []string{a}}
		}},
		{"linked to another one", func(r *rig, a string) Hint {
			r.edit(a, func(raw model.Raw) { raw.SetStr(model.UDALink, "4711") })
			return Hint{UUIDs: []string{a}}
		}},
		{"older than the last agreement", func(r *rig, a string) Hint {
			r.tick(-time.Hour)
			r.tw.Edit(a, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
			r.tick(time.Hour)
			return Hint{UUIDs: []string{a}}
		}},
		{"a task is older than it was", func(r *rig, a string) Hint {
			c := r.add(3, nil)
			r.settle()
			last := r.partner(c)
			last.Updated = last.Updated.Add(-time.Hour)
			h := Hint{IDs: id(r, a)}
			delete(r.vk.TaskM, h.IDs[0])
			return h
		}},
		{"changed last cannot be read", func(r *rig, a string) Hint {
			c := r.add(3, nil)
			r.settle()
			h := Hint{IDs: id(r, a)}
			delete(r.vk.TaskM, h.IDs[0])
			delete(r.vk.TaskM, id(r, c)[0])
			return h
		}},
		{"nor its project", func(r *rig, a string) Hint {
			r.vk.ProjectM[10].Archived = true
			r.settle()
			h := Hint{IDs: id(r, a)}
			delete(r.vk.TaskM, h.IDs[0])
			return h
		}},
		{"nothing is left", func(r *rig, a string) Hint {
			put(r, fake.NewUUID(2), func(p *store.Pair) { p.Updated = "" })
			h := Hint{IDs: id(r, a)}
			delete(r.vk.TaskM, h.IDs[0])
			return h
		}},
		{"a task ended", func(r *rig, a string) Hint { // a deletion that was given up, and is one of both sides now
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
			put(r, a, func(p *store.Pair) { p.TW.Scalar[model.Status] = model.Deleted })
			h := Hint{IDs: id(r, a)}
			delete(r.vk.TaskM, h.IDs[0])
			return h
		}},
		{"a project is new", func(r *rig, a string) Hint {
			r.vk.CreateProject(context.Background(), "new", 0)
			return Hint{UUIDs: []string{a}}
		}},
		{"a project was", func(r *rig, a string) Hint { r.vk.NoAccess[10] = true; return Hint{UUIDs: []string{a}} }},
		{"a project was", func(r *rig, a string) Hint { r.vk.ProjectM[10].Title = "renamed"; return Hint{UUIDs: []string{a}} }},
		{"a project was", func(r *rig, a string) Hint { delete(r.vk.ProjectM, 10); return Hint{UUIDs: []string{a}} }},
		{"archived", func(r *rig, a string) Hint { r.vk.ProjectM[10].Archived = true; return Hint{UUIDs: []string{a}} }},
		{"a label was", func(r *rig, a string) Hint {
			for _, l := range r.vk.LabelM {
				l.Title = "renamed"
			}
			return Hint{UUIDs: []string{a}}
		}},
		{"a new label is no tag", func(r *rig, a string) Hint {
			r.vk.CreateLabel(context.Background(), "two words")
			return Hint{UUIDs: []string{a}}
		}},
		{"linked by its attribute alone", func(r *rig, _ string) Hint {
			id, _ := r.vk.CreateTask(context.Background(), api.TaskInput{ProjectID: 1, Title: "linked"})
			return Hint{UUIDs: []string{r.add(3, func(raw model.Raw) { raw.SetStr(model.UDALink, strconv.FormatInt(id, 10)) })}}
		}},
		{"names the new one", func(r *rig, _ string) Hint {
			id, _ := r.vk.CreateTask(context.Background(), api.TaskInput{ProjectID: 1, Title: "linked"})
			r.add(3, func(raw model.Raw) {
				raw.SetAnnotations([]model.Annotation{{Entry: "20270101T000000Z", Description: "vikunja_id: " + strconv.FormatInt(id, 10)}})
			})
			return Hint{IDs: []int64{id}}
		}},
		{"has the uuid of the new one", func(r *rig, _ string) Hint {
			id, _ := r.vk.CreateTask(context.Background(), api.TaskInput{ProjectID: 1, Title: "twin"})
			c := New(r.cfg, r.tw, r.vk, r.st).newCycle()
			r.tw.Edit(c.deriveUUID(&api.Task{ID: id}), func(model.Raw) {})
			return Hint{IDs: []int64{id}}
		}},
		{"the next occurrence", func(r *rig, a string) Hint {
			v := repeat(r, a)
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Completed) })
			if rep := r.hinted(Hint{UUIDs: []string{a}}); rep.Whole != "" || !rep.Again {
				r.t.Fatalf("completing: %+v", rep)
			}
			return Hint{UUIDs: []string{a}, IDs: []int64{v.ID}}
		}},
		{"had ended", func(r *rig, a string) Hint {
			repeat(r, a)
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Completed) })
			r.settle()
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Pending) })
			return Hint{UUIDs: []string{a}}
		}},
		{"had ended", func(r *rig, a string) Hint {
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
			r.settle()
			r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Pending) })
			return Hint{UUIDs: []string{a}}
		}},
		{"waits for something", func(r *rig, a string) Hint {
			put(r, a, func(p *store.Pair) { p.Missing = 1 })
			return Hint{UUIDs: []string{a}}
		}},
		{"waits for something", func(r *rig, a string) Hint {
			put(r, a, func(p *store.Pair) { p.Parked = "why" })
			return Hint{IDs: id(r, a)}
		}},
		{"waits for something", func(r *rig, a string) Hint {
			put(r, a, func(p *store.Pair) { p.Tries = map[string]int{"title": 1} })
			return Hint{UUIDs: []string{a}}
		}},
		{"detached", func(r *rig, a string) Hint {
			put(r, a, func(p *store.Pair) { p.State = store.Detached })
			return Hint{UUIDs: []string{a}}
		}},
		{"interrupted", func(r *rig, a string) Hint {
			put(r, a, func(p *store.Pair) { p.State = store.Importing })
			return Hint{UUIDs: []string{fake.NewUUID(2)}}
		}},
		{"unknown outcome", func(r *rig, a string) Hint {
			r.st.Begin(store.Intent{Kind: "comment", UUID: a, ID: id(r, a)[0]})
			return Hint{UUIDs: []string{fake.NewUUID(2)}}
		}},
		{"wait for a yes", func(r *rig, a string) Hint {
			meta(r, func(m *store.Meta) { m.Guard = &store.Guard{Side: "vikunja", Count: 9} })
			return Hint{UUIDs: []string{a}}
		}},
		{"rebuilt", func(r *rig, a string) Hint {
			meta(r, func(m *store.Meta) { m.Rebuilt = true })
			return Hint{UUIDs: []string{a}}
		}},
		{"many tasks", func(r *rig, a string) Hint {
			h := Hint{UUIDs: []string{a}}
			for n := range 2 * MaxHints {
				h.UUIDs = append(h.UUIDs, fake.NewUUID(100+n))
			}
			return h
		}},
	} {
		t.Run(tc.why, func(t *testing.T) {
			r, a, b := both(t)
			h := tc.change(r, a)
			r.edit(b, func(raw model.Raw) { raw.SetStr("description", "named too") })
			h.UUIDs = append(h.UUIDs, b)
			writes, stores := r.tw.Writes+r.vk.Writes, r.st.Writes
			rep := r.hinted(h)
			if !strings.Contains(rep.Whole, tc.why) {
				t.Fatalf("it says %q: %+v\n%s", rep.Whole, rep, r.dump())
			}
			if r.tw.Writes+r.vk.Writes != writes || r.st.Writes != stores || rep.WritesTW+rep.WritesVK != 0 {
				t.Errorf("it wrote: %+v", rep)
			}
		})
	}
}

// TestHintedWrong: names of what is not there are nothing to act on, and a hint
// for what has not changed writes nothing, not even to the state.
func TestHintedWrong(t *testing.T) {
	r, a, b := both(t)
	r.settle()
	template := r.add(5, func(raw model.Raw) { raw.SetStr("status", model.Recurring); raw.SetStr("due", "20270301T000000Z") })
	gone := r.add(6, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
	before, stores := r.tw.Writes+r.vk.Writes, r.st.Writes
	for _, h := range []Hint{
		{},
		{UUIDs: []string{a, b, a}, IDs: []int64{r.partner(b).ID, r.partner(b).ID}},
		{UUIDs: []string{fake.NewUUID(99), template, gone}, IDs: []int64{4711, 1 << 60}},
	} {
		if rep := r.hinted(h); rep.Whole != "" || rep.Again || rep.WritesTW+rep.WritesVK != 0 || len(rep.Problems) > 0 {
			t.Errorf("%v: %+v", h, rep)
		}
	}
	if r.tw.Writes+r.vk.Writes != before || r.st.Writes != stores {
		t.Errorf("something was written")
	}
}

// TestHintedDeleted: a deletion of our own, which comes back as a delivery, is
// nothing to look at.
func TestHintedDeleted(t *testing.T) {
	r, a, _ := both(t)
	ours := r.partner(a).ID
	r.edit(a, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
	r.settle()
	if r.partner(a) != nil {
		t.Fatalf("not deleted\n%s", r.dump())
	}
	stores := r.st.Writes
	if rep := r.hinted(Hint{IDs: []int64{ours}}); rep.Whole != "" || rep.WritesTW+rep.WritesVK != 0 || r.st.Writes != stores {
		t.Errorf("%+v", rep)
	}
}

// TestPostponed: a task that changed in Vikunja this second may get a comment
// yet. Its deletion waits until that is over, in either kind of cycle, and says
// until when; nothing else waits for it.
func TestPostponed(t *testing.T) {
	for _, kind := range []string{"hinted", "whole"} {
		t.Run(kind, func(t *testing.T) {
			r, a, b := both(t)
			run := func() *Report {
				t.Helper()
				e := New(r.cfg, r.tw, r.vk, r.st)
				cycle := func() (*Report, error) { return e.Cycle(context.Background(), Options{}) }
				if kind == "hinted" {
					cycle = func() (*Report, error) { return e.Hinted(context.Background(), Hint{UUIDs: []string{a, b}}) }
				}
				rep, err := cycle()
				if err != nil || rep.Whole != "" {
					t.Fatalf("%v %+v", err, rep)
				}
				return rep
			}
			r.web(r.partner(a), api.TaskPatch{Title: ptr("new")})
			run()
			id := r.partner(a).ID
			r.tw.Edit(a, func(raw model.Raw) { raw.SetStr("status", model.Deleted) })
			r.tw.Edit(b, func(raw model.Raw) { raw.SetStr("description", "new too") })
			rep := run()
			if r.vk.TaskM[id] == nil || !slices.Equal(rep.Later, []string{a}) || !rep.LaterAt.Equal(r.now.Truncate(time.Second).Add(overAfter)) || r.partner(b).Title != "new too" {
				t.Fatalf("%+v\n%s", rep, r.dump())
			}
			r.now = rep.LaterAt
			if rep = run(); r.vk.TaskM[id] != nil || len(rep.Later) > 0 {
				t.Fatalf("%+v\n%s", rep, r.dump())
			}
		})
	}
}

// TestHintedKeepsWaiting: what waits elsewhere is as it was after a hinted
// cycle: a task missed once is not counted again, a stopped deletion stays.
func TestHintedKeepsWaiting(t *testing.T) {
	r, a, b := both(t)
	r.tw.Purge(b)
	r.cycle()
	r.edit(a, func(raw model.Raw) { raw.SetStr("description", "new") })
	for range 5 {
		if rep := r.hinted(Hint{UUIDs: []string{a}}); rep.Whole != "" {
			t.Fatal(rep.Whole)
		}
	}
	if r.partner(b) == nil || r.partner(a).Title != "new" {
		t.Errorf("deleted after one whole cycle\n%s", r.dump())
	}
	r.settle()
	if len(r.vk.TaskM) != 1 {
		t.Errorf("the purged task is still there\n%s", r.dump())
	}
}

// TestHintedRestored: a server that came back from a backup shows an older task.
// That is no edit of anybody's, also where a hint is the first to look.
func TestHintedRestored(t *testing.T) {
	r, a, _ := both(t)
	v := r.partner(a)
	old := *v
	r.tick(2 * time.Hour)
	r.web(v, api.TaskPatch{Title: ptr("newer")})
	r.settle()
	r.tick(time.Hour)
	*v = old
	r.edit(a, func(raw model.Raw) { raw.SetStr("priority", "H") })
	if rep := r.hinted(Hint{UUIDs: []string{a}}); !strings.Contains(rep.Whole, "older") {
		t.Errorf("it went on: %+v", rep)
	}
	r.settle()
	if got := r.tw.All()[a].Str("description"); got != "newer" || r.partner(a).Title != "newer" || r.partner(a).Priority != 3 {
		t.Errorf("the title is %q\n%s", got, r.dump())
	}
}
