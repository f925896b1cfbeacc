// Package fake models both sides in memory, for tests of the engine.
//
// Tasks behaves as Taskwarrior's import, export and command line do, Server as
// Vikunja's API does where the engine can tell. Both follow the facts observed
// on the real programs; conformance tests hold Tasks to the real `task` and
// HTTP, which shows Server as the API, to recorded exchanges.
//
// Both take a Fault function that is asked before and after every call and may
// fail it, drop the answer, or run something in between (a user's edit, a
// crash). Everything else is deterministic.
//
// Non-goals: speed, and features the sync never touches.
package fake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"vikunja-sync/internal/model"
)

// Fault is asked at the points of a call: "before" (an error means that
// nothing happened) and "after" (an error means that the answer is lost).
type Fault func(side, call, point string) error

// Tasks is a Taskwarrior data folder.
type Tasks struct {
	mu    sync.Mutex
	m     map[string]model.Raw
	name  string
	Now   func() time.Time
	Fault Fault
	// Writes counts tasks that an import really changed.
	Writes int
	Size   int
	log    []change
	// Locked is set while the engine holds the lock: no user command runs.
	Locked bool
}

// change is one entry of the undo log.
type change struct {
	uuid string
	old  model.Raw // nil: it was added
}

// NewTasks makes an empty folder.
func NewTasks(now func() time.Time) *Tasks {
	return &Tasks{m: map[string]model.Raw{}, Now: now}
}

func (t *Tasks) fault(call, point string) error {
	if t.Fault == nil {
		return nil
	}
	return t.Fault("taskwarrior", call, point)
}

// Export implements engine.Tasks.
func (t *Tasks) Export(ctx context.Context, fn func(model.Raw) error) error {
	if err := t.fault("export", "before"); err != nil {
		return err
	}
	t.mu.Lock()
	keys := slices.Sorted(maps.Keys(t.m))
	var all []model.Raw
	for _, k := range keys {
		all = append(all, t.m[k].Clone())
	}
	t.mu.Unlock()
	for i, r := range all {
		if i == len(all)/2 {
			if err := t.fault("export", "after"); err != nil {
				return err
			}
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}

// Get implements engine.Tasks.
func (t *Tasks) Get(ctx context.Context, uuids []string) (map[string]model.Raw, error) {
	if err := t.fault("get", "before"); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[string]model.Raw{}
	for _, u := range uuids {
		if r, ok := t.m[u]; ok {
			out[u] = r.Clone()
		}
	}
	return out, nil
}

// Near implements engine.Tasks.
func (t *Tasks) Near(ctx context.Context, uuids []string, ids []int64) (map[string]model.Raw, error) {
	out, err := t.Get(ctx, uuids)
	if err != nil {
		return nil, err
	}
	for u, r := range t.All() {
		if id, err := strconv.ParseInt(model.LinkOf(r), 10, 64); err == nil && slices.Contains(ids, id) {
			out[u] = r
		}
	}
	return out, nil
}

// Import implements engine.Tasks: the whole task is replaced, modified is now.
func (t *Tasks) Import(ctx context.Context, tasks []model.Raw) error {
	if err := t.fault("import", "before"); err != nil {
		return err
	}
	for _, r := range tasks {
		if err := r.Validate(); err != nil {
			return errors.New("segmentation fault") // 2.6 stores nothing
		}
	}
	for _, r := range tasks {
		t.Put(r)
		if err := t.fault("import", "between"); err != nil {
			return err
		}
	}
	return t.fault("import", "after")
}

// Put stores one task as `task import` does; the user's edits use it too.
func (t *Tasks) Put(r model.Raw) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r = r.Clone()
	now := model.Stamp(t.Now())
	old := t.m[r.UUID()]
	if r.Str("entry") == "" {
		r.SetStr("entry", now)
		if old != nil {
			r.SetStr("entry", old.Str("entry"))
		}
	}
	switch st := r.Str("status"); {
	case st == "":
		r.SetStr("status", model.Pending)
	case (st == model.Completed || st == model.Deleted) && r.Str("end") == "":
		r.SetStr("end", now)
	case st == model.Pending:
		delete(r, "end")
	}
	r.SetList("tags", model.Set(r.List("tags")))
	r.SetList("depends", model.Set(r.List("depends")))
	r.SetAnnotations(spread(r.Annotations(), now))
	delete(r, "modified")
	if old != nil {
		same := old.Clone()
		delete(same, "modified")
		if equal(same, r) {
			return
		}
	}
	t.Writes++
	t.log = append(t.log, change{r.UUID(), old})
	r.SetStr("modified", now)
	t.m[r.UUID()] = r
}

func equal(a, b model.Raw) bool {
	return maps.EqualFunc(a, b, func(x, y json.RawMessage) bool { return string(x) == string(y) })
}

// spread moves an annotation whose second is taken.
func spread(as []model.Annotation, now string) []model.Annotation {
	seen := map[string]bool{}
	for i, a := range as {
		if a.Entry == "" {
			as[i].Entry = now
		}
		for seen[as[i].Entry] {
			as[i].Entry = model.Stamp(model.ParseStamp(as[i].Entry).Add(time.Second))
		}
		seen[as[i].Entry] = true
	}
	return as
}

// Lock implements engine.Tasks.
func (t *Tasks) Lock(context.Context) (func(), error) {
	if err := t.fault("lock", "before"); err != nil {
		return nil, err
	}
	t.Locked = true
	return func() { t.Locked = false }, nil
}

// IsLocked reports whether the engine holds the lock.
func (t *Tasks) IsLocked() bool { return t.Locked }

// Unlock frees the lock of an engine that was killed.
func (t *Tasks) Unlock() { t.Locked = false }

// Batch implements engine.Tasks.
func (t *Tasks) Batch() int {
	if t.Size > 0 {
		return t.Size
	}
	return 100
}

// Marker implements engine.Tasks.
func (t *Tasks) Marker(_ context.Context, set string) (string, error) {
	if set != "" {
		t.name = set
	}
	return t.name, nil
}

// Undo takes back the last change, an import's too, task by task; modified
// goes back with it. A task that was purged meanwhile stays away.
func (t *Tasks) Undo() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.log) == 0 {
		return
	}
	c := t.log[len(t.log)-1]
	t.log = t.log[:len(t.log)-1]
	switch {
	case t.m[c.uuid] == nil:
	case c.old == nil:
		delete(t.m, c.uuid)
	default:
		t.m[c.uuid] = c.old
	}
}

// All is a copy of everything.
func (t *Tasks) All() map[string]model.Raw {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[string]model.Raw{}
	for u, r := range t.m {
		out[u] = r.Clone()
	}
	return out
}

// Edit is a user's change of one task; an unknown uuid makes a new task.
func (t *Tasks) Edit(uuid string, fn func(model.Raw)) {
	r := t.All()[uuid]
	if r == nil {
		r = model.Raw{}
		r.SetStr("uuid", uuid)
		r.SetStr("description", "task "+uuid)
		r.SetStr("status", model.Pending)
	}
	fn(r)
	t.Put(r)
}

// Purge removes a task without a trace.
func (t *Tasks) Purge(uuid string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.m, uuid)
}

// NewUUID makes readable uuids for tests.
func NewUUID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }
