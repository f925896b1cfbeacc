package syntax

import (
	"cmp"
	"slices"

	"nixgen/diag"
)

// resolver walks a file with the scopes of its names. As names are numbered,
// the scopes are one array: the innermost binding of each name around the
// place at hand. What a scope hides comes back when it is left.
//
// There are two runs. The first is quick and says whether a variable is
// undefined, or records everything into names. The second is needed only to
// say which of several undefined ones Nix names: it goes in Nix's order.
type resolver struct {
	f        *File
	cur      []uint32 // per symbol: 1 + the innermost binding
	known    []uint8  // per symbol: whether it is a builtin
	bindings []binding
	with     uint32 // 1 + the innermost `with`
	names    *Names // what to record into, or nil
	implied  bool   // the file names functions that operators imply
	// ranks is set in the run in Nix's order, which stops at found.
	ranks func(symbol) int
	found uint32
}

const (
	notAsked uint8 = iota
	isGlobal
	notGlobal
)

func (r *resolver) undefined(f *File) (diag.Diagnostic, bool) {
	r.run(f, nil)
	if r.found == noNode {
		return diag.Diagnostic{}, false
	}
	r.run(f, f.symbolRanks())
	n := Node{f, r.found}
	name, _ := AttrName(n)
	span := n.Span()
	if n.First().Kind() == TokOr && n.Parent().Is(KindApply) {
		span.Start = n.Parent().Span().Start // where Nix says that `f or` is wrong
	}
	return diag.Diagnostic{
		File: f.name, Span: span, Severity: diag.Error, Rule: RuleUndefinedVariable,
		Message: "undefined variable `" + name + "`",
	}, true
}

func (r *resolver) run(f *File, ranks func(symbol) int) {
	n := len(f.syms.refs)
	r.f, r.with, r.ranks, r.found = f, 0, ranks, noNode
	r.cur, r.known = cleared(r.cur, n), cleared(r.known, n)
	r.bindings = r.bindings[:0]
	r.implied = r.names != nil && f.namesOperators()
	r.exprs(r.kids(&f.nodes[len(f.nodes)-1]))
}

