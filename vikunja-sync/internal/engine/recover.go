package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// grace is how long a create that nobody answered in time may still be carried
// out. Before it is over, what is not there is not made again.
const grace = 30 * time.Second

func (c *cycle) begin(in store.Intent) (uint64, error) {
	in.At = c.cfg.Now()
	return c.st.Begin(in)
}

// outcome closes an intent whose call has a known end; an unknown one stays
// open for recover.
func (c *cycle) outcome(seq uint64, err error) error {
	if err != nil && api.Ambiguous(err) {
		if slow(err) {
			if e := c.st.Update(func(t *store.Tx) error { return t.Delay(seq, c.cfg.Now().Add(grace)) }); e != nil {
				return e
			}
		}
		return err
	}
	if e := c.st.Update(func(t *store.Tx) error { return t.End(seq) }); e != nil {
		return e
	}
	return err
}

// slow reports a call that was given up while the server may be at it.
func slow(err error) bool {
	var t interface{ Timeout() bool }
	if errors.As(err, &t) && t.Timeout() {
		return true
	}
	var e *api.Error
	return errors.As(err, &e) && (e.Status == http.StatusGatewayTimeout || e.Status == http.StatusRequestTimeout)
}

// inFlight reports an intent whose call may still be carried out. A clock that
// jumped makes it over.
func (c *cycle) inFlight(in store.Intent) bool {
	left := in.Late.Sub(c.cfg.Now())
	return left > 0 && left <= grace
}

func retryAt(err error) time.Time {
	var e *api.Error
	if errors.As(err, &e) {
		return e.RetryAt
	}
	return time.Time{}
}

// recover settles what an earlier run left open.
func (c *cycle) recover(ctx context.Context) error {
	if c.dry {
		return nil
	}
	for _, in := range c.open {
		if err := c.recoverOne(ctx, in); err != nil {
			return err
		}
	}
	return nil
}

func (c *cycle) recoverOne(ctx context.Context, in store.Intent) error {
	end := func() error { return c.st.Update(func(t *store.Tx) error { return t.End(in.Seq) }) }
	wait := func(key string) error {
		if !c.inFlight(in) {
			return end()
		}
		if key != "" {
			c.blocked[key] = errInFlight
		}
		c.awaited = append(c.awaited, in)
		c.rep.Again = true
		return nil
	}
	switch in.Kind {
	case "create":
		return c.recoverCreate(ctx, in, end, func() error { return wait("") })
	case "project":
		if c.recoverProject(in) {
			return end()
		}
		return wait(projectKey(in.Parent, in.Name))
	case "label":
		if slices.ContainsFunc(c.labelList, func(l api.Label) bool { return l.Title == in.Title }) {
			return end()
		}
		return wait("label " + in.Title)
	case "comment":
		return wait("")
	case "delete":
		if _, err := c.Engine.vk.Task(ctx, in.ID); err != nil && c.readFailed(err) != nil {
			return err
		}
	case "complete":
		return c.recoverComplete(ctx, in, end)
	}
	return end()
}

var errInFlight = errors.New("the server did not answer in time and may still be making it: looked at again soon")

// waits reports a task that has a call under way.
func (c *cycle) waits(uuid string) bool {
	return slices.ContainsFunc(c.awaited, func(in store.Intent) bool { return in.UUID == uuid })
}

// creating reports a task that recover may yet find to be a pair.
func (c *cycle) creating(uuid string) bool {
	return slices.ContainsFunc(c.open, func(in store.Intent) bool { return in.Kind == "create" && in.UUID == uuid })
}

// expected reports a task that is what an awaited create would make.
func (c *cycle) expected(t *api.Task) bool {
	return slices.ContainsFunc(c.awaited, func(in store.Intent) bool {
		return in.Kind == "create" && t.ID > in.MaxID && t.Title == in.Title
	})
}

// recoverProject finds the project that a create of unknown outcome made.
func (c *cycle) recoverProject(in store.Intent) (found bool) {
	for _, id := range slices.Sorted(maps.Keys(c.projects)) {
		p := c.projects[id]
		if p.Parent != in.Parent || p.Title != in.Title || c.projectsOld[id].ID != 0 {
			continue
		}
		found = true
		n := c.paths[id]
		n.Name = in.Name
		c.paths[id] = n
		c.assignPaths(c.paths)
	}
	return found
}

// recoverCreate looks for the task that a create of unknown outcome may have
// made: ids only grow, so it is above the highest one of before.
func (c *cycle) recoverCreate(ctx context.Context, in store.Intent, end, wait func() error) error {
	if x, ok := c.index[in.UUID]; ok && x.State == store.Live && x.ID != in.ID {
		return end()
	}
	found := int64(0)
	err := c.Engine.vk.ScanTasks(ctx, api.TaskQuery{AfterID: in.MaxID}, func(t api.Task) error {
		mine := t.CreatedBy == 0 || t.CreatedBy == c.me.ID
		if found == 0 && t.Title == in.Title && mine && c.byID[t.ID] == "" {
			found = t.ID
		}
		return nil
	})
	if err != nil {
		return err
	}
	if found == 0 {
		return wait()
	}
	return c.adopt(&store.Pair{UUID: in.UUID, ID: found, State: store.Live}, in, in.Seq)
}

func (c *cycle) recoverComplete(ctx context.Context, in store.Intent, end func() error) error {
	t, err := c.Engine.vk.Task(ctx, in.ID)
	if err != nil {
		if stop := c.readFailed(err); stop != nil {
			return stop
		}
		return end()
	}
	applied := model.Stamp(t.Due) != in.Due || model.Stamp(t.DoneAt) != in.DoneAt
	if !applied || c.index[in.UUID].State != store.Live {
		return end()
	}
	p, _, err := c.loadPair(in.UUID)
	if err != nil {
		return err
	}
	tw := p.TW.Clone()
	tw.Scalar[model.Status] = model.Completed
	if now := c.tw[in.UUID]; now != nil && !now.same {
		tw = now.snap
	}
	return c.closeOccurrence(p, tw, in.Seq)
}

func projectKey(parent int64, seg string) string { return fmt.Sprint("project ", parent, " ", seg) }
