package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/merge"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// image is what two equal pairs share, to skip needless writes.
func image(p *store.Pair) string {
	if p == nil {
		return ""
	}
	q := *p
	q.At = time.Time{}
	b, _ := json.Marshal(q)
	return string(b)
}

// execute makes the calls to Vikunja and queues those to Taskwarrior.
func (c *cycle) execute(ctx context.Context) {
	for _, k := range []kind{remark, bury, endTwin, createVK, update, createTW, deleteTW, deleteVK, endDouble} {
		for _, td := range c.plan {
			if td.kind != k || td.done || ctx.Err() != nil {
				continue
			}
			td.done = true
			if err := c.one(ctx, td); err != nil {
				c.failed(td.pair, td, err)
			}
		}
	}
}

func (c *cycle) one(ctx context.Context, td *todo) error {
	switch td.kind {
	case remark:
		return c.save(td)
	case bury:
		td.pair.State = store.Deleted
		return c.save(td)
	case endTwin:
		c.queueTwin(td)
		return nil
	case createTW:
		if err := c.logConflicts(td); err != nil {
			return err
		}
		c.queue(td)
		return nil
	case deleteTW:
		if err := c.logConflicts(td); err != nil {
			return err
		}
		td.res.Scalars = []merge.Scalar{{Field: model.Status, Action: merge.ToTW, Val: model.Deleted}}
		c.queue(td)
		return nil
	}
	if c.stopVK != nil {
		if td.kind != update || td.res.ForVK() {
			c.rep.Again = true
			return nil
		}
	}
	switch td.kind {
	case createVK:
		return c.create(ctx, td)
	case deleteVK:
		return c.delete(ctx, td)
	case endDouble:
		return c.endDouble(ctx, td)
	}
	return c.update(ctx, td, nil)
}

// failed sorts an error of one item.
func (c *cycle) failed(p *store.Pair, td *todo, err error) {
	if td.kind == createVK && td.before == "" { // a new task has no agreement to be named after
		p = &store.Pair{UUID: p.UUID, ID: p.ID, TW: td.tw}
	}
	switch k := api.KindOf(err); k {
	case api.KindUnauthorized, api.KindHostile:
		c.stopVK = err
	case api.KindRateLimited:
		c.stopVK = err
		c.rep.RetryAt = retryAt(err)
	case api.KindArchived:
		c.problem(p, "the project is archived: the change waits until it is not")
	case api.KindInvalid, api.KindForbidden, api.KindNotFound:
		c.problem(p, err.Error())
		if td.kind == createVK && td.before == "" && k != api.KindNotFound {
			if e := c.refusedNew(td, err.Error()); e != nil {
				c.problem(p, e.Error())
			}
		}
		if td.before == "" || td.vkTask == nil {
			return // not stored yet: tried again
		}
		p.Parked, p.ParkedOn = err.Error(), c.parkKey(td.tw, td.vkTask, p)
		if e := c.save(td); e != nil {
			c.problem(p, e.Error())
		}
		if k != api.KindNotFound && td.kind == update && td.res.ForTW() {
			c.queue(td) // what Vikunja refuses to take does not keep back what it gives
		}
	default:
		c.problem(p, err.Error())
		c.rep.Again = true
		if errors.Is(err, errInFlight) {
			return
		}
		if c.failures++; c.failures >= 5 {
			c.stopVK = err
		}
	}
}

// save stores the pair if it differs from what is stored.
func (c *cycle) save(td *todo) error {
	p := td.pair
	if image(p) == td.before {
		return nil
	}
	p.At = c.cfg.Now().UTC()
	if err := c.st.Update(func(t *store.Tx) error { return t.PutPair(p) }); err != nil {
		return err
	}
	td.before = image(p)
	c.known(p)
	return nil
}

func (c *cycle) known(p *store.Pair) {
	c.index[p.UUID] = store.Index{ID: p.ID, State: p.State}
	if p.State == store.Live {
		c.byID[p.ID] = p.UUID
	}
}

func (c *cycle) logConflicts(td *todo) error {
	if len(td.res.Conflicts) == 0 {
		return nil
	}
	err := c.st.Update(func(t *store.Tx) error {
		for _, k := range td.res.Conflicts {
			title := td.tw.Scalar[model.Title]
			if title == "" {
				title = td.vk.Scalar[model.Title]
			}
			if err := t.Log(store.Conflict{At: c.cfg.Now().UTC(), UUID: td.pair.UUID, ID: td.pair.ID, Title: title,
				Field: k.Field, Winner: k.Winner.String(), Kept: k.Kept, Lost: k.Lost}); err != nil {
				return err
			}
		}
		return nil
	})
	c.rep.Conflicts += len(td.res.Conflicts)
	td.res.Conflicts = nil
	return err
}

