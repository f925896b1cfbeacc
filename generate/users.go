package generate

import (
	"slices"

	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/syntax"
)

// users declares the people of a host, with what the platform has.
func (m *module) users() {
	for _, a := range m.host.Users {
		var u tree
		if a.Name != "root" { // whose entry the platforms write
			u.unless("description", syntax.String(a.FullName))
			u.option("home", syntax.String(a.Home))
		}
		if a.UID != nil {
			u.option("uid", syntax.Int(*a.UID))
		}
		u.unless("openssh.authorizedKeys.keys", texts(a.SSHKeys))
		if m.host.Platform == fleet.NixOS {
			nixosUser(&u, a)
		}
		m.set(u.attrs(), "users", "users", a.Name)
		if a.Shell != "" {
			m.set(syntax.String(a.Shell), "nixgen", "loginShells", a.Name)
		}
	}
}

func nixosUser(u *tree, a *fleet.Account) {
	if a.Name != "root" {
		u.option("isNormalUser", syntax.Bool(true))
	}
	groups := a.ExtraGroups
	if a.Admin && !slices.Contains(groups, "wheel") {
		groups = append([]string{"wheel"}, groups...)
	}
	u.unless("extraGroups", texts(groups))
	u.unless("hashedPassword", syntax.String(a.HashedPassword))
	u.unless("initialHashedPassword", syntax.String(a.InitialHashedPassword))
	u.unless("hashedPasswordFile", syntax.String(a.HashedPasswordFile))
}

// homes gives every user with a home what home-manager is to read; root only
// where there is something for him. A host
// without a system of ours has the same form: the wiring takes it from there.
func (m *module) homes() {
	for _, a := range m.host.Users {
		if a.HomeManager == nil {
			continue
		}
		if u := m.home(a); a.Name != "root" || len(u.imports)+len(a.HomeManager.Modules) > 0 {
			m.set(u.attrs(), "home-manager", "users", a.Name)
		}
	}
}

// hasHomes says whether home-manager manages anybody on a host.
func hasHomes(h *fleet.Host) bool {
	return slices.ContainsFunc(h.Users, func(a *fleet.Account) bool { return a.HomeManager != nil })
}

// home is the home-manager module of one user.
func (m *module) home(a *fleet.Account) *module {
	u := &module{generator: m.generator, host: m.host, dir: m.dir}
	if m.host.Platform == fleet.Home {
		u.addPath(m.lib(m.dir, "home.nix"))
		u.option("home.username", syntax.String(a.Name))
		u.option("home.homeDirectory", syntax.String(a.Home))
		u.nixpkgs()
	}
	if a.HomeManager.Sops != nil {
		u.addPath(m.lib(m.dir, "sops.nix"))
	}
	for _, t := range m.inv.Topics(layout.Common, a.Name) {
		u.add(t.For(u.platform(a.Name))...)
	}
	u.subscribe(a.Name, a.HomeManager.OptIn)
	u.extraFiles(a.HomeManager.Files)
	u.add(m.inv.HostRole(m.host.Name, a.Name, layout.Entry)...)
	u.homeServices(a)
	u.sops(a.HomeManager.Sops)
	u.option("home.stateVersion", syntax.String(a.HomeManager.StateVersion))
	return u
}
