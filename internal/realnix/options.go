package realnix

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// option is one node of the tree that kit/nixos/options.nix turns into option
// declarations. Kind names a type of the module system, "sub" a submodule and
// "group" a folder of options.
type option struct {
	Kind     string             `json:"k"`
	Elem     *option            `json:"e,omitempty"`
	Values   []any              `json:"v,omitempty"`
	Children map[string]*option `json:"c,omitempty"`
	Open     bool               `json:"o,omitempty"`
}

// declared lists what the kit declares by hand, or what has no place in it.
var declared = []string{
	"_module", "assertions", "lib", "meta", "nixpkgs.config", "nixpkgs.hostPlatform",
	"nixpkgs.overlays", "passthru", "system.build", "warnings",
}

// freeform lists submodules of which the catalog does not know every option:
// crypttabExtraOpts is hidden upstream.
var freeform = map[string]bool{"boot.initrd.luks.devices.<name>": true}

// nixosOptions is the JSON of the tree, made once a process from the
// catalog's table.
var nixosOptions = sync.OnceValues(func() ([]byte, error) {
	path, err := catalogTable()
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	tree, err := optionTree(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return json.Marshal(tree)
})

// catalogTable finds the catalog's options.tsv above the working directory,
// which for a test is its package's folder.
func catalogTable() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		for _, pattern := range []string{"catalog/options.tsv", "catalog/*/options.tsv"} {
			if found, _ := filepath.Glob(filepath.Join(dir, pattern)); len(found) > 0 {
				return found[0], nil
			}
		}
		if filepath.Dir(dir) == dir {
			return "", fmt.Errorf("no catalog/options.tsv above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}

// row is what the table says of one path.
type row struct {
	children map[string]*row
	typ      string
	open     bool
}

// optionTree reads the rows of NixOS in the catalog's table.
func optionTree(r io.Reader) (*option, error) {
	root := &row{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		if len(cells) < 3 || cells[0] != "nixos" || hasPath(declared, cells[1]) {
			continue
		}
		node := root
		for _, name := range splitPath(cells[1]) {
			node = node.child(name)
		}
		node.typ = cells[2]
		node.open = len(cells) > 3 && strings.Contains(","+cells[3]+",", ",open,")
	}
	for path := range freeform {
		node := root
		for _, name := range splitPath(path) {
			node = node.child(name)
		}
		node.open = true
	}
	return group(root), lines.Err()
}

func (r *row) child(name string) *row {
	if r.children == nil {
		r.children = map[string]*row{}
	}
	if r.children[name] == nil {
		r.children[name] = &row{}
	}
	return r.children[name]
}

// hasPath reports whether path is one of the list or lies below one.
func hasPath(list []string, path string) bool {
	for _, entry := range list {
		if path == entry || strings.HasPrefix(path, entry+".") {
			return true
		}
	}
	return false
}

// splitPath splits a path of the catalog at its dots; a component that is no
// plain identifier stands in double quotes.
func splitPath(path string) []string {
	var parts []string
	quoted, start := false, 0
	for i, c := range path {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '.' && !quoted:
			parts = append(parts, strings.Trim(path[start:i], `"`))
			start = i + 1
		}
	}
	return append(parts, strings.Trim(path[start:], `"`))
}

func group(r *row) *option {
	o := &option{Kind: "group", Children: map[string]*option{}}
	for name, child := range r.children {
		o.Children[name] = declare(child)
	}
	return o
}

// declare says what one path is: a group, an option of a plain type, or one
// whose elements are known.
func declare(r *row) *option {
	switch {
	case len(r.children) == 0:
		return scalar(r.typ)
	case r.typ == "" || r.typ == "group":
		return group(r)
	}
	o := submodule(r, r.open)
	for name, kind := range map[string]string{"<name>": "attrs", "*": "list"} {
		if elem := r.children[name]; elem != nil {
			o = &option{Kind: kind, Elem: declareElem(elem, r.open)}
		}
	}
	if strings.HasPrefix(r.typ, "null or ") {
		o = &option{Kind: "null", Elem: o}
	}
	return o
}

// declareElem is declare for what stands below `<name>` or `*`: there a group
// is a submodule.
func declareElem(r *row, open bool) *option {
	o := declare(r)
	if o.Kind == "group" {
		return submodule(r, open || r.open)
	}
	return o
}

func submodule(r *row, open bool) *option {
	o := group(r)
	o.Kind, o.Open = "sub", open
	return o
}

// plain maps the catalog's words to kinds; what is not here is "any".
var plain = map[string]string{
	"boolean": "bool", "string": "str", "single-line string": "str", "non-empty string": "str",
	"string (with check: non-empty)": "str", "string (with check: non-empty without trailing slash)": "str",
	"lines": "lines", "path": "path", "package": "package", "signed integer": "int",
	"unsigned integer": "int", "positive integer": "int", "port (u16)": "port",
	"floating point number": "float",
}

// scalar translates the catalog's description of a type.
func scalar(typ string) *option {
	typ = unwrap(typ)
	if kind, ok := plain[typ]; ok {
		return &option{Kind: kind}
	}
	for prefix, kind := range map[string]string{"null or ": "null", "list of ": "list", "attribute set of ": "attrs"} {
		if rest, ok := strings.CutPrefix(typ, prefix); ok {
			return composite(kind, rest)
		}
	}
	if rest, ok := strings.CutPrefix(typ, "one of "); ok {
		return enum(rest)
	}
	return &option{Kind: "any"}
}

// composite is a type of elements. `list of a or b` is ambiguous, so its
// elements are anything; `null or a or b` is one choice, of anything.
func composite(kind, rest string) *option {
	if unwrap(rest) == rest && strings.Contains(rest, " or ") {
		if kind == "null" {
			return &option{Kind: "any"}
		}
		return &option{Kind: kind, Elem: &option{Kind: "any"}}
	}
	return &option{Kind: kind, Elem: scalar(rest)}
}

// enum reads `"a", "b"`; a list that the catalog cut short is anything.
func enum(list string) *option {
	var values []any
	if json.Unmarshal([]byte("["+list+"]"), &values) != nil || len(values) == 0 {
		return &option{Kind: "any"}
	}
	return &option{Kind: "enum", Values: values}
}

// unwrap removes one pair of parentheses around the whole.
func unwrap(typ string) string {
	if !strings.HasPrefix(typ, "(") || !strings.HasSuffix(typ, ")") {
		return typ
	}
	depth := 0
	for i, c := range typ {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 && i < len(typ)-1 {
			return typ
		}
	}
	return typ[1 : len(typ)-1]
}