// create makes the Vikunja task, links the pair with what was sent as its
// base, and lets an ordinary update do the rest: tags, comments, whatever
// changed meanwhile.
func (c *cycle) create(ctx context.Context, td *todo) error {
	project, err := c.projectFor(ctx, td.tw.Scalar[model.Project])
	if err != nil {
		return err
	}
	in := c.input(td, project)
	if err := c.logConflicts(td); err != nil {
		return err
	}
	intent := store.Intent{Kind: "create", UUID: td.pair.UUID, ID: c.index[td.pair.UUID].ID, Parent: project, Title: in.Title, MaxID: c.maxID,
		SentTW: td.tw.Scalar[:], SentVK: c.sent(in)}
	seq, err := c.begin(intent)
	if err != nil {
		return err
	}
	id, err := c.Engine.vk.CreateTask(ctx, in)
	if err != nil {
		return c.outcome(seq, err)
	}
	c.rep.WritesVK++
	c.maxID = max(c.maxID, id)
	td.pair.ID = id
	if err := c.adopt(td.pair, intent, seq); err != nil {
		return err
	}
	c.paired()
	task, err := c.Engine.vk.Task(ctx, id)
	if err != nil {
		return err
	}
	c.failures = 0
	td.before = image(td.pair)
	if err := c.refresh(ctx, td, &task); err != nil || td.kind != update {
		return err
	}
	return c.update(ctx, td, &task)
}

// input is the new task as it is sent.
func (c *cycle) input(td *todo, project int64) api.TaskInput {
	s := td.tw.Scalar
	prio, _ := model.PriorityToVK(s[model.Priority])
	title, _ := c.ToVK(model.Title, s[model.Title], "")
	in := api.TaskInput{ProjectID: project, Title: title, Description: model.NotesHTML(s[model.Notes], ""),
		Due: model.ParseStamp(s[model.Due]), Start: model.ParseStamp(s[model.Start]), End: model.ParseStamp(s[model.End]), Priority: prio}
	if s[model.Status] == model.Completed {
		in.Done, in.DoneAt = true, model.ParseStamp(td.twTask.raw.Str("end"))
	}
	return in
}

// sent is a new task's snapshot as the server will show it.
func (c *cycle) sent(in api.TaskInput) []string {
	s := c.snapVK(&api.Task{ProjectID: in.ProjectID, Title: in.Title, Description: in.Description, Done: in.Done,
		Due: in.Due, Start: in.Start, End: in.End, Priority: in.Priority}).Scalar
	return s[:]
}

// adopt stores a pair that a create made and closes the intent. What was sent
// is what both sides agree on, so that an edit since then is seen as one.
func (c *cycle) adopt(p *store.Pair, in store.Intent, seq uint64) error {
	copy(p.TW.Scalar[:], in.SentTW)
	copy(p.VK.Scalar[:], in.SentVK)
	p.At = c.cfg.Now().UTC()
	err := c.st.Update(func(t *store.Tx) error {
		if err := t.PutPair(p); err != nil {
			return err
		}
		return t.End(seq)
	})
	if err == nil {
		c.known(p)
	}
	return err
}

// refresh merges again with a task just read.
func (c *cycle) refresh(ctx context.Context, td *todo, task *api.Task) (err error) {
	td.vkTask = &vkTask{task: task, snap: c.snapVK(task), hot: c.hot(task.Updated)}
	td.vk = td.vkTask.snap.Clone()
	if td.vk.Comments, err = c.comments(ctx, task.ID); err != nil {
		return err
	}
	if c.mergeInto(td); td.kind != update {
		c.rep.Again = true
	}
	return nil
}

// update carries out the plan of one pair; fresh is the task as just read, or
// nil.
//
// The server has no way to say "only if unchanged". So everything slow comes
// before the last look, and the write follows it at once.
func (c *cycle) update(ctx context.Context, td *todo, fresh *api.Task) error {
	if err := c.needProject(ctx, td); err != nil {
		return err
	}
	if td.res.ForVK() && fresh == nil {
		task, err := c.Engine.vk.Task(ctx, td.pair.ID)
		if err != nil {
			return err
		}
		fresh = &task
		if c.snapVK(fresh).Hash() != td.vk.Hash() || td.vkTask.task == nil || !fresh.Updated.Equal(td.vkTask.task.Updated) {
			if same, err := c.unchanged(ctx, td); err != nil || !same {
				c.rep.Again = true
				return err
			}
			if err := c.refresh(ctx, td, fresh); err != nil || td.kind != update {
				return err
			}
		}
	}
	if err := c.logConflicts(td); err != nil {
		return err
	}
	if td.res.ForVK() {
		before := image(td.pair)
		closed, err := c.writeVK(ctx, td, fresh)
		if err != nil && image(td.pair) != before { // what was written is not somebody's edit
			if e := c.save(td); e != nil {
				return e
			}
		}
		if err != nil || closed {
			return err
		}
	}
	return c.settleUpdate(ctx, td)
}

