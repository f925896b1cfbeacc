package fleet

import (
	"fmt"
	"slices"
	"strings"

	"nixgen/diag"
)

// checkFieldName judges the key of a [fields] table.
func checkFieldName(w *walker, n *node) {
	switch {
	case !fieldRE.MatchString(n.name) || slices.Contains(nixKeywords, n.name):
		w.failKey(n, "%s is no field name: letters and digits, beginning with a lower-case letter", quoted(n.name))
	case find(builtinFields, n.name, fieldKey) != nil:
		w.failKey(n, "`%s`: the field `%s` is built in", n.path(), n.name)
	}
}

func fieldKey(f *Field) string { return f.Name }

// reservedArgs reach every module already.
var reservedArgs = []string{"_class", "config", "hostSpec", "inputs", "lib", "modulesPath", "options", "osConfig", "pkgs", "specialArgs"}

func checkArgName(w *walker, n *node) {
	switch {
	case !identRE.MatchString(n.name) || slices.Contains(nixKeywords, n.name):
		w.failKey(n, "%s is no name for Nix: letters, digits, `_`, `'` and `-`, beginning with a letter", quoted(n.name))
	case slices.Contains(reservedArgs, n.name):
		w.failKey(n, "`%s`: the name `%s` is taken", n.path(), n.name)
	}
}

// checkUserKey judges the keys of tables by user.
func checkUserKey(w *walker, n *node) {
	if set := w.tableNames("users"); !set.set[n.name] {
		w.failKey(n, "`%s`: unknown user `%s`%s", n.path(), n.name, meant(n.name, set.list))
	}
}

func checkRuleKey(w *walker, n *node) {
	if set := ruleName.names(w); set != nil && !set.set[n.name] {
		w.failKey(n, "`%s`: unknown lint rule `%s`%s", n.path(), n.name, meant(n.name, set.list))
	}
}

// stateVersionShape takes both forms; which one is right depends on the host
// and is judged by checkStateVersion.
var stateVersionShape = typeShape(&Type{Kind: StringOrInt})

const maxDarwinState = 7

func validRelease(s string) bool {
	if !releaseRE.MatchString(s) {
		return false
	}
	year, month := s[:2], s[3:]
	switch {
	case year >= "21":
		return month == "05" || month == "11"
	case year >= "16":
		return month == "03" || month == "09"
	}
	return slices.Contains([]string{"13.10", "14.04", "14.12", "15.09"}, s)
}

func checkRelease(w *walker, n *node) {
	if !validRelease(n.str) {
		w.fail(n, "`%s` is %s, must be a release such as `\"25.11\"`", n.path(), quoted(n.str))
	}
}

// checkStateVersion judges the type and range that a platform wants.
func (w *walker) checkStateVersion(n *node, platform string) {
	switch {
	case platform == Darwin && n.kind == stringNode:
		w.fail(n, "`%s` must be an integer from 1 to %d on macOS, not a string", n.path(), maxDarwinState)
	case platform == Darwin && (n.num < 1 || n.num > maxDarwinState):
		w.fail(n, "`%s` is %d, must be an integer from 1 to %d on macOS", n.path(), n.num, maxDarwinState)
	case platform != Darwin && n.kind == intNode:
		w.fail(n, "`%s` must be a string such as `\"25.11\"` on %s, not an integer", n.path(), platformWord(platform))
	case platform != Darwin:
		checkRelease(w, n)
	}
}

func platformWord(p string) string {
	switch p {
	case Darwin:
		return "macOS"
	case Home:
		return "a home-manager host"
	}
	return "NixOS"
}

// platformOf reads the platform of a host's table; "" when its system is wrong.
func platformOf(h *node) string {
	system := h.text("system")
	if system == "" {
		return ""
	}
	return PlatformOf(system, h.text("kind"))
}

