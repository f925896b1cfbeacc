package fleet

import (
	"cmp"
	"slices"
)

// resolver makes hosts out of the levels that speak about them.
type resolver struct {
	w      *walker
	f      *Fleet
	base   *settings
	roles  map[string]*settings
	roleOf map[string]*Role
}

func (r *resolver) role(n *node) {
	s := r.w.decodeSettings(n, n)
	role := &Role{Name: n.name, Span: n.key, Description: n.text("description"), Kind: s.kind, OptIn: s.optIn, Users: s.users, Tags: s.tags}
	r.roles[n.name], r.roleOf[n.name] = s, role
	r.f.Roles = append(r.f.Roles, role)
}

// host resolves one host; nil when not even its platform is known.
func (r *resolver) host(n *node) *Host {
	if !n.is(tableNode) || platformOf(n) == "" {
		return nil
	}
	h := &Host{
		Name: n.name, Span: n.key, System: n.text("system"), Description: n.text("description"),
		HomeStateVersion: n.text("homeStateVersion"), HostID: n.text("hostId"), HardwareFile: cleaned(n.text("hardware")),
		Facter: cleaned(n.text("facter")), Address: n.text("address"), AgeKey: n.text("ageKey"), Disks: []*Disk{},
	}
	s := r.base
	for _, name := range union(nil, n.list("roles")) {
		if role := r.roles[name]; role != nil {
			h.Roles = append(h.Roles, name)
			s = role.over(s)
		}
	}
	s = r.w.decodeSettings(n, n).over(s)
	h.Kind = s.kind
	h.Platform = PlatformOf(h.System, h.Kind)
	if k := n.get("stateVersion"); k.is(stringNode | intNode) {
		h.StateVersion = k.value()
	}
	if h.Platform == Home {
		h.HomeStateVersion, _ = h.StateVersion.(string)
	}
	r.settings(h, s, n)
	r.users(h, s, n)
	r.spec(h, s, n)
	r.disks(h, n.get("disks"))
	r.sops(h, s)
	return h
}

func cleaned(s string) string {
	if s == "" {
		return ""
	}
	p, _ := treePath(s)
	return string(p)
}

func (r *resolver) settings(h *Host, s *settings, n *node) {
	h.Tags = slices.Clone(s.tags)
	slices.Sort(h.Tags)
	h.OptIn = r.optIn(h, s, n)
	for _, m := range s.modules {
		switch m.Class {
		case Home:
			h.HomeModules = append(h.HomeModules, m)
		case "", h.Platform:
			if h.Platform == Home {
				h.HomeModules = append(h.HomeModules, m)
				continue
			}
			h.Modules = append(h.Modules, m)
		}
	}
	h.Files, h.SpecialArgs, h.Services = s.files, s.specialArgs, r.services(s)
	h.Nixpkgs = s.nixpkgs.resolve(r.f.Inputs)
	h.Nix = s.nix.resolve(r.f, r.w.doc.root.get("hosts"), h.Name)
	h.Updates = r.updatesOf(h, s.updates)
	h.Deploy = Deploy{User: cmp.Or(s.deploy.text("user"), "root"), Port: s.deploy.integer("port"), BuildOnTarget: s.deploy.on("buildOnTarget"),
		Wave: s.deploy.text("wave"), DependsOn: s.deploy.list("dependsOn")}
	switch h.Platform {
	case NixOS:
		h.Binfmt = slices.DeleteFunc(slices.Clone(s.binfmt), func(x string) bool { return x == h.System })
		slices.Sort(h.Binfmt)
	case Darwin:
		h.Darwin = s.darwin(h, n)
	}
}

// services completes the parameters of services with their defaults.
func (r *resolver) services(s *settings) map[string]map[string]Value {
	if s.services == nil {
		return nil
	}
	out := make(map[string]map[string]Value, len(s.services))
	for name, said := range s.services {
		out[name] = said
		if p := r.w.env.Services[name]; p != nil {
			defaults := make(map[string]Value, len(p.Params))
			for _, x := range p.Params {
				defaults[x.Name] = x.Default
			}
			out[name] = mergeShallow(defaults, said)
		}
	}
	return out
}

// optIn are the subscriptions that exist here and that the host did not leave.
func (r *resolver) optIn(h *Host, s *settings, n *node) []string {
	out := n.list("optOut")
	return slices.DeleteFunc(slices.Clone(s.optIn), func(name string) bool {
		return slices.Contains(out, name) || !existsOn(r.w.env.OptIn[name], h.Platform)
	})
}

// existsOn says whether a module with files for these platforms is there on
// one; no platforms: not known, so yes.
func existsOn(platforms []string, platform string) bool {
	return len(platforms) == 0 || slices.Contains(platforms, platform)
}

func (s *nixpkgsSettings) resolve(in Inputs) Nixpkgs {
	if s == nil {
		return Nixpkgs{Input: in.Nixpkgs}
	}
	n := Nixpkgs{
		Input: cmp.Or(s.input, in.Nixpkgs), AllowUnfree: isOn(s.allowUnfree), AllowBroken: isOn(s.allowBroken),
		AllowUnfreePackages: s.allowUnfreePackages, PermittedInsecurePackages: s.permitted, Config: s.config, Overlays: s.overlays,
	}
	for _, name := range sortedKeys(s.channels) {
		n.Channels = append(n.Channels, Channel{name, s.channels[name]})
	}
	return n
}

func isOn(b *bool) bool { return b != nil && *b }

