package syntax

import (
	"cmp"
	"slices"

	"nixgen/diag"
)

// RuleUndefinedVariable is the id of the diagnostic for a name without a
// definition. Nix refuses such a file before it evaluates anything.
const RuleUndefinedVariable = "undefined-variable"

// NameChecker finds undefined variables in one file after the other, in the
// same buffers.
type NameChecker struct{ b binder }

// Undefined is like File.Undefined.
func (c *NameChecker) Undefined(f *File) (diag.Diagnostic, bool) { return c.b.undefined(f) }

// Undefined returns the variable that Nix reports as undefined, if there is
// one. With several it is the first in Nix's order, which goes by the numbers
// of attribute names rather than by the text. A name below a `with` is never
// undefined. The file must have no Errors.
func (f *File) Undefined() (diag.Diagnostic, bool) {
	return new(binder).undefined(f)
}

// binder resolves names. As names are numbered, a scope is a count per number
// of the definitions around the place at hand.
type binder struct {
	f     *File
	bound []uint32
	known []uint8 // per symbol: whether it is global
	withs int
	// ranks is set in the second run, in Nix's order, which stops at found.
	ranks func(symbol) int
	found uint32
}

const (
	notAsked uint8 = iota
	isGlobal
	notGlobal
)

func (b *binder) undefined(f *File) (diag.Diagnostic, bool) {
	b.run(f, nil)
	if b.found == noNode {
		return diag.Diagnostic{}, false
	}
	b.run(f, f.symbolRanks())
	n := Node{f, b.found}
	return diag.Diagnostic{
		File: f.name, Span: n.Span(), Severity: diag.Error, Rule: RuleUndefinedVariable,
		Message: "undefined variable `" + b.name(n) + "`",
	}, true
}

func (b *binder) name(n Node) string {
	name, _ := AttrName(n)
	return name
}

func (b *binder) run(f *File, ranks func(symbol) int) {
	n := len(f.syms.refs)
	b.f, b.withs, b.ranks, b.found = f, 0, ranks, noNode
	b.bound = cleared(b.bound, n)
	b.known = cleared(b.known, n)
	b.expr(f.Root().i)
}

