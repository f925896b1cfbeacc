package fleet

import (
	"slices"
	"strconv"
	"strings"

	"nixgen/diag"
)

// nodeKind is the TOML type of a node.
type nodeKind uint8

const (
	tableNode nodeKind = 1 << iota
	listNode
	stringNode
	intNode
	floatNode
	boolNode
	dateNode
)

var kindNames = map[nodeKind]string{
	tableNode: "a table", listNode: "a list", stringNode: "a string", intNode: "an integer",
	floatNode: "a float", boolNode: "a boolean", dateNode: "a date",
}

// node is one value of hosts.toml with its places. The zero node pointer is an
// absent value: every reading method may be called on nil and on a node of
// another kind, and gives the zero value then and when a check has failed.
type node struct {
	kind   nodeKind
	name   string // key, or "[3]" in a list
	key    diag.Span
	at     diag.Span // of the value; of the header for a table with one
	parent *node
	kids   []*node
	index  map[string]*node // of kids, once there are many
	str    string
	num    int64
	flt    float64

	// How a table came to be, for finding what is defined twice.
	header, inline, dotted, array bool
	// bad nodes have been reported and read as absent.
	bad bool
}

const indexFrom = 12 // kids of a table from which a map pays

func (n *node) get(name string) *node {
	if n == nil || n.kind != tableNode {
		return nil
	}
	if n.index != nil {
		return n.index[name]
	}
	for _, k := range n.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

func (n *node) add(k *node) *node {
	k.parent = n
	n.kids = append(n.kids, k)
	if n.kind == tableNode && len(n.kids) >= indexFrom {
		if n.index == nil {
			n.index = make(map[string]*node, 2*indexFrom)
			for _, x := range n.kids {
				n.index[x.name] = x
			}
		}
		n.index[k.name] = k
	}
	return k
}

// is says whether the node is there, sound, and of one of the kinds.
func (n *node) is(k nodeKind) bool { return n != nil && !n.bad && n.kind&k != 0 }

// path is the key as a person would write it: hosts.malphas.disks.main.
func (n *node) path() string {
	var parts []string
	for ; n != nil && n.parent != nil; n = n.parent {
		switch {
		case n.parent.kind == listNode:
			parts = append(parts, n.name)
		case n.parent.parent == nil:
			parts = append(parts, quoteKey(n.name))
		default:
			parts = append(parts, "."+quoteKey(n.name))
		}
	}
	slices.Reverse(parts)
	return strings.Join(parts, "")
}

// quoteKey writes a key bare where TOML allows it.
func quoteKey(k string) string {
	if isBareKey(k) {
		return k
	}
	return quoteTOML(k)
}

func isBareKey(k string) bool {
	for i := range len(k) {
		c := k[i]
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return k != ""
}

// quoteTOML writes a basic string.
func quoteTOML(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			b.WriteString(`\u` + strings.Repeat("0", 4-len(strconv.FormatInt(int64(r), 16))) + strconv.FormatInt(int64(r), 16))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// The readers of a sound value.

func (n *node) text(name string) string {
	if k := n.get(name); k.is(stringNode) {
		return k.str
	}
	return ""
}

func (n *node) integer(name string) int64 {
	if k := n.get(name); k.is(intNode) {
		return k.num
	}
	return 0
}

// flag reads a boolean; nil when it is not said.
func (n *node) flag(name string) *bool {
	if k := n.get(name); k.is(boolNode) {
		b := k.num != 0
		return &b
	}
	return nil
}

func (n *node) on(name string) bool {
	b := n.flag(name)
	return b != nil && *b
}

// list reads a list of strings; a single string is a list of one.
func (n *node) list(name string) []string {
	var out []string
	for _, k := range n.get(name).strings() {
		out = append(out, k.str)
	}
	return out
}

// strings are the sound string nodes of a list, or the node itself.
func (n *node) strings() []*node {
	if n.is(stringNode) {
		return []*node{n}
	}
	if !n.is(listNode) {
		return nil
	}
	out := make([]*node, 0, len(n.kids))
	for _, k := range n.kids {
		if k.is(stringNode) {
			out = append(out, k)
		}
	}
	return out
}

// entries are the sound members of a table, in the file's order.
func (n *node) entries(name string) []*node {
	t := n.get(name)
	if !t.is(tableNode) {
		return nil
	}
	out := make([]*node, 0, len(t.kids))
	for _, k := range t.kids {
		if !k.bad {
			out = append(out, k)
		}
	}
	return out
}

// value turns a sound node into a Value; bad parts are left out.
func (n *node) value() Value {
	switch n.kind {
	case stringNode:
		return n.str
	case intNode:
		return n.num
	case floatNode:
		return n.flt
	case boolNode:
		return n.num != 0
	case listNode:
		out := make([]any, 0, len(n.kids))
		for _, k := range n.kids {
			if !k.bad {
				out = append(out, k.value())
			}
		}
		return out
	case tableNode:
		return n.table()
	}
	return nil
}

func (n *node) table() map[string]Value {
	if !n.is(tableNode) {
		return nil
	}
	out := make(map[string]any, len(n.kids))
	for _, k := range n.kids {
		if !k.bad {
			out[k.name] = k.value()
		}
	}
	return out
}
