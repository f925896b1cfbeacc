package lint

import (
	"slices"
	"strings"

	"nixgen/outline"
)

// Options are the options that a closure declares itself, and what it defines
// them as.
type Options struct {
	root optionNode
	// defs are the leaves of definitions, by dotted path.
	defs map[string][]DefinedAt
	// may are those that modules define which are perhaps not read: a list of
	// such a name may have more elements.
	may   map[string]bool
	mods  []*Module
	ready bool
	busy  map[string]bool
	// facts are the values that were asked for before; cut counts those that
	// stayed unknown because they were being computed.
	facts map[string]outline.Value
	cut   int
}

type optionNode struct {
	kids map[string]*optionNode
	// any stands for names that are not known: attrsOf, dynamic names.
	any  *optionNode
	decl *Decl
}

// Decl is one declared option.
type Decl struct {
	Path   []string
	Module *Module
	Def    *outline.Def
	// Type and Default are nil where they are not written out.
	Type, Default outline.Expr
	Scope         *outline.Scope
	ReadOnly      bool
	// Open options take names that are not declared below them.
	Open bool
}

// DefinedAt is one value of an option.
type DefinedAt struct {
	Module *Module
	Def    *outline.Def
	Leaf   outline.Leaf
	// Guards are those of all names on the path and of the value.
	Guards []*outline.Guard
}

func newOptions(mods []*Module) *Options {
	o := &Options{mods: mods, busy: map[string]bool{}, facts: map[string]outline.Value{}}
	for _, m := range mods {
		for _, d := range m.Out.Options {
			o.declare(m, d, nil)
		}
	}
	return o
}

// declarePath notes an option that a function such as mkRenamedOptionModule made.
func (o *Options) declarePath(m *Module, path []string) {
	n := o.node(path)
	if n.decl == nil {
		n.decl = &Decl{Path: path, Module: m, Open: true}
		clear(o.facts)
	}
}

func (o *Options) node(path []string) *optionNode {
	n := &o.root
	for _, c := range path {
		n = n.child(c)
	}
	return n
}

func (n *optionNode) child(name string) *optionNode {
	if name == "*" {
		if n.any == nil {
			n.any = &optionNode{}
		}
		return n.any
	}
	if n.kids == nil {
		n.kids = map[string]*optionNode{}
	}
	k := n.kids[name]
	if k == nil {
		k = &optionNode{}
		n.kids[name] = k
	}
	return k
}

func (o *Options) declare(m *Module, d *outline.Def, path []string) {
	name, ok := m.Name(d)
	if !ok {
		name = "*"
	}
	path = append(path[:len(path):len(path)], name)
	for _, l := range d.Leaves {
		o.leaf(m, d, path, l)
	}
	if len(d.Leaves) > 0 {
		o.changed(m, d, path)
		return
	}
	for _, k := range d.Kids {
		o.declare(m, k, path)
	}
}

// changed reads what stands behind an option's `//`: `mkEnableOption "x" //
// { default = true; }`.
func (o *Options) changed(m *Module, d *outline.Def, path []string) {
	decl := o.node(path).decl
	if decl == nil || decl.Def != d {
		return
	}
	for _, k := range d.Kids {
		switch name, ok := m.Name(k); {
		case !ok || name == "type":
			decl.Type, decl.Default, decl.Open = nil, nil, true
		case name == "readOnly":
			decl.ReadOnly = true
		case name == "default" && len(k.Leaves) == 1 && len(k.Kids) == 0:
			decl.Default = &outline.Boxed{T: m.In.Thunk(k.Leaves[0].X, k.Leaves[0].Scope)}
		case name == "default":
			decl.Default = nil
		}
	}
}

func (o *Options) leaf(m *Module, d *outline.Def, path []string, l outline.Leaf) {
	decl := &Decl{Path: path, Module: m, Def: d, Scope: l.Scope, Open: true}
	n := o.node(path)
	if n.decl == nil || n.decl.Type == nil {
		n.decl = decl
	}
	name, args := outline.LibCall(l.X)
	switch {
	case name == "mkEnableOption":
		decl.Open, decl.Default = false, falseExpr
	case name == "mkPackageOption":
		decl.Open = false
	case name == "mkOption" && len(args) == 1:
		if s, ok := args[0].(*outline.Set); ok {
			o.mkOption(m, n, decl, s, l.Scope)
		}
	case name != "":
		o.made(m, decl, l)
	default:
		o.declareSet(m, n, decl, m.In.Value(l.X, l.Scope), 0)
	}
}

