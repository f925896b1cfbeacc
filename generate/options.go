package generate

import (
	"maps"
	"slices"
	"strings"

	"nixgen/fleet"
	"nixgen/syntax"
)

// nixpkgs sets what hosts.toml says about packages, as options.
func (t *module) nixpkgs() { nixpkgsOptions(&t.tree, t.dir, t.host.Nixpkgs) }

func nixpkgsOptions(t *tree, dir string, n fleet.Nixpkgs) {
	t.unless("nixpkgs.config.allowUnfree", syntax.Bool(n.AllowUnfree))
	t.unless("nixpkgs.config.allowBroken", syntax.Bool(n.AllowBroken))
	t.unless("nixpkgs.config.permittedInsecurePackages", texts(n.PermittedInsecurePackages))
	t.setAll(dir, n.Config, "nixpkgs", "config")
	t.unless("nixgen.nixpkgs.allowUnfreePackages", texts(n.AllowUnfreePackages))
	var overlays syntax.List
	for _, o := range n.Overlays {
		if o.Ref != nil {
			overlays = append(overlays, syntax.String(dotted(*o.Ref)))
		} else {
			overlays = append(overlays, relative(dir, o.File))
		}
	}
	t.unless("nixgen.nixpkgs.overlays", overlays)
	for _, c := range n.Channels {
		t.set(syntax.String(c.Input), "nixgen", "nixpkgs", "channels", c.Name)
	}
}

// nix sets how the host uses Nix.
func (m *module) nix() {
	n := m.host.Nix
	if m.host.Platform == fleet.Darwin && !n.Enable {
		m.option("nix.enable", syntax.Bool(false))
		m.unmanagedNix()
		return
	}
	for name, v := range m.nixSettings() {
		m.set(v, "nix", "settings", name)
	}
	if len(n.Builders) > 0 {
		m.option("nix.distributedBuilds", syntax.Bool(true))
		m.option("nix.buildMachines", buildMachines(n.Builders))
	}
}

// nixSettings are the lines of nix.conf by name.
func (m *module) nixSettings() map[string]syntax.Value {
	n := m.host.Nix
	out := map[string]syntax.Value{}
	for k, v := range n.Settings {
		out[k] = value(m.dir, v)
	}
	add := func(name string, words []string) {
		if len(words) > 0 {
			out[name] = texts(words)
		}
	}
	if d := m.host.Darwin; d != nil && d.Rosetta {
		add("extra-platforms", []string{"aarch64-darwin", "x86_64-darwin"})
	}
	add("substituters", n.Substituters)
	add("trusted-public-keys", n.TrustedPublicKeys)
	add("trusted-users", m.trustedUsers())
	add("experimental-features", n.ExperimentalFeatures)
	return out
}

// trustedUsers are those that hosts.toml says; on a Mac its administrators where
// it says none. The platforms add root themselves.
func (m *module) trustedUsers() []string {
	if len(m.host.Nix.TrustedUsers) > 0 || m.host.Platform != fleet.Darwin {
		return m.host.Nix.TrustedUsers
	}
	var out []string
	for _, a := range m.host.Users {
		if a.Admin && a.Name != "root" {
			out = append(out, a.Name)
		}
	}
	return out
}

// unmanagedNix puts the settings into the file that Determinate Nix includes,
// which owns nix.conf itself. Lists are added to what it has.
func (m *module) unmanagedNix() {
	var b strings.Builder
	settings := m.nixSettings()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		line, isList := nixConf(settings[name])
		if isList && !strings.HasPrefix(name, "extra-") {
			b.WriteString("extra-")
		}
		b.WriteString(name + " = " + line + "\n")
	}
	if b.Len() > 0 {
		m.set(syntax.Lines(b.String()), "environment", "etc", "nix/nix.custom.conf", "text")
	}
}

// nixConf writes a value as nix.conf does.
func nixConf(v syntax.Value) (line string, isList bool) {
	switch v := v.(type) {
	case syntax.List:
		words := make([]string, len(v))
		for i, x := range v {
			words[i], _ = nixConf(x)
		}
		return strings.Join(words, " "), true
	case syntax.String:
		return string(v), false
	}
	out, _ := syntax.Format(v) // true, false, a number
	return strings.TrimSpace(string(out)), false
}

func buildMachines(bs []fleet.Builder) syntax.List {
	out := make(syntax.List, len(bs))
	for i, b := range bs {
		var t tree
		t.option("hostName", syntax.String(b.HostName))
		t.option("systems", texts(b.Systems))
		t.unless("protocol", syntax.String(b.Protocol))
		t.unless("sshUser", syntax.String(b.SSHUser))
		t.unless("sshKey", syntax.String(b.SSHKey))
		t.unless("publicHostKey", syntax.String(b.PublicHostKey))
		t.unless("maxJobs", syntax.Int(b.MaxJobs))
		t.unless("speedFactor", syntax.Int(b.SpeedFactor))
		t.unless("supportedFeatures", texts(b.SupportedFeatures))
		t.unless("mandatoryFeatures", texts(b.MandatoryFeatures))
		out[i] = t.attrs()
	}
	return out
}

// nixos sets what only NixOS has.
func (m *module) nixos() {
	h := m.host
	m.unless("networking.hostId", syntax.String(h.HostID))
	m.unless("boot.binfmt.emulatedSystems", texts(h.Binfmt))
}
