package syntax

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"nixgen/diag"
)

// This pass does what addAttr of Nix's parser does: it collects the attributes
// of each set and let, builds the sets that paths of several names imply, and
// merges what is defined in several places:
//
//	{ a.b = 1; a = { c = 2; }; }   is   { a = { b = 1; c = 2; }; }
//
// Attributes of a set that is merged into another obey the other's `rec`.

// attrSet is one set after merging. Lists are linked by index; a link of 0
// ends them.
type attrSet struct {
	node              uint32 // of KindAttrSet, KindLegacyLet, KindLet; noNode if implied by a path
	into              uint32 // 1 + the set it was merged into
	rec               bool
	defs, lastDef     uint32 // 1 + index
	dynamics, lastDyn uint32 // 1 + index
	froms, lastFrom   uint32 // 1 + index
	numDefs, numFroms uint32
}

const noNode = ^uint32(0)

type defKind uint8

const (
	defPlain       defKind = iota // val is the value's node
	defSet                        // val is a set
	defInherit                    // val is the node of the name
	defInheritFrom                // likewise; from is the index of the source in the set
)

// def is one attribute of a set.
type def struct {
	sym  symbol
	kind defKind
	set  uint32
	val  uint32
	from uint32
	pos  uint32 // the node that defines it, a path or an inherited name
	next uint32
}

// dynamic is one attribute whose name is computed.
type dynamic struct {
	name uint32 // node
	kind defKind
	val  uint32
	next uint32
}

// inheritFrom is the source of one inherit (source).
type inheritFrom struct {
	node uint32 // of KindInheritFrom
	next uint32
}

// attrModel holds the sets of a file. The set of a node is found behind the
// node's children in the slab, see setOf.
type attrModel struct {
	sets     []attrSet
	defs     []def
	dynamics []dynamic
	froms    []inheritFrom
}

func (m *attrModel) keep() attrModel {
	return attrModel{slices.Clone(m.sets), slices.Clone(m.defs), slices.Clone(m.dynamics), slices.Clone(m.froms)}
}

// setOf is the set of a node of KindAttrSet, KindLegacyLet or KindLet.
func (f *File) setOf(n uint32) uint32 {
	r := &f.nodes[n]
	return f.slab[r.kids+r.nkids]
}

// merger is the state of the pass.
type merger struct {
	attrModel
	f      *File
	broken []uint32
	index  []uint32 // open addressing by set and symbol; 1 + a def
	mask   uint32
	path   []symbol // of the definition at hand, for messages
	// when the definition at hand takes effect, and where.
	when     uint64
	seen     []uint32 // per symbol, the lambda in which it was seen last
	text     []byte
	problems []problem
}

// run merges the attributes of f, which has at most attrs of them, in so many
// sets that are written. The nodes in broken are not complete.
func (m *merger) run(f *File, attrs, sets int, broken []uint32) {
	m.f, m.broken, m.problems = f, broken, nil
	m.seen = cleared(m.seen, len(f.syms.refs))
	m.sets, m.defs = room(m.sets, sets+attrs), room(m.defs, attrs)
	m.dynamics, m.froms = m.dynamics[:0], m.froms[:0]
	n := 16
	for n < 2*attrs {
		n *= 2
	}
	if n > cap(m.index) {
		m.index = make([]uint32, n)
	}
	m.index = m.index[:n]
	clear(m.index)
	m.mask = uint32(n - 1)
	for i := range f.nodes {
		switch f.nodes[i].kind {
		case KindAttrSet, KindLegacyLet, KindLet:
			m.set(uint32(i))
		case KindLambda:
			m.lambda(uint32(i))
		}
	}
}

func (m *merger) kids(n uint32) []uint32 {
	r := &m.f.nodes[n]
	return m.f.slab[r.kids : r.kids+r.nkids]
}

