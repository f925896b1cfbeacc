package lint

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/outline"
)

// maxModules bounds what one host can read.
const maxModules = 20_000

// begin finds where the host starts and follows everything from there.
func (h *Host) begin() {
	class := Class(h.Platform)
	if h.manual() {
		h.beginManual(class)
	} else {
		h.beginGenerated(class)
	}
	if class != Home {
		h.run()
		h.beginOwnHome()
		h.system = newOptions(h.of(class, ""))
		h.declares(h.system, class, "")
		h.beginHomes()
	}
	h.run()
	for _, u := range h.Users() {
		if h.homes[u] == nil {
			h.homes[u] = newOptions(h.of(Home, u))
		}
		h.declares(h.homes[u], Home, u)
	}
}

// of lists the modules of a class, and for homes of one user.
func (h *Host) of(class Class, user string) []*Module {
	var out []*Module
	for _, m := range h.Modules {
		if m.Class == class && m.User == user {
			out = append(out, m)
		}
	}
	return out
}

// Users are those whose homes were reached, sorted.
func (h *Host) Users() []string {
	var out []string
	for _, m := range h.Modules {
		if m.Class == Home && !slices.Contains(out, m.User) {
			out = append(out, m.User)
		}
	}
	slices.Sort(out)
	return out
}

// Options that the closure of a module declares itself.
func (h *Host) Options(m *Module) *Options {
	if m.Class == Home {
		return h.homes[m.User]
	}
	return h.system
}

// SystemOptions are what the system's closure declares; nil on a home host.
func (h *Host) SystemOptions() *Options { return h.system }

// declares adds the options that renaming functions made.
func (h *Host) declares(o *Options, class Class, user string) {
	for _, m := range h.of(class, user) {
		for i := range m.Out.Imports {
			h.declaring(o, m, m.Out.Imports[i])
		}
	}
}

func (h *Host) declaring(o *Options, m *Module, p outline.Piece) {
	s, ok := m.In.Value(p.X, p.Scope).(*outline.Sequence)
	if !ok {
		return
	}
	for _, e := range s.Elems {
		a, ok := e.Force(h.Eval).(*outline.Attrs)
		if !ok || a.Names[outline.Declares] == nil {
			continue
		}
		if p, ok := stringList(h.Eval, a.Names[outline.Declares].Force(h.Eval)); ok {
			o.declarePath(m, p)
		}
	}
}

