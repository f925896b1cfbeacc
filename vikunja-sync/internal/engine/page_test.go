package engine

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/fake"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// What users do in the web page, and what the book says of it.

// seeVK is a Vikunja task as Taskwarrior would say it.
func (w *world) seeVK(t *fake.Task) model.Snapshot {
	var s model.Snapshot
	s.Scalar[model.Title] = t.Title
	s.Scalar[model.Status] = model.Pending
	if t.Done {
		s.Scalar[model.Status] = model.Completed
	}
	s.Scalar[model.Project] = w.path(t.ProjectID)
	s.Scalar[model.Priority] = model.PriorityToTW(t.Priority)
	s.Scalar[model.Due] = model.Stamp(t.Due)
	s.Scalar[model.Start] = model.Stamp(t.Start)
	s.Scalar[model.End] = model.Stamp(t.End)
	s.Scalar[model.Notes] = model.NotesText(t.Description)
	for _, id := range t.LabelIDs {
		if l := w.vk.LabelM[id]; l != nil {
			s.Tags = append(s.Tags, l.Title)
		}
	}
	s.Tags = model.Set(s.Tags)
	for _, k := range t.Notes {
		text := model.CommentText(k.Text)
		if k.AuthorID != w.vk.MeUser.ID {
			text = k.Author + ": " + text
		}
		s.Comments = append(s.Comments, model.Comment{Text: text})
	}
	return s
}

func (w *world) path(id int64) string {
	if id == 1 {
		return ""
	}
	p := w.vk.ProjectM[id]
	if p == nil {
		return "?"
	}
	switch p.Parent {
	case 0:
		return p.Title
	case 1:
		return w.vk.ProjectM[1].Title + "." + p.Title
	}
	return w.path(p.Parent) + "." + p.Title
}

// editVK tells which task it was.
func (w *world) editVK(what string, rng *rand.Rand, seed uint64) (id int64) {
	w.vk.Mu.Lock()
	defer w.vk.Mu.Unlock()
	if what == "add" {
		return w.addVK(seed)
	}
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(w.vk.TaskM)) {
		if !w.vk.IsArchived(w.vk.TaskM[id].ProjectID) {
			ids = append(ids, fmt.Sprint(id))
		}
	}
	num, ok := w.pick(rng, ids, func(k string) string { n, _ := strconv.ParseInt(k, 10, 64); return w.vk.TaskM[n].Title })
	if !ok {
		return 0
	}
	id, _ = strconv.ParseInt(num, 10, 64)
	t := w.vk.TaskM[id]
	before := w.seeVK(t)
	key := w.keyVK(id)
	if what == "delete" {
		w.deleteVK(id)
		return id
	}
	w.changeVK(t, what, rng, seed, ids)
	w.diffVK(key, t, before)
	return id
}

func (w *world) deleteVK(id int64) {
	before, key, known := w.seeVK(w.vk.TaskM[id]), w.keyVK(id), w.linked(id)
	w.cutShort(id)
	delete(w.vk.TaskM, id)
	w.dropped(key, before)
	w.note("  vk %d (%s) deleted", id, key)
	if known {
		w.owed.owe(key, "status", model.Deleted)
	}
}

// cutShort: an occurrence whose completion nobody has answered ends with the
// task.
func (w *world) cutShort(id int64) {
	w.st.View(func(t *store.Tx) error {
		open, err := t.Open()
		for _, in := range open {
			if in.Kind == "complete" && in.ID == id && !w.vk.TaskM[id].DoneAt.IsZero() {
				w.ended[fmt.Sprint(in.UUID, " ", id)] = true
			}
		}
		return err
	})
}

// linked: some answer, or a look, told the engine that the task was there. A
// task that was made and deleted before that cannot be told from one that was
// never made, and it is made again.
func (w *world) linked(id int64) bool {
	if len(w.shared[id]) == 0 || w.pair("", id) != nil {
		return true
	}
	for _, raw := range w.tasks.All() {
		if raw.Str(model.UDALink) == fmt.Sprint(id) {
			return true
		}
	}
	return false
}