// set collects the attributes of one set; sets inside of it come before it.
func (m *merger) set(n uint32) {
	node := Node{m.f, n}
	rec := node.Is(KindLet) || AttrSet{node}.Rec()
	s := m.newSet(n, rec)
	r := node.raw()
	m.f.slab[r.kids+r.nkids] = s
	for _, k := range m.kids(n) {
		switch m.f.nodes[k].kind {
		case KindBinding:
			m.binding(s, k)
		case KindInherit:
			m.inherit(s, k)
		}
	}
	if node.Is(KindLet) && m.sets[s].dynamics != 0 {
		m.when = m.completion(n)
		m.problem(n, "dynamic attributes are not allowed in `let`")
	}
}

func (m *merger) newSet(node uint32, rec bool) uint32 {
	m.sets = append(m.sets, attrSet{node: node, rec: rec})
	return uint32(len(m.sets) - 1)
}

// binding defines path = value; in set s.
func (m *merger) binding(s, n uint32) {
	kids := m.kids(n)
	kind, val := m.value(kids[1:])
	pos := kids[0]
	m.when = m.taken(n)
	m.path = m.path[:0]
	path := m.kids(pos)
	if len(path) > maxDepth {
		m.problem(pos, fmt.Sprintf("attribute path has more than %d names", maxDepth))
		return
	}
	for _, attr := range path[:len(path)-1] {
		next, ok := m.enter(s, attr, pos)
		if !ok {
			return
		}
		s = next
	}
	last := path[len(path)-1]
	if sym := m.attrSymbol(last); sym != noSymbol {
		m.path = append(m.path, sym)
		m.define(s, def{sym: sym, kind: kind, val: val, pos: pos})
	} else if m.f.nodes[last].kind != KindError {
		m.defineDynamic(s, dynamic{name: last, kind: kind, val: val})
	}
}

// value finds what a binding's value is: a set that can be merged, or another
// expression.
func (m *merger) value(kids []uint32) (defKind, uint32) {
	val := noNode
	for _, k := range kids {
		val = k
		if m.f.nodes[k].kind.IsExpr() {
			break
		}
	}
	inner := val
	for inner != noNode && m.f.nodes[inner].kind == KindParen {
		inner = m.kids(inner)[0]
	}
	if inner != noNode && m.f.nodes[inner].kind == KindAttrSet {
		return defSet, m.f.setOf(inner)
	}
	return defPlain, val
}

// enter goes to the set that attr names in set s, which it makes if need be.
func (m *merger) enter(s, attr, pos uint32) (uint32, bool) {
	sym := m.attrSymbol(attr)
	if sym == noSymbol {
		inner := m.newSet(noNode, false)
		m.defineDynamic(s, dynamic{name: attr, kind: defSet, val: inner})
		return inner, true
	}
	m.path = append(m.path, sym)
	d := m.find(s, sym)
	if d == nil {
		inner := m.newSet(noNode, false)
		m.insert(s, def{sym: sym, kind: defSet, val: inner, pos: pos})
		return inner, true
	}
	if d.kind != defSet {
		m.duplicate(pos, d.pos, m.path)
		return 0, false
	}
	return d.val, true
}

// define adds an attribute to a set, or merges it with one that is there.
func (m *merger) define(s uint32, d def) {
	old := m.find(s, d.sym)
	switch {
	case old == nil:
		m.insert(s, d)
	case old.kind == defSet && d.kind == defSet:
		m.merge(old.val, d.val)
	default:
		m.duplicate(d.pos, old.pos, m.path)
	}
}

// merge moves the attributes of set from into another.
func (m *merger) merge(into, from uint32) {
	src := m.sets[from]
	m.sets[from] = attrSet{node: src.node, into: into + 1}
	shift := m.sets[into].numFroms
	for i := src.defs; i != 0; {
		d := m.defs[i-1]
		i = d.next
		if d.kind == defInheritFrom {
			d.from += shift
		}
		m.path = append(m.path, d.sym)
		m.define(into, d)
		m.path = m.path[:len(m.path)-1]
	}
	dst := &m.sets[into]
	if src.dynamics != 0 {
		link(&dst.dynamics, dst.lastDyn, func(last uint32) { m.dynamics[last].next = src.dynamics }, src.dynamics)
		dst.lastDyn = src.lastDyn
	}
	if src.froms != 0 {
		link(&dst.froms, dst.lastFrom, func(last uint32) { m.froms[last].next = src.froms }, src.froms)
		dst.lastFrom, dst.numFroms = src.lastFrom, dst.numFroms+src.numFroms
	}
}

