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
}

type spotKey struct {
	path string
	here catalog.Platform
}

// optionPass looks at every definition of a host against the catalog.
type optionPass struct {
	*lint.Pass
	cat *catalog.Catalog
	out *outside
}

// option is a definition that the catalog can judge.
type option struct {
	*setting
	at *spot
}

// eachOption visits every definition that the catalog can judge.
func eachOption(p *lint.Pass, visit func(o *optionPass, s *setting, at *spot)) {
	v := viewOf(p)
	o := &optionPass{Pass: p, cat: p.Work.Catalog(), out: v.out}
	for _, opt := range v.options {
		visit(o, opt.setting, opt.at)
	}
}

// view is what the rules about options ask of a host, made once.
type view struct {
	out     *outside
	options []option
}

func viewOf(p *lint.Pass) *view {
	type key struct{ h *lint.Host }
	if v, ok := p.Work.Memo.Load(key{p.Host}); ok {
		return v.(*view)
	}
	v := &view{out: newOutside(p.Host)}
	o := &optionPass{Pass: p, cat: p.Work.Catalog(), out: v.out}
	settings(p.Host, func(s *setting) bool {
		if len(s.path) == 1 && (s.path[0] == "_module" || s.path[0] == "") {
			return false
		}
		if s.path[0] == "home-manager" && len(s.path) > 1 && s.path[1] == "users" {
			return false // judged as a home
		}
		at := o.spot(s)
		if at.verdict != silent {
			v.options = append(v.options, option{s, at})
		}
		return at.verdict == parent
	})
	p.Work.Memo.Store(key{p.Host}, v)
	return v
}

// spot judges a name, once for all hosts.
func (o *optionPass) spot(s *setting) *spot {
	judged := &s.judged[class(s.module)]
	if at := judged.Load(); at != nil {
		return at
	}
	here := platform(s.module)
	names := s.names()
	key := spotKey{strings.Join(names, "\x00"), here}
	v, ok := o.Work.Memo.Load(key)
	if !ok {
		v = o.judge(here, names)
		o.Work.Memo.Store(key, v)
	}
	judged.Store(v.(*spot))
	return v.(*spot)
}

func (o *optionPass) judge(here catalog.Platform, names []string) *spot {
	at := &spot{names: names, here: here, place: o.cat.Nearest(here, names)}
	switch {
	case at.place.Removed.Listed():
		at.verdict = removed
	case at.place.Depth == len(names) && !at.place.Listed():
		at.verdict = parent
	case at.place.Depth == len(names) && (at.place.TypeText() == "group" || submodule(at.place.Option) || at.place.Recurse() != ""):
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
	return at
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
	for n := 1; n <= len(s.path); n++ {
		decl, depth, group := s.own.Find(s.path[:n])
		if decl != nil && depth <= n || n == len(s.path) && group {
			return true
		}
	}
	return o.out.covers(s.path) || (len(s.host.Gaps) > 0 || s.host.Unwired) && o.Work.Declares(s.path)
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
