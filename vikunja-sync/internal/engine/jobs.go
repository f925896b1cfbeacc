package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/merge"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// job is a task to be written to Taskwarrior. The raw task is read at the last
// moment; ops are named changes to it.
type job struct {
	td  *todo
	raw model.Raw
	// entries of annotations that the job adds, by comment.
	entries map[string]string
	// due is kept against Vikunja's will: a recurring task must have one.
	due string
	// refused: the import failed. What reads back may be the task of before,
	// and nothing is learned from it.
	refused bool
}

func (c *cycle) queue(td *todo) { c.jobs = append(c.jobs, &job{td: td}) }

// flush writes the queue in batches, each under the lock. Where the lock
// cannot be had the rest is left for the next cycle: to wait for it once is
// enough.
func (c *cycle) flush(ctx context.Context) error {
	n := max(c.Engine.tw.Batch(), 1)
	for batch := range slices.Chunk(c.jobs, n) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		unlock, err := c.Engine.tw.Lock(ctx)
		if err != nil {
			c.rep.Again = true
			c.problem(nil, "taskwarrior: "+err.Error())
			return nil
		}
		err = func() error {
			defer unlock()
			return c.flushBatch(ctx, batch)
		}()
		if err != nil {
			return err
		}
	}
	return nil
}

// flushBatch reads, compares with what was planned on, writes, reads back and
// moves the base.
func (c *cycle) flushBatch(ctx context.Context, jobs []*job) error {
	var uuids []string
	for _, j := range jobs {
		uuids = append(uuids, j.td.pair.UUID)
	}
	now, err := c.Engine.tw.Get(ctx, uuids)
	if err != nil {
		return err
	}
	jobs = slices.DeleteFunc(slices.Clone(jobs), func(j *job) bool { return !c.prepare(j, now[j.td.pair.UUID]) })
	for _, j := range jobs {
		if j.due == "" {
			continue
		}
		j.td.res.Conflicts = []merge.Conflict{{Field: model.Due.String(), Winner: merge.Taskwarrior, Kept: j.due}}
		if err := c.logConflicts(j.td); err != nil {
			return err
		}
	}
	if err := c.announce(jobs); err != nil {
		return err
	}
	if err := c.importAll(ctx, jobs); err != nil {
		return err
	}
	after, err := c.Engine.tw.Get(ctx, uuids)
	if err != nil {
		return err
	}
	var pairs []*store.Pair
	for _, j := range jobs {
		if raw, ok := after[j.td.pair.UUID]; ok && !j.refused && c.settleJob(j, raw) {
			pairs = append(pairs, j.td.pair)
		}
	}
	return c.st.Update(func(t *store.Tx) error {
		for _, p := range pairs {
			p.At = c.cfg.Now().UTC()
			if err := t.PutPair(p); err != nil {
				return err
			}
		}
		return nil
	})
}

// announce stores new pairs before their task is made, as they will be. The
// next cycle after a crash finds the task made or not (promote).
func (c *cycle) announce(jobs []*job) error {
	var pairs []*store.Pair
	for _, j := range jobs {
		if j.td.kind != createTW || c.index[j.td.pair.UUID].State == store.Live {
			continue // a purged task that comes back has its pair
		}
		p := *j.td.pair
		p.State, p.TW, p.VK, p.Updated = store.Importing, c.snapTW(j.raw), j.td.vk.Clone(), ""
		for _, k := range p.VK.Comments {
			if e := j.entries[k.ID]; e != "" {
				p.Links = append(p.Links, merge.Link{TW: e, VK: k.ID, TWText: k.Text, VKText: k.Text})
			}
		}
		pairs = append(pairs, &p)
	}
	if len(pairs) == 0 {
		return nil
	}
	return c.st.Update(func(t *store.Tx) error {
		for _, p := range pairs {
			if err := t.PutPair(p); err != nil {
				return err
			}
		}
		return nil
	})
}

