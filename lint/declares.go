package lint

import "nixgen/outline"

// Declares reports whether some module of the tree, read by whomever, declares
// an option on the path, below it or above it. Where the imports of a host
// could not all be followed, that option may be the host's.
func (w *Workspace) Declares(path []string) bool {
	w.declaresOnce.Do(func() {
		for _, s := range w.Sources {
			m := s.Module()
			if m == nil {
				continue
			}
			for _, d := range m.Options {
				declareNames(&w.declares, d)
			}
		}
	})
	n := &w.declares
	for _, c := range path {
		if n.decl != nil {
			return true
		}
		k := n.kids[c]
		if k == nil {
			k = n.any
		}
		if k == nil {
			return false
		}
		n = k
	}
	return true
}

// anywhere marks an option of which only the name is known.
var anywhere = &Decl{Open: true}

func declareNames(n *optionNode, d *outline.Def) {
	name := "*"
	if d.Name.X == nil {
		name = d.Name.Text
	}
	k := n.child(name)
	for _, kid := range d.Kids {
		declareNames(k, kid)
	}
	if len(d.Leaves) > 0 {
		k.decl = anywhere
	}
}
