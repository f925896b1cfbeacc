package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/fake"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/store"
	"vikunja-sync/internal/webhint"
)

// tasks is Taskwarrior as the test needs it: the model or the real one.
type tasks interface {
	Tasks
	All() map[string]model.Raw
	Put(model.Raw)
	Purge(uuid string)
	Undo()
	IsLocked() bool
	Unlock()
}

type world struct {
	*rig
	owed  book
	local time.Duration // how far the local clock is off
	far   time.Duration // how far the server's is
	tasks tasks

	rng    *rand.Rand // draws faults; nil: none are drawn
	faults []fault    // those of the running cycle
	places map[string]int
	busy   bool // inside an edit

	births   map[string]string  // what a task was called when first seen
	moves    [][2]string        // project paths, before and after
	titles   [][2]string        // labels, likewise
	late     []time.Time        // when late requests arrive
	shared   map[int64][]string // the uuids that an id ever had
	numbers  map[string][]int64 // the other way round
	mail     []string           // webhooks under way
	hooks    *webhint.Receiver
	rolls    int // completions of repeating tasks by the engine
	trace    []string
	reported map[string]bool // waits for the user
	played   []step
	whys     map[string]int       // why hinted cycles gave up; "": they did not
	own      map[string]model.Raw // templates, which nobody may touch
	purged   map[string]bool      // what only they knew is gone
	ended    map[string]bool      // occurrences, by uuid and id
}

var errKilled = errors.New("killed")

const hookSecret = "s3cret"

func newWorld(t testing.TB, p policy) *world {
	w := &world{rig: newRig(t), owed: book{}, births: map[string]string{}, shared: map[int64][]string{}, numbers: map[string][]int64{}, own: map[string]model.Raw{},
		purged: map[string]bool{}, ended: map[string]bool{}, whys: map[string]int{}}
	w.tw.Now = func() time.Time { return w.now.Add(w.local) }
	w.vk.Clock = func() time.Time { return w.now.Add(w.far) }
	w.cfg.Now = w.tw.Now
	w.cfg.Winner, w.cfg.OnDelete, w.cfg.Repeat = p.winner, p.onDelete, p.repeat
	w.cfg.MaxDeletes, w.cfg.MaxPercent = 1<<30, 1<<30
	w.tw.Size = 3
	w.tw.Fault, w.vk.Fault = w.fault, w.fault
	w.vk.Rolled = w.rolled
	w.tasks = w.tw
	w.hooks = webhint.New(hookSecret, filepath.Join(w.dir, "hints"))
	for i := range 4 {
		id := int64(10 + i)
		w.vk.ProjectM[id] = &api.Project{ID: id, Title: fmt.Sprint("p", i), OwnerID: 1}
	}
	w.vk.ProjectM[13].Parent = 12
	return w
}

// tick moves the clocks and delivers what is late.
func (w *world) tick(d time.Duration) {
	w.rig.tick(d)
	if len(w.late) > 0 && !w.now.Before(w.late[0]) {
		w.late = nil
		w.note("late requests arrive")
		w.vk.Deliver()
	}
}

