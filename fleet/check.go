package fleet

import (
	"fmt"
	"slices"
	"strings"

	"nixgen/diag"
)

// shape says what may stand somewhere in hosts.toml. One tree of shapes
// (schema.go) is walked to check a file, to write hosts.schema.json and to
// write the reference in the docs.
type shape struct {
	kinds nodeKind
	// words complete "must be …".
	words string
	// keys of a table; nil for a map, whose values all have shape elem.
	keys []*keyDef
	elem *shape // of a list or a map
	// keyName, for a map, says what its keys are ("HOST"); keyCheck judges one.
	keyName  string
	keyCheck func(*walker, *node)
	// check judges a value of the right kind, after its members.
	check func(*walker, *node)
	// names closes the set of strings; what says what they are names of. A nil
	// set checks nothing.
	names func(*walker) *nameSet
	what  string
	// alt is the shape of a value of another kind.
	alt *shape
	// refused says why a key is none that a reader may expect.
	refused map[string]string
	// dyn chooses the shape by what is in the file or in Env.
	dyn func(*walker, *node) *shape
	typ *Type // of a leaf that has one

	pattern string // for hosts.schema.json
	index   map[string]*keyDef
}

// keyDef is one key of a table.
type keyDef struct {
	name     string
	shape    *shape
	doc      string
	required bool
	def      string // default, as the docs say it
	// platforms that can have it; empty: all. On a host of another platform it
	// is an error, in a role or the fleet it passes over that host.
	platforms []string
}

func (s *shape) key(name string) *keyDef { return s.index[name] }

// nameSet is a closed set of names.
type nameSet struct {
	list []string
	set  map[string]bool
}

func newNameSet(names []string) *nameSet {
	s := &nameSet{list: names, set: make(map[string]bool, len(names))}
	for _, n := range names {
		s.set[n] = true
	}
	return s
}

// walker checks one document against shapes and collects what is wrong.
type walker struct {
	doc *Document
	env Env
	out []diag.Diagnostic

	sets   map[string]*nameSet
	fields []*Field // with those of [fields]
	spec   *shape   // of hostSpec, made from fields
	params map[*Profile]*shape
}

func (w *walker) errorf(at diag.Span, format string, args ...any) {
	w.out = append(w.out, w.doc.diagnostic(diag.Error, at, fmt.Sprintf(format, args...)))
}

func (w *walker) warnf(at diag.Span, format string, args ...any) {
	w.out = append(w.out, w.doc.diagnostic(diag.Warning, at, fmt.Sprintf(format, args...)))
}

// fail reports a value and makes it read as absent.
func (w *walker) fail(n *node, format string, args ...any) {
	n.bad = true
	w.errorf(n.at, format, args...)
}

// failKey is fail at the key.
func (w *walker) failKey(n *node, format string, args ...any) {
	n.bad = true
	w.errorf(n.key, format, args...)
}

// note adds a second place to the last diagnostic.
func (w *walker) note(at diag.Span, msg string) {
	d := &w.out[len(w.out)-1]
	d.Notes = append(d.Notes, diag.Note{Span: at, Message: msg})
}

// check judges n and all below it.
func (w *walker) check(n *node, s *shape) {
	if s.dyn != nil {
		if s = s.dyn(w, n); s == nil {
			return
		}
	}
	if n.kind&s.kinds == 0 {
		if s.alt != nil {
			w.check(n, s.alt)
			return
		}
		w.fail(n, "`%s` must be %s, not %s", n.path(), s.words, kindNames[n.kind])
		return
	}
	switch {
	case n.kind == tableNode && s.keys != nil:
		w.checkTable(n, s)
	case n.kind == tableNode && s.elem != nil:
		w.checkMap(n, s)
	case n.kind == listNode && s.elem != nil:
		for _, k := range n.kids {
			w.check(k, s.elem)
		}
	}
	w.checkName(n, s)
	if s.check != nil && !n.bad {
		s.check(w, n)
	}
}

func (w *walker) checkTable(n *node, s *shape) {
	for _, k := range n.kids {
		def := s.key(k.name)
		if def == nil {
			w.unknownKey(k, s)
			continue
		}
		w.check(k, def.shape)
	}
	for _, def := range s.keys {
		if def.required && n.get(def.name) == nil {
			w.errorf(n.place(), "`%s` is missing: %s", joinPath(n.path(), def.name), def.doc)
		}
	}
}

// place is where to say that something is missing in a table.
func (n *node) place() diag.Span {
	if n.key != (diag.Span{}) {
		return n.key
	}
	return n.at
}

func joinPath(p, name string) string {
	if p == "" {
		return quoteKey(name)
	}
	return p + "." + quoteKey(name)
}

func (w *walker) checkMap(n *node, s *shape) {
	for _, k := range n.kids {
		if s.keyCheck != nil {
			s.keyCheck(w, k)
		}
		if !k.bad {
			w.check(k, s.elem)
		}
	}
}

func (w *walker) unknownKey(k *node, s *shape) {
	names := make([]string, len(s.keys))
	for i, d := range s.keys {
		names[i] = d.name
	}
	if why := s.refused[k.name]; why != "" {
		w.failKey(k, "`%s` is no key: %s", k.path(), why)
		return
	}
	w.failKey(k, "unknown key `%s`%s", k.path(), meant(k.name, names))
}

// meant is the list of what is allowed where it is short, and what was probably
// meant: ", allowed are `a`, `b`; did you mean `a`?".
func meant(name string, allowed []string) string {
	const short, most = 5, 40
	guess := diag.Suggest(name, allowed)
	switch {
	case len(allowed) == 0:
		return ", there is none"
	case guess != "" && len(allowed) > short:
		return fmt.Sprintf(", did you mean `%s`?", guess)
	case guess != "" && len(allowed) > 1:
		return fmt.Sprintf(", allowed are %s; did you mean `%s`?", ticked(allowed), guess)
	case guess != "":
		return fmt.Sprintf(", did you mean `%s`?", guess)
	case len(allowed) > most:
		return fmt.Sprintf(", allowed are %s and %d more", ticked(allowed[:most]), len(allowed)-most)
	}
	return ", allowed are " + ticked(allowed)
}

// checkName judges a string, or each string of a list, against a closed set.
func (w *walker) checkName(n *node, s *shape) {
	if s.names == nil || n.kind != stringNode || n.bad {
		return
	}
	set := s.names(w)
	if set != nil && !set.set[n.str] {
		w.fail(n, "`%s`: unknown %s `%s`%s", n.path(), s.what, n.str, meant(n.str, set.list))
	}
}

// once computes a name set on first use.
func (w *walker) once(key string, make func() []string) *nameSet {
	if s, ok := w.sets[key]; ok {
		return s
	}
	var s *nameSet
	if names := make(); names != nil {
		s = newNameSet(names)
	}
	if w.sets == nil {
		w.sets = map[string]*nameSet{}
	}
	w.sets[key] = s
	return s
}

// tableNames are the keys of a top-level table of maps, sorted.
func (w *walker) tableNames(table string) *nameSet {
	return w.once(table, func() []string {
		out := []string{}
		if t := w.doc.root.get(table); t != nil && t.kind == tableNode {
			for _, k := range t.kids {
				if k.kind == tableNode {
					out = append(out, k.name)
				}
			}
		}
		slices.Sort(out)
		return out
	})
}

// quoted shortens a value for a message.
func quoted(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return "`" + s + "`"
}

// printable keeps a message on one line, whatever it quotes.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '�'
		}
		return r
	}, s)
}
