package fleet

import (
	"cmp"
	"slices"
	"strings"

	"nixgen/diag"
)

// Load is Parse and Document.Load.
func Load(name string, src []byte, env Env) (*Fleet, []diag.Diagnostic) {
	d, syntax := Parse(name, src)
	f, ds := d.Load(env)
	ds = append(syntax, ds...)
	diag.Sort(ds)
	return f, ds
}

// Layout is [layout] alone, with its defaults: what package layout needs to
// gather the Env that Load wants. Its mistakes are left to Load to report.
func (d *Document) Layout() Layout {
	n := d.root.get("layout")
	if d.broken || n == nil {
		return decodeLayout(nil)
	}
	clearBad(n)
	(&walker{doc: d}).check(n, layoutShape)
	return decodeLayout(n)
}

// Load resolves the document against the repository. The Fleet is never nil,
// and empty after a syntax error; the diagnostics are sorted.
func (d *Document) Load(env Env) (*Fleet, []diag.Diagnostic) {
	if d.broken {
		return &Fleet{File: d.name, doc: d, Layout: decodeLayout(nil), Inputs: decodeInputs(nil), Fields: builtinFields}, nil
	}
	for _, n := range d.root.kids {
		clearBad(n)
	}
	w := &walker{doc: d, env: env}
	w.checkRoot()
	f := w.resolve()
	w.checkAcross(f)
	diag.Sort(w.out)
	return f, w.out
}

func clearBad(n *node) {
	n.bad = false
	for _, k := range n.kids {
		clearBad(k)
	}
}

// checkRoot judges the whole file, [fields] first since they shape hostSpec.
func (w *walker) checkRoot() {
	if n := w.doc.root.get("fields"); n != nil {
		w.check(n, rootShape.key("fields").shape)
	}
	w.declareFields()
	for _, n := range w.doc.root.kids {
		def := rootShape.key(n.name)
		switch {
		case def == nil:
			w.unknownKey(n, rootShape)
		case n.name != "fields":
			w.check(n, def.shape)
		}
	}
	for _, h := range w.doc.root.entries("hosts") {
		w.checkHostPlatform(h, platformOf(h))
	}
}

