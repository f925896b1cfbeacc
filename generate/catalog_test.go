package generate

import (
	"strings"
	"testing"

	"nixgen/catalog"
	"nixgen/fleet"
	"nixgen/syntax"
)

// platforms are the catalogs of a host's system.
var platforms = map[string]catalog.Platform{fleet.NixOS: catalog.NixOS, fleet.Darwin: catalog.Darwin}

// leaves calls f with the path of every value that is no attribute set.
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