// declareSet reads options that stand in a set with a name:
// `options.host = hostOptions;`.
func (o *Options) declareSet(m *Module, n *optionNode, decl *Decl, v outline.Value, depth int) {
	a, ok := v.(*outline.Attrs)
	if !ok || depth > 8 {
		return
	}
	if t := a.Names[outline.OptionMark]; t != nil {
		o.madeOf(m, decl, a)
		return
	}
	if a.Open || a.Look != nil || len(a.Names) == 0 {
		return
	}
	if n.decl == decl {
		n.decl = nil
	}
	for name, t := range a.Names {
		k := n.child(name)
		if k.decl == nil {
			k.decl = &Decl{Path: append(slices.Clone(decl.Path), name), Module: m, Def: decl.Def, Scope: decl.Scope, Open: true}
		}
		o.declareSet(m, k, k.decl, t.Force(m.In.Eval), depth+1)
	}
}

// made is an option that a function of the fleet makes.
func (o *Options) made(m *Module, decl *Decl, l outline.Leaf) {
	if a, ok := m.In.Value(l.X, l.Scope).(*outline.Attrs); ok && a.Names[outline.OptionMark] != nil {
		o.madeOf(m, decl, a)
	}
}

func (o *Options) madeOf(m *Module, decl *Decl, a *outline.Attrs) {
	if t := a.Names["default"]; t != nil {
		decl.Default = &outline.Boxed{T: t}
	}
	if t, ok := a.Names["type"].Value(m.In.Eval).(outline.External); ok {
		last := t.Path[strings.LastIndexByte(t.Path, '.')+1:]
		decl.Open = !plainType[last]
	}
}

var falseExpr outline.Expr = &outline.Var{Name: "false"}

func (o *Options) mkOption(m *Module, n *optionNode, decl *Decl, s *outline.Set, sc *outline.Scope) {
	if e := s.Find("default"); e != nil && !e.Inherit {
		decl.Default = e.Value
	}
	if e := s.Find("readOnly"); e != nil && !e.Inherit {
		if v, ok := e.Value.(*outline.Var); ok && v.Name == "true" {
			decl.ReadOnly = true
		}
	}
	if e := s.Find("type"); e != nil && !e.Inherit {
		decl.Type = e.Value
		decl.Open = o.ofType(m, n, decl, e.Value, sc, 0)
	}
}

// ofType declares what a submodule type declares below its option, and
// reports whether other names may stand there too.
func (o *Options) ofType(m *Module, n *optionNode, decl *Decl, t outline.Expr, sc *outline.Scope, depth int) bool {
	if depth > 8 {
		return true
	}
	switch x := t.(type) {
	case *outline.Var:
		return openType[x.Name]
	case *outline.Select:
		last := x.Path[len(x.Path)-1]
		return openType[last.Text] || last.X != nil || !plainType[last.Text]
	case *outline.With:
		return o.ofType(m, n, decl, x.Body, sc.Under(x.Env), depth+1)
	case *outline.Apply:
		return o.callType(m, n, decl, x, sc, depth)
	}
	return true
}

func (o *Options) callType(m *Module, n *optionNode, decl *Decl, x *outline.Apply, sc *outline.Scope, depth int) bool {
	name, args := outline.LibCall(x)
	switch name {
	case "nullOr", "uniq", "unique":
		return o.ofType(m, n, decl, args[len(args)-1], sc, depth+1)
	case "attrsOf", "lazyAttrsOf":
		k := n.child("*")
		k.decl = &Decl{Path: append(slices.Clone(decl.Path), "*"), Module: m, Def: decl.Def, Scope: sc}
		k.decl.Open = o.ofType(m, k, k.decl, args[0], sc, depth+1)
		return false
	case "enum", "listOf", "strMatching", "separatedString", "passwdEntry", "ints.between":
		return false
	case "submodule":
		return o.submodule(m, n, decl, args[0], sc)
	}
	return true
}

