package rules

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
	"time"

	"nixgen/catalog"
	"nixgen/lint"
)

// sinceText says when an option was renamed or removed: the date of the commit
// that last wrote the line which does it, in nix-darwin and home-manager; for
// NixOS the release that has it first.
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
	key := opt.Class().String() + " " + path
	if release, ok := releaseTable()[key]; ok {
		return released(lock, release)
	}
	locked := lock.Newest(lockedRepos[class]...)
	if locked.IsZero() {
		return true
	}
	since, ok := sinceTable()[key]
	if !ok {
		since = newest[class]
	}
	return !locked.Before(since)
}

var releaseTable = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(sinceText) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if releaseRE.MatchString(f[2]) && len(f[2]) == len("24.05") {
			out[f[0]+" "+f[1]] = f[2]
		}
	}
	return out
})

var releaseRE = regexp.MustCompile(`\d\d\.(05|11)`)

// released reports that every nixpkgs which flake.nix names is of the release
// or newer: by the branch it follows, or else by its date. A revision of
// unstable counts once the release is out.
func released(lock *lint.Lock, release string) bool {
	nodes := lock.Roots(lockedRepos[lint.NixOS]...)
	for _, n := range nodes {
		if branch := releaseRE.FindString(n.Original.Ref); branch != "" {
			if branch < release {
				return false
			}
			continue
		}
		if time.Unix(n.Locked.LastModified, 0).UTC().Before(releaseDay(release)) {
			return false
		}
	}
	return len(nodes) > 0
}

// releaseDay is the end of the month that gives a release its name.
func releaseDay(release string) time.Time {
	t, err := time.Parse("06.01", release)
	if err != nil {
		return time.Time{}
	}
	return t.AddDate(0, 1, 0)
}
