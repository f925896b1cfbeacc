package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/merge"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// A server that got its database back from a backup shows older tasks, and
// lacks those made since. Neither is an edit or a deletion of anybody's. It
// tells on itself: stamps only grow, and now a task has an older one than it had;
// numbers are given out once, and now another task has one. Then what Vikunja
// shows of the older ones becomes the base, so that what Taskwarrior has since is
// written again, and what is gone is made anew.

// restoredBy is how far the stamps must have gone back: clocks are put right by
// minutes, backups are older.
const restoredBy = 30 * time.Minute

func (c *cycle) checkRestored(ctx context.Context) error {
	if back, err := c.wentBack(); !back || err != nil {
		return err
	}
	again, anew := 0, []string{}
	for _, u := range slices.Sorted(maps.Keys(c.index)) {
		x := c.index[u]
		v, t := c.vk[x.ID], c.tw[u]
		switch {
		case x.State != store.Live || t == nil:
			continue
		case v == nil:
			if _, err := c.Engine.vk.Task(ctx, x.ID); api.KindOf(err) == api.KindNotFound {
				anew = append(anew, u)
			} else if err != nil && c.readFailed(err) != nil {
				return err
			}
			continue
		case v.task == nil || model.Stamp(v.task.Updated) >= x.Updated:
			continue
		}
		again++
		if err := c.rebase(ctx, u, t, v); err != nil {
			return err
		}
	}
	c.problem(nil, fmt.Sprintf("the server's tasks are older than they were, as after a restored backup: what Taskwarrior has of %d is written again, %d are made anew", again, len(anew)))
	return c.entomb(ctx, anew)
}

// wentBack looks for a task whose stamp is older than one that was read of it
// before (a clock that was put back is still behind that one), and for a number
// that was given out again.
func (c *cycle) wentBack() (bool, error) {
	now, ok := c.Engine.vk.Now()
	for id, v := range c.vk {
		x := c.index[c.byID[id]]
		if v.task == nil || x.State != store.Live || x.Updated == "" {
			continue
		}
		if was := model.ParseStamp(x.Updated); ok && was.Sub(v.task.Updated) > restoredBy && now.After(was) {
			return true, nil
		}
		if model.Stamp(v.task.Created) > x.Updated {
			if p, _, err := c.loadPair(c.byID[id]); err != nil || another(p, v) {
				return true, err
			}
		}
	}
	return false, nil
}

// rebase makes what Vikunja shows the base of a pair.
func (c *cycle) rebase(ctx context.Context, u string, t *twTask, v *vkTask) error {
	p, before, err := c.loadPair(u)
	if err != nil {
		return err
	}
	if t.same {
		t.same, t.snap = false, p.TW.Clone()
	}
	now := v.snap.Clone()
	if now.Comments, err = c.comments(ctx, p.ID); err != nil {
		return c.readFailed(err)
	}
	for f := range model.NumFields {
		if now.Scalar[f] == p.VK.Scalar[f] {
			continue
		}
		if p.TW.Scalar[f] = c.ToTW(f, now.Scalar[f]); c.Same(f, t.snap.Scalar[f], now.Scalar[f]) {
			p.TW.Scalar[f] = t.snap.Scalar[f]
		}
	}
	p.TW.Tags, p.TW.Depends = now.Tags, now.Depends
	var links []merge.Link
	for _, l := range p.Links {
		i := slices.IndexFunc(now.Comments, func(k model.Comment) bool { return k.ID == l.VK })
		switch {
		case i < 0:
			continue
		case now.Comments[i].Text != l.VKText:
			l.TWText, l.VKText = now.Comments[i].Text, now.Comments[i].Text
		}
		links = append(links, l)
	}
	p.Links, p.VK, p.Updated, p.Wrote = links, now, "", nil
	return c.keep(p, before)
}

// another reports a task that only has the number of the one in the pair: a
// server that came back from a backup gives numbers out again. It is younger and
// has another title; a server that only moved to another time zone, and may show
// other times for that, has changed no title.
func another(p *store.Pair, v *vkTask) bool {
	return v != nil && v.task != nil && p.Born != "" && model.Stamp(v.task.Created) > p.Born &&
		v.snap.Scalar[model.Title] != p.VK.Scalar[model.Title]
}

// planReplaced ends a pair whose Vikunja task is gone and has left its number to
// another one. What Taskwarrior has of it counts as returned from the dead.
func (c *cycle) planReplaced(ctx context.Context, p *store.Pair, before string, t *twTask) error {
	alive := t != nil && t.status != model.Deleted
	if alive && t.same {
		raws, err := c.Engine.tw.Get(ctx, []string{p.UUID})
		if err != nil {
			return err
		}
		if raws[p.UUID] == nil { // gone meanwhile
			return c.planReplaced(ctx, p, before, nil)
		}
		t.same, t.raw, t.snap = false, raws[p.UUID], c.snapTW(raws[p.UUID])
	}
	c.problem(p, fmt.Sprintf("task %d in Vikunja is another one than it was, as after a restored backup: what Taskwarrior has of the one before is made anew", p.ID))
	delete(c.byID, p.ID)
	p.State, p.ID, p.Missing = store.Deleted, 0, 0
	if !alive {
		if t != nil && !t.same {
			p.TW = t.snap
		}
		return c.keep(p, before)
	}
	p.TW.Scalar[model.Status] = model.Deleted
	if err := c.keep(p, before); err != nil {
		return err
	}
	c.plan = append(c.plan, &todo{kind: createVK, pair: &store.Pair{UUID: p.UUID, State: store.Live}, tw: t.snap, twTask: t})
	return nil
}

// keep stores a pair, for a dry run only in memory.
func (c *cycle) keep(p *store.Pair, before string) error {
	if c.dry {
		c.instead[p.UUID] = p
		return nil
	}
	return c.save(&todo{pair: p, before: before})
}

// entomb lets tasks that Taskwarrior still has count as returned from the dead.
func (c *cycle) entomb(ctx context.Context, uuids []string) error {
	if c.dry || len(uuids) == 0 {
		return nil
	}
	raws, err := c.Engine.tw.Get(ctx, uuids)
	if err != nil {
		return err
	}
	for _, u := range uuids {
		if raws[u] == nil {
			continue
		}
		p, before, err := c.loadPair(u)
		if err != nil {
			return err
		}
		t := c.tw[u]
		t.same, t.raw, t.snap = false, raws[u], c.snapTW(raws[u])
		p.State, p.TW.Scalar[model.Status] = store.Deleted, model.Deleted
		delete(c.byID, p.ID)
		if err := c.save(&todo{pair: p, before: before}); err != nil {
			return err
		}
	}
	return nil
}
