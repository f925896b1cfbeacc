package lint

import (
	"maps"
	"path"
	"slices"
	"strings"

	"nixgen/fleet"
	"nixgen/outline"
)

// Some libraries make hosts of files by their names alone. What they do is part
// of what a flake says that uses them:
//
//   - nixos-unified's autoWire: configurations/{nixos,darwin,home}/NAME, and
//     modules/{nixos,darwin,home}/NAME as outputs; modules get `flake`.
//   - snowfall-lib: systems/SYSTEM/NAME and homes/SYSTEM/USER@NAME, with every
//     module below modules/{nixos,darwin,home} imported into each host.
//   - blueprint and ez-configs: conventions.go.

// wiredHost is a host that such a library makes of a file.
type wiredHost struct {
	name, file, system string
}

// convention of a library; nil when the flake uses none.
type convention struct {
	hosts func(w *Workspace, class Class) []wiredHost
	// modules are imported into every host of a class.
	modules func(w *Workspace, class Class) []string
	// more are lists of modules that the flake itself names for a host.
	more func(h *Host, class Class, found wiredHost) []*outline.Thunk
	// outputs are the modules that self has under a name.
	outputs map[string]string
	// homes of a host, with the files of each.
	homes func(h *Host, found wiredHost) map[string][]string
	// args are what modules of a class get.
	args func(h *Host, class Class, found wiredHost) map[string]outline.Value
}

// convention that the flake follows.
func (h *Host) convention() *convention {
	if h.self == nil {
		return nil
	}
	if outs, ok := h.self.Get(h.Eval, allOutputs).(*outline.Attrs); ok {
		switch {
		case outs.Names[outline.Snowfall] != nil:
			return snowfall
		case outs.Names[outline.Unified] != nil:
			return autoWire
		case outs.Names[outline.Blueprint] != nil:
			return blueprint(outs.Names[outline.Blueprint].Force(h.Eval), h.Eval)
		}
	}
	if !h.parts() {
		return nil
	}
	for _, f := range h.Foreign {
		if f.Class == FlakeParts && strings.HasPrefix(f.Path, "inputs.nixos-unified.") && strings.HasSuffix(f.Path, ".autoWire") {
			return autoWire
		}
		if f.Class == FlakeParts && strings.HasPrefix(f.Path, "inputs.ez-configs.") {
			return h.ezConfigs()
		}
	}
	return nil
}

var wiredFolder = map[Class]string{NixOS: "nixos", Darwin: "darwin", Home: "home"}

var autoWire = &convention{
	hosts: func(w *Workspace, class Class) []wiredHost {
		return w.namedFiles("configurations/"+wiredFolder[class], "")
	},
	outputs: map[string]string{
		"nixosModules": "modules/nixos", "darwinModules": "modules/darwin",
		"homeModules": "modules/home", "homeManagerModules": "modules/home",
	},
	args: func(h *Host, _ Class, _ wiredHost) map[string]outline.Value {
		return map[string]outline.Value{"flake": &outline.Attrs{Open: true, Names: map[string]*outline.Thunk{
			"inputs": outline.Of(inputs(h.self)), "self": outline.Of(h.self),
			"config": outline.Of(outline.External{Path: partsConfig}),
		}}}
	},
}

var snowfall = &convention{
	hosts: func(w *Workspace, class Class) []wiredHost {
		top := "systems"
		if class == Home {
			top = "homes"
		}
		var out []wiredHost
		for _, system := range w.folders(top) {
			kind := ""
			if class == Home {
				kind = fleet.Home
			}
			if slices.Contains(fleet.Systems, system) && fleet.PlatformOf(system, kind) == string(class) {
				out = append(out, w.namedFiles(path.Join(top, system), system)...)
			}
		}
		return out
	},
	modules: func(w *Workspace, class Class) []string {
		dir := "modules/" + wiredFolder[class] + "/"
		var out []string
		for _, s := range w.Sources {
			if strings.HasPrefix(s.Path, dir) && path.Base(s.Path) == "default.nix" {
				out = append(out, s.Path)
			}
		}
		return out
	},
	more: func(h *Host, class Class, found wiredHost) []*outline.Thunk {
		outs, _ := h.self.Get(h.Eval, allOutputs).(*outline.Attrs)
		if outs == nil {
			return nil
		}
		at := func(path ...string) *outline.Thunk {
			t := outs.Names[outline.Snowfall]
			for _, name := range path {
				a, _ := t.Value(h.Eval).(*outline.Attrs)
				if a == nil {
					return nil
				}
				t = a.Names[name]
			}
			return t
		}
		if class == Home {
			return []*outline.Thunk{at("homes", "modules"), at("homes", "users", found.name, "modules")}
		}
		return []*outline.Thunk{at("systems", "modules", string(class)), at("systems", "hosts", found.name, "modules")}
	},
	args: func(h *Host, _ Class, found wiredHost) map[string]outline.Value {
		_, host, ok := strings.Cut(found.name, "@")
		if !ok {
			host = found.name
		}
		return map[string]outline.Value{
			"system": outline.FromGo(found.system), "target": outline.FromGo(found.system), "host": outline.FromGo(host),
		}
	},
}

