package syntax

import (
	"bytes"
	"hash/maphash"
	"slices"
)

// symbol numbers the distinct names of one file from 1, in the order in which
// the lexer meets them; names that need unescaping come after those. Passes
// index arrays by it instead of hashing strings.
type symbol uint32

const (
	noSymbol   symbol = 0
	maxSymbols        = 1<<24 - 1
)

// symbols is the table of names of one file. Names lie in the source; those
// that were unescaped first lie in extra.
type symbols struct {
	slots  []uint32 // open addressing; a symbol, or 0
	mask   uint32
	hashes []uint32
	refs   []nameRef
	src    []byte
	extra  []byte
}

// nameRef says where a name lies; inExtra in n picks the text.
type nameRef struct{ off, n uint32 }

const inExtra = 1 << 31

var symbolSeed = maphash.MakeSeed()

// reset empties the table for the file src.
func (t *symbols) reset(src []byte) {
	n := 64
	for n < len(src)/32 {
		n *= 2
	}
	if n > cap(t.slots) {
		t.slots = make([]uint32, n)
	}
	t.slots = t.slots[:n]
	clear(t.slots)
	t.mask = uint32(n - 1)
	t.hashes = append(t.hashes[:0], 0)
	t.refs = append(t.refs[:0], nameRef{})
	t.src, t.extra = src, t.extra[:0]
}

// name gives the text of a symbol.
func (t *symbols) name(s symbol) []byte {
	r := t.refs[s]
	if r.n&inExtra != 0 {
		return t.extra[r.off : r.off+r.n&^inExtra]
	}
	return t.src[r.off : r.off+r.n]
}

// intern returns the symbol of the name src[start:end].
func (t *symbols) intern(start, end int) symbol {
	name := t.src[start:end]
	s, h, slot := t.find(name)
	if s != noSymbol {
		return s
	}
	return t.add(nameRef{uint32(start), uint32(end - start)}, h, slot)
}

// internText is intern for a name that is not written in the source as such.
func (t *symbols) internText(name []byte) symbol {
	s, h, slot := t.find(name)
	if s != noSymbol {
		return s
	}
	ref := nameRef{uint32(len(t.extra)), uint32(len(name)) | inExtra}
	t.extra = append(t.extra, name...)
	return t.add(ref, h, slot)
}

// find returns the symbol of name, or its hash and the slot where it belongs.
func (t *symbols) find(name []byte) (s symbol, h, slot uint32) {
	h = uint32(maphash.Bytes(symbolSeed, name))
	slot = h & t.mask
	for ; t.slots[slot] != 0; slot = (slot + 1) & t.mask {
		s := t.slots[slot]
		if t.hashes[s] == h && bytes.Equal(t.name(symbol(s)), name) {
			return symbol(s), h, slot
		}
	}
	return noSymbol, h, slot
}

func (t *symbols) add(ref nameRef, h, slot uint32) symbol {
	s := len(t.refs)
	if s > maxSymbols {
		return noSymbol
	}
	t.slots[slot] = uint32(s)
	t.hashes = append(t.hashes, h)
	t.refs = append(t.refs, ref)
	if s > len(t.slots)/2 {
		t.grow()
	}
	return symbol(s)
}

func (t *symbols) grow() {
	t.slots = make([]uint32, 2*len(t.slots))
	t.mask = uint32(len(t.slots) - 1)
	for s, h := range t.hashes[1:] {
		slot := h & t.mask
		for t.slots[slot] != 0 {
			slot = (slot + 1) & t.mask
		}
		t.slots[slot] = uint32(s + 1)
	}
}

// keep copies what passes over a kept file need.
func (t *symbols) keep() symbols {
	return symbols{
		slots: slices.Clone(t.slots), mask: t.mask, hashes: slices.Clone(t.hashes),
		refs: slices.Clone(t.refs), src: t.src, extra: slices.Clone(t.extra),
	}
}
