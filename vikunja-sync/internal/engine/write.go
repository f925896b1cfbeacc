package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/merge"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// writeVK makes the writes of one pair. closed: the pair was an occurrence of
// a repeating task and has ended.
func (c *cycle) writeVK(ctx context.Context, td *todo, fresh *api.Task) (closed bool, err error) {
	td.wrote = true
	patch, completes, err := c.patch(ctx, td, fresh)
	if err != nil {
		return false, err
	}
	if err := c.send(ctx, td, patch); err != nil {
		return false, err
	}
	if err := c.writeTags(ctx, td, fresh); err != nil {
		return false, err
	}
	if err := c.writeDepends(ctx, td); err != nil {
		return false, err
	}
	if err := c.writeComments(ctx, td); err != nil {
		return false, err
	}
	if completes {
		return true, c.completeRepeating(ctx, td)
	}
	return false, nil
}

// patch collects the scalar fields to write. completes: the task repeats, so
// marking it done is a step of its own.
func (c *cycle) patch(ctx context.Context, td *todo, fresh *api.Task) (p api.TaskPatch, completes bool, err error) {
	for _, s := range td.res.Scalars {
		if s.Action != merge.ToVK || s.Stuck {
			continue
		}
		if s.Field == model.Project {
			if id, _ := splitProject(s.Val); id != 0 {
				p.ProjectID = &id
			} else {
				c.rep.Again = true // renamed under our hands
			}
			continue
		}
		if s.Field == model.Status && s.Val == model.Completed && fresh.Repeats() {
			completes = true
			continue
		}
		setField(&p, s.Field, s.Val)
	}
	if completes && c.cfg.Repeat == "end" {
		zero, done := int64(0), true
		if err := c.send(ctx, td, api.TaskPatch{RepeatAfter: &zero, RepeatMode: &zero}); err != nil {
			return p, false, err
		}
		p.Done, completes = &done, false
	}
	return p, completes, nil
}

// needProject creates the project that the plan moves the task to.
func (c *cycle) needProject(ctx context.Context, td *todo) error {
	for i, s := range td.res.Scalars {
		if s.Field != model.Project || s.Action != merge.ToVK {
			continue
		}
		if id, path := splitProject(s.Val); id == 0 {
			id, err := c.projectFor(ctx, path)
			if err != nil {
				return err
			}
			td.res.Scalars[i].Val = projectVal(id, path)
		}
	}
	return nil
}

func setField(p *api.TaskPatch, f model.Field, val string) {
	switch f {
	case model.Title:
		p.Title = &val
	case model.Status:
		done := val == model.Completed
		p.Done = &done
	case model.Priority:
		n, _ := strconv.ParseInt(val, 10, 64)
		p.Priority = &n
	case model.Due, model.Start, model.End:
		t := model.ParseStamp(val)
		*map[model.Field]**time.Time{model.Due: &p.Due, model.Start: &p.Start, model.End: &p.End}[f] = &t
	case model.Notes:
		p.Description = &val
	}
}

func (c *cycle) send(ctx context.Context, td *todo, p api.TaskPatch) error {
	if p.Empty() {
		return nil
	}
	seq, err := c.begin(store.Intent{Kind: "update", UUID: td.pair.UUID, ID: td.pair.ID})
	if err != nil {
		return err
	}
	err = c.Engine.vk.UpdateTask(ctx, td.pair.ID, p)
	if err == nil {
		c.rep.WritesVK++
	}
	return c.outcome(seq, err)
}

func (c *cycle) writeTags(ctx context.Context, td *todo, fresh *api.Task) error {
	for _, tag := range td.res.TagsVK.Del {
		for _, l := range fresh.Labels {
			if c.tagOf(l) != tag {
				continue
			}
			if err := c.Engine.vk.RemoveLabel(ctx, td.pair.ID, l.ID); err != nil {
				return err
			}
			c.rep.WritesVK++
		}
		agreed(td.pair, tag, false)
	}
	for _, tag := range td.res.TagsVK.Add {
		id, err := c.labelFor(ctx, tag)
		if err == nil {
			err = c.Engine.vk.AddLabel(ctx, td.pair.ID, id)
		}
		switch api.KindOf(err) {
		case api.KindNotFound: // the label or the task is gone since the scan: the next cycle knows
			c.rep.Again = true
			continue
		case api.KindForbidden, api.KindInvalid:
			if c.readOnly(fresh.ProjectID) {
				return err
			}
			c.problem(td.pair, fmt.Sprintf("tag `%s` cannot be shared with Vikunja: %v", tag, err))
			td.stuck = append(td.stuck, tag)
			continue
		}
		if err != nil {
			return err
		}
		c.rep.WritesVK++
		agreed(td.pair, tag, true)
	}
	return nil
}

