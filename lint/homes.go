package lint

import (
	"nixgen/layout"
	"nixgen/outline"
	"slices"
	"strings"
)

// beginAccounts starts the homes that hosts.toml gives its users.
func (h *Host) beginAccounts() {
	if h.Spec == nil || h.Work.Inventory == nil {
		return
	}
	for _, a := range h.Spec.Users {
		if a.HomeManager == nil {
			continue
		}
		for _, t := range h.Work.Inventory.Topics(layout.Common, a.Name) {
			h.topic(Home, a.Name, t)
		}
		for _, name := range a.HomeManager.OptIn {
			if t, ok := h.Work.Inventory.Topic(layout.OptIn, a.Name, name); ok {
				h.topic(Home, a.Name, t)
			}
		}
		h.hostFiles(Home, a.Name)
		h.files(Home, a.Name, a.HomeManager.Files)
	}
}

// homeFile starts a home-manager machine at its file in its person's folder.
func (h *Host) homeFile() {
	if h.Spec == nil || len(h.Spec.Users) == 0 {
		return
	}
	user := h.Spec.Users[0].Name
	h.hostFiles(Home, user)
	for _, dir := range h.Work.Fleet.Layout.Home {
		dir = strings.ReplaceAll(dir, "{user}", user)
		for _, p := range []string{dir + "/" + h.Name + ".nix", dir + "/" + h.Name + "/default.nix"} {
			if h.Work.Source(p) != nil {
				h.file(Home, user, p)
			}
		}
	}
}

// beginOwnHome starts a home that flake.nix builds apart from the system, as
// user@host.
func (h *Host) beginOwnHome() {
	if !h.manual() || h.self == nil {
		return
	}
	name := h.flakeName(Home)
	if user, _, ok := strings.Cut(name, "@"); ok && user != "" {
		if args := h.machine(Home, name); args != nil {
			h.beginFlake(Home, args)
		}
	}
}

// beginHomes finds the homes that the system defines and starts them, with
// those of hosts.toml.
func (h *Host) beginHomes() {
	if !h.manual() {
		h.beginAccounts()
	}
	h.homeArgs()
	users := h.accountNames()
	shared := h.definitions([]string{"home-manager", "sharedModules"})
	for _, m := range h.of(Class(h.Platform), "") {
		for _, d := range m.Out.Defs {
			h.homesIn(m, d, outline.True, nil, &users)
		}
	}
	for _, s := range shared {
		for _, u := range users {
			t := s.Module.Truth(s.Guards).And(s.Module.Reach)
			h.listed(Home, u, s.Module, s.Module.In.Thunk(s.Leaf.X, s.Leaf.Scope), t)
		}
	}
}

func (h *Host) accountNames() []string {
	var out []string
	if h.Spec != nil && !h.manual() {
		for _, a := range h.Spec.Users {
			if a.HomeManager != nil {
				out = append(out, a.Name)
			}
		}
	}
	return out
}

// homeArgs gathers home-manager.extraSpecialArgs.
func (h *Host) homeArgs() {
	if h.special[Home] != nil {
		return
	}
	a := &outline.Attrs{Names: map[string]*outline.Thunk{}}
	h.closed[Home] = true
	path := []string{"home-manager", "extraSpecialArgs"}
	for _, m := range h.of(Class(h.Platform), "") {
		for _, d := range m.Out.Defs {
			h.homeArg(m, d, path, a)
		}
	}
	if !h.manual() {
		if s := h.specValue(); s != nil {
			a.Names["hostSpec"] = outline.Of(s)
		}
	}
	h.special[Home] = a
}

func (h *Host) homeArg(m *Module, d *outline.Def, path []string, into *outline.Attrs) {
	if name, ok := m.Name(d); !ok || name != path[0] || m.Truth(d.Guards) == outline.False {
		return
	}
	if len(path) > 1 {
		for _, k := range d.Kids {
			h.homeArg(m, k, path[1:], into)
		}
		return
	}
	for _, k := range d.Kids {
		name, ok := m.Name(k)
		if !ok {
			h.closed[Home] = false
			continue
		}
		for _, l := range k.Leaves {
			into.Names[name] = m.In.Thunk(l.X, l.Scope)
		}
		if len(k.Leaves) == 0 {
			into.Names[name] = outline.Of(outline.External{Path: name})
		}
	}
	for _, l := range d.Leaves {
		a, ok := m.In.Value(l.X, l.Scope).(*outline.Attrs)
		if !ok || a.Open {
			h.closed[Home] = false
		}
		if ok {
			for k, t := range a.Names {
				into.Names[k] = t
			}
		}
	}
}

