package lint

import (
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/outline"
)

// Class is the module system that a module is evaluated in.
type Class string

// The three classes.
const (
	NixOS  Class = fleet.NixOS
	Darwin Class = fleet.Darwin
	Home   Class = fleet.Home
	// FlakeParts modules make the flake itself; they hold the others as values.
	FlakeParts Class = "flake"
)

// Host is one machine and everything that its configuration reads.
type Host struct {
	Name, System, Platform string
	Work                   *Workspace
	// Spec is what hosts.toml says of it.
	Spec *fleet.Host
	Eval *outline.Eval
	// Modules are what it reads, in the order in which they were reached: the
	// system's first, then each user's home.
	Modules []*Module
	// Gaps are imports that could not be resolved, Missing those that lead to
	// no file, Foreign the modules from outside of the tree.
	Gaps    []Gap
	Missing []Missing
	Foreign []External
	// Unwired hosts begin at their own file: how the flake builds them could not
	// be followed, and it may give them any module of the tree.
	Unwired bool
	// Edges are the imports between files of the tree that were followed.
	Edges []Edge
	// Doubled are files that are read twice: as a path and as a value.
	Doubled []Doubled

	// Output is the attribute under which flake.nix makes it, where it was found
	// by that; owner is whose home it is.
	Output, owner string
	// File and At are where the flake says so.
	File string
	At   diag.Span
	// built are the arguments of the call that makes it.
	built *outline.Attrs
	// apart are the users whose home the flake builds on its own, too.
	apart map[string]bool
	// partly tells whether the flake is made of flake-parts modules, once known.
	partly *bool

	special map[Class]*outline.Attrs
	// closed says for a class that special names every special argument.
	closed  map[Class]bool
	system  *Options
	homes   map[string]*Options
	byKey   map[string]*Module
	argsOf  map[string]cachedArgs
	spec    outline.Value
	pending []edge
	self    *outline.Attrs
}

// Module is one module as one host reads it.
type Module struct {
	Host  *Host
	Class Class
	// User is whose home it belongs to, for the class Home.
	User string
	// Path is its file; several modules may lie in one file.
	Path string
	Out  *outline.Module
	In   *outline.Instance
	// Reach is True or Maybe.
	Reach outline.Truth
	// Parent imports it, at At of the file From; nil for where a host begins.
	Parent *Module
	From   string
	At     diag.Span
	// Value is set for a module that is no file of its own; Inside for one
	// whose names stand in a module of another class, with that one's config.
	Value, Inside bool
	// again: a value that was followed before, less surely.
	again bool

	truths map[*outline.Guard]outline.Truth
}

// Gap is a place where following the imports ends.
type Gap struct {
	File string
	At   diag.Span
	Why  string
	// Near is the folder that an unresolved path surely lies in, "" if none.
	Near string
}

// Missing is an import of a path that does not exist.
type Missing struct {
	Edge edge
	Path string
	// Actual is the same path in another case, where it exists.
	Actual string
}

// External is a module from outside of the tree.
type External struct {
	Class Class
	Path  string
	File  string
	At    diag.Span
	Reach outline.Truth
}

// Edge is one import of a file by another.
type Edge struct {
	From, To string
	Class    Class
	User     string
	At       diag.Span
	Reach    outline.Truth
	Parent   *Module
}

// Doubled is a file that is read once as a path and once as a value.
type Doubled struct {
	Path  string
	Class Class
	User  string
	File  string
	At    diag.Span
	Reach outline.Truth
}

// edge is one import that is yet to be followed.
type edge struct {
	class  Class
	user   string
	value  outline.Value
	thunk  *outline.Thunk
	truth  outline.Truth
	parent *Module
	file   string
	at     diag.Span
	// again: it was followed before, less surely.
	again bool
}

// Where the import stands, how surely it is followed, and by which module.
func (m Missing) Where() (file string, at diag.Span, reach outline.Truth, from *Module) {
	return m.Edge.file, m.Edge.at, m.Edge.truth, m.Edge.parent
}

// Truth of guards, all together.
func (m *Module) Truth(gs []*outline.Guard) outline.Truth {
	t := outline.True
	for _, g := range gs {
		t = t.And(m.guard(g))
		if t == outline.False {
			break
		}
	}
	return t
}

// Holds is the truth of one guard.
func (m *Module) Holds(g *outline.Guard) outline.Truth { return m.guard(g) }

func (m *Module) guard(g *outline.Guard) outline.Truth {
	if g.Cond == nil {
		return outline.Maybe
	}
	if t, ok := m.truths[g]; ok {
		return t
	}
	t := outline.TruthOf(m.In.Value(g.Cond, g.Scope))
	if g.Not {
		t = t.Not()
	}
	if m.truths == nil {
		m.truths = map[*outline.Guard]outline.Truth{}
	}
	m.truths[g] = t
	return t
}

