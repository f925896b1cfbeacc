package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sort"
)

// The form of catalog.bin. All numbers are little-endian. After the magic
// comes the header: the number of nodes, names, infos, types and flag sets
// (4 bytes each). Then, one behind the other:
//
//	nodes     7 bytes each, breadth-first, and one more that ends the last:
//	          name (2), info (2), first child (3); a node's children end where
//	          those of the next node begin, and are sorted by name
//	infos     type (2), flag set (2); number 0 means "not listed"
//	bits      the Flags of each flag set (4)
//	names, types, flag sets, each a table of texts: where each ends (3 bytes,
//	          and one more for where the first begins), then the texts; names
//	          are sorted, the first is empty
//
// Node 0 is the root, whose children are the classes that have options.
const (
	magic      = "nixgen catalog 1\n"
	headerSize = len(magic) + 5*4
	nodeSize   = 7
)

// Catalog is a set of options. It is read-only and safe for concurrent use.
type Catalog struct {
	data  string
	nodes string // from the first node on
	infos string
	bits  string
	names table
	types table
	sets  table
	roots [16]uint32 // node of each class, 0 without one
	// anyName is the number of `<name>`, 0 if no option has it.
	anyName uint32
	count   int // of nodes
}

// table is a list of texts: offsets of 3 bytes, then the texts.
type table struct{ offsets, text string }

func (t table) at(i uint32) string { return t.text[u24(t.offsets, i*3):u24(t.offsets, i*3+3)] }

func (t table) len() int { return len(t.offsets)/3 - 1 }

func u16(s string, i uint32) uint32 { _ = s[i+1]; return uint32(s[i]) | uint32(s[i+1])<<8 }
func u24(s string, i uint32) uint32 {
	_ = s[i+2]
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16
}
func u32(s string, i uint32) uint32 { return u16(s, i) | u16(s, i+2)<<16 }

func (c *Catalog) name(n uint32) string { return c.names.at(u16(c.nodes, n*nodeSize)) }
func (c *Catalog) info(n uint32) uint32 { return u16(c.nodes, n*nodeSize+2) }

func (c *Catalog) kids(n uint32) (first, end uint32) {
	i := n*nodeSize + 4
	return u24(c.nodes, i), u24(c.nodes, i+nodeSize)
}

func (c *Catalog) typeText(info uint32) string { return c.types.at(u16(c.infos, info*4)) }
func (c *Catalog) flagText(info uint32) string { return c.sets.at(u16(c.infos, info*4+2)) }
func (c *Catalog) flags(info uint32) Flags     { return Flags(u32(c.bits, u16(c.infos, info*4+2)*4)) }

// kid finds a child by its exact name; 0 means none, since the root is nobody's
// child.
func (c *Catalog) kid(n uint32, name string) uint32 {
	lo, hi := c.kids(n)
	for lo < hi {
		mid := (lo + hi) / 2
		switch at := c.name(mid); {
		case at == name:
			return mid
		case at < name:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0
}

// Open reads a catalog that Encode wrote. The whole file is checked, so that a
// damaged one is an error here and never later.
func Open(file string) (*Catalog, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parse(file, data)
}

// Prefer gives the catalog that lies at name in fsys, and the built-in one
// where there is none.
func Prefer(fsys fs.FS, name string) (*Catalog, error) {
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return Builtin(), nil
	}
	if err != nil {
		return nil, err
	}
	return parse(name, data)
}

func parse(name string, data []byte) (*Catalog, error) {
	c, err := read(string(data))
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	c.findRoots()
	return c, nil
}

var errForm = errors.New("not a catalog that this nixgen reads; write it again with `nixgen catalog`")

func (c *Catalog) findRoots() {
	any := sort.Search(c.names.len(), func(i int) bool { return c.names.at(uint32(i)) >= AnyName })
	if any < c.names.len() && c.names.at(uint32(any)) == AnyName {
		c.anyName = uint32(any)
	}
	for i, class := range classNames {
		c.roots[i] = c.kid(0, class)
	}
}

// read finds the parts without looking into them.
func read(data string) (*Catalog, error) {
	if len(data) < headerSize || data[:len(magic)] != magic {
		return nil, errForm
	}
	var n [5]int
	for i := range n {
		n[i] = int(u32(data, uint32(len(magic)+4*i)))
	}
	c := &Catalog{data: data, count: n[0]}
	rest := data[headerSize:]
	cut := func(size int) (s string) {
		if size < 0 || size > len(rest) {
			size, rest = 0, ""
		}
		s, rest = rest[:size], rest[size:]
		return s
	}
	cutTable := func(n int) table {
		t := table{offsets: cut((n + 1) * 3)}
		if t.offsets != "" {
			t.text = cut(int(u24(t.offsets, uint32(n*3))))
		}
		return t
	}
	c.nodes, c.infos, c.bits = cut((n[0]+1)*nodeSize), cut(n[2]*4), cut(n[4]*4)
	c.names, c.types, c.sets = cutTable(n[1]), cutTable(n[3]), cutTable(n[4])
	whole := len(c.nodes)/nodeSize == n[0]+1 && len(c.infos)/4 == n[2] && len(c.bits)/4 == n[4] &&
		c.names.len() == n[1] && c.types.len() == n[3] && c.sets.len() == n[4] && rest == "" && n[0] > 0
	if !whole {
		return nil, errForm
	}
	return c, nil
}

// check proves every number to be in its range, and names to be sorted.
func (c *Catalog) check() error {
	ok := c.names.check() && c.types.check() && c.sets.check()
	for i := 1; ok && i < c.names.len(); i++ {
		ok = c.names.at(uint32(i-1)) < c.names.at(uint32(i))
	}
	for i := 0; ok && i < len(c.infos); i += 4 {
		ok = int(u16(c.infos, uint32(i))) < c.types.len() && int(u16(c.infos, uint32(i+2))) < c.sets.len()
	}
	for n := uint32(0); ok && n < uint32(c.count); n++ {
		ok = int(u16(c.nodes, n*nodeSize)) < c.names.len() && int(c.info(n)) < len(c.infos)/4
	}
	for n := uint32(0); ok && n < uint32(c.count); n++ {
		first, end := c.kids(n)
		ok = n < first && first <= end && end <= uint32(c.count)
		for k := first + 1; ok && k < end; k++ {
			ok = c.name(k-1) < c.name(k)
		}
	}
	if !ok {
		return errForm
	}
	return nil
}

func (t table) check() bool {
	for i := range t.len() {
		if u24(t.offsets, uint32(i*3)) > u24(t.offsets, uint32(i*3+3)) {
			return false
		}
	}
	return int(u24(t.offsets, uint32(t.len()*3))) == len(t.text)
}
