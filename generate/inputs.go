package generate

import (
	"maps"
	"slices"

	"nixgen/fleet"
	"nixgen/layout"
)

// Inputs are the flake inputs that what is generated for a host refers to,
// sorted. What its hand-written modules refer to is not among them.
func Inputs(f *fleet.Fleet, inv *layout.Inventory, opt Options, h *fleet.Host) []string {
	g := &generator{fleet: f, inv: inv, opt: opt, templates: map[string]bool{}}
	out := []string{h.Nixpkgs.Input}
	add := func(refs []fleet.ModuleRef) {
		for _, r := range refs {
			out = append(out, r.Input)
		}
	}
	add(g.inputModules(h))
	add(h.HomeModules)
	system, home := g.sopsModules(h)
	add(system)
	add(slices.Collect(maps.Values(home)))
	for _, a := range h.Users {
		if a.HomeManager != nil {
			add(a.HomeManager.Modules)
		}
	}
	for _, o := range h.Nixpkgs.Overlays {
		if o.Ref != nil {
			out = append(out, o.Ref.Input)
		}
	}
	for _, c := range h.Nixpkgs.Channels {
		out = append(out, c.Input)
	}
	switch h.Platform {
	case fleet.Darwin:
		out = append(out, f.Inputs.NixDarwin)
	case fleet.Home:
		out = append(out, f.Inputs.HomeManager)
	}
	if f.Secrets != nil {
		out = append(out, f.SecretsOf().Input)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