// fault decides at each point of each call what goes wrong there.
func (w *world) fault(side, call, point string) error {
	if w.places == nil || w.busy {
		return nil
	}
	at := side + " " + call + " " + point
	nth := w.places[at]
	if call == "update task" && point == "before" {
		w.tick(time.Second) // two completions within a second cannot be told apart
	}
	w.places[at]++
	if w.rng != nil {
		f, ok := w.draw(side, call, point)
		if !ok {
			return nil
		}
		f.at, f.nth = at, nth
		w.faults = append(w.faults, f)
		return w.happens(f, side, call, point)
	}
	for _, f := range w.faults {
		if f.at == at && f.nth == nth {
			if err := w.happens(f, side, call, point); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) draw(side, call, point string) (f fault, ok bool) {
	far := side == "vikunja"
	what := ""
	switch n := w.rng.IntN(1000); {
	case n < 12:
		what = "kill"
	case n < 35:
		what = "fail"
	case n < 42 && far && point == "before":
		what = "limit"
	case n < 48 && far:
		what = "timeout"
	case n < 58 && far && point == "before" && canBeLate(call):
		what = "late"
	case n < 66 && far && point == "before" && canBeTwice(call):
		what = "twice"
	case n >= 70 && n < 130:
		what = userKinds[w.rng.IntN(len(userKinds))]
		ok = !w.fenced(side, call, point, what)
	case n >= 130 && n < 140:
		what = "tick"
	}
	return fault{what: what, seed: w.rng.Uint64()}, what != "" && (ok || !strings.Contains(what, " "))
}

// canBeLate: what a server may still carry out after the caller gave up. A
// late change of a field would overwrite whatever the field is by then; that
// server offers no protection from it.
func canBeLate(call string) bool { return strings.HasPrefix(call, "create ") }

// canBeTwice: what is the same when done twice. A create is not repeated by
// anybody, and completing a repeating task cannot be told from a new request.
func canBeTwice(call string) bool {
	return strings.HasPrefix(call, "add ") || strings.HasPrefix(call, "remove ") || strings.HasPrefix(call, "delete ") || call == "update comment"
}

func (w *world) happens(f fault, side, call, point string) error {
	w.note("at %s %d: %s", f.at, f.nth, f.what)
	rng := rand.New(rand.NewPCG(f.seed, 4))
	far := side == "vikunja"
	switch f.what {
	case "kill":
		panic(errKilled)
	case "fail":
		if far {
			return &api.Error{Kind: api.KindUnavailable, Status: 500, Method: "?", Route: call, Ambiguous: true}
		}
		return errors.New("broken pipe")
	case "limit":
		return &api.Error{Kind: api.KindRateLimited, Status: 429, Method: "?", Route: call}
	case "timeout":
		w.tick(35 * time.Second)
		return fake.TimedOut(call)
	case "late":
		w.tick(35 * time.Second)
		w.late = append(w.late, w.now.Add(time.Duration(rng.IntN(25))*time.Second))
		return fake.ErrLate
	case "twice":
		return fake.ErrTwice
	case "tick":
		w.tick(time.Duration(rng.IntN(40)) * time.Second)
	default:
		if !w.fenced(side, call, point, f.what) {
			w.endings() // of this very cycle
			w.do(step{kind: f.what, seed: f.seed})
		}
	}
	return nil
}

// fenced excludes what the real programs exclude or cannot tell: user commands
// while the engine holds Taskwarrior's lock; a web edit of the same field
// between the engine's last look and its write, for which the server offers no
// protection; and a project moved to where the engine is about to make one of
// that name. Every other moment is open.
func (w *world) fenced(side, call, point, kind string) bool {
	if kind == "web move" {
		return true
	}
	if strings.HasPrefix(kind, "tw") {
		return w.tasks.IsLocked()
	}
	return side == "vikunja" && point == "before" &&
		slices.Contains([]string{"update task", "delete task", "update comment", "delete comment"}, call)
}

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

// do plays one step and tells what went wrong in it.
func (w *world) do(s step) []fault {
	rng := rand.New(rand.NewPCG(s.seed, 2))
	w.tick(time.Duration(rng.IntN(5)) * time.Second)
	switch s.kind {
	case "cycle":
		return w.run(nil, s.faults, nil)
	case "faulty":
		if s.faults != nil {
			return w.run(nil, s.faults, nil)
		}
		return w.run(rng, nil, nil)
	case "jump":
		w.local = time.Duration(rng.IntN(1200)-600) * time.Second
		return nil
	case "skip":
		w.far = time.Duration(rng.IntN(1200)-600) * time.Second
		return nil
	case "hint":
		return w.run(nil, s.faults, w.hint(s.seed))
	case "faulty hint":
		if s.faults != nil {
			return w.run(nil, s.faults, w.hint(s.seed))
		}
		return w.run(rng, nil, w.hint(s.seed))
	case "deliver":
		w.deliver(rng)
		return nil
	}
	was := w.busy
	w.busy = true
	defer func() { w.busy = was }()
	switch side, what, _ := strings.Cut(w.crowded(s.kind), " "); side {
	case "tw":
		w.editTW(what, rng, s.seed)
	case "vk":
		w.post("task.updated", w.editVK(what, rng, s.seed))
	case "web":
		w.editWeb(what, rng, s.seed)
		w.post("project.updated", 0)
	}
	return nil
}

// crowded turns what adds into what removes where there is enough: few tasks
// meet each other more often.
func (w *world) crowded(kind string) string {
	n := len(w.vk.TaskM)
	switch kind {
	case "tw add", "vk add", "tw duplicate":
		if n >= enough {
			return kind[:2] + " delete"
		}
	case "tw recur":
		if n >= enough || len(w.own) >= 3 {
			return "tw forget"
		}
	case "web twin":
		if len(w.vk.LabelM) >= enough {
			return "web unlabel"
		}
	}
	return kind
}

const enough = 14

// post sends a webhook on its way; what it says of the task is not so.
func (w *world) post(event string, id int64) {
	w.mail = append(w.mail, fmt.Sprintf(`{"event_name":%q,"time":%q,"data":{"task":{"id":%d,"title":"lie","done":true}}}`, event, w.now.Format(time.RFC3339), id))
}

// hint draws names of tasks: of some that changed and some that did not, twice
// or not at all, of some that are gone and some that never were. It chooses by
// birth, as pick does.
func (w *world) hint(seed uint64) *Hint {
	rng := rand.New(rand.NewPCG(seed, 5))
	part, all := oneOf[uint64](rng, 1, 3, 6), w.tasks.All()
	times := func(key, title string) (n int) {
		if w.births[key] == "" {
			w.births[key] = title
		}
		for h := mix(seed, w.births[key]) % 8; h < part; h += 4 {
			n++
		}
		return n
	}
	var h Hint
	for _, u := range slices.Sorted(maps.Keys(all)) {
		h.UUIDs = append(h.UUIDs, slices.Repeat([]string{u}, times(u, all[u].Str("description")))...)
	}
	for _, id := range slices.Sorted(maps.Keys(w.vk.TaskM)) {
		h.IDs = append(h.IDs, slices.Repeat([]int64{id}, times(fmt.Sprint(id), w.vk.TaskM[id].Title))...)
	}
	if gone := w.gonePairs(all); len(gone) > 0 && rng.IntN(2) == 0 {
		u := oneOf(rng, gone...)
		h.UUIDs, h.IDs = append(h.UUIDs, u), append(h.IDs, w.numbers[u]...)
	}
	if rng.IntN(4) == 0 {
		h.UUIDs, h.IDs = append(h.UUIDs, userUUID(rng.Uint64())), append(h.IDs, 100_000+rng.Int64N(1000))
	}
	rng.Shuffle(len(h.UUIDs), func(i, j int) { h.UUIDs[i], h.UUIDs[j] = h.UUIDs[j], h.UUIDs[i] })
	rng.Shuffle(len(h.IDs), func(i, j int) { h.IDs[i], h.IDs[j] = h.IDs[j], h.IDs[i] })
	h.UUIDs, h.IDs = h.UUIDs[:min(len(h.UUIDs), MaxHints/2)], h.IDs[:min(len(h.IDs), MaxHints/2)]
	return &h
}

// gonePairs are those that Taskwarrior's side has no task of.
func (w *world) gonePairs(all map[string]model.Raw) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(w.numbers)), func(u string) bool { return all[u] != nil })
}

