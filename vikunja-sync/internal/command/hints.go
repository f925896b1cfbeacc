package command

import (
	"context"
	"time"

	"vikunja-sync/internal/engine"
	"vikunja-sync/internal/hook"
)

// gather empties the spools and tells what to read: the tasks they name, or
// all, and then why. hinted: the cycle was called for.
func (d *daemon) gather(hinted bool, now time.Time) (h engine.Hint, why string) {
	uuids, all, err := hook.Take(d.data)
	if err != nil {
		d.log.Warn("reading the spool", "error", err)
	}
	h.UUIDs = uuids
	if d.hook != nil {
		ids, more := d.hook.Take()
		h.IDs, all = ids, all || more
	}
	switch {
	case d.whole.IsZero():
		return h, "the first one"
	case !hinted || now.Sub(d.whole) >= d.cfg.Interval:
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

// untilWhole is when the next whole cycle is due.
func (d *daemon) untilWhole() time.Duration {
	return max(time.Until(d.whole.Add(d.cfg.Interval)), 0)
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
