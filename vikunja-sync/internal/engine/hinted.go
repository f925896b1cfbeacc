package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// A hinted cycle reads the tasks that were named and their partners, takes
// every other pair for unchanged, and then merges and writes as a whole cycle
// does. It is for speed alone: what a hint says is never believed, only looked
// at, and whatever needs to know of other tasks is left to a whole cycle, with
// nothing written. That is so for
//
//   - absence, deletions that are many or meet an edit (hinteddeletion.go), and
//     whatever waits in a pair (missing, parked, tries under way, detached);
//   - names that are not as they were: a project new, renamed, moved, archived
//     or gone, a label renamed or gone, a new label whose tag depends on the tags
//     in use;
//   - tasks whose partner may be one that was not read: linked by their
//     attribute alone, the next occurrence of a repeating one, an ended
//     occurrence or a tombstone that changed;
//   - a task that is older than it was, or another one under its number, as
//     after a restored backup;
//   - a state that is not settled: rebuilt, interrupted, a call of unknown
//     outcome, deletions that wait for a yes.
//
// Dependencies are compared between pairs, which the index has all of; one on
// a task that is no pair yet is found by the whole cycle after it became one.

// Hint names tasks that may have changed, by what either side calls them.
type Hint struct {
	UUIDs []string
	IDs   []int64
}

// MaxHints is how many tasks a hint may name; to read more one by one is no
// cheaper than to read them all.
const MaxHints = 20

// whole is why a hinted cycle gives up.
type whole string

func (w whole) Error() string { return "a whole cycle is needed: " + string(w) }

// hinted is what a hinted cycle reads.
type hinted struct {
	wanted map[string]bool  // uuids to look at
	fresh  map[int64]string // Vikunja tasks without a pair, and the uuid they would get
	gone   map[int64]bool   // Vikunja tasks of pairs that are deleted
}

// Hinted runs a cycle over the tasks of h. Where Report.Whole is set nothing
// was written and the caller must run Cycle.
func (e *Engine) Hinted(ctx context.Context, h Hint) (*Report, error) {
	c := e.newCycle()
	err := c.runHinted(ctx, h)
	if e := c.seal(ctx); err == nil {
		err = e
	}
	var why whole
	if errors.As(err, &why) {
		c.rep.Whole, err = string(why), nil
	}
	return c.rep, err
}