// deliver brings some webhooks, in any order, some twice, an old one and a
// forged one; those that are taken cause a cycle.
func (w *world) deliver(rng *rand.Rand) {
	var bodies []string
	for _, m := range w.mail {
		for n := rng.IntN(4); n > 1; n-- { // none, none, once, twice
			bodies = append(bodies, m)
		}
	}
	rng.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
	if len(bodies) > 4 {
		bodies = bodies[:4]
	}
	w.mail = nil
	for _, b := range bodies {
		req := httptest.NewRequest("POST", webhint.Path, strings.NewReader(b))
		req.Header.Set("X-Vikunja-Signature", webhint.Sign(hookSecret, []byte(b)))
		w.hooks.ServeHTTP(httptest.NewRecorder(), req)
	}
	forged := httptest.NewRequest("POST", webhint.Path, strings.NewReader(`{"event_name":"task.deleted"}`))
	forged.Header.Set("X-Vikunja-Signature", webhint.Sign("guess", nil))
	w.hooks.ServeHTTP(httptest.NewRecorder(), forged)
	ids, all := w.hooks.Take()
	if had := all || len(ids) > 0; had != (len(bodies) > 0) {
		panic(fmt.Sprintf("%d deliveries, taken: %v", len(bodies), had))
	}
	switch {
	case all:
		w.run(nil, nil, nil)
	case len(ids) > 0:
		w.run(nil, nil, &Hint{IDs: ids})
	}
}

