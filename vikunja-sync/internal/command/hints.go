package command

import (
	"context"
	"slices"
	"time"

	"vikunja-sync/internal/engine"
	"vikunja-sync/internal/hook"
)

// looks is how often a task is looked at again, after recheck each time, that a
// hook named before it was stored and no hook named since. A hook gives up its
// last line rather than to hold a command up.
const (
	looks   = 3
	recheck = time.Second
)

// gather empties the spools and tells what to read: the tasks they name, or
// all, and then why.
func (d *daemon) gather(now time.Time) (h engine.Hint, why string) {
	near, err := hook.Take(d.data)
	if err != nil {
		d.log.Warn("reading the spool", "error", err)
	}
	h.UUIDs = d.addDue(d.addEarly(near), now)
	all := near.All
	if d.hook != nil {
		ids, more := d.hook.Take()
		h.IDs, all = ids, all || more
	}
	switch {
	case d.whole.IsZero():
		return h, "the first one"
	case now.Sub(d.whole) >= d.cfg.Interval:
		return h, "the interval is over"
	case d.failed > 0:
		return h, "the last one did not come to its end"
	case all:
		return h, "a hint names no task"
	case len(h.UUIDs)+len(h.IDs) > engine.MaxHints:
		return h, "many tasks are named"
	}
	return h, ""
}

// addEarly adds those that are to be looked at again.
func (d *daemon) addEarly(near hook.Hints) (uuids []string) {
	if d.early == nil {
		d.early = map[string]int{}
	}
	uuids = near.UUIDs
	for u, left := range d.early {
		if slices.Contains(near.UUIDs, u) {
			continue
		}
		uuids = append(uuids, u)
		if d.early[u] = left - 1; left <= 1 {
			delete(d.early, u)
		}
	}
	for _, u := range near.UUIDs {
		if delete(d.early, u); near.Early[u] && len(d.early) < engine.MaxHints {
			d.early[u] = looks
		}
	}
	return uuids
}

// addDue adds the deletions whose time has come.
func (d *daemon) addDue(uuids []string, now time.Time) []string {
	for u, at := range d.later {
		if at.After(now) {
			continue
		}
		if delete(d.later, u); !slices.Contains(uuids, u) {
			uuids = append(uuids, u)
		}
	}
	return uuids
}

// postpone remembers when to look at deletions again.
func (d *daemon) postpone(rep *engine.Report) {
	if rep == nil {
		return
	}
	if d.later == nil {
		d.later = map[string]time.Time{}
	}
	for _, u := range rep.Later {
		d.later[u] = rep.LaterAt
	}
}

// rest is when the next cycle is due where none is called for: a whole one, or
// another look.
func (d *daemon) rest() time.Duration {
	wait := max(time.Until(d.whole.Add(d.cfg.Interval)), 0)
	if len(d.early) > 0 {
		wait = min(wait, recheck)
	}
	for _, at := range d.later {
		wait = min(wait, max(time.Until(at), 0))
	}
	return wait
}

// once opens the state for one cycle and those that must follow at once. why
// says why everything was read, if it was.
func (d *daemon) once(ctx context.Context, h engine.Hint, reason string) (rep *engine.Report, why string, err error) {
	st, err := d.app.store(d.cfg, 20*time.Second)
	if err != nil {
		return nil, reason, err
	}
	defer st.Close()
	e := engine.New(engineConfig(d.cfg, d.log), d.tw, d.vk, st)
	if reason == "" {
		return hintedRounds(ctx, e, h)
	}
	rep, err = rounds(ctx, e, false)
	return rep, reason, err
}
