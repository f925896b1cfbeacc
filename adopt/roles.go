package adopt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"nixgen/fleet"
	"nixgen/layout"
)

// subscriptions are the opt-in modules that a host, and no other module, names.
func (d *draft) subscriptions(m *machine) {
	platform := m.Platform
	if platform == fleet.Home {
		platform = fleet.PlatformOf(m.system, "")
	}
	for _, t := range d.inventory.Topics(layout.OptIn, "") {
		if m.Platform != fleet.Home && d.subscribes(m, t.For(m.Platform), "") {
			m.optIn = append(m.optIn, t.Name)
		}
	}
	if m.homeRelease == "" && m.Platform != fleet.Home {
		return // a home that says no release cannot be subscribed for
	}
	for _, u := range m.users {
		for _, t := range d.inventory.Topics(layout.OptIn, u) {
			if d.subscribes(m, t.For(platform), u) {
				m.homeOptIn[u] = append(m.homeOptIn[u], t.Name)
			}
		}
	}
}

// subscribes: one of the entries is imported by a file of the host's own, or by
// the flake itself.
func (d *draft) subscribes(m *machine, entries []string, user string) bool {
	return slices.ContainsFunc(m.Links, func(l Link) bool {
		if l.User != user || !slices.Contains(entries, l.To) {
			return false
		}
		from, ok := d.inventory.File(l.From)
		return !ok || from.Tier == layout.Host && from.Host == m.Name || from.Tier <= layout.Ignored && d.readBy(l.From, m)
	})
}

// readBy: no other host reads the file as a module.
func (d *draft) readBy(file string, m *machine) bool {
	for _, o := range d.machines {
		if o != m && slices.ContainsFunc(o.Reads, func(r Read) bool { return r.File == file }) {
			return false
		}
	}
	return true
}

// role is a bundle of subscriptions that several hosts share.
type role struct {
	name  string
	optIn []string
	hosts []string
	// named is false when nothing suggested a name.
	named bool
}

// shareRoles makes roles of what hosts share, as long as a role saves lines.
func (d *draft) shareRoles() {
	for len(d.roles) < 8 {
		top := d.bestRole()
		if top == nil {
			break
		}
		d.nameRole(top)
		d.roles = append(d.roles, top)
		for _, m := range d.machines {
			if slices.Contains(top.hosts, m.Name) {
				m.roles = append(m.roles, top.name)
				m.optIn = slices.DeleteFunc(m.optIn, func(s string) bool { return slices.Contains(top.optIn, s) })
			}
		}
	}
	slices.SortFunc(d.roles, func(a, b *role) int { return cmp.Compare(a.name, b.name) })
}

// bestRole is what two hosts share that saves the most lines over all hosts.
func (d *draft) bestRole() *role {
	var top *role
	most := 2
	for i, a := range d.machines {
		for _, b := range d.machines[i+1:] {
			r := &role{}
			for _, s := range a.optIn {
				if slices.Contains(b.optIn, s) {
					r.optIn = append(r.optIn, s)
				}
			}
			if len(r.optIn) < 2 {
				continue
			}
			for _, m := range d.machines {
				if containsAll(m.optIn, r.optIn) {
					r.hosts = append(r.hosts, m.Name)
				}
			}
			if saved := (len(r.hosts) - 1) * len(r.optIn); saved > most {
				top, most = r, saved
			}
		}
	}
	return top
}

func containsAll(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// roleNames are words in the names of modules that suggest a role, the
// strongest first.
var roleNames = []struct {
	name  string
	words []string
}{
	{"desktop", []string{"desktop", "hyprland", "gnome", "plasma", "kde", "sway", "niri", "xfce", "greetd", "pipewire", "audio", "plymouth", "quietboot"}},
	{"laptop", []string{"laptop", "tlp", "battery", "wireless", "bluetooth", "lid"}},
	{"server", []string{"server", "nginx", "acme", "caddy", "docker", "podman", "fail2ban", "postgres"}},
	{"gaming", []string{"gaming", "steam", "gamemode"}},
	{"work", []string{"work", "office", "slack", "zoom"}},
	{"developer", []string{"dev", "development", "developer", "vscode", "llm"}},
}

// nameRole suggests a name; most words win.
func (d *draft) nameRole(r *role) {
	best := 0
	for _, c := range roleNames {
		n := 0
		for _, s := range r.optIn {
			if slices.ContainsFunc(c.words, func(w string) bool { return hasWord(s, w) }) {
				n++
			}
		}
		if n > best && !d.hasRole(c.name) {
			r.name, best, r.named = c.name, n, true
		}
	}
	for i := 1; r.name == ""; i++ {
		if s := fmt.Sprintf("shared-%d", i); !d.hasRole(s) {
			r.name = s
		}
	}
}

func hasWord(s, word string) bool {
	return slices.Contains(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return strings.ContainsRune("/-_. ", r) }), word)
}

func (d *draft) hasRole(name string) bool {
	return slices.ContainsFunc(d.roles, func(r *role) bool { return r.name == name })
}

// homesEverywhere gives each user the home modules that he has on every host
// where he has a home, and takes them off those hosts.
func (d *draft) homesEverywhere() {
	for _, p := range d.users {
		var all []string
		n := 0
		for _, m := range d.machines {
			if !slices.Contains(m.users, p.name) || m.homeRelease == "" && m.Platform != fleet.Home {
				continue
			}
			if n++; n == 1 {
				all = slices.Clone(m.homeOptIn[p.name])
				continue
			}
			all = slices.DeleteFunc(all, func(s string) bool { return !slices.Contains(m.homeOptIn[p.name], s) })
		}
		if n < 2 {
			continue
		}
		p.optIn = all
		for _, m := range d.machines {
			m.homeOptIn[p.name] = slices.DeleteFunc(m.homeOptIn[p.name], func(s string) bool { return slices.Contains(all, s) })
		}
	}
}