// run is one cycle, which may be killed, or a hinted one and what follows. It
// tells what went wrong.
func (w *world) run(rng *rand.Rand, faults []fault, h *Hint) (happened []fault) {
	w.rng, w.faults, w.places = rng, faults, map[string]int{}
	defer func() {
		r := recover()
		if r != nil && r != errKilled {
			panic(r)
		}
		happened = w.faults
		w.rng, w.faults, w.places = nil, nil, nil
		w.tasks.Unlock()
		defer w.endings()
		if r != nil {
			w.note("killed")
			w.restart()
		}
	}()
	w.tick(5 * time.Second)
	e := New(w.cfg, w.tasks, w.vk, w.st)
	if h != nil {
		rep, err := e.Hinted(context.Background(), *h)
		w.note("hinted %v: %+v %v", *h, *rep, err)
		w.whys[rep.Whole]++
		if rep.WritesTW+rep.WritesVK > 0 && rep.Whole != "" {
			panic("it wrote before it gave up: " + rep.Whole)
		}
		if w.usersWords(); rep.Whole == "" {
			return nil
		}
	}
	rep, err := e.Cycle(context.Background(), Options{})
	w.note("cycle: %+v %v", *rep, err)
	w.usersWords()
	w.sayYes(rep)
	return nil
}

// sayYes confirms the deletions that a cycle stopped.
func (w *world) sayYes(rep *Report) {
	if rep.Guard == nil {
		return
	}
	err := w.st.Update(func(t *store.Tx) error {
		m, err := t.Meta()
		if err != nil || m.Guard == nil {
			return err
		}
		m.Confirmed = m.Guard.Side
		return t.PutMeta(m)
	})
	if err != nil {
		panic(err)
	}
}

// usersWords: what stands on either side is what some user wrote; the engine
// makes up no title and no text.
func (w *world) usersWords() {
	check := func(what, title, notes string) {
		if !strings.HasPrefix(title, "v") || (notes != "" && !strings.HasPrefix(notes, "v")) {
			panic(fmt.Sprintf("nobody wrote the title %q or the text %q of %s", title, notes, what))
		}
	}
	for u, raw := range w.tasks.All() {
		check(u, raw.Str("description"), raw.Str(model.UDANotes))
	}
	for id, t := range w.vk.TaskM {
		check(fmt.Sprint(id), t.Title, model.NotesText(t.Description))
	}
}

// endings remembers occurrences that ended: a reopened one is paired again.
func (w *world) endings() {
	w.st.View(func(t *store.Tx) error {
		index, err := t.Index()
		for u, x := range index {
			if x.State == store.Closed {
				w.ended[fmt.Sprint(u, " ", x.ID)] = true
			}
		}
		return err
	})
}

