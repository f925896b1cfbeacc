package outline

import "path"

// Some libraries make the hosts of a flake of a set that describes them. What
// they make is kept as the calls of nixosSystem are that they come down to.

// made is such a call. What else the library hands to modules is not known.
func (ev *Eval) made(kind string, modules *Sequence, system *Thunk, special ...*Thunk) *Thunk {
	given := &Attrs{Names: map[string]*Thunk{}, Open: true}
	for _, t := range special {
		if a, ok := t.Value(ev).(*Attrs); ok {
			for name, v := range a.Names {
				given.Names[name] = v
			}
		}
	}
	args := &Attrs{Names: map[string]*Thunk{"modules": Of(modules), "specialArgs": Of(given)}}
	if system != nil {
		args.Names["system"] = system
	}
	return Of(ev.Apply(ev.system(kind), Of(args)))
}

// joined are the elements of lists, one after the other; open where one of them
// is not known.
func (ev *Eval) joined(lists ...*Thunk) *Sequence {
	out := &Sequence{}
	for _, t := range lists {
		if t == nil {
			continue
		}
		l, _ := list(ev, t)
		if l == nil {
			out.Open = true
			continue
		}
		out.Elems = append(out.Elems, l.Elems...)
		out.Open = out.Open || l.Open
	}
	return out
}

// at is a thunk below a set, by names; nil where there is none.
func (ev *Eval) at(t *Thunk, names ...string) *Thunk {
	for _, n := range names {
		a, _ := t.Value(ev).(*Attrs)
		if a == nil {
			return nil
		}
		t = a.Names[n]
	}
	return t
}

// utilsPlus is mkFlake of flake-utils-plus: `hosts.NAME`, with `hostDefaults`,
// and what else its argument holds as outputs. isUtilsPlus tells it from the
// mkFlake of flake-parts, whose first argument has other names.
func (ev *Eval) utilsPlus(arg *Thunk) Value {
	in, _ := arg.Force(ev).(*Attrs)
	out := &Attrs{Names: map[string]*Thunk{}, Open: true}
	for name, t := range in.Names {
		if name != "hosts" && name != "self" && name != "inputs" {
			out.Names[name] = t
		}
	}
	made := map[string]*Attrs{}
	for _, name := range []string{"nixosConfigurations", "darwinConfigurations"} {
		made[name] = &Attrs{Names: map[string]*Thunk{}}
		out.Names[name] = Of(made[name])
	}
	defaults := in.Names["hostDefaults"]
	hosts, _ := in.Names["hosts"].Value(ev).(*Attrs)
	if hosts == nil {
		return out
	}
	made["nixosConfigurations"].Open = hosts.Open
	for name, t := range hosts.Names {
		first := func(key string) *Thunk {
			if v := ev.at(t, key); v != nil {
				return v
			}
			return ev.at(defaults, key)
		}
		kind, into := "nixosSystem", made["nixosConfigurations"]
		if o, ok := AsString(first("output").Value(ev)); ok && o == "darwinConfigurations" {
			kind, into = "darwinSystem", made[o]
		}
		system := first("system")
		if system == nil {
			system = Of(wholeText("x86_64-linux"))
		}
		inputs := Of(&Attrs{Names: map[string]*Thunk{"inputs": in.Names["inputs"]}})
		into.Names[name] = ev.made(kind, ev.joined(ev.at(defaults, "modules"), ev.at(t, "modules")), system, inputs,
			ev.at(defaults, "extraArgs"), ev.at(defaults, "specialArgs"), ev.at(t, "extraArgs"), ev.at(t, "specialArgs"))
	}
	return out
}

func (ev *Eval) isUtilsPlus(arg *Thunk) bool {
	a, _ := arg.Force(ev).(*Attrs)
	return a != nil && a.Names["hosts"] != nil && a.Names["inputs"] != nil
}

// hive is what colmena makes of `{ meta, defaults, NAME }`: its nodes.
func (ev *Eval) hive(arg *Thunk) Value {
	in, _ := arg.Force(ev).(*Attrs)
	if in == nil {
		return unknown("the hive is not known")
	}
	nodes := &Attrs{Names: map[string]*Thunk{}, Open: in.Open}
	for name, t := range in.Names {
		if name == "meta" || name == "network" || name == "defaults" || name == System {
			continue
		}
		modules := &Sequence{Elems: []Elem{{Thunk: t}}}
		if d := in.Names["defaults"]; d != nil {
			modules.Elems = append(modules.Elems, Elem{Thunk: d})
		}
		own := Of(&Attrs{Names: map[string]*Thunk{"name": Of(wholeText(name))}})
		nodes.Names[name] = ev.made("nixosSystem", modules, nil, own, ev.at(in.Names["meta"], "specialArgs"), ev.at(in.Names["meta"], "nodeSpecialArgs", name))
	}
	return &Attrs{Names: map[string]*Thunk{"nodes": Of(nodes)}, Open: true}
}

