package engine

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"vikunja-sync/internal/fake"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/taskwarrior"
)

// realTasks is the true Taskwarrior with the same points of failure as the
// model.
type realTasks struct {
	*taskwarrior.Client
	t      testing.TB
	fault  fake.Fault
	locked func()
}

func newReal(t testing.TB, fault fake.Fault) *realTasks {
	bin := os.Getenv("VIKUNJA_SYNC_TASK")
	if bin == "" {
		bin = "task"
	}
	bin, err := exec.LookPath(bin)
	if err != nil {
		if os.Getenv("NIXGEN_REQUIRE_TASKWARRIOR") == "1" {
			t.Fatal(err)
		}
		t.Skipf("skipped: no Taskwarrior on this machine (%v)", err)
	}
	dir := t.TempDir()
	rc := filepath.Join(dir, "rc")
	if err := os.WriteFile(rc, []byte("data.location="+dir+"/data\nhooks=off\nverbose=nothing\nconfirmation=off\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	return &realTasks{Client: &taskwarrior.Client{Bin: bin, Env: []string{"TASKRC=" + rc, "HOME=" + dir}}, t: t, fault: fault}
}

func (r *realTasks) at(call, point string) error {
	if r.fault == nil {
		return nil
	}
	return r.fault("taskwarrior", call, point)
}

func (r *realTasks) Export(ctx context.Context, fn func(model.Raw) error) error {
	if err := r.at("export", "before"); err != nil {
		return err
	}
	return r.Client.Export(ctx, fn)
}

func (r *realTasks) Get(ctx context.Context, uuids []string) (map[string]model.Raw, error) {
	if err := r.at("get", "before"); err != nil {
		return nil, err
	}
	return r.Client.Get(ctx, uuids)
}

func (r *realTasks) Near(ctx context.Context, uuids []string, ids []int64) (map[string]model.Raw, error) {
	if err := r.at("get", "before"); err != nil {
		return nil, err
	}
	return r.Client.Near(ctx, uuids, ids)
}

func (r *realTasks) Import(ctx context.Context, tasks []model.Raw) error {
	if err := r.at("import", "before"); err != nil {
		return err
	}
	if err := r.Client.Import(ctx, tasks); err != nil {
		return err
	}
	return r.at("import", "after")
}

func (r *realTasks) Lock(ctx context.Context) (func(), error) {
	if err := r.at("lock", "before"); err != nil {
		return nil, err
	}
	unlock, err := r.Client.Lock(ctx)
	if err != nil {
		return nil, err
	}
	r.locked = unlock
	return r.Unlock, nil
}

func (r *realTasks) IsLocked() bool { return r.locked != nil }

func (r *realTasks) Unlock() {
	if r.locked != nil {
		r.locked()
		r.locked = nil
	}
}

func (r *realTasks) Batch() int { return 3 }

func (r *realTasks) All() map[string]model.Raw {
	out := map[string]model.Raw{}
	if err := r.Client.Export(context.Background(), func(x model.Raw) error { out[x.UUID()] = x; return nil }); err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *realTasks) Put(x model.Raw) {
	if err := r.Client.Import(context.Background(), []model.Raw{x}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *realTasks) Purge(uuid string) {
	got, err := r.Client.Get(context.Background(), []string{uuid})
	if err != nil || got[uuid] == nil {
		r.t.Fatal(err)
	}
	got[uuid].SetStr("status", model.Deleted)
	r.Put(got[uuid])
	cmd := exec.Command(r.Bin, uuid, "purge")
	cmd.Env = append(os.Environ(), r.Env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("purge: %v: %s", err, out)
	}
}

func (r *realTasks) Undo() {
	cmd := exec.Command(r.Bin, "rc.confirmation=off", "rc.hooks=off", "rc.verbose=nothing", "undo")
	cmd.Env = append(os.Environ(), r.Env...)
	if out, err := cmd.CombinedOutput(); err != nil && !strings.Contains(string(out), "no ") {
		r.t.Logf("undo: %v: %s", err, out)
	}
}

// TestRandomReal plays 3 seeds of 300 steps with the real Taskwarrior.
func TestRandomReal(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 40
	}
	for seed := 1; seed <= 3; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, makePolicy(uint64(seed)))
			w.tasks = newReal(t, w.fault)
			if _, err := playIn(w, makeSteps(uint64(1000+seed), n)); err != nil {
				t.Errorf("%v\n%s", err, strings.Join(w.trace[max(0, len(w.trace)-60):], "\n"))
			}
		})
	}
}

