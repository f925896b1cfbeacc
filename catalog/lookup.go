package catalog

import (
	"slices"
	"strings"
)

// Lookup finds the option at exactly this path, in the first class of the
// platform that lists it. A name that is not listed matches `<name>`. Options
// below a recursion are found where it leads to.
func (c *Catalog) Lookup(p Platform, path []string) (Option, bool) {
	for i := range classNames {
		if p&(1<<i) == 0 || c.roots[i] == 0 {
			continue
		}
		if o, ok := c.find(p, 1<<i, c.roots[i], path, 0); ok {
			return o, true
		}
	}
	return Option{}, false
}

// LookupText is Lookup for a path as it is written.
func (c *Catalog) LookupText(p Platform, path string) (Option, bool) {
	names, err := ParsePath(path)
	if err != nil {
		return Option{}, false
	}
	return c.Lookup(p, names)
}

// Listing gives the classes that list the path.
func (c *Catalog) Listing(path []string) Platform {
	var found Platform
	for i := range classNames {
		if _, ok := c.Lookup(1<<i, path); ok {
			found |= 1 << i
		}
	}
	return found
}

// maxJumps bounds how often one lookup follows a recursion. Each costs a name
// of the path, so only a nonsensical path is cut short.
const maxJumps = 64

// find goes down from a node. The listed name goes first, then `<name>`, then
// what the recursion of the place leads to.
func (c *Catalog) find(p, class Platform, n uint32, path []string, jumps int) (Option, bool) {
	for i, name := range path {
		exact := c.kid(n, name)
		wild := c.wildcard(n, name)
		switch {
		case exact != 0 && wild == 0:
			n = exact
			continue
		case exact != 0:
			if o, ok := c.find(p, class, exact, path[i+1:], jumps); ok {
				return o, true
			}
			n = wild
			continue
		case wild != 0:
			n = wild
			continue
		}
		if jumps >= maxJumps {
			return Option{}, false
		}
		for _, to := range c.beyond(p, class, n) {
			if o, ok := c.find(to.p, to.class, to.node, path[i:], jumps+1); ok {
				return o, true
			}
		}
		return Option{}, false
	}
	return Option{c, class, n}, c.info(n) != 0
}

// wildcard is the child that stands for any name. `*` is no name.
func (c *Catalog) wildcard(n uint32, name string) uint32 {
	if c.anyName == 0 || name == Element || name == AnyName {
		return 0
	}
	// names are numbered in their order, so few children come before it
	for k, end := c.kids(n); k < end; k++ {
		switch id := u16(c.nodes, k*nodeSize); {
		case id == c.anyName:
			return k
		case id > c.anyName:
			return 0
		}
	}
	return 0
}

// entry is a node from which a lookup may go on.
type entry struct {
	p, class Platform
	node     uint32
}

// beyond lists where the options of a place go on besides below it.
func (c *Catalog) beyond(p, class Platform, n uint32) []entry {
	o := Option{c, class, n}
	if !o.Listed() || c.flagText(c.info(n)) == "" {
		return nil
	}
	if variants := o.Variants(); variants != nil {
		var to []entry
		nodes := c.kid(c.root(class), "@disko")
		for _, v := range variants {
			if root := c.kid(nodes, v); root != 0 {
				to = append(to, entry{p, class, root})
			}
		}
		return to
	}
	return c.recursion(p, class, o.Recurse())
}

func (c *Catalog) root(class Platform) uint32 {
	for i := range classNames {
		if class == 1<<i {
			return c.roots[i]
		}
	}
	return 0
}

func (c *Catalog) recursion(p, class Platform, target string) []entry {
	switch target {
	case "":
		return nil
	case "@root":
		return c.entries(union(class) | p)
	case "@home-manager":
		return c.entries(Home)
	case "@nixos":
		return c.entries(NixOS)
	}
	path, err := ParsePath(target)
	if err != nil {
		return nil
	}
	n := c.root(class)
	for _, name := range path {
		if n = c.kid(n, name); n == 0 {
			return nil
		}
	}
	return []entry{{p, class, n}}
}

func (c *Catalog) entries(p Platform) []entry {
	var to []entry
	for i, root := range c.roots {
		if p&(1<<i) != 0 && root != 0 {
			to = append(to, entry{p, 1 << i, root})
		}
	}
	return to
}

