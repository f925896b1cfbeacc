package engine

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"vikunja-sync/internal/model"
)

// book owes values: task -> field -> value.
type book map[string]map[string]map[string]bool

func (b book) owe(task, field, val string) {
	if b[task] == nil {
		b[task] = map[string]map[string]bool{}
	}
	if b[task][field] == nil {
		b[task][field] = map[string]bool{}
	}
	b[task][field][val] = true
}

func (b book) forgive(task, field, val string) { delete(b[task][field], val) }

// wrote books one user write: what he saw is settled, what he wrote is owed,
// unless it is what the side had at the last agreement: then he took back.
func (w *world) wrote(key, field, saw, val, base string, hasBase bool) {
	w.note("  %s %s: %q -> %q", key, field, saw, val)
	w.settled(key, field, saw)
	if hasBase && val == base {
		w.owed.forgive(key, field, val)
		return
	}
	w.owed.owe(key, field, val)
}

// chain names all occurrences of a task.
func (w *world) chain(key string) []string {
	keys := []string{key}
	if num, ok := strings.CutPrefix(key, "vk "); ok {
		id, _ := strconv.ParseInt(num, 10, 64)
		return append(keys, w.shared[id]...)
	}
	for _, id := range w.numbers[key] {
		keys = append(keys, w.shared[id]...)
	}
	return keys
}

// settled forgives what a user saw, by any name that it had.
func (w *world) settled(key, field, saw string) {
	keys, names := w.chain(key), []string{saw}
	if field == model.Project.String() {
		names = became(w.moves, saw)
	}
	fields := []string{field}
	if tag, ok := strings.CutPrefix(field, "tag "); ok && saw == "true" {
		fields = nil
		for _, t := range became(w.titles, tag) {
			fields = append(fields, "tag "+t)
		}
	}
	for _, k := range keys {
		for _, f := range fields {
			for _, p := range names {
				w.owed.forgive(k, f, p)
			}
		}
	}
}

// diff books what an edit changed.
func (w *world) diff(key string, before, after, base model.Snapshot, hasBase bool) {
	for f := range model.NumFields {
		if before.Scalar[f] != after.Scalar[f] {
			w.wrote(key, f.String(), before.Scalar[f], after.Scalar[f], base.Scalar[f], hasBase)
		}
	}
	for _, e := range model.Set(slices.Concat(before.Tags, after.Tags)) {
		had, has := slices.Contains(before.Tags, e), slices.Contains(after.Tags, e)
		if had != has {
			w.wrote(key, "tag "+e, strconv.FormatBool(had), strconv.FormatBool(has), strconv.FormatBool(slices.Contains(base.Tags, e)), true)
		}
	}
	for _, k := range before.Comments { // one of two alike goes: he saw that one, and the other has its own fate
		if copies(after, k.Text) < copies(before, k.Text) {
			w.note("  %s comment %q is gone", key, k.Text)
			w.settled(key, "comment", k.Text)
		}
	}
	for _, k := range after.Comments {
		if !slices.ContainsFunc(before.Comments, func(b model.Comment) bool { return b.Text == k.Text }) {
			back := slices.ContainsFunc(base.Comments, func(b model.Comment) bool { return b.Text == k.Text })
			w.wrote(key, "comment", "", k.Text, k.Text, back)
		}
	}
}

func copies(s model.Snapshot, text string) (n int) {
	for _, k := range s.Comments {
		if k.Text == text {
			n++
		}
	}
	return n
}

// dropped settles all that a deleting user saw.
func (w *world) dropped(key string, saw model.Snapshot) {
	for f := range model.NumFields {
		w.settled(key, f.String(), saw.Scalar[f])
	}
	for _, e := range saw.Tags {
		w.settled(key, "tag "+e, "true")
	}
	for _, k := range w.chain(key) {
		for f := range maps.Clone(w.owed[k]) {
			if e, ok := strings.CutPrefix(f, "tag "); ok && !slices.Contains(saw.Tags, e) {
				w.owed.forgive(k, f, "false")
			}
		}
	}
	for _, k := range saw.Comments {
		w.settled(key, "comment", k.Text)
	}
}