func (w *world) changeVK(t *fake.Task, what string, rng *rand.Rand, seed uint64, ids []string) {
	patch := func(p api.TaskPatch) { w.vk.Change(t, p) }
	switch what {
	case "title":
		patch(api.TaskPatch{Title: ptr(value(seed))})
	case "notes":
		patch(api.TaskPatch{Description: ptr("<p>" + value(seed) + "</p>")})
	case "priority":
		patch(api.TaskPatch{Priority: ptr(int64(rng.IntN(6)))})
	case "due":
		patch(api.TaskPatch{Due: ptr(oneOf(rng, time.Time{}, day(2029, seed), day(2029, seed)))})
	case "start":
		patch(api.TaskPatch{Start: ptr(day(2025, seed))})
	case "end":
		patch(api.TaskPatch{End: ptr(day(2031, seed))})
	case "project":
		if to, ok := w.openProject(rng); ok {
			patch(api.TaskPatch{ProjectID: &to})
		}
	case "status":
		patch(api.TaskPatch{Done: ptr(!t.Done)})
	case "repeat":
		patch(api.TaskPatch{RepeatAfter: ptr(oneOf(rng, int64(0), 86400, 604800)), RepeatMode: ptr(int64(oneOf(rng, 0, 0, 1, 2)))})
	case "tag":
		w.toggleLabel(t, oneOf(rng, "a", "b", "c:d", "é"))
	case "blocked":
		num, _ := w.pick(rng, ids, nil)
		other, _ := strconv.ParseInt(num, 10, 64)
		if other == t.ID {
			return
		}
		if i := slices.Index(t.Blocked, other); i >= 0 {
			t.Blocked = slices.Delete(t.Blocked, i, i+1)
		} else {
			t.Blocked = append(t.Blocked, other)
			slices.Sort(t.Blocked)
		}
		w.bump(t)
	default:
		w.editComments(t, what, rng, seed)
	}
}

func (w *world) bump(t *fake.Task) { t.Updated = w.vk.Clock().UTC().Truncate(time.Second) }

func (w *world) openProject(rng *rand.Rand) (int64, bool) {
	var open []string
	for _, id := range slices.Sorted(maps.Keys(w.vk.ProjectM)) {
		if !w.vk.IsArchived(id) {
			open = append(open, w.path(id))
		}
	}
	path, _ := w.pick(rng, open, func(p string) string { return p })
	for _, id := range slices.Sorted(maps.Keys(w.vk.ProjectM)) {
		if w.path(id) == path && !w.vk.IsArchived(id) {
			return id, true
		}
	}
	return 0, false
}

func (w *world) anyPath(rng *rand.Rand) string {
	w.vk.Mu.Lock()
	defer w.vk.Mu.Unlock()
	if id, ok := w.openProject(rng); ok {
		return w.path(id)
	}
	return ""
}

func (w *world) addVK(seed uint64) (id int64) {
	title := value(seed)
	id = w.vk.NextID()
	now := w.vk.Clock().UTC().Truncate(time.Second)
	w.vk.TaskM[id] = &fake.Task{Task: api.Task{ID: id, ProjectID: 1, Title: title, Created: now, Updated: now, CreatedBy: 1}}
	w.wrote(fmt.Sprint("vk ", id), "title", "", title, "", false)
	return id
}

func (w *world) toggleLabel(t *fake.Task, title string) {
	w.bump(t)
	had := false
	t.LabelIDs = slices.DeleteFunc(t.LabelIDs, func(id int64) bool {
		match := w.vk.LabelM[id] != nil && w.vk.LabelM[id].Title == title
		had = had || match
		return match
	})
	if had {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(w.vk.LabelM)) {
		if w.vk.LabelM[id].Title == title {
			t.LabelIDs = append(t.LabelIDs, id)
			return
		}
	}
	t.LabelIDs = append(t.LabelIDs, w.newLabel(title))
}

func (w *world) newLabel(title string) int64 {
	id := w.vk.NextID()
	w.vk.LabelM[id] = &api.Label{ID: id, Title: title, OwnerID: 1}
	return id
}

func (w *world) editComments(t *fake.Task, what string, rng *rand.Rand, seed uint64) {
	now := w.vk.Clock().UTC().Truncate(time.Second)
	switch what {
	case "comment":
		t.Notes = append(t.Notes, api.Comment{ID: w.vk.NextID(), Text: model.CommentHTML(value(seed)), AuthorID: 1, Created: now})
	case "foreign":
		t.Notes = append(t.Notes, api.Comment{ID: w.vk.NextID(), Text: model.CommentHTML(value(seed)), AuthorID: 2, Author: "bob", Created: now})
	default:
		if len(t.Notes) == 0 {
			return
		}
		i := rng.IntN(len(t.Notes))
		if what == "uncomment" {
			t.Notes = slices.Delete(t.Notes, i, i+1)
		} else {
			t.Notes[i].Text = model.CommentHTML(value(seed))
		}
	}
	w.bump(t)
}

func (w *world) diffVK(key string, t *fake.Task, before model.Snapshot) {
	after := w.seeVK(t)
	p := w.pair("", t.ID)
	base, has := model.Snapshot{}, p != nil && p.State == store.Live
	if has {
		base = p.VK.Clone()
		id, path := splitProject(base.Scalar[model.Project])
		if w.vk.ProjectM[id] != nil {
			path = w.path(id) // by the name of today
		}
		base.Scalar[model.Project] = path
		n, _ := strconv.ParseInt(base.Scalar[model.Priority], 10, 64)
		base.Scalar[model.Priority] = model.PriorityToTW(n)
		base.Scalar[model.Notes] = model.NotesText(base.Scalar[model.Notes])
	}
	w.diff(key, before, after, base, has)
}

