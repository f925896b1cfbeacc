package adopt

import (
	"path"
	"slices"
	"strings"

	"nixgen/fleet"
)

// Names of folders, as fleets use them.
var (
	optInNames  = words("optional opt-in optin features feature profiles profile roles role suites bundles specialization specializations specialisation specialisations extras addons mixins")
	commonNames = words("core global base common shared default defaults all")
	// otherNames are no tiers, whoever reads them.
	otherNames = words("users user disks disk disko hardware secrets vars overlays overlay pkgs packages lib libs templates tests test checks installer nixos-installer iso devshells shells flake flake-parts outputs hosts machines systems")
)

func words(s string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		out[w] = true
	}
	return out
}

// survey is what is known of folders before they are tiers.
type survey struct {
	d *draft
	// readers are the hosts that read a file in their system.
	readers map[string]map[*machine]bool
	// homes are the files that some home reads.
	homes map[string]bool
	// systems counts the hosts of each platform that have a system.
	systems map[string]int
	// dirs are the folders with Nix files, each with its folders.
	dirs  map[string][]string
	nix   map[string][]string
	taken []string
}

// layout guesses [layout].
func (d *draft) layout() {
	d.lay = fleet.Layout{
		Generated: "generated", Wiring: "manual",
		PlatformNames: map[string][]string{fleet.NixOS: {"nixos"}, fleet.Darwin: {"darwin"}},
	}
	s := d.survey()
	d.lay.Hosts = s.hostFolders()
	d.lay.Home = s.homeFolders()
	s.tier(".")
	s.contradictions()
	for _, l := range []*[]string{&d.lay.Common, &d.lay.OptIn, &d.lay.Modules} {
		slices.Sort(*l)
	}
}

func (d *draft) survey() *survey {
	s := &survey{
		d: d, readers: map[string]map[*machine]bool{}, homes: map[string]bool{}, systems: map[string]int{},
		dirs: map[string][]string{}, nix: map[string][]string{},
	}
	for _, m := range d.machines {
		if m.Platform != fleet.Home {
			s.systems[m.Platform]++
		}
		for _, r := range m.Reads {
			if r.User != "" {
				s.homes[r.File] = true
				continue
			}
			if s.readers[r.File] == nil {
				s.readers[r.File] = map[*machine]bool{}
			}
			s.readers[r.File][m] = true
		}
	}
	for _, f := range d.fleet.Files {
		if !strings.HasSuffix(f, ".nix") {
			continue
		}
		s.nix[folder(f)] = append(s.nix[folder(f)], f)
		for dir := folder(f); dir != "."; dir = folder(dir) {
			if up := folder(dir); !slices.Contains(s.dirs[up], dir) {
				s.dirs[up] = append(s.dirs[up], dir)
			}
		}
	}
	for _, l := range s.dirs {
		slices.Sort(l)
	}
	return s
}

// below lists the Nix files below a folder that its systems could read, without
// those of hosts and homes.
func (s *survey) below(dir string) []string {
	if s.isTaken(dir) {
		return nil
	}
	out := slices.Clone(s.nix[dir])
	for _, sub := range s.dirs[dir] {
		out = append(out, s.below(sub)...)
	}
	return slices.DeleteFunc(out, s.isTaken)
}

// isTaken reports a folder or file of a host or a home, or one that no tier can
// hold.
func (s *survey) isTaken(p string) bool {
	if b := path.Base(p); b[0] == '_' || b[0] == '.' && b != "." {
		return true
	}
	return slices.Contains(s.taken, p)
}

// universal reports that every host of a platform reads a file, if one does.
func (s *survey) universal(file string) bool {
	n := map[string]int{}
	for m := range s.readers[file] {
		n[m.Platform]++
	}
	for p, k := range n {
		if k != s.systems[p] {
			return false
		}
	}
	return len(n) > 0
}

// many reports that some platform has hosts enough to tell who shares what.
func (s *survey) many() bool {
	for _, n := range s.systems {
		if n > 1 {
			return true
		}
	}
	return false
}

