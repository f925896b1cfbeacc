package rules

import (
	"slices"
	"strings"
	"sync/atomic"

	"nixgen/catalog"
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

// A setting is one name that a module defines, as a host sees it.
type setting struct {
	host   *lint.Host
	module *lint.Module
	// own are the options the closure declares.
	own *lint.Options
	*name
}

// A name is a definition with its whole path and every guard over it. Hosts on
// which the dynamic names of a module are the same share all of its names.
type name struct {
	def *outline.Def
	// path holds "" for names that are not known.
	path []string
	// guards[i] stand over path[i]; those over the value are in the leaves.
	guards [][]*outline.Guard
	// free: no guard stands over any of them.
	free bool
	// size counts the name itself and what stands below it.
	size int
	// secrets tells that the file of a value speaks of sops or agenix.
	secrets bool
	// shaped tells that the last name sounds like a secret's.
	shaped bool
	// fits says for a class whether the values are of the right type there,
	// whatever the host.
	fits [3]atomic.Int32
}

// What is known of the types of a name's values.
const (
	fitsUnknown = iota
	fitsAll
	// fitsSome: each host must look for itself.
	fitsSome
)

// settings visits every definition of every module of a host, parents first.
// Where visit returns false it does not go deeper. The setting is the visit's
// for as long as it lasts.
func settings(h *lint.Host, visit func(*setting) bool) {
	var s setting
	for _, m := range modulesOf(h) {
		for i := 0; i < len(m.names); {
			s = setting{host: h, module: m.Module, own: m.own, name: &m.names[i]}
			if visit(&s) {
				i++
			} else {
				i += m.names[i].size
			}
		}
	}
}

// definedBy is what a module of a host defines.
type definedBy struct {
	*lint.Module
	own *lint.Options
	*named
}

// named are the names that a module defines, parents first.
type named struct{ names []name }

// modulesOf is made once for a host; flake-parts modules are left out.
func modulesOf(h *lint.Host) []definedBy {
	type key struct{ h *lint.Host }
	if v, ok := h.Work.Memo.Load(key{h}); ok {
		return v.([]definedBy)
	}
	all := make([]definedBy, 0, len(h.Modules))
	for _, m := range h.Modules {
		if m.Class != lint.FlakeParts {
			all = append(all, definedBy{Module: m, own: h.Options(m)})
		}
	}
	inTurn(h, len(all), func(i int) { all[i].named = namesOf(all[i].Module) })
	h.Work.Memo.Store(key{h}, all)
	return all
}

// inTurn calls f(0) … f(n-1), for every other host from the end: two hosts that
// are judged side by side share what has to be done once for a module.
func inTurn(h *lint.Host, n int, f func(int)) {
	backwards := slices.Index(h.Work.Hosts, h)%2 == 1
	for i := range n {
		if backwards {
			i = n - 1 - i
		}
		f(i)
	}
}

// namesOf lists what a module defines; once for all hosts where its dynamic
// names are the same.
func namesOf(m *lint.Module) *named {
	type key struct {
		out     *outline.Module
		dynamic string
	}
	s := extentOf(m)
	k := key{m.Out, s.dynamicNames(m)}
	v, ok := m.Host.Work.Memo.Load(k)
	if !ok {
		c := collector{module: m, all: make([]name, 0, s.size)}
		for _, d := range m.Out.Defs {
			c.collect(d, nil, nil)
		}
		v, _ = m.Host.Work.Memo.LoadOrStore(k, &named{c.all})
	}
	return v.(*named)
}

// extent is how many definitions a module has, and which have dynamic names.
type extent struct {
	size    int
	dynamic []*outline.Def
}

func extentOf(m *lint.Module) *extent {
	if v, ok := m.Host.Work.Memo.Load(m.Out); ok {
		return v.(*extent)
	}
	s := &extent{}
	s.count(m.Out.Defs)
	m.Host.Work.Memo.Store(m.Out, s)
	return s
}

func (s *extent) count(ds []*outline.Def) {
	s.size += len(ds)
	for _, d := range ds {
		if d.Name.X != nil {
			s.dynamic = append(s.dynamic, d)
		}
		s.count(d.Kids)
	}
}

// dynamicNames are those of a module on its host.
func (s *extent) dynamicNames(m *lint.Module) string {
	if len(s.dynamic) == 0 {
		return ""
	}
	names := make([]string, len(s.dynamic))
	for i, d := range s.dynamic {
		names[i], _ = m.Name(d)
	}
	return strings.Join(names, "\x00")
}

// collector lists names; it has room for all of them, so that they stay where
// they are.
type collector struct {
	module *lint.Module
	all    []name
}

func (c *collector) mentionsSecrets(l outline.Leaf) bool {
	w, f := c.module.Host.Work, l.Scope.File()
	return hasWord(w, f, "config.sops") || hasWord(w, f, "config.age") || hasWord(w, f, "(config)")
}

func (c *collector) collect(d *outline.Def, path []string, guards [][]*outline.Guard) {
	text, ok := c.module.Name(d)
	if !ok {
		text = ""
	}
	n, at := len(path), len(c.all)
	c.all = append(c.all, name{
		def: d, secrets: slices.ContainsFunc(d.Leaves, c.mentionsSecrets), shaped: len(d.Leaves) > 0 && secretShaped(text),
		path: append(path[:n:n], text), guards: append(guards[:n:n], d.Guards),
		free: len(d.Guards) == 0 && !slices.ContainsFunc(guards, func(gs []*outline.Guard) bool { return len(gs) > 0 }),
	})
	for _, k := range d.Kids {
		c.collect(k, c.all[at].path, c.all[at].guards)
	}
	c.all[at].size = len(c.all) - at
}

// names for the catalog: what is not known may be any name.
func (s *name) names() []string {
	out := make([]string, len(s.path))
	for i, n := range s.path {
		out[i] = n
		if n == "" {
			out[i] = catalog.AnyName
		}
	}
	return out
}

// String is the path as it is written.
func (s *name) String() string { return catalog.JoinPath(s.names()) }

// present is whether evaluation meets the name: structural guards leave names
// out, mkIf does not. Guards of mkIf above depth `below` are honoured as well,
// for names inside of a declared submodule, which a false mkIf drops whole.
func (s *setting) present(below int) outline.Truth {
	t := s.module.Reach
	if s.free {
		return t
	}
	for i, gs := range s.guards {
		for _, g := range gs {
			if g.Kind == outline.Structural || i <= below {
				t = t.And(s.module.Holds(g))
			}
		}
	}
	return t
}

// active is whether a value of the option takes effect: every guard counts.
func (s *setting) active(more []*outline.Guard) outline.Truth {
	return s.present(len(s.path)).And(s.module.Truth(more))
}

// at is a finding at the name.
func (s *setting) at(message, why string) diag.Diagnostic {
	file := s.module.Path
	if f := s.def.File(); f != nil {
		file = f.Path
	}
	span := s.def.Path
	if span.End == span.Start {
		span = s.def.Name.At
	}
	return diag.Diagnostic{File: file, Span: span, Message: message, Why: why, Chain: s.module.Chain()}
}

// class numbers the module systems of the catalog.
func class(m *lint.Module) int {
	switch m.Class {
	case lint.Darwin:
		return 1
	case lint.Home:
		return 2
	}
	return 0
}

// platform of the catalog that the module's options are in.
func platform(m *lint.Module) catalog.Platform {
	switch m.Class {
	case lint.Darwin:
		return catalog.Darwin
	case lint.Home:
		return catalog.Home
	}
	return catalog.NixOS
}

// className is how messages call a class.
func className(c lint.Class) string {
	switch c {
	case lint.Darwin:
		return "nix-darwin"
	case lint.Home:
		return "home-manager"
	}
	return "NixOS"
}

// elsewhere names what lists an option, in words.
func elsewhere(p catalog.Platform) string {
	var out []string
	for _, c := range []struct {
		p    catalog.Platform
		name string
	}{
		{catalog.NixOSClass, "NixOS"}, {catalog.DarwinClass, "nix-darwin"}, {catalog.HomeClass, "home-manager"},
		{catalog.DiskoClass, "disko"}, {catalog.SopsNixOSClass, "sops-nix on NixOS"},
		{catalog.SopsDarwinClass, "sops-nix on nix-darwin"}, {catalog.SopsHomeClass, "sops-nix in home-manager"},
		{catalog.HomeOnNixOSClass, "home-manager's NixOS module"}, {catalog.HomeOnDarwinClass, "home-manager's nix-darwin module"},
	} {
		if p&c.p != 0 {
			out = append(out, c.name)
		}
	}
	return join(out)
}

func join(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}
