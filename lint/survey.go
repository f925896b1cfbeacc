package lint

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/outline"
)

// Survey is Tree.Survey of a tree in which nothing is tracked.
func Survey(fsys fs.FS) *Workspace { return Tree{FS: fsys}.Survey() }

// Survey reads a tree that has no hosts.toml yet, or whose hosts.toml does not
// count, and follows every machine that its flake.nix makes. Hosts of it have
// no Spec; a System that nothing tells is "".
func (t Tree) Survey() *Workspace {
	w, read := t.scan()
	read()
	w.Flake = readFlake(w)
	w.Fleet = &fleet.Fleet{Layout: fleet.Layout{Wiring: "manual"}}
	if w.Flake == nil || w.Flake.Outputs == nil {
		return w
	}
	probe := newHost(w, "", "", fleet.NixOS, nil)
	w.Hosts = probe.outputs()
	if len(w.Hosts) == 0 {
		probe.nothing()
	}
	w.Unread = probe.Gaps
	parallel(len(w.Hosts), func(i int) { w.Hosts[i] = w.Hosts[i].survey() })
	return w
}

// outputs are the machines of the flake, unread: systems first, and of the
// homes those that have no system of the same name. What is no machine or
// cannot be read is a gap of the probe.
func (h *Host) outputs() []*Host {
	var out []*Host
	for _, class := range []Class{NixOS, Darwin, Home} {
		names := h.outputNames(class)
		for _, name := range names {
			host, user := withoutDomain(name, names), ""
			if class == Home {
				if u, machine, ok := strings.Cut(name, "@"); ok {
					host, user = machine, u
				}
			}
			if i := slices.IndexFunc(out, func(o *Host) bool { return o.Name == host }); i >= 0 && class == Home {
				continue
			}
			o := newHost(h.Work, host, "", string(class), nil)
			o.Output, o.owner = name, user
			o.File, o.At = h.whereMade(class, name)
			out = append(out, o)
		}
	}
	slices.SortStableFunc(out, func(a, b *Host) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// withoutDomain is the first label of a name, where no other name has it: hosts
// are mostly called so themselves.
func withoutDomain(name string, all []string) string {
	label, _, dotted := strings.Cut(name, ".")
	if !dotted || slices.ContainsFunc(all, func(n string) bool { return n != name && (n == label || strings.HasPrefix(n, label+".")) }) {
		return name
	}
	return label
}

// nothing tells why there is not one host, where no output told.
func (h *Host) nothing() {
	if len(h.Gaps) > 0 {
		return
	}
	g := Gap{File: h.Work.Flake.Source.Path, At: h.Work.Flake.at("")}
	outs := h.self.Get(h.Eval, allOutputs)
	if u, ok := outs.(*outline.Unknown); ok {
		g.Why = "`outputs`: " + u.Why
		if u.File != "" {
			g.File, g.At = u.File, u.At
		}
		h.Gaps = append(h.Gaps, g)
		return
	}
	for _, f := range h.Foreign {
		if f.Class == FlakeParts {
			h.Gaps = append(h.Gaps, Gap{File: f.File, At: f.At, Why: "hosts that `" + f.Path + "` makes, if it makes any"})
		}
	}
	if len(h.Gaps) == 0 {
		g.Why = "`outputs` has no hosts that can be seen"
		h.Gaps = append(h.Gaps, g)
	}
}

// outputNames are the attributes of an output, and the hosts that flake-parts
// modules describe.
func (h *Host) outputNames(class Class) []string {
	var names []string
	add := func(n string) {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if all := h.made(class); all != nil {
		for _, k := range all.Keys() {
			add(k)
		}
		for _, l := range all.Loose {
			// A home of a user who is not known, on a machine that is.
			if strings.HasPrefix(l.Name.Tail, "@") && class == Home {
				add(l.Name.Tail)
			}
		}
	}
	for _, m := range h.of(FlakeParts, "") {
		for _, d := range m.Out.Defs {
			h.partHosts(m, d, nil, class, add)
		}
	}
	for _, n := range h.wired(class) {
		add(n)
	}
	if len(names) == 0 {
		if v := h.output(class); v != nil {
			if a, ok := v.(*outline.Attrs); ok && !a.Open {
				return nil
			}
			h.outputGap(class, v)
		}
	}
	slices.Sort(names)
	return names
}

// output is an output as it is; nil when there is none.
func (h *Host) output(class Class) outline.Value {
	if h.self == nil {
		return nil
	}
	if h.parts() {
		if a := h.partNamed(outputOf[class]); a != nil {
			h.Gaps = append(h.Gaps, a.gaps...)
		}
		return nil
	}
	outs, _ := h.self.Get(h.Eval, allOutputs).(*outline.Attrs)
	if outs == nil {
		return nil
	}
	if t := outs.Names[outputOf[class]]; t != nil {
		return t.Force(h.Eval)
	}
	return nil
}

// outputGap tells that an output could not be read through.
func (h *Host) outputGap(class Class, v outline.Value) {
	g := Gap{File: h.Work.Flake.Source.Path, At: h.Work.Flake.at(outputOf[class]), Why: "it is no set of hosts"}
	if u, ok := v.(*outline.Unknown); ok {
		g.Why = u.Why
		if u.File != "" {
			g.File, g.At = u.File, u.At
		}
	}
	g.Why = "`" + outputOf[class] + "`: " + g.Why
	h.Gaps = append(h.Gaps, g)
}

// at is where flake.nix defines an output, or else all of them.
func (f *Flake) at(output string) diag.Span {
	if set, ok := bodyOf(f.Outputs).(*outline.Set); ok {
		if e := set.Find(output); e != nil {
			return e.Name.At
		}
	}
	if e := f.root.Find("outputs"); e != nil {
		return e.Name.At
	}
	return diag.Span{}
}

// partHosts finds `….<class>….<host>.module` for every host.
func (h *Host) partHosts(m *Module, d *outline.Def, path []string, class Class, add func(string)) {
	name, ok := m.Name(d)
	if !ok || len(path) > 4 {
		return
	}
	if n := len(path); name == "module" && n > 1 && slices.ContainsFunc(path[:n-1], func(s string) bool { return classWord(s) == class }) {
		add(path[n-1])
		return
	}
	for _, k := range d.Kids {
		h.partHosts(m, k, append(path[:len(path):len(path)], name), class, add)
	}
}

// classWord is the class that a name in a path of options means.
func classWord(s string) Class {
	s = strings.ToLower(s)
	switch {
	case strings.Contains(s, "nixos"):
		return NixOS
	case strings.Contains(s, "darwin"):
		return Darwin
	case strings.Contains(s, "home"):
		return Home
	}
	return ""
}

// survey follows the host twice: what its modules say of its system decides
// which of them it reads.
func (h *Host) survey() *Host {
	h.begin()
	if len(h.of(Class(h.Platform), "")) == 0 && len(h.Users()) == 0 && h.built == nil {
		h.unmade()
	}
	system := h.ownSystem()
	if system == "" {
		return h
	}
	n := newHost(h.Work, h.Name, system, h.Platform, nil)
	n.Output, n.owner, n.File, n.At = h.Output, h.owner, h.File, h.At
	n.begin()
	return n
}

// whereMade is the value of a host's attribute in the text, or else the output.
func (h *Host) whereMade(class Class, name string) (string, diag.Span) {
	if all := h.made(class); all != nil {
		if t := all.Names[name]; t != nil {
			if file, at := t.Where(); file != "" {
				return file, at
			}
		}
	}
	return h.Work.Flake.Source.Path, h.Work.Flake.at(outputOf[class])
}

// unmade tells why nothing could be followed.
func (h *Host) unmade() {
	class := Class(h.Platform)
	g := Gap{File: h.File, At: h.At, Why: "it is made in a way that cannot be followed"}
	if all := h.made(class); all != nil && all.Names[h.Output] != nil {
		if u, ok := all.Names[h.Output].Force(h.Eval).(*outline.Unknown); ok {
			g.Why = u.Why
		}
	}
	g.Why = "`" + outputOf[class] + "." + h.Output + "`: " + g.Why
	h.Gaps = append(h.Gaps, g)
}

// ownSystem is what the flake or the host's modules say of its system: the
// packages that it is given, `nixpkgs.hostPlatform`, which the argument of
// nixosSystem gives way to, that argument, the only system that a flake of
// flake-parts has for the platform; "" when none does.
func (h *Host) ownSystem() string {
	for _, say := range []func() string{
		func() string { return h.builtFor("pkgs") },
		func() string { return h.definedSystem("hostPlatform") },
		func() string { return h.definedSystem("hostPlatform", "system") },
		func() string { return h.builtFor("system") },
		func() string { return h.definedSystem("system") },
		func() string { return h.definedSystem("pkgs") },
		h.onlySystem,
	} {
		if s := say(); s != "" {
			return s
		}
	}
	return ""
}

// builtFor is the system that an argument of the call that makes the host tells.
func (h *Host) builtFor(arg string) string {
	if h.built == nil {
		return ""
	}
	return systemOf(h.built.Names[arg].Value(h.Eval))
}

// definedSystem is the system that an option below `nixpkgs` tells.
func (h *Host) definedSystem(path ...string) string {
	for _, f := range h.Defined("", append([]string{"nixpkgs"}, path...)...) {
		if s := systemOf(f.Value); s != "" && f.Truth != outline.False {
			return s
		}
	}
	return ""
}

var systemRE = regexp.MustCompile(`^[a-z0-9_]+-[a-z]+$`)

// systemOf reads a value that names a system, whichever: a string, or packages
// for one.
func systemOf(v outline.Value) string {
	name := ""
	switch v := v.(type) {
	case outline.Text:
		if v.Whole {
			name = v.Head
		}
	case outline.External:
		_, name, _ = strings.Cut(v.Path, ".legacyPackages.")
	}
	if systemRE.MatchString(name) {
		return name
	}
	return ""
}

// onlySystem is the one system for the host's platform among those that a flake
// of flake-parts builds for.
func (h *Host) onlySystem() string {
	var all []string
	for _, m := range h.of(FlakeParts, "") {
		for _, d := range m.Out.Defs {
			if n, ok := m.Name(d); !ok || n != "systems" {
				continue
			}
			for _, l := range d.Leaves {
				if s, ok := stringList(h.Eval, m.In.Value(l.X, l.Scope)); ok {
					all = append(all, s...)
				}
			}
		}
	}
	one := ""
	for _, s := range all {
		if h.Platform == fleet.Home || (fleet.PlatformOf(s, "") == h.Platform) {
			if one != "" && one != s {
				return ""
			}
			one = s
		}
	}
	return one
}

// Found is one definition of an option, evaluated for a host.
type Found struct {
	// Path is the option's path with the names that stand for `*`.
	Path  []string
	Value outline.Value
	// Truth is whether it holds, given that its module is read.
	Truth outline.Truth
	// Priority is lib's number: 100, mkForce 50, mkDefault 1000.
	Priority int
	Module   *Module
	File     string
	At       diag.Span
}

// Strings are the known strings of a value that is a list.
func (f Found) Strings() []string {
	l, ok := f.Value.(*outline.Sequence)
	if !ok {
		return nil
	}
	var out []string
	for _, e := range l.Elems {
		if s, ok := outline.AsString(e.Force(f.Module.In.Eval)); ok && !e.Maybe {
			out = append(out, s)
		}
	}
	return out
}

// Defined finds the definitions of an option in the host's system, or with a
// user in his home. `*` in the path stands for every name; names that are not
// known are left out, and are gaps.
func (h *Host) Defined(user string, path ...string) []Found {
	class := Class(h.Platform)
	if user != "" {
		class = Home
	}
	var out []Found
	for _, m := range h.of(class, user) {
		for _, d := range m.Out.Defs {
			out = h.defined(out, m, d, nil, path, m.Reach)
		}
	}
	return out
}

func (h *Host) defined(out []Found, m *Module, d *outline.Def, before, path []string, t outline.Truth) []Found {
	name, ok := m.Name(d)
	if !ok && path[0] == "*" {
		h.gap(edge{file: m.FileOf(d.Scope), at: d.Name.At}, "the name below `"+strings.Join(before, ".")+"` is not known", "")
	}
	if !ok || path[0] != "*" && name != path[0] {
		return out
	}
	if t = t.And(m.Truth(d.Guards)); t == outline.False {
		return out
	}
	before = append(before[:len(before):len(before)], name)
	if len(path) > 1 {
		for _, k := range d.Kids {
			out = h.defined(out, m, k, before, path[1:], t)
		}
	}
	for _, l := range d.Leaves {
		if lt := t.And(m.Truth(l.Guards)); lt != outline.False {
			f := Found{before, nil, lt, l.Priority, m, m.FileOf(d.Scope), l.X.Span()}
			out = h.below(out, f, m.In.Thunk(l.X, l.Scope), path[1:])
		}
	}
	if len(path) == 1 && len(d.Leaves) == 0 && d.Set {
		out = append(out, Found{before, &outline.Attrs{Names: map[string]*outline.Thunk{}, Open: true}, t, 100, m, m.FileOf(d.Scope), d.Name.At})
	}
	return out
}

// below looks for the rest of a path in a value.
func (h *Host) below(out []Found, f Found, th *outline.Thunk, path []string) []Found {
	v := th.Force(h.Eval)
	if len(path) == 0 {
		f.Value = v
		return append(out, f)
	}
	a, ok := v.(*outline.Attrs)
	if !ok {
		return out
	}
	for _, k := range a.Keys() {
		if path[0] == "*" || path[0] == k {
			n := f
			n.Path = append(f.Path[:len(f.Path):len(f.Path)], k)
			out = h.below(out, n, a.Names[k], path[1:])
		}
	}
	return out
}
