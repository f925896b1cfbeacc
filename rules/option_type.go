package rules

import (
	"fmt"
	"slices"
	"strings"

	"nixgen/catalog"
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
	"nixgen/syntax"
)

var optionType = &lint.Rule{
	ID: "option-type",
	Doc: lint.Doc{
		Summary: "a value of the wrong type",
		Why: `Options are typed, and types differ between platforms: ` + "`system.stateVersion`" + `
is a string on NixOS and an integer on nix-darwin. A value of the wrong type,
or one that an enumeration does not list, fails as soon as it is read: a
warning where that takes a module to be enabled that nothing surely enables. So
does setting an option that is read-only: its own module sets it already.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{
  system.stateVersion = "25.11";
}
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{
  system.stateVersion = 6;
}
`,
	},
	Severity: diag.Error,
	Scope:    lint.HostScope,
	Run: func(p *lint.Pass) {
		eachOption(p, isTyped, func(o *optionPass, s *setting, at *spot) {
			if at.verdict == parent && !o.fresh(s.module.Class) {
				return
			}
			if at.place.Has(catalog.ReadOnly) {
				o.readOnly(s)
				return
			}
			o.typed(s, at)
		})
		specSet(p)
	},
}

// fresh: the fleet has locked revisions from within a year of the catalog's.
// An option that is a submodule now was often something simpler before.
func (o *optionPass) fresh(class lint.Class) bool {
	is, known := o.young[class]
	if !known {
		is = o.lockedFresh(class)
		o.young[class] = is
	}
	return is
}

func (o *optionPass) lockedFresh(class lint.Class) bool {
	lock := o.Work.Lock()
	if lock == nil {
		return true
	}
	at := lock.Newest(lockedRepos[class]...)
	return !at.IsZero() && at.After(newest[class].AddDate(-1, 0, 0))
}

// readOnly: the option's own module sets it, by a default or by a definition,
// and a second definition fails as soon as the value is read. It surely is
// where nothing has to be enabled first.
func (o *optionPass) readOnly(s *setting) {
	if !s.defined() || o.theirs(s) || !o.enabled(s) {
		return
	}
	def, path := longest(s)
	o.Report(lastly(s, def, fmt.Sprintf("the option `%s` is read-only", catalog.JoinPath(path)),
		"its own module sets it; a second definition fails, whatever it says"))
}

func lastly(s *setting, def *outline.Def, message, why string) diag.Diagnostic {
	d := s.at(message, why)
	d.Severity, d.Span = diag.Error, def.Path
	return d
}

// enabled reports that every `enable` option beside the path is surely true;
// where there is none, that every host reads what is below the root.
func (o *optionPass) enabled(s *setting) bool {
	here := platform(s.module)
	names := s.names()
	read := alwaysRead[names[0]] && !ownText(names) || names[len(names)-1] == "enable"
	if names[len(names)-1] == "enable" {
		names = names[:len(names)-1] // it is read to know
	}
	for n := 1; n < len(names); n++ {
		if n == 1 && names[0] == "xdg" && strings.HasSuffix(names[1], "File") {
			continue // files are linked there without it
		}
		switchPath := append(names[:n:n], "enable")
		if _, ok := o.cat.Lookup(here, switchPath); ok {
			if !surelyOn(s, switchPath) {
				return false
			}
			read = true
		}
	}
	return read
}

// ownText: a service of PAM whose text its module writes itself, as that of
// sddm is, reads none of its options.
func ownText(names []string) bool {
	return len(names) > 3 && names[0] == "security" && names[1] == "pam" && names[2] == "services"
}

// readWith are options that their module reads where another one is set, and
// never otherwise, with that one.
var readWith = map[string]string{
	"services.tailscale.extraUpFlags": "services.tailscale.authKeyFile",
	"nix.gc.dates":                    "nix.gc.automatic",
	"nix.optimise.dates":              "nix.optimise.automatic",
}

// readAlone: nothing beside `enable` keeps the option from being read.
func readAlone(s *setting) bool {
	with, ok := readWith[s.String()]
	return !ok || isSet(s, strings.Split(with, "."))
}

