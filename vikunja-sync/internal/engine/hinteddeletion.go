package engine

import (
	"context"
	"strconv"

	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// A hinted cycle carries a deletion over only where a whole one would have
// nothing to weigh it against: the task is there and says that it is deleted,
// or Vikunja answers that it has no such task; the other side is as it was at
// the last agreement; no other task names it; no backup was put back on either
// side; and it is one of few.

// fewest is how many deletions at once are never few, whatever the limits are.
const fewest = 5

// plainDeletion refuses a deletion that meets a change of the other side. A
// task that is not newly deleted on either is none of its business.
func (c *cycle) plainDeletion(p *store.Pair, t *twTask) error {
	deleted, gone := t.status == model.Deleted && !t.same, c.gone[p.ID]
	id, _ := splitProject(p.VK.Scalar[model.Project])
	switch {
	case gone && !t.same:
		return whole("a task cannot be read in Vikunja any more, and changed in Taskwarrior")
	case gone && (c.projects[id].ID == 0 || c.projects[id].Archived):
		return whole("a task cannot be read in Vikunja any more, nor its project")
	case deleted && !c.vk[p.ID].same:
		return whole("a deletion meets a change")
	case deleted && t.olderThan(p):
		return whole("a deleted task is older than the last agreement")
	}
	return nil
}

// fewDeletions refuses what the guard would look at, or what a backup may be
// the reason of.
func (c *cycle) fewDeletions(ctx context.Context) error {
	var here, there []*todo
	for _, td := range c.plan {
		switch {
		case td.kind == deleteTW:
			here = append(here, td)
		case td.kind == deleteVK:
			there = append(there, td)
		case td.twTask != nil && td.twTask.status == model.Deleted && !td.twTask.same:
			return whole("a deletion meets a change")
		}
	}
	for _, n := range []int{len(here), len(there)} {
		if n >= fewest || c.tooMany(n) {
			return whole("several deletions")
		}
	}
	if err := c.notRestored(ctx, here); err != nil {
		return err
	}
	return c.unshared(ctx, there)
}

// notRestored makes sure that Vikunja has lost no time: a server that came back
// from a backup lacks tasks, too. What was changed last, of all that is to
// stay, must not be older than it was.
func (c *cycle) notRestored(ctx context.Context, deletions []*todo) error {
	if len(deletions) == 0 {
		return nil
	}
	var last store.Index
	for _, x := range c.index {
		if x.State == store.Live && !c.gone[x.ID] && x.Updated > last.Updated {
			last = x
		}
	}
	if last.ID == 0 {
		return whole("nothing is left to tell a restored server by")
	}
	task, err := c.Engine.vk.Task(ctx, last.ID)
	if err != nil {
		return whole("the task that changed last cannot be read")
	}
	if model.Stamp(task.Updated) < last.Updated {
		return whole("a task is older than it was")
	}
	return nil
}

// unshared makes sure that no other task of Taskwarrior names those of Vikunja
// that are to be deleted: one may be to take over (twins.go).
func (c *cycle) unshared(ctx context.Context, deletions []*todo) error {
	if len(deletions) == 0 {
		return nil
	}
	var ids []int64
	for _, td := range deletions {
		ids = append(ids, td.pair.ID)
	}
	near, err := c.Engine.tw.Near(ctx, nil, ids)
	if err != nil {
		return err
	}
	for u, r := range near {
		id, _ := strconv.ParseInt(model.LinkOf(r), 10, 64)
		if c.byID[id] != u && r.Str("status") != model.Deleted {
			return whole("another task names one that is to be deleted")
		}
	}
	return nil
}