// readOnly reports a project of somebody else's that may only be read: what it
// refuses is not for good, but waits for the right to write.
func (c *cycle) readOnly(id int64) bool {
	p := c.projects[id]
	return p.Rights == 0 && p.OwnerID != 0 && p.OwnerID != c.me.ID
}

// agreed moves the base of one tag as soon as it is written: should a later
// step fail, our own write is nobody's edit.
func agreed(p *store.Pair, tag string, has bool) {
	for _, set := range []*[]string{&p.TW.Tags, &p.VK.Tags} {
		out := slices.DeleteFunc(slices.Clone(*set), func(t string) bool { return t == tag })
		if has {
			out = append(out, tag)
		}
		*set = model.Set(out)
	}
}

func (c *cycle) writeDepends(ctx context.Context, td *todo) error {
	for _, u := range td.res.DepVK.Del {
		if err := c.Engine.vk.RemoveRelation(ctx, td.pair.ID, c.index[u].ID, api.RelationBlocked); err != nil {
			return err
		}
		c.rep.WritesVK++
	}
	for _, u := range td.res.DepVK.Add {
		err := c.Engine.vk.AddRelation(ctx, td.pair.ID, c.index[u].ID, api.RelationBlocked)
		switch api.KindOf(err) {
		case api.KindNotFound: // the other is deleted or being made anew: the next cycle knows
			c.rep.Again = true
			continue
		case api.KindForbidden, api.KindInvalid:
			if c.readOnly(td.vkTask.task.ProjectID) {
				return err
			}
			c.problem(td.pair, fmt.Sprintf("the dependency on `%s` cannot be shared with Vikunja: %v", u, err))
			td.stuck = append(td.stuck, u)
			continue
		}
		if err != nil {
			return err
		}
		c.rep.WritesVK++
	}
	return nil
}

// writeComments makes the comment steps for Vikunja. What they make of the
// comments that were planned on is the new base, not what a look would show
// now: that may hold somebody's edit of this moment.
func (c *cycle) writeComments(ctx context.Context, td *todo) error {
	var left []merge.CommentOp
	for _, op := range td.res.Comments {
		if op.Target != merge.Vikunja || op.Kind == merge.LinkComment || op.Kind == merge.ForgetComment {
			left = append(left, op)
			continue
		}
		if err := c.writeComment(ctx, td, op); err != nil {
			return err
		}
	}
	td.res.Comments = left
	return nil
}

func (c *cycle) writeComment(ctx context.Context, td *todo, op merge.CommentOp) error {
	p := td.pair
	switch {
	case op.Foreign && op.Kind == merge.DelComment:
		c.problem(p, "a comment of another account was removed in Taskwarrior; in Vikunja it stays")
		setLink(p, merge.Link{VK: op.VK, VKText: textOf(td.vk.Comments, op.VK), Hidden: true})
		return nil
	case op.Foreign && op.Kind == merge.SetComment:
		c.problem(p, "a comment of another account was changed in Taskwarrior; in Vikunja it stays")
		setLink(p, merge.Link{TW: op.TW, VK: op.VK, TWText: op.Text, VKText: textOf(td.vk.Comments, op.VK)})
		return nil
	}
	seq, err := c.begin(store.Intent{Kind: "comment", UUID: p.UUID, ID: p.ID})
	if err != nil {
		return err
	}
	if op.Kind != merge.AddComment {
		if same, err := c.commentAsPlanned(ctx, td, op.VK); err != nil || !same {
			c.rep.Again = true
			return c.outcome(seq, err)
		}
	}
	id, err := c.sendComment(ctx, p.ID, op)
	if err := c.outcome(seq, err); err != nil {
		return err
	}
	c.rep.WritesVK++
	shown := commentText(model.CommentHTML(op.Text))
	if op.Kind == merge.DelComment {
		dropLink(p, op.TW, op.VK)
	} else {
		setLink(p, merge.Link{TW: op.TW, VK: id, TWText: op.Text, VKText: shown})
	}
	td.vk.Comments = written(td.vk.Comments, op, id, shown)
	return nil
}

