package fleet

import (
	"regexp"
	"slices"
	"strings"
)

// The makers of shapes.

func table(keys ...*keyDef) *shape {
	s := &shape{kinds: tableNode, words: "a table", keys: keys, index: make(map[string]*keyDef, len(keys))}
	if keys == nil {
		s.keys = []*keyDef{}
	}
	for _, k := range keys {
		s.index[k.name] = k
	}
	return s
}

func key(name string, s *shape, doc string) *keyDef { return &keyDef{name: name, shape: s, doc: doc} }

func (k *keyDef) must() *keyDef                     { k.required = true; return k }
func (k *keyDef) or(def string) *keyDef             { k.def = def; return k }
func (k *keyDef) on(ps ...string) *keyDef           { k.platforms = ps; return k }
func concat(lists ...[]*keyDef) []*keyDef           { return slices.Concat(lists...) }
func (s *shape) with(c func(*walker, *node)) *shape { s.check = c; return s }

// mapOf is a table whose keys the user chooses.
func mapOf(keyName string, keyCheck func(*walker, *node), elem *shape) *shape {
	return &shape{kinds: tableNode, words: "a table", keyName: keyName, keyCheck: keyCheck, elem: elem}
}

func listOf(elem *shape) *shape {
	return &shape{kinds: listNode, words: "a list", elem: elem}
}

// oneOrMore takes a string or a list of strings.
func oneOrMore(elem *shape) *shape {
	s := listOf(elem)
	s.words = elem.words + ", or a list of such"
	s.alt = elem
	one := *elem
	one.words = s.words
	s.alt = &one
	return s
}

func either(a, b *shape) *shape {
	x, y := *a, *b
	y.words = a.words + " or " + b.words
	x.alt = &y
	return &x
}

func text(check func(*walker, *node)) *shape {
	return &shape{kinds: stringNode, words: "a string", check: check, typ: &Type{Kind: String}}
}

func matching(re *pattern, rule string) *shape {
	s := text(valueMatches(re, rule))
	s.pattern = re.String()
	return s
}

func name(what string, names func(*walker) *nameSet) *shape {
	return &shape{kinds: stringNode, words: "a string", what: what, names: names, typ: &Type{Kind: String}}
}

func enum(what string, values ...string) *shape {
	set := newNameSet(values)
	s := name(what, func(*walker) *nameSet { return set })
	s.typ = &Type{Kind: Enum, Enum: values}
	return s
}

func boolean() *shape {
	return &shape{kinds: boolNode, words: "`true` or `false`", typ: &Type{Kind: Bool}}
}

func integer(lo, hi int64) *shape { return typeShape(&Type{Kind: Int, Min: &lo, Max: &hi}) }

const anyKind = tableNode | listNode | stringNode | intNode | floatNode | boolNode | dateNode

// free takes any value that Nix can hold; freeTable a table of such.
func free() *shape {
	return &shape{kinds: anyKind, words: "a value", check: checkFree, typ: &Type{Kind: FreeForm}}
}

func freeTable() *shape {
	return &shape{kinds: tableNode, words: "a table", keyName: "NAME", elem: free()}
}

// typeShape is the shape of a field or a parameter.
func typeShape(t *Type) *shape {
	s := &shape{words: t.words(), typ: t, kinds: stringNode, check: checkOneOf(t)}
	switch t.Kind {
	case Bool:
		s.kinds, s.words = boolNode, "`true` or `false`"
	case Int:
		s.kinds = intNode
	case Float:
		s.kinds = floatNode | intNode
	case StringOrInt:
		s.kinds = stringNode | intNode
	case FreeForm:
		return free()
	case Nullable:
		return typeShape(t.Elem)
	case ListOf:
		s.kinds, s.elem = listNode, typeShape(t.Elem)
	case AttrsOf:
		s.kinds, s.elem, s.keyName = tableNode, typeShape(t.Elem), "NAME"
	}
	return s
}

// checkOneOf judges a value whose TOML type is right.
func checkOneOf(t *Type) func(*walker, *node) {
	var re *regexp.Regexp
	if t.Pattern != "" {
		re, _ = regexp.Compile("^(?:" + t.Pattern + ")$")
	}
	return func(w *walker, n *node) {
		switch t.Kind {
		case Int:
			w.bounded(n, n.num, t, "")
		case ListOf:
			w.bounded(n, int64(len(n.kids)), t, " long")
		case Enum:
			if !slices.Contains(t.Enum, n.str) {
				w.fail(n, "`%s` is %s%s", n.path(), quoted(n.str), meant(n.str, t.Enum))
			}
		case PathKind:
			if !absoluteOK(n.str) {
				checkTreePath(w, n)
			}
		case Device:
			w.formed(n, deviceRE, t)
		case Size:
			w.formed(n, sizeRE, t)
		case MountPoint:
			if !absoluteOK(n.str) {
				w.fail(n, "`%s` is %s, must be %s", n.path(), quoted(n.str), t.words())
			}
		case AttrsOf:
			checkKeys(w, n, t.Keys)
		default:
			checkFree(w, n)
		}
		if re != nil && n.is(stringNode) && !re.MatchString(n.str) {
			w.fail(n, "`%s` is %s, must match `%s`", n.path(), quoted(n.str), t.Pattern)
		}
	}
}

// checkKeys judges the names of attrsOf; keys is the pattern of a parameter.
func checkKeys(w *walker, n *node, keys string) {
	re, err := regexp.Compile("^(?:" + keys + ")$")
	for _, k := range n.kids {
		switch {
		case strings.ContainsRune(k.name, 0):
			w.failKey(k, "the key %s must not hold a NUL: Nix has none in strings", quoted(k.name))
		case keys != "" && err == nil && !re.MatchString(k.name):
			w.failKey(k, "the key %s of `%s` must match `%s`", quoted(k.name), n.path(), keys)
		}
	}
}

func (w *walker) formed(n *node, re *pattern, t *Type) {
	if !re.MatchString(n.str) || strings.Contains(n.str, "..") {
		w.fail(n, "`%s` is %s, must be %s", n.path(), quoted(n.str), t.words())
	}
}

func (w *walker) bounded(n *node, v int64, t *Type, unit string) {
	switch {
	case t.Min != nil && v < *t.Min:
		w.fail(n, "`%s` is %d%s, must be at least %d", n.path(), v, unit, *t.Min)
	case t.Max != nil && v > *t.Max:
		w.fail(n, "`%s` is %d%s, must be at most %d", n.path(), v, unit, *t.Max)
	}
}