func cleared[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

func (b *binder) kids(n *node) []uint32 { return b.f.slab[n.kids : n.kids+n.nkids] }

func (b *binder) expr(i uint32) {
	if b.found != noNode {
		return
	}
	n := &b.f.nodes[i]
	switch n.kind {
	case KindIdent:
		b.use(i, b.f.toks[n.first].sym())
	case KindAttrSet, KindLegacyLet:
		b.set(b.f.setOf(i))
	case KindLet:
		b.let(i, n)
	case KindLambda:
		b.lambda(n)
	case KindWith:
		b.expr(b.kids(n)[0])
		b.withs++
		b.expr(b.kids(n)[1])
		b.withs--
	case KindSelect:
		b.selection(b.kids(n))
	case KindAttrPath:
		b.path(n)
	case KindBinaryOp:
		b.binaryOp(i, n)
	default:
		b.exprs(b.kids(n))
	}
}

func (b *binder) exprs(nodes []uint32) {
	for _, n := range nodes {
		b.expr(n)
	}
}

// use looks a variable up; n is where it stands.
func (b *binder) use(n uint32, s symbol) {
	if b.bound[s] > 0 || b.withs > 0 || b.global(s) || b.found != noNode {
		return
	}
	if node := (Node{b.f, n}); node.Text() != "__curPos" || node.Parent().Is(KindInherit) {
		b.found = n
	}
}

func (b *binder) global(s symbol) bool {
	if b.known[s] == notAsked {
		b.known[s] = notGlobal
		if globals[string(b.f.syms.name(s))] {
			b.known[s] = isGlobal
		}
	}
	return b.known[s] == isGlobal
}

// selection: the default comes before computed names.
func (b *binder) selection(kids []uint32) {
	b.expr(kids[0])
	if len(kids) > 2 {
		b.expr(kids[2])
	}
	b.expr(kids[1])
}

// path visits the computed names of a path.
func (b *binder) path(n *node) {
	for _, k := range b.kids(n) {
		if b.f.nodes[k].kind != KindIdent {
			b.expr(k)
		}
	}
}

// binaryOp: some operators are calls with the operands exchanged.
func (b *binder) binaryOp(i uint32, n *node) {
	kids := b.kids(n)
	if b.ranks != nil {
		switch (BinaryOp{Node{b.f, i}}).Op() {
		case TokGreater, TokLessEq, TokPipeInto:
			kids = []uint32{kids[1], kids[0]}
		}
	}
	b.exprs(kids)
}

func (b *binder) lambda(n *node) {
	kids := b.kids(n)
	param := &b.f.nodes[kids[0]]
	if param.kind == KindIdent {
		s := b.f.toks[param.first].sym()
		b.bound[s]++
		b.expr(kids[1])
		b.bound[s]--
		return
	}
	formals := b.kids(param)
	b.bindFormals(formals, 1)
	b.defaults(formals)
	b.expr(kids[1])
	b.bindFormals(formals, ^uint32(0))
}

// formalName is the symbol of a formal, or of the name before or after @.
func (b *binder) formalName(i uint32) symbol { return b.f.toks[b.f.nodes[i].first].sym() }

func (b *binder) bindFormals(formals []uint32, by uint32) {
	for _, k := range formals {
		b.bound[b.formalName(k)] += by
	}
}

func (b *binder) defaults(formals []uint32) {
	if b.ranks != nil {
		formals = slices.Clone(formals)
		slices.SortFunc(formals, func(x, y uint32) int {
			return cmp.Compare(b.ranks(b.formalName(x)), b.ranks(b.formalName(y)))
		})
	}
	for _, k := range formals {
		if n := &b.f.nodes[k]; n.kind == KindFormal && n.nkids > 1 {
			b.expr(b.kids(n)[1])
		}
	}
}

func (b *binder) let(i uint32, n *node) {
	s := b.f.setOf(i)
	b.bindSet(s, 1)
	b.values(s, true)
	kids := b.kids(n)
	b.expr(kids[len(kids)-1])
	b.bindSet(s, ^uint32(0))
}

func (b *binder) set(s uint32) {
	if !b.f.attrs.sets[s].rec {
		b.values(s, false)
		return
	}
	b.bindSet(s, 1)
	b.values(s, true)
	b.bindSet(s, ^uint32(0))
}

func (b *binder) bindSet(s uint32, by uint32) {
	for i := b.f.attrs.sets[s].defs; i != 0; i = b.f.attrs.defs[i-1].next {
		b.bound[b.f.attrs.defs[i-1].sym] += by
	}
}

// values visits what the attributes of a set are made of; rec tells that the
// set's own names are bound.
func (b *binder) values(s uint32, rec bool) {
	m := &b.f.attrs
	for i := m.sets[s].froms; i != 0; i = m.froms[i-1].next {
		b.exprs(b.kids(&b.f.nodes[m.froms[i-1].node]))
	}
	if b.ranks != nil {
		b.rankedDefs(s, rec)
	} else {
		for i := m.sets[s].defs; i != 0; i = m.defs[i-1].next {
			b.def(&m.defs[i-1], rec)
		}
	}
	for i := m.sets[s].dynamics; i != 0; i = m.dynamics[i-1].next {
		d := &m.dynamics[i-1]
		b.expr(d.name)
		b.value(d.kind, d.val)
	}
}

func (b *binder) rankedDefs(s uint32, rec bool) {
	defs := b.f.sortedDefs(s)
	slices.SortFunc(defs, func(x, y def) int { return cmp.Compare(b.ranks(x.sym), b.ranks(y.sym)) })
	for i := range defs {
		b.def(&defs[i], rec)
	}
}

func (b *binder) def(d *def, rec bool) {
	switch {
	case d.kind != defInherit:
		b.value(d.kind, d.val)
	case rec: // it means the name as seen from outside
		b.bound[d.sym]--
		b.use(d.val, d.sym)
		b.bound[d.sym]++
	default:
		b.use(d.val, d.sym)
	}
}

func (b *binder) value(k defKind, val uint32) {
	switch k {
	case defPlain:
		b.expr(val)
	case defSet:
		b.set(val)
	}
}
