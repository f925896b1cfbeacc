package rules

import (
	"strings"

	"nixgen/catalog"
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

// A setting is one name that a module defines, as a host sees it: with its
// whole path and with every guard over it.
type setting struct {
	host   *lint.Host
	module *lint.Module
	def    *outline.Def
	// path holds "" for names that are not known.
	path []string
	// guards[i] stand over path[i]; those over the value are in the leaves.
	guards [][]*outline.Guard
	// own are the options the closure declares.
	own *lint.Options
	// end is the index, in the list of all, behind what stands below.
	end    int
	judged *spot
}

// settings visits every definition of every module of a host, parents first.
// Where visit returns false it does not go deeper.
func settings(h *lint.Host, visit func(*setting) bool) {
	all := allSettings(h)
	for i := 0; i < len(all); {
		if visit(all[i]) {
			i++
		} else {
			i = all[i].end
		}
	}
}

// allSettings is made once for a host; its rules run one after the other.
func allSettings(h *lint.Host) []*setting {
	if v, ok := h.Work.Memo.Load(h); ok {
		return v.([]*setting)
	}
	var all []*setting
	for _, m := range h.Modules {
		if m.Class == lint.FlakeParts {
			continue
		}
		c := collector{host: h, module: m, own: h.Options(m), all: all}
		for _, d := range m.Out.Defs {
			c.collect(d, nil, nil)
		}
		all = c.all
	}
	h.Work.Memo.Store(h, all)
	return all
}

type collector struct {
	host   *lint.Host
	module *lint.Module
	own    *lint.Options
	all    []*setting
}

func (c *collector) collect(d *outline.Def, path []string, guards [][]*outline.Guard) {
	name, ok := c.module.Name(d)
	if !ok {
		name = ""
	}
	n := len(path)
	s := &setting{
		host: c.host, module: c.module, own: c.own, def: d,
		path: append(path[:n:n], name), guards: append(guards[:n:n], d.Guards),
	}
	c.all = append(c.all, s)
	for _, k := range d.Kids {
		c.collect(k, s.path, s.guards)
	}
	s.end = len(c.all)
}

// names for the catalog: what is not known may be any name.
func (s *setting) names() []string {
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
func (s *setting) String() string { return catalog.JoinPath(s.names()) }

// present is whether evaluation meets the name: structural guards leave names
// out, mkIf does not. Guards of mkIf above depth `below` are honoured as well,
// for names inside of a declared submodule, which a false mkIf drops whole.
func (s *setting) present(below int) outline.Truth {
	t := s.module.Reach
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