func (s *nixSettings) resolve(f *Fleet, hosts *node, self string) Nix {
	if s == nil {
		return Nix{Enable: true}
	}
	n := Nix{
		Enable: s.enable == nil || *s.enable, Substituters: s.substituters, TrustedPublicKeys: s.keys, TrustedUsers: s.users,
		ExperimentalFeatures: s.features, Settings: s.settings,
	}
	for _, name := range sortedKeys(s.builders) {
		if name != self {
			n.Builders = append(n.Builders, builderOf(s.builders[name], hosts.get(name)))
		}
	}
	return n
}

// builder takes what is not said from the host of the same name.
func builderOf(n, host *node) Builder {
	b := Builder{
		Name: n.name, HostName: n.text("hostName"), Systems: n.list("systems"), SSHUser: n.text("sshUser"), SSHKey: n.text("sshKey"),
		PublicHostKey: n.text("publicHostKey"), Protocol: cmp.Or(n.text("protocol"), "ssh-ng"),
		MaxJobs: max(1, n.integer("maxJobs")), SpeedFactor: max(1, n.integer("speedFactor")),
		SupportedFeatures: n.list("supportedFeatures"), MandatoryFeatures: n.list("mandatoryFeatures"),
	}
	b.HostName = cmp.Or(b.HostName, host.text("address"), n.name)
	if system := host.text("system"); len(b.Systems) == 0 && system != "" {
		b.Systems = []string{system}
	}
	return b
}

func (s *settings) darwin(h *Host, n *node) *DarwinSettings {
	d := &DarwinSettings{
		ComputerName: cmp.Or(n.text("computerName"), h.Name), LocalHostName: cmp.Or(n.text("localHostName"), h.Name),
		TouchIDSudo: isOn(s.touchID), Rosetta: isOn(s.rosetta), Defaults: s.defaults,
	}
	if s.linuxBuilder != nil && !s.linuxBuilderOff {
		l := *s.linuxBuilder
		l.MaxJobs = max(1, l.MaxJobs)
		d.LinuxBuilder = &l
	}
	if s.homebrew != nil {
		b := *s.homebrew
		b.Cleanup = cmp.Or(b.Cleanup, "none")
		b.AutoUpdate, b.Upgrade = isOn(s.brewAutoUpdate), isOn(s.brewUpgrade)
		d.Homebrew = &b
	}
	return d
}

// users resolves the accounts of a host, the primary user first.
func (r *resolver) users(h *Host, s *settings, n *node) {
	names := slices.Clone(s.users)
	if p := n.text("primaryUser"); p != "" && slices.Contains(names, p) {
		names = append([]string{p}, slices.DeleteFunc(names, func(x string) bool { return x == p })...)
		if h.Platform == Home {
			names = names[:1] // one person's home
		}
	}
	for _, name := range names {
		u := r.f.User(name)
		if u == nil {
			continue
		}
		a := u.on(h, n.get("accounts").get(name))
		a.Primary = len(h.Users) == 0
		a.HomeManager = r.home(h, u, s.home[name])
		h.Users = append(h.Users, a)
	}
	if h.Darwin != nil && len(h.Users) > 0 {
		h.Darwin.PrimaryUser = h.Users[0].Name
	}
}

// home is what home-manager gets for a user; nil when it is off on the host.
func (r *resolver) home(h *Host, u *User, s AccountHome) *AccountHome {
	if h.HomeStateVersion == "" {
		return nil
	}
	out := AccountHome{OptIn: u.OptIn, Modules: u.Modules, Files: u.Files}.plus(s)
	out.StateVersion = h.HomeStateVersion
	env := r.w.env.Home[u.Name].OptIn
	out.OptIn = slices.DeleteFunc(slices.Clone(out.OptIn), func(name string) bool {
		platforms, known := env[name]
		return env != nil && !(known && existsOn(platforms, homePlatform(h)))
	})
	return &out
}

// homePlatform is the operating system as home modules' files name it.
func homePlatform(h *Host) string { return PlatformOf(h.System, "") }

// spec fills hostSpec: settable fields, defaults, and what is derived.
func (r *resolver) spec(h *Host, s *settings, n *node) {
	h.Declared = map[string]Value{}
	for _, f := range r.f.Fields {
		if f.Derived {
			continue
		}
		v, said := s.spec[f.Name]
		if !said {
			v = f.Default
		}
		switch {
		case f.BuiltIn:
			h.Spec.set(f.Name, v)
		case !said && f.Required:
			r.w.errorf(h.Span, "`%s` is missing: the field has no default, set it on the host, a role or the fleet", n.path()+".hostSpec."+f.Name)
		default:
			h.Declared[f.Name] = v
		}
	}
	r.derive(h)
}

func (r *resolver) derive(h *Host) {
	s := &h.Spec
	s.HostName, s.System, s.Platform = h.Name, h.System, h.Platform
	s.IsDarwin = homePlatform(h) == Darwin
	s.IsServer, s.IsDesktop, s.IsLaptop = h.Kind == "server", h.Kind == "desktop", h.Kind == "laptop"
	s.StateVersion, s.HomeStateVersion = h.StateVersion, optional(h.HomeStateVersion)
	s.Tags, s.Users = h.Tags, []string{}
	if len(h.Roles) > 0 {
		s.Role = &h.Roles[0]
	}
	for _, a := range h.Users {
		s.Users = append(s.Users, a.Name)
	}
	if len(h.Users) == 0 {
		return
	}
	p := h.Users[0]
	u := r.f.User(p.Name)
	s.PrimaryUser, s.Home, s.UserFullName = &p.Name, &p.Home, optional(p.FullName)
	s.Handle, s.Email = optional(u.Handle), u.Email
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
