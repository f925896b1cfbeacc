package generate

import (
	"maps"
	"slices"
	"strings"

	"nixgen/fleet"
	"nixgen/syntax"
)

// facts writes what hostSpec is: the module that declares it, each host's values,
// and the option that shows them.
func (g *generator) facts() {
	dir := g.dir()
	g.emit(g.dir("host-spec.nix"), "import "+string(g.lib(dir, "host-spec.nix"))+" ", fieldTable(dir, g.fleet.Fields))
	g.lib(dir, "mirror.nix")
	for _, h := range g.fleet.Hosts {
		g.emit(g.dir("hosts", h.Name, "spec.nix"), "", g.spec(g.dir("hosts", h.Name), h))
	}
}

// factTable writes generated/default.nix of a fleet that is wired by hand: the
// facts by host.
func (g *generator) factTable() {
	dir := g.dir()
	hosts := make(syntax.Attrs, 0, len(g.fleet.Hosts))
	for _, h := range g.fleet.Hosts {
		hosts = append(hosts, syntax.Attr{Path: []string{h.Name}, Value: relative(dir, g.dir("hosts", h.Name))})
	}
	g.emit(g.dir("default.nix"), "import "+string(g.lib(dir, "facts.nix"))+" ", hosts)
}

// root writes generated/default.nix, the table of hosts applied to the wiring.
func (g *generator) root() {
	dir := g.dir()
	var names, t tree
	in := g.fleet.Inputs
	names.option("colmena", syntax.String(in.Colmena))
	names.option("deployRs", syntax.String(in.DeployRs))
	names.option("homeManager", syntax.String(in.HomeManager))
	names.option("nixDarwin", syntax.String(in.NixDarwin))
	names.option("nixosAnywhere", syntax.String(in.NixosAnywhere))
	names.option("nixpkgs", syntax.String(in.Nixpkgs))
	t.option("checkSystems", texts(g.fleet.CheckSystems))
	t.option("names", names.attrs())
	if rows := g.matrix(); g.fleet.CI != nil {
		t.option("matrix", rows)
	}
	t.option("table", syntax.String(g.dir("default.nix")))
	t.unless("waves", waves(g.fleet))
	hosts := make(syntax.Attrs, 0, len(g.fleet.Hosts))
	for _, h := range g.fleet.Hosts {
		hosts = append(hosts, syntax.Attr{Path: []string{h.Name}, Value: g.row(dir, h)})
	}
	t.option("hosts", hosts)
	t.unless("secrets", g.secretsData(dir))
	g.emit(g.dir("default.nix"), "import "+string(g.lib(dir, "fleet.nix"))+" ", t.attrs())
}

// row is a host in the table: what must be known before its modules are read.
func (g *generator) row(dir string, h *fleet.Host) syntax.Attrs {
	var t tree
	t.option("kind", syntax.String(h.Platform))
	t.option("system", syntax.String(h.System))
	t.option("path", relative(dir, g.dir("hosts", h.Name)))
	t.option("nixpkgs", syntax.String(h.Nixpkgs.Input))
	t.unless("modules", references(g.inputModules(h)))
	t.unless("homeModules", references(h.HomeModules))
	t.unless("specialArgs", object(dir, h.SpecialArgs))
	_, sops := g.sopsModules(h)
	for _, a := range h.Users {
		if a.HomeManager == nil {
			continue
		}
		refs := a.HomeManager.Modules
		if ref, ok := sops[a.Name]; ok {
			refs = append(slices.Clip(refs), ref)
		}
		if len(refs) > 0 {
			t.set(references(refs), "userModules", a.Name)
		}
	}
	t.unless("homes", syntax.Bool(hasHomes(h)))
	if h.Platform != fleet.Home {
		t.unless("deploy", deployment(h))
	}
	t.unless("install", syntax.Bool(slices.ContainsFunc(h.Disks, func(d *fleet.Disk) bool { return !d.Adopt })))
	if h.Darwin != nil && h.Darwin.LocalHostName != h.Name {
		t.unless("localName", syntax.String(h.Darwin.LocalHostName))
	}
	return t.attrs()
}

