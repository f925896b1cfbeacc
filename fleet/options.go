package fleet

import (
	"slices"
	"strings"

	"nixgen/catalog"
	"nixgen/diag"
)

// Values that become options of nix-darwin are typed by the catalog.

// defaultsShape is system.defaults.
var defaultsShape = &shape{kinds: tableNode, words: "a table", check: func(w *walker, n *node) {
	checkFree(w, n)
	w.checkOptions(n, []string{"system", "defaults"})
}}

// brewItem is a package with options; it needs a name. list is "taps", "brews"
// or "casks".
func brewItem(list string) *shape {
	return (&shape{kinds: tableNode, words: "a table"}).with(func(w *walker, n *node) {
		if k := n.get("name"); k == nil {
			w.fail(n, "`%s` needs a `name`", n.path())
			return
		}
		checkFree(w, n)
		w.checkOptions(n, []string{"homebrew", list, catalog.Element})
	})
}

// checkOptions judges the members of a table that stands for the options below
// a path.
func (w *walker) checkOptions(n *node, path []string) {
	for _, k := range n.kids {
		w.checkOption(k, append(slices.Clip(path), k.name))
	}
}

func (w *walker) checkOption(n *node, path []string) {
	place := w.env.options().Nearest(catalog.Darwin, path)
	known := place.Depth == len(path)
	switch {
	case n.bad:
	case place.Removed.Listed():
		w.failKey(n, "`%s`: nix-darwin has removed the option `%s`", n.path(), catalog.JoinPath(path))
	case known && place.RenamedTo() != "":
		w.failKey(n, "`%s`: nix-darwin calls the option `%s` now", n.path(), place.RenamedTo())
	case known && (place.Has(catalog.ReadOnly) || place.Has(catalog.Internal)):
		w.failKey(n, "`%s`: the option `%s` cannot be set", n.path(), catalog.JoinPath(path))
	case known && place.Listed() && place.TypeText() != "group":
		w.checkOptionType(n, path, place.Type())
	case known && n.kind == tableNode:
		w.checkOptions(n, path)
	case known:
		w.fail(n, "`%s` must be a table of options, not %s", n.path(), kindNames[n.kind])
	case !place.Open:
		w.unknownOption(n, path)
	}
}

func (w *walker) unknownOption(n *node, path []string) {
	names := w.env.options().Names(catalog.Darwin, path[:len(path)-1])
	hint := meant(n.name, names)
	if diag.Suggest(n.name, names) == "" && len(names) > 40 {
		hint = ""
	}
	w.failKey(n, "`%s`: nix-darwin has no option `%s`%s", n.path(), catalog.JoinPath(path), hint)
}

func (w *walker) checkOptionType(n *node, path []string, t catalog.Type) {
	if !admits(t, n) {
		w.fail(n, "`%s` is %s, must be %s", n.path(), shownNode(n), optionWords(t))
		return
	}
	if n.kind == tableNode && len(w.env.options().Names(catalog.Darwin, path)) > 0 {
		w.checkOptions(n, path)
	}
}

// shownNode is a value for a message.
func shownNode(n *node) string {
	switch n.kind {
	case stringNode:
		return "the string " + quoted(n.str)
	case intNode, boolNode, floatNode:
		return "`" + showValue(n.value()) + "`"
	}
	return kindNames[n.kind]
}

// optionWords says what a type takes; null cannot be written in TOML.
func optionWords(t catalog.Type) string {
	if values, ok := t.Enum(); ok {
		var words []string
		for _, v := range values {
			if v != nil {
				words = append(words, showValue(v))
			}
		}
		return "one of " + ticked(words)
	}
	s := strings.TrimPrefix(t.Text, "null or ")
	switch {
	case strings.HasPrefix(s, "floating point"):
		return "a floating point number, such as `1.0`"
	case strings.HasPrefix(s, "integer") || strings.HasPrefix(s, "attribute"):
		return "an " + s
	case strings.HasPrefix(s, "("):
		return s
	}
	return "a " + s
}

// admitsAll is admits of every element; a type that is not known admits all.
func admitsAll(t *catalog.Type, kids []*node) bool {
	return t == nil || !slices.ContainsFunc(kids, func(k *node) bool { return !admits(*t, k) })
}

// admits says whether a TOML value can be a value of a type.
func admits(t catalog.Type, n *node) bool {
	switch {
	case t.Kind == catalog.EitherKind:
		return slices.ContainsFunc(t.Alts, func(a catalog.Type) bool { return admits(a, n) })
	case n.kind == listNode:
		return t.Shapes()&catalog.ListShape != 0 && admitsAll(t.Elem, n.kids)
	case n.kind == tableNode:
		return t.Shapes()&catalog.AttrsShape != 0 && (t.Kind != catalog.AttrsKind || admitsAll(t.Elem, n.kids))
	case n.kind == floatNode:
		return t.Shapes()&catalog.FloatShape != 0
	case t.Kind == catalog.SubmoduleKind:
		return false // a function or a file, which no TOML value is
	}
	return t.Admits(n.value())
}

// optionSchema is the JSON Schema of the options below a path.
func optionSchema(c *catalog.Catalog, path []string) object {
	props := object{}
	for _, name := range c.Names(catalog.Darwin, path) {
		p := append(slices.Clip(path), name)
		place := c.Nearest(catalog.Darwin, p)
		switch {
		case place.Removed.Listed() || place.RenamedTo() != "" || place.Has(catalog.ReadOnly) || place.Has(catalog.Internal):
		case len(c.Names(catalog.Darwin, p)) > 0 && place.Flags&catalog.Freeform == 0:
			if sub := optionSchema(c, p); len(sub["properties"].(object)) > 0 {
				props[name] = sub
			}
		default:
			props[name] = typeSchema(place.Type())
		}
	}
	return object{"type": "object", "properties": props, "additionalProperties": false}
}

var shapeTypes = []struct {
	shape catalog.Shape
	name  string
}{
	{catalog.BoolShape, "boolean"}, {catalog.IntShape, "integer"}, {catalog.FloatShape, "number"}, {catalog.StringShape, "string"},
	{catalog.ListShape, "array"}, {catalog.AttrsShape, "object"},
}

func typeSchema(t catalog.Type) object {
	if values, ok := t.Enum(); ok {
		return object{"enum": slices.DeleteFunc(slices.Clone(values), func(v any) bool { return v == nil })}
	}
	shapes := t.Shapes()
	if shapes == catalog.AnyShape {
		return object{}
	}
	var types []string
	for _, s := range shapeTypes {
		if shapes&s.shape != 0 {
			types = append(types, s.name)
		}
	}
	if len(types) == 1 {
		return object{"type": types[0]}
	}
	return object{"type": types}
}

// optionList is the options below a path for the reference: path, type.
func optionList(path []string) [][2]string {
	var out [][2]string
	c := catalog.Builtin()
	c.Walk(catalog.Darwin, path, func(p []string, o catalog.Option) bool {
		if t := o.TypeText(); t != "group" && o.RenamedTo() == "" && !o.Has(catalog.Removed) && !o.Has(catalog.Internal) {
			out = append(out, [2]string{catalog.JoinPath(p[len(path):]), strings.TrimPrefix(t, "null or ")})
		}
		return true
	})
	return out
}