func stringList(ev *outline.Eval, v outline.Value) ([]string, bool) {
	l, ok := v.(*outline.Sequence)
	if !ok || l.Open {
		return nil, false
	}
	var out []string
	for _, e := range l.Elems {
		s, ok := outline.AsString(e.Force(ev))
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// file queues a file that is read for sure.
func (h *Host) file(class Class, user, p string) {
	h.pending = append(h.pending, edge{
		class: class, user: user, truth: outline.True, value: outline.FilePath{Head: p, Whole: true},
	})
}

func (h *Host) beginGenerated(class Class) {
	w := h.Work
	if w.Inventory == nil {
		return
	}
	if class == Home {
		h.beginAccounts()
		return
	}
	for _, tier := range []layout.Tier{layout.Library, layout.Common} {
		for _, t := range w.Inventory.Topics(tier, "") {
			h.topic(class, "", t)
		}
	}
	if h.Spec != nil {
		for _, name := range h.Spec.OptIn {
			if t, ok := w.Inventory.Topic(layout.OptIn, "", name); ok {
				h.topic(class, "", t)
			}
		}
	}
	for _, g := range w.Fleet.Layout.Groups {
		if slices.Contains(g.Hosts, h.Name) {
			for _, t := range w.Inventory.GroupTopics(g.Name) {
				h.topic(class, "", t)
			}
		}
	}
	h.hostFiles(class, "")
	if h.Spec != nil {
		h.files(class, "", h.Spec.Files)
		for _, d := range h.Spec.Disks {
			h.files(class, "", []string{d.File})
		}
		h.files(class, "", []string{h.Spec.HardwareFile})
	}
}

func (h *Host) topic(class Class, user string, t layout.Topic) {
	for _, p := range t.For(h.Platform) {
		h.file(class, user, p)
	}
}

func (h *Host) hostFiles(class Class, user string) {
	for _, role := range []layout.Role{layout.Hardware, layout.Entry} {
		h.files(class, user, h.Work.Inventory.HostRole(h.Name, user, role))
	}
}

func (h *Host) files(class Class, user string, ps []string) {
	for _, p := range ps {
		if p != "" {
			h.file(class, user, p)
		}
	}
}

// beginManual starts an existing fleet: at what flake.nix builds for the host,
// where that can be followed, else at the host's entry.
func (h *Host) beginManual(class Class) {
	if f := h.Work.Flake; f != nil && h.self != nil {
		if h.beginParts(class) || h.beginWired(class) {
			return
		}
		if args := h.machine(class, h.flakeName(class)); args != nil {
			h.beginFlake(class, args)
			return
		}
	}
	h.Unwired = true
	if h.Work.Inventory == nil {
		return
	}
	if class == Home {
		h.homeFile()
		return
	}
	h.hostFiles(class, "")
}

var outputOf = map[Class]string{NixOS: "nixosConfigurations", Darwin: "darwinConfigurations", Home: "homeConfigurations"}

// flakeName is the host's attribute: its name, for homes mostly user@host.
func (h *Host) flakeName(class Class) string {
	if class != Home {
		return h.Name
	}
	if h.Output != "" && h.Platform == fleet.Home {
		return h.Output
	}
	all := h.made(class)
	if all == nil {
		return h.Name
	}
	for _, k := range all.Keys() {
		if strings.HasSuffix(k, "@"+h.Name) {
			return k
		}
	}
	for _, l := range all.Loose {
		if l.Name.Tail == "@"+h.Name {
			return l.Name.Tail
		}
	}
	return h.Name
}

// someUser stands for a user whose name is not known.
const someUser = "<user>"

func (h *Host) beginFlake(class Class, args *outline.Attrs) {
	name := "specialArgs"
	user := ""
	if class == Home {
		name = "extraSpecialArgs"
		if user, _, _ = strings.Cut(h.flakeName(class), "@"); user == "" {
			user = someUser
		}
	}
	if class == Class(h.Platform) {
		h.built = args
	}
	h.special[class] = &outline.Attrs{Names: map[string]*outline.Thunk{}}
	h.closed[class] = !args.Open
	if t := args.Names[name]; t != nil {
		a, ok := t.Force(h.Eval).(*outline.Attrs)
		h.closed[class] = ok && !a.Open
		if ok {
			h.special[class] = a
		}
	}
	h.listed(class, user, nil, args.Names["modules"], outline.True)
}

// listed queues the modules of a list.
func (h *Host) listed(class Class, user string, parent *Module, t *outline.Thunk, truth outline.Truth) {
	if t == nil {
		return
	}
	file, at := t.Where()
	h.each(edge{class: class, user: user, parent: parent, truth: truth, file: file, at: at}, t.Force(h.Eval))
}

// each queues the elements of a value that stands where a list of modules is
// wanted.
func (h *Host) each(e edge, v outline.Value) {
	switch v := v.(type) {
	case *outline.Sequence:
		for _, el := range v.Elems {
			n := e
			n.thunk = el.Thunk
			if el.Maybe {
				n.truth = n.truth.And(outline.Maybe)
			}
			if file, at := el.Where(); file != "" {
				n.file, n.at = file, at
			}
			h.pending = append(h.pending, n)
		}
		if v.Open {
			h.gap(e, "the list may have more elements", "")
		}
	case *outline.Choice:
		for _, a := range v.Alts {
			n := e
			n.truth = n.truth.And(outline.Maybe)
			h.each(n, a)
		}
	case *outline.Unknown:
		h.gap(e, v.Why, "")
	case outline.External:
		h.gap(e, "`"+v.Path+"` lies outside of the tree", "")
	default:
		h.gap(e, "it is no list", "")
	}
}

func (h *Host) gap(e edge, why, near string) {
	h.Gaps = append(h.Gaps, Gap{File: e.file, At: e.at, Why: why, Near: near})
}

// run follows every pending edge.
func (h *Host) run() {
	for len(h.pending) > 0 && len(h.Modules) < maxModules {
		e := h.pending[0]
		h.pending = h.pending[1:]
		v := e.value
		if v == nil {
			v = e.thunk.Force(h.Eval)
		}
		h.follow(e, outline.Located(v))
	}
}

func (h *Host) follow(e edge, v outline.Value) {
	if e.truth == outline.False {
		return
	}
	switch v := v.(type) {
	case outline.FilePath:
		if v.Whole {
			h.followPath(e, v.Head)
			return
		}
		h.followSome(e, v)
	case *outline.Attrs:
		if v.Names[outline.Declares] == nil {
			h.followValue(e, v)
		}
	case *outline.Closure:
		h.followValue(e, v)
	case *outline.Sequence:
		h.each(e, v)
	case outline.External:
		h.Foreign = append(h.Foreign, External{e.class, v.Path, e.file, e.at, e.truth})
	case *outline.Choice:
		for _, a := range v.Alts {
			n := e
			n.truth = n.truth.And(outline.Maybe)
			h.follow(n, outline.Located(a))
		}
	case *outline.Unknown:
		h.gap(e, v.Why, "")
	case outline.Text:
		if strings.HasPrefix(v.Head, "/") {
			h.Foreign = append(h.Foreign, External{e.class, v.Head, e.file, e.at, e.truth})
			return
		}
		h.gap(e, "a string that is not known", "")
	}
}

// followSome takes every file that a partly known path may mean.
func (h *Host) followSome(e edge, v outline.FilePath) {
	dir := v.Head[:strings.LastIndexByte(v.Head, '/')+1]
	h.gap(e, fmt.Sprintf("the path begins with `%s` and goes on as is not known", v.Head), strings.TrimSuffix(dir, "/"))
	e.truth = e.truth.And(outline.Maybe)
	for _, s := range h.Work.Sources {
		p := s.Path
		if !strings.HasPrefix(p, v.Head) {
			continue
		}
		if strings.HasSuffix(p, v.Tail) && v.Tail != "" || v.Tail == "" && path.Base(p) == "default.nix" && path.Dir(path.Dir(p))+"/" == dir {
			h.followPath(e, p)
		}
	}
}

func (h *Host) followPath(e edge, p string) {
	file := p
	switch h.Work.Kind(p) {
	case "directory":
		file = path.Join(p, "default.nix")
		if h.Work.Kind(file) == "" {
			h.Missing = append(h.Missing, Missing{e, file, h.Work.otherCase(file)})
			return
		}
	case "":
		h.Missing = append(h.Missing, Missing{e, p, h.Work.otherCase(p)})
		return
	}
	src := h.Work.Source(file)
	if src == nil || src.Module() == nil {
		return
	}
	if e.parent != nil {
		h.Edges = append(h.Edges, Edge{e.file, src.Path, e.class, e.user, e.at, e.truth, e.parent})
	}
	key := string(e.class) + "\x00" + e.user + "\x00" + src.Path
	if old := h.byKey[key]; old != nil {
		h.again(e, old)
		return
	}
	m := h.add(e, src.Path, src.Module())
	h.byKey[key] = m
	h.imports(m)
}

// again reaches a module another time; a surer edge makes all below it surer.
func (h *Host) again(e edge, old *Module) {
	if e.truth > old.Reach {
		old.Reach, old.Parent, old.From, old.At = e.truth, e.parent, e.file, e.at
		h.imports(old)
	}
}

func (h *Host) add(e edge, p string, out *outline.Module) *Module {
	m := &Module{
		Host: h, Class: e.class, User: e.user, Path: p, Out: out, Reach: e.truth,
		Parent: e.parent, From: e.file, At: e.at,
		In: outline.NewInstance(h.Eval, h.args(e.class, e.user)),
	}
	h.Modules = append(h.Modules, m)
	return m
}

func (h *Host) followValue(e edge, v outline.Value) {
	out := outline.ReadValue(h.Eval, v)
	if out == nil {
		return
	}
	p := e.file
	if out.File != nil {
		p = out.File.Path
		if out.File.Root == headOf(out) || bodyOf(out.File.Root) == out.Body {
			h.asValue(e, p)
		}
	} else if len(out.Defs) == 0 && len(out.Imports) == 0 && len(out.Options) == 0 {
		if a, ok := v.(*outline.Attrs); ok && a.Open {
			h.gap(e, "a set that is not known", "")
		}
		return
	}
	if e.parent != nil && e.parent.Value && depth(e.parent) > 60 {
		h.gap(e, "modules nested too deeply", "")
		return
	}
	m := h.add(e, p, out)
	m.Value = true
	h.imports(m)
}

func depth(m *Module) int {
	n := 0
	for ; m != nil; m = m.Parent {
		n++
	}
	return n
}

// Reads reports whether the host reads a file as a path, in that class.
func (h *Host) Reads(class Class, user, p string) *Module {
	return h.byKey[string(class)+"\x00"+user+"\x00"+p]
}

// asValue notes a file that is used as a value, and whether it is read as a
// path as well.
func (h *Host) asValue(e edge, p string) {
	h.Doubled = append(h.Doubled, Doubled{Path: p, Class: e.class, User: e.user, File: e.file, At: e.at, Reach: e.truth})
}

// headOf is the lambda of a module read from a closure.
func headOf(m *outline.Module) outline.Expr {
	if m.Head == nil {
		return nil
	}
	return m.Head
}

func bodyOf(x outline.Expr) outline.Expr {
	for {
		switch e := x.(type) {
		case *outline.Lambda:
			x = e.Body
		case *outline.Let:
			x = e.Body
		case *outline.With:
			x = e.Body
		default:
			return x
		}
	}
}

// imports queues what a module imports.
func (h *Host) imports(m *Module) {
	for _, p := range m.Out.Imports {
		t := m.Truth(p.Guards).And(m.Reach)
		if t == outline.False {
			continue
		}
		file := m.Path
		if f := p.Scope.File(); f != nil {
			file = f.Path
		}
		h.each(edge{class: m.Class, user: m.User, parent: m, truth: t, file: file, at: p.X.Span()}, m.In.Value(p.X, p.Scope))
	}
	for _, p := range m.Out.Rest {
		t := m.Truth(p.Guards).And(m.Reach)
		if t == outline.False {
			continue
		}
		v := m.In.Value(p.X, p.Scope)
		if a, ok := v.(*outline.Attrs); ok && len(a.Names) > 0 {
			h.follow(edge{class: m.Class, user: m.User, parent: m, truth: t, file: m.Path, at: p.X.Span()}, v)
		}
	}
}

// otherCase finds a path that differs in case alone; "" when there is none.
func (w *Workspace) otherCase(p string) string {
	at := "."
	for c := range strings.SplitSeq(p, "/") {
		es, ok := w.ReadDir(at)
		if !ok {
			return ""
		}
		if _, ok := es[c]; !ok {
			i := slices.IndexFunc(sortedNames(es), func(n string) bool { return strings.EqualFold(n, c) })
			if i < 0 {
				return ""
			}
			c = sortedNames(es)[i]
		}
		at = path.Join(at, c)
	}
	if at == p {
		return ""
	}
	return at
}

func sortedNames(es map[string]string) []string {
	out := make([]string, 0, len(es))
	for n := range es {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// hostsOf makes the hosts of the fleet and follows them, each on its own core.
func (w *Workspace) hostsOf() {
	if w.Fleet == nil {
		return
	}
	w.Flake = readFlake(w)
	for _, f := range w.Fleet.Hosts {
		w.Hosts = append(w.Hosts, newHost(w, f.Name, f.System, f.Platform, f))
	}
	parallel(len(w.Hosts), func(i int) { w.Hosts[i].begin() })
}
