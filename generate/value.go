package generate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nixgen/fleet"
	"nixgen/syntax"
)

// relative gives the Nix path from a folder of the tree to a file of it; both
// are cleaned, and the root is ".".
func relative(from, to string) syntax.Path {
	shared := sharedFolders(from, to)
	var b strings.Builder
	if rest := from[min(shared, len(from)):]; rest != "" && rest != "." {
		for range strings.Count(rest, "/") + 1 {
			b.WriteString("../")
		}
	} else {
		b.WriteString("./")
	}
	if below := to[min(shared, len(to)):]; below != "" {
		b.WriteString(below)
	} else {
		b.WriteString(".") // "../." is a path, ".." is none
	}
	return syntax.Path(b.String())
}

// sharedFolders is the length of what two paths have in common, in whole names
// and with the slash behind them.
func sharedFolders(a, b string) int {
	n := 0
	for i := 0; ; i++ {
		endA, endB := i == len(a) || a[i] == '/', i == len(b) || b[i] == '/'
		if endA && endB {
			n = i + 1
		}
		if i == len(a) || i == len(b) || a[i] != b[i] {
			return n
		}
	}
}

// value converts what hosts.toml holds; paths become relative to dir, the
// folder of the file it is printed into.
func value(dir string, v fleet.Value) syntax.Value {
	switch v := v.(type) {
	case nil:
		return syntax.Null{}
	case bool:
		return syntax.Bool(v)
	case int64:
		return syntax.Int(v)
	case float64:
		return syntax.Float(v)
	case string:
		return text(v)
	case fleet.Path:
		return relative(dir, string(v))
	case []any:
		out := make(syntax.List, len(v))
		for i, x := range v {
			out[i] = value(dir, x)
		}
		return out
	case map[string]any:
		return object(dir, v)
	}
	panic(fmt.Sprintf("no fleet.Value: %T", v)) // fleet's decoding makes no other
}

func object(dir string, m map[string]fleet.Value) syntax.Attrs {
	out := make(syntax.Attrs, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, shorten(syntax.Attr{Path: []string{k}, Value: value(dir, m[k])}))
	}
	return out
}

// text prints several lines as such.
func text(s string) syntax.Value {
	if strings.Contains(strings.TrimSuffix(s, "\n"), "\n") {
		return syntax.Lines(s)
	}
	return syntax.String(s)
}

func texts(ss []string) syntax.List {
	out := make(syntax.List, len(ss))
	for i, s := range ss {
		out[i] = syntax.String(s)
	}
	return out
}

// tree collects options by path and prints them as nested attribute sets in
// alphabetical order, one attribute of a set being written as a dotted path. So
// no key is ever repeated.
type tree struct {
	name     string
	value    syntax.Value // of a leaf
	children []*tree      // sorted by name
}

// child gives the child of a name, made where there was none.
func (t *tree) child(name string) *tree {
	i, ok := slices.BinarySearchFunc(t.children, name, func(c *tree, n string) int { return cmp.Compare(c.name, n) })
	if !ok {
		t.children = slices.Insert(t.children, i, &tree{name: name})
	}
	return t.children[i]
}

// set defines an option; of two definitions of one path the later one wins.
func (t *tree) set(v syntax.Value, names ...string) {
	for _, n := range names {
		t = t.child(n)
	}
	t.value = v
}

// option sets a dotted path, such as "networking.hostName".
func (t *tree) option(dotted string, v syntax.Value) {
	for n := range strings.SplitSeq(dotted, ".") {
		t = t.child(n)
	}
	t.value = v
}

// setAll sets every key of a table of hosts.toml below a path.
func (t *tree) setAll(dir string, m map[string]fleet.Value, names ...string) {
	for k, v := range m {
		t.set(value(dir, v), append(slices.Clip(names), k)...)
	}
}

// unless is option where v is not the zero value of its kind, which is what the
// option has anyway.
func (t *tree) unless(dotted string, v syntax.Value) {
	if !empty(v) {
		t.option(dotted, v)
	}
}

func empty(v syntax.Value) bool {
	switch v := v.(type) {
	case nil, syntax.Null:
		return true
	case syntax.Bool:
		return !bool(v)
	case syntax.Int:
		return v == 0
	case syntax.String:
		return v == ""
	case syntax.List:
		return len(v) == 0
	case syntax.Attrs:
		return len(v) == 0
	}
	return false
}

func (t *tree) attrs() syntax.Attrs {
	out := make(syntax.Attrs, len(t.children))
	for i, c := range t.children {
		v := c.value
		if v == nil {
			v = c.attrs()
		}
		out[i] = shorten(syntax.Attr{Path: []string{c.name}, Value: v})
	}
	return out
}

// shorten writes a set of one attribute as a dotted path.
func shorten(a syntax.Attr) syntax.Attr {
	for {
		inner, ok := a.Value.(syntax.Attrs)
		if !ok || len(inner) != 1 || inner[0].Comment != "" {
			return a
		}
		a.Path = append(slices.Clip(a.Path), inner[0].Path...)
		a.Value = inner[0].Value
	}
}