// folders below a folder, sorted.
func (w *Workspace) folders(dir string) []string {
	es, _ := w.ReadDir(dir)
	var out []string
	for _, n := range sortedNames(es) {
		if es[n] == "directory" {
			out = append(out, n)
		}
	}
	return out
}

// namedFiles are NAME.nix and NAME/default.nix in a folder.
func (w *Workspace) namedFiles(dir, system string) []wiredHost {
	es, _ := w.ReadDir(dir)
	var out []wiredHost
	for _, n := range sortedNames(es) {
		p := path.Join(dir, n)
		name, isNix := strings.CutSuffix(n, ".nix")
		switch {
		case isNix && name != "default":
			out = append(out, wiredHost{name, p, system})
		case w.Kind(p) == "directory" && w.Source(path.Join(p, "default.nix")) != nil:
			out = append(out, wiredHost{n, path.Join(p, "default.nix"), system})
		}
	}
	return out
}

// wired are the hosts of a class that a convention makes, by name.
func (h *Host) wired(class Class) []string {
	c := h.convention()
	if c == nil {
		return nil
	}
	var out []string
	for _, f := range c.hosts(h.Work, class) {
		out = append(out, f.name)
	}
	return out
}

// beginWired starts a host that a convention makes.
func (h *Host) beginWired(class Class) bool {
	c := h.convention()
	if c == nil {
		return false
	}
	names := []string{h.Name, h.Output}
	for _, f := range c.hosts(h.Work, class) {
		user := ""
		if class == Home {
			u, machine, ok := strings.Cut(f.name, "@")
			if user = u; ok && machine == h.Name {
				names = append(names, f.name)
			}
		}
		if !slices.Contains(names, f.name) {
			continue
		}
		h.wire(c, class, f)
		for _, p := range append(c.modulesOf(h.Work, class), f.file) {
			h.file(class, user, p)
		}
		if c.more != nil {
			for _, list := range c.more(h, class, f) {
				h.listed(class, user, nil, list, outline.True)
			}
		}
		h.wireHomes(c, f)
		return true
	}
	return false
}

// wireHomes starts the homes that a convention gives a host.
func (h *Host) wireHomes(c *convention, f wiredHost) {
	if c.homes == nil {
		return
	}
	homes := c.homes(h, f)
	for _, u := range slices.Sorted(maps.Keys(homes)) {
		for _, p := range homes[u] {
			h.file(Home, u, p)
		}
	}
}

func (c *convention) modulesOf(w *Workspace, class Class) []string {
	if c.modules == nil {
		return nil
	}
	return c.modules(w, class)
}

// wire sets what modules are called with, in the system and in homes.
func (h *Host) wire(c *convention, class Class, f wiredHost) {
	h.built = &outline.Attrs{Names: map[string]*outline.Thunk{}}
	if f.system != "" {
		h.built.Names["system"] = outline.Of(outline.FromGo(f.system))
	}
	for _, k := range []Class{class, Home} {
		args := &outline.Attrs{Names: map[string]*outline.Thunk{}, Open: true}
		for name, v := range c.args(h, k, f) {
			args.Names[name] = outline.Of(v)
		}
		h.special[k] = args
		h.closed[k] = false
	}
}

// ownOutput is an output of the flake itself that its modules can see: what
// flake-parts modules define below `flake`, and what a convention makes of files.
func (h *Host) ownOutput(name string) outline.Value {
	if h.partly == nil {
		return nil
	}
	if c := h.convention(); c != nil && c.outputs[name] != "" {
		out := &outline.Attrs{Names: map[string]*outline.Thunk{}}
		for _, f := range h.Work.namedFiles(c.outputs[name], "") {
			out.Names[f.name] = outline.Of(outline.FilePath{Head: f.file, Whole: true})
		}
		if f := path.Join(c.outputs[name], "default.nix"); h.Work.Source(f) != nil {
			out.Names["default"] = outline.Of(outline.FilePath{Head: f, Whole: true})
		}
		if a := h.partNamed(name); a != nil {
			maps.Copy(out.Names, a.Names)
			out.Open = a.Open
		}
		return out
	}
	if !*h.partly {
		return nil
	}
	if name == "modules" {
		return h.registry()
	}
	if a := h.partNamed(name); a != nil {
		return &a.Attrs
	}
	return nil
}

// registry is flake-parts' `flake.modules.<class>.<name>`, which is merged class
// by class.
func (h *Host) registry() outline.Value {
	return &outline.Attrs{Open: true, Look: func(class string) outline.Value {
		if a := h.partNamed("modules", class); a != nil {
			return &a.Attrs
		}
		return nil
	}}
}
