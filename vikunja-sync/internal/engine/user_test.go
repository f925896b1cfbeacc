package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// What users do in Taskwarrior, and what the book says of it.

func userUUID(seed uint64) string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", seed&0xffffffffffff)
}

// fromRaw is a task as the user sees it.
func fromRaw(raw model.Raw) model.Snapshot {
	if raw == nil {
		return model.Snapshot{}
	}
	return model.FromRaw(raw)
}

func (w *world) addTW(seed uint64, change func(model.Raw)) {
	u, title := userUUID(seed), value(seed)
	if w.tasks.All()[u] != nil {
		return
	}
	r := model.Raw{}
	r.SetStr("uuid", u)
	r.SetStr("status", model.Pending)
	r.SetStr("description", title)
	r.SetStr("custom", title)
	if change != nil {
		change(r)
	}
	w.tasks.Put(r)
	if r.Str("status") == model.Recurring {
		w.own[u] = w.tasks.All()[u]
		return
	}
	w.diff(u, model.Snapshot{}, fromRaw(w.tasks.All()[u]), model.Snapshot{}, false)
	w.owed.forgive(u, "status", model.Pending)
}

func (w *world) editTW(what string, rng *rand.Rand, seed uint64) {
	switch what {
	case "add":
		w.addTW(seed, nil)
		return
	case "recur":
		w.recur(seed)
		return
	case "undo":
		w.undo()
		return
	case "forget":
		w.forget(rng)
		return
	}
	all := w.tasks.All()
	alive := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(u string) bool {
		st := all[u].Str("status")
		return st == model.Deleted || st == model.Recurring
	})
	u, ok := w.pick(rng, alive, func(u string) string { return all[u].Str("description") })
	if !ok {
		return
	}
	raw := all[u]
	if id, err := strconv.ParseInt(raw.Str(model.UDALink), 10, 64); err == nil && w.keyVK(id) == u {
		w.unify(u, id)
	}
	switch what {
	case "purge":
		w.purge(u, raw)
		return
	case "duplicate":
		w.addTW(seed, func(r model.Raw) { w.duplicate(r, raw) })
		return
	}
	before := fromRaw(raw)
	if !w.changeTW(raw, what, rng, seed, alive) {
		return
	}
	p := w.pair(u, 0)
	base := model.Snapshot{}
	if p != nil {
		base = p.TW
	}
	if what == "delete" {
		w.dropped(u, before)
	}
	w.tasks.Put(raw)
	w.diff(u, before, fromRaw(w.tasks.All()[u]), base, p != nil)
}

// changeTW makes one change; false: there is nothing to change.
func (w *world) changeTW(raw model.Raw, what string, rng *rand.Rand, seed uint64, alive []string) bool {
	switch what {
	case "title":
		raw.SetStr("description", value(seed))
	case "notes":
		raw.SetStr(model.UDANotes, value(seed))
	case "priority":
		raw.SetStr("priority", oneOf(rng, "", "L", "M", "H"))
	case "due":
		if raw.Str("recur") != "" { // must have one
			return false
		}
		raw.SetStr("due", oneOf(rng, "", model.Stamp(day(2028, seed)), model.Stamp(day(2028, seed))))
	case "start":
		raw.SetStr("scheduled", model.Stamp(day(2026, seed)))
	case "end":
		raw.SetStr(model.UDAEnd, model.Stamp(day(2030, seed)))
	case "project":
		raw.SetStr("project", oneOf(rng, "", "p0", "p1", "p2", "p2.p3", "new", "new.deep", w.anyPath(rng)))
	case "status":
		raw.SetStr("status", map[string]string{model.Pending: model.Completed, model.Completed: model.Pending}[raw.Str("status")])
	case "delete":
		raw.SetStr("status", model.Deleted)
	case "tag":
		toggle(raw, "tags", oneOf(rng, "a", "b", "c:d", "é"))
	case "depends":
		other, _ := w.pick(rng, alive, nil)
		if other == raw.UUID() {
			return false
		}
		toggle(raw, "depends", other)
	default:
		return w.changeNotes(raw, what, rng, seed)
	}
	return true
}

