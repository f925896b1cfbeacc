package rules

import (
	_ "embed"
	"strings"
	"sync"
	"time"

	"nixgen/catalog"
	"nixgen/lint"
)

// sinceText says when an option was renamed or removed: the date of the commit
// that last wrote the line which does it, in nix-darwin and home-manager.
//
//go:embed since.tsv
var sinceText string

var sinceTable = sync.OnceValue(func() map[string]time.Time {
	out := map[string]time.Time{}
	for line := range strings.Lines(sinceText) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if t, err := time.Parse(time.DateOnly, f[2]); err == nil {
			out[f[0]+" "+f[1]] = t
		}
	}
	return out
})

// newest is when the catalog's sources were read: the date of a change that no
// table dates.
var newest = map[lint.Class]time.Time{
	lint.NixOS:  time.Date(2024, 12, 19, 0, 0, 0, 0, time.UTC),
	lint.Darwin: time.Date(2026, 6, 18, 0, 0, 0, 0, time.UTC),
	lint.Home:   time.Date(2026, 8, 22, 0, 0, 0, 0, time.UTC),
}

// lockedRepos are the repositories whose revision decides for a class.
var lockedRepos = map[lint.Class][]string{
	lint.NixOS: {"nixpkgs"}, lint.Darwin: {"nix-darwin"}, lint.Home: {"home-manager"},
}

// inForce reports whether a rename or removal holds for the revision that the
// fleet has locked. Without a lock it does.
func (o *optionPass) inForce(class lint.Class, opt catalog.Option, path string) bool {
	lock := o.Work.Lock()
	if lock == nil {
		return true
	}
	locked := lock.Newest(lockedRepos[class]...)
	if locked.IsZero() {
		return true
	}
	since, ok := sinceTable()[opt.Class().String()+" "+path]
	if !ok {
		since = newest[class]
	}
	return !locked.Before(since)
}