// unchanged reads Taskwarrior's task again. What Vikunja says now must not
// become an agreement with what Taskwarrior said before: a change that was taken
// back there meanwhile would count as younger than that of Vikunja.
func (c *cycle) unchanged(ctx context.Context, td *todo) (bool, error) {
	now, err := c.Engine.tw.Get(ctx, []string{td.pair.UUID})
	if err != nil {
		return false, err
	}
	raw := now[td.pair.UUID]
	return raw != nil && c.snapTW(raw).HashAll() == td.tw.HashAll(), nil
}

// settleUpdate moves the base and queues what Taskwarrior must still get.
func (c *cycle) settleUpdate(ctx context.Context, td *todo) error {
	p := td.pair
	if td.wrote {
		task, err := c.Engine.vk.Task(ctx, p.ID)
		if err != nil {
			return err
		}
		c.failures = 0
		cs := td.vk.Comments
		td.vkTask = &vkTask{task: &task, snap: c.snapVK(&task)}
		td.vk = td.vkTask.snap.Clone()
		td.vk.Comments = cs
		c.countTries(td, merge.ToVK, td.tw)
		remember(td, &task)
	}
	p.Parked, p.ParkedOn = "", ""
	if !td.res.ForTW() {
		delete(p.Tries, triesImport)
	}
	c.settle(td, td.tw)
	if err := c.save(td); err != nil {
		return err
	}
	if td.res.ForTW() || td.tw.Link != fmt.Sprint(p.ID) {
		c.queue(td)
	}
	return nil
}

// settle moves the base of everything on which both sides now agree, tw being
// Taskwarrior's state as last read.
func (c *cycle) settle(td *todo, tw model.Snapshot) {
	p, vk := td.pair, td.vk
	for f := range model.NumFields {
		if c.Same(f, tw.Scalar[f], vk.Scalar[f]) || c.yields(td, f, tw.Scalar[f]) {
			p.TW.Scalar[f], p.VK.Scalar[f] = tw.Scalar[f], vk.Scalar[f]
			delete(p.Tries, f.String())
			if t := td.vkTask.task; f == model.Due && t != nil && t.Repeats() {
				p.DoneAt = model.Stamp(t.DoneAt)
			}
		}
	}
	if len(p.Tries) == 0 {
		p.Tries = nil
	}
	p.TW.Link = tw.Link
	p.TW.Tags, p.VK.Tags = settleSet(p.TW.Tags, p.VK.Tags, tw.Tags, vk.Tags, td.stuck)
	p.TW.Depends, p.VK.Depends = settleSet(c.narrow(p.TW.Depends), c.narrow(p.VK.Depends), tw.Depends, vk.Depends, td.stuck)
	settleComments(td)
	if t := td.vkTask.task; t != nil {
		p.Born = model.Stamp(t.Created)
	}
	p.Updated, p.Hot = "", false
	if len(td.res.Comments) > 0 {
		return // something is left to write: the comments are read again
	}
	p.TW.Comments, p.VK.Comments = tw.Comments, vk.Comments
	if t := td.vkTask.task; t != nil && !td.wrote {
		p.Updated, p.Hot = model.Stamp(t.Updated), td.vkTask.hot
	} else if t == nil {
		p.Updated, p.Hot = td.updated, td.hot
	}
}

// yields reports a field whose difference is accepted: Vikunja cannot hold the
// value, or cannot tell the change, or three writes did not read back. What
// changed since the merge was not part of that verdict.
func (c *cycle) yields(td *todo, f model.Field, tw string) bool {
	if td.pair.Tries[f.String()] >= maxTries {
		c.problem(td.pair, fmt.Sprintf("`%s` does not read back as written; it is left as it is", f))
		return true
	}
	if tw != td.mergedTW[f] || td.vk.Scalar[f] != td.mergedVK[f] {
		c.rep.Again = true
		return false
	}
	i := slices.IndexFunc(td.res.Scalars, func(s merge.Scalar) bool { return s.Field == f })
	return i >= 0 && (td.res.Scalars[i].Stuck || td.res.Scalars[i].Action == merge.Agree)
}

const maxTries = 3

func (c *cycle) countTries(td *todo, dir merge.Action, tw model.Snapshot) {
	for _, s := range td.res.Scalars {
		if s.Action != dir || s.Stuck || c.Same(s.Field, tw.Scalar[s.Field], td.vk.Scalar[s.Field]) {
			continue
		}
		if td.pair.Tries == nil {
			td.pair.Tries = map[string]int{}
		}
		td.pair.Tries[s.Field.String()]++
		c.rep.Again = true
	}
}

