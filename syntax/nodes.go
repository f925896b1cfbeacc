package syntax

import "iter"

// kindIndex lists the nodes of a file by kind: those of kind k are
// nodes[from[k]:from[k+1]], in the order of the arena.
type kindIndex struct {
	from  [NumKinds + 1]uint32
	nodes []uint32
}

func (f *File) findKinds() *kindIndex {
	x := &kindIndex{nodes: make([]uint32, len(f.nodes))}
	for i := range f.nodes {
		x.from[f.nodes[i].kind+1]++
	}
	for k := range NumKinds {
		x.from[k+1] += x.from[k]
	}
	next := x.from
	for i := range f.nodes {
		k := f.nodes[i].kind
		x.nodes[next[k]] = uint32(i)
		next[k]++
	}
	return x
}

// Nodes are all nodes of one kind, inner ones before those around them. The
// first call for a file indexes all of its nodes.
func (f *File) Nodes(k Kind) iter.Seq[Node] {
	f.kindsOnce.Do(func() { f.kinds = f.findKinds() })
	return func(yield func(Node) bool) {
		x := f.kinds
		for _, i := range x.nodes[x.from[k]:x.from[k+1]] {
			if !yield(Node{f, i}) {
				return
			}
		}
	}
}

// HasName is true if a name, quoted or not, is written anywhere in the file
// outside of comments and texts: as a variable, an attribute or an argument.
func (f *File) HasName(name string) bool {
	s, _, _ := f.syms.find([]byte(name))
	return s != noSymbol
}
