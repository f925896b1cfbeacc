package fleet

import (
	"regexp"
	"slices"
	"strings"

	"nixgen/diag"
)

// paramKinds are the kinds that parameters may have.
var paramKinds = slices.Concat(scalarKinds, []Kind{ListOf, AttrsOf, Nullable})

var whenShape = mapOf("PARAMETER", nil, &shape{kinds: anyKind, words: "a value, a list or a table of conditions"})

// profileFile is the shape of profile.toml.
var profileFile = table(
	key("description", line, "what the profile makes").must(),
	key("platforms", listOf(enum("platform", NixOS, Darwin, Home)), "platforms it is for"),
	key("systems", listOf(systemName), "systems it is for"),
	key("hostId", boolean(), "the host must have a hostId"),
	key("data", boolean(), "holds no system and is never destroyed"),
	key("provides", listOf(table(
		key("mountPoint", typeShape(&Type{Kind: MountPoint}), "the mount point").must(),
		key("when", whenShape, "condition"),
	)), "mount points"),
	key("params", mapOf("PARAMETER", checkParamName, table(
		key("type", line, "the type").must(),
		key("values", listOf(line), "values of an `enum`"),
		key("default", free(), "default"),
		key("required", boolean(), "must be said"),
		key("min", typeShape(&Type{Kind: Int}), "smallest value or length"),
		key("max", typeShape(&Type{Kind: Int}), "largest value or length"),
		key("pattern", line, "regular expression for a string"),
		key("keys", line, "regular expression for the names of `attrsOf`"),
		key("identity", boolean(), "an installed machine depends on it"),
		key("description", line, "what it does").must(),
	)), "parameters"),
	key("refuse", listOf(table(
		key("when", whenShape, "the combination").must(),
		key("reason", line, "why").must(),
	)), "combinations that are refused"),
	key("steps", listOf(table(
		key("when", whenShape, "condition"),
		key("text", line, "what to do").must(),
	)), "what is left to do by hand"),
)

func checkParamName(w *walker, n *node) {
	if !fieldRE.MatchString(n.name) || isDiskKey(n.name) {
		w.failKey(n, "%s is no name for a parameter", quoted(n.name))
	}
}

// ParseProfile reads a profile.toml; file is what diagnostics call it, name the
// profile's. The Profile is nil when there is an error.
func ParseProfile(file, name string, src []byte) (*Profile, []diag.Diagnostic) {
	d, ds := Parse(file, src)
	if d.broken {
		return nil, ds
	}
	w := &walker{doc: d, out: ds}
	w.check(d.root, profileFile)
	p := w.profile(name, d.root)
	diag.Sort(w.out)
	if len(w.out) > 0 {
		return nil, w.out
	}
	return p, nil
}

func (w *walker) profile(name string, n *node) *Profile {
	p := &Profile{
		Name: name, Description: n.text("description"), Platforms: n.list("platforms"), Systems: n.list("systems"),
		HostID: n.on("hostId"), Data: n.on("data"),
	}
	for _, k := range n.entries("params") {
		if x := w.param(k); x != nil {
			p.Params = append(p.Params, x)
		}
	}
	for _, k := range tables(n.get("provides")) {
		p.Provides = append(p.Provides, Provide{MountPoint: k.text("mountPoint"), When: w.when(k.get("when"), p)})
	}
	for _, k := range tables(n.get("refuse")) {
		p.Refusals = append(p.Refusals, Refusal{When: w.when(k.get("when"), p), Reason: k.text("reason")})
	}
	for _, k := range tables(n.get("steps")) {
		p.Steps = append(p.Steps, Step{When: w.when(k.get("when"), p), Text: k.text("text")})
		for _, b := range bracesRE.FindAllString(k.text("text"), -1) {
			if b != "{name}" && p.Param(b[1:len(b)-1]) == nil {
				w.errorf(k.get("text").at, "`%s`: `%s` is no parameter", k.path(), b)
			}
		}
	}
	return p
}

// tables are the sound tables of a list.
func tables(n *node) []*node {
	if !n.is(listNode) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(n.kids), func(k *node) bool { return !k.is(tableNode) })
}

func (w *walker) param(n *node) *Param {
	tn := n.get("type")
	if !tn.is(stringNode) {
		return nil
	}
	t, err := ParseType(tn.str, n.list("values"), paramKinds)
	if err != nil {
		w.fail(tn, "`%s`: %v", tn.path(), err)
		return nil
	}
	w.bounds(n, t)
	t.leaf().Pattern, t.Keys = w.regexp(n, "pattern"), w.regexp(n, "keys")
	x := &Param{Name: n.name, Type: t, Description: n.text("description"), Required: n.on("required"), Identity: n.on("identity")}
	def := n.get("default")
	switch {
	case def.is(anyKind):
		w.check(def, typeShape(t))
		x.Default = w.typed(def, t)
	case !x.Required && t.Kind != Nullable:
		w.errorf(n.key, "`%s` needs a default, `required = true`, or a nullable type", n.path())
	}
	return x
}

// regexp reads a regular expression.
func (w *walker) regexp(n *node, name string) string {
	k := n.get(name)
	if !k.is(stringNode) {
		return ""
	}
	if _, err := regexp.Compile(k.str); err != nil {
		w.fail(k, "`%s`: %v", k.path(), err)
		return ""
	}
	return k.str
}

// when reads the conditions of a table, sorted by name as written.
func (w *walker) when(n *node, p *Profile) []Cond {
	if !n.is(tableNode) {
		return nil
	}
	var out []Cond
	for _, k := range n.kids {
		x := p.Param(k.name)
		if x == nil && !slices.Contains(condFacts, k.name) {
			w.errorf(k.key, "`%s`: `%s` is no parameter", n.path(), k.name)
			continue
		}
		out = append(out, w.cond(k, x))
	}
	return out
}

func (w *walker) cond(k *node, x *Param) Cond {
	c := Cond{Param: k.name}
	switch k.kind {
	case listNode:
		for _, v := range k.kids {
			w.condValue(v, x)
			c.In = append(c.In, v.value())
		}
	case tableNode:
		w.check(k, boundsShape)
		if m := k.get("min"); m.is(intNode) {
			c.Min = &m.num
		}
		if m := k.get("max"); m.is(intNode) {
			c.Max = &m.num
		}
		c.Set = k.flag("set")
	default:
		w.condValue(k, x)
		c.In = []Value{k.value()}
	}
	return c
}

var boundsShape = table(
	key("min", typeShape(&Type{Kind: Int}), "smallest value or length"),
	key("max", typeShape(&Type{Kind: Int}), "largest value or length"),
	key("set", boolean(), "whether it is given"),
)

// condValue judges a value in a condition: one that the parameter cannot have
// would make the condition dead.
func (w *walker) condValue(v *node, x *Param) {
	if x != nil && !strings.HasPrefix(v.name, "host.") {
		w.check(v, typeShape(x.Type))
	}
}