// settleSet moves the base of each element on which both agree.
func settleSet(btw, bvk, tw, vk, stuck []string) (outTW, outVK []string) {
	for _, e := range model.Set(slices.Concat(btw, bvk, tw, vk)) {
		inTW, inVK := slices.Contains(tw, e), slices.Contains(vk, e)
		if inTW != inVK && !slices.Contains(stuck, e) {
			inTW, inVK = slices.Contains(btw, e), slices.Contains(bvk, e)
		}
		if inTW {
			outTW = append(outTW, e)
		}
		if inVK {
			outVK = append(outVK, e)
		}
	}
	return outTW, outVK
}

// settleComments remembers the links that needed no write.
func settleComments(td *todo) {
	p := td.pair
	td.res.Comments = slices.DeleteFunc(td.res.Comments, func(op merge.CommentOp) bool {
		switch op.Kind {
		case merge.LinkComment:
			setLink(p, merge.Link{TW: op.TW, VK: op.VK, TWText: op.Text, VKText: op.Text})
			return true
		case merge.ForgetComment:
			dropLink(p, op.TW, op.VK)
			return true
		}
		return false
	})
}

func setLink(p *store.Pair, l merge.Link) {
	dropLink(p, l.TW, l.VK)
	p.Links = append(p.Links, l)
}

func dropLink(p *store.Pair, tw, vk string) {
	p.Links = slices.DeleteFunc(p.Links, func(l merge.Link) bool {
		return (tw != "" && l.TW == tw) || (vk != "" && l.VK == vk)
	})
}

// delete removes the Vikunja task, after a last look at it.
func (c *cycle) delete(ctx context.Context, td *todo) error {
	p := td.pair
	if td.vkTask.task == nil { // planned on the base alone: what came since must be seen first
		c.problem(p, "the project is archived: the change waits until it is not")
		return nil
	}
	if c.postponed(td) {
		return nil
	}
	if err := c.logConflicts(td); err != nil {
		return err
	}
	seq, err := c.begin(store.Intent{Kind: "delete", UUID: p.UUID, ID: p.ID})
	if err != nil {
		return err
	}
	same, err := c.asPlanned(ctx, td)
	if api.KindOf(err) == api.KindNotFound {
		return c.bury(td, seq)
	}
	if err != nil || !same {
		c.rep.Again = c.rep.Again || err == nil
		return c.outcome(seq, err)
	}
	err = c.Engine.vk.DeleteTask(ctx, p.ID)
	if err != nil && api.KindOf(err) != api.KindNotFound {
		return c.outcome(seq, err)
	}
	c.rep.WritesVK++
	return c.bury(td, seq)
}

// postponed leaves a deletion for when the second in which the task last
// changed is over: comments that come in it are seen only then.
func (c *cycle) postponed(td *todo) bool {
	now, ok := c.Engine.vk.Now()
	updated := td.vkTask.task.Updated
	if !td.vkTask.hot || !ok || now.Sub(updated).Abs() >= overAfter {
		return false
	}
	c.rep.Later = append(c.rep.Later, td.pair.UUID)
	if at := c.cfg.Now().Add(updated.Add(overAfter).Sub(now)); at.After(c.rep.LaterAt) {
		c.rep.LaterAt = at
	}
	return true
}

// asPlanned takes a last look at a task. Comments that came in the second of
// its stamp are seen only in their list, and once that second is over.
func (c *cycle) asPlanned(ctx context.Context, td *todo) (bool, error) {
	t := td.vkTask.task
	if td.vkTask.hot {
		if now, ok := c.Engine.vk.Now(); !ok || now.Sub(t.Updated).Abs() < overAfter {
			return false, nil
		}
		cs, err := c.comments(ctx, t.ID)
		if err != nil || !slices.EqualFunc(cs, td.vk.Comments, func(a, b model.Comment) bool { return a.ID == b.ID && a.Text == b.Text }) {
			return false, err
		}
	}
	fresh, err := c.Engine.vk.Task(ctx, t.ID)
	return err == nil && c.snapVK(&fresh).Hash() == td.vk.Hash() && fresh.Updated.Equal(t.Updated), err
}

func (c *cycle) bury(td *todo, seq uint64) error {
	p := td.pair
	p.State, p.Missing = store.Deleted, 0
	if !td.missing {
		p.TW = td.tw
	}
	p.At = c.cfg.Now().UTC()
	c.known(p)
	return c.st.Update(func(t *store.Tx) error {
		if err := t.PutPair(p); err != nil {
			return err
		}
		return t.End(seq)
	})
}