func cleared[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

func (r *resolver) kids(n *node) []uint32 { return r.f.slab[n.kids : n.kids+n.nkids] }

func (r *resolver) expr(i uint32) {
	if r.found != noNode {
		return
	}
	n := &r.f.nodes[i]
	switch n.kind {
	case KindIdent:
		r.use(i, r.f.toks[n.first].sym())
	case KindAttrSet, KindLegacyLet:
		r.set(r.f.setOf(i), i)
	case KindLet:
		r.let(i, n)
	case KindLambda:
		r.lambda(i, n)
	case KindWith:
		r.withScope(i, n)
	case KindSelect:
		r.selection(r.kids(n))
	case KindAttrPath:
		r.path(n)
	case KindBinaryOp, KindUnaryOp, KindPath:
		r.operation(i, n)
	default:
		r.exprs(r.kids(n))
	}
}

func (r *resolver) exprs(nodes []uint32) {
	for _, n := range nodes {
		if r.hasNames(n) {
			r.expr(n)
		}
	}
}

// hasNames is false for most nodes that need no visit: literals, empty sets.
func (r *resolver) hasNames(i uint32) bool {
	n := &r.f.nodes[i]
	return n.nkids != 0 || n.kind == KindIdent || r.implied
}

// use looks a variable up; n is where it stands.
func (r *resolver) use(n uint32, s symbol) {
	switch b := r.cur[s]; {
	case r.names != nil:
		r.record(n, s)
	case b != 0, r.with != 0, r.global(s), r.found != noNode:
	case !r.isCurPos(n):
		r.found = n
	}
}

// isCurPos is true for __curPos, which is no variable. In an inherit it is one.
func (r *resolver) isCurPos(n uint32) bool {
	node := Node{r.f, n}
	return node.Is(KindIdent) && node.Text() == "__curPos" && !node.Parent().Is(KindInherit)
}

func (r *resolver) global(s symbol) bool {
	if r.known[s] == notAsked {
		r.known[s] = notGlobal
		if globals[string(r.f.syms.name(s))] {
			r.known[s] = isGlobal
		}
	}
	return r.known[s] == isGlobal
}

func (r *resolver) record(n uint32, s symbol) {
	ns := r.names
	u := use{node: n, binding: r.cur[s]}
	if u.binding == 0 {
		if u.global = r.global(s); !u.global {
			u.with = r.with
			if r.isCurPos(n) {
				return
			}
		}
	}
	ns.uses = append(ns.uses, u)
	at := uint32(len(ns.uses))
	ns.useAt[n] = at
	switch {
	case u.binding != 0:
		r.bindings[u.binding-1].addUse(ns, at)
	case !u.global && u.with == 0:
		ns.undefined = append(ns.undefined, n)
	}
}

func (b *binding) addUse(ns *Names, at uint32) {
	if b.first == 0 {
		b.first = at
	} else {
		ns.uses[b.last-1].next = at
	}
	b.last = at
	b.uses++
}

// bind starts to hide what the name meant. The scope ends with unbind, which
// gets the number of bindings there were before.
func (r *resolver) bind(b binding) {
	b.outer = r.cur[b.sym]
	r.bindings = append(r.bindings, b)
	r.cur[b.sym] = uint32(len(r.bindings))
}

// unbind ends the scope of bindings[from:to]; what scopes inside of it bound
// lies behind them.
func (r *resolver) unbind(from, to int) {
	for i := to - 1; i >= from; i-- {
		b := &r.bindings[i]
		r.cur[b.sym] = b.outer
	}
	if r.names == nil {
		r.bindings = r.bindings[:from]
	}
}

func (r *resolver) withScope(i uint32, n *node) {
	kids := r.kids(n)
	outer := r.with
	r.exprs(kids[:1])
	r.with = i + 1
	r.exprs(kids[1:])
	r.with = outer
}

// selection: the default comes before computed names.
func (r *resolver) selection(kids []uint32) {
	r.expr(kids[0])
	r.exprs(kids[2:])
	r.expr(kids[1])
}

// path visits the computed names of a path.
func (r *resolver) path(n *node) {
	for _, k := range r.kids(n) {
		if r.f.nodes[k].kind != KindIdent {
			r.expr(k)
		}
	}
}

func (r *resolver) lambda(i uint32, n *node) {
	kids := r.kids(n)
	from := len(r.bindings)
	if param := &r.f.nodes[kids[0]]; param.kind == KindIdent {
		r.bind(binding{sym: r.f.toks[param.first].sym(), kind: ParamName, scope: i, node: kids[0], value: noNode})
	} else {
		r.bindFormals(i, r.kids(param))
		to := len(r.bindings)
		r.defaults(r.kids(param))
		r.exprs(kids[1:])
		r.unbind(from, to)
		return
	}
	r.exprs(kids[1:])
	r.unbind(from, from+1)
}

// formalName is the symbol of a formal, or of the name before or after @.
func (r *resolver) formalName(i uint32) symbol { return r.f.toks[r.f.nodes[i].first].sym() }

func (r *resolver) bindFormals(scope uint32, formals []uint32) {
	for _, k := range formals {
		b := binding{sym: r.formalName(k), scope: scope, node: k, value: noNode}
		switch n := &r.f.nodes[k]; n.kind {
		case KindFormal:
			b.kind, b.node = FormalName, r.kids(n)[0]
			if n.nkids > 1 {
				b.value = r.kids(n)[1]
			}
		case KindIdent:
			b.kind = AtName
		default:
			continue
		}
		r.bind(b)
	}
}

func (r *resolver) defaults(formals []uint32) {
	if r.ranks != nil {
		formals = slices.Clone(formals)
		slices.SortFunc(formals, func(x, y uint32) int {
			return cmp.Compare(r.ranks(r.formalName(x)), r.ranks(r.formalName(y)))
		})
	}
	for _, k := range formals {
		if n := &r.f.nodes[k]; n.kind == KindFormal {
			r.exprs(r.kids(n)[1:])
		}
	}
}

func (r *resolver) let(i uint32, n *node) {
	s := r.f.setOf(i)
	from := len(r.bindings)
	to := r.bindSet(s, i, LetName)
	r.values(s, true)
	kids := r.kids(n)
	r.expr(kids[len(kids)-1])
	r.unbind(from, to)
}

// set visits a set; scope is its node.
func (r *resolver) set(s, scope uint32) {
	if !r.f.attrs.sets[s].rec {
		r.values(s, false)
		return
	}
	from := len(r.bindings)
	to := r.bindSet(s, scope, RecName)
	r.values(s, true)
	r.unbind(from, to)
}

func (r *resolver) bindSet(s, scope uint32, kind NameKind) (to int) {
	m := &r.f.attrs
	for i := m.sets[s].defs; i != 0; i = m.defs[i-1].next {
		d := &m.defs[i-1]
		b := binding{sym: d.sym, kind: kind, scope: scope, node: d.pos, value: noNode}
		switch d.kind {
		case defPlain:
			b.value = d.val
		case defSet:
			b.value = m.sets[d.val].node
		}
		r.bind(b)
	}
	return len(r.bindings)
}

// values visits what the attributes of a set are made of; rec tells that the
// set's own names are bound.
func (r *resolver) values(s uint32, rec bool) {
	m := &r.f.attrs
	for i := m.sets[s].froms; i != 0; i = m.froms[i-1].next {
		r.exprs(r.kids(&r.f.nodes[m.froms[i-1].node]))
	}
	if r.ranks != nil {
		r.rankedDefs(s, rec)
	} else {
		for i := m.sets[s].defs; i != 0; i = m.defs[i-1].next {
			r.def(&m.defs[i-1], rec)
		}
	}
	for i := m.sets[s].dynamics; i != 0; i = m.dynamics[i-1].next {
		d := &m.dynamics[i-1]
		r.expr(d.name)
		r.value(d.kind, d.val)
	}
}

func (r *resolver) rankedDefs(s uint32, rec bool) {
	defs := r.f.sortedDefs(s)
	slices.SortFunc(defs, func(x, y def) int { return cmp.Compare(r.ranks(x.sym), r.ranks(y.sym)) })
	for i := range defs {
		r.def(&defs[i], rec)
	}
}

func (r *resolver) def(d *def, rec bool) {
	switch {
	case d.kind != defInherit:
		r.value(d.kind, d.val)
	case rec: // it means the name as seen from outside
		own := r.cur[d.sym]
		r.cur[d.sym] = r.bindings[own-1].outer
		r.use(d.val, d.sym)
		r.cur[d.sym] = own
	default:
		r.use(d.val, d.sym)
	}
}

func (r *resolver) value(k defKind, val uint32) {
	switch {
	case k == defPlain && val != noNode && r.hasNames(val):
		r.expr(val)
	case k == defSet:
		r.set(val, r.f.attrs.sets[val].node)
	}
}

// operation visits an operator, or a path. Some operators are calls of a
// function by its name, with the operands exchanged at times.
func (r *resolver) operation(i uint32, n *node) {
	kids := r.kids(n)
	if r.implied {
		for _, name := range impliedNames(Node{r.f, i}) {
			if s, _, _ := r.f.syms.find([]byte(name)); s != noSymbol && r.cur[s] != 0 {
				r.record(i, s)
			}
		}
	}
	if r.ranks != nil && n.kind == KindBinaryOp {
		switch (BinaryOp{Node{r.f, i}}).Op() {
		case TokGreater, TokLessEq, TokPipeInto:
			kids = []uint32{kids[1], kids[0]}
		}
	}
	r.exprs(kids)
}

// impliedNames are the variables that Nix makes of an operator or a path.
func impliedNames(n Node) []string {
	switch n.Kind() {
	case KindUnaryOp:
		if (UnaryOp{n}).Op() == TokMinus {
			return []string{"__sub"}
		}
	case KindPath:
		if (PathLit{n}).IsSearch() {
			return []string{"__findFile", "__nixPath"}
		}
	case KindBinaryOp:
		switch (BinaryOp{n}).Op() {
		case TokMinus:
			return []string{"__sub"}
		case TokMul:
			return []string{"__mul"}
		case TokDiv:
			return []string{"__div"}
		case TokLess, TokLessEq, TokGreater, TokGreaterEq:
			return []string{"__lessThan"}
		}
	}
	return nil
}

// namesOperators is true if the file writes one of the impliedNames, so that
// it may bind one.
func (f *File) namesOperators() bool {
	for _, name := range []string{"__sub", "__mul", "__div", "__lessThan", "__findFile", "__nixPath"} {
		if s, _, _ := f.syms.find([]byte(name)); s != noSymbol {
			return true
		}
	}
	return false
}