// promote finishes what announce began before a crash.
func (c *cycle) promote(context.Context) error {
	for _, u := range slices.Sorted(maps.Keys(c.index)) {
		if c.index[u].State != store.Importing || c.dry {
			continue
		}
		if c.tw[u] == nil {
			delete(c.index, u)
			if err := c.st.Update(func(t *store.Tx) error { return t.DropPair(u) }); err != nil {
				return err
			}
			continue
		}
		p, before, err := c.loadPair(u)
		if err != nil {
			return err
		}
		p.State = store.Live
		if err := c.save(&todo{pair: p, before: before}); err != nil {
			return err
		}
	}
	return nil
}

// importAll writes a batch; a batch that fails is tried task by task, so that
// one bad task does not keep the others out.
func (c *cycle) importAll(ctx context.Context, jobs []*job) error {
	var raws []model.Raw
	for _, j := range jobs {
		raws = append(raws, j.raw)
	}
	if len(raws) == 0 {
		return nil
	}
	c.rep.WritesTW += len(raws)
	err := c.Engine.tw.Import(ctx, raws)
	if err == nil || ctx.Err() != nil {
		return err
	}
	refused := map[*job]error{}
	for i, j := range jobs {
		if err := c.Engine.tw.Import(ctx, raws[i:i+1]); err != nil {
			if ctx.Err() != nil {
				return err
			}
			j.refused, refused[j] = true, err
		}
	}
	for _, j := range jobs {
		if err := refused[j]; err != nil {
			always := len(jobs) == 1 || len(refused) < len(jobs) // else it is not about the tasks
			if err := c.refuse(j, "taskwarrior refuses the task: "+err.Error(), always); err != nil {
				return err
			}
		}
	}
	return nil
}

// prepare builds the new raw task; false: the user changed it meanwhile.
func (c *cycle) prepare(j *job, now model.Raw) bool {
	td := j.td
	switch {
	case td.kind == createTW && now == nil:
		j.raw = c.newRaw(td)
	case td.kind == createTW, now == nil, c.snapTW(now).HashAll() != td.tw.HashAll():
		c.rep.Again = true
		return false
	default:
		j.raw = now.Clone()
	}
	c.apply(j)
	if j.raw.Str("recur") != "" && j.raw.Str("due") == "" {
		j.due = now.Str("due")
		j.raw.SetStr("due", j.due)
		td.res.Scalars = slices.DeleteFunc(td.res.Scalars, func(s merge.Scalar) bool { return s.Field == model.Due })
	}
	return true
}

// newRaw starts a task of Vikunja's in Taskwarrior. The next occurrence of a
// repeating task takes along what only Taskwarrior knew of the last one.
func (c *cycle) newRaw(td *todo) model.Raw {
	raw := model.Raw{}
	if last := c.lastOccurrence(td.pair.ID); last != nil && !td.missing {
		raw = heir(last)
	}
	raw.SetStr("uuid", td.pair.UUID)
	if t := td.vkTask.task; t != nil {
		raw.SetStr("entry", model.DateToTW(model.Stamp(t.Created)))
	}
	return raw
}

// lastOccurrence is the youngest finished task of a repeating one.
func (c *cycle) lastOccurrence(id int64) (raw model.Raw) {
	if c.closed == nil {
		c.closed = map[int64][]string{}
		for u, x := range c.index {
			if x.State == store.Closed {
				c.closed[x.ID] = append(c.closed[x.ID], u)
			}
		}
	}
	for _, u := range c.closed[id] {
		t := c.tw[u]
		if t == nil || t.raw == nil {
			continue
		}
		if raw == nil || t.raw.Str("entry")+u > raw.Str("entry")+raw.UUID() {
			raw = t.raw
		}
	}
	return raw
}

// heir keeps the attributes that belong to the series, not to one occurrence
// and not to Vikunja.
func heir(last model.Raw) model.Raw {
	out := last.Clone()
	for _, k := range []string{"uuid", "id", "urgency", "status", "end", "entry", "modified", "annotations", "start", "wait",
		"until", "depends", "description", "due", "scheduled", "project", "priority", "tags", "parent", "imask", "mask",
		"recur", "rtype", model.UDAEnd, model.UDANotes, model.UDALink} {
		delete(out, k)
	}
	return out
}