// Place is how far a platform's catalogs know a path.
type Place struct {
	// Option is the deepest place on the path that is listed or has listed
	// options below it; without one it is the root of a class.
	Option
	// Depth is how many names of the path lead to it; all of them if the path
	// itself is known.
	Depth int
	// Open reports whether an option on the way accepts unlisted names, so
	// that a name missing below it says nothing.
	Open bool
	// Removed is the option on the way whose removal covers the path; it is
	// not Listed where there is none.
	Removed Option
	// Flags are those of all options on the way, taken together.
	Flags Flags
}

// Nearest goes down the path as far as any class of the platform lists it.
func (c *Catalog) Nearest(p Platform, path []string) Place {
	best := Place{Depth: -1}
	for _, e := range c.entries(p) {
		best = deeper(best, c.descend(e, path, Place{Option: Option{c, e.class, e.node}}, 0))
	}
	best.Depth = max(best.Depth, 0)
	return best
}

// deeper keeps the place that knows more of the path. One that is open is
// never forgotten over one that is not: it forbids conclusions.
func deeper(a, b Place) Place {
	switch {
	case b.Depth > a.Depth, b.Depth == a.Depth && !a.Listed() && b.Listed():
		b.Open = b.Open || a.Open && a.Depth >= 0
		return b
	}
	a.Open = a.Open || b.Open
	return a
}

func (c *Catalog) descend(e entry, path []string, at Place, jumps int) Place {
	at.Option = Option{c, e.class, e.node}
	at.pass()
	if len(path) == 0 {
		return at
	}
	best := at
	for _, kid := range []uint32{c.kid(e.node, path[0]), c.wildcard(e.node, path[0])} {
		if kid != 0 {
			next := at
			next.Depth++
			best = deeper(best, c.descend(entry{e.p, e.class, kid}, path[1:], next, jumps))
		}
	}
	if best.Depth > at.Depth || jumps >= maxJumps {
		return best
	}
	for _, to := range c.beyond(e.p, e.class, e.node) {
		if d := c.descend(to, path, at, jumps+1); d.Depth > at.Depth {
			best = deeper(best, d)
		}
	}
	return best
}

// pass notes what the option at the place means for all below it.
func (at *Place) pass() {
	f := at.Option.Flags()
	at.Flags |= f
	at.Open = at.Open || f&Freeform != 0
	if f&Removed != 0 {
		at.Removed = at.Option
	}
}

// Names lists what may stand below a path on a platform, sorted and without
// wildcards: the candidates for a "did you mean".
func (c *Catalog) Names(p Platform, path []string) []string {
	var names []string
	for _, e := range c.entries(p) {
		d := c.descend(e, path, Place{}, 0)
		if d.Depth != len(path) {
			continue
		}
		names = c.appendKids(names, d.node)
		for _, to := range c.beyond(p, d.class, d.node) {
			names = c.appendKids(names, to.node)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (c *Catalog) appendKids(names []string, n uint32) []string {
	first, end := c.kids(n)
	for k := first; k < end; k++ {
		if name := c.name(k); name != AnyName && name != Element && !strings.HasPrefix(name, "@") {
			names = append(names, name)
		}
	}
	return names
}

// Walk calls f for every listed option below a path in each class of the
// platform, parents first and names in order, until f answers false. It does
// not follow recursions, so it ends. path is valid during the call only.
func (c *Catalog) Walk(p Platform, below []string, f func(path []string, o Option) bool) {
	for _, e := range c.entries(p) {
		if d := c.descend(e, below, Place{}, 0); d.Depth == len(below) && !c.walk(d.Option, slices.Clone(below), f) {
			return
		}
	}
}

func (c *Catalog) walk(o Option, path []string, f func([]string, Option) bool) bool {
	if o.Listed() && !f(path, o) {
		return false
	}
	first, end := c.kids(o.node)
	for k := first; k < end; k++ {
		if !c.walk(Option{c, o.class, k}, append(path, c.name(k)), f) {
			return false
		}
	}
	return true
}

// All calls f for every listed option of every class.
func (c *Catalog) All(f func(path []string, o Option) bool) { c.Walk(Any, nil, f) }