// plainType are types without names below them.
var plainType = map[string]bool{
	"bool": true, "str": true, "int": true, "float": true, "path": true, "package": true, "lines": true, "port": true,
	"number": true, "nonEmptyStr": true, "singleLineStr": true, "commas": true, "envVar": true, "boolByOr": true,
	"positive": true, "unsigned": true, "u8": true, "u16": true, "u32": true, "s8": true, "s16": true, "s32": true,
}

var openType = map[string]bool{"anything": true, "attrs": true, "raw": true, "unspecified": true, "deferredModule": true}

func (o *Options) submodule(m *Module, n *optionNode, decl *Decl, x outline.Expr, sc *outline.Scope) bool {
	sub := outline.ReadPart(m.Out.File, x, sc)
	if sub == nil || sub.Function {
		return true
	}
	open := len(sub.Rest) > 0 || len(sub.Imports) > 0 || len(sub.Options) == 0
	for _, k := range sub.Keys {
		open = open || k.Text == "freeformType"
	}
	for _, d := range sub.Options {
		o.declare(m, d, decl.Path)
	}
	return open
}

// Find walks a path into the declared options: the declaration that covers it
// and how many names it has, or nil; group tells that options lie below.
func (o *Options) Find(path []string) (decl *Decl, depth int, group bool) {
	if o == nil {
		return nil, 0, false
	}
	return o.root.find(path, 0)
}

func (n *optionNode) find(path []string, at int) (*Decl, int, bool) {
	if len(path) == at {
		return n.decl, at, len(n.kids) > 0 || n.any != nil
	}
	best, depth := n.decl, at
	for _, k := range []*optionNode{n.kids[path[at]], n.any} {
		if k == nil {
			continue
		}
		d, dep, group := k.find(path, at+1)
		if d != nil {
			return d, dep, group
		}
		if group && dep == len(path) {
			return nil, dep, true
		}
	}
	return best, depth, false
}