func (c *cycle) apply(j *job) {
	td, raw := j.td, j.raw
	var doneAt time.Time
	if td.vkTask != nil && td.vkTask.task != nil {
		doneAt = td.vkTask.task.DoneAt
	}
	for _, s := range td.res.Scalars {
		if s.Action != merge.ToTW {
			continue
		}
		if s.Field == model.Notes {
			s.Val = model.KeepTyped(td.vk.Scalar[model.Notes], raw.Str(model.UDANotes))
		}
		raw.SetScalar(s.Field, s.Val, doneAt)
	}
	if !td.res.TagsTW.Empty() {
		raw.SetList("tags", retag(raw.List("tags"), td.res.TagsTW))
	}
	if !td.res.DepTW.Empty() {
		raw.SetList("depends", td.res.DepTW.Apply(raw.List("depends")))
	}
	if td.pair.ID > 0 {
		raw.SetStr(model.UDALink, fmt.Sprint(td.pair.ID))
	}
	j.entries = annotate(raw, td.res.Comments, td.vk.Comments, c.cfg.Now())
}

// retag changes tags as Taskwarrior spells them, which may be with letters and
// accents apart.
func retag(tags []string, d merge.Delta) []string {
	kept := slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return slices.Contains(d.Del, model.Text(t)) })
	return merge.Delta{Add: d.Add}.Apply(kept)
}

// annotate makes the comment steps and returns the entries of those added.
func annotate(raw model.Raw, ops []merge.CommentOp, comments []model.Comment, now time.Time) map[string]string {
	entries := map[string]string{}
	as := raw.Annotations()
	changed := false
	for _, op := range ops {
		if op.Target != merge.Taskwarrior {
			continue
		}
		changed = true
		i := slices.IndexFunc(as, func(a model.Annotation) bool { return op.TW != "" && a.Entry == op.TW })
		switch {
		case op.Kind == merge.DelComment && i >= 0:
			as = slices.Delete(as, i, i+1)
		case op.Kind == merge.SetComment && i >= 0:
			as[i].Description = op.Text
			entries[op.VK] = op.TW
		case op.Kind == merge.AddComment:
			e := freeEntry(as, comments, op.VK, now)
			as = append(as, model.Annotation{Entry: e, Description: op.Text})
			entries[op.VK] = e
		}
	}
	if changed {
		raw.SetAnnotations(as)
	}
	return entries
}

// freeEntry is the comment's time, or the next second that no annotation has.
func freeEntry(as []model.Annotation, comments []model.Comment, id string, now time.Time) string {
	at := now
	if i := slices.IndexFunc(comments, func(k model.Comment) bool { return k.ID == id }); i >= 0 {
		if t := model.ParseStamp(comments[i].At); model.DateToTW(comments[i].At) != "" {
			at = t
		}
	}
	for {
		e := model.Stamp(at)
		if !slices.ContainsFunc(as, func(a model.Annotation) bool { return a.Entry == e }) {
			return e
		}
		at = at.Add(time.Second)
	}
}

// settleJob moves the base to what reads back.
func (c *cycle) settleJob(j *job, raw model.Raw) bool {
	td := j.td
	p := td.pair
	snap := c.snapTW(raw)
	if td.kind == deleteTW {
		if snap.Scalar[model.Status] != model.Deleted {
			c.rep.Again = true
			return false
		}
		p.State, p.TW = store.Deleted, snap
		c.known(p)
		return true
	}
	delete(p.Tries, triesImport)
	c.countTries(td, merge.ToTW, snap)
	c.settleOps(j, snap)
	c.settle(td, snap)
	if j.due != "" { // as if both had agreed to drop it and the user had set it again
		p.TW.Scalar[model.Due], p.VK.Scalar[model.Due] = "", ""
		c.rep.Again = true
	}
	if td.kind == createTW {
		c.paired()
	}
	c.known(p)
	return true
}

