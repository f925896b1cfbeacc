package generate

import (
	"path"
	"slices"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/syntax"
)

// host writes the module of one host, and its disks.
func (g *generator) host(h *fleet.Host) {
	g.emit(g.dir("hosts", h.Name, "default.nix"), "", g.module(h))
}

// module is what a host's default.nix says.
func (g *generator) module(h *fleet.Host) syntax.Attrs {
	m := &module{generator: g, host: h, dir: g.dir("hosts", h.Name)}
	switch h.Platform {
	case fleet.NixOS:
		m.system()
		m.nixos()
	case fleet.Darwin:
		m.system()
		m.darwin()
	}
	m.updates()
	m.systemServices()
	m.homes()
	return m.attrs()
}

// spec is every hostSpec field of a host.
func (g *generator) spec(dir string, h *fleet.Host) syntax.Attrs {
	out := make(syntax.Attrs, 0, len(g.fleet.Fields))
	for _, v := range g.fleet.SpecValues(h) {
		out = append(out, shorten(syntax.Attr{Path: []string{v.Field.Name}, Value: value(dir, v.Value)}))
	}
	return out
}

// module is a host's default.nix in the making: an attribute set of options and
// paths.
type module struct {
	*generator
	tree
	host    *fleet.Host
	dir     string
	imports syntax.List
	seen    map[syntax.Path]bool
}

// attrs has the import list first.
func (m *module) attrs() syntax.Attrs {
	return withImports(m.imports, m.tree.attrs())
}

func withImports(imports syntax.List, rest syntax.Attrs) syntax.Attrs {
	if len(imports) == 0 {
		return rest
	}
	return append(syntax.Attrs{{Path: []string{"imports"}, Value: imports}}, rest...)
}

// add imports files of the tree, each once.
func (m *module) add(files ...string) {
	for _, f := range files {
		m.addPath(relative(m.dir, f))
	}
}

func (m *module) addPath(p syntax.Path) {
	if m.seen == nil {
		m.seen = map[syntax.Path]bool{}
	}
	if !m.seen[p] {
		m.seen[p] = true
		m.imports = append(m.imports, p)
	}
}

// system imports the tiers of a NixOS or nix-darwin host, general before
// particular, and sets what both platforms have.
func (m *module) system() {
	h := m.host
	m.addPath(m.lib(m.dir, h.Platform+".nix"))
	if hasHomes(h) {
		m.addPath(m.lib(m.dir, "home-manager.nix"))
	}
	if h.Sops != nil {
		m.addPath(m.lib(m.dir, "sops.nix"))
	}
	if h.Darwin != nil && h.Darwin.Rosetta {
		m.addPath(m.lib(m.dir, "rosetta.nix"))
	}
	for _, tier := range []layout.Tier{layout.Library, layout.Common} {
		for _, t := range m.inv.Topics(tier, "") {
			m.add(t.For(h.Platform)...)
		}
	}
	for _, group := range m.fleet.Layout.Groups {
		if slices.Contains(group.Hosts, h.Name) {
			for _, t := range m.inv.GroupTopics(group.Name) {
				m.add(t.For(h.Platform)...)
			}
		}
	}
	m.subscribe("", h.OptIn)
	m.extraFiles(h.Files)
	m.disks()
	m.hardware()
	m.add(m.inv.HostRole(h.Name, "", layout.Entry)...)
	m.nixpkgs()
	m.nix()
	m.users()
	m.sops(h.Sops)
}

// platform as the files of a tier name it: those of a home mean the operating
// system.
func (m *module) platform(user string) string {
	if user == "" {
		return m.host.Platform
	}
	return fleet.PlatformOf(m.host.System, "")
}

// subscribe imports opt-in modules by name, of the system or of a user's home.
func (m *module) subscribe(user string, names []string) {
	for _, name := range names {
		t, _ := m.inv.Topic(layout.OptIn, user, name)
		files := t.For(m.platform(user))
		if len(files) == 0 {
			m.complain(m.host, diag.Error, "host `"+m.host.Name+"` subscribes to `"+name+"`, which has no module for "+m.platform(user))
			continue
		}
		m.add(files...)
	}
}

// extraFiles imports files that hosts.toml names; they must be there.
func (m *module) extraFiles(files []string) {
	for _, f := range files {
		if !m.inv.Has(f) {
			m.complain(m.host, diag.Error, "host `"+m.host.Name+"` imports `"+f+"`, which does not exist or is unknown to git")
			continue
		}
		m.add(f)
	}
}

// hardware picks up what describes the machine.
func (m *module) hardware() {
	h := m.host
	if h.Platform != fleet.NixOS {
		return
	}
	files := m.inv.HostRole(h.Name, "", layout.Hardware)
	if h.HardwareFile != "" {
		files = []string{h.HardwareFile}
	}
	m.extraFiles(files)
	if report := m.facter(h); report != "" {
		option := "hardware.facter.reportPath"
		if m.externalFacter(h) {
			option = "facter.reportPath"
		}
		m.option(option, relative(m.dir, report))
	} else if report := m.pendingFacter(h); report != "" {
		var t tree
		t.option("external", syntax.Bool(m.externalFacter(h)))
		t.option("report", relative(m.dir, report))
		m.emit(m.dir+"/facter.nix", "import "+string(m.lib(m.dir, "facter.nix"))+" ", t.attrs())
		m.addPath("./facter.nix")
	}
}

// pendingFacter is where the report of a host will be that nothing describes yet
// but the disks it is to be installed on, or empty.
func (g *generator) pendingFacter(h *fleet.Host) string {
	fresh := slices.ContainsFunc(h.Disks, func(d *fleet.Disk) bool { return d.Profile != "" && !d.Adopt })
	described := h.HardwareFile != "" || g.facter(h) != "" || len(g.inv.HostRole(h.Name, "", layout.Hardware)) > 0
	if h.Platform != fleet.NixOS || !fresh || described {
		return ""
	}
	for _, entry := range g.inv.HostRole(h.Name, "", layout.Entry) {
		if path.Base(entry) == "default.nix" {
			return path.Join(path.Dir(entry), "facter.json")
		}
	}
	return ""
}

// facter is the host's report of nixos-facter, or empty.
func (g *generator) facter(h *fleet.Host) string {
	if h.Facter != "" || h.Platform != fleet.NixOS {
		return h.Facter
	}
	if found := g.inv.HostRole(h.Name, "", layout.Facter); len(found) > 0 {
		return found[0]
	}
	return ""
}

// externalFacter says whether the report is read by the flake input
// nixos-facter-modules rather than by NixOS itself.
func (g *generator) externalFacter(h *fleet.Host) bool {
	return (g.facter(h) != "" || g.pendingFacter(h) != "") && slices.Contains(g.opt.Env.Inputs, g.fleet.Inputs.NixosFacterModules)
}
