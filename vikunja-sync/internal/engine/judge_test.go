package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// finish brings both sides to rest without faults and judges.
func (w *world) finish() error {
	w.vk.Deliver()
	w.late = nil
	for _, p := range w.vk.ProjectM {
		p.Archived = false
	}
	for range 30 {
		w.tick(20 * time.Second)
		rep, err := New(w.cfg, w.tasks, w.vk, w.st).Cycle(context.Background(), Options{})
		if err != nil {
			return fmt.Errorf("last cycles: %w", err)
		}
		w.note("cycle: %+v", *rep)
		w.usersWords()
		w.reported = map[string]bool{}
		for _, p := range rep.Problems {
			w.reported[p.UUID] = true
		}
		w.sayYes(rep)
		if rep.Rests() && rep.Guard == nil {
			return errors.Join(w.agree(), w.paid())
		}
	}
	return errors.New("no rest after 30 cycles")
}

// pairs reads the whole state.
func (w *world) pairs() map[string]*store.Pair {
	out := map[string]*store.Pair{}
	w.st.View(func(t *store.Tx) error {
		return t.Pairs(func(p *store.Pair) error { out[p.UUID] = p; return nil })
	})
	return out
}

// agree compares the sides without using the engine's codec.
func (w *world) agree() error {
	pairs := w.pairs()
	var errs []error
	all := w.tasks.All()
	ids := map[int64]string{}
	for _, u := range slices.Sorted(maps.Keys(all)) {
		p := pairs[u]
		switch st := all[u].Str("status"); {
		case st == model.Recurring:
			if p != nil || fmt.Sprint(template(all[u])) != fmt.Sprint(template(w.own[u])) {
				errs = append(errs, fmt.Errorf("%s is a template and was touched", u))
			}
		case st == model.Deleted:
			if p != nil && p.State == store.Live {
				errs = append(errs, fmt.Errorf("%s is deleted, %d is not", u, p.ID))
			}
		case p != nil && p.State == store.Closed:
			if st != model.Completed {
				errs = append(errs, fmt.Errorf("%s is %s, but its pair is closed", u, st))
			}
		case p == nil && w.reported[u]: // it names a task that cannot be found: the user was asked
		case p == nil || p.State != store.Live || w.vk.TaskM[p.ID] == nil:
			errs = append(errs, fmt.Errorf("%s has no partner (%+v)", u, p))
		default:
			ids[p.ID] = u
		}
	}
	w.endings()
	for u, ids := range w.numbers { // what was reopened ended before
		for _, id := range ids[:len(ids)-1] {
			w.ended[fmt.Sprint(u, " ", id)] = true
		}
	}
	if w.rolls > len(w.ended) {
		errs = append(errs, fmt.Errorf("repeating tasks were completed %d times for %d occurrences", w.rolls, len(w.ended)))
	}
	titles := map[string]int64{}
	for _, id := range slices.Sorted(maps.Keys(w.vk.TaskM)) {
		t := w.vk.TaskM[id]
		if ids[id] == "" {
			errs = append(errs, fmt.Errorf("vk %d %q has no partner", id, t.Title))
		}
		if other := titles[t.Title]; other != 0 && !w.repeated(id) && !w.repeated(other) {
			errs = append(errs, fmt.Errorf("vk %d and %d are the same task %q", id, other, t.Title))
		}
		titles[t.Title] = id
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		errs = append(errs, w.alike(id, ids[id], all[ids[id]], ids, pairs)...)
	}
	return errors.Join(append(errs, w.oneEach()...)...)
}

// template leaves out what Taskwarrior itself changes when instances end.
func template(r model.Raw) map[string]string {
	out := plainly(r)
	delete(out, "mask")
	return out
}

// repeated reports a task one of whose occurrences ended: when that one is
// reopened, it is a task of its own. It may have had another number then.
func (w *world) repeated(id int64) bool {
	w.keyVK(id)
	ids := []int64{id}
	for _, u := range w.shared[id] {
		ids = append(ids, w.numbers[u]...)
	}
	for key := range w.ended {
		_, num, _ := strings.Cut(key, " ")
		if n, _ := strconv.ParseInt(num, 10, 64); slices.Contains(ids, n) {
			return true
		}
	}
	return false
}

