package fleet

import "slices"

// settings are what fleet, role or host says of the keys they share; nil and
// empty mean not said.
type settings struct {
	kind                              string
	optIn, users, tags, files, binfmt []string
	modules                           []ModuleRef
	spec                              map[string]Value
	specialArgs, defaults             map[string]Value
	nixpkgs                           *nixpkgsSettings
	nix                               *nixSettings
	homebrew                          *Homebrew
	brewAutoUpdate, brewUpgrade       *bool
	touchID, rosetta                  *bool
	linuxBuilder                      *LinuxBuilder
	linuxBuilderOff                   bool
	home                              map[string]AccountHome
	services                          map[string]map[string]Value
	deploy, updates, sops             *node
}

type nixpkgsSettings struct {
	input                          string
	allowUnfree, allowBroken       *bool
	allowUnfreePackages, permitted []string
	config                         map[string]Value
	overlays                       []Overlay
	channels                       map[string]string
}

type nixSettings struct {
	enable                              *bool
	substituters, keys, users, features []string
	settings                            map[string]Value
	builders                            map[string]*node
}

// decodeSettings reads the shared keys of n. For the fleet itself nixpkgs, nix,
// updates and services stand in top, elsewhere top is n.
func (w *walker) decodeSettings(n, top *node) *settings {
	s := &settings{
		kind: n.text("kind"), optIn: n.list("optIn"), users: n.list("users"), tags: n.list("tags"),
		files: paths(n.list("files")), binfmt: n.list("binfmt"), modules: refs(n, "modules"),
		specialArgs: n.get("specialArgs").table(), defaults: n.get("defaults").table(),
		updates: top.get("updates"), touchID: n.flag("touchIdSudo"), rosetta: n.flag("rosetta"),
		deploy: n.get("deploy"), sops: top.get("sops"),
	}
	s.spec = w.decodeSpec(n.get("hostSpec"))
	s.nixpkgs = decodeNixpkgs(top.get("nixpkgs"))
	s.nix = decodeNix(top.get("nix"))
	s.decodeHomebrew(n.get("homebrew"))
	s.decodeLinuxBuilder(n.get("linuxBuilder"))
	for _, u := range n.entries("home") {
		if s.home == nil {
			s.home = map[string]AccountHome{}
		}
		s.home[u.name] = AccountHome{OptIn: u.list("optIn"), Modules: refs(u, "modules"), Files: paths(u.list("files")), sops: u.get("sops")}
	}
	for _, k := range top.entries("services") {
		if s.services == nil {
			s.services = map[string]map[string]Value{}
		}
		s.services[k.name] = k.table()
	}
	return s
}

// paths cleans checked paths of the tree.
func paths(ss []string) []string {
	for i, s := range ss {
		p, _ := treePath(s)
		ss[i] = string(p)
	}
	return ss
}

func refs(n *node, name string) []ModuleRef {
	var out []ModuleRef
	for _, k := range n.get(name).strings() {
		out = append(out, refOf(k))
	}
	return out
}

// refOf reads a checked reference.
func refOf(k *node) ModuleRef {
	s := k.str
	if len(s) > 7 && s[:7] == "inputs." {
		s = s[7:]
	}
	ref, _ := parseRef(s)
	ref.Key, ref.Span = k.path(), k.at
	return ref
}

func (w *walker) decodeSpec(n *node) map[string]Value {
	if !n.is(tableNode) {
		return nil
	}
	out := make(map[string]Value, len(n.kids))
	for _, k := range n.kids {
		if f := find(w.fields, k.name, fieldKey); f != nil && !f.Derived && !k.bad {
			out[k.name] = w.typed(k, f.Type)
		}
	}
	return out
}

func decodeNixpkgs(n *node) *nixpkgsSettings {
	if !n.is(tableNode) {
		return nil
	}
	s := &nixpkgsSettings{
		input: n.text("input"), allowUnfree: n.flag("allowUnfree"), allowBroken: n.flag("allowBroken"),
		allowUnfreePackages: n.list("allowUnfreePackages"), permitted: n.list("permittedInsecurePackages"),
		config: n.get("config").table(), channels: map[string]string{},
	}
	for _, k := range n.get("overlays").strings() {
		if p, wrong := treePath(k.str); wrong == "" && k.str[0] == '.' {
			s.overlays = append(s.overlays, Overlay{File: string(p)})
			continue
		}
		ref := refOf(k)
		s.overlays = append(s.overlays, Overlay{Ref: &ref})
	}
	for _, k := range n.entries("channels") {
		s.channels[k.name] = k.str
	}
	return s
}