// Hive are the nodes of a hive that is written as the output `colmena`.
func (ev *Eval) Hive(v Value) *Attrs {
	nodes, _ := ev.at(Of(ev.hive(Of(v))), "nodes").Value(ev).(*Attrs)
	return nodes
}

// clanFiles are what clan reads of the folder machines/NAME by itself.
var clanFiles = []string{"configuration.nix", "hardware-configuration.nix", "disko.nix"}

// Clan is what clan-core makes of its settings: the machines that `machines`,
// the inventory and the folder machines/ name, each with the files of its
// folder. The modules of services are clan's own.
func (ev *Eval) Clan(v Value) *Attrs {
	dir := "."
	var parts []*Thunk
	ev.clanParts(Of(v), &parts, 0)
	machines := map[string]*Sequence{}
	more := &Sequence{Elems: []Elem{{Thunk: Of(External{"inputs.clan-core.nixosModules.clanCore"})}}}
	classes := map[string]string{}
	var special []*Thunk
	open := false
	add := func(names map[string]*Thunk, use func(name string, t *Thunk)) {
		for name, t := range names {
			if machines[name] == nil {
				machines[name] = &Sequence{}
			}
			use(name, t)
		}
	}
	for _, p := range parts {
		special = append(special, ev.at(p, "specialArgs"))
		if d, ok := AsPath(ev.at(p, "directory").Value(ev)); ok {
			dir = d
		}
		if ms, ok := ev.at(p, "machines").Value(ev).(*Attrs); ok {
			open = open || ms.Open
			add(ms.Names, func(name string, t *Thunk) { machines[name].Elems = append(machines[name].Elems, Elem{Thunk: t}) })
		}
		if ms, ok := ev.at(p, "inventory", "machines").Value(ev).(*Attrs); ok {
			open = open || ms.Open
			add(ms.Names, func(name string, t *Thunk) {
				if class, ok := AsString(ev.at(t, "machineClass").Value(ev)); ok {
					classes[name] = class
				}
			})
		}
		more.Elems = append(more.Elems, ev.extraModules(ev.at(p, "inventory", "instances"))...)
	}
	es, _ := ev.Tree.ReadDir(path.Join(dir, "machines"))
	for name := range es {
		if ev.Tree.Exists(path.Join(dir, "machines", name, clanFiles[0])) {
			add(map[string]*Thunk{name: nil}, func(string, *Thunk) {})
		}
	}
	made := map[string]*Attrs{"nixos": {Names: map[string]*Thunk{}, Open: open}, "darwin": {Names: map[string]*Thunk{}, Open: open}}
	for name, modules := range machines {
		for _, f := range clanFiles {
			if p := path.Join(dir, "machines", name, f); ev.Tree.Exists(p) {
				modules.Elems = append(modules.Elems, Elem{Thunk: Of(FilePath{Head: p, Whole: true})})
			}
		}
		modules.Elems = append(modules.Elems, more.Elems...)
		class := "nixos"
		if classes[name] == "darwin" {
			class = "darwin"
		}
		made[class].Names[name] = ev.made(class+"System", modules, nil, special...)
	}
	outs := map[string]*Thunk{"nixosConfigurations": Of(made["nixos"]), "darwinConfigurations": Of(made["darwin"])}
	config := &Attrs{Names: outs, Open: true}
	return &Attrs{Names: map[string]*Thunk{
		"config": Of(config), "nixosConfigurations": outs["nixosConfigurations"], "darwinConfigurations": outs["darwinConfigurations"],
	}, Open: true}
}

// extraModules are what the instances of clan's services add to the machines
// with a role, whichever those are.
func (ev *Eval) extraModules(instances *Thunk) []Elem {
	var out []Elem
	is, _ := instances.Value(ev).(*Attrs)
	if is == nil {
		return nil
	}
	for _, name := range is.keys() {
		roles, _ := ev.at(is.Names[name], "roles").Value(ev).(*Attrs)
		if roles == nil {
			continue
		}
		for _, r := range roles.keys() {
			for _, e := range ev.joined(ev.at(roles.Names[r], "extraModules")).Elems {
				out = append(out, Elem{e.Thunk, true})
			}
		}
	}
	return out
}

// clanParts are the settings of clan, with those that they import.
func (ev *Eval) clanParts(t *Thunk, out *[]*Thunk, depth int) {
	v := t.Value(ev)
	if p, ok := AsPath(v); ok {
		v = ev.Import(p)
	}
	if c, ok := v.(*Closure); ok {
		v = ev.Apply(c, Of(&Attrs{Open: true, Names: map[string]*Thunk{"lib": Of(ev.Lib())}}))
	}
	a, _ := v.(*Attrs)
	if a == nil || depth > 8 {
		return
	}
	*out = append(*out, Of(a))
	for _, e := range ev.joined(a.Names["imports"]).Elems {
		ev.clanParts(e.Thunk, out, depth+1)
	}
}
