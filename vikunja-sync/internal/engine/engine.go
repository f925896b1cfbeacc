// Package engine makes one cycle: read both sides whole, compare with what
// they last agreed on, merge, write, read again, remember.
//
// Hooks and webhooks say when to run and where to look first. What changed is
// found by content, so lost, late, doubled and forged hints change nothing: a
// hinted cycle reads the tasks that were named and leaves all that they do not
// decide to a whole one, which comes in any case (hinted.go).
//
// Laws:
//
//   - The base of a field moves only after both sides were read back and mean
//     the same. An echo is a state equal to the base, so there are no time
//     windows and no guesses about who wrote.
//   - Every call that is not idempotent has its intent on the disk first, and
//     an unknown outcome is looked up before anything is repeated.
//   - Absence is no deletion: a task that a list lacks is asked for by id; one
//     that the export lacks must be missing twice, in the same data folder.
//     Many deletions at once wait for a yes.
//   - One bad item is parked and reported; the others go on. A dead token or
//     an export that cannot be believed stops the cycle before any write.
//   - An idle cycle writes nothing, not even to the state.
//
// Non-goals: schedules, where hints come from, configuration files, and HTTP.
package engine

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/merge"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
)

// Tasks is Taskwarrior as the engine needs it.
type Tasks interface {
	// Export calls fn for each task; only a nil result makes them count.
	Export(ctx context.Context, fn func(model.Raw) error) error
	// Get reads some tasks; those that are gone are absent.
	Get(ctx context.Context, uuids []string) (map[string]model.Raw, error)
	// Near reads some tasks and all that name one of the ids of Vikunja.
	Near(ctx context.Context, uuids []string, ids []int64) (map[string]model.Raw, error)
	// Import replaces whole tasks.
	Import(ctx context.Context, tasks []model.Raw) error
	// Lock keeps other writers out where the version needs that.
	Lock(ctx context.Context) (unlock func(), err error)
	// Batch is the largest sensible import.
	Batch() int
	// Marker reads the name of the data folder, "" where it has none, and
	// first gives it the name set where that is not "". The name goes with the
	// data wherever they go, into a backup too.
	Marker(ctx context.Context, set string) (string, error)
}

// How deletions meet edits.
const (
	KeepEdit   = "edit"
	KeepDelete = "delete"
	KeepLater  = "later"
)

// Config is policy. The zero value is completed by defaults.
type Config struct {
	Server   string        // the address, part of derived uuids
	User     string        // whom the token must belong to; "": anybody
	Winner   string        // later, vikunja, taskwarrior
	OnDelete string        // edit, delete, later
	Repeat   string        // next: complete an occurrence; end: end the series
	Skew     time.Duration // times nearer than this are a tie
	// More deletions than MaxDeletes, or at least five that are more than
	// MaxPercent of all pairs, wait for a yes.
	MaxDeletes int
	MaxPercent int
	// Projects limits which new tasks are taken up, by path; empty: all.
	Projects []string
	Now      func() time.Time
	Log      *slog.Logger
}