// Name of a definition on this host; false when it is not known.
func (m *Module) Name(d *outline.Def) (string, bool) {
	if d.Name.X == nil {
		return d.Name.Text, true
	}
	if _, bad := d.Name.X.(*outline.Bad); bad {
		return "", false
	}
	return outline.AsString(m.In.Value(d.Name.X, d.Scope))
}

// FileOf is the file that a scope of the module was written in: another one
// than its own where a function of a library makes a part of it, its own where
// what is there was computed.
func (m *Module) FileOf(s *outline.Scope) string {
	if f := s.File(); f != nil {
		return f.Path
	}
	return m.Path
}

// Chain lists the files from the host to the module, outermost first.
func (m *Module) Chain() []string {
	var out []string
	for at := m; at != nil; at = at.Parent {
		if n := len(out); at.Path != "" && (n == 0 || out[n-1] != at.Path) {
			out = append(out, at.Path)
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return append([]string{"host " + m.Host.Name}, out...)
}

// Apart reports that the flake builds a user's home on its own: what the system
// gives him is another one, of which some is the same.
func (h *Host) Apart(user string) bool { return h.apart[user] }

// newHost prepares a host; follow fills it.
func newHost(w *Workspace, name, system, platform string, spec *fleet.Host) *Host {
	h := &Host{
		Name: name, System: system, Platform: platform, Work: w, Spec: spec,
		special: map[Class]*outline.Attrs{}, closed: map[Class]bool{},
		homes: map[string]*Options{}, byKey: map[string]*Module{}, argsOf: map[string]cachedArgs{},
	}
	h.Eval = outline.NewEval(w, &w.common, h.fact)
	if w.Flake != nil {
		h.self = w.Flake.self(h.Eval, h.ownOutput)
	}
	return h
}

// fact answers the evaluator's questions about things outside.
func (h *Host) fact(path string) outline.Value {
	head, rest, _ := strings.Cut(path, ".")
	switch head {
	case "pkgs", "stdenv", "hostPlatform":
		return h.packageFact(path)
	case "config":
		if p, ok := strings.CutPrefix(rest, "nixpkgs."); ok {
			return h.packageFact(p)
		}
		return h.configFact(h.system, rest)
	case "osConfig", "nixosConfig", "darwinConfig":
		return h.configFact(h.system, rest)
	case "inputs":
		if in, tail, _ := strings.Cut(rest, "."); strings.Contains(in, "nixpkgs") && isLib(tail) {
			return h.Eval.Lib()
		}
		if rest == "self" && h.self != nil {
			return h.self
		}
	}
	if head == partsConfig {
		return h.partFact(rest)
	}
	if user, ok := strings.CutPrefix(head, homeConfig); ok {
		return h.configFact(h.homes[user], rest)
	}
	return nil
}

// isLib: lib of nixpkgs, or of its packages for a system.
func isLib(output string) bool {
	of, ok := strings.CutPrefix(output, "legacyPackages.")
	return output == "lib" || ok && strings.HasSuffix(of, ".lib") && strings.Count(of, ".") == 1
}

// homeConfig begins the name under which a home's own config goes.
const homeConfig = "config of "

// packageFact answers every spelling of the host's platform.
func (h *Host) packageFact(path string) outline.Value {
	path = strings.TrimPrefix(path, "pkgs.")
	if path == "lib" {
		return h.Eval.Lib()
	}
	if h.System == "" {
		return nil
	}
	path = strings.TrimPrefix(path, "stdenv.")
	for _, p := range []string{"hostPlatform.", "targetPlatform.", "buildPlatform."} {
		path = strings.TrimPrefix(path, p)
	}
	arch, kernel, _ := strings.Cut(h.System, "-")
	switch path {
	case "system":
		return outline.FromGo(h.System)
	case "isDarwin", "isMacOS":
		return outline.Bool(kernel == "darwin")
	case "isLinux":
		return outline.Bool(kernel == "linux")
	case "isAarch64":
		return outline.Bool(arch == "aarch64")
	case "isx86_64":
		return outline.Bool(arch == "x86_64")
	case "isi686", "isAarch32", "isWindows", "isCygwin", "isFreeBSD", "isWasi":
		if arch == "aarch64" || arch == "x86_64" {
			return outline.Bool(false)
		}
	case "isUnix", "is64bit":
		if arch == "aarch64" || arch == "x86_64" {
			return outline.Bool(true)
		}
	case "parsed.kernel.name":
		return outline.FromGo(kernel)
	case "parsed.cpu.name", "uname.processor":
		return outline.FromGo(arch)
	}
	return nil
}

// specValue is hostSpec as a specialArg; nil without hosts.toml.
func (h *Host) specValue() outline.Value {
	if h.spec != nil || h.Spec == nil || h.Work.Fleet == nil {
		return h.spec
	}
	a := map[string]any{}
	for _, v := range h.Work.Fleet.SpecValues(h.Spec) {
		a[v.Field.Name] = goValue(v.Value)
	}
	h.spec = outline.FromGo(a)
	return h.spec
}

// goValue drops what is special to hosts.toml.
func goValue(v fleet.Value) any {
	switch v := v.(type) {
	case fleet.Path:
		return string(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = goValue(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = goValue(e)
		}
		return out
	}
	return v
}

// argValue is a value of [layout.args] or specialArgs: paths stay paths.
func argValue(v fleet.Value) outline.Value {
	if p, ok := v.(fleet.Path); ok {
		return outline.FilePath{Head: string(p), Whole: true}
	}
	return outline.FromGo(goValue(v))
}

// args are what modules of a class are called with. Names that nobody told us
// about are external.
func (h *Host) args(class Class, user string) *outline.Attrs {
	special := h.special[class]
	known := map[string]outline.Value{}
	key := string(class) + " " + user
	if a, ok := h.argsOf[key]; ok && a.special == special {
		return a.args
	}
	args := &outline.Attrs{Open: true, Look: func(name string) outline.Value {
		if v, ok := known[name]; ok {
			return v
		}
		v := h.arg(class, user, special, name)
		known[name] = v
		return v
	}}
	h.argsOf[key] = cachedArgs{special, args}
	return args
}

// cachedArgs are the arguments of a class, made anew when its special ones
// become known.
type cachedArgs struct{ special, args *outline.Attrs }

// arg is one argument, by the first who has it: the module system, the special
// arguments, [layout.args], nixgen's own wiring, what is known of the host.
func (h *Host) arg(class Class, user string, special *outline.Attrs, name string) outline.Value {
	if v := moduleArg(class, user, name); v != nil {
		return v
	}
	if v := h.specialArg(special, name); v != nil {
		return v
	}
	if v, ok := h.layoutArg(name); ok {
		return v
	}
	switch name {
	case "lib":
		return h.Eval.Lib()
	case "hostSpec":
		if !h.manual() {
			return h.specValue()
		}
	case "inputs":
		return inputs(h.self)
	case "self", "outputs":
		if h.self != nil {
			return h.self
		}
	}
	if v := h.fact(name); v != nil {
		return v
	}
	return outline.External{Path: name}
}

// moduleArg is what the module system itself passes, or nil.
func moduleArg(class Class, user, name string) outline.Value {
	switch name {
	case "config":
		if class == FlakeParts {
			return outline.External{Path: partsConfig}
		}
		if class == Home && user != "" {
			return outline.External{Path: homeConfig + user}
		}
		return outline.External{Path: "config"}
	case "options", "modulesPath":
		return outline.External{Path: name}
	case "withSystem":
		if class == FlakeParts {
			return withSystem
		}
	}
	return nil
}

// specialArg is what the flake passes as specialArgs, nil where it does not or
// where that is not known.
func (h *Host) specialArg(special *outline.Attrs, name string) outline.Value {
	if special == nil {
		return nil
	}
	v := special.Get(h.Eval, name)
	if v == nil {
		return nil
	}
	_, open := v.(*outline.Unknown)
	if open && name == "lib" {
		return h.Eval.Lib() // whoever passes a lib of his own puts functions on top of it
	}
	if open && special.Names[name] == nil {
		return nil
	}
	return v
}

// withSystem of flake-parts calls a function with what perSystem modules get.
var withSystem = &outline.Builtin{Name: "withSystem", Arity: 2, Run: func(ev *outline.Eval, a []*outline.Thunk) outline.Value {
	args := &outline.Attrs{Open: true, Names: map[string]*outline.Thunk{"system": a[0]}}
	if s, ok := outline.AsString(a[0].Force(ev)); ok {
		args.Names["pkgs"] = outline.Of(outline.External{Path: "inputs.nixpkgs.legacyPackages." + s})
	}
	return ev.Apply(a[1].Force(ev), outline.Of(args))
}}

func (h *Host) layoutArg(name string) (outline.Value, bool) {
	if h.Spec != nil {
		if v, ok := h.Spec.SpecialArgs[name]; ok {
			return argValue(v), true
		}
	}
	if h.Work.Fleet != nil {
		if v, ok := h.Work.Fleet.Layout.Args[name]; ok {
			return argValue(v), true
		}
	}
	return nil, false
}

func (h *Host) manual() bool {
	return h.Work.Fleet != nil && h.Work.Fleet.Layout.Wiring == "manual"
}
