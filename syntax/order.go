package syntax

import (
	"cmp"
	"slices"
)

// order puts the errors of grammar and of attributes in Nix's order.
func order(f *File, grammar, attrs []problem) []problem {
	ps := append(grammar, attrs...)
	if len(ps) < 2 {
		return ps
	}
	var rank func(symbol) int
	slices.SortStableFunc(ps, func(a, b problem) int {
		if a.when != b.when || a.syms == nil || b.syms == nil {
			return cmp.Compare(a.when, b.when)
		}
		if rank == nil {
			rank = f.symbolRanks()
		}
		return slices.CompareFunc(a.syms, b.syms, func(x, y symbol) int { return cmp.Compare(rank(x), rank(y)) })
	})
	return ps
}

// symbolRanks gives the order in which Nix first meets the names of a file: the
// ones it knows from the start, then those of the file as its parser completes
// them. Nix keeps attributes in this order, so that it decides which of several
// errors is the first.
func (f *File) symbolRanks() func(symbol) int {
	ranks := make([]int, len(f.syms.refs))
	for i := range ranks {
		ranks[i] = presetRank(string(f.syms.name(symbol(i))))
	}
	next := len(presetSymbols)
	meet := func(s symbol) {
		if s != noSymbol && ranks[s] < 0 {
			ranks[s] = next
			next++
		}
	}
	for i := range f.nodes {
		f.meetNames(Node{f, uint32(i)}, meet)
	}
	return func(s symbol) int { return ranks[s] }
}

// meetNames calls meet with the names that Nix's parser stores when it
// completes n.
func (f *File) meetNames(n Node, meet func(symbol)) {
	ident := func(n Node) {
		if n.Is(KindIdent) {
			meet(f.toks[n.raw().first].sym())
		}
	}
	switch n.Kind() {
	case KindIdent:
		if !f.isParam(n) && n.Text() != "__curPos" {
			ident(n)
		}
	case KindFormal:
		ident(n.Child(0))
	case KindLambda:
		ident(n.Child(0))
		if p, ok := (Lambda{n}).Pattern(); ok {
			if b, ok := p.Bind(); ok {
				ident(b.Node)
			}
		}
	case KindStr, KindInterp:
		if text, ok := attrText(nil, n); ok {
			s, _, _ := f.syms.find(text)
			meet(s)
		}
	}
}

func (f *File) isParam(n Node) bool {
	p := n.Parent()
	return p.Is(KindPattern) || (p.Is(KindFormal) || p.Is(KindLambda)) && p.Child(0) == n
}
