package lint

import (
	"path"

	"nixgen/outline"
)

// blueprint is numtide/blueprint: hosts/NAME/{configuration,darwin-configuration}.nix
// below a prefix, with the homes of hosts/NAME/users, and modules/CLASS as outputs.
func blueprint(arg outline.Value, ev *outline.Eval) *convention {
	root := "."
	if a, ok := arg.(*outline.Attrs); ok && a.Names["prefix"] != nil {
		switch v := a.Names["prefix"].Force(ev).(type) {
		case outline.Text:
			root = v.Head
		case outline.FilePath:
			root = v.Head
		default:
			return nil
		}
	}
	hosts := path.Join(root, "hosts")
	return &convention{
		hosts: func(w *Workspace, class Class) []wiredHost {
			var out []wiredHost
			for _, name := range w.folders(hosts) {
				for _, f := range blueprintFiles[class] {
					if p := path.Join(hosts, name, f); w.Source(p) != nil {
						out = append(out, wiredHost{name, p, ""})
						break
					}
				}
			}
			return out
		},
		homes: func(h *Host, f wiredHost) map[string][]string {
			out := map[string][]string{}
			dir := path.Join(hosts, f.name, "users")
			for _, u := range h.Work.namedFiles(dir, "") {
				if path.Base(u.file) != "default.nix" {
					out[u.name] = []string{u.file}
				}
			}
			for _, u := range h.Work.folders(dir) {
				if p := path.Join(dir, u, "home-configuration.nix"); h.Work.Source(p) != nil {
					out[u] = []string{p}
				}
			}
			return out
		},
		outputs: map[string]string{
			"nixosModules": path.Join(root, "modules/nixos"), "darwinModules": path.Join(root, "modules/darwin"), "homeModules": path.Join(root, "modules/home"),
		},
		args: func(h *Host, _ Class, f wiredHost) map[string]outline.Value {
			return map[string]outline.Value{"inputs": inputs(h.self), "flake": h.self, "hostName": outline.FromGo(f.name)}
		},
	}
}

var blueprintFiles = map[Class][]string{
	NixOS: {"configuration.nix", "rpi-configuration.nix"}, Darwin: {"darwin-configuration.nix"},
}

// ezConfigs is ehllie/ez-configs: CLASS-configurations/NAME and CLASS-modules
// below a root, each host with the default module of its class and the homes
// that `ezConfigs.CLASS.hosts.NAME.userHomeModules` lists.
func (h *Host) ezConfigs() *convention {
	root, ok := outline.AsPath(h.ezOption("root"))
	if !ok {
		return nil
	}
	ez := ezTree(root)
	return &convention{
		hosts:   func(w *Workspace, class Class) []wiredHost { return ezHosts(w, class, ez.dir(class, "configurations")) },
		modules: func(w *Workspace, class Class) []string { return ez.modules(w, class, "default") },
		homes:   ez.homes,
		outputs: map[string]string{
			"nixosModules": ez.dir(NixOS, "modules"), "darwinModules": ez.dir(Darwin, "modules"), "homeModules": ez.dir(Home, "modules"),
		},
		args: ez.args,
	}
}

// ezTree is the root of a fleet of ez-configs.
type ezTree string

func (t ezTree) dir(class Class, kind string) string {
	return path.Join(string(t), wiredFolder[class]+"-"+kind)
}

// modules are those modules of a class, of some names, that exist.
func (t ezTree) modules(w *Workspace, class Class, names ...string) []string {
	var out []string
	for _, n := range names {
		for _, p := range []string{n + ".nix", n + "/default.nix"} {
			if p = path.Join(t.dir(class, "modules"), p); w.Source(p) != nil {
				out = append(out, p)
				break
			}
		}
	}
	return out
}

func (t ezTree) homes(h *Host, f wiredHost) map[string][]string {
	out := map[string][]string{}
	users, _ := stringList(h.Eval, h.ezOption(wiredFolder[Class(h.Platform)], "hosts", f.name, "userHomeModules"))
	system := "linux"
	if Class(h.Platform) == Darwin {
		system = "darwin"
	}
	for _, u := range users {
		if h.ezOption("home", "users", u, "importDefault") != outline.Bool(false) {
			out[u] = t.modules(h.Work, Home, "default", system)
		}
		for _, c := range h.Work.namedFiles(t.dir(Home, "configurations"), "") {
			if c.name == u {
				out[u] = append(out[u], c.file)
			}
		}
	}
	return out
}

func (t ezTree) args(h *Host, class Class, _ wiredHost) map[string]outline.Value {
	out := map[string]outline.Value{}
	if a, ok := h.ezOption("globalArgs").(*outline.Attrs); ok {
		for name, t := range a.Names {
			out[name] = t.Force(h.Eval)
		}
	}
	mods := &outline.Attrs{Names: map[string]*outline.Thunk{}}
	for _, f := range h.Work.namedFiles(t.dir(class, "modules"), "") {
		mods.Names[f.name] = outline.Of(outline.FilePath{Head: f.file, Whole: true})
	}
	for _, p := range t.modules(h.Work, class, "default") {
		mods.Names["default"] = outline.Of(outline.FilePath{Head: p, Whole: true})
	}
	out["ezModules"] = mods
	return out
}

// ezHosts leaves the homes out: they are made for every user on every host.
func ezHosts(w *Workspace, class Class, dir string) []wiredHost {
	if class == Home {
		return nil
	}
	return w.namedFiles(dir, "")
}

func (h *Host) ezOption(path ...string) outline.Value {
	return h.partOption(append([]string{"ezConfigs"}, path...))
}