// waves are the hosts that are deployed together, by the wave's name: those that
// deployment tools reach.
func waves(f *fleet.Fleet) syntax.Attrs {
	var t tree
	members := map[string][]string{}
	for _, h := range f.Hosts {
		if h.Deploy.Wave != "" && h.Platform != fleet.Home {
			members[h.Deploy.Wave] = append(members[h.Deploy.Wave], h.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		t.set(texts(members[name]), name)
	}
	return t.attrs()
}

// deployment is how tools reach a host, as far as it is not the usual.
func deployment(h *fleet.Host) syntax.Attrs {
	var t tree
	t.unless("host", syntax.String(h.Address))
	if h.Deploy.User != "root" {
		t.unless("user", syntax.String(h.Deploy.User))
	}
	t.unless("port", syntax.Int(h.Deploy.Port))
	t.unless("buildOnTarget", syntax.Bool(h.Deploy.BuildOnTarget))
	tags := h.Tags
	if h.Deploy.Wave != "" && !slices.Contains(tags, h.Deploy.Wave) {
		tags = append(slices.Clip(tags), h.Deploy.Wave)
	}
	t.unless("tags", texts(tags))
	return t.attrs()
}

// inputModules are the modules of flake inputs that a host's system imports:
// those that hosts.toml names, and those that what it asks for needs.
func (g *generator) inputModules(h *fleet.Host) []fleet.ModuleRef {
	out := append([]fleet.ModuleRef(nil), h.Modules...)
	need := func(input, attrs, key string) {
		out = append(out, fleet.ModuleRef{Input: input, Attrs: strings.Split(attrs, "."), Key: "hosts." + h.Name + "." + key})
	}
	if h.Platform == fleet.Home {
		return out
	}
	if hasHomes(h) {
		need(g.fleet.Inputs.HomeManager, h.Platform+"Modules.home-manager", "homeStateVersion")
	}
	if slices.ContainsFunc(h.Disks, func(d *fleet.Disk) bool { return !d.Adopt }) {
		need(g.fleet.Inputs.Disko, "nixosModules.disko", "disks")
	}
	system, _ := g.sopsModules(h)
	out = append(out, system...)
	if g.externalFacter(h) {
		need(g.fleet.Inputs.NixosFacterModules, "nixosModules.facter", "facter")
	}
	return out
}

// references prints modules of inputs: where they are, and who asked.
func references(refs []fleet.ModuleRef) syntax.Attrs {
	var t tree
	for _, r := range refs {
		t.set(syntax.String(r.Key), dotted(r))
	}
	return t.attrs()
}

func dotted(r fleet.ModuleRef) string { return r.Input + "." + strings.Join(r.Attrs, ".") }

// fieldTable prints the hostSpec fields for templates/core/host-spec.nix.
func fieldTable(dir string, fields []*fleet.Field) syntax.Attrs {
	var t tree
	for _, x := range fields {
		t.set(syntax.String(x.Description), x.Name, "description")
		t.set(typeData(x.Type), x.Name, "type")
		if !x.Required && !x.Derived {
			t.set(value(dir, x.Default), x.Name, "default")
		}
	}
	return t.attrs()
}

// typeData is a type as templates/core/host-spec.nix reads it.
func typeData(t *fleet.Type) syntax.Value {
	one := func(name string, v syntax.Value) syntax.Value {
		return syntax.Attrs{{Path: []string{name}, Value: v}}
	}
	switch t.Kind {
	case fleet.ListOf, fleet.AttrsOf, fleet.Nullable:
		return one(string(t.Kind), typeData(t.Elem))
	case fleet.Enum:
		return one("enum", texts(t.Enum))
	case fleet.Int:
		if t.Min != nil || t.Max != nil {
			return one("between", bounds(t))
		}
	case fleet.String:
		if t.Pattern != "" {
			return one("matching", syntax.String(t.Pattern))
		}
	case fleet.Device, fleet.Size, fleet.MountPoint:
		return syntax.String(fleet.String)
	}
	return syntax.String(t.Kind)
}

func bounds(t *fleet.Type) syntax.Attrs {
	var b tree
	if t.Max != nil {
		b.option("max", syntax.Int(*t.Max))
	}
	if t.Min != nil {
		b.option("min", syntax.Int(*t.Min))
	}
	return b.attrs()
}