// doubt reports that NixOS is younger than the list of its types and may take the
// value by now: a null, or a string that is far from
// all that an enumeration had.
func (o *optionPass) doubt(s *setting, bad mistake) bool {
	lock := o.Work.Lock()
	if lock == nil || s.module.Class != lint.NixOS {
		return false
	}
	known := newest[lint.NixOS]
	switch {
	case bad.word == "null":
		known = namesOfNixOS // the newer list tells it
	case len(bad.allowed) == 0 || diag.Suggest(bad.text, bad.allowed) != "":
		return false
	}
	at := lock.Newest(lockedRepos[lint.NixOS]...)
	return at.IsZero() || at.After(known)
}

// onByDefault are switches whose default is true; `*` is any name.
var onByDefault = [][]string{
	{"nix", "enable"}, {"documentation", "enable"}, {"environment", "etc", "*", "enable"}, {"home", "file", "*", "enable"},
	{"xdg", "configFile", "*", "enable"}, {"xdg", "dataFile", "*", "enable"}, {"xdg", "stateFile", "*", "enable"},
	{"networking", "firewall", "enable"}, {"networking", "dhcpcd", "enable"}, {"services", "timesyncd", "enable"}, {"services", "nscd", "enable"},
	{"fonts", "fontconfig", "enable"}, {"security", "sudo", "enable"}, {"boot", "kernel", "enable"}, {"boot", "initrd", "enable"},
	{"console", "enable"}, {"fileSystems", "*", "enable"}, {"documentation", "man", "enable"}, {"systemd", "services", "*", "enable"}, {"systemd", "timers", "*", "enable"}, {"systemd", "sockets", "*", "enable"},
}

// surelyOn: the closure sets the switch to true, or it is on by default and
// nothing sets it.
func surelyOn(s *setting, path []string) bool {
	if slices.ContainsFunc(onByDefault, func(on []string) bool { return fits(on, path) }) {
		return !isSet(s, path) || setTrue(s, path)
	}
	return setTrue(s, path)
}

// isSet: some module of the closure defines the option, surely or not.
func isSet(s *setting, path []string) bool {
	return anySetting(s, path, func(*setting) bool { return true })
}

// anySetting asks about the definitions of an option in the closure of s.
func anySetting(s *setting, path []string, ok func(*setting) bool) (found bool) {
	settings(s.host, func(t *setting) bool {
		n := len(t.path)
		if found || t.path[n-1] != path[n-1] {
			return false
		}
		found = n == len(path) && t.sets(s, path) && ok(t)
		return n < len(path)
	})
	return found
}

// overridden: another definition of the option, or of all that it is part of,
// may be stronger than one of the priority: what is weaker is dropped before
// anyone looks at its type.
func overridden(s *setting, priority int) (yes bool) {
	settings(s.host, func(t *setting) bool {
		n := len(t.path)
		if yes || n > len(s.path) || t.path[n-1] != s.path[n-1] || t.module.Class != s.module.Class || t.module.User != s.module.User {
			return false
		}
		if slices.Equal(t.path, s.path[:n]) {
			stronger := func(l outline.Leaf) bool {
				return l.Priority != 0 && l.Priority < priority && t.active(l.Guards) != outline.False
			}
			yes = slices.ContainsFunc(t.def.Leaves, stronger) || slices.ContainsFunc(t.def.Sets, stronger)
		}
		return n < len(s.path)
	})
	return yes
}

// sets reports a definition of the option in the configuration of another one.
func (s *setting) sets(other *setting, path []string) bool {
	return s.module.Class == other.module.Class && s.module.User == other.module.User && slices.Equal(s.path, path)
}

// setTrue: the closure of the setting's module surely sets the option to true.
func setTrue(s *setting, path []string) bool {
	return anySetting(s, path, (*setting).isTrue)
}

func (s *setting) isTrue() bool {
	return s.active(nil) == outline.True && slices.ContainsFunc(s.def.Leaves, func(l outline.Leaf) bool {
		return s.module.Truth(l.Guards) == outline.True && outline.TruthOf(s.module.In.Value(l.X, l.Scope)) == outline.True
	})
}

