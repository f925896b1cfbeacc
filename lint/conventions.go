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
	dir := func(class Class, kind string) string { return path.Join(root, wiredFolder[class]+"-"+kind) }
	defaults := func(class Class, names ...string) []string {
		var out []string
		for _, n := range names {
			for _, p := range []string{n + ".nix", n + "/default.nix"} {
				if p = path.Join(dir(class, "modules"), p); h.Work.Source(p) != nil {
					out = append(out, p)
					break
				}
			}
		}
		return out
	}
	return &convention{
		hosts:   func(w *Workspace, class Class) []wiredHost { return ezHosts(w, class, dir(class, "configurations")) },
		modules: func(_ *Workspace, class Class) []string { return defaults(class, "default") },
		homes: func(h *Host, f wiredHost) map[string][]string {
			out := map[string][]string{}
			users, _ := stringList(h.Eval, h.ezOption(wiredFolder[Class(h.Platform)], "hosts", f.name, "userHomeModules"))
			system := map[bool]string{true: "darwin", false: "linux"}[Class(h.Platform) == Darwin]
			for _, u := range users {
				if h.ezOption("home", "users", u, "importDefault") != outline.Bool(false) {
					out[u] = defaults(Home, "default", system)
				}
				for _, c := range h.Work.namedFiles(dir(Home, "configurations"), "") {
					if c.name == u {
						out[u] = append(out[u], c.file)
					}
				}
			}
			return out
		},
		outputs: map[string]string{
			"nixosModules": dir(NixOS, "modules"), "darwinModules": dir(Darwin, "modules"), "homeModules": dir(Home, "modules"),
		},
		args: func(h *Host, class Class, _ wiredHost) map[string]outline.Value {
			out := map[string]outline.Value{}
			if a, ok := h.ezOption("globalArgs").(*outline.Attrs); ok {
				for name, t := range a.Names {
					out[name] = t.Force(h.Eval)
				}
			}
			mods := &outline.Attrs{Names: map[string]*outline.Thunk{}}
			for _, f := range h.Work.namedFiles(dir(class, "modules"), "") {
				mods.Names[f.name] = outline.Of(outline.FilePath{Head: f.file, Whole: true})
			}
			for _, p := range defaults(class, "default") {
				mods.Names["default"] = outline.Of(outline.FilePath{Head: p, Whole: true})
			}
			out["ezModules"] = mods
			return out
		},
	}
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
