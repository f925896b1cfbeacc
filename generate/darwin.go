package generate

import (
	"nixgen/fleet"
	"nixgen/syntax"
)

// darwin sets what only nix-darwin has.
func (m *module) darwin() {
	d := m.host.Darwin
	if d == nil {
		return
	}
	m.unless("networking.computerName", syntax.String(d.ComputerName))
	m.unless("networking.localHostName", syntax.String(d.LocalHostName))
	m.unless("security.pam.services.sudo_local.touchIdAuth", syntax.Bool(d.TouchIDSudo))
	if b := d.LinuxBuilder; b != nil {
		m.linuxBuilder(b)
	}
	if d.Homebrew != nil {
		m.homebrew(d.Homebrew)
	}
	m.setAll(m.dir, d.Defaults, "system", "defaults")
}

func (m *module) linuxBuilder(b *fleet.LinuxBuilder) {
	m.option("nix.linux-builder.enable", syntax.Bool(true))
	m.unless("nix.linux-builder.ephemeral", syntax.Bool(b.Ephemeral))
	m.unless("nix.linux-builder.maxJobs", syntax.Int(b.MaxJobs))
	m.unless("nix.linux-builder.systems", texts(b.Systems))
}

func (m *module) homebrew(b *fleet.Homebrew) {
	m.option("homebrew.enable", syntax.Bool(true))
	m.unless("homebrew.taps", m.items(b.Taps))
	m.unless("homebrew.brews", m.items(b.Brews))
	m.unless("homebrew.casks", m.items(b.Casks))
	var apps tree
	for name, id := range b.MasApps {
		apps.set(syntax.Int(id), name)
	}
	m.unless("homebrew.masApps", apps.attrs())
	m.unless("homebrew.onActivation.cleanup", syntax.String(b.Cleanup))
	m.unless("homebrew.onActivation.autoUpdate", syntax.Bool(b.AutoUpdate))
	m.unless("homebrew.onActivation.upgrade", syntax.Bool(b.Upgrade))
}

// items prints names, and tables where there is more to say.
func (m *module) items(list []fleet.HomebrewItem) syntax.List {
	out := make(syntax.List, len(list))
	for i, it := range list {
		if len(it.Options) == 0 {
			out[i] = syntax.String(it.Name)
			continue
		}
		name := syntax.Attr{Path: []string{"name"}, Value: syntax.String(it.Name)}
		out[i] = append(syntax.Attrs{name}, object(m.dir, it.Options)...)
	}
	return out
}