// specSet: where nixgen wires the fleet, the option `hostSpec` mirrors
// hosts.toml, read-only, and an assertion reads it.
func specSet(p *lint.Pass) {
	if p.Work.Fleet == nil || p.Work.Fleet.Layout.Wiring == "manual" {
		return
	}
	settings(p.Host, func(s *setting) bool {
		if s.path[0] != "hostSpec" {
			return false
		}
		if decl, _, group := s.own.Find([]string{"hostSpec"}); decl == nil && !group && s.defined() {
			def, path := longest(s)
			p.Report(lastly(s, def, fmt.Sprintf("`%s` is read-only: hosts.toml says what it is", catalog.JoinPath(path)),
				"the option shows what modules get as their argument; set the field in hosts.toml"))
		}
		return false
	})
}

// typed judges the values of an option, and those of the names below one that
// is an attribute set of plain values.
func (o *optionPass) typed(s *setting, at *spot) {
	t, fits := at.kind, &s.fits[class(s.module)]
	known := fits.Load()
	if known == fitsAll || at.shapes == catalog.AnyShape || s.active(nil) != outline.True {
		return
	}
	if known == fitsUnknown {
		if len(s.def.Sets) == 0 && o.suit(s, t) {
			fits.Store(fitsAll)
			return
		}
		fits.Store(fitsSome)
	}
	o.leaves(s, s.def, t, s.names)
	o.writtenSet(s, at)
	elem := plainElem(t)
	if elem == nil {
		return
	}
	for _, k := range s.def.Kids {
		if name, ok := s.module.Name(k); ok && len(k.Kids) == 0 && s.module.Truth(k.Guards) == outline.True {
			o.leaves(s, k, *elem, func() []string { return append(s.names(), name) })
		}
	}
}

// writtenSet reports a set that is written where the option takes none. NixOS
// came to take sets for many a list since its types were listed.
func (o *optionPass) writtenSet(s *setting, at *spot) {
	if at.verdict != leaf || at.shapes&(catalog.AttrsShape|catalog.FunctionShape) != 0 || s.module.Class == lint.NixOS {
		return
	}
	for _, set := range s.def.Sets {
		x, ok := set.X.(*outline.Set)
		if ok && s.module.Truth(set.Guards) == outline.True && plainNames(x) && !o.theirs(s) {
			o.mistyped(s, "is", set, at.kind, s.names, mistake{word: "an attribute set"})
		}
	}
}

// plainNames: no name of the set makes something else of it, a string or a
// definition with a priority.
func plainNames(x *outline.Set) bool {
	return !slices.ContainsFunc(x.Entries, func(e outline.Entry) bool {
		return e.Name.X != nil || strings.HasPrefix(e.Name.Text, "_") || e.Name.Text == "outPath"
	})
}

// leaves judges the values of an option; its name is asked for when it is told.
func (o *optionPass) leaves(s *setting, def *outline.Def, t catalog.Type, option func() []string) {
	for _, l := range def.Leaves {
		if s.module.Truth(l.Guards) != outline.True || foreignValue(l.X) {
			continue
		}
		v := s.module.In.Value(l.X, l.Scope)
		if _, list := v.(*outline.Sequence); list && strings.Contains(t.Text, "submodule") {
			continue // what was a list once is mostly still taken, and coerced
		}
		if bad := wrong(t, v); bad.word != "" && !o.theirs(s) {
			o.mistyped(s, "is", l, t, option, bad)
			continue
		}
		o.elements(s, l, t, option, v)
	}
}

// elements judges what a list holds, where it is written out.
func (o *optionPass) elements(s *setting, l outline.Leaf, t catalog.Type, option func() []string, v outline.Value) {
	seq, isList := v.(*outline.Sequence)
	x, written := l.X.(*outline.List)
	if !isList || !written {
		return
	}
	elem := listOf(t)
	if elem.Shapes() == catalog.AnyShape || len(seq.Elems) != len(x.Elems) {
		return
	}
	for i, e := range seq.Elems {
		if foreignValue(x.Elems[i]) {
			continue
		}
		if bad := wrong(elem, e.Force(s.host.Eval)); bad.word != "" && !o.theirs(s) {
			o.mistyped(s, "holds", outline.Leaf{X: x.Elems[i], Scope: l.Scope, Priority: l.Priority}, elem, option, bad)
		}
	}
}

