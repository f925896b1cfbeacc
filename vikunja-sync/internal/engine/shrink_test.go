package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// shrink leaves out what a failure does not need: the end, then runs of
// steps, then faults.
func shrink(t testing.TB, p policy, steps []step) []step {
	end := time.Now().Add(patience)
	fails := func(s []step) bool {
		if time.Now().After(end) {
			return false
		}
		_, err := play(t, p, s)
		return err != nil
	}
	if !fails(steps) {
		return steps
	}
	steps = shrinkEnd(steps, fails)
	for before := 0; before != len(steps); {
		before = len(steps)
		steps = shrinkRuns(steps, fails)
	}
	return shrinkFaults(steps, fails)
}

// shrinkEnd looks for a short beginning that fails.
func shrinkEnd(steps []step, fails func([]step) bool) []step {
	low, high := 0, len(steps)
	for low < high {
		if mid := (low + high) / 2; fails(steps[:mid]) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return steps[:high]
}

func shrinkRuns(steps []step, fails func([]step) bool) []step {
	for size := max(len(steps)/2, 1); size >= 1; size /= 2 {
		for i := 0; i+size <= len(steps); {
			if less := slices.Concat(steps[:i], steps[i+size:]); fails(less) {
				steps = less
				continue
			}
			i += size
		}
	}
	return steps
}

func shrinkFaults(steps []step, fails func([]step) bool) []step {
	for i := range steps {
		for j := len(steps[i].faults) - 1; j >= 0; j-- {
			less := slices.Clone(steps)
			less[i].faults = slices.Delete(slices.Clone(less[i].faults), j, j+1)
			if fails(less) {
				steps = less
			}
		}
	}
	return steps
}

// formatCase writes a policy and steps, one a line; a fault follows its cycle,
// indented.
func formatCase(p policy, steps []step) string {
	var b strings.Builder
	fmt.Fprintf(&b, "policy | %s | %s | %s\n", p.winner, p.onDelete, p.repeat)
	for _, s := range steps {
		fmt.Fprintf(&b, "%s | %x\n", s.kind, s.seed)
		for _, f := range s.faults {
			fmt.Fprintf(&b, "\t%s | %d | %s | %x\n", f.at, f.nth, f.what, f.seed)
		}
	}
	return b.String()
}

func parseCase(text string) (p policy, steps []step, err error) {
	for n, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSpace(line), " | ")
		switch {
		case f[0] == "policy" && len(f) == 4:
			p = policy{f[1], f[2], f[3]}
		case line[0] == '\t' && len(f) == 4 && len(steps) > 0:
			nth, e := strconv.Atoi(f[1])
			seed, e2 := strconv.ParseUint(f[3], 16, 64)
			if e != nil || e2 != nil {
				return p, nil, fmt.Errorf("line %d: `%s`", n+1, line)
			}
			last := &steps[len(steps)-1]
			last.faults = append(last.faults, fault{f[0], nth, f[2], seed})
		case len(f) == 2:
			seed, e := strconv.ParseUint(f[1], 16, 64)
			if e != nil {
				return p, nil, fmt.Errorf("line %d: `%s`", n+1, line)
			}
			steps = append(steps, step{kind: f[0], seed: seed})
		default:
			return p, nil, fmt.Errorf("line %d: `%s`", n+1, line)
		}
	}
	return p, steps, nil
}

func TestCaseFormat(t *testing.T) {
	p, steps := makePolicy(5), makeSteps(5, 50)
	steps[3].faults = []fault{{"vikunja create task after", 2, "kill", 7}, {"taskwarrior get before", 0, "vk title", 8}}
	text := formatCase(p, steps)
	q, again, err := parseCase("# why\n" + text)
	if err != nil || q != p || formatCase(q, again) != text {
		t.Errorf("%v: read back as\n%s", err, formatCase(q, again))
	}
}
