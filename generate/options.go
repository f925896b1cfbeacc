package generate

import (
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
	for _, a := range object(dir, n.Config) {
		t.set(a.Value, "nixpkgs", "config", a.Path[0])
	}
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
	for _, a := range m.nixSettings() {
		m.set(a.Value, "nix", "settings", a.Path[0])
	}
	if len(n.Builders) > 0 {
		m.option("nix.distributedBuilds", syntax.Bool(true))
		m.option("nix.buildMachines", buildMachines(n.Builders))
	}
}

// nixSettings are the lines of nix.conf.
func (m *module) nixSettings() syntax.Attrs {
	n := m.host.Nix
	var t tree
	for _, a := range object(m.dir, n.Settings) {
		t.set(a.Value, a.Path[0])
	}
	if d := m.host.Darwin; d != nil && d.Rosetta {
		t.option("extra-platforms", texts([]string{"aarch64-darwin", "x86_64-darwin"}))
	}
	t.unless("substituters", texts(n.Substituters))
	t.unless("trusted-public-keys", texts(n.TrustedPublicKeys))
	t.unless("trusted-users", texts(n.TrustedUsers))
	t.unless("experimental-features", texts(n.ExperimentalFeatures))
	return t.attrs()
}

// unmanagedNix puts the settings into the file that Determinate Nix includes,
// which owns nix.conf itself. Lists are added to what it has.
func (m *module) unmanagedNix() {
	var b strings.Builder
	for _, a := range m.nixSettings() {
		line, isList := nixConf(a.Value)
		if isList {
			b.WriteString("extra-")
		}
		b.WriteString(a.Path[0] + " = " + line + "\n")
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