// written is the list after a step.
func written(cs []model.Comment, op merge.CommentOp, id, text string) []model.Comment {
	cs = slices.Clone(cs)
	switch i := slices.IndexFunc(cs, func(k model.Comment) bool { return k.ID == op.VK }); {
	case op.Kind == merge.AddComment:
		cs = append(cs, model.Comment{ID: id, Text: text})
	case i < 0:
	case op.Kind == merge.DelComment:
		cs = slices.Delete(cs, i, i+1)
	default:
		cs[i].Text = text
	}
	return cs
}

// sendComment makes one call and returns the number of the comment.
func (c *cycle) sendComment(ctx context.Context, task int64, op merge.CommentOp) (string, error) {
	id, _ := strconv.ParseInt(op.VK, 10, 64)
	html := model.CommentHTML(op.Text)
	var err error
	switch op.Kind {
	case merge.AddComment:
		id, err = c.Engine.vk.CreateComment(ctx, task, html)
	case merge.SetComment:
		err = c.Engine.vk.UpdateComment(ctx, task, id, html)
	case merge.DelComment:
		if err = c.Engine.vk.DeleteComment(ctx, task, id); api.KindOf(err) == api.KindNotFound {
			err = nil
		}
	}
	return fmt.Sprint(id), err
}

// commentAsPlanned takes a last look at a comment before it is overwritten.
func (c *cycle) commentAsPlanned(ctx context.Context, td *todo, id string) (bool, error) {
	now, err := c.comments(ctx, td.pair.ID)
	if err != nil {
		return false, err
	}
	return textOf(now, id) == textOf(td.vk.Comments, id), nil
}

// textOf is a comment's text, "" where there is none.
func textOf(cs []model.Comment, id string) string {
	if i := slices.IndexFunc(cs, func(k model.Comment) bool { return k.ID == id }); i >= 0 {
		return cs[i].Text
	}
	return ""
}

// completeRepeating marks an occurrence done exactly once. The task rolls on
// under its id; Taskwarrior's task stays completed and a new one takes over.
func (c *cycle) completeRepeating(ctx context.Context, td *todo) error {
	before, err := c.Engine.vk.Task(ctx, td.pair.ID)
	if err != nil {
		return err
	}
	seq, err := c.begin(store.Intent{Kind: "complete", UUID: td.pair.UUID, ID: td.pair.ID,
		Due: model.Stamp(before.Due), DoneAt: model.Stamp(before.DoneAt)})
	if err != nil {
		return err
	}
	if !rolledSince(td.pair, &before) {
		done := true
		err = c.Engine.vk.UpdateTask(ctx, td.pair.ID, api.TaskPatch{Done: &done})
		if err != nil {
			return c.outcome(seq, err)
		}
		c.rep.WritesVK++
	}
	return c.closeOccurrence(td.pair, td.tw, seq)
}

// rolledSince reports that someone completed the same occurrence in Vikunja
// after the pair was last in step: done_at is another than then. Where that is
// not known it must be no older than the state agreed on, and the date must
// have moved on from there.
func rolledSince(p *store.Pair, now *api.Task) bool {
	at, due := model.Stamp(now.DoneAt), model.Stamp(now.Due)
	if p.DoneAt != "" {
		return at != "" && at != p.DoneAt
	}
	if due == "" || p.VK.Scalar[model.Due] == "" {
		return at > p.Updated
	}
	return at >= p.Updated && at != "" && due != p.VK.Scalar[model.Due]
}

