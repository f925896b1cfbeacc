package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/fake"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// rig is an engine between two models, with a clock that tests move.
type rig struct {
	t   testing.TB
	now time.Time
	tw  *fake.Tasks
	vk  *fake.Server
	st  *store.Store
	cfg Config
	dir string
}

func newRig(t testing.TB) *rig {
	r := &rig{t: t, now: time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC), dir: t.TempDir()}
	clock := func() time.Time { return r.now }
	r.tw, r.vk = fake.NewTasks(clock), fake.NewServer(clock)
	r.cfg = Config{Server: "https://vikunja.example", Now: clock}
	r.open()
	t.Cleanup(func() { r.st.Close() })
	return r
}

func (r *rig) open() {
	st, err := store.Open(filepath.Join(r.dir, "state.db"), store.Options{NoSync: true})
	if err != nil {
		r.t.Fatal(err)
	}
	r.st = st
}

// restart drops everything that is only in memory.
func (r *rig) restart() {
	r.st.Close()
	r.open()
}

func (r *rig) tick(d time.Duration) { r.now = r.now.Add(d) }

// cycle runs one; the clock moves so that nothing stays hot.
func (r *rig) cycle() *Report {
	r.t.Helper()
	r.tick(10 * time.Second)
	rep, err := New(r.cfg, r.tw, r.vk, r.st).Cycle(context.Background(), Options{})
	if err != nil {
		r.t.Fatalf("cycle: %v", err)
	}
	return rep
}

// settle runs cycles until one has nothing to write on either side.
func (r *rig) settle() *Report {
	r.t.Helper()
	for i := 0; i < 12; i++ {
		if rep := r.cycle(); rep.Rests() {
			return rep
		}
	}
	r.t.Fatalf("no rest after 12 cycles\n%s", r.dump())
	return nil
}

func (r *rig) add(n int, fn func(model.Raw)) string {
	u := fake.NewUUID(n)
	r.tw.Edit(u, func(raw model.Raw) {
		raw.SetStr("description", fmt.Sprint("task ", n))
		if fn != nil {
			fn(raw)
		}
	})
	return u
}

// vkTask finds the partner of a uuid.
func (r *rig) partner(u string) *fake.Task {
	r.t.Helper()
	var id int64
	r.st.View(func(t *store.Tx) error {
		if p, _ := t.Pair(u); p != nil {
			id = p.ID
		}
		return nil
	})
	return r.vk.TaskM[id]
}

// twByTitle finds the only Taskwarrior task of a title that is not deleted.
func (r *rig) twByTitle(title string) model.Raw {
	r.t.Helper()
	var found []model.Raw
	for _, raw := range r.tw.All() {
		if raw.Str("description") == title && raw.Str("status") != model.Deleted {
			found = append(found, raw)
		}
	}
	if len(found) != 1 {
		r.t.Fatalf("%d Taskwarrior tasks have the title %q\n%s", len(found), title, r.dump())
	}
	return found[0]
}

func (r *rig) edit(u string, fn func(model.Raw)) {
	r.tick(5 * time.Second)
	r.tw.Edit(u, fn)
}

// web is a change in the web page.
func (r *rig) web(t *fake.Task, p api.TaskPatch) {
	r.tick(5 * time.Second)
	r.vk.Change(t, p)
}

func (r *rig) conflicts() []store.Conflict {
	var out []store.Conflict
	r.st.View(func(t *store.Tx) (err error) { out, err = t.Conflicts(); return err })
	return out
}

func (r *rig) dump() string {
	var lines []string
	for u, raw := range r.tw.All() {
		lines = append(lines, fmt.Sprintf("tw %s %s %q project=%q prio=%q due=%s tags=%v deps=%v link=%s notes=%q ann=%v", u[24:], raw.Str("status"),
			raw.Str("description"), raw.Str("project"), raw.Str("priority"), raw.Str("due"), raw.List("tags"), raw.List("depends"), raw.Str(model.UDALink), raw.Str(model.UDANotes), raw.Annotations()))
	}
	for id, t := range r.vk.TaskM {
		lines = append(lines, fmt.Sprintf("vk %d done=%v %q project=%d prio=%d due=%s labels=%v blocked=%v html=%q notes=%v", id, t.Done, t.Title, t.ProjectID, t.Priority, model.Stamp(t.Due), t.LabelIDs, t.Blocked, t.Description, t.Notes))
	}
	sort.Strings(lines)
	r.st.View(func(t *store.Tx) error {
		return t.Pairs(func(p *store.Pair) error {
			lines = append(lines, fmt.Sprintf("pair %s %d %s tries=%v parked=%s\n   tw %q %v\n   vk %q %v links=%v", p.UUID[24:], p.ID, p.State, p.Tries, p.Parked, p.TW.Scalar, p.TW.Tags, p.VK.Scalar, p.VK.Tags, p.Links))
			return nil
		})
	})
	return strings.Join(lines, "\n")
}

func ptr[T any](v T) *T { return &v }
