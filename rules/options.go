package rules

import (
	"strings"

	"nixgen/catalog"
	"nixgen/lint"
	"nixgen/outline"
)

// verdict is what the catalog makes of one name of a definition.
type verdict uint8

const (
	// silent: nothing can be said, nor of anything below.
	silent verdict = iota
	// parent has options below it.
	parent
	// leaf is an option; its value is no longer made of options.
	leaf
	// missing is not listed though its parent is, and lists others.
	missing
	// removed is declared, but setting it fails.
	removed
)

// spot is a definition as a class of modules sees it.
type spot struct {
	verdict verdict
	names   []string
	place   catalog.Place
	here    catalog.Platform
	// content is the number of names up to which a false mkIf drops the value
	// whole: a declared submodule around it.
	content int
	// kind and shapes are read once from the words of an option's type.
	kind   catalog.Type
	shapes catalog.Shape
	calls  interest
}

// interest says which rules a spot concerns at all.
type interest uint8

const (
	// isMissing spots have the verdict missing, isGone ones are removed or have
	// a new name, isTyped ones have a type that can be held to, isPackages ones
	// are lists of packages.
	isMissing interest = 1 << iota
	isGone
	isTyped
	isPackages
	// ofHome spots are options of homes that may differ between platforms.
	ofHome
)

type spotKey struct {
	path string
	here catalog.Platform
}

// optionPass looks at every definition of a host against the catalog.
type optionPass struct {
	*lint.Pass
	cat *catalog.Catalog
	out *outside
	// young is what fresh said of a class.
	young map[lint.Class]bool
}

// option is a definition that the catalog can judge.
type option struct {
	*name
	at *spot
}

// eachOption visits every definition that the catalog can judge and that
// concerns the rule. The setting is the visit's for as long as it lasts.
func eachOption(p *lint.Pass, what interest, visit func(o *optionPass, s *setting, at *spot)) {
	o := &optionPass{Pass: p, cat: p.Work.Catalog(), out: outsideOf(p.Host), young: map[lint.Class]bool{}}
	var s setting
	mods := modulesOf(p.Host)
	for i, j := range o.judgedOf(mods) {
		if j.calls&what == 0 {
			continue
		}
		m := &mods[i]
		for _, opt := range j.options {
			if opt.at.calls&what != 0 {
				s = setting{host: p.Host, module: m.Module, own: m.own, name: opt.name}
				visit(o, &s, opt.at)
			}
		}
	}
}

// outsideOf is made once for a host.
func outsideOf(h *lint.Host) *outside {
	type key struct{ h *lint.Host }
	if v, ok := h.Work.Memo.Load(key{h}); ok {
		return v.(*outside)
	}
	o := newOutside(h)
	h.Work.Memo.Store(key{h}, o)
	return o
}

// judged are the options that a module defines.
type judged struct {
	options []option
	calls   interest // of all together
}

// judgedOf is made once for a host.
func (o *optionPass) judgedOf(mods []definedBy) []*judged {
	type key struct{ h *lint.Host }
	if v, ok := o.Work.Memo.Load(key{o.Host}); ok {
		return v.([]*judged)
	}
	all := make([]*judged, len(mods))
	inTurn(o.Host, len(mods), func(i int) { all[i] = o.judged(&mods[i]) })
	o.Work.Memo.Store(key{o.Host}, all)
	return all
}

// judged is made once for all hosts that read the module in the same class and
// share its names.
func (o *optionPass) judged(m *definedBy) *judged {
	type key struct {
		of    *named
		class int
	}
	k := key{m.named, class(m.Module)}
	if v, ok := o.Work.Memo.Load(k); ok {
		return v.(*judged)
	}
	j := &judged{}
	here := platform(m.Module)
	for i := 0; i < len(m.names); {
		n := &m.names[i]
		if at := o.spot(here, n); at != nil && at.verdict != silent {
			j.options = append(j.options, option{n, at})
			j.calls |= at.calls
			if at.verdict == parent {
				i++
				continue
			}
		}
		i += n.size
	}
	o.Work.Memo.Store(k, j)
	return j
}

// spot judges a name, once for all modules; nil where it is judged elsewhere.
func (o *optionPass) spot(here catalog.Platform, n *name) *spot {
	switch {
	case len(n.path) == 1 && (n.path[0] == "_module" || n.path[0] == ""):
		return nil
	case n.path[0] == "home-manager" && len(n.path) > 1 && n.path[1] == "users":
		return nil // as a home
	}
	names := n.names()
	key := spotKey{strings.Join(names, "\x00"), here}
	v, ok := o.Work.Memo.Load(key)
	if !ok {
		v = o.judge(here, names)
		o.Work.Memo.Store(key, v)
	}
	return v.(*spot)
}

