package syntax

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"sync"

	"nixgen/diag"
)

// Ids of the diagnostics that parsing can give.
const (
	RuleSyntaxError        = "syntax-error"
	RuleDuplicateAttribute = "duplicate-attribute"
)

// maxDepth bounds the nesting of expressions, and the names of one path. Nix
// itself has no bound; it runs out of stack some way above.
const maxDepth = 10000

// maxHeight bounds the height of the tree, which chains of operators such as
// 1 + 1 + 1 + … build up as well.
const maxHeight = 100000

// maxProblems is how many errors are told of one file, of grammar and of
// attributes each.
const maxProblems = 1000

// Parse reads one file. It never fails: what cannot be read is in nodes of
// KindError, and told by File.Errors. src must not be changed afterwards.
func Parse(name string, src []byte) *File {
	p := parsers.Get().(*Parser)
	defer parsers.Put(p)
	return p.Parse(name, src).keep()
}

var parsers = sync.Pool{New: func() any { return new(Parser) }}

// keep copies a file out of its parser's buffers, without spare room.
func (f *File) keep() *File {
	c := *f
	c.toks = slices.Clone(f.toks)
	c.nodes = slices.Clone(f.nodes)
	c.slab = slices.Clone(f.slab)
	c.syms = f.syms.keep()
	c.attrs = f.attrs.keep()
	c.derived = new(derived)
	return &c
}

// Parser parses files one after the other in the same buffers. The File of
// one call is overwritten by the next; use the function Parse where it is kept.
type Parser struct {
	parser
	merger  merger
	file    File
	derived derived
}

// Parse is like the function Parse, but see Parser.
func (p *Parser) Parse(name string, src []byte) *File {
	p.derived = derived{}
	p.file = File{name: name, src: src, derived: &p.derived}
	p.reset(name, src)
	if len(src) > math.MaxInt32 {
		p.src, p.lexer.src = nil, nil
		p.report(0, 0, 0, "file is larger than 2 GiB")
	}
	p.lex()
	p.topLevel()
	p.checkHeight()
	f := &p.file
	f.toks, f.nodes, f.slab, f.syms = p.toks, p.nodes, p.slab, p.syms
	f.pipe = p.pipe
	p.merger.run(f, p.numAttrs, p.numSets, p.broken)
	f.attrs = p.merger.attrModel
	p.syms = f.syms
	f.problems = order(f, p.problems, p.merger.problems)
	return f
}

// parser holds the state of one parse. The grammar's methods each read one
// construct at the current token and leave its node on the stack.
type parser struct {
	lexer
	name  string
	cur   uint32    // current token, never trivia
	kind  TokenKind // its kind
	prev  uint32    // 1 + the last token that was taken
	nodes []node
	slab  []uint32
	stack []uint32 // finished nodes that have no parent yet
	depth int
	// awaited counts, per kind, the tokens that enclosing constructs wait for.
	awaited  [numTokenKinds]uint16
	failedAt uint32   // 1 + the token of the last syntax error
	broken   []uint32 // nodes that a syntax error ended, ascending
	pipe     uint32
	numAttrs int // names in paths and inherits
	numSets  int // sets and lets
	problems []problem
}

// problem is a diagnostic and the moment at which Nix would give it, see
// moment.
type problem struct {
	when uint64
	d    diag.Diagnostic
	// syms are the names involved; of two problems of one moment Nix gives
	// that of the symbol it knew first.
	syms []symbol
}

// Nix reads one token, then acts on everything that is complete before it,
// then sees whether the token fits.
const (
	whenRead uint64 = iota
	whenComplete
	whenUnfit
	whenTaken
)

func moment(offset int, what uint64) uint64 { return uint64(offset)<<2 | what }

func (p *parser) reset(name string, src []byte) {
	p.name = name
	p.lexer = lexer{
		src: src, toks: room(p.toks, len(src)/2+len(src)/8), modes: p.modes[:0], syms: p.syms, eofPos: len(src),
		report: p.lexical,
	}
	p.syms.reset(src)
	p.cur, p.prev, p.depth, p.failedAt, p.pipe = 0, 0, 0, 0, 0
	p.numAttrs, p.numSets = 0, 0
	p.nodes, p.slab, p.stack = room(p.nodes, len(src)/4), room(p.slab, len(src)/4), p.stack[:0]
	p.problems, p.broken = nil, nil
	p.awaited = [numTokenKinds]uint16{}
}

