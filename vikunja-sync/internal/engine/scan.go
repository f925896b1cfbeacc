package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// twTask is one exported task. Those equal to the base keep no content.
type twTask struct {
	same     bool
	status   string
	link     string
	modified time.Time
	entry    string
	snap     model.Snapshot
	raw      model.Raw
}

// vkTask is one task of the server, likewise.
type vkTask struct {
	same bool
	task *api.Task
	snap model.Snapshot
	hot  bool // when its comments were read
}

func (c *cycle) scanTW(ctx context.Context) error {
	c.tw = map[string]*twTask{}
	c.usedTags = map[string]bool{}
	err := c.Engine.tw.Export(ctx, func(r model.Raw) error { c.takeTW(r); return nil })
	c.rep.TW = len(c.tw)
	return err
}

func (c *cycle) takeTW(r model.Raw) {
	u := r.UUID()
	snap := c.snapTW(r)
	x, known := c.index[u]
	t := &twTask{status: snap.Scalar[model.Status], link: model.LinkOf(r), same: known && snap.HashAll() == x.TW}
	dead := !c.creating(u) && t.status == model.Deleted && (x.State == store.Deleted || (!known && t.link == "")) // of no use to anybody
	if !dead && (!t.same || x.Look || x.State != store.Live) {
		t.snap, t.raw, t.modified, t.entry = snap, r, r.Modified(), r.Str("entry")
	}
	for _, tag := range snap.Tags {
		c.usedTags[tag] = true
	}
	c.tw[u] = t
}

func (c *cycle) snapTW(r model.Raw) model.Snapshot {
	s := model.FromRaw(r)
	s.Depends = c.narrow(s.Depends)
	s.Tags = slices.DeleteFunc(s.Tags, model.Virtual)
	return s
}

// narrow keeps the dependencies on tasks that both sides have.
func (c *cycle) narrow(uuids []string) []string {
	return model.Set(slices.DeleteFunc(slices.Clone(uuids), func(u string) bool {
		return c.index[u].State != store.Live
	}))
}

func (c *cycle) scanVK(ctx context.Context) error {
	c.vk = map[int64]*vkTask{}
	err := c.Engine.vk.ScanTasks(ctx, api.TaskQuery{}, func(t api.Task) error {
		v := c.takeVK(&t)
		u := c.byID[t.ID]
		if tw := c.tw[u]; v.same && !c.index[u].Look && tw != nil && tw.same {
			v.task, v.snap = nil, model.Snapshot{} // nobody will ask
		}
		return nil
	})
	c.rep.VK = len(c.vk)
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(c.vk)) {
		v := c.vk[id]
		if v.task == nil || c.paths[v.task.ProjectID].ID != 0 {
			continue
		}
		if err := c.ensureProject(ctx, v.task.ProjectID); err != nil {
			return err
		}
		v.snap = c.snapVK(v.task)
	}
	return nil
}

func (c *cycle) takeVK(t *api.Task) *vkTask {
	snap := c.snapVK(t)
	u, known := c.byID[t.ID]
	x := c.index[u]
	v := &vkTask{task: t, snap: snap, same: known && snap.Hash() == x.VK && model.Stamp(t.Updated) == x.Updated}
	c.vk[t.ID] = v
	c.maxID = max(c.maxID, t.ID)
	return v
}

// ensureProject reads a project that no list has shown, with those above it,
// so that a task in it is not taken for one without a project.
func (c *cycle) ensureProject(ctx context.Context, id int64) error {
	found := false
	for at, depth := id, 0; at > 0 && depth < 64 && c.projects[at].ID == 0; depth++ {
		p, err := c.Engine.vk.Project(ctx, at)
		if err != nil {
			if stop := c.readFailed(err); stop != nil {
				return stop
			}
			break
		}
		c.projects[at], found, at = p, true, p.Parent
	}
	if !found {
		return nil
	}
	for at, depth := c.projects[id], 0; at.ID != 0 && depth < 64; at, depth = c.projects[at.Parent], depth+1 {
		if at.Archived {
			p := c.projects[id]
			p.Archived = true
			c.projects[id] = p
			break
		}
	}
	known := maps.Clone(c.projectsOld)
	maps.Copy(known, c.paths)
	c.assignPaths(known)
	return nil
}