func decodeNix(n *node) *nixSettings {
	if !n.is(tableNode) {
		return nil
	}
	s := &nixSettings{
		enable: n.flag("enable"), substituters: n.list("substituters"), keys: n.list("trustedPublicKeys"),
		users: n.list("trustedUsers"), features: n.list("experimentalFeatures"),
		settings: n.get("settings").table(), builders: map[string]*node{},
	}
	for _, k := range n.entries("builders") {
		s.builders[k.name] = k
	}
	return s
}

func (s *settings) decodeHomebrew(n *node) {
	if !n.is(tableNode) {
		return
	}
	s.homebrew = &Homebrew{Taps: brewItems(n.get("taps")), Brews: brewItems(n.get("brews")), Casks: brewItems(n.get("casks")), Cleanup: n.text("cleanup")}
	s.brewAutoUpdate, s.brewUpgrade = n.flag("autoUpdate"), n.flag("upgrade")
	for _, k := range n.entries("masApps") {
		if s.homebrew.MasApps == nil {
			s.homebrew.MasApps = map[string]int64{}
		}
		s.homebrew.MasApps[k.name] = k.num
	}
}

func brewItems(n *node) []HomebrewItem {
	if !n.is(listNode) {
		return nil
	}
	var out []HomebrewItem
	for _, k := range n.kids {
		switch {
		case k.is(stringNode):
			out = append(out, HomebrewItem{Name: k.str})
		case k.is(tableNode):
			opts := k.table()
			delete(opts, "name")
			out = append(out, HomebrewItem{Name: k.text("name"), Options: opts})
		}
	}
	return out
}

func (s *settings) decodeLinuxBuilder(n *node) {
	switch {
	case n.is(boolNode):
		s.linuxBuilderOff = n.num == 0
		if !s.linuxBuilderOff {
			s.linuxBuilder = &LinuxBuilder{}
		}
	case n.is(tableNode):
		s.linuxBuilder = &LinuxBuilder{Ephemeral: n.on("ephemeral"), MaxJobs: n.integer("maxJobs"), Systems: n.list("systems")}
	}
}

// over lays s over what weaker levels said; s and base stay as they are.
func (s *settings) over(base *settings) *settings {
	if base == nil {
		return s
	}
	out := &settings{
		kind: later(base.kind, s.kind), optIn: union(base.optIn, s.optIn), users: union(base.users, s.users),
		tags: union(base.tags, s.tags), files: union(base.files, s.files), binfmt: union(base.binfmt, s.binfmt),
		modules: unionBy(base.modules, s.modules, ModuleRef.String),
		spec:    mergeShallow(base.spec, s.spec), specialArgs: mergeDeep(base.specialArgs, s.specialArgs),
		defaults: mergeDeep(base.defaults, s.defaults),
		touchID:  laterFlag(base.touchID, s.touchID), rosetta: laterFlag(base.rosetta, s.rosetta),
		nixpkgs: s.nixpkgs.over(base.nixpkgs), nix: s.nix.over(base.nix),
		brewAutoUpdate: laterFlag(base.brewAutoUpdate, s.brewAutoUpdate), brewUpgrade: laterFlag(base.brewUpgrade, s.brewUpgrade),
		homebrew: mergeBrew(base.homebrew, s.homebrew), linuxBuilder: base.linuxBuilder, linuxBuilderOff: base.linuxBuilderOff,
		home: mergeHome(base.home, s.home), services: mergeServices(base.services, s.services), deploy: base.deploy,
	}
	if s.linuxBuilder != nil || s.linuxBuilderOff {
		out.linuxBuilder, out.linuxBuilderOff = s.linuxBuilder, s.linuxBuilderOff
	}
	if s.deploy.is(tableNode) {
		out.deploy = mergeNodes(base.deploy, s.deploy)
	}
	out.updates, out.sops = overNode(base.updates, s.updates), overNode(base.sops, s.sops)
	return out
}

func (s *nixpkgsSettings) over(base *nixpkgsSettings) *nixpkgsSettings {
	switch {
	case base == nil:
		return s
	case s == nil:
		return base
	}
	return &nixpkgsSettings{
		input: later(base.input, s.input), allowUnfree: laterFlag(base.allowUnfree, s.allowUnfree),
		allowBroken: laterFlag(base.allowBroken, s.allowBroken), allowUnfreePackages: union(base.allowUnfreePackages, s.allowUnfreePackages),
		permitted: union(base.permitted, s.permitted), config: mergeDeep(base.config, s.config),
		overlays: unionBy(base.overlays, s.overlays, Overlay.String), channels: mergeShallow(base.channels, s.channels),
	}
}

