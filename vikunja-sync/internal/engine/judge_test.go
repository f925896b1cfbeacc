package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// finish brings both sides to rest without faults and judges.
func (w *world) finish() error {
	for range 25 {
		w.tick(10 * time.Second)
		rep, err := New(w.cfg, w.tasks, w.vk, w.st).Cycle(context.Background(), Options{})
		if err != nil {
			return fmt.Errorf("last cycles: %w", err)
		}
		w.note("cycle: %+v", *rep)
		if rep.WritesTW+rep.WritesVK == 0 && !rep.Again {
			return errors.Join(w.agree(), w.paid())
		}
	}
	return errors.New("no rest after 25 cycles")
}

// agree compares the sides without using the engine's codec.
func (w *world) agree() error {
	partners := map[string]int64{}
	w.st.View(func(t *store.Tx) error {
		return t.Pairs(func(p *store.Pair) error {
			if p.State == store.Live {
				partners[p.UUID] = p.ID
			}
			return nil
		})
	})
	var errs []error
	all := w.tasks.All()
	ids := map[int64]string{}
	for u, raw := range all {
		if raw.Str("status") == model.Deleted {
			if id := partners[u]; id != 0 {
				errs = append(errs, fmt.Errorf("%s is deleted, %d is not", u, id))
			}
			continue
		}
		id := partners[u]
		if w.vk.TaskM[id] == nil {
			errs = append(errs, fmt.Errorf("%s has no partner (%d)", u, id))
			continue
		}
		ids[id] = u
	}
	for id := range w.vk.TaskM {
		if ids[id] == "" {
			errs = append(errs, fmt.Errorf("vk %d %q has no partner", id, w.vk.TaskM[id].Title))
		}
	}
	titles := map[string]int64{}
	for id, t := range w.vk.TaskM {
		if other := titles[t.Title]; other != 0 {
			errs = append(errs, fmt.Errorf("vk %d and %d are the same task %q", id, other, t.Title))
		}
		titles[t.Title] = id
	}
	for id, u := range ids {
		a, b := model.FromRaw(all[u]), w.seeVK(w.vk.TaskM[id])
		for _, f := range []model.Field{model.Title, model.Status, model.Project, model.Priority, model.Due, model.Notes} {
			if a.Scalar[f] != b.Scalar[f] {
				errs = append(errs, fmt.Errorf("%s/%d: %s is %q and %q", u, id, f, a.Scalar[f], b.Scalar[f]))
			}
		}
		var deps []string
		for _, d := range w.vk.TaskM[id].Blocked {
			if o := ids[d]; o != "" {
				deps = append(deps, o)
			}
		}
		var want []string
		for _, d := range a.Depends {
			if partners[d] != 0 && ids[partners[d]] != "" {
				want = append(want, d)
			}
		}
		if !slices.Equal(model.Set(deps), model.Set(want)) {
			errs = append(errs, fmt.Errorf("%s/%d: depends %v and %v", u, id, want, deps))
		}
		if !slices.Equal(a.Tags, b.Tags) || !slices.Equal(texts(a), texts(b)) {
			errs = append(errs, fmt.Errorf("%s/%d: tags %v and %v, comments %v and %v", u, id, a.Tags, b.Tags, texts(a), texts(b)))
		}
		if strings.HasPrefix(u, "00000000") && all[u].Str("custom") == "" && !w.purged[u] {
			errs = append(errs, fmt.Errorf("%s lost its own attribute", u))
		}
	}
	return errors.Join(errs...)
}

func texts(s model.Snapshot) []string {
	var out []string
	for _, k := range s.Comments {
		out = append(out, k.Text)
	}
	slices.Sort(out) // doubles count
	return out
}

// paid checks that nothing owed is missing.
func (w *world) paid() error {
	lost := map[string]bool{}
	for _, k := range w.conflicts() {
		val := k.Lost
		switch k.Field {
		case "priority":
			if n, err := strconv.ParseInt(val, 10, 64); err == nil {
				val = model.PriorityToTW(n)
			}
		case "project":
			if id, path := splitProject(val); id != 0 {
				val = path
			}
		case "notes":
			val = model.NotesText(val)
		case "tags":
			lost[k.UUID+" tags"] = true
		}
		lost[k.UUID+" "+k.Field+" "+val] = true
	}
	for id := range w.vk.TaskM {
		w.keyVK(id)
	}
	all := w.tasks.All()
	var errs []error
	for key, fields := range w.owed {
		if id, ok := strings.CutPrefix(key, "vk "); ok {
			n, _ := strconv.ParseInt(id, 10, 64)
			key = w.keyVK(n)
			if w.vk.TaskM[n] == nil && strings.HasPrefix(key, "vk") {
				continue // made and deleted in the web page alone
			}
		}
		if all[key] == nil { // gone on both sides, as agree has checked
			delete(fields["status"], "purged")
			delete(fields["status"], model.Deleted)
		}
		now := model.FromRaw(all[key])
		for field, vals := range fields {
			for val := range vals {
				if !stands(now, field, val) && !lost[key+" "+field+" "+val] && !(strings.HasPrefix(field, "tag") && lost[key+" tags"]) {
					errs = append(errs, fmt.Errorf("%s: %s %q is lost without a word", key, field, val))
				}
			}
		}
	}
	return errors.Join(errs...)
}

func stands(now model.Snapshot, field, val string) bool {
	if f, ok := model.ParseField(field); ok {
		return now.Scalar[f] == val
	}
	if e, ok := strings.CutPrefix(field, "tag "); ok {
		return strconv.FormatBool(slices.Contains(now.Tags, e)) == val
	}
	return slices.ContainsFunc(now.Comments, func(k model.Comment) bool { return k.Text == val })
}