// rolled: the dates that a web user saw in a repeating task have served.
func (w *world) rolled(id int64) {
	w.rolls++
	key := w.keyVK(id)
	for _, f := range []model.Field{model.Due, model.Start, model.End} {
		delete(w.owed[key], f.String())
	}
}

// pair reads the state, as a debugger would.
func (w *world) pair(uuid string, id int64) *store.Pair {
	var p *store.Pair
	w.st.View(func(t *store.Tx) (err error) {
		if uuid == "" {
			uuid = t.Owner(id)
		}
		if uuid != "" {
			p, err = t.Pair(uuid)
		}
		if p != nil && p.State == store.Importing {
			p = nil
		}
		return err
	})
	return p
}

// keyVK names a task in the book by uuid as soon as it has one.
func (w *world) keyVK(id int64) string {
	p := w.pair("", id)
	if p == nil || p.State == store.Closed {
		if u := w.partner(id, p == nil); u != "" {
			return w.unify(u, id)
		}
		if u := w.making(id); u != "" {
			return w.unify(u, id)
		}
		return fmt.Sprint("vk ", id)
	}
	return w.unify(p.UUID, id)
}

// partner is the task that names id in its attribute and whose pair was not
// stored yet: a kill came between. A copy of an ended occurrence (orphan is
// false) names it too, and is a task of its own.
func (w *world) partner(id int64, orphan bool) (uuid string) {
	all := w.tasks.All()
	w.st.View(func(t *store.Tx) error {
		for _, u := range slices.Sorted(maps.Keys(all)) {
			if all[u].Str(model.UDALink) != fmt.Sprint(id) {
				continue
			}
			p, err := t.Pair(u)
			switch {
			case err != nil:
				return err
			case p != nil && p.State == store.Importing && p.ID == id:
				uuid = u
				return nil
			case p == nil && orphan && uuid == "":
				uuid = u
			}
		}
		return nil
	})
	return uuid
}

// making is the uuid that a task is just being made for.
func (w *world) making(id int64) (uuid string) {
	if us := w.shared[id]; len(us) > 0 && !w.ended[fmt.Sprint(us[len(us)-1], " ", id)] {
		return us[len(us)-1]
	}
	w.st.View(func(t *store.Tx) error {
		open, err := t.Open()
		for _, in := range open {
			if in.Kind == "create" && id > in.MaxID && w.vk.TaskM[id] != nil && w.vk.TaskM[id].Title == in.Title {
				uuid = in.UUID
			}
		}
		return err
	})
	return uuid
}

func (w *world) unify(uuid string, id int64) string {
	if !slices.Contains(w.shared[id], uuid) {
		w.shared[id] = append(w.shared[id], uuid)
		w.numbers[uuid] = append(w.numbers[uuid], id)
	}
	own := fmt.Sprint("vk ", id)
	if old, ok := w.owed[own]; ok {
		for f, vals := range old {
			for v := range vals {
				w.owed.owe(uuid, f, v)
			}
		}
		delete(w.owed, own)
	}
	return uuid
}

// pick chooses by birth: the choice among the others stays when one is gone.
func (w *world) pick(rng *rand.Rand, keys []string, birth func(key string) string) (best string, ok bool) {
	salt, least := rng.Uint64(), uint64(0)
	for _, k := range keys {
		if w.births[k] == "" {
			w.births[k] = birth(k)
		}
		h := mix(salt, w.births[k])
		if !ok || h < least || (h == least && k < best) {
			best, least, ok = k, h, true
		}
	}
	return best, ok
}

func mix(h uint64, s string) uint64 {
	for _, c := range []byte(s) {
		h = (h ^ uint64(c)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h
}

func oneOf[T any](rng *rand.Rand, xs ...T) T { return xs[rng.IntN(len(xs))] }

// value is a text that no other step makes.
func value(seed uint64) string { return fmt.Sprintf("v%x", seed>>20) }

func day(year int, seed uint64) time.Time {
	return time.Date(year, 1, 1, 0, 0, int(seed%31_000_000), 0, time.UTC)
}