// definitions of one option in the system, without dynamic names.
func (h *Host) definitions(path []string) []DefinedAt {
	var out []DefinedAt
	for _, m := range h.of(Class(h.Platform), "") {
		for _, d := range m.Out.Defs {
			out = find(out, m, d, path, nil)
		}
	}
	return out
}

func find(out []DefinedAt, m *Module, d *outline.Def, path []string, gs []*outline.Guard) []DefinedAt {
	if d.Name.X != nil || d.Name.Text != path[0] {
		return out
	}
	gs = append(gs[:len(gs):len(gs)], d.Guards...)
	if len(path) > 1 {
		for _, k := range d.Kids {
			out = find(out, m, k, path[1:], gs)
		}
		return out
	}
	for _, l := range d.Leaves {
		out = append(out, DefinedAt{m, d, l, append(gs[:len(gs):len(gs)], l.Guards...)})
	}
	return out
}

// homesIn starts every home-manager.users.NAME below a definition.
func (h *Host) homesIn(m *Module, d *outline.Def, t outline.Truth, path []string, users *[]string) {
	name, ok := m.Name(d)
	path = append(path[:len(path):len(path)], name)
	switch {
	case len(path) == 1 && name != "home-manager", len(path) == 2 && name != "users":
		return
	}
	t = t.And(m.Truth(d.Guards)).And(m.Reach)
	if t == outline.False {
		return
	}
	if len(path) < 3 {
		named := len(path) == 2 && h.homesMade(m, d, t, users)
		for _, k := range d.Kids {
			if _, ok := m.Name(k); ok || !named {
				h.homesIn(m, k, t, path, users)
			}
		}
		for _, l := range d.Leaves {
			h.homesOf(m, l, t.And(m.Truth(l.Guards)), len(path), users)
		}
		return
	}
	if !ok {
		h.gap(edge{file: m.FileOf(d.Scope), at: d.Name.At}, "the name of the home is not known", "")
		name = someUser
		t = t.And(outline.Maybe)
	}
	h.startHome(m, d, name, t, users)
}

// homesMade reads `home-manager.users = genAttrs names (name: …)` and its like,
// and reports that it found all of them.
func (h *Host) homesMade(m *Module, d *outline.Def, t outline.Truth, users *[]string) bool {
	if !computed(d) {
		return false
	}
	all := true
	for _, l := range d.Sets {
		if !isSet(l.X) {
			all = h.homesOf(m, l, t.And(m.Truth(l.Guards)), 2, users) && all
		}
	}
	return all
}

// homesOf reads `home-manager.users = f …`, and reports that it has all names.
func (h *Host) homesOf(m *Module, l outline.Leaf, t outline.Truth, depth int, users *[]string) bool {
	a, ok := m.In.Value(l.X, l.Scope).(*outline.Attrs)
	if !ok || t == outline.False || depth != 2 {
		return t == outline.False
	}
	for _, k := range a.Keys() {
		if !slices.Contains(*users, k) {
			*users = append(*users, k)
		}
		h.pending = append(h.pending, edge{
			class: Home, user: k, thunk: a.Names[k], truth: t, parent: m, file: m.FileOf(l.Scope), at: l.X.Span(),
		})
	}
	return !a.Open
}

func (h *Host) startHome(m *Module, d *outline.Def, user string, t outline.Truth, users *[]string) {
	if !slices.Contains(*users, user) {
		*users = append(*users, user)
	}
	file := m.FileOf(d.Scope)
	for _, l := range d.Leaves {
		h.pending = append(h.pending, edge{
			class: Home, user: user, thunk: m.In.Thunk(l.X, l.Scope), truth: t.And(m.Truth(l.Guards)),
			parent: m, file: file, at: l.X.Span(),
		})
	}
	if d.Set {
		h.inlineHome(m, d, user, t)
	}
}

// inlineHome is a home whose definitions stand inside of a system module: its
// names are a module of their own.
func (h *Host) inlineHome(m *Module, d *outline.Def, user string, t outline.Truth) {
	out := outline.Inside(d)
	e := edge{class: Home, user: user, truth: t, parent: m, file: m.FileOf(d.Scope), at: d.Name.At}
	sub := h.add(e, e.file, out, nil)
	sub.Value, sub.Inside = true, true
	// Its names are evaluated where they stand: in the system module.
	sub.In = m.In
	h.imports(sub, false)
}
