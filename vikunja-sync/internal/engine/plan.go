package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/merge"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

type kind int

const (
	update kind = iota
	createVK
	createTW
	deleteVK
	deleteTW
	bury // gone on both sides
	endTwin
	endDouble
	remark // only the pair's own state changes (detached, missing, …)
)

// todo is the plan for one pair.
type todo struct {
	kind   kind
	pair   *store.Pair
	before string // the pair as stored, to see whether it must be stored again
	tw     model.Snapshot
	vk     model.Snapshot
	twTask *twTask
	vkTask *vkTask
	res    merge.Result
	// mergedTW and mergedVK are the scalars that res was computed from; tw and
	// vk may have been read again since.
	mergedTW, mergedVK [model.NumFields]string
	// missing: Taskwarrior lost the task, so only its uuid may be used again.
	missing bool
	wrote   bool     // Vikunja was written: its comments must be read again
	stuck   []string // tags and dependencies that Vikunja refuses
	done    bool
	// updated and hot repeat what the pair had, for tasks not read anew.
	updated string
	hot     bool
}

func (c *cycle) makePlan(ctx context.Context) error {
	if err := c.forgetRefused(); err != nil {
		return err
	}
	uuids := map[string]bool{}
	for u := range c.tw {
		uuids[u] = true
	}
	for u, x := range c.index {
		if x.State == store.Live || x.State == store.Detached {
			uuids[u] = true
			c.rep.Pairs++
		}
	}
	c.checkEmptied()
	adopt := map[int64][]string{}
	for _, u := range slices.Sorted(maps.Keys(uuids)) {
		if err := c.planUUID(ctx, u, adopt); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(adopt)) {
		if err := c.planAdopt(ctx, id, adopt[id]); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.vk)) {
		if c.byID[id] == "" && len(adopt[id]) == 0 {
			if err := c.planNewVK(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *cycle) planUUID(ctx context.Context, u string, adopt map[int64][]string) error {
	x, known := c.index[u]
	t := c.tw[u]
	switch {
	case c.waits(u):
		c.problem(&store.Pair{UUID: u, ID: x.ID}, errInFlight.Error())
		return nil
	case known && (x.State == store.Live || x.State == store.Detached):
		if crossed, err := c.planCrossed(ctx, u, t, x); crossed || err != nil {
			return err
		}
		return c.planPair(ctx, u, x, t)
	case known && x.State == store.Refused:
		return c.planUnknown(ctx, u, t, adopt)
	case known: // a tombstone or a finished occurrence: only its return counts
		back := !t.same && t.status == model.Pending
		if x.State == store.Deleted {
			back = t.status == model.Pending || t.status == model.Completed
		}
		if back {
			return c.planNewTW(u, t)
		}
		return nil
	}
	return c.planUnknown(ctx, u, t, adopt)
}

// planUnknown sorts out a task that the state does not know: linked by the
// attribute, or new.
func (c *cycle) planUnknown(ctx context.Context, u string, t *twTask, adopt map[int64][]string) error {
	id, _ := strconv.ParseInt(t.link, 10, 64)
	if t.status == model.Recurring || (t.status == model.Deleted && id <= 0) {
		return nil
	}
	if id <= 0 {
		return c.planNewTW(u, t)
	}
	owner := c.byID[id]
	if owner == "" {
		if err := c.st.View(func(tx *store.Tx) error { owner = tx.Owner(id); return nil }); err != nil {
			return err
		}
	}
	if owner != "" && owner != u { // a copy: `task duplicate` takes attributes along
		if t.status == model.Deleted {
			return nil
		}
		if twin, err := c.planTwin(ctx, u, t, id); twin || err != nil {
			return err
		}
		return c.planNewTW(u, t)
	}
	if c.vk[id] != nil {
		adopt[id] = append(adopt[id], u)
		return nil
	}
	if t.status == model.Deleted {
		return nil
	}
	task, err := c.Engine.vk.Task(ctx, id)
	if err != nil {
		if stop := c.readFailed(err); stop != nil {
			return stop
		}
		c.problem(&store.Pair{UUID: u, ID: id, TW: t.snap},
			fmt.Sprintf("linked to task %d, which cannot be read (%s): nothing is done; `vikunja-sync resolve --unlink %s` makes it a new task", id, api.KindOf(err), u))
		return nil
	}
	c.vk[id] = &vkTask{task: &task, snap: c.snapVK(&task)}
	adopt[id] = append(adopt[id], u)
	return nil
}

// readFailed gives the error that must stop the cycle, if this one must.
func (c *cycle) readFailed(err error) error {
	switch api.KindOf(err) {
	case api.KindNotFound, api.KindForbidden, api.KindInvalid, api.KindArchived:
		return nil
	}
	return err
}

// planAdopt joins a Vikunja task with the best of the tasks that name it.
func (c *cycle) planAdopt(ctx context.Context, id int64, uuids []string) error {
	slices.SortFunc(uuids, func(a, b string) int {
		if pa, pb := c.tw[a].status == model.Pending, c.tw[b].status == model.Pending; pa != pb {
			if pa {
				return -1
			}
			return 1
		}
		if d := strings.Compare(c.tw[b].entry, c.tw[a].entry); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, u := range uuids[1:] {
		if c.tw[u].status == model.Pending {
			if err := c.planNewTW(u, c.tw[u]); err != nil {
				return err
			}
			continue
		}
		p := &store.Pair{UUID: u, ID: id, State: store.Closed, TW: c.tw[u].snap}
		c.plan = append(c.plan, &todo{kind: remark, pair: p})
	}
	u := uuids[0]
	p := &store.Pair{UUID: u, ID: id, State: store.Live}
	t, v := c.tw[u], c.vk[id]
	if t.status == model.Deleted { // undelivered: held for a cycle, then an ordinary deletion
		p.TW, p.VK = t.snap.Clone(), v.snap.Clone()
		p.TW.Scalar[model.Status] = v.snap.Scalar[model.Status]
		c.plan = append(c.plan, &todo{kind: remark, pair: p})
		c.rep.Again = true
		return nil
	}
	return c.planUpdate(ctx, p, "", t, v)
}

func (c *cycle) inScope(path string) bool {
	if len(c.cfg.Projects) == 0 {
		return true
	}
	return slices.ContainsFunc(c.cfg.Projects, func(p string) bool {
		return path == p || strings.HasPrefix(path, p+".")
	})
}

func (c *cycle) planNewTW(u string, t *twTask) error {
	if !c.inScope(t.snap.Scalar[model.Project]) {
		return nil
	}
	if waits, err := c.stillRefused(u, t.snap); waits || err != nil {
		return err
	}
	p := &store.Pair{UUID: u, State: store.Live}
	c.plan = append(c.plan, &todo{kind: createVK, pair: p, tw: t.snap, twTask: t})
	return nil
}

// planNewVK makes a task in Taskwarrior. Its uuid follows from server and id,
// so that a crash, or a second machine, makes the same one.
func (c *cycle) planNewVK(ctx context.Context, id int64) error {
	v := c.vk[id]
	if c.expected(v.task) {
		c.rep.Again = true
		return nil
	}
	_, path := splitProject(v.snap.Scalar[model.Project])
	if !c.inScope(path) {
		return nil
	}
	u := c.deriveUUID(v.task)
	p := &store.Pair{UUID: u, ID: id, State: store.Live}
	if c.index[u].State == store.Refused {
		old, _, err := c.loadPair(u)
		if err != nil {
			return err
		}
		if c.refused(old, model.Snapshot{}, v) {
			c.problem(old, old.Parked)
			return nil
		}
		p.Tries = old.Tries
	}
	if t := c.tw[u]; t != nil {
		if t.status == model.Deleted {
			c.problem(&store.Pair{UUID: u, ID: id, VK: v.snap}, "deleted in Taskwarrior, but alive in Vikunja and not linked: nothing is done")
			return nil
		}
		return c.planUpdate(ctx, p, "", t, v)
	}
	return c.planCreateTW(ctx, p, v)
}

func (c *cycle) planCreateTW(ctx context.Context, p *store.Pair, v *vkTask) error {
	snap, err := c.whole(ctx, p, v, false)
	if err != nil {
		return c.readFailed(err)
	}
	c.plan = append(c.plan, c.newTW(p, v, snap))
	return nil
}

// newTW is the plan to make a task of Vikunja's, comments and all.
func (c *cycle) newTW(p *store.Pair, v *vkTask, snap model.Snapshot) *todo {
	td := &todo{kind: createTW, pair: p, vk: snap, vkTask: v, mergedVK: snap.Scalar}
	td.res = merge.Merge(c, merge.Input{VK: snap})
	return td
}

func (c *cycle) space() uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(strings.TrimRight(c.cfg.Server, "/")))
}

// deriveUUID names the task after server and id; a finished occurrence or a
// tombstone of that name leads to the next.
func (c *cycle) deriveUUID(t *api.Task) string {
	space := c.space()
	name := fmt.Sprintf("task %d", t.ID)
	if t.Repeats() && !t.DoneAt.IsZero() {
		name += " " + model.Stamp(t.DoneAt)
	}
	for n := 1; ; n++ {
		key := name
		if n > 1 {
			key = fmt.Sprintf("%s #%d", name, n)
		}
		u := uuid.NewSHA1(space, []byte(key)).String()
		if st := c.index[u].State; (st == "" || st == store.Refused) && !c.taken(u, t.ID) {
			return u
		}
	}
}

// taken reports a derived uuid that holds something else's task.
func (c *cycle) taken(u string, id int64) bool {
	t := c.tw[u]
	return t != nil && t.link != "" && t.link != fmt.Sprint(id)
}

func (c *cycle) loadPair(u string) (*store.Pair, string, error) {
	if p := c.instead[u]; p != nil {
		return p, image(p), nil
	}
	var p *store.Pair
	err := c.st.View(func(tx *store.Tx) (err error) {
		p, err = tx.Pair(u)
		return err
	})
	if err == nil && p == nil {
		err = c.st.Damaged(fmt.Sprintf("%q is in the index only", u))
	}
	return p, image(p), err
}

func (c *cycle) planPair(ctx context.Context, u string, x store.Index, t *twTask) error {
	v := c.vk[x.ID]
	if t != nil && t.same && v != nil && v.same && !x.Look && x.State == store.Live {
		return nil
	}
	p, before, err := c.loadPair(u)
	if err != nil {
		return err
	}
	if v == nil && x.State == store.Detached {
		return nil
	}
	p.State = store.Live
	if v == nil {
		v, err = c.absent(ctx, p)
		if err != nil || v == nil {
			return c.planGone(p, before, t, err)
		}
	}
	if another(p, v) {
		return c.planReplaced(ctx, p, before, t)
	}
	if t == nil {
		return c.planMissing(ctx, p, before, v)
	}
	p.Missing = 0
	if t.same {
		t.snap = p.TW
	}
	return c.planUpdate(ctx, p, before, t, v)
}

// absent asks for a task that the scan did not show. A nil task and a nil
// error mean that it is deleted.
func (c *cycle) absent(ctx context.Context, p *store.Pair) (*vkTask, error) {
	id, _ := splitProject(p.VK.Scalar[model.Project])
	if err := c.ensureProject(ctx, id); err != nil {
		return nil, err
	}
	if c.projects[id].Archived {
		return &vkTask{same: true}, nil
	}
	task, err := c.Engine.vk.Task(ctx, p.ID)
	if api.KindOf(err) == api.KindNotFound {
		return nil, nil
	}
	if err == nil {
		err = c.ensureProject(ctx, task.ProjectID)
	}
	if err != nil {
		return nil, err
	}
	return &vkTask{task: &task, snap: c.snapVK(&task)}, nil
}

// planGone handles a Vikunja task that is deleted (err nil) or unreadable.
func (c *cycle) planGone(p *store.Pair, before string, t *twTask, err error) error {
	td := &todo{pair: p, before: before, twTask: t}
	switch {
	case api.KindOf(err) == api.KindForbidden:
		p.State, td.kind = store.Detached, remark
		c.problem(p, fmt.Sprintf("no access to the task in Vikunja any more: detached, kept in Taskwarrior; `vikunja-sync resolve --unlink %s` makes it a new task", p.UUID))
	case err != nil:
		return err
	case t == nil || t.status == model.Deleted:
		td.kind = bury
		if t != nil && !t.same {
			p.TW = t.snap
		}
	case t.same || !c.edited(p.TW, t.snap):
		td.kind, td.tw = deleteTW, t.snap
		if t.same {
			td.tw = p.TW
		}
	case c.cfg.OnDelete == KeepDelete:
		td.kind, td.tw = deleteTW, t.snap
		c.lose(td, merge.Vikunja, p.TW, t.snap, model.Deleted)
	default:
		td.kind, td.tw = createVK, t.snap
		td.res.Conflicts = []merge.Conflict{{Field: "status", Winner: merge.Taskwarrior, Kept: t.status, Lost: model.Deleted}}
		td.pair = &store.Pair{UUID: p.UUID, State: store.Live}
	}
	c.plan = append(c.plan, td)
	return nil
}

// edited reports a change that a user can have made.
func (c *cycle) edited(base, now model.Snapshot) bool {
	base, now = base.Clone(), now.Clone()
	base.Depends, now.Depends = c.narrow(base.Depends), c.narrow(now.Depends)
	base.Link, now.Link = "", ""
	if a, _ := splitProject(base.Scalar[model.Project]); a != 0 { // a rename is nobody's edit of the task
		if b, _ := splitProject(now.Scalar[model.Project]); a == b {
			now.Scalar[model.Project] = base.Scalar[model.Project]
		}
	}
	return base.HashAll() != now.HashAll()
}

// lose logs every edit that a deletion overrules.
func (c *cycle) lose(td *todo, winner merge.Side, base, now model.Snapshot, kept string) {
	add := func(field, lost string) {
		td.res.Conflicts = append(td.res.Conflicts, merge.Conflict{Field: field, Winner: winner, Kept: kept, Lost: lost})
	}
	for f := range model.NumFields {
		if now.Scalar[f] != base.Scalar[f] {
			add(f.String(), now.Scalar[f])
		}
	}
	if !slices.Equal(base.Tags, now.Tags) {
		add("tags", strings.Join(now.Tags, " "))
	}
	for _, k := range now.Comments {
		if !slices.ContainsFunc(base.Comments, func(b model.Comment) bool { return b.ID == k.ID && b.Text == k.Text }) {
			add("comment", k.Text)
		}
	}
}

// planMissing counts scans without the task before it believes them.
func (c *cycle) planMissing(ctx context.Context, p *store.Pair, before string, v *vkTask) error {
	td := &todo{kind: remark, pair: p, before: before, vkTask: v}
	if p.Missing == bringBack {
		snap, err := c.whole(ctx, p, v, false)
		if err != nil {
			return c.readFailed(err)
		}
		back := c.newTW(&store.Pair{UUID: p.UUID, ID: p.ID, State: store.Live}, v, snap)
		back.missing = true
		c.plan = append(c.plan, back)
		return nil
	}
	if p.Missing < 2 {
		p.Missing++
	}
	if p.Missing < 2 || c.meta.Rebuilt {
		c.rep.Again = true
		c.plan = append(c.plan, td)
		return nil
	}
	snap, err := c.whole(ctx, p, v, true)
	if err != nil {
		return c.readFailed(err)
	}
	if c.edited(p.VK, snap) && c.cfg.OnDelete != KeepDelete || c.continues(p.ID, v) {
		if slices.Contains(c.emptied, p.UUID) { // made anew now it would have its annotations twice once all are back
			c.plan = append(c.plan, td)
			return nil
		}
		conflict := merge.Conflict{Field: "status", Winner: merge.Vikunja, Kept: snap.Scalar[model.Status], Lost: "purged"}
		back := c.newTW(&store.Pair{UUID: p.UUID, ID: p.ID, State: store.Live}, v, snap)
		back.missing, back.res.Conflicts = true, append(back.res.Conflicts, conflict)
		c.plan = append(c.plan, back)
		return nil
	}
	td.kind, td.vk, td.missing = deleteVK, snap, true
	if c.edited(p.VK, snap) {
		c.lose(td, merge.Taskwarrior, p.VK, snap, "purged")
	}
	c.plan = append(c.plan, td)
	return nil
}

// continues reports a repeating task whose last occurrence stands completed in
// Taskwarrior: `undo` then takes back the next one, which the engine made, and
// that asks for no end of the series.
func (c *cycle) continues(id int64, v *vkTask) bool {
	return v.task != nil && v.task.Repeats() && c.lastOccurrence(id) != nil
}

func (c *cycle) planUpdate(ctx context.Context, p *store.Pair, before string, t *twTask, v *vkTask) error {
	if c.parked(p, t, v) {
		c.problem(p, p.Parked)
		return nil
	}
	snap, err := c.whole(ctx, p, v, t.status == model.Deleted)
	if err != nil {
		return c.readFailed(err)
	}
	td := &todo{kind: update, pair: p, before: before, tw: t.snap, vk: snap, twTask: t, vkTask: v, updated: p.Updated, hot: p.Hot}
	c.mergeInto(td)
	if v.task == nil && td.res.ForVK() {
		c.problem(p, "the project is archived: the change waits until it is not")
		return nil
	}
	c.plan = append(c.plan, td)
	return nil
}

// mergeInto computes what to do from the snapshots of td.
func (c *cycle) mergeInto(td *todo) {
	p := td.pair
	td.mergedTW, td.mergedVK = td.tw.Scalar, td.vk.Scalar
	in := merge.Input{BaseTW: p.TW.Clone(), BaseVK: p.VK.Clone(), TW: td.tw, VK: td.vk, Links: p.Links, KeepEdit: true}
	lost := undone(td, &in)
	c.renamedTags(&in)
	in.BaseTW.Depends, in.BaseVK.Depends = c.narrow(p.TW.Depends), c.narrow(p.VK.Depends)
	if td.vkTask.task != nil {
		in.Winner = c.winner(td.twTask.modified, td.vkTask.task.Updated)
	}
	renamed := func(a, b string) bool {
		x, _ := splitProject(a)
		y, _ := splitProject(b)
		return x == y && a != b
	}
	if f := model.Project; in.TW.Scalar[f] != in.BaseTW.Scalar[f] && renamed(in.VK.Scalar[f], in.BaseVK.Scalar[f]) {
		in.BaseVK.Scalar[f] = in.VK.Scalar[f] // the user moved the task, somebody else renamed the project
	}
	if f := model.Project; c.renamed(in.TW.Scalar[f], in.VK.Scalar[f]) {
		in.BaseTW.Scalar[f] = in.TW.Scalar[f] // the right project by the name of before: it only takes the new one
		id, _ := splitProject(in.VK.Scalar[f])
		in.BaseVK.Scalar[f] = projectVal(id, in.TW.Scalar[f])
	}
	td.kind = update
	if in.TW.Scalar[model.Status] == model.Deleted && in.BaseTW.Scalar[model.Status] != model.Deleted {
		c.meetDeletion(td, &in)
		if td.kind == deleteVK {
			td.res.Conflicts = append(td.res.Conflicts, lost...)
			return
		}
	}
	td.res = merge.Merge(c, in)
	td.res.Conflicts = append(td.res.Conflicts, lost...)
	if c.older[p.UUID] {
		keepReplaced(td)
	}
}

// renamedTags sees to it that a tag which was removed in Taskwarrior while its
// label got another name in Vikunja is removed by that name.
func (c *cycle) renamedTags(in *merge.Input) {
	for id, old := range c.labelsOld {
		now := c.labels[id].Name
		if now == "" || now == old.Name || !slices.Contains(in.BaseTW.Tags, old.Name) || !slices.Contains(in.BaseVK.Tags, old.Name) ||
			slices.Contains(in.TW.Tags, old.Name) || slices.Contains(in.TW.Tags, now) ||
			slices.Contains(in.VK.Tags, old.Name) || !slices.Contains(in.VK.Tags, now) {
			continue
		}
		in.BaseTW.Tags = model.Set(append(slices.Clone(in.BaseTW.Tags), now))
		in.BaseVK.Tags = model.Set(append(slices.Clone(in.BaseVK.Tags), now))
	}
}

// meetDeletion decides what a deletion in Taskwarrior does to edits in
// Vikunja.
func (c *cycle) meetDeletion(td *todo, in *merge.Input) {
	edited := c.edited(in.BaseVK, in.VK)
	keep := c.cfg.OnDelete == KeepEdit
	if c.cfg.OnDelete == KeepLater && td.vkTask.task != nil {
		keep = td.twTask.modified.Add(c.offset).Sub(td.vkTask.task.Updated) <= c.cfg.Skew
	}
	if edited && keep {
		in.BaseVK.Scalar[model.Status] = "" // makes it a conflict, which life wins
		return
	}
	td.kind, td.res = deleteVK, merge.Result{}
	if edited {
		c.lose(td, merge.Taskwarrior, in.BaseVK, in.VK, model.Deleted)
	}
}