// listOf is the type of the elements, where a list is the one thing with
// elements that the option takes.
func listOf(t catalog.Type) catalog.Type {
	elem := catalog.Type{}
	for _, a := range append(t.Alts[:len(t.Alts):len(t.Alts)], t) {
		if a.Kind != catalog.ListKind {
			continue
		}
		if elem.Text != "" || a.Elem == nil {
			return catalog.Type{}
		}
		elem = *a.Elem
	}
	return elem
}

func (o *optionPass) mistyped(s *setting, verb string, l outline.Leaf, t catalog.Type, option func() []string, bad mistake) {
	doubt := o.doubt(s, bad)
	if overridden(s, l.Priority) || doubt && bad.word == "null" {
		return
	}
	d := s.at(fmt.Sprintf("`%s` %s %s; it takes %s", catalog.JoinPath(option()), verb, bad.word, t.Text), "a value of the wrong type fails as soon as it is read")
	d.Severity = diag.Error
	switch {
	case !o.enabled(s):
		d.Severity = diag.Warning
		d.Why += ": when the module is enabled, which nothing here surely does"
	case !readAlone(s):
		d.Severity = diag.Warning
		d.Why += ": here nothing does, as `" + readWith[s.String()] + "` is not set"
	case doubt:
		d.Severity = diag.Warning
		d.Why += "; NixOS of flake.lock is younger than the list of its types, and may take more"
	}
	d.Span = l.X.Span()
	if f := l.Scope.File(); f != nil {
		d.File = f.Path
	}
	if near := diag.Suggest(bad.text, bad.allowed); near != "" {
		d.Message += fmt.Sprintf("; did you mean %q?", near)
	}
	if near := diag.Slip(bad.text, bad.allowed); near != "" {
		d.Fixes = writeString(l.X, bad.text, near)
	}
	o.Report(d)
}

// writeString replaces a string where it is written out whole.
func writeString(x outline.Expr, old, text string) []diag.Fix {
	str, ok := x.(*outline.Str)
	if !ok {
		return nil
	}
	if lit, ok := str.Literal(); !ok || lit != old {
		return nil
	}
	quoted, err := syntax.QuoteString(text)
	if err != nil {
		return nil
	}
	return []diag.Fix{{Message: "write " + quoted, Edits: []diag.Edit{{Span: str.Span(), New: quoted}}}}
}

// mistake is what a value is when its type is surely not the option's; for a
// string that no enumeration lists, with what it lists.
type mistake struct {
	word, text string
	allowed    []string
}

func wrong(t catalog.Type, v outline.Value) mistake {
	shape, word, scalar := shapeOf(v)
	switch {
	case shape == 0:
		return mistake{}
	case t.Shapes()&shape == 0:
		return mistake{word: word}
	case !outline.Known(v):
		return mistake{}
	}
	if i, ok := scalar.(int64); ok && !t.Admits(i) {
		return mistake{word: fmt.Sprint(i)}
	}
	if text, ok := scalar.(string); ok && !takes(t, text) {
		return mistake{word: fmt.Sprintf("%q", text), text: text, allowed: words(t)}
	}
	return mistake{}
}

// takes reports whether a string may be a value of the type: a path begins
// with a slash, and so does a package or a module that is a string.
func takes(t catalog.Type, text string) bool {
	switch t.Kind {
	case catalog.PathKind, catalog.PackageKind, catalog.SubmoduleKind:
		return strings.HasPrefix(text, "/")
	case catalog.EitherKind:
		return slices.ContainsFunc(t.Alts, func(a catalog.Type) bool { return takes(a, text) })
	}
	return t.Admits(text)
}

