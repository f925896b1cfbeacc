package layout

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"nixgen/fleet"
)

// Classify says what every file is. The paths are slash-separated and relative
// to the folder of hosts.toml; their order does not matter.
func Classify(l *fleet.Layout, files []string) *Inventory {
	c := classifier{layout: l, patterns: patterns(l), folders: map[string]bool{}}
	sorted := slices.Clone(files)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	matches := make([]match, len(sorted))
	for i, f := range sorted {
		if c.inTree(f) {
			matches[i] = c.best(f)
		}
	}
	inv := &Inventory{Files: make([]File, len(sorted))}
	for i, f := range sorted {
		inv.Files[i] = c.place(f, matches[i])
	}
	inv.index()
	return inv
}

type classifier struct {
	layout   *fleet.Layout
	patterns []*pattern
	folders  map[string]bool // folders of tiers that have an entry
}

// patterns compiles [layout].
func patterns(l *fleet.Layout) []*pattern {
	var out []*pattern
	add := func(t Tier, globs []string) {
		for _, g := range globs {
			out = append(out, compile(t, "", g))
		}
	}
	add(Library, l.Modules)
	add(Common, l.Common)
	add(OptIn, l.OptIn)
	for _, g := range l.Groups {
		for _, p := range g.Paths {
			out = append(out, compile(Group, g.Name, p))
		}
	}
	for _, g := range l.Hosts {
		out = append(out, compile(Host, "", hostGlob(g)))
	}
	for _, g := range l.Home {
		out = append(out, homePatterns(g)...)
	}
	return out
}

func hostGlob(g string) string {
	if strings.Contains(g, "{host}") {
		return g
	}
	return strings.TrimSuffix(g, "/") + "/{host}"
}

// homePatterns are the tiers below a folder of homes.
func homePatterns(g string) []*pattern {
	if !strings.Contains(g, "{user}") {
		g = strings.TrimSuffix(g, "/") + "/{user}"
	}
	return []*pattern{
		compile(Common, "", g+"/common"),
		compile(OptIn, "", g+"/opt-in"),
		compile(OptIn, "", g+"/common/optional"),
		compile(Host, "", g+"/hosts/{host}"),
	}
}

// inTree is false for what no tier can hold; place says what it is instead.
func (c *classifier) inTree(f string) bool {
	return !c.generated(f) && !c.ignored(f)
}

func (c *classifier) generated(f string) bool {
	return c.layout.Generated != "" && strings.HasPrefix(f, c.layout.Generated+"/")
}

func (c *classifier) ignored(f string) bool {
	if strings.HasPrefix(f, "_") || strings.HasPrefix(f, ".") || strings.Contains(f, "/_") || strings.Contains(f, "/.") {
		return true
	}
	for _, g := range c.layout.Ignore {
		g = strings.TrimSuffix(g, "/")
		if ok, _ := doublestar.Match(g, f); ok {
			return true
		}
		if ok, _ := doublestar.Match(g+"/**", f); ok {
			return true
		}
	}
	return false
}

// best is the pattern that matches the longest folder; the zero match when
// there is none. It notes which folders have an entry on the way.
func (c *classifier) best(f string) match {
	var out match
	for _, p := range c.patterns {
		if m, ok := p.match(f); ok && (out.pattern == nil || len(m.root) > len(out.root)) {
			out = m
		}
	}
	if out.pattern != nil && out.tier != Host {
		if _, ok := entryName(c.layout, path.Base(f)); ok && strings.Contains(out.rest, "/") {
			c.folders[path.Dir(f)] = true
		}
	}
	return out
}

// place turns a match into a File.
func (c *classifier) place(f string, m match) File {
	out := File{Path: f}
	switch {
	case c.generated(f):
		out.Tier = Generated
	case m.pattern == nil && c.ignored(f):
		out.Tier = Ignored
	case m.pattern == nil:
	case m.tier == Host:
		c.placeHost(&out, m)
	case strings.HasSuffix(f, ".nix"):
		c.placeTopic(&out, m)
	}
	return out
}

func (c *classifier) placeHost(f *File, m match) {
	f.Tier, f.Host, f.User = Host, m.words[hostWord], m.words[userWord]
	f.Platform, _ = platformOf(c.layout, m.words[platformWord])
	switch m.rest {
	case "", "default.nix":
		f.Role = Entry
	case "hardware-configuration.nix":
		f.Role = Hardware
	case "facter.json":
		f.Role = Facter
	}
}

func (c *classifier) placeTopic(f *File, m match) {
	f.Tier, f.User, f.Group, f.Host = m.tier, m.words[userWord], m.group, m.words[hostWord]
	f.Platform, _ = platformOf(c.layout, m.words[platformWord])
	folder := c.topicFolder(f.Path, m)
	if folder == "" { // a topic of its own
		f.Topic, f.Role = strings.TrimSuffix(m.rest, ".nix"), Entry
		if f.Topic == "default" && f.Tier == OptIn {
			f.Role = Part
		}
		if p, ok := entryName(c.layout, m.rest); ok && f.Tier != OptIn {
			f.Topic = ""
			c.restrict(f, p)
		}
		return
	}
	f.Topic = strings.TrimPrefix(folder, m.root+"/")
	if p, ok := entryName(c.layout, path.Base(f.Path)); ok && path.Dir(f.Path) == folder {
		f.Role = Entry
		c.restrict(f, p)
	}
}

// restrict narrows an entry to the platform of its name; in a folder of another
// platform nothing imports it.
func (c *classifier) restrict(f *File, platform string) {
	switch {
	case platform == "":
	case f.Platform == "" || f.Platform == platform:
		f.Platform = platform
	default:
		f.Role = Part
	}
}

// topicFolder is the nearest folder with an entry above a file, below the root.
func (c *classifier) topicFolder(f string, m match) string {
	for d := path.Dir(f); len(d) > len(m.root); d = path.Dir(d) {
		if c.folders[d] {
			return d
		}
	}
	return ""
}

// index groups the files into topics and hosts.
func (inv *Inventory) index() {
	inv.topics = map[shelf][]Topic{}
	inv.hosts = map[[2]string][]File{}
	byName := map[shelf]map[string][]File{}
	for _, f := range inv.Files {
		switch {
		case f.Tier == Host:
			k := [2]string{f.User, f.Host}
			inv.hosts[k] = append(inv.hosts[k], f)
		case f.Tier >= Library && f.Role == Entry:
			s := shelf{f.Tier, f.User, f.Group}
			if byName[s] == nil {
				byName[s] = map[string][]File{}
			}
			byName[s][f.Topic] = append(byName[s][f.Topic], f)
		}
	}
	for s, topics := range byName {
		for name, fs := range topics {
			slices.SortStableFunc(fs, func(a, b File) int { return cmp.Compare(a.Platform, b.Platform) })
			inv.topics[s] = append(inv.topics[s], Topic{name, fs})
		}
		slices.SortFunc(inv.topics[s], func(a, b Topic) int { return cmp.Compare(a.Name, b.Name) })
	}
}