// settleOps keeps the comment steps that do not read back, for another try.
func (c *cycle) settleOps(j *job, tw model.Snapshot) {
	p, ops, key := j.td.pair, j.td.res.Comments, "comment"
	j.td.res.Comments = nil
	for _, op := range ops {
		done := settleOp(p, op, tw, j.td.vk, j.entries, false)
		if !done && p.Tries[key] >= maxTries {
			c.problem(p, "a comment does not read back as written in Taskwarrior; it is left as it is")
			done = settleOp(p, op, tw, j.td.vk, j.entries, true)
		}
		if !done {
			j.td.res.Comments = append(j.td.res.Comments, op)
			c.rep.Again = true
		}
	}
	switch {
	case len(j.td.res.Comments) == 0:
		delete(p.Tries, key)
	case p.Tries == nil:
		p.Tries = map[string]int{key: 1}
	default:
		p.Tries[key]++
	}
}

// settleOp links what was written, if it is there; with giveUp also what reads
// back as it was before.
func settleOp(p *store.Pair, op merge.CommentOp, tw, vk model.Snapshot, entries map[string]string, giveUp bool) bool {
	if op.Target != merge.Taskwarrior {
		return true
	}
	find := func(entry string) int {
		return slices.IndexFunc(tw.Comments, func(k model.Comment) bool { return k.ID == entry })
	}
	if op.Kind == merge.DelComment {
		if find(op.TW) >= 0 && !giveUp {
			return false
		}
		dropLink(p, op.TW, op.VK)
		return true
	}
	i := find(entries[op.VK])
	if i < 0 || (op.Kind == merge.SetComment && !giveUp && !arrived(p, op, tw.Comments[i].Text)) {
		return false
	}
	text := op.Text
	if k := slices.IndexFunc(vk.Comments, func(k model.Comment) bool { return k.ID == op.VK }); k >= 0 {
		text = vk.Comments[k].Text
	}
	setLink(p, merge.Link{TW: entries[op.VK], VK: op.VK, TWText: tw.Comments[i].Text, VKText: text})
	return true
}

// arrived: a text that is neither the new one nor the one of before is the new
// one as Taskwarrior keeps it.
func arrived(p *store.Pair, op merge.CommentOp, text string) bool {
	return text == op.Text || !slices.ContainsFunc(p.Links, func(l merge.Link) bool { return l.TW == op.TW && l.TWText == text })
}

// describe lists the plan for people.
func (c *cycle) describe() {
	add := func(td *todo, side, what, from, to string) {
		title := td.tw.Scalar[model.Title]
		if title == "" {
			title = td.vk.Scalar[model.Title]
		}
		if title == "" {
			title = td.pair.TW.Scalar[model.Title]
		}
		c.rep.Actions = append(c.rep.Actions, Action{UUID: td.pair.UUID, ID: td.pair.ID, Title: title, Side: side, What: what, From: from, To: to})
	}
	for _, td := range c.plan {
		switch td.kind {
		case createVK:
			add(td, "vikunja", "create", "", "")
		case createTW:
			add(td, "taskwarrior", "create", "", "")
		case deleteVK, endDouble:
			add(td, "vikunja", "delete", "", "")
		case deleteTW, endTwin:
			add(td, "taskwarrior", "delete", "", "")
		case update:
			describeUpdate(td, add)
		}
	}
}

func describeUpdate(td *todo, add func(td *todo, side, what, from, to string)) {
	for _, s := range td.res.Scalars {
		switch {
		case s.Action == merge.ToVK && !s.Stuck:
			add(td, "vikunja", s.Field.String(), td.vk.Scalar[s.Field], s.Val)
		case s.Action == merge.ToTW:
			add(td, "taskwarrior", s.Field.String(), td.tw.Scalar[s.Field], s.Val)
		}
	}
	sets := func(side, what string, d merge.Delta) {
		if !d.Empty() {
			add(td, side, what, strings.Join(d.Del, " "), strings.Join(d.Add, " "))
		}
	}
	sets("vikunja", "tags", td.res.TagsVK)
	sets("taskwarrior", "tags", td.res.TagsTW)
	sets("vikunja", "depends", td.res.DepVK)
	sets("taskwarrior", "depends", td.res.DepTW)
	for _, op := range td.res.Comments {
		if op.Kind != merge.LinkComment && op.Kind != merge.ForgetComment {
			add(td, op.Target.String(), "comment", "", op.Text)
		}
	}
}