// changeNotes changes annotations; those of other accounts are left alone.
func (w *world) changeNotes(raw model.Raw, what string, rng *rand.Rand, seed uint64) bool {
	as := raw.Annotations()
	if what == "annotate" {
		at := model.Stamp(w.tw.Now())
		raw.SetAnnotations(append(as, model.Annotation{Entry: at, Description: value(seed)}))
		return true
	}
	var mine []int
	for i, a := range as {
		if !strings.Contains(a.Description, ": ") {
			mine = append(mine, i)
		}
	}
	if len(mine) == 0 {
		return false
	}
	i := oneOf(rng, mine...)
	if what == "denotate" {
		as = slices.Delete(as, i, i+1)
	} else {
		as[i].Description = value(seed)
	}
	raw.SetAnnotations(as)
	return true
}

func toggle(raw model.Raw, key, val string) {
	l := raw.List(key)
	if i := slices.Index(l, val); i >= 0 {
		raw.SetList(key, slices.Delete(l, i, i+1))
		return
	}
	raw.SetList(key, append(l, val))
}

// purge removes a task without a trace.
func (w *world) purge(u string, raw model.Raw) {
	w.dropped(u, fromRaw(raw))
	w.note("  %s purged", u)
	w.purged[u] = true
	w.tasks.Purge(u)
	w.gone(u)
}

func (w *world) gone(u string) {
	if p := w.pair(u, 0); p != nil && p.State == store.Live {
		w.owed.owe(u, "status", "purged")
	}
}

// forget purges tasks that were deleted, as users do now and then.
func (w *world) forget(rng *rand.Rand) {
	all := w.tasks.All()
	for _, u := range slices.Sorted(maps.Keys(all)) {
		if all[u].Str("status") == model.Deleted && rng.IntN(4) > 0 {
			w.purge(u, all[u])
		}
	}
}

// duplicate copies what `task duplicate` copies: all but the times and the
// state, the link too.
func (w *world) duplicate(r, from model.Raw) {
	for k, v := range from {
		switch k {
		case "uuid", "status", "entry", "end", "modified", "id", "urgency", "start", "custom", "description":
		default:
			r[k] = v
		}
	}
}

// recur makes a template, which stays here, and one instance.
func (w *world) recur(seed uint64) {
	parent := userUUID(seed + 1)
	due := model.Stamp(day(2028, seed))
	w.addTW(seed+1, func(r model.Raw) {
		for k, v := range map[string]string{"status": model.Recurring, "due": due, "recur": "daily", "rtype": "periodic", "mask": "-"} {
			r.SetStr(k, v)
		}
	})
	w.addTW(seed, func(r model.Raw) {
		for k, v := range map[string]string{"due": due, "recur": "daily", "rtype": "periodic", "parent": parent} {
			r.SetStr(k, v)
		}
		r["imask"] = json.RawMessage("0")
	})
}

// undo takes back whatever came last, the engine's imports too.
func (w *world) undo() {
	before := w.tasks.All()
	w.tasks.Undo()
	after := w.tasks.All()
	for _, u := range slices.Sorted(maps.Keys(before)) {
		p := w.pair(u, 0)
		base := model.Snapshot{}
		if p != nil {
			base = p.TW
			w.keyVK(p.ID)
		}
		a, b := fromRaw(before[u]), fromRaw(after[u])
		switch {
		case after[u] == nil:
			w.dropped(u, a)
			w.note("  %s undone", u)
			w.purged[u] = true
			delete(w.own, u)
			w.gone(u)
		case w.own[u] == nil:
			if b.Scalar[model.Status] == model.Deleted && a.Scalar[model.Status] != model.Deleted {
				w.dropped(u, a)
			}
			w.diff(u, a, b, base, p != nil)
		}
	}
}