// closeOccurrence ends a pair; the next cycle finds the Vikunja task without
// a partner and makes the next occurrence.
func (c *cycle) closeOccurrence(p *store.Pair, tw model.Snapshot, seq uint64) error {
	p.State, p.TW, p.At = store.Closed, tw, c.cfg.Now().UTC()
	c.rep.Again = true
	delete(c.byID, p.ID)
	c.known(p)
	return c.st.Update(func(t *store.Tx) error {
		if err := t.PutPair(p); err != nil {
			return err
		}
		return t.End(seq)
	})
}

// guard stops cycles that would delete a lot.
func (c *cycle) guard(context.Context) error {
	for _, side := range []merge.Side{merge.Vikunja, merge.Taskwarrior} {
		k := deleteVK
		if side == merge.Taskwarrior {
			k = deleteTW
		}
		g := &store.Guard{Side: side.String(), Of: c.rep.Pairs, At: c.cfg.Now().UTC(), Emptied: len(c.emptied) > 0 && k == deleteVK}
		for _, td := range c.plan {
			if td.kind == k && !(g.Emptied && slices.Contains(c.emptied, td.pair.UUID)) {
				g.UUIDs = append(g.UUIDs, td.pair.UUID)
			}
		}
		if g.Emptied {
			g.UUIDs = append(g.UUIDs, c.emptied...)
		}
		g.Count = len(g.UUIDs)
		switch {
		case c.meta.Rebuilt && g.Count > 0:
			c.drop(k)
			c.rep.Again = true
		case g.Emptied, c.tooMany(g.Count) && !c.confirmed(g):
			c.drop(k)
			c.rep.Guard = g
			c.problem(nil, stopped(g))
		}
	}
	return nil
}

func stopped(g *store.Guard) string {
	if g.Emptied {
		return fmt.Sprintf("taskwarrior lost %d of %d tasks at once: nothing is deleted in Vikunja. After an upgrade to Taskwarrior 3 run `task import-v2`; "+
			"if they are to go, run `vikunja-sync resolve --confirm-deletions`", g.Count, g.Of)
	}
	return fmt.Sprintf("%d of %d tasks would be deleted in %s: nothing is deleted; look at `vikunja-sync sync --dry-run`, then run `vikunja-sync resolve --confirm-deletions`",
		g.Count, g.Of, g.Side)
}

func (c *cycle) tooMany(n int) bool {
	return n > c.cfg.MaxDeletes || (n >= 5 && n*100 > c.cfg.MaxPercent*c.rep.Pairs)
}

// checkEmptied: Taskwarrior shows not one of the tasks that were paired, where
// there were several, or it did so before and they have not all come back. So
// does Taskwarrior 3 until 2.6's data were imported, and a new disk. Nobody
// deleted them until somebody says so.
func (c *cycle) checkEmptied() {
	live := 0
	var missing []string
	for u, x := range c.index {
		if x.State != store.Live {
			continue
		}
		if live++; c.tw[u] == nil {
			missing = append(missing, u)
		}
	}
	slices.Sort(missing)
	all := live > 1 && len(missing) == live
	var lost []string // of those that a cycle before stopped
	if old := c.meta.Guard; old != nil && old.Side == merge.Vikunja.String() {
		for _, u := range missing {
			if slices.Contains(old.UUIDs, u) {
				lost = append(lost, u)
			}
		}
		if c.meta.Confirmed == old.Side {
			all, lost = all && len(lost) < len(missing), nil
		} else if !old.Emptied {
			lost = nil
		}
	}
	if c.emptied = lost; all {
		c.emptied = missing
	}
}

func guardKey(g *store.Guard) string { return g.Side + " " + fmt.Sprint(g.UUIDs) }

// confirmed: the batch, or a larger one that holds it, was said yes to.
func (c *cycle) confirmed(g *store.Guard) bool {
	old := c.meta.Guard
	if old == nil || c.meta.Confirmed != old.Side || old.Side != g.Side {
		return false
	}
	return !slices.ContainsFunc(g.UUIDs, func(u string) bool { return !slices.Contains(old.UUIDs, u) })
}

func (c *cycle) drop(k kind) {
	c.plan = slices.DeleteFunc(c.plan, func(td *todo) bool { return td.kind == k })
}
