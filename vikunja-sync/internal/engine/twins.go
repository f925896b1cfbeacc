package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/merge"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// Two machines that share Taskwarrior's data by `task sync` may both run the
// engine. One makes the Vikunja task of a new task; the other, which has not
// pulled that one yet, makes a task of its own for it, under the derived uuid.
// After the next `task sync` both machines have both, linked to one Vikunja
// task. The first one stays, and the machine that made the derived one ends it.
// Where both made a Vikunja task for the same task, the older one stays.

// derived is the uuid that every machine gives the task of a Vikunja task.
func (c *cycle) derived(id int64) string {
	return uuid.NewSHA1(c.space(), fmt.Appendf(nil, "task %d", id)).String()
}

// planTwin handles u, linked to the Vikunja task of another task: false if
// the two are no twins, but copies.
func (c *cycle) planTwin(ctx context.Context, u string, t *twTask, id int64) (bool, error) {
	if u == c.derived(id) {
		return true, nil // the machine that made it ends it: a deletion of ours would be one of the Vikunja task there
	}
	return c.takeOver(ctx, u, t, id)
}

// planCrossed handles a pair whose attribute names another Vikunja task: both
// machines made one for the same task. The older one stays its partner. The
// other is deleted by the machine that made it if nobody touched it and it says
// what the older one says; else it becomes a task of its own on both machines.
func (c *cycle) planCrossed(ctx context.Context, u string, t *twTask, x store.Index) (bool, error) {
	if t == nil || t.same || x.State != store.Live {
		return false, nil
	}
	id, _ := strconv.ParseInt(t.link, 10, 64)
	if id <= 0 || id >= x.ID || t.status == model.Deleted {
		return false, nil
	}
	p, _, err := c.loadPair(u)
	if err != nil {
		return false, err
	}
	taken, err := c.takeOver(ctx, u, t, id)
	if err != nil || !taken || c.dry {
		return taken, err
	}
	delete(c.byID, x.ID)
	c.byID[id] = u
	return true, c.planEndDouble(ctx, p, id)
}

// planEndDouble deletes the Vikunja task of a pair whose task has another one.
func (c *cycle) planEndDouble(ctx context.Context, p *store.Pair, id int64) error {
	mine, err := c.readTwin(ctx, p.ID)
	if err != nil || mine == nil {
		return err
	}
	td := &todo{kind: endDouble, pair: p, vkTask: mine}
	if td.vk, err = c.whole(ctx, p, mine, true); err != nil {
		return c.readFailed(err)
	}
	other, err := c.whole(ctx, &store.Pair{}, c.vk[id], true)
	if err != nil {
		return c.readFailed(err)
	}
	t := mine.task
	touched := t.CreatedBy != c.me.ID || model.Stamp(t.Updated) != p.Updated || td.vk.Hash() != p.VK.Hash()
	if touched || td.vk.Hash() != other.Hash() || !slices.Equal(textsOf(td.vk.Comments), textsOf(other.Comments)) {
		return nil
	}
	delete(c.vk, p.ID)
	c.plan = append(c.plan, td)
	return nil
}

func textsOf(cs []model.Comment) (out []string) {
	for _, k := range cs {
		out = append(out, k.Text)
	}
	slices.Sort(out)
	return out
}

// endDouble makes the deletion, after a last look. It buries no pair: the task
// that other machines make of the double ends there with it.
func (c *cycle) endDouble(ctx context.Context, td *todo) error {
	seq, err := c.begin(store.Intent{Kind: "delete", UUID: td.pair.UUID, ID: td.pair.ID})
	if err != nil {
		return err
	}
	same, err := c.asPlanned(ctx, td)
	if err == nil && !same {
		c.rep.Again = true
		return c.outcome(seq, nil)
	}
	if err == nil {
		if err = c.Engine.vk.DeleteTask(ctx, td.pair.ID); err == nil {
			c.rep.WritesVK++
		}
	}
	if api.KindOf(err) == api.KindNotFound {
		err = nil
	}
	return c.outcome(seq, err)
}

// takeOver makes u the partner of a Vikunja task in the place of the derived
// twin; false if that one is no twin of u.
func (c *cycle) takeOver(ctx context.Context, u string, t *twTask, id int64) (bool, error) {
	d := c.derived(id)
	if c.byID[id] != d || c.index[d].State != store.Live {
		return false, nil
	}
	v, err := c.readTwin(ctx, id)
	if err != nil || v == nil {
		return false, err
	}
	younger := model.ParseStamp(t.entry).Add(min(c.offset, 0)).After(v.task.Created.Add(c.cfg.Skew))
	if younger || !c.Same(model.Title, t.snap.Scalar[model.Title], v.snap.Scalar[model.Title]) {
		return false, nil // `task duplicate` made it
	}
	if c.dry {
		return true, nil
	}
	if err := c.retire(d); err != nil {
		return false, err
	}
	c.byID[id] = u
	return true, c.planUpdate(ctx, &store.Pair{UUID: u, ID: id, State: store.Live}, "", t, v)
}

// retire ends the pair of a derived task and whatever was planned for it.
func (c *cycle) retire(u string) error {
	t := c.tw[u]
	p, before, err := c.loadPair(u)
	if err != nil {
		return err
	}
	p.State, p.ID = store.Closed, 0 // which counts as returned only when it changes
	if t != nil {
		if t.same {
			t.snap = p.TW
		}
		p.TW, t.same = t.snap, true
	}
	c.plan = slices.DeleteFunc(c.plan, func(td *todo) bool { return td.pair.UUID == u })
	if t != nil {
		c.planEndTwin(u, t)
	}
	return c.save(&todo{pair: p, before: before})
}

func (c *cycle) readTwin(ctx context.Context, id int64) (*vkTask, error) {
	if v := c.vk[id]; v != nil && v.task != nil {
		return v, nil
	}
	task, err := c.Engine.vk.Task(ctx, id)
	if err != nil {
		return nil, c.readFailed(err)
	}
	c.vk[id] = &vkTask{task: &task, snap: c.snapVK(&task)}
	return c.vk[id], nil
}

// planEndTwin deletes a twin in Taskwarrior alone.
func (c *cycle) planEndTwin(u string, t *twTask) {
	if t.status == model.Deleted {
		return
	}
	p := &store.Pair{UUID: u, State: store.Deleted}
	c.plan = append(c.plan, &todo{kind: endTwin, pair: p, tw: t.snap, twTask: t})
}

// endTwin is queued like a deletion, but is none of the batch that the guard
// counts: its task lives on under the other uuid.
func (c *cycle) queueTwin(td *todo) {
	td.kind = deleteTW
	td.res.Scalars = []merge.Scalar{{Field: model.Status, Action: merge.ToTW, Val: model.Deleted}}
	c.queue(td)
}