// checkHostPlatform judges what depends on the platform within one host.
func (w *walker) checkHostPlatform(h *node, platform string) {
	for _, k := range h.kids {
		if def := hostShape.key(k.name); def != nil && !k.bad {
			w.checkPlatforms(k, def, platform)
		}
	}
	if k := h.get("accounts"); k.is(tableNode) {
		for _, a := range k.kids {
			for _, x := range a.kids {
				if def := accountShape.key(x.name); def != nil && !x.bad {
					w.checkPlatforms(x, def, platform)
				}
			}
		}
	}
	w.checkSopsPlatform(h, platform)
	if k := h.get("stateVersion"); k.is(stringNode | intNode) {
		w.checkStateVersion(k, platform)
	}
	if k := h.get("system"); k.is(stringNode) && k.str == "x86_64-darwin" {
		w.warnf(k.at, "`%s`: `x86_64-darwin` is deprecated: nixpkgs 26.05 is the last release that supports it", k.path())
	}
}

func (w *walker) checkPlatforms(k *node, def *keyDef, platform string) {
	if platform == "" || len(def.platforms) == 0 || slices.Contains(def.platforms, platform) {
		return
	}
	words := make([]string, len(def.platforms))
	for i, p := range def.platforms {
		words[i] = platformWord(p)
	}
	w.failKey(k, "`%s` is for %s, this host is %s", k.path(), strings.Join(words, " or "), hostWord(platform))
}

func hostWord(p string) string {
	switch p {
	case Darwin:
		return "a Mac"
	case Home:
		return "a home-manager host"
	}
	return "NixOS"
}

// specShape is the table of settable hostSpec fields of this fleet.
var specShape = &shape{kinds: tableNode, words: "a table", dyn: func(w *walker, _ *node) *shape { return w.spec }}

// declareFields reads [fields] and makes the shape of hostSpec.
func (w *walker) declareFields() {
	w.fields = slices.Clone(builtinFields)
	if t := w.doc.root.get("fields"); t.is(tableNode) {
		for _, n := range t.kids {
			if f := w.declareField(n); f != nil {
				w.fields = append(w.fields, f)
			}
		}
	}
	slices.SortFunc(w.fields, func(a, b *Field) int { return strings.Compare(a.Name, b.Name) })
	w.spec = specTable(w.fields)
}

func specTable(fields []*Field) *shape {
	keys := make([]*keyDef, len(fields))
	for i, f := range fields {
		keys[i] = key(f.Name, specField(f), f.Description)
	}
	return table(keys...)
}

func specField(f *Field) *shape {
	if !f.Derived {
		return typeShape(f.Type)
	}
	return (&shape{kinds: anyKind, words: "absent"}).with(func(w *walker, n *node) {
		w.failKey(n, "`%s` cannot be set: it is derived from %s", n.path(), f.Derivation)
	})
}

// declareField reads one sound [fields] table; nil when it is not.
func (w *walker) declareField(n *node) *Field {
	if !n.is(tableNode) {
		return nil
	}
	tn := n.get("type")
	if !tn.is(stringNode) {
		return nil
	}
	t, err := ParseType(tn.str, n.list("values"), FieldKinds)
	if err != nil {
		w.fail(tn, "`%s`: %v", tn.path(), err)
		return nil
	}
	w.bounds(n, t)
	f := &Field{Name: n.name, Type: t, Description: n.text("description")}
	def := n.get("default")
	switch {
	case def == nil:
		f.Required = t.Kind != Nullable
	case !def.bad:
		w.check(def, typeShape(t))
		if !def.bad {
			f.Default = w.typed(def, t)
		}
	}
	return f
}

// bounds reads min and max: of the int below any container, or of the length of
// a list.
func (w *walker) bounds(n *node, t *Type) {
	for t.Elem != nil && t.Kind != ListOf {
		t = t.Elem
	}
	for _, name := range []string{"min", "max"} {
		k := n.get(name)
		switch {
		case !k.is(intNode):
		case t.Kind != Int && t.Kind != ListOf:
			w.failKey(k, "`%s` goes with `int` and `listOf`, not with `%s`", k.path(), t.Kind)
		case name == "min":
			t.Min = &k.num
		default:
			t.Max = &k.num
		}
	}
	if t.Min != nil && t.Max != nil && *t.Min > *t.Max {
		w.errorf(n.get("max").at, "`%s.max` is %d, less than `min`, which is %d", n.path(), *t.Max, *t.Min)
	}
}