// kind of a folder by who reads what is in it.
type kind struct{ read, shared, options int }

func (s *survey) kind(files []string) (k kind) {
	for _, f := range files {
		if len(s.readers[f]) == 0 {
			continue
		}
		k.read++
		if s.universal(f) {
			k.shared++
		}
		if s.d.fleet.Declares(f) {
			k.options++
		}
	}
	return k
}

// tier decides a folder, or goes into it.
func (s *survey) tier(dir string) {
	base := strings.ToLower(path.Base(dir))
	if dir != "." && (s.isTaken(dir) || otherNames[base] && base != "hosts" && base != "machines" && base != "systems") {
		return
	}
	files := s.below(dir)
	k := s.kind(files)
	switch {
	case k.read == 0:
		return
	case dir == "." || otherNames[base] || s.holdsTaken(dir):
	case optInNames[base] && (k.shared < k.read || !s.many()):
		s.d.lay.OptIn = append(s.d.lay.OptIn, dir)
		return
	case k.shared == k.read && 2*k.options > k.read && s.settled(dir, k):
		s.d.lay.Modules = append(s.d.lay.Modules, dir)
		return
	case k.shared == k.read && s.settled(dir, k):
		s.d.lay.Common = append(s.d.lay.Common, dir)
		return
	case k.shared == 0 && s.chosen(dir, files):
		s.d.lay.OptIn = append(s.d.lay.OptIn, dir)
		return
	}
	for _, sub := range s.dirs[dir] {
		s.tier(sub)
	}
}

// settled: all that is read is read by all, and that says something, or the
// folder's name does. A folder of folders with names of their own is none.
func (s *survey) settled(dir string, k kind) bool {
	for _, sub := range s.dirs[dir] {
		b := strings.ToLower(path.Base(sub))
		if optInNames[b] || otherNames[b] || s.homesAlone(sub) {
			return false
		}
	}
	return s.many() || commonNames[strings.ToLower(path.Base(dir))] || 2*k.options > k.read
}

// homesAlone: homes read what is in the folder, and no system does.
func (s *survey) homesAlone(dir string) bool {
	files := s.below(dir)
	return s.kind(files).read == 0 && slices.ContainsFunc(files, func(f string) bool { return s.homes[f] })
}

// chosen: hosts name what is in the folder themselves.
func (s *survey) chosen(dir string, files []string) bool {
	n := 0
	for _, m := range s.d.machines {
		for _, l := range m.Links {
			if l.User == "" && slices.Contains(files, l.To) && (len(s.readers[l.From]) == 0 || s.isHosts(l.From)) {
				n++
			}
		}
	}
	return n > 1 && len(s.nix[dir])+len(s.dirs[dir]) > 1 && 2*s.kind(files).read > len(files)
}

func (s *survey) isHosts(file string) bool {
	for at := file; at != "."; at = folder(at) {
		if slices.Contains(s.taken, at) {
			return true
		}
	}
	return false
}

func (s *survey) holdsTaken(dir string) bool {
	return slices.ContainsFunc(s.taken, func(t string) bool { return strings.HasPrefix(t, dir+"/") })
}

// contradictions drops opt-in tiers that modules for all import: in that fleet
// they mean something else.
func (s *survey) contradictions() {
	lay := &s.d.lay
	lay.OptIn = slices.DeleteFunc(lay.OptIn, func(dir string) bool {
		for _, m := range s.d.machines {
			for _, l := range m.Links {
				if l.User == "" && within(l.To, dir) && !within(l.From, dir) && (anyWithin(l.From, lay.Common) || anyWithin(l.From, lay.Modules)) {
					s.d.doubts = append(s.d.doubts, "`"+dir+"` looks like an opt-in tier, but "+l.From+" imports "+l.To+" for everybody")
					return true
				}
			}
		}
		return false
	})
}

func within(file, dir string) bool { return strings.HasPrefix(file, dir+"/") }

func anyWithin(file string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(d string) bool { return within(file, d) })
}
