package adopt

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"nixgen/fleet"
	"nixgen/outline"
)

// What a host gets where nothing of the fleet tells its release.
const (
	someRelease       = "25.11"
	someDarwinRelease = int64(6)
)

// host gathers the facts of one machine.
func (d *draft) host(h *Host) {
	if !fleet.ValidHostName(h.Name) {
		d.note(h.File, h.At, fmt.Sprintf("left out: `%s` of `%s` cannot be the name of a host (letters, digits and inner hyphens)", h.Output, outputOf(h.Platform)))
		return
	}
	if h.System != "" && !slices.Contains(fleet.Systems, h.System) {
		d.note(h.File, h.At, fmt.Sprintf("left out: `%s` of `%s` is for `%s`, which hosts.toml does not know", h.Output, outputOf(h.Platform), h.System))
		return
	}
	if h.Platform != fleet.Home && h.System != "" && fleet.PlatformOf(h.System, "") != h.Platform {
		d.note(h.File, h.At, fmt.Sprintf("left out: `%s` of `%s` is for `%s`, a system of another platform", h.Output, outputOf(h.Platform), h.System))
		return
	}
	if slices.ContainsFunc(d.machines, func(m *machine) bool { return strings.EqualFold(m.Name, h.Name) }) {
		d.note(h.File, h.At, fmt.Sprintf("left out: `%s` of `%s` has the name of another host", h.Output, outputOf(h.Platform)))
		return
	}
	m := &machine{Host: h, system: h.System, homeOptIn: map[string][]string{}}
	m.findUsers()
	m.findDisks()
	d.machines = append(d.machines, m)
}

func outputOf(platform string) string {
	switch platform {
	case fleet.Darwin:
		return "darwinConfigurations"
	case fleet.Home:
		return "homeConfigurations"
	}
	return "nixosConfigurations"
}

// best is the value of the strongest definitions that surely hold, or else of
// those that may; false when they differ or are not known.
func best[T comparable](ds []Definition, read func(outline.Value) (T, bool)) (out T, ok bool) {
	for _, truth := range []outline.Truth{outline.True, outline.Maybe} {
		prio, n := 1<<30, 0
		for _, f := range ds {
			v, known := read(f.Value)
			if f.Truth != truth || !known || f.Priority > prio {
				continue
			}
			if f.Priority == prio && v != out {
				return out, false
			}
			out, prio = v, f.Priority
			n++
		}
		if n > 0 {
			return out, true
		}
	}
	return out, false
}

func readText(v outline.Value) (string, bool) { return outline.AsString(v) }

func readInt(v outline.Value) (int64, bool) {
	n, ok := v.(outline.Integer)
	return int64(n), ok
}

var release = regexp.MustCompile(`^[0-9]{2}\.[0-9]{2}$`)

// releases finds what each host says of its releases; those that say none get
// the one that most hosts of the platform have, to be checked.
func (d *draft) releases() {
	for _, m := range d.machines {
		m.findRelease()
		m.findHomeRelease()
	}
	for _, m := range d.machines {
		if m.system == "" {
			m.system = d.likelySystem(m)
			m.check("system", "nothing in the flake tells the system")
		}
		if m.release == nil {
			m.release = d.likelyRelease(m.Platform)
			m.check("stateVersion", "no `"+m.releaseOption()+"` was found")
		}
	}
}

func (m *machine) releaseOption() string {
	if m.Platform == fleet.Home {
		return "home.stateVersion"
	}
	return "system.stateVersion"
}

func (m *machine) findRelease() {
	switch m.Platform {
	case fleet.Darwin:
		if n, ok := best(m.Defined("", "system", "stateVersion"), readInt); ok && 1 <= n && n <= 7 {
			m.release = n
		}
	case fleet.NixOS:
		if s, ok := best(m.Defined("", "system", "stateVersion"), readText); ok && release.MatchString(s) {
			m.release = s
		}
	default:
		for _, u := range m.Homes {
			if s, ok := best(m.Defined(u, "home", "stateVersion"), readText); ok && release.MatchString(s) {
				m.release = s
			}
		}
	}
}

// findHomeRelease is that of the homes; where they differ, of the first user's.
func (m *machine) findHomeRelease() {
	if m.Platform == fleet.Home {
		return
	}
	for _, u := range append(slices.Clone(m.users), m.Homes...) {
		s, ok := best(m.Defined(u, "home", "stateVersion"), readText)
		switch {
		case !ok || !release.MatchString(s):
		case m.homeRelease == "":
			m.homeRelease = s
		case m.homeRelease != s && u != "root":
			m.check("homeStateVersion", "that of `"+u+"` is "+s)
		}
	}
}

// likely is the most frequent of what other hosts have, the smallest of equals.
func likely[T cmp.Ordered](all []T, none T) T {
	count := map[T]int{}
	for _, v := range all {
		count[v]++
	}
	out := none
	for v, n := range count {
		if n > count[out] || n == count[out] && v < out {
			out = v
		}
	}
	return out
}

// likelySystem is that of most hosts like it. A home that reads a file for
// macOS is on a Mac.
func (d *draft) likelySystem(m *machine) string {
	mac := m.Platform == fleet.Darwin || m.Platform == fleet.Home && slices.ContainsFunc(m.Reads, func(r Read) bool { return hasWord(r.File, fleet.Darwin) })
	var all []string
	for _, o := range d.machines {
		if o.System != "" && strings.HasSuffix(o.System, "-darwin") == mac {
			all = append(all, o.System)
		}
	}
	if mac {
		return likely(all, "aarch64-darwin")
	}
	return likely(all, "x86_64-linux")
}

func (d *draft) likelyRelease(platform string) any {
	var text []string
	var numbers []int64
	for _, m := range d.machines {
		switch v := m.release.(type) {
		case string:
			text = append(text, v)
		case int64:
			numbers = append(numbers, v)
		}
	}
	if platform == fleet.Darwin {
		return likely(numbers, someDarwinRelease)
	}
	return likely(text, someRelease)
}

// disk is a file that tells disko what to do.
type disk struct {
	name, file string
	devices    []string
}

var diskName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,15}$`)

// findDisks finds the files that describe disks to disko.
func (m *machine) findDisks() {
	if m.Platform != fleet.NixOS {
		return
	}
	for _, f := range m.Defined("", "disko", "devices", "disk", "*") {
		i := slices.IndexFunc(m.disks, func(d disk) bool { return d.file == f.File })
		if i < 0 && f.Truth != outline.False {
			m.disks = append(m.disks, disk{name: m.diskName(f.Path[3]), file: f.File})
		}
	}
	for _, f := range m.Defined("", "disko", "devices", "disk", "*", "device") {
		if dev, ok := outline.AsString(f.Value); ok {
			for i := range m.disks {
				if d := &m.disks[i]; d.file == f.File && !slices.Contains(d.devices, dev) {
					d.devices = append(d.devices, dev)
				}
			}
		}
	}
	slices.SortFunc(m.disks, func(a, b disk) int { return cmp.Compare(a.name, b.name) })
}

// diskName is a free name: that which disko has, where hosts.toml can hold it.
func (m *machine) diskName(name string) string {
	taken := func(s string) bool { return slices.ContainsFunc(m.disks, func(d disk) bool { return d.name == s }) }
	if diskName.MatchString(name) && !taken(name) {
		return name
	}
	for _, s := range []string{"main", "data"} {
		if !taken(s) {
			return s
		}
	}
	for i := 1; ; i++ {
		if s := fmt.Sprintf("data%d", i); !taken(s) {
			return s
		}
	}
}

// folder of a file, "." for the root.
func folder(file string) string { return path.Dir(file) }
