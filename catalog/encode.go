package catalog

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Row is one option as options.tsv has it.
type Row struct {
	Class Platform
	Path  []string
	Type  string
	// Flags are words such as "open" and "renamed-to=a.b", sorted.
	Flags string
}

// ReadRows reads tab-separated rows: class, path, type, flags, and a source
// where the table has one. Empty lines and lines that start with "#" are
// skipped, and so is the header.
func ReadRows(r io.Reader) ([]Row, error) {
	var rows []Row
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || line[0] == '#' || strings.HasPrefix(line, "system\t") {
			continue
		}
		row, err := readRow(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		rows = append(rows, row)
	}
	return rows, lines.Err()
}

func readRow(line string) (Row, error) {
	cols := strings.Split(line, "\t")
	if len(cols) < 4 {
		return Row{}, fmt.Errorf("%d columns, want at least 4", len(cols))
	}
	class, ok := ParseClass(cols[0])
	if !ok {
		return Row{}, fmt.Errorf("unknown class `%s`", cols[0])
	}
	path, err := ParsePath(cols[1])
	if err != nil {
		return Row{}, err
	}
	if _, err := flagBits(cols[3]); err != nil {
		return Row{}, err
	}
	return Row{class, path, cols[2], cols[3]}, nil
}

// flagBits are the flags without an argument.
func flagBits(words string) (Flags, error) {
	var bits Flags
	if words == "" {
		return 0, nil
	}
	for _, w := range strings.Split(words, ",") {
		f, ok := flagOf(w)
		switch key, _, hasArg := strings.Cut(w, "="); {
		case ok:
			bits |= f
		case hasArg && slices.Contains([]string{"renamed-to", "alias-of", "recurse", "variants"}, key):
		default:
			return 0, fmt.Errorf("unknown flag `%s`", w)
		}
	}
	return bits, nil
}

// Encode writes rows in the form that Open reads. Of two rows for one path the
// later one counts, so that an overlay is appended.
func Encode(rows []Row) ([]byte, error) {
	e := &encoder{infoIDs: map[[2]uint32]uint32{}}
	e.info(0, 0)
	root := &trie{}
	for _, r := range rows {
		n := root.child(r.Class.String())
		for _, name := range r.Path {
			n = n.child(name)
		}
		n.row = &r
	}
	e.sortNames(root)
	if err := e.nodesOf(root); err != nil {
		return nil, err
	}
	return e.bytes()
}

type trie struct {
	name string
	row  *Row
	kids map[string]*trie
}

func (t *trie) child(name string) *trie {
	if k := t.kids[name]; k != nil {
		return k
	}
	if t.kids == nil {
		t.kids = map[string]*trie{}
	}
	k := &trie{name: name}
	t.kids[name] = k
	return k
}

func (t *trie) sorted() []*trie {
	kids := make([]*trie, 0, len(t.kids))
	for _, k := range t.kids {
		kids = append(kids, k)
	}
	slices.SortFunc(kids, func(a, b *trie) int { return cmp.Compare(a.name, b.name) })
	return kids
}

// encoder collects the parts of the file.
type encoder struct {
	nodes, infos, bits []byte
	count              uint32
	names, types, sets texts
	infoIDs            map[[2]uint32]uint32
}

// texts numbers distinct texts in the order of their first use.
type texts struct {
	ids  map[string]uint32
	list []string
}

func (t *texts) id(s string) uint32 {
	if id, ok := t.ids[s]; ok {
		return id
	}
	if t.ids == nil {
		t.ids = map[string]uint32{}
	}
	id := uint32(len(t.list))
	t.ids[s] = id
	t.list = append(t.list, s)
	return id
}

// sortNames numbers all names in their order, so that neighbours in the table
// are neighbours in a search.
func (e *encoder) sortNames(root *trie) {
	seen := map[string]bool{"": true}
	var collect func(*trie)
	collect = func(t *trie) {
		seen[t.name] = true
		for _, k := range t.kids {
			collect(k)
		}
	}
	collect(root)
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		e.names.id(n)
	}
}

func (e *encoder) info(typ, set uint32) uint32 {
	key := [2]uint32{typ, set}
	if len(e.infos) > 0 { // number 0 means "not listed" and is nobody's
		if id, ok := e.infoIDs[key]; ok {
			return id
		}
		e.infoIDs[key] = uint32(len(e.infos) / 4)
	}
	e.infos = binary.LittleEndian.AppendUint16(e.infos, uint16(typ))
	e.infos = binary.LittleEndian.AppendUint16(e.infos, uint16(set))
	return uint32(len(e.infos)/4 - 1)
}

// nodesOf numbers the tree breadth-first. A node's children come behind those
// of all nodes before it, so one number says where they are.
func (e *encoder) nodesOf(root *trie) error {
	e.types.id("")
	if _, err := e.set(""); err != nil {
		return err
	}
	queue := []*trie{root}
	for i := 0; i < len(queue); i++ {
		t := queue[i]
		info, err := e.infoOf(t)
		if err != nil {
			return err
		}
		e.node(e.names.id(t.name), info, uint32(len(queue)))
		queue = append(queue, t.sorted()...)
	}
	e.node(0, 0, uint32(len(queue)))
	e.count = uint32(len(queue))
	return nil
}

func (e *encoder) node(name, info, kids uint32) {
	e.nodes = append(e.nodes, byte(name), byte(name>>8), byte(info), byte(info>>8), byte(kids), byte(kids>>8), byte(kids>>16))
}

func (e *encoder) infoOf(t *trie) (uint32, error) {
	if t.row == nil {
		return 0, nil
	}
	set, err := e.set(t.row.Flags)
	return e.info(e.types.id(t.row.Type), set), err
}

func (e *encoder) set(words string) (uint32, error) {
	before := len(e.sets.list)
	id := e.sets.id(words)
	bits, err := flagBits(words)
	if int(id) == before {
		e.bits = binary.LittleEndian.AppendUint32(e.bits, uint32(bits))
	}
	return id, err
}

func (e *encoder) bytes() ([]byte, error) {
	if e.count >= 1<<24 || len(e.names.list) > 1<<16 || len(e.infos)/4 > 1<<16 {
		return nil, fmt.Errorf("too many options for a catalog: %d places, %d names, %d kinds", e.count, len(e.names.list), len(e.infos)/4)
	}
	out := []byte(magic)
	for _, n := range []int{int(e.count), len(e.names.list), len(e.infos) / 4, len(e.types.list), len(e.sets.list)} {
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
	}
	out = append(append(append(out, e.nodes...), e.infos...), e.bits...)
	for _, t := range []texts{e.names, e.types, e.sets} {
		end := 0
		out = append(out, 0, 0, 0)
		for _, s := range t.list {
			if end += len(s); end >= 1<<24 {
				return nil, fmt.Errorf("too much text for a catalog: %d bytes", end)
			}
			out = append(out, byte(end), byte(end>>8), byte(end>>16))
		}
		out = append(out, strings.Join(t.list, "")...)
	}
	return out, nil
}
