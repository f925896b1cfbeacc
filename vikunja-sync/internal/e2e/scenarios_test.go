package e2e

import (
	"fmt"
	"slices"
	"testing"
)

// scenario is one line of the list that a correct sync must pass.
type scenario struct {
	n    int
	name string
	run  func(*env)
}

func scenarios() []scenario {
	return slices.Concat(sidesScenarios, hintScenarios, nameScenarios, endScenarios, troubleScenarios, formScenarios, moreScenarios, foundScenarios, reviewScenarios, contentScenarios, daemonScenarios,
		peopleScenarios, inspectedScenarios,
		[]scenario{{45, "no v2", oldServer}})
}

func TestScenarios(t *testing.T) {
	seen := map[int]bool{}
	for _, s := range scenarios() {
		seen[s.n] = true
		t.Run(fmt.Sprintf("%02d %s", s.n, s.name), func(t *testing.T) {
			if !real() { // a small server answers parallel writes with 500
				t.Parallel()
			}
			s.run(newEnv(t))
		})
	}
	for n := 1; n <= 107; n++ {
		if !seen[n] {
			t.Errorf("scenario %d is missing", n)
		}
	}
}

// v1Scenarios is what the old API must pass too.
var v1Scenarios = []int{1, 2, 3, 4, 5, 6, 8, 17, 23, 27, 31}

func oldServer(e *env) {
	for _, s := range slices.Concat(sidesScenarios, hintScenarios, nameScenarios, troubleScenarios) {
		for _, n := range v1Scenarios {
			if s.n == n {
				sub := newEnv(e.TB)
				sub.http.noV2 = true
				sub.connect()
				s.run(sub)
			}
		}
	}
}