// Names lists what is declared directly below a path.
func (o *Options) Names(path []string) []string {
	n := &o.root
	for _, c := range path {
		k := n.kids[c]
		if k == nil {
			k = n.any
		}
		if k == nil {
			return nil
		}
		n = k
	}
	var out []string
	for k := range n.kids {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// index notes the definitions of declared options, and of a few others that
// conditions ask for.
func (o *Options) index() {
	if o.ready {
		return
	}
	o.ready = true
	o.defs, o.may = map[string][]DefinedAt{}, map[string]bool{}
	for _, m := range o.mods {
		for _, d := range m.Out.Defs {
			o.define(m, d, nil, nil)
		}
	}
}

func (o *Options) define(m *Module, d *outline.Def, path []string, gs []*outline.Guard) {
	name, ok := d.Name.Text, d.Name.X == nil
	if !ok {
		return
	}
	path = append(path[:len(path):len(path)], name)
	if decl, _, group := o.Find(path); decl == nil && !group && !asked(path) {
		return
	}
	gs = append(gs[:len(gs):len(gs)], d.Guards...)
	for _, k := range d.Kids {
		o.define(m, k, path, gs)
	}
	key := strings.Join(path, ".")
	if m.Reach != outline.True {
		o.may[key] = o.may[key] || len(d.Leaves) > 0
		return
	}
	for _, l := range d.Leaves {
		all := append(gs[:len(gs):len(gs)], l.Guards...)
		o.defs[key] = append(o.defs[key], DefinedAt{m, d, l, all})
	}
}

// asked are options of the platform whose literal values decide imports in
// real fleets.
func asked(path []string) bool {
	return path[0] == "networking" && (len(path) == 1 || len(path) == 2 && path[1] == "hostName")
}

// configFact is the value of an option that the closure declares, where every
// definition of it is literal and they agree.
func (h *Host) configFact(o *Options, dotted string) outline.Value {
	if o == nil || dotted == "" {
		return nil
	}
	if v, ok := o.facts[dotted]; ok {
		return v
	}
	before := o.cut
	v := h.optionFact(o, dotted)
	if o.cut == before {
		o.facts[dotted] = v
	}
	return v
}

func (h *Host) optionFact(o *Options, dotted string) outline.Value {
	o.index()
	path := strings.Split(dotted, ".")
	decl, depth, _ := o.Find(path)
	if (decl == nil || depth != len(path)) && !asked(path) {
		return h.specFact(o, path)
	}
	if o.busy[dotted] {
		o.cut++
		return nil
	}
	o.busy[dotted] = true
	defer delete(o.busy, dotted)
	v, found := value(o.defs[dotted])
	if v == nil && !found {
		v, found = h.within(o, path)
	}
	_, list := v.(*outline.Sequence)
	switch {
	case o.may[dotted] && (list || !found && decl != nil && isListType(decl)):
		return nil
	case found:
		return v
	case decl != nil && decl.Default != nil:
		if v := decl.Module.In.Value(decl.Default, decl.Scope); known(h.Eval, v) {
			return v
		}
	case decl == nil && dotted == "networking.hostName":
		return outline.FromGo(h.Name)
	}
	return nil
}

// specFact answers config.hostSpec from hosts.toml, where nixgen makes it.
func (h *Host) specFact(o *Options, path []string) outline.Value {
	if path[0] != "hostSpec" || len(path) < 2 || h.manual() {
		return nil
	}
	spec, _ := h.specValue().(*outline.Attrs)
	if spec == nil {
		return nil
	}
	v := spec.Get(h.Eval, path[1])
	for _, n := range path[2:] {
		if v == nil {
			return nil
		}
		v = h.Eval.Member(v, n)
	}
	return v
}

// value of the definitions: the strongest priority wins; what differs or is
// not known gives nothing, and found says that there was something.
func value(defs []DefinedAt) (v outline.Value, found bool) {
	best := 1 << 30
	for _, d := range defs {
		t := d.Module.Truth(d.Guards)
		if t == outline.False || d.Leaf.Priority > best {
			continue
		}
		got := d.Module.In.Value(d.Leaf.X, d.Leaf.Scope)
		if t == outline.Maybe || !known(d.Module.In.Eval, got) {
			got = nil
		}
		switch {
		case !found || d.Leaf.Priority < best:
			v = got
		case joined(v, got) != nil:
			v = joined(v, got)
		case v != got:
			v = nil
		}
		best, found = d.Leaf.Priority, true
	}
	if v == nil {
		return nil, found
	}
	return v, found
}

// known: a scalar, or a list of nothing else.
func known(ev *outline.Eval, v outline.Value) bool {
	l, ok := v.(*outline.Sequence)
	if !ok {
		return outline.Known(v)
	}
	return !l.Open && !slices.ContainsFunc(l.Elems, func(e outline.Elem) bool { return e.Maybe || !outline.Known(e.Force(ev)) })
}

// joined are two lists that define one option; nil where not both are lists.
func joined(a, b outline.Value) outline.Value {
	x, ok := a.(*outline.Sequence)
	y, ok2 := b.(*outline.Sequence)
	if !ok || !ok2 {
		return nil
	}
	return &outline.Sequence{Elems: slices.Concat(x.Elems, y.Elems)}
}

// within looks for the option in the sets that options above it are defined as:
// `host = settings;` for `host.user.name`.
func (h *Host) within(o *Options, path []string) (outline.Value, bool) {
	for n := len(path) - 1; n > 0; n-- {
		defs := o.defs[strings.Join(path[:n], ".")]
		if len(defs) == 0 {
			continue
		}
		if len(defs) > 1 || defs[0].Module.Truth(defs[0].Guards) != outline.True {
			return nil, true
		}
		d := defs[0]
		v := d.Module.In.Value(d.Leaf.X, d.Leaf.Scope)
		for _, name := range path[n:] {
			a, ok := v.(*outline.Attrs)
			if !ok || a.Open {
				return nil, true
			}
			if a.Names[name] == nil {
				return nil, false
			}
			v = a.Names[name].Force(h.Eval)
		}
		if !known(h.Eval, v) {
			return nil, true
		}
		return v, true
	}
	return nil, false
}

func isListType(d *Decl) bool {
	name, _ := outline.LibCall(d.Type)
	return name == "listOf"
}