// room empties a buffer and makes it large enough for n elements and a few.
// Asking for more than most files need is cheap, as memory that is never
// written to takes no room; growing later would need the old and the new.
func room[T any](buf []T, n int) []T {
	if cap(buf) >= n+16 {
		return buf[:0]
	}
	return make([]T, 0, n+16)
}

// lexical reports an error that the lexer meets when it reads the token at
// offset read.
func (p *parser) lexical(read, start, end int, msg string) {
	p.problem(moment(read, whenRead), start, end, msg)
}

// problem records an error. It returns nil if there are too many already.
func (p *parser) problem(when uint64, start, end int, msg string) *diag.Diagnostic {
	if len(p.problems) == maxProblems {
		return nil
	}
	p.problems = append(p.problems, problem{when: when, d: diag.Diagnostic{
		File: p.name, Span: diag.Span{Start: start, End: end}, Severity: diag.Error,
		Rule: RuleSyntaxError, Message: msg,
	}})
	return &p.problems[len(p.problems)-1].d
}

// advance moves to the next token that is not trivia, from token i on.
func (p *parser) seek(i uint32) {
	for p.toks[i].kind() <= lastTrivia {
		i++
	}
	p.cur, p.kind = i, p.toks[i].kind()
}

// take consumes the current token.
func (p *parser) take() {
	p.prev = p.cur + 1
	if p.kind != TokEOF {
		p.seek(p.cur + 1)
	}
}

// peek is the kind of the token after the current one.
func (p *parser) peek() TokenKind { return p.toks[p.after(p.cur)].kind() }

// after is the token after token i; the last token is after itself.
func (p *parser) after(i uint32) uint32 {
	if p.toks[i].kind() == TokEOF {
		return i
	}
	for i++; p.toks[i].kind() <= lastTrivia; {
		i++
	}
	return i
}

func (p *parser) start(i uint32) int {
	if i == 0 {
		return 0
	}
	return int(p.toks[i-1].end)
}

// open starts a node at the current token.
func (p *parser) open() (mark int, first uint32) { return len(p.stack), p.cur }

// close finishes a node whose children are the nodes on the stack from mark
// on, and leaves it on the stack in their place.
func (p *parser) close(k Kind, mark int, first uint32) {
	kids := uint32(len(p.slab))
	p.slab = append(p.slab, p.stack[mark:]...)
	nkids := uint32(len(p.slab)) - kids
	if k == KindAttrSet || k == KindLegacyLet || k == KindLet {
		p.slab = append(p.slab, 0) // see File.setOf
		p.numSets++
	}
	end := max(p.prev, first)
	if p.failedAt == p.cur+1 {
		p.broken = append(p.broken, uint32(len(p.nodes)))
	}
	p.stack = append(p.stack[:mark], uint32(len(p.nodes)))
	p.nodes = append(p.nodes, node{k, first, end, kids, nkids})
}

// leaf makes a node of the current token.
func (p *parser) leaf(k Kind) {
	p.stack = append(p.stack, uint32(len(p.nodes)))
	p.nodes = append(p.nodes, node{kind: k, first: p.cur, end: p.cur + 1})
	p.take()
}

// checkHeight refuses trees that are too high for passes that descend into
// them: it leaves nothing but an error node. No tree is higher than it has
// nodes, so that few files need a closer look.
func (p *parser) checkHeight() {
	if len(p.nodes) <= maxHeight {
		return
	}
	height := make([]uint32, len(p.nodes))
	for i, n := range p.nodes {
		for _, k := range p.slab[n.kids : n.kids+n.nkids] {
			height[i] = max(height[i], height[k]+1)
		}
	}
	if height[len(height)-1] <= maxHeight {
		return
	}
	p.problem(0, 0, len(p.src), fmt.Sprintf("expressions are nested more than %d levels deep", maxHeight))
	p.nodes, p.slab, p.stack, p.broken = p.nodes[:0], p.slab[:0], p.stack[:0], nil
	p.close(KindError, 0, 0)
	p.close(KindFile, 0, 0)
}

// gitCrypt is how a file starts that git-crypt keeps locked.
var gitCrypt = []byte("\x00GITCRYPT\x00")

// topLevel reads the whole file.
func (p *parser) topLevel() {
	p.seek(0)
	if bytes.HasPrefix(p.src, gitCrypt) {
		p.fail("the file is encrypted by git-crypt")
	}
	p.expr()
	if p.kind != TokEOF {
		p.unexpected("end of file")
		mark, first := p.open()
		for p.kind != TokEOF {
			p.take()
		}
		p.close(KindError, mark, first)
	}
	p.prev = uint32(len(p.toks))
	p.close(KindFile, 0, 0)
}