// alike compares one pair field by field.
func (w *world) alike(id int64, u string, raw model.Raw, ids map[int64]string, pairs map[string]*store.Pair) (errs []error) {
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s/%d: "+format, append([]any{u, id}, args...)...))
	}
	a, b := model.FromRaw(raw), w.seeVK(w.vk.TaskM[id])
	for i, k := range w.vk.TaskM[id].Notes { // another account's, removed or changed here alone
		for _, l := range pairs[u].Links {
			if l.VK == fmt.Sprint(k.ID) && k.AuthorID != w.vk.MeUser.ID && (l.Hidden || l.TWText != l.VKText) {
				b.Comments[i].Text = ""
				a.Comments = slices.DeleteFunc(a.Comments, func(c model.Comment) bool { return c.ID == l.TW })
			}
		}
	}
	b.Comments = slices.DeleteFunc(b.Comments, func(k model.Comment) bool { return k.Text == "" })
	for f := range model.NumFields {
		if a.Scalar[f] != b.Scalar[f] {
			bad("%s is %q and %q", f, a.Scalar[f], b.Scalar[f])
		}
	}
	var deps, want []string
	for _, d := range w.vk.TaskM[id].Blocked {
		if o := ids[d]; o != "" {
			deps = append(deps, o)
		}
	}
	for _, d := range a.Depends {
		if p := pairs[d]; p != nil && p.State == store.Live && ids[p.ID] != "" {
			want = append(want, d)
		}
	}
	if !slices.Equal(model.Set(deps), model.Set(want)) {
		bad("depends %v and %v", want, deps)
	}
	if !slices.Equal(a.Tags, b.Tags) || !slices.Equal(texts(a), texts(b)) {
		bad("tags %v and %v, comments %v and %v", a.Tags, b.Tags, texts(a), texts(b))
	}
	if strings.HasPrefix(u, "00000000") && raw.Str("custom") == "" && !w.purged[u] {
		bad("lost its own attribute")
	}
	if raw.Str(model.UDALink) != fmt.Sprint(id) {
		bad("the link is %q", raw.Str(model.UDALink))
	}
	return errs
}

// oneEach: the engine makes no second project of a path. Labels of one title
// are the web user's doing alone, who makes them one at a time.
func (w *world) oneEach() (errs []error) {
	seen := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(w.vk.ProjectM)) {
		key := fmt.Sprint(w.vk.ProjectM[id].Parent, " ", w.vk.ProjectM[id].Title)
		if seen[key] {
			errs = append(errs, fmt.Errorf("two projects are called %q", key))
		}
		seen[key] = true
	}
	return errs
}

func texts(s model.Snapshot) []string {
	var out []string
	for _, k := range s.Comments {
		out = append(out, k.Text)
	}
	slices.Sort(out) // doubles count
	return out
}

// lost is what the conflict log holds, by task, in Taskwarrior's words.
func (w *world) lost() map[string]bool {
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
			for _, p := range became(w.moves, val) {
				lost[k.UUID+" project "+p] = true
			}
		case "notes":
			val = model.NotesText(val)
		case "tags":
			lost[k.UUID+" tags"] = true
		}
		lost[k.UUID+" "+k.Field+" "+val] = true
	}
	return lost
}

// became is every name that a project or label of this one had, before or
// later.
func became(moves [][2]string, name string) []string {
	out := []string{name}
	for i := 0; i < len(out); i++ {
		for _, m := range moves {
			for _, pair := range [][2]string{m, {m[1], m[0]}} {
				if out[i] == pair[0] && !slices.Contains(out, pair[1]) {
					out = append(out, pair[1])
				}
			}
		}
	}
	return out
}

// paid checks that nothing owed is missing.
func (w *world) paid() error {
	for id := range w.vk.TaskM {
		w.keyVK(id)
	}
	lost, all := w.lost(), w.tasks.All()
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(w.owed)) {
		if id, ok := strings.CutPrefix(key, "vk "); ok {
			n, _ := strconv.ParseInt(id, 10, 64)
			if w.vk.TaskM[n] == nil {
				continue // made and deleted in the web page alone
			}
		}
		heirs := w.heirs(key)
		for field, vals := range w.owed[key] {
			for val := range vals {
				if !w.stands(all, heirs, field, val) && !logged(lost, heirs, field, val) {
					errs = append(errs, fmt.Errorf("%s: %s %q is lost without a word", key, field, val))
				}
			}
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// heirs are the task and the later occurrences of the same Vikunja task.
func (w *world) heirs(key string) []string {
	out := []string{key}
	for _, id := range w.numbers[key] {
		us := w.shared[id]
		out = append(out, us[slices.Index(us, key):]...)
	}
	return out
}

func (w *world) stands(all map[string]model.Raw, heirs []string, field, val string) bool {
	for _, u := range heirs {
		if all[u] == nil {
			if field == "status" && (val == "purged" || val == model.Deleted) {
				return true // gone on both sides, as agree has checked
			}
			continue
		}
		now := model.FromRaw(all[u])
		if f, ok := model.ParseField(field); ok {
			if now.Scalar[f] == val || (f == model.Project && slices.Contains(became(w.moves, val), now.Scalar[f])) {
				return true
			}
		} else if e, ok := strings.CutPrefix(field, "tag "); ok {
			if val == "false" && !slices.Contains(now.Tags, e) {
				return true
			}
			if val == "true" && slices.ContainsFunc(became(w.titles, e), func(t string) bool { return slices.Contains(now.Tags, t) }) {
				return true
			}
		} else if slices.ContainsFunc(now.Comments, func(k model.Comment) bool { return k.Text == val }) {
			return true
		}
	}
	return false
}

func logged(lost map[string]bool, heirs []string, field, val string) bool {
	return slices.ContainsFunc(heirs, func(u string) bool {
		return lost[u+" "+field+" "+val] || (strings.HasPrefix(field, "tag ") && lost[u+" tags"])
	})
}
