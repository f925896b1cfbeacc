package syntax

import (
	"iter"
	"sort"
	"sync"

	"nixgen/diag"
)

// File is one parsed file. It is immutable; all of its methods may be called
// from several goroutines at once.
type File struct {
	name  string
	src   []byte
	toks  []token
	nodes []node
	slab  []uint32
	syms  symbols
	attrs attrModel
	// problems are in the order in which Nix would meet them.
	problems []problem
	pipe     uint32 // 1 + the token of the first pipe operator, or 0

	*derived
}

// derived is what is computed from a tree when it is first asked for.
type derived struct {
	linesOnce, parentsOnce, namesOnce, kindsOnce sync.Once

	lines   *diag.Lines
	parents []uint32
	names   *Names
	kinds   *kindIndex
}

// Name of the file as given to Parse.
func (f *File) Name() string { return f.name }

// String is the text of the file, put together from the tree's tokens. It
// equals the source for every input, valid or not.
func (f *File) String() string {
	out := make([]byte, 0, len(f.src))
	for i := range f.toks {
		out = append(out, f.src[f.tokStart(uint32(i)):f.toks[i].end]...)
	}
	return string(out)
}

// Source is the text as given to Parse; it must not be changed.
func (f *File) Source() []byte { return f.src }

// Lines converts offsets of this file to lines and columns.
func (f *File) Lines() *diag.Lines {
	f.linesOnce.Do(func() { f.lines = diag.NewLines(f.src) })
	return f.lines
}

// Position of a byte offset.
func (f *File) Position(offset int) diag.Position { return f.Lines().Position(offset) }

// Errors are all syntax errors and duplicate attributes, in the order of the
// text. The file is valid Nix but for names if there are none.
func (f *File) Errors() []diag.Diagnostic {
	if len(f.problems) == 0 {
		return nil
	}
	ds := make([]diag.Diagnostic, len(f.problems))
	for i, p := range f.problems {
		ds[i] = p.d
	}
	diag.Sort(ds)
	return ds
}

// OK is true if there are no Errors.
func (f *File) OK() bool { return len(f.problems) == 0 }

// FirstError is the error with which Nix refuses the file. That need not be
// the topmost one: Nix sees a duplicate formal only after the function's body.
func (f *File) FirstError() (diag.Diagnostic, bool) {
	if len(f.problems) == 0 {
		return diag.Diagnostic{}, false
	}
	return f.problems[0].d, true
}

// Root is the expression of the file; of KindError if there is none.
func (f *File) Root() Node { return f.Top().Child(0) }

// Top is the node of KindFile above the root.
func (f *File) Top() Node { return Node{f, uint32(len(f.nodes) - 1)} }

// PipeOperator is the first `|>` or `<|`, which Nix reads only with the
// experimental feature `pipe-operators`; not Valid if there is none.
func (f *File) PipeOperator() Token {
	if f.pipe == 0 {
		return Token{}
	}
	return Token{f, f.pipe - 1}
}

// Tokens of the whole file; the last is the empty TokEOF.
func (f *File) Tokens() iter.Seq[Token] {
	return func(yield func(Token) bool) {
		for i := range f.toks {
			if !yield(Token{f, uint32(i)}) {
				return
			}
		}
	}
}

// Comments of the whole file.
func (f *File) Comments() iter.Seq[Token] {
	return func(yield func(Token) bool) {
		for i, t := range f.toks {
			if t.kind().IsComment() && !yield(Token{f, uint32(i)}) {
				return
			}
		}
	}
}

// TokenAt is the token that holds the byte at offset; TokEOF behind the end.
func (f *File) TokenAt(offset int) Token {
	i := sort.Search(len(f.toks), func(i int) bool { return int(f.toks[i].end) > offset })
	return Token{f, uint32(min(i, len(f.toks)-1))}
}

// NodeAt is the innermost node whose span holds the byte at offset.
func (f *File) NodeAt(offset int) Node {
	n := f.Top()
	for {
		next := n
		for c := range n.Children() {
			if s := c.Span(); s.Start <= offset && offset < s.End {
				next = c
				break
			}
		}
		if next == n {
			return n
		}
		n = next
	}
}

func (f *File) tokStart(i uint32) uint32 {
	if i == 0 {
		return 0
	}
	return f.toks[i-1].end
}

func (f *File) parentIndex() []uint32 {
	f.parentsOnce.Do(func() { f.parents = f.findParents() })
	return f.parents
}

func (f *File) findParents() []uint32 {
	ps := make([]uint32, len(f.nodes))
	for i := range f.nodes {
		ps[i] = uint32(i)
		n := &f.nodes[i]
		for _, k := range f.slab[n.kids : n.kids+n.nkids] {
			ps[k] = uint32(i)
		}
	}
	return ps
}

// Walk calls visit for n and everything below it, parents first, in the order
// of the text. Where visit returns false, it does not go deeper.
func Walk(n Node, visit func(Node) bool) {
	if !visit(n) {
		return
	}
	for c := range n.Children() {
		Walk(c, visit)
	}
}
