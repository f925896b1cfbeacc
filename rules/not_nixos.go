package rules

import (
	_ "embed"
	"strings"
	"sync"
	"time"

	"nixgen/catalog"
	"nixgen/lint"
)

// notNixOSText lists names of home-manager and of nix-darwin that NixOS does
// not have, though it has what they stand below: no revision of its modules
// that was read up to notNixOSRead declares them. `<name>` is any name.
//
//go:embed not_nixos.txt
var notNixOSText string

// notNixOSRead is the day up to which NixOS was read for notNixOSText.
var notNixOSRead = time.Date(2026, 8, 22, 0, 0, 0, 0, time.UTC)

var notNixOSNames = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, name := range strings.Fields(notNixOSText) {
		out[name] = true
	}
	return out
})

// notNixOS: the name, one above it or the one below it alone, is surely not one
// of the NixOS that the fleet has locked.
func (o *optionPass) notNixOS(s *setting) bool {
	_, path := longest(s)
	for n := 2; n <= len(path); n++ {
		if notNixOSNames()[strings.Join(path[:n], ".")] || n > 3 && notNixOSNames()[anyNamed(path[:n])] {
			return o.lockedBy(notNixOSRead)
		}
	}
	return false
}

// anyNamed is a path as it is listed where the last name but one is free.
func anyNamed(path []string) string {
	n := len(path)
	return strings.Join(path[:n-2], ".") + "." + catalog.AnyName + "." + path[n-1]
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
