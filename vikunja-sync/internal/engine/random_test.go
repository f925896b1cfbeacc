package engine

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The randomised test drives both models with user edits and the engine with
// faults, and keeps book of every value a user wrote and nobody saw and
// replaced ("owed"). At rest both sides must agree, and every owed value must
// stand or be in the conflict log.
//
// A step carries its own seed and picks tasks by their birth, so that a
// failing run can be made smaller by leaving steps out. What went wrong in a
// faulty cycle is recorded at its place, so that faults can be left out too.
// What remains is printed as a case for testdata/random.

// step is one operation. A cycle's faults are those of the list, as are a
// hinted one's ("hint", names of some tasks); "faulty" and "faulty hint"
// draw them from the seed and records them.
type step struct {
	kind   string
	seed   uint64
	faults []fault
}

// fault is what happens at the nth time that a cycle comes to a place.
type fault struct {
	at   string // "vikunja create task after"
	nth  int
	what string // kill, fail, limit, timeout, late, twice, tick, or a user's step
	seed uint64
}

var userKinds = []string{
	"tw add", "tw add", "tw title", "tw priority", "tw due", "tw start", "tw end", "tw project", "tw notes", "tw status", "tw status",
	"tw tag", "tw tag", "tw depends", "tw annotate", "tw denotate", "tw reword", "tw delete", "tw purge", "tw forget", "tw duplicate",
	"tw undo", "tw recur",
	"vk add", "vk add", "vk title", "vk priority", "vk due", "vk start", "vk end", "vk project", "vk notes", "vk status", "vk status",
	"vk tag", "vk tag", "vk blocked", "vk comment", "vk foreign", "vk uncomment", "vk reword", "vk delete", "vk repeat",
	"web rename", "web move", "web archive", "web drop", "web label", "web twin", "web unlabel",
}

var otherKinds = []string{"cycle", "cycle", "cycle", "faulty", "faulty", "faulty", "hint", "hint", "hint", "faulty hint", "faulty hint", "faulty hint", "deliver", "deliver", "jump", "skip"}

func makeSteps(seed uint64, n int) []step {
	rng := rand.New(rand.NewPCG(seed, 1))
	out := make([]step, n)
	for i := range out {
		k := rng.IntN(len(userKinds) + len(otherKinds))
		if k < len(userKinds) {
			out[i] = step{kind: userKinds[k], seed: rng.Uint64()}
		} else {
			out[i] = step{kind: otherKinds[k-len(userKinds)], seed: rng.Uint64()}
		}
	}
	return out
}

// policy is what a user may configure; a seed draws one.
type policy struct{ winner, onDelete, repeat string }

func makePolicy(seed uint64) policy {
	rng := rand.New(rand.NewPCG(seed, 3))
	one := func(xs ...string) string { return xs[rng.IntN(len(xs))] }
	return policy{one("later", "later", "vikunja", "taskwarrior"), one("edit", "edit", "delete", "later"), one("next", "next", "end")}
}

// play runs steps in a new world; the world is for the story of a failure.
func play(t testing.TB, p policy, steps []step) (w *world, err error) {
	return playIn(newWorld(t, p), steps)
}

func playIn(w *world, steps []step) (out *world, err error) {
	out = w // after a panic too, for its story
	defer func() { w.st.Close() }()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
			if n := len(w.played); n < len(steps) { // the step that did it, with what was drawn for it
				w.played = append(w.played, drawn(steps[n], w.faults))
			}
		}
	}()
	for i, s := range steps {
		w.note("%d %s", i, s.kind)
		w.played = append(w.played, drawn(s, w.do(s)))
	}
	w.note("the end")
	return w, w.finish()
}

// drawn is a step with the faults that it drew, to be played again.
func drawn(s step, faults []fault) step {
	s.faults = faults
	switch s.kind {
	case "faulty":
		s.kind = "cycle"
	case "faulty hint":
		s.kind = "hint"
	}
	return s
}

// amount reads VIKUNJA_SYNC_SEEDS, 200x10000, and VIKUNJA_SYNC_SEED, the first.
func amount(t *testing.T, seeds, n int) (first, count, steps int) {
	if s := os.Getenv("VIKUNJA_SYNC_SEEDS"); s != "" {
		if _, err := fmt.Sscanf(s, "%dx%d", &seeds, &n); err != nil {
			t.Fatal(err)
		}
	} else if testing.Short() {
		seeds = 4
	}
	first = 1
	if s := os.Getenv("VIKUNJA_SYNC_SEED"); s != "" {
		first, _ = strconv.Atoi(s)
		if os.Getenv("VIKUNJA_SYNC_SEEDS") == "" {
			seeds = 1
		}
	}
	return first, seeds, n
}

// TestRandom plays 20 seeds of 1,000 steps; VIKUNJA_SYNC_SEEDS=200x10000 asks
// for more, VIKUNJA_SYNC_SEED=n begins with that one.
func TestRandom(t *testing.T) {
	first, seeds, n := amount(t, 20, 1000)
	for seed := first; seed < first+seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			p := makePolicy(uint64(seed))
			w, err := play(t, p, makeSteps(uint64(seed), n))
			t.Log(w.whys)
			if err == nil {
				return
			}
			report(t, p, w.played, err)
		})
	}
}

// report makes a failing run smaller and prints it as a case.
func report(t *testing.T, p policy, steps []step, first error) {
	steps = shrink(t, p, steps)
	w, err := play(t, p, steps)
	if err == nil {
		w, err = nil, fmt.Errorf("only as a whole: %w", first)
	}
	story, dump := "", ""
	if w != nil {
		story, dump = strings.Join(w.trace, "\n"), safeDump(w)
	}
	t.Errorf("made smaller to %d steps: %v\n%s\n%s\n-- case --\n%s", len(steps), err, story, dump, formatCase(p, steps))
}

func safeDump(w *world) string { w.open(); defer w.st.Close(); return w.dump() }

// TestRandomCases plays what once failed; each file says why.
func TestRandomCases(t *testing.T) {
	files, err := filepath.Glob("testdata/random/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, steps, err := parseCase(string(text))
			if err != nil {
				t.Fatal(err)
			}
			if w, err := play(t, p, steps); err != nil {
				t.Errorf("%v\n%s\n%s", err, strings.Join(w.trace, "\n"), safeDump(w))
			}
		})
	}
}

// patience bounds the search for a smaller case; VIKUNJA_SYNC_SHRINK=10m names another time.
var patience = cmp.Or(envDuration("VIKUNJA_SYNC_SHRINK"), time.Minute)

func envDuration(name string) time.Duration { d, _ := time.ParseDuration(os.Getenv(name)); return d }