// typed turns a sound node into a Value of a type: paths of the tree become
// Path, integers where floats are wanted become floats.
func (w *walker) typed(n *node, t *Type) Value {
	switch t.Kind {
	case PathKind:
		if absoluteOK(n.str) {
			return n.str
		}
		p, _ := treePath(n.str)
		return p
	case Float:
		if n.kind == intNode {
			return float64(n.num)
		}
	case Nullable:
		return w.typed(n, t.Elem)
	case ListOf:
		out := make([]any, 0, len(n.kids))
		for _, k := range n.kids {
			if !k.bad {
				out = append(out, w.typed(k, t.Elem))
			}
		}
		return out
	case AttrsOf:
		out := make(map[string]any, len(n.kids))
		for _, k := range n.kids {
			if !k.bad {
				out[k.name] = w.typed(k, t.Elem)
			}
		}
		return out
	}
	return n.value()
}

// diskKeys stand beside the parameters of the profile.
var diskKeys = []*keyDef{
	key("profile", name("disk profile", func(w *walker) *nameSet {
		return w.once("profiles()", func() []string { return namesOf(w.env.Profiles) })
	}), "the disk profile; the other keys are its parameters"),
	key("file", treeFile, "the host's own disko file, instead of a profile"),
	key("adopt", boolean(), "an installed machine: mount what is there, never format").or("false"),
}

// diskShape is a disk's own keys and the parameters of its profile.
var diskShape = &shape{kinds: tableNode, words: "a table such as `{ profile = \"desktop-btrfs\", … }`", dyn: func(w *walker, n *node) *shape {
	if n.kind != tableNode {
		return table(diskKeys...)
	}
	if n.get("file") != nil {
		return ownDisk
	}
	p := w.env.Profiles[rawText(n.get("profile"))]
	if p == nil {
		return anyDisk
	}
	return w.profileShape(p, diskKeys)
}}

func rawText(n *node) string {
	if n == nil {
		return ""
	}
	return n.str
}

// ownDisk brings its own disko file.
var ownDisk = table(diskKeys...).with(func(w *walker, n *node) {
	if k := n.get("profile"); k != nil {
		w.failKey(k, "`%s`: either `profile` or `file`, not both", n.path())
	}
})

// anyDisk has a profile that is missing or unknown: its parameters are not
// judged.
var anyDisk = &shape{kinds: tableNode, words: "a table", check: func(w *walker, n *node) {
	if n.get("profile") == nil && !w.misspelt(n, "profile", "file") {
		w.errorf(n.place(), "`%s` needs a `profile` or a `file`", n.path())
	}
	for _, d := range diskKeys {
		if k := n.get(d.name); k != nil {
			w.check(k, d.shape)
		}
	}
	for _, k := range n.kids {
		checkFree(w, k)
	}
}}

// misspelt reports the keys of a table that were probably meant to be one of
// these, and says whether there was one.
func (w *walker) misspelt(n *node, names ...string) bool {
	found := false
	for _, k := range n.kids {
		if diag.Suggest(k.name, names) != "" {
			w.failKey(k, "unknown key `%s`%s", k.path(), meant(k.name, names))
			found = true
		}
	}
	return found
}

// profileShape is the table of a profile's parameters.
func (w *walker) profileShape(p *Profile, own []*keyDef) *shape {
	if s := w.params[p]; s != nil {
		return s
	}
	keys := slices.Clone(own)
	for _, x := range p.Params {
		k := key(x.Name, typeShape(x.Type), x.Description)
		if own == nil { // a service's
			k.shape = orSecret(k.shape)
		}
		k.required = x.Required
		if x.Default != nil {
			k.def = fmt.Sprint(x.Default)
		}
		keys = append(keys, k)
	}
	if w.params == nil {
		w.params = map[*Profile]*shape{}
	}
	w.params[p] = table(keys...)
	return w.params[p]
}

// servicesShape is a table per service template.
var servicesShape = &shape{kinds: tableNode, words: "a table", keyName: "SERVICE", keyCheck: func(w *walker, n *node) {
	set := w.once("services()", func() []string { return namesOf(w.env.Services) })
	if set != nil && !set.set[n.name] {
		w.failKey(n, "`%s`: unknown service `%s`%s", n.path(), n.name, meant(n.name, set.list))
	}
}, elem: &shape{kinds: tableNode, words: "a table", dyn: func(w *walker, n *node) *shape {
	if p := w.env.Services[n.name]; p != nil {
		return w.profileShape(p, nil)
	}
	return freeTable()
}}}
