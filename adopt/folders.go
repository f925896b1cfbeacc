package adopt

import (
	"cmp"
	"slices"
	"strings"

	"nixgen/fleet"
)

// candidate is a pattern of folders, and whose folders it finds.
type candidate struct {
	glob string
	// owners maps each host or user to his folder or file.
	owners map[string]string
}

// patternsOf finds the patterns under which paths hold a name, such as
// `hosts/{host}` for hosts/tower/default.nix.
func patternsOf(file, name, word string, into map[string]*candidate) {
	parts := strings.Split(file, "/")
	for i, c := range parts {
		stem := strings.TrimSuffix(c, ".nix")
		hole := ""
		switch {
		case c != stem && i < len(parts)-1:
		case strings.EqualFold(stem, name):
			hole = word
		case word == hostWord && len(stem) > len(name) && strings.HasSuffix(stem, "-"+name):
			hole = strings.TrimSuffix(stem, name) + word
		}
		if hole == "" {
			continue
		}
		glob := strings.Join(append(slices.Clone(parts[:i]), hole), "/")
		if glob == word {
			continue // every folder of the tree
		}
		if into[glob] == nil {
			into[glob] = &candidate{glob, map[string]string{}}
		}
		into[glob].owners[name] = strings.Join(parts[:i+1], "/")
	}
}

const (
	hostWord = "{host}"
	userWord = "{user}"
)

// choose takes patterns until everybody has a folder or no pattern is left:
// the one with the most new owners first, then the shortest.
func choose(all map[string]*candidate) []*candidate {
	var out []*candidate
	done := map[string]bool{}
	for {
		var top *candidate
		most := 0
		for _, c := range all {
			n := 0
			for o := range c.owners {
				if !done[o] {
					n++
				}
			}
			if n > most || n == most && n > 0 && cmp.Or(cmp.Compare(depthOf(c.glob), depthOf(top.glob)), cmp.Compare(c.glob, top.glob)) < 0 {
				top, most = c, n
			}
		}
		if most == 0 {
			return out
		}
		for o := range top.owners {
			done[o] = true
		}
		out = append(out, top)
	}
}

func depthOf(glob string) int { return strings.Count(glob, "/") }

// hostFolders finds where hosts lie: among the files that a system reads alone,
// and for those that have none among all files.
func (s *survey) hostFolders() []string {
	found := map[string]*candidate{}
	for _, m := range s.d.machines {
		for _, r := range m.Reads {
			if r.User == "" && len(s.readers[r.File]) == 1 {
				patternsOf(r.File, m.Name, hostWord, found)
			}
		}
	}
	chosen := choose(found)
	var rest []*machine
	for _, m := range s.d.machines {
		if !slices.ContainsFunc(chosen, func(c *candidate) bool { return c.owners[m.Name] != "" }) {
			rest = append(rest, m)
		}
	}
	chosen = append(chosen, s.likeOthers(rest, chosen)...)
	var globs []string
	for _, c := range chosen {
		globs = append(globs, c.glob)
		for _, p := range c.owners {
			s.take(p)
		}
	}
	return anyPlatform(anySystem(globs))
}

// likeOthers looks for hosts without a folder in the folders beside those of
// others.
func (s *survey) likeOthers(rest []*machine, chosen []*candidate) []*candidate {
	more := map[string]*candidate{}
	for _, m := range rest {
		for _, f := range s.d.fleet.Files {
			if !strings.HasSuffix(f, ".nix") || slices.ContainsFunc(m.Reads, func(r Read) bool { return r.File == f && r.User != "" }) {
				continue
			}
			patternsOf(f, m.Name, hostWord, more)
		}
	}
	for glob := range more {
		beside := func(c *candidate) bool { return topOf(c.glob) == topOf(glob) }
		if len(chosen) > 0 && !slices.ContainsFunc(chosen, beside) {
			delete(more, glob)
		}
	}
	return choose(more)
}

func topOf(glob string) string {
	top, _, _ := strings.Cut(glob, "/")
	return top
}

func (s *survey) take(p string) {
	if !slices.Contains(s.taken, p) {
		s.taken = append(s.taken, p)
	}
}

// anyPlatform writes hosts/nixos/{host} and hosts/darwin/{host} as
// hosts/{platform}/{host}; at the root that would be every folder.
func anyPlatform(globs []string) []string {
	var out []string
	for _, g := range globs {
		parts := strings.Split(g, "/")
		i := slices.IndexFunc(parts, func(p string) bool { return p == fleet.NixOS || p == fleet.Darwin })
		if i > 0 {
			swap := slices.Clone(parts)
			swap[i] = map[string]string{fleet.NixOS: fleet.Darwin, fleet.Darwin: fleet.NixOS}[parts[i]]
			if slices.Contains(globs, strings.Join(swap, "/")) {
				swap[i] = "{platform}"
				g = strings.Join(swap, "/")
			}
		}
		if !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	slices.Sort(out)
	return out
}

// anySystem writes systems/x86_64-linux/{host} and its like with `*`.
func anySystem(globs []string) []string {
	var out []string
	for _, g := range globs {
		parts := strings.Split(g, "/")
		for i, p := range parts {
			if slices.Contains(fleet.Systems, p) {
				parts[i] = "*"
			}
		}
		if g = strings.Join(parts, "/"); !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	return out
}

// homeFolders finds where homes lie: among the files that homes read, those
// below a folder of their user's name.
func (s *survey) homeFolders() []string {
	found := map[string]*candidate{}
	for _, m := range s.d.machines {
		for _, r := range m.Reads {
			if r.User == "" || len(s.readers[r.File]) > 0 {
				continue
			}
			for _, u := range m.users {
				if strings.Contains(r.File, u) {
					patternsOf(r.File, u, userWord, found)
				}
			}
		}
	}
	var globs []string
	for _, c := range choose(found) {
		if isFolder(c) {
			globs = append(globs, c.glob)
			for _, p := range c.owners {
				s.take(p)
			}
		}
	}
	slices.Sort(globs)
	return globs
}

// isFolder: a file is no folder of a home.
func isFolder(c *candidate) bool {
	for _, p := range c.owners {
		if strings.HasSuffix(p, ".nix") {
			return false
		}
	}
	return true
}