// link appends to a list: first is its head, last its last element.
func link(first *uint32, last uint32, setNext func(last uint32), add uint32) {
	if *first == 0 {
		*first = add
	} else {
		setNext(last - 1)
	}
}

func (m *merger) insert(s uint32, d def) {
	d.set, d.next = s, 0
	m.defs = append(m.defs, d)
	n := uint32(len(m.defs))
	set := &m.sets[s]
	if set.defs == 0 {
		set.defs = n
	} else {
		m.defs[set.lastDef-1].next = n
	}
	set.lastDef = n
	set.numDefs++
	m.indexDef(n)
	if len(m.defs) > len(m.index)/2 {
		m.grow()
	}
}

func (m *merger) defineDynamic(s uint32, d dynamic) {
	m.dynamics = append(m.dynamics, d)
	n := uint32(len(m.dynamics))
	set := &m.sets[s]
	link(&set.dynamics, set.lastDyn, func(last uint32) { m.dynamics[last].next = n }, n)
	set.lastDyn = n
}

// inherit defines the names of inherit …; in set s.
func (m *merger) inherit(s, n uint32) {
	m.when = m.taken(n)
	kind, from := defInherit, uint32(0)
	for _, k := range m.kids(n) {
		switch m.f.nodes[k].kind {
		case KindInheritFrom:
			kind, from = defInheritFrom, m.addFrom(s, k)
		case KindError:
		default:
			m.inheritName(s, k, kind, from)
		}
	}
}

func (m *merger) inheritName(s, n uint32, kind defKind, from uint32) {
	sym := m.attrSymbol(n)
	if sym == noSymbol {
		saved := m.when
		m.when = m.taken(n)
		m.problem(n, "dynamic attributes are not allowed in `inherit`")
		m.when = saved
		return
	}
	m.path = append(m.path[:0], sym)
	if old := m.find(s, sym); old != nil {
		m.duplicate(n, old.pos, nil) // the names of one inherit are checked in order
		return
	}
	m.insert(s, def{sym: sym, kind: kind, val: n, from: from, pos: n})
}

// addFrom adds the source of an inherit to set s and returns its index there.
func (m *merger) addFrom(s, n uint32) uint32 {
	m.froms = append(m.froms, inheritFrom{node: n})
	at := uint32(len(m.froms))
	set := &m.sets[s]
	link(&set.froms, set.lastFrom, func(last uint32) { m.froms[last].next = at }, at)
	set.lastFrom = at
	set.numFroms++
	return set.numFroms - 1
}

// attrSymbol is the name that one part of a path spells, noSymbol if it is
// computed; see AttrName.
func (m *merger) attrSymbol(n uint32) symbol {
	node := Node{m.f, n}
	if node.Is(KindIdent) {
		return m.f.toks[node.raw().first].sym()
	}
	if text, ok := attrText(m.text[:0], node); ok {
		m.text = text
		return m.f.syms.internText(text)
	}
	return noSymbol
}

// find looks up an attribute of a set.
func (m *merger) find(s uint32, sym symbol) *def {
	for i := hashDef(s, sym) & m.mask; m.index[i] != 0; i = (i + 1) & m.mask {
		if d := &m.defs[m.index[i]-1]; d.sym == sym && d.set == s {
			return d
		}
	}
	return nil
}

func hashDef(s uint32, sym symbol) uint32 {
	h := (uint64(s)<<32 | uint64(sym)) * 0x9e3779b97f4a7c15
	return uint32(h >> 32)
}