// resolve builds the Fleet from what is sound.
func (w *walker) resolve() *Fleet {
	root := w.doc.root
	top := root.get("fleet")
	f := &Fleet{
		File: w.doc.name, doc: w.doc, Fields: w.fields,
		Pin: top.text("nixgen"), Flake: top.text("flake"), Description: top.text("description"), CheckSystems: top.list("checkSystems"),
		Inputs: decodeInputs(root.get("inputs")), Layout: decodeLayout(root.get("layout")),
		CI: decodeCI(root.get("ci")), Lint: decodeLint(root.get("lint")), Secrets: decodeSecrets(root.get("secrets")),
	}
	for _, n := range root.entries("keys") {
		f.Keys = append(f.Keys, Key{n.name, n.str})
	}
	for _, n := range root.entries("users") {
		f.Users = append(f.Users, decodeUser(n))
	}
	slices.SortFunc(f.Keys, func(a, b Key) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(f.Users, func(a, b *User) int { return cmp.Compare(a.Name, b.Name) })
	r := &resolver{w: w, f: f, base: w.decodeSettings(top, root), roles: map[string]*settings{}, roleOf: map[string]*Role{}}
	for _, n := range root.entries("roles") {
		r.role(n)
	}
	for _, n := range root.entries("hosts") {
		if h := r.host(n); h != nil {
			f.Hosts = append(f.Hosts, h)
		}
	}
	slices.SortFunc(f.Roles, func(a, b *Role) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(f.Hosts, func(a, b *Host) int { return cmp.Compare(a.Name, b.Name) })
	r.rollout()
	for _, h := range f.Hosts {
		for _, name := range h.Roles {
			r.roleOf[name].Hosts = append(r.roleOf[name].Hosts, h.Name)
		}
	}
	f.CheckSystems = checkSystems(f)
	return f
}

// checkSystems sorts what is said, or takes the systems of the hosts.
func checkSystems(f *Fleet) []string {
	out := f.CheckSystems
	if out == nil {
		for _, h := range f.Hosts {
			out = append(out, h.System)
		}
	}
	out = slices.Clone(out)
	slices.Sort(out)
	return slices.Compact(out)
}

func decodeInputs(n *node) Inputs {
	in := func(name, def string) string { return cmp.Or(n.text(name), def) }
	return Inputs{
		Nixpkgs: in("nixpkgs", "nixpkgs"), NixDarwin: in("nixDarwin", "nix-darwin"), HomeManager: in("homeManager", "home-manager"),
		Disko: in("disko", "disko"), SopsNix: in("sopsNix", "sops-nix"), Colmena: in("colmena", "colmena"),
		DeployRs: in("deployRs", "deploy-rs"), NixosFacterModules: in("nixosFacterModules", "nixos-facter-modules"),
		NixosAnywhere: in("nixosAnywhere", "nixos-anywhere"),
	}
}

func decodeLayout(n *node) Layout {
	globs := func(name, def string) []string {
		if l := n.list(name); l != nil || n.get(name) != nil {
			return l
		}
		return []string{def}
	}
	l := Layout{
		Common: globs("common", "modules/common"), OptIn: globs("optIn", "modules/opt-in"), Modules: globs("modules", "modules/lib"),
		Hosts: globs("hosts", "hosts"), Home: globs("home", "home"), Generated: cmp.Or(n.text("generated"), "generated"),
		Wiring: cmp.Or(n.text("wiring"), "generated"), Ignore: n.list("ignore"), Args: n.get("args").table(),
		PlatformNames: map[string][]string{NixOS: {"nixos"}, Darwin: {"darwin"}},
	}
	for _, k := range n.entries("platformNames") {
		l.PlatformNames[k.name] = n.get("platformNames").list(k.name)
	}
	for _, list := range [][]string{l.Common, l.OptIn, l.Modules, l.Hosts, l.Home, l.Ignore, {l.Generated}} {
		paths(list)
	}
	p, _ := treePath(l.Generated)
	l.Generated = string(p)
	for _, g := range n.entries("groups") {
		l.Groups = append(l.Groups, Group{Name: g.name, Paths: paths(g.list("paths")), Hosts: g.list("hosts")})
	}
	slices.SortFunc(l.Groups, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return l
}

func decodeLint(n *node) Lint {
	l := Lint{Disable: n.list("disable"), Enable: n.list("enable"), Ignore: paths(n.list("ignore")), Options: n.list("options")}
	for _, k := range n.entries("severity") {
		if l.Severity == nil {
			l.Severity = map[string]string{}
		}
		l.Severity[k.name] = k.str
	}
	for _, k := range n.entries("paths") {
		l.Paths = append(l.Paths, LintPath{Glob: k.name, Disable: k.list("disable"), Enable: k.list("enable")})
	}
	return l
}

func decodeSecrets(n *node) *Secrets {
	if !n.is(tableNode) {
		return nil
	}
	return &Secrets{
		Input: cmp.Or(n.text("input"), "nix-secrets"), Shared: cmp.Or(n.text("shared"), "sops/shared.yaml"),
		PerHost: cmp.Or(n.text("perHost"), "sops/{host}.yaml"), URL: n.text("url"), Plain: decodePlain(n.get("plain"), nil),
	}
}

func decodeUser(n *node) *User {
	u := &User{
		Name: n.name, Span: n.key, FullName: n.text("fullName"), Handle: n.text("handle"),
		AgeKey: n.text("ageKey"), OptIn: n.list("optIn"), Modules: refs(n, "modules"), Files: paths(n.list("files")),
	}
	u.sops = n.get("sops")
	a := decodeAccount(n)
	u.account, u.Home, u.Shell, u.UID, u.Admin, u.SSHKeys, u.ExtraGroups = a, a.home, a.shell, a.uid, isOn(a.admin), a.sshKeys, a.extraGroups
	u.HashedPassword, u.InitialHashedPassword, u.HashedPasswordFile = a.hashed, a.initialHashed, a.pwdFile
	if k := n.get("email"); k.is(stringNode) {
		u.Email = map[string]string{"default": k.str}
	}
	for _, k := range n.entries("email") {
		if u.Email == nil {
			u.Email = map[string]string{}
		}
		u.Email[k.name] = k.str
	}
	return u
}