// editWeb changes projects and labels.
func (w *world) editWeb(what string, rng *rand.Rand, seed uint64) {
	w.vk.Mu.Lock()
	defer w.vk.Mu.Unlock()
	paths := map[int64]string{}
	for id := range w.vk.ProjectM {
		paths[id] = w.path(id)
	}
	switch what {
	case "label", "twin", "unlabel":
		w.editLabels(what, rng, seed)
		return
	}
	id, ok := w.openProject(rng)
	if what == "archive" {
		id, ok = w.ownProject(rng)
	}
	if !ok || (id == 1 && what != "rename") {
		return
	}
	p := w.vk.ProjectM[id]
	switch what {
	case "rename":
		p.Title = value(seed)
	case "move":
		if to, _ := w.openProject(rng); !w.vk.Below(to, id) {
			w.moveProject(p, oneOf(rng, 0, to))
		}
	case "archive":
		w.vk.ArchiveProject(id, !w.vk.IsArchived(id))
	case "drop":
		w.dropProject(id)
	}
	for _, id := range slices.Sorted(maps.Keys(paths)) {
		old := paths[id]
		if w.vk.ProjectM[id] != nil && w.path(id) != old {
			w.note("  project %d %q is now %q", id, old, w.path(id))
			w.moves = append(w.moves, [2]string{old, w.path(id)})
			w.moveUnmade(old, w.path(id))
		}
	}
}

// moveUnmade: a path that a user wrote below a project, and that the engine has
// not made yet, is renamed with the project. The engine may know the parent by
// its old name alone when it makes the child, and the child is where it belongs.
func (w *world) moveUnmade(old, now string) {
	for _, key := range slices.Sorted(maps.Keys(w.owed)) {
		for val := range w.owed[key][model.Project.String()] {
			if rest, below := strings.CutPrefix(val, old+"."); below {
				w.moves = append(w.moves, [2]string{val, now + "." + rest})
			}
		}
	}
}

// moveProject moves it, unless one of its name is there.
func (w *world) moveProject(p *api.Project, to int64) {
	for _, other := range w.vk.ProjectM {
		if other.Parent == to && other.Title == p.Title {
			return
		}
	}
	p.Parent = to
}

// ownProject is any but the default one.
func (w *world) ownProject(rng *rand.Rand) (int64, bool) {
	ids := slices.Sorted(maps.Keys(w.vk.ProjectM))
	if len(ids) < 2 {
		return 0, false
	}
	return oneOf(rng, ids[1:]...), true
}

func (w *world) dropProject(root int64) {
	if len(w.vk.ProjectM) < 4 {
		return
	}
	w.note("  project %d %q dropped", root, w.path(root))
	for _, id := range slices.Sorted(maps.Keys(w.vk.TaskM)) {
		if w.vk.Below(w.vk.TaskM[id].ProjectID, root) {
			w.deleteVK(id)
		}
	}
	w.vk.DropProject(root)
}

func (w *world) editLabels(what string, rng *rand.Rand, seed uint64) {
	ids := slices.Sorted(maps.Keys(w.vk.LabelM))
	if len(ids) == 0 {
		return
	}
	id := oneOf(rng, ids...)
	before := map[int64]model.Snapshot{}
	for _, t := range slices.Sorted(maps.Keys(w.vk.TaskM)) {
		before[t] = w.seeVK(w.vk.TaskM[t])
	}
	switch what {
	case "label":
		w.titles = append(w.titles, [2]string{w.vk.LabelM[id].Title, value(seed)})
		w.vk.LabelM[id].Title = value(seed)
		return // nobody's edit of a task
	case "unlabel":
		delete(w.vk.LabelM, id)
		for _, t := range w.vk.TaskM {
			t.LabelIDs = slices.DeleteFunc(t.LabelIDs, func(l int64) bool { return l == id })
		}
	case "twin":
		twin := w.newLabel(w.vk.LabelM[id].Title)
		for _, n := range slices.Sorted(maps.Keys(before)) {
			t := w.vk.TaskM[n]
			if rng.IntN(4) == 0 && !slices.Contains(t.LabelIDs, id) && !w.vk.IsArchived(t.ProjectID) {
				t.LabelIDs = append(t.LabelIDs, twin)
			}
		}
	}
	for _, t := range slices.Sorted(maps.Keys(before)) {
		w.diffVK(w.keyVK(t), w.vk.TaskM[t], before[t])
	}
}