// snapVK is the canonical form of Vikunja's state, without comments.
func (c *cycle) snapVK(t *api.Task) model.Snapshot {
	var s model.Snapshot
	s.Scalar[model.Title] = model.Text(t.Title)
	s.Scalar[model.Status] = model.Pending
	if t.Done {
		s.Scalar[model.Status] = model.Completed
	}
	s.Scalar[model.Project] = projectVal(t.ProjectID, c.paths[t.ProjectID].Path)
	s.Scalar[model.Priority] = strconv.FormatInt(t.Priority, 10)
	s.Scalar[model.Due] = model.Stamp(t.Due)
	s.Scalar[model.Start] = model.Stamp(t.Start)
	s.Scalar[model.End] = model.Stamp(t.End)
	s.Scalar[model.Notes] = t.Description
	var tags []string
	for _, l := range t.Labels {
		tags = append(tags, c.tagOf(l))
	}
	s.Tags = model.Set(tags)
	var deps []string
	for _, id := range t.BlockedBy {
		deps = append(deps, c.byID[id])
	}
	s.Depends = c.narrow(model.Set(deps))
	return s
}

// tagOf also knows a label that came after the list was read.
func (c *cycle) tagOf(l api.Label) string {
	n, ok := c.labels[l.ID]
	if !ok {
		c.labelList = append(c.labelList, l)
		var ls []model.Entry
		for _, l := range c.labelList {
			ls = append(ls, model.Entry{ID: l.ID, Title: l.Title})
		}
		c.labels = model.TagNames(ls, c.labels, func(t string) bool { return c.usedTags[t] })
		n = c.labels[l.ID]
		c.byTag[n.Name] = append(c.byTag[n.Name], l)
	}
	return n.Name
}

// commentText is a comment as Taskwarrior can hold it.
func commentText(html string) string { return model.TextToTW(model.CommentText(html)) }

// comments reads them in canonical form.
func (c *cycle) comments(ctx context.Context, id int64) ([]model.Comment, error) {
	cs, err := c.Engine.vk.Comments(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []model.Comment
	for _, k := range cs {
		m := model.Comment{ID: fmt.Sprint(k.ID), Text: commentText(k.Text), At: model.Stamp(k.Created)}
		if k.AuthorID != c.me.ID {
			m.Foreign = true
			if k.Author != "" { // an account that was deleted has no name any more
				m.Text = model.TextToTW(k.Author) + ": " + m.Text
			}
		}
		if m.Text != "" && !model.IsLink(m.Text) { // such an annotation would be read as a link
			out = append(out, m)
		}
	}
	return out, nil
}

// hotFor is how long after a stamp its second is over for certain, what was
// under way then included; overAfter is when the second itself is over.
const (
	hotFor    = 2 * time.Second
	overAfter = time.Second
)

// hot reports that a task may still change within the second of its stamp.
func (c *cycle) hot(updated time.Time) bool {
	now, ok := c.Engine.vk.Now()
	return !ok || now.Sub(updated) < hotFor
}

// sameScalars reports that no field changed whose change moves the stamp. One
// that did under the stamp of before means that the server's clock went back.
func sameScalars(a, b model.Snapshot) bool {
	a.Scalar[model.Project], b.Scalar[model.Project] = "", "" // renames move no stamp
	return a.Scalar == b.Scalar
}

// whole completes a scanned Vikunja task with its comments, from the base
// where those cannot have changed. What is to be deleted is always asked for
// them: a server whose clock went back may have shown the same stamp twice.
func (c *cycle) whole(ctx context.Context, p *store.Pair, v *vkTask, deleting bool) (snap model.Snapshot, err error) {
	if v == nil || v.task == nil {
		return p.VK.Clone(), nil
	}
	snap = v.snap.Clone()
	upd := model.Stamp(v.task.Updated)
	v.hot = c.hot(v.task.Updated) // before the comments: what comes after them in the same second must be looked for again
	if !deleting && p.Updated == upd && !p.Hot && upd != "" && sameScalars(p.VK, snap) {
		snap.Comments = p.VK.Comments
		return snap, nil
	}
	snap.Comments, err = c.comments(ctx, v.task.ID)
	return snap, err
}
