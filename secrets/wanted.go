package secrets

import (
	"cmp"
	"slices"

	"nixgen/fleet"
)

// HostFile is the file of a host's own secrets, relative to the repository.
func HostFile(f *fleet.Fleet, host string) string { return f.SecretsOf().HostFile(host) }

// Wanted are the secrets that a host's modules declare and that no file has yet:
// the keys for the host's own file (those that may be in any file among them),
// and those for other files. Both are sorted.
func Wanted(f *fleet.Fleet, t *Tree, x Facts) (own []string, others []Declared) {
	s, file := f.SecretsOf(), HostFile(f, x.Host)
	has := func(name, key string) bool {
		parsed, _ := Parse(name, t.Files[name])
		return parsed != nil && parsed.Key(key) != nil
	}
	for _, d := range x.Declared {
		switch {
		case has(cmp.Or(d.File, file), d.Key):
		case d.File == file, d.File == "" && !has(s.Shared, d.Key):
			own = append(own, d.Key)
		case d.File != "":
			others = append(others, d)
		}
	}
	slices.Sort(own)
	slices.SortFunc(others, func(a, b Declared) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Key, b.Key))
	})
	others = slices.CompactFunc(others, func(a, b Declared) bool { return a.File == b.File && a.Key == b.Key })
	return slices.Compact(own), others
}
