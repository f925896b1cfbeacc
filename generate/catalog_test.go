package generate

import (
	"strings"
	"testing"

	"nixgen/catalog"
	"nixgen/fleet"
	"nixgen/outline"
	"nixgen/syntax"
	"nixgen/templates"
)

// platforms are the catalogs of a host's system.
var platforms = map[string]catalog.Platform{fleet.NixOS: catalog.NixOS, fleet.Darwin: catalog.Darwin}

// leaves calls f with the path of every value that is no attribute set, and of
// every empty one.
func leaves(v syntax.Value, path []string, f func(path []string)) {
	attrs, ok := v.(syntax.Attrs)
	if !ok || len(attrs) == 0 {
		f(path)
		return
	}
	for _, a := range attrs {
		leaves(a.Value, append(path[:len(path):len(path)], a.Path...), f)
	}
}

// known says why a platform cannot take a definition, or "".
func known(p catalog.Platform, path []string) string {
	at := catalog.Builtin().Nearest(p, path)
	switch {
	case at.Removed.Listed():
		return "was removed"
	case at.Flags&catalog.ReadOnly != 0:
		return "is read-only"
	case at.Depth == len(path) && at.Listed():
		return ""
	case at.Depth == len(path) && catalog.Builtin().Nearest(p, append(path[:len(path):len(path)], "path")).Listed():
		return "" // an entry of a set of submodules, such as sops.secrets.NAME
	case at.Open:
		return ""
	}
	return "is not listed below `" + strings.Join(path[:at.Depth], ".") + "`"
}

// ours are paths below which a template declares the options itself.
func ours(path []string) bool { return path[0] == "nixgen" || path[0] == "imports" }

// TestEveryOptionIsInTheCatalog takes every option that the samples set.
func TestEveryOptionIsInTheCatalog(t *testing.T) {
	seen := 0
	for _, name := range sampleNames(t) {
		s := load(t, archive(t, name))
		g := &generator{fleet: s.fleet, inv: s.inv, opt: s.opt, templates: map[string]bool{}}
		for _, h := range s.fleet.Hosts {
			leaves(g.module(h), nil, func(path []string) {
				p := platforms[h.Platform]
				if len(path) > 3 && path[0] == "home-manager" && path[1] == "users" {
					p, path = catalog.Home, path[3:]
				}
				if ours(path) {
					return
				}
				seen++
				if why := known(p, path); why != "" {
					t.Errorf("%s: %s: `%s` %s", name, h.Name, strings.Join(path, "."), why)
				}
			})
		}
	}
	if seen < 100 {
		t.Errorf("only %d options seen", seen)
	}
}

// TestTheCatalogWouldComplain has an option of the other platform each, and one
// that is nowhere.
func TestTheCatalogWouldComplain(t *testing.T) {
	for _, c := range []struct {
		p    catalog.Platform
		path string
	}{
		{catalog.Darwin, "users.users.tim.extraGroups"}, {catalog.Darwin, "users.users.tim.isNormalUser"},
		{catalog.Darwin, "boot.binfmt.emulatedSystems"}, {catalog.NixOS, "homebrew.enable"},
		{catalog.NixOS, "system.primaryUser"}, {catalog.Home, "users.users.tim.home"},
		{catalog.Darwin, "security.pam.enableSudoTouchIdAuth"},
	} {
		if known(c.p, strings.Split(c.path, ".")) == "" {
			t.Errorf("%s passes on %s", c.path, c.p)
		}
	}
}

// TestTemplatesSetWhatThePlatformHas reads the core modules, and compares what
// they define with the catalogs of the platforms that import them.
func TestTemplatesSetWhatThePlatformHas(t *testing.T) {
	everywhere := []catalog.Platform{catalog.NixOS, catalog.Darwin, catalog.Home}
	for name, ps := range map[string][]catalog.Platform{
		"nixos.nix": {catalog.NixOS}, "darwin.nix": {catalog.Darwin}, "home.nix": {catalog.Home}, "rosetta.nix": {catalog.Darwin},
		"home-manager.nix": everywhere[:2], "shells.nix": everywhere[:2], "nixpkgs.nix": everywhere, "mirror.nix": everywhere,
	} {
		m := outline.Read(outline.Lower(syntax.Parse(name, templates.Read("core/"+name))))
		paths := definitions(m.Defs, nil)
		if len(paths) == 0 {
			t.Errorf("%s defines nothing", name)
		}
		for _, path := range paths {
			for _, p := range ps {
				at := catalog.Builtin().Nearest(p, path)
				if path[0] != "hostSpec" && path[0] != "assertions" && at.Depth < len(path) && !at.Open {
					t.Errorf("%s: `%s` is not listed on %s", name, strings.Join(path, "."), p)
				}
			}
		}
	}
}

// definitions are the paths of the deepest static names.
func definitions(defs []*outline.Def, above []string) [][]string {
	var out [][]string
	for _, d := range defs {
		if d.Name.X != nil {
			return append(out, above)
		}
		path := append(above[:len(above):len(above)], d.Name.Text)
		if below := definitions(d.Kids, path); len(below) > 0 {
			out = append(out, below...)
		} else {
			out = append(out, path)
		}
	}
	return out
}
