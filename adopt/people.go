package adopt

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"nixgen/fleet"
	"nixgen/outline"
)

// person is a user of the new hosts.toml.
type person struct {
	name, fullName, shell string
	admin                 bool
	optIn                 []string
}

var userName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,30}$`)

// isPerson leaves out root, and the accounts of macOS that begin with `_`.
func isPerson(name string) bool {
	return name != "root" && !strings.HasPrefix(name, "_") && userName.MatchString(name)
}

// findUsers finds the people with an account or a home on the machine, those who
// administrate it first.
func (m *machine) findUsers() {
	add := func(names ...string) {
		for _, n := range names {
			if isPerson(n) && !slices.Contains(m.users, n) {
				m.users = append(m.users, n)
			}
		}
	}
	switch m.Platform {
	case fleet.Home:
		m.findOwner(add)
		return
	case fleet.Darwin:
		if s, ok := best(m.Defined("", "system", "primaryUser"), readText); ok {
			add(s)
		}
		for _, f := range m.Defined("", "users", "users", "*", "home") {
			if f.Truth == outline.True {
				add(f.Path[2])
			}
		}
	}
	for _, f := range m.Defined("", "users", "users", "*", "isNormalUser") {
		switch outline.TruthOf(f.Value).And(f.Truth) {
		case outline.True:
			add(f.Path[2])
		case outline.Maybe:
			if isPerson(f.Path[2]) {
				m.doubts = append(m.doubts, Gap{f.File, f.At, "whether `" + f.Path[2] + "` has an account is not known"})
			}
		}
	}
	add(m.Homes...)
	m.doubts = slices.DeleteFunc(m.doubts, func(g Gap) bool {
		return slices.ContainsFunc(m.users, func(u string) bool { return strings.Contains(g.Why, "`"+u+"`") })
	})
	rank := func(u string) int {
		switch {
		case m.isAdmin(u):
			return 0
		case slices.Contains(m.Homes, u):
			return 1
		}
		return 2
	}
	slices.SortStableFunc(m.users, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
}

// findOwner finds whose home a machine of home-manager alone is: what the home
// says itself, or the name before the `@`.
func (m *machine) findOwner(add func(...string)) {
	for _, u := range m.Homes {
		if s, ok := best(m.Defined(u, "home", "username"), readText); ok && len(m.users) == 0 {
			add(s)
		}
	}
	if len(m.users) > 0 {
		return
	}
	if user, _, ok := strings.Cut(m.Output, "@"); ok {
		add(user)
	} else {
		add(m.Output)
	}
}

// owners gives a home whose user is not known to the fleet's only person.
func (d *draft) owners() {
	var all []string
	for _, m := range d.machines {
		for _, u := range m.users {
			if !slices.Contains(all, u) {
				all = append(all, u)
			}
		}
	}
	for _, m := range d.machines {
		if m.Platform == fleet.Home && len(m.users) == 0 {
			why := "the user's name is not known"
			if len(all) == 1 {
				why += "; this is the only one of the fleet"
			} else {
				all = []string{"me"}
			}
			m.users = all[:1:1]
			m.check("users", why)
		}
	}
}

func (m *machine) isAdmin(user string) bool {
	for _, f := range m.Defined("", "users", "users", user, "extraGroups") {
		if f.Truth == outline.True && slices.Contains(f.Strings, "wheel") {
			return true
		}
	}
	return false
}

// people gathers the users of all hosts; what a user is differs between hosts
// now and then, and is then left out.
func (d *draft) people() {
	for _, m := range d.machines {
		for _, u := range m.users {
			i := slices.IndexFunc(d.users, func(p *person) bool { return p.name == u })
			if i < 0 {
				d.users = append(d.users, &person{name: u})
			}
		}
	}
	slices.SortFunc(d.users, func(a, b *person) int { return cmp.Compare(a.name, b.name) })
	for _, p := range d.users {
		p.fullName = d.agreed(p.name, "description", readLine)
		p.shell = d.agreed(p.name, "shell", readShell)
		p.admin = d.adminEverywhere(p.name)
	}
}

func readLine(v outline.Value) (string, bool) {
	s, ok := outline.AsString(v)
	return s, ok && !strings.ContainsAny(s, "\n\r\t\x00:")
}

var shellName = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// readShell reads `pkgs.zsh`.
func readShell(v outline.Value) (string, bool) {
	e, ok := v.(outline.External)
	s := strings.TrimPrefix(e.Path, "pkgs.")
	return s, ok && s != e.Path && shellName.MatchString(s)
}

// agreed is what all hosts that know say of a user, or "".
func (d *draft) agreed(user, attr string, read func(outline.Value) (string, bool)) string {
	out := ""
	for _, m := range d.machines {
		if !slices.Contains(m.users, user) || m.Platform == fleet.Home {
			continue
		}
		s, ok := best(m.Defined("", "users", "users", user, attr), read)
		if !ok {
			continue
		}
		if out != "" && out != s {
			return ""
		}
		out = s
	}
	return out
}

// adminEverywhere: on every NixOS host that has the user, one at least.
func (d *draft) adminEverywhere(user string) bool {
	n := 0
	for _, m := range d.machines {
		if m.Platform == fleet.NixOS && slices.Contains(m.users, user) {
			if !m.isAdmin(user) {
				return false
			}
			n++
		}
	}
	return n > 0
}
