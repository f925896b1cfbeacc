package engine

import (
	"fmt"
	"strings"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// What one side refuses is not asked for again while nothing changed that could
// make it say otherwise: the content of both sides and, for Vikunja, the rights
// in the projects concerned; a new task is tried again every hour all the same.
// Taskwarrior refuses for reasons of the moment too (a full disk), so it is asked
// a few times at once and then every hour.

const askAgain = time.Hour

// triesImport is where refused imports are counted, beside the fields.
const triesImport = "import"

// parkKey names all that a refusal of Vikunja's depends on.
func (c *cycle) parkKey(tw model.Snapshot, v *vkTask, p *store.Pair) string {
	vk := p.VK
	if v.task != nil {
		vk = v.snap
	}
	here, _ := splitProject(vk.Scalar[model.Project])
	there, _ := c.resolve(tw.Scalar[model.Project])
	return fmt.Sprintf("%x %x %d %d", tw.HashAll(), vk.Hash(), c.projects[here].Rights, c.projects[there].Rights)
}

// refusalKey is the same for a refusal of Taskwarrior's.
func refusalKey(tw model.Snapshot, t *api.Task) string {
	if t == nil {
		return fmt.Sprintf("import %x", tw.HashAll())
	}
	at := *t
	return fmt.Sprintf("import %x %d %s %v", tw.HashAll(), at.ID, model.Stamp(at.Updated), at.Labels)
}

// parked reports that the pair waits, and that nothing changed since.
func (c *cycle) parked(p *store.Pair, t *twTask, v *vkTask) bool {
	switch p.ParkedOn {
	case "":
		return false
	case c.parkKey(t.snap, v, p):
		return true
	}
	return c.refused(p, t.snap, v)
}

func (c *cycle) refused(p *store.Pair, tw model.Snapshot, v *vkTask) bool {
	return p.ParkedOn == refusalKey(tw, v.task) && c.cfg.Now().Sub(p.At).Abs() < askAgain
}

// refuse remembers what Taskwarrior did not take, if it is to blame.
func (c *cycle) refuse(j *job, reason string, toBlame bool) error {
	td := j.td
	p := td.pair
	named := *p
	named.VK = td.vk // a new task has no agreement to be named after
	c.problem(&named, reason)
	switch {
	case !toBlame, td.kind == createTW && c.index[p.UUID].State == store.Live: // the latter was purged, and its pair still stands
		c.rep.Again = true
		return nil
	case td.kind == createTW:
		p = &store.Pair{UUID: p.UUID, ID: p.ID, State: store.Refused, VK: td.vk, Tries: p.Tries}
	}
	if p.Tries == nil {
		p.Tries = map[string]int{}
	}
	if p.Tries[triesImport]++; p.Tries[triesImport] < maxTries {
		c.rep.Again = true
	}
	p.Parked, p.ParkedOn, p.At = reason, "", c.cfg.Now().UTC()
	if td.vkTask != nil && p.Tries[triesImport] >= maxTries {
		p.ParkedOn = refusalKey(td.tw, td.vkTask.task)
	}
	return c.st.Update(func(t *store.Tx) error { return t.PutPair(p) })
}

// createKey names all that the refusal of a new task depends on: its content
// and the rights in its project, or in the last one there is on the way to it.
func (c *cycle) createKey(tw model.Snapshot) string {
	path := tw.Scalar[model.Project]
	for {
		if id, ok := c.resolve(path); ok || path == "" {
			return fmt.Sprintf("create %x %d %d", tw.HashAll(), id, c.projects[id].Rights)
		}
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
}

// refusedNew remembers a new task that Vikunja does not take.
func (c *cycle) refusedNew(td *todo, reason string) error {
	if x, known := c.index[td.pair.UUID]; known && x.State != store.Refused {
		return nil
	}
	p := &store.Pair{UUID: td.pair.UUID, State: store.Refused, TW: td.tw, Parked: reason, ParkedOn: c.createKey(td.tw), At: c.cfg.Now().UTC()}
	c.known(p)
	return c.st.Update(func(t *store.Tx) error { return t.PutPair(p) })
}

// stillRefused reports a new task that waits, and that nothing changed since.
func (c *cycle) stillRefused(u string, tw model.Snapshot) (bool, error) {
	if x := c.index[u]; x.State != store.Refused || x.ID != 0 {
		return false, nil
	}
	p, _, err := c.loadPair(u)
	if err != nil || p.ParkedOn != c.createKey(tw) || c.cfg.Now().Sub(p.At).Abs() >= askAgain {
		return false, err
	}
	c.problem(p, p.Parked)
	return true, nil
}

// forgetRefused drops what one side did not take and the other shows no more.
func (c *cycle) forgetRefused() error {
	for u, x := range c.index {
		t := c.tw[u]
		waits := c.vk[x.ID] != nil || (x.ID == 0 && t != nil && t.status != model.Deleted)
		if x.State != store.Refused || waits || c.dry {
			continue
		}
		delete(c.index, u)
		if err := c.st.Update(func(t *store.Tx) error { return t.DropPair(u) }); err != nil {
			return err
		}
	}
	return nil
}
