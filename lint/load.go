package lint

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"nixgen/catalog"
	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/layout"
)

// FleetFile is where the fleet is described.
const FleetFile = "hosts.toml"

// Load is Tree.Load of a tree in which nothing is named or tracked.
func Load(fsys fs.FS, env fleet.Env) (*Workspace, []diag.Diagnostic) {
	w, ds, _ := Tree{FS: fsys}.Load(func() (fleet.Env, error) { return env, nil })
	return w, ds
}

// Load reads the tree and the fleet in it and follows every host. What is
// wrong with hosts.toml is in the diagnostics; with an error in it there are
// no hosts. env is asked for once the tree is listed; its error is Load's.
func (t Tree) Load(env func() (fleet.Env, error)) (*Workspace, []diag.Diagnostic, error) {
	w, read := t.scan()
	defer read()
	var err error
	if w.env, err = env(); err != nil {
		return nil, nil, err
	}
	ds := w.readFleet()
	read()
	w.follow()
	return w, ds, nil
}

// readFleet reads hosts.toml; Fleet stays nil where there is none, or an error
// in it.
func (w *Workspace) readFleet() []diag.Diagnostic {
	src, err := fs.ReadFile(w.FS, FleetFile)
	if err != nil {
		if isNotExist(err) {
			return nil
		}
		return []diag.Diagnostic{{File: FleetFile, Severity: diag.Error, Message: cause(err)}}
	}
	env := w.env
	doc, ds := fleet.Parse(FleetFile, src)
	first := doc.Layout()
	inv := layout.Classify(&first, w.Files())
	inv.Env(&env)
	options := first.Generated + "/catalog.bin"
	if env.Catalog, err = catalog.Prefer(w.FS, options); err != nil {
		ds = append(ds, diag.Diagnostic{File: options, Severity: diag.Error, Message: cause(err)})
	}
	w.env.Catalog = env.Catalog
	f, more := doc.Load(env)
	ds = slices.Concat(ds, more)
	if !diag.Has(ds, diag.Error) {
		w.Fleet, w.Inventory = f, inv
	}
	return ds
}

// Catalog has the options that modules declare.
func (w *Workspace) Catalog() *catalog.Catalog {
	if w.env.Catalog != nil {
		return w.env.Catalog
	}
	return catalog.Builtin()
}

// With is the same tree with other texts of some files, read again.
func (w *Workspace) With(changed map[string][]byte) *Workspace {
	n := &Workspace{
		FS: w.FS, env: w.env, dirs: w.dirs, links: w.links, texts: map[string]*string{},
		byPath: maps.Clone(w.byPath), problems: w.problems,
	}
	n.Sources = slices.Clone(w.Sources)
	for i, s := range n.Sources {
		if text, ok := changed[s.Path]; ok {
			n.Sources[i] = newSource(s.Path, text)
			n.byPath[s.Path] = n.Sources[i]
		}
	}
	for p, text := range changed {
		if n.byPath[p] == nil {
			n.addSource(newSource(p, text))
		}
	}
	n.readFleet()
	n.follow()
	return n
}

// addSource puts a file into the tree that is not on disk.
func (w *Workspace) addSource(s *Source) {
	w.byPath[s.Path] = s
	w.Sources = append(w.Sources, s)
	slices.SortFunc(w.Sources, func(a, b *Source) int { return strings.Compare(a.Path, b.Path) })
	w.enlist(s.Path)
}

// enlist makes folders list a file.
func (w *Workspace) enlist(file string) {
	w.dirs = maps.Clone(w.dirs)
	kind := "regular"
	for p := file; p != "."; p = path.Dir(p) {
		dir := path.Dir(p)
		names := maps.Clone(w.dirs[dir])
		if names == nil {
			names = map[string]string{}
		}
		names[path.Base(p)] = kind
		w.dirs[dir], kind = names, "directory"
	}
}