// words are the strings that a type lists.
func words(t catalog.Type) []string {
	var out []string
	for _, v := range t.Values {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	for _, a := range t.Alts {
		out = append(out, words(a)...)
	}
	return out
}

// suit: the values are written out and of the right type, for every host.
func (o *optionPass) suit(s *setting, t catalog.Type) bool {
	if slices.ContainsFunc(s.def.Leaves, func(l outline.Leaf) bool { return !o.suits(s, l, t) }) {
		return false
	}
	elem := plainElem(t)
	return elem == nil || !slices.ContainsFunc(s.def.Kids, func(k *outline.Def) bool {
		return len(k.Kids) == 0 && slices.ContainsFunc(k.Leaves, func(l outline.Leaf) bool { return !o.suits(s, l, *elem) })
	})
}

// plainElem is the type of the names below an attribute set of plain values;
// nil for everything else.
func plainElem(t catalog.Type) *catalog.Type {
	if t.Kind != catalog.AttrsKind || t.Elem == nil || t.Elem.Shapes() == catalog.AnyShape {
		return nil
	}
	return t.Elem
}

func (o *optionPass) suits(s *setting, l outline.Leaf, t catalog.Type) bool {
	list, written := l.X.(*outline.List)
	switch {
	case foreignValue(l.X):
		return true
	case written:
		if slices.ContainsFunc(list.Elems, func(x outline.Expr) bool { return !constant(x, l.Scope) && !packaged(s, x, l.Scope) }) {
			return false
		}
	case !constant(l.X, l.Scope) && !isList(l.X):
		return false
	}
	v := s.module.In.Value(l.X, l.Scope)
	if wrong(t, v).word != "" {
		return false
	}
	elem := listOf(t)
	if seq, ok := v.(*outline.Sequence); ok && written && elem.Shapes() != catalog.AnyShape {
		return !slices.ContainsFunc(seq.Elems, func(e outline.Elem) bool { return wrong(elem, e.Force(s.host.Eval)).word != "" })
	}
	return true
}

// packaged: a name that `with pkgs` brings, of which nothing more is known.
func packaged(s *setting, x outline.Expr, sc *outline.Scope) bool {
	if v, ok := x.(*outline.Var); ok {
		if e, fn := sc.Bound(v.Name); e != nil || fn != nil {
			return false
		}
		e, ok := s.module.In.Value(x, sc).(outline.External)
		return ok && strings.HasPrefix(e.Path, "pkgs.")
	}
	return foreignValue(x)
}

// isList: a list behind any number of `with`, whose elements are not judged.
func isList(x outline.Expr) bool {
	for {
		w, ok := x.(*outline.With)
		if !ok {
			_, ok = x.(*outline.List)
			return ok
		}
		x = w.Body
	}
}

// constant: every host sees the same value.
func constant(x outline.Expr, sc *outline.Scope) bool {
	switch x := x.(type) {
	case *outline.Int, *outline.Float:
		return true
	case *outline.Str:
		_, ok := x.Literal()
		return ok
	case *outline.Var:
		e, _ := sc.Bound(x.Name)
		return e == nil && (x.Name == "true" || x.Name == "false" || x.Name == "null")
	case *outline.List:
		return !slices.ContainsFunc(x.Elems, func(e outline.Expr) bool { return !constant(e, sc) })
	}
	return false
}

// foreignValue: a package or a part of config, whose type nobody knows here.
func foreignValue(x outline.Expr) bool {
	for {
		switch e := x.(type) {
		case *outline.Select:
			x = e.X
		case *outline.With:
			x = e.Body
		case *outline.Var:
			return e.Name == "pkgs" || e.Name == "config"
		default:
			return false
		}
	}
}

// shapeOf a value; 0 where it is not known.
func shapeOf(v outline.Value) (catalog.Shape, string, any) {
	switch v := v.(type) {
	case outline.Null:
		return catalog.NullShape, "null", nil
	case outline.Bool:
		return catalog.BoolShape, "a boolean", bool(v)
	case outline.Integer:
		return catalog.IntShape, "an integer", int64(v)
	case outline.Real:
		return catalog.FloatShape, "a float", nil
	case outline.Text:
		// What is copied to the store is a path there.
		return catalog.StringShape, "a string", strings.Replace(v.Head, outline.RootMark, "/", 1)
	case outline.FilePath:
		return catalog.PathShape, "a path", nil
	case *outline.Sequence:
		return catalog.ListShape, "a list", nil
	}
	return 0, "", nil
}
