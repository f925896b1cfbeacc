package rules

import (
	_ "embed"
	"strings"
	"sync"
	"time"

	"nixgen/lint"
)

// homeOnlyText lists names of home-manager that NixOS does not have, though it
// has the root they stand below: no revision of its modules that was read up to
// homeOnlyRead declares them.
//
//go:embed home_only.txt
var homeOnlyText string

// homeOnlyRead is the day up to which NixOS was read for homeOnlyText.
var homeOnlyRead = time.Date(2026, 8, 22, 0, 0, 0, 0, time.UTC)

var homeOnlyNames = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, name := range strings.Fields(homeOnlyText) {
		out[name] = true
	}
	return out
})

// onlyOfHomes: the name, or one above it or below it alone, is home-manager's
// and surely not one of the NixOS that the fleet has locked.
func (o *optionPass) onlyOfHomes(s *setting) bool {
	_, path := longest(s)
	for n := 2; n <= len(path); n++ {
		if homeOnlyNames()[strings.Join(path[:n], ".")] {
			return o.lockedBy(homeOnlyRead)
		}
	}
	return false
}

// lockedBy: no nixpkgs that the fleet has locked is younger than that day.
func (o *optionPass) lockedBy(day time.Time) bool {
	lock := o.Work.Lock()
	if lock == nil {
		return true
	}
	newest := lock.Newest(lockedRepos[lint.NixOS]...)
	return !newest.IsZero() && newest.Before(day.AddDate(0, 0, 1))
}