func (o *optionPass) judge(here catalog.Platform, names []string) *spot {
	at := &spot{names: names, here: here, place: o.cat.Nearest(here, names)}
	switch {
	case at.place.Removed.Listed():
		at.verdict = removed
	case at.place.Depth == len(names) && !at.place.Listed():
		at.verdict = parent
	case at.place.Depth == len(names) && (at.place.TypeText() == "group" || submodule(at.place.Option) || at.place.Recurse() != "" || o.freeform(at)):
		at.verdict = parent
	case at.place.Depth == len(names):
		at.verdict = leaf
	case at.place.Open:
		at.verdict = silent
	case at.place.Depth == len(names)-1 && names[len(names)-1] != catalog.AnyName && len(o.cat.Names(here, names[:len(names)-1])) > 0:
		at.verdict = missing
		at.content = o.content(here, names)
	}
	if (at.verdict == leaf || at.verdict == parent) && at.place.Listed() {
		at.kind = at.place.Type()
		at.shapes = at.kind.Shapes()
	}
	at.calls = at.concerns()
	return at
}

func (at *spot) concerns() (calls interest) {
	last := at.names[len(at.names)-1]
	renamed := at.place.RenamedTo() != ""
	if at.verdict == missing {
		calls |= isMissing
	}
	if at.verdict == removed || at.verdict != silent && at.place.Depth == len(at.names) && renamed {
		calls |= isGone
	}
	if (at.verdict == leaf || at.verdict == parent) && at.place.Listed() && !at.anything() && at.place.Flags&(catalog.Coarse|catalog.Absent) == 0 &&
		!renamed && at.place.AliasOf() == "" { // an older form may be taken for the newer one
		calls |= isTyped
	}
	if at.verdict == leaf && packageLists[strings.Join(at.names, ".")] {
		calls |= isPackages
	}
	if (at.verdict == leaf && last == "enable" || (at.verdict == leaf || at.verdict == parent) && len(at.names) == 2) && at.here == catalog.Home {
		calls |= ofHome
	}
	return calls
}

// anything: the type is one submodule that is open to all names. Old names of
// an option inside of such a one are listed with its type instead of theirs.
func (at *spot) anything() bool { return at.place.Open && at.kind.Text == "submodule" }

// freeform: an attribute set with options of its own beside names of any kind.
func (o *optionPass) freeform(at *spot) bool {
	return at.place.Open && strings.HasPrefix(at.place.TypeText(), "attribute set") && len(o.cat.Names(at.here, at.names)) > 0
}

func submodule(opt catalog.Option) bool { return strings.Contains(opt.TypeText(), "submodule") }

// content finds the innermost declared submodule around a name.
func (o *optionPass) content(here catalog.Platform, names []string) int {
	for k := len(names) - 1; k > 0; k-- {
		opt, ok := o.cat.Lookup(here, names[:k])
		if !ok || !submodule(opt) {
			continue
		}
		if strings.HasPrefix(opt.TypeText(), "attribute set") || strings.HasPrefix(opt.TypeText(), "lazy attribute set") {
			return k + 1
		}
		return k
	}
	return -1
}

// theirs reports a name that the fleet or a module from outside may declare.
func (o *optionPass) theirs(s *setting) bool {
	for path := s.path; len(path) > 0; path = specialised(path) {
		for n := 1; n <= len(path); n++ {
			decl, depth, group := s.own.Find(path[:n])
			if decl != nil && depth <= n || n == len(path) && group {
				return true
			}
		}
		if o.out.covers(path) || (len(s.host.Gaps) > 0 || s.host.Unwired) && o.Work.Declares(path) {
			return true
		}
	}
	return false
}

// specialised is the rest of a path that leads into a specialisation: the whole
// configuration once more, with all that the fleet declares.
func specialised(path []string) []string {
	if len(path) > 3 && (path[0] == "specialisation" || path[0] == "specialization") && path[2] == "configuration" {
		return path[3:]
	}
	return nil
}

// longest follows a definition down while it has a single name below it, so
// that `services.nginx.enable = true;` is named whole.
func longest(s *setting) (*outline.Def, []string) {
	d, path := s.def, s.names()
	for len(d.Kids) == 1 && len(d.Leaves) == 0 && d.Kids[0].Name.X == nil && onlyMkIf(d.Kids[0].Guards) {
		d = d.Kids[0]
		path = append(path, d.Name.Text)
	}
	return d, path
}

func onlyMkIf(gs []*outline.Guard) bool {
	for _, g := range gs {
		if g.Kind != outline.MkIf {
			return false
		}
	}
	return true
}