func (m *merger) indexDef(n uint32) {
	d := &m.defs[n-1]
	i := hashDef(d.set, d.sym) & m.mask
	for m.index[i] != 0 {
		i = (i + 1) & m.mask
	}
	m.index[i] = n
}

func (m *merger) grow() {
	m.index = make([]uint32, 2*len(m.index))
	m.mask = uint32(len(m.index) - 1)
	for n := range m.defs {
		m.indexDef(uint32(n + 1))
	}
}

// lambda checks that the names of a pattern differ.
func (m *merger) lambda(n uint32) {
	pattern := m.kids(n)[0]
	if m.f.nodes[pattern].kind != KindPattern {
		return
	}
	bind, differ := noNode, true
	for _, k := range m.kids(pattern) {
		switch m.f.nodes[k].kind {
		case KindFormal:
			differ = m.formal(n, m.kids(k)[0]) && differ
		case KindIdent:
			bind = k
		}
	}
	if bind != noNode && differ && m.seen[m.attrSymbol(bind)] == n+1 {
		m.duplicateFormal(n, bind, n)
	}
}

// formal is false for a name that the pattern has already.
func (m *merger) formal(lambda, name uint32) bool {
	sym := m.attrSymbol(name)
	again := m.seen[sym] == lambda+1
	if again {
		m.duplicateFormal(lambda, name, name)
	}
	m.seen[sym] = lambda + 1
	return !again
}

func (m *merger) duplicateFormal(lambda, name, at uint32) {
	m.when = m.completion(lambda)
	text := Node{m.f, name}.Text()
	if d := m.problem(at, "duplicate formal function argument `"+text+"`", m.attrSymbol(name)); d != nil {
		d.Span.End = d.Span.Start + len(text)
	}
}

// taken is when Nix acts on a node that is complete with its last token.
func (m *merger) taken(n uint32) uint64 {
	return m.unlessBroken(n, moment(int(m.f.tokStart(m.f.nodes[n].end-1)), whenTaken))
}

// completion is when Nix acts on a node that ends where the next token cannot
// continue it.
func (m *merger) completion(n uint32) uint64 {
	i := m.f.nodes[n].end
	for int(i) < len(m.f.toks)-1 && m.f.toks[i].kind() <= lastTrivia {
		i++
	}
	return m.unlessBroken(n, moment(int(m.f.tokStart(i)), whenComplete))
}

// unlessBroken is when, or never for a node that Nix does not see the end of.
func (m *merger) unlessBroken(n uint32, when uint64) uint64 {
	if _, is := slices.BinarySearch(m.broken, n); is {
		return math.MaxUint64
	}
	return when
}

// problem records an error that has to do with names. It returns nil if there
// are too many already.
func (m *merger) problem(n uint32, msg string, names ...symbol) *diag.Diagnostic {
	if len(m.problems) == maxProblems {
		return nil
	}
	m.problems = append(m.problems, problem{when: m.when, syms: names, d: diag.Diagnostic{
		File: m.f.name, Span: Node{m.f, n}.Span(), Severity: diag.Error, Rule: RuleSyntaxError, Message: msg,
	}})
	return &m.problems[len(m.problems)-1].d
}

// duplicate reports that the path at hand is defined twice. Of several found
// at once, Nix gives that of the lowest of the names in ranked.
func (m *merger) duplicate(pos, old uint32, ranked []symbol) {
	var name bytes.Buffer
	for i, s := range m.path {
		if i > 0 {
			name.WriteByte('.')
		}
		writeIdentifier(&name, m.f.syms.name(s))
	}
	d := m.problem(pos, "attribute `"+name.String()+"` is already defined", slices.Clone(ranked)...)
	if d != nil {
		d.Rule = RuleDuplicateAttribute
		d.Notes = []diag.Note{{Span: Node{m.f, old}.Span(), Message: "first defined here"}}
	}
}