// TestTasksModel holds the model of Taskwarrior to the real one: the same
// imports and undos give the same tasks.
func TestTasksModel(t *testing.T) {
	real, mod := newReal(t, nil), fake.NewTasks(newRig(t).cfg.Now)
	u := fake.NewUUID(1)
	base := func(fn func(model.Raw)) model.Raw {
		r := model.Raw{}
		r.SetStr("uuid", u)
		r.SetStr("status", "pending")
		r.SetStr("description", "d")
		r.SetStr("entry", "20260101T000000Z")
		fn(r)
		return r
	}
	for i, x := range []model.Raw{
		base(func(r model.Raw) {}),
		base(func(r model.Raw) { r.SetList("tags", []string{"b", "a", "a"}); r.SetStr("orphan", "x") }),
		base(func(r model.Raw) { r.SetStr("project", "p.q"); r.SetStr("due", "20270101T000000Z") }), // tags and orphan go
		base(func(r model.Raw) { r.SetStr("status", "completed"); r.SetStr("end", "20260201T000000Z") }),
		base(func(r model.Raw) { r.SetStr("status", "pending"); r.SetStr("end", "20260201T000000Z") }), // end goes
		base(func(r model.Raw) {
			r.SetAnnotations([]model.Annotation{{Entry: "20260101T000000Z", Description: "one"}, {Entry: "20260101T000000Z", Description: "two"}})
		}),
		base(func(r model.Raw) { r.SetList("depends", []string{fake.NewUUID(3), fake.NewUUID(2)}) }),
		base(func(r model.Raw) { r.SetStr(model.UDANotes, "a\n\n- b") }),
	} {
		real.Put(x)
		mod.Put(x)
		if d := cmp.Diff(plainly(mod.All()[u]), plainly(real.All()[u])); d != "" {
			t.Errorf("import %d: model and real differ:\n%s", i, d)
		}
	}
	for i := range 3 {
		real.Undo()
		mod.Undo()
		if d := cmp.Diff(plainly(mod.All()[u]), plainly(real.All()[u])); d != "" {
			t.Errorf("undo %d: model and real differ:\n%s", i, d)
		}
	}
	real.Purge(u)
	if len(real.All()) != 0 {
		t.Error("purged, but exported")
	}
}

// TestNear: the filter finds whatever names a task of Vikunja, in any state and
// spelling that is read as a link, and nothing else comes back.
func TestNear(t *testing.T) {
	real, mod := newReal(t, nil), fake.NewTasks(newRig(t).cfg.Now)
	for i, fn := range []func(model.Raw){
		func(r model.Raw) {},
		func(r model.Raw) { r.SetStr(model.UDALink, "77") },
		func(r model.Raw) { r.SetStr(model.UDALink, "077") },
		func(r model.Raw) { r.SetStr(model.UDALink, "770") },
		func(r model.Raw) { r.SetStr(model.UDALink, "7") },
		func(r model.Raw) { r.SetStr(model.UDALink, "77"); r.SetStr("status", model.Deleted) },
		func(r model.Raw) { r.SetStr(model.UDALink, "77"); r.SetStr("status", model.Completed) },
		func(r model.Raw) { note(r, "vikunja_id:77") },
		func(r model.Raw) { note(r, "  vikunja_id:   77 ") },
		func(r model.Raw) { note(r, "see vikunja_id:77") },
		func(r model.Raw) { note(r, "vikunja_id:77"); r.SetStr(model.UDALink, "5") },
		func(r model.Raw) { note(r, "vikunja_id:9"); r.SetStr("status", model.Completed) },
		func(r model.Raw) { r.SetStr("description", "vikunja_id:77") },
	} {
		r := model.Raw{}
		r.SetStr("uuid", fake.NewUUID(i+1))
		r.SetStr("status", model.Pending)
		r.SetStr("description", "d")
		r.SetStr("entry", "20260101T000000Z")
		fn(r)
		real.Put(r)
		mod.Put(r)
	}
	for _, tc := range []struct {
		uuids []string
		ids   []int64
		want  int
	}{
		{nil, []int64{77}, 6},
		{[]string{fake.NewUUID(1), fake.NewUUID(2), fake.NewUUID(99)}, []int64{77, 9}, 8},
		{[]string{fake.NewUUID(1)}, nil, 1},
		{nil, nil, 0},
	} {
		got, err := real.Near(t.Context(), tc.uuids, tc.ids)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := mod.Near(t.Context(), tc.uuids, tc.ids)
		if a, b := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(a, b) || len(a) != tc.want {
			t.Errorf("%v %v: %v, the model says %v", tc.uuids, tc.ids, a, b)
		}
	}
}

func note(r model.Raw, text string) {
	r.SetAnnotations([]model.Annotation{{Entry: "20260101T000000Z", Description: text}})
}

// plainly leaves out what depends on the clock and on display.
func plainly(r model.Raw) map[string]string {
	out := map[string]string{}
	for k := range r {
		switch k {
		case "id", "urgency", "modified":
		case "tags", "depends":
			out[k] = strings.Join(model.Set(r.List(k)), " ")
		case "annotations":
			out[k] = fmt.Sprint(r.Annotations())
		default:
			out[k] = r.Str(k)
		}
	}
	return out
}