func (c *Config) complete() {
	if c.Winner == "" {
		c.Winner = "later"
	}
	if c.OnDelete == "" {
		c.OnDelete = KeepEdit
	}
	if c.Skew == 0 {
		c.Skew = 2 * time.Second
	}
	if c.MaxDeletes == 0 {
		c.MaxDeletes = 20
	}
	if c.MaxPercent == 0 {
		c.MaxPercent = 25
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Engine joins the two sides.
type Engine struct {
	cfg Config
	tw  Tasks
	vk  api.Server
	st  *store.Store
}

// New makes an engine; the store stays the caller's to close.
func New(cfg Config, tw Tasks, vk api.Server, st *store.Store) *Engine {
	cfg.complete()
	return &Engine{cfg: cfg, tw: tw, vk: vk, st: st}
}

// Action is one planned or made step, for people.
type Action struct {
	UUID  string `json:"uuid"`
	ID    int64  `json:"id"`
	Title string `json:"title"`
	Side  string `json:"side"` // where it is written
	What  string `json:"what"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// Problem is something that waits for the user or for a better time.
type Problem struct {
	UUID   string `json:"uuid,omitempty"`
	ID     int64  `json:"id,omitempty"`
	Title  string `json:"title,omitempty"`
	Reason string `json:"reason"`
}

// Report tells what a cycle saw and did.
type Report struct {
	TW        int          `json:"taskwarrior_tasks"`
	VK        int          `json:"vikunja_tasks"`
	Pairs     int          `json:"pairs"`
	WritesTW  int          `json:"taskwarrior_writes"`
	WritesVK  int          `json:"vikunja_writes"`
	Conflicts int          `json:"conflicts"`
	Actions   []Action     `json:"actions,omitempty"`
	Problems  []Problem    `json:"problems,omitempty"`
	Guard     *store.Guard `json:"guard,omitempty"`
	// Whole says why a hinted cycle gave up, having written nothing.
	Whole string `json:"-"`
	// Projects is how many were made in Vikunja; they have no webhooks.
	Projects int `json:"-"`
	// Again asks for another cycle soon: something changed under our hands or
	// depends on what this cycle wrote.
	Again bool `json:"again"`
	// Later are deletions that wait until LaterAt, when the second in which the
	// task last changed is over. A hinted cycle must be asked for them again.
	Later   []string  `json:"-"`
	LaterAt time.Time `json:"-"`
	// RetryAt is when the server's limiter opens, zero if it did not close.
	RetryAt time.Time `json:"retry_at,omitzero"`
}

// Rests reports that there was nothing to write and that nothing waits for
// another cycle soon.
func (r *Report) Rests() bool {
	return r.WritesTW+r.WritesVK == 0 && !r.Again && len(r.Later) == 0
}

// Options of one cycle.
type Options struct{ DryRun bool }

// Cycle runs once. With an error nothing more was done than the report says.
func (e *Engine) Cycle(ctx context.Context, o Options) (*Report, error) {
	c := e.newCycle()
	c.dry = o.DryRun
	err := c.run(ctx)
	if e := c.seal(ctx); err == nil {
		err = e
	}
	return c.rep, err
}

func (e *Engine) newCycle() *cycle {
	return &cycle{Engine: e, rep: &Report{}, blocked: map[string]error{}, writes: e.st.Writes, instead: map[string]*store.Pair{}}
}

// cycle is the state of one run.
type cycle struct {
	*Engine
	rep *Report
	dry bool

	meta   store.Meta
	index  map[string]store.Index
	byID   map[int64]string // live and detached pairs
	me     api.User
	offset time.Duration // server minus local
	maxID  int64
	open   []store.Intent // what an earlier run left open

	names
	tw map[string]*twTask
	vk map[int64]*vkTask

	plan     []*todo
	jobs     []*job
	stopVK   error              // no more calls to the server in this cycle
	failures int                // in a row
	blocked  map[string]error   // names whose creation has an unknown outcome
	closed   map[int64][]string // finished occurrences by id, once asked for
	awaited  []store.Intent     // calls that may still be carried out

	folder     marker
	turnedBack bool                   // Taskwarrior's data are from a backup
	emptied    []string               // what Taskwarrior lost all at once
	writes     int                    // of the state, before
	older      map[string]bool        // pairs whose tasks are older than they were
	instead    map[string]*store.Pair // what a dry run would have stored

	hinted // what a hinted cycle reads
}

func (c *cycle) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		c.load, c.readServer, c.scanTW, c.promote, c.assignNames, c.recover, c.scanVK, c.checkRestored, c.checkTurnedBack, c.makePlan, c.guard,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	c.describe()
	if c.dry {
		return nil
	}
	if err := c.carryOut(ctx); err != nil {
		return err
	}
	return c.finish()
}

// carryOut makes the plan true and remembers names.
func (c *cycle) carryOut(ctx context.Context) error {
	c.execute(ctx)
	err := c.flush(ctx)
	c.countPairs()
	if err != nil {
		return err
	}
	if err := c.saveNames(!c.rep.Again && c.stopVK == nil); err != nil {
		return err
	}
	if c.stopVK == nil {
		return nil
	}
	c.rep.Again = true
	if api.KindOf(c.stopVK) == api.KindUnauthorized {
		return c.stopVK
	}
	c.problem(nil, "vikunja: "+c.stopVK.Error())
	return nil
}

// countPairs counts what is in step now.
func (c *cycle) countPairs() {
	c.rep.Pairs = 0
	for _, x := range c.index {
		if x.State == store.Live || x.State == store.Detached {
			c.rep.Pairs++
		}
	}
}

func (c *cycle) load(ctx context.Context) error {
	err := c.st.View(func(t *store.Tx) (err error) {
		if c.meta, err = t.Meta(); err != nil {
			return err
		}
		if c.index, err = t.Index(); err != nil {
			return err
		}
		c.open, err = t.Open()
		return err
	})
	if err != nil {
		return err
	}
	c.byID = map[int64]string{}
	for u, x := range c.index {
		c.maxID = max(c.maxID, x.ID)
		if x.State == store.Live || x.State == store.Detached {
			c.byID[x.ID] = u
		}
	}
	return c.checkMarker(ctx)
}

// checkMarker makes sure that the data folder is the one the state knows.
func (c *cycle) checkMarker(ctx context.Context) error {
	name, err := c.Engine.tw.Marker(ctx, "")
	if err != nil {
		return err
	}
	c.folder = parseMarker(name)
	c.turnedBack = c.folder.generation < c.meta.Generation
	if c.meta.DataPath != "" {
		if c.folder.name != c.meta.DataPath {
			return fmt.Errorf("taskwarrior's data folder is not the one that was synced before (it is named `%s`, not `%s`): "+
				"check TASKDATA and TASKRC, or run `vikunja-sync resolve --accept-data`", c.folder.name, c.meta.DataPath)
		}
		return nil
	}
	if c.dry {
		return nil
	}
	if c.folder.name == "" {
		c.folder.name = fmt.Sprintf("%x", c.cfg.Now().UnixNano())
		if _, err = c.Engine.tw.Marker(ctx, c.folder.String()); err != nil {
			return err
		}
	}
	c.meta.DataPath = c.folder.name
	c.meta.Server = c.cfg.Server
	c.meta.Rebuilt = len(c.index) == 0
	return c.st.Update(func(t *store.Tx) error { return t.PutMeta(c.meta) })
}

func (c *cycle) readServer(ctx context.Context) (err error) {
	if c.meta.Server != "" && c.meta.Server != c.cfg.Server {
		return fmt.Errorf("the state belongs to `%s`, not to `%s`: use another state folder, or run `vikunja-sync resolve --accept-server` if it is the same server at another address",
			c.meta.Server, c.cfg.Server)
	}
	if c.meta.Server == "" && !c.dry {
		c.meta.Server = c.cfg.Server
		if err := c.st.Update(func(t *store.Tx) error { return t.PutMeta(c.meta) }); err != nil {
			return err
		}
	}
	if c.me, err = c.Engine.vk.Me(ctx); err != nil {
		return err
	}
	if err := c.checkAccount(); err != nil {
		return err
	}
	if now, ok := c.Engine.vk.Now(); ok {
		c.offset = now.Sub(c.cfg.Now())
	}
	return c.readNames(ctx)
}

// checkAccount makes sure that the token is not another account's, which does
// not see the tasks and would be given all of them anew.
func (c *cycle) checkAccount() error {
	if c.cfg.User != "" && c.me.Username != c.cfg.User {
		return fmt.Errorf("the token belongs to `%s`, not to `%s`: use the token of the right account, or change `user`", c.me.Username, c.cfg.User)
	}
	switch c.meta.Account {
	case c.me.ID:
		return nil
	case 0:
		c.meta.Account = c.me.ID
		if c.dry {
			return nil
		}
		return c.st.Update(func(t *store.Tx) error { return t.PutMeta(c.meta) })
	}
	return fmt.Errorf("the state belongs to account %d, the token to `%s`, which is account %d: use the token of before, or another state folder",
		c.meta.Account, c.me.Username, c.me.ID)
}

// finish forgets what the cycle no longer needs.
func (c *cycle) finish() error {
	meta := c.meta
	if meta.Rebuilt && c.stopVK == nil {
		meta.Rebuilt = false
	}
	meta.Guard = c.rep.Guard
	if c.rep.Guard == nil {
		meta.Confirmed = ""
	}
	if !sameMeta(meta, c.meta) {
		return c.st.Update(func(t *store.Tx) error { return t.PutMeta(meta) })
	}
	return nil
}

func sameMeta(a, b store.Meta) bool {
	ga, gb := a.Guard, b.Guard
	a.Guard, b.Guard = nil, nil
	if a != b || (ga == nil) != (gb == nil) {
		return false
	}
	return ga == nil || guardKey(ga) == guardKey(gb)
}

func (c *cycle) problem(p *store.Pair, reason string) {
	pr := Problem{Reason: reason}
	if p != nil {
		pr.UUID, pr.ID, pr.Title = p.UUID, p.ID, p.TW.Scalar[model.Title]
		if pr.Title == "" {
			pr.Title = p.VK.Scalar[model.Title]
		}
	}
	c.rep.Problems = append(c.rep.Problems, pr)
	c.cfg.Log.Warn(reason, "uuid", pr.UUID, "id", pr.ID)
}

// winner names who wins a conflict in which the sides changed at these times.
func (c *cycle) winner(tw, vk time.Time) merge.Side {
	switch c.cfg.Winner {
	case "vikunja":
		return merge.Vikunja
	case "taskwarrior":
		return merge.Taskwarrior
	}
	if tw.Add(c.offset).Sub(vk) > c.cfg.Skew {
		return merge.Taskwarrior
	}
	return merge.Vikunja
}
