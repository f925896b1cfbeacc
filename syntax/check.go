package syntax

import (
	"cmp"
	"slices"
)

// check runs the passes that find the errors which Nix's parser finds besides
// those of grammar, and puts all errors in Nix's order.
func (p *parser) check(f *File) {
	f.problems = p.problems
	if len(f.problems) > 1 {
		slices.SortStableFunc(f.problems, func(a, b problem) int { return cmp.Compare(a.when, b.when) })
	}
}

func (t *symbols) keep() symbols {
	return symbols{
		slots: slices.Clone(t.slots), mask: t.mask, hashes: slices.Clone(t.hashes),
		refs: slices.Clone(t.refs), src: t.src, extra: slices.Clone(t.extra),
	}
}