func (s *nixSettings) over(base *nixSettings) *nixSettings {
	switch {
	case base == nil:
		return s
	case s == nil:
		return base
	}
	return &nixSettings{
		enable: laterFlag(base.enable, s.enable), substituters: union(base.substituters, s.substituters),
		keys: union(base.keys, s.keys), users: union(base.users, s.users), features: union(base.features, s.features),
		settings: mergeDeep(base.settings, s.settings), builders: mergeShallow(base.builders, s.builders),
	}
}

func mergeBrew(a, b *Homebrew) *Homebrew {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &Homebrew{
		Taps: mergeItems(a.Taps, b.Taps), Brews: mergeItems(a.Brews, b.Brews), Casks: mergeItems(a.Casks, b.Casks),
		MasApps: mergeShallow(a.MasApps, b.MasApps), Cleanup: later(a.Cleanup, b.Cleanup),
	}
}

// mergeItems appends what is new; what is there takes the later options.
func mergeItems(a, b []HomebrewItem) []HomebrewItem {
	out := slices.Clone(a)
	for _, x := range b {
		i := slices.IndexFunc(out, func(y HomebrewItem) bool { return y.Name == x.Name })
		switch {
		case i < 0:
			out = append(out, x)
		case x.Options != nil:
			out[i].Options = mergeShallow(out[i].Options, x.Options)
		}
	}
	return out
}

func mergeHome(a, b map[string]AccountHome) map[string]AccountHome {
	if len(a) == 0 {
		return b
	}
	out := make(map[string]AccountHome, len(a)+len(b))
	for u, h := range a {
		out[u] = h
	}
	for u, h := range b {
		out[u] = out[u].plus(h)
	}
	return out
}

func (h AccountHome) plus(b AccountHome) AccountHome {
	return AccountHome{StateVersion: h.StateVersion, OptIn: union(h.OptIn, b.OptIn),
		Modules: unionBy(h.Modules, b.Modules, ModuleRef.String), Files: union(h.Files, b.Files), sops: overNode(h.sops, b.sops)}
}

func mergeServices(a, b map[string]map[string]Value) map[string]map[string]Value {
	if len(a) == 0 {
		return b
	}
	out := make(map[string]map[string]Value, len(a)+len(b))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		out[k] = mergeDeep(out[k], v)
	}
	return out
}

// mergeNodes lays one table over another: tables key by key at every depth,
// lists one after the other, of other values the later.
func mergeNodes(a, b *node) *node {
	if !a.is(tableNode) {
		return b
	}
	out := &node{kind: tableNode, name: b.name, key: b.key, at: b.at, parent: b.parent}
	for _, k := range b.kids {
		switch old := a.get(k.name); {
		case old.is(tableNode) && k.is(tableNode):
			k = mergeNodes(old, k)
		case old.is(listNode) && k.is(listNode):
			both := *k
			both.kids = unionBy(old.kids, k.kids, func(n *node) string { return showValue(n.value()) })
			k = &both
		}
		out.kids = append(out.kids, k)
	}
	for _, k := range a.kids {
		if out.get(k.name) == nil {
			out.kids = append(out.kids, k)
		}
	}
	return out
}

func later(a, b string) string {
	if b != "" {
		return b
	}
	return a
}

func laterFlag(a, b *bool) *bool {
	if b != nil {
		return b
	}
	return a
}

// union appends what is new, keeping the first place of each.
func union(a, b []string) []string { return unionBy(a, b, func(s string) string { return s }) }

func unionBy[T any](a, b []T, id func(T) string) []T {
	if len(a)+len(b) < 2 {
		return append(slices.Clip(a), b...)
	}
	seen := make(map[string]bool, len(a)+len(b))
	out := make([]T, 0, len(a)+len(b))
	for _, l := range [][]T{a, b} {
		for _, x := range l {
			if k := id(x); !seen[k] {
				seen[k] = true
				out = append(out, x)
			}
		}
	}
	return out
}

func mergeShallow[V any](a, b map[string]V) map[string]V {
	if len(a) == 0 {
		return b
	}
	out := make(map[string]V, len(a)+len(b))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		out[k] = v
	}
	return out
}

// mergeDeep merges tables at every depth; other values of b replace those of a.
func mergeDeep(a, b map[string]Value) map[string]Value {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	out := make(map[string]Value, len(a)+len(b))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		at, ok1 := out[k].(map[string]any)
		bt, ok2 := v.(map[string]any)
		if ok1 && ok2 {
			v = mergeDeep(at, bt)
		}
		out[k] = v
	}
	return out
}