func (c *cycle) runHinted(ctx context.Context, h Hint) error {
	read := func(ctx context.Context) error { return c.readHinted(ctx, h) }
	for _, step := range []func(context.Context) error{
		c.load, c.atRest, c.readServer, c.assignNames, c.sameNames, read, c.planHinted, c.small,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	c.describe()
	return c.carryOut(ctx)
}

// atRest refuses a state that an ordinary cycle would first have to settle.
func (c *cycle) atRest(context.Context) error {
	switch {
	case c.turnedBack:
		return whole("Taskwarrior's data are from a backup")
	case c.meta.Rebuilt:
		return whole("the state is being rebuilt")
	case c.meta.Guard != nil:
		return whole("deletions wait for a yes")
	case len(c.open) > 0:
		return whole("a call has an unknown outcome")
	}
	for _, x := range c.index {
		if x.State == store.Importing {
			return whole("an import was interrupted")
		}
	}
	return nil
}

// sameNames refuses names that concern tasks which are not read. So does a
// project that came: nobody told of its tasks, as it has no webhook yet. New
// labels concern nobody else.
func (c *cycle) sameNames(context.Context) error {
	for id := range c.paths {
		if c.projectsOld[id].ID == 0 {
			return whole("a project is new")
		}
	}
	for id, n := range c.projectsOld {
		if c.paths[id] != n {
			return whole("a project was renamed, moved or is gone")
		}
	}
	for id, n := range c.labelsOld {
		if c.labels[id] != n {
			return whole("a label was renamed or is gone")
		}
	}
	for id, n := range c.labels {
		if c.labelsOld[id].ID == 0 && model.TagFor(n.Title) != model.Text(n.Title) {
			return whole("a new label is no tag as it stands")
		}
	}
	return nil
}

// readHinted reads both sides of what was named, Vikunja first, because what
// has no pair there leads to a uuid.
func (c *cycle) readHinted(ctx context.Context, h Hint) error {
	c.tw, c.vk, c.usedTags = map[string]*twTask{}, map[int64]*vkTask{}, map[string]bool{}
	c.wanted, c.fresh, c.gone = map[string]bool{}, map[int64]string{}, map[int64]bool{}
	ids := map[int64]bool{}
	for _, id := range h.IDs {
		ids[id] = true
	}
	for _, u := range h.UUIDs {
		c.wanted[u] = true
		if x := c.index[u]; c.byID[x.ID] == u {
			ids[x.ID] = true
		}
	}
	if len(ids)+len(c.wanted) > 2*MaxHints {
		return whole("many tasks changed")
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if err := c.readID(ctx, id); err != nil {
			return err
		}
	}
	c.rep.VK = len(c.vk)
	err := c.readUUIDs(ctx)
	c.rep.TW = len(c.tw)
	return err
}

func (c *cycle) readID(ctx context.Context, id int64) error {
	u, known := c.byID[id]
	task, err := c.Engine.vk.Task(ctx, id)
	switch {
	case err != nil && c.readFailed(err) != nil:
		return err
	case api.KindOf(err) == api.KindNotFound && known:
		c.gone[id], c.wanted[u] = true, true
		return nil
	case err != nil && known:
		return whole("a task cannot be read in Vikunja any more")
	case err != nil:
		return nil // nobody's
	}
	if p := c.projects[task.ProjectID]; p.ID == 0 || p.Archived {
		return whole("a task is in a project that is archived or in no list")
	}
	for _, l := range task.Labels {
		if _, ok := c.labels[l.ID]; !ok {
			return whole("a label came after the list of labels")
		}
	}
	c.takeVK(&task)
	if !known {
		u = c.deriveUUID(&task)
		c.fresh[id] = u
	}
	c.wanted[u] = true
	return nil
}

// readUUIDs reads what is wanted, and for new tasks of Vikunja whatever names
// them.
func (c *cycle) readUUIDs(ctx context.Context) error {
	got, err := c.Engine.tw.Near(ctx, slices.Sorted(maps.Keys(c.wanted)), slices.Sorted(maps.Keys(c.fresh)))
	if err != nil {
		return err
	}
	for u, r := range got {
		if _, known := c.index[u]; c.wanted[u] {
			c.takeTW(r)
		} else if !known {
			return whole("a task of Taskwarrior names the new one of Vikunja")
		}
	}
	return nil
}

// paired asks for another cycle after a new pair: others that were read may
// depend on it.
func (c *cycle) paired() {
	if c.wanted == nil || len(c.wanted) > 1 {
		c.rep.Again = true
	}
}

func (c *cycle) planHinted(ctx context.Context) error {
	c.rep.Pairs = len(c.byID)
	for _, u := range slices.Sorted(maps.Keys(c.wanted)) {
		if err := c.planWanted(ctx, u); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.fresh)) {
		if err := c.planFresh(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// planWanted plans for one uuid, or refuses to.
func (c *cycle) planWanted(ctx context.Context, u string) error {
	x, known := c.index[u]
	t := c.tw[u]
	switch {
	case !known && t == nil:
		return nil // nobody's, or not stored yet
	case !known:
		return c.planStranger(u, t)
	case x.State == store.Detached:
		return whole("a detached pair")
	case x.State != store.Live && (t == nil || t.same || (t.status == model.Deleted && x.State == store.Deleted)):
		return nil
	case x.State != store.Live:
		return whole("a task that had ended changed")
	case t == nil:
		return whole("a task is gone from Taskwarrior")
	case c.vk[x.ID] == nil && !c.gone[x.ID]:
		return fmt.Errorf("task %d was not read", x.ID)
	case t.link != "" && t.link != strconv.FormatInt(x.ID, 10):
		return whole("a task is linked to another one than its partner")
	}
	p, _, err := c.loadPair(u)
	if err != nil {
		return err
	}
	if p.Missing > 0 || p.Parked != "" || len(p.Tries) > 0 {
		return whole("a pair that waits for something")
	}
	if v := c.vk[x.ID]; another(p, v) {
		return whole("a task is another one than it was")
	} else if v != nil && model.Stamp(v.task.Updated) < x.Updated {
		return whole("a task is older than it was")
	}
	if err := c.plainDeletion(p, t); err != nil {
		return err
	}
	return c.planPair(ctx, u, x, t)
}

// planStranger takes up a task that is new in Taskwarrior, or a copy of one.
func (c *cycle) planStranger(u string, t *twTask) error {
	id, _ := strconv.ParseInt(t.link, 10, 64)
	if t.status == model.Recurring || (t.status == model.Deleted && id <= 0) {
		return nil
	}
	if id <= 0 {
		return c.planNewTW(u, t)
	}
	if owner := c.byID[id]; owner == "" || owner == u {
		return whole("a task is linked by its attribute alone")
	}
	if t.status == model.Deleted {
		return nil
	}
	return c.planNewTW(u, t)
}

// planFresh takes up a task that is new in Vikunja.
func (c *cycle) planFresh(ctx context.Context, id int64) error {
	u := c.fresh[id]
	if c.tw[u] != nil {
		return whole("a task of Taskwarrior has the uuid of the new one of Vikunja")
	}
	for _, x := range c.index {
		if x.ID == id && x.State == store.Closed {
			return whole("the next occurrence of a repeating task")
		}
	}
	return c.planNewVK(ctx, id)
}

// small refuses what is for a whole cycle to decide, and looks up from which
// id on a task made now would be found again.
func (c *cycle) small(ctx context.Context) error {
	creates := false
	for _, td := range c.plan {
		switch td.kind {
		case update, createTW, deleteVK, deleteTW:
		case createVK:
			creates = true
		default:
			return whole("a task ended")
		}
	}
	if err := c.fewDeletions(ctx); err != nil || !creates {
		return err
	}
	return c.Engine.vk.ScanTasks(ctx, api.TaskQuery{AfterID: c.maxID}, func(t api.Task) error {
		c.maxID = max(c.maxID, t.ID)
		return nil
	})
}
