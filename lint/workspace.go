package lint

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/outline"
	"nixgen/syntax"
)

// Workspace is a tree of files and what is known of it.
type Workspace struct {
	FS fs.FS
	// Sources are the Nix files, sorted by path.
	Sources []*Source
	// Fleet and Inventory are nil where there is no hosts.toml.
	Fleet     *fleet.Fleet
	Inventory *layout.Inventory
	// Hosts are the hosts of the fleet that can be followed, sorted by name.
	Hosts []*Host
	// Flake is the outline of flake.nix, nil when there is none.
	Flake *Flake
	// Unread are places where looking for hosts ended; see Survey.
	Unread []Gap

	// Memo is for rules: what is the same on every host, by a key of their own.
	Memo sync.Map

	byPath map[string]*Source
	// dirs lists every folder: name to "regular", "directory", "symlink".
	dirs         map[string]map[string]string
	links        map[string]string
	ignored      []string
	mu           sync.Mutex
	texts        map[string]*string
	lockOnce     sync.Once
	declaresOnce sync.Once
	declares     optionNode
	lock         *Lock
	library      sync.Map // name of a function → *definition
	common       outline.Common
	env          fleet.Env
	// problems are findings of loading itself.
	problems []diag.Diagnostic
}

// Source is one Nix file.
type Source struct {
	Path string
	Text []byte
	// Encrypted files look like Nix by name alone (git-crypt).
	Encrypted bool

	syntax func() *syntax.File
	file   func() *outline.File
	module func() *outline.Module
}

// Syntax is the file parsed; an empty one when it is Encrypted.
func (s *Source) Syntax() *syntax.File { return s.syntax() }

// Outline is the file as expressions; nil when it does not parse.
func (s *Source) Outline() *outline.File { return s.file() }

// Module is the file read as a module; nil when it does not parse.
func (s *Source) Module() *outline.Module { return s.module() }

// newSource is a file that is parsed when it is first asked for.
func newSource(p string, text []byte) *Source {
	s := &Source{Path: p, Text: text, Encrypted: bytes.HasPrefix(text, []byte("\x00GITCRYPT\x00"))}
	s.syntax = sync.OnceValue(func() *syntax.File {
		if s.Encrypted {
			return syntax.Parse(p, nil)
		}
		return syntax.Parse(p, s.Text)
	})
	s.file = sync.OnceValue(func() *outline.File {
		if s.Encrypted || !s.Syntax().OK() {
			return nil
		}
		return outline.Lower(s.Syntax())
	})
	s.module = sync.OnceValue(func() *outline.Module {
		f := s.file()
		if f == nil {
			return nil
		}
		return outline.Read(f)
	})
	return s
}

// Files lists every file below the root that is not ignored, sorted.
func (w *Workspace) Files() []string {
	var out []string
	for d, es := range w.dirs {
		for n, k := range es {
			if k != "directory" {
				out = append(out, path.Join(d, n))
			}
		}
	}
	slices.Sort(out)
	return out
}

// Ignored lists the folders and Nix files that a .gitignore kept from being
// read. Git may track some of them all the same.
func (w *Workspace) Ignored() []string { return w.ignored }

// Source finds a Nix file by its path, through symlinks inside the tree.
func (w *Workspace) Source(p string) *Source {
	if s, ok := w.byPath[p]; ok {
		return s
	}
	if len(w.links) > 0 {
		if r, ok := w.resolve(p); ok {
			return w.byPath[r]
		}
	}
	return nil
}

// resolve follows symlinks of every component inside the tree.
func (w *Workspace) resolve(p string) (string, bool) {
	for range 40 {
		changed := false
		for at := p; at != "." && at != "/"; at = path.Dir(at) {
			to, isLink := w.links[at]
			if !isLink {
				continue
			}
			if to == "" {
				return "", false
			}
			p, changed = path.Join(to, strings.TrimPrefix(p, at)), true
			break
		}
		if !changed {
			return p, true
		}
	}
	return "", false
}

// Kind of a path: "regular", "directory", "" when there is none. Symlinks are
// followed.
func (w *Workspace) Kind(p string) string {
	r, ok := w.resolve(p)
	if !ok {
		return ""
	}
	if _, ok := w.dirs[r]; ok {
		return "directory"
	}
	return w.dirs[path.Dir(r)][path.Base(r)]
}

// File is the outline.Tree interface: a parsed file.
func (w *Workspace) File(p string) *outline.File {
	if s := w.Source(p); s != nil {
		return s.Outline()
	}
	return nil
}

// ReadDir lists a folder.
func (w *Workspace) ReadDir(p string) (map[string]string, bool) {
	r, ok := w.resolve(p)
	if !ok {
		return nil, false
	}
	es, ok := w.dirs[r]
	return es, ok
}

// Exists reports any kind of file.
func (w *Workspace) Exists(p string) bool { return p == "." || w.Kind(p) != "" }

// ReadFile gives the text of a listed file.
func (w *Workspace) ReadFile(p string) (string, bool) {
	r, ok := w.resolve(p)
	if !ok || w.dirs[path.Dir(r)][path.Base(r)] != "regular" {
		return "", false
	}
	if s, ok := w.byPath[r]; ok {
		return string(s.Text), true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if t, ok := w.texts[r]; ok {
		if t == nil {
			return "", false
		}
		return *t, true
	}
	b, err := w.readFile(r)
	if err != nil {
		w.texts[r] = nil
		return "", false
	}
	t := string(b)
	w.texts[r] = &t
	return t, true
}

type definition struct {
	x outline.Expr
	f *outline.File
}

// Function finds the fleet's own function of a name: the one file that binds
// it at its top. Files below a folder called lib win over others.
func (w *Workspace) Function(name string) (outline.Expr, *outline.File) {
	if d, ok := w.library.Load(name); ok {
		d := d.(definition)
		return d.x, d.f
	}
	d := w.findFunction(name)
	w.library.Store(name, d)
	return d.x, d.f
}

func (w *Workspace) findFunction(name string) definition {
	var lib, other []definition
	for _, s := range w.Sources {
		if !bytes.Contains(s.Text, []byte(name)) {
			continue
		}
		f := s.Outline()
		if f == nil {
			continue
		}
		en := topBinding(f.Root, name)
		if en == nil || en.Inherit || !isFunction(en.Value) {
			continue
		}
		d := definition{en.Value, f}
		if strings.HasPrefix(s.Path, "lib/") || strings.Contains(s.Path, "/lib/") || path.Base(s.Path) == "lib.nix" {
			lib = append(lib, d)
		} else {
			other = append(other, d)
		}
	}
	switch {
	case len(lib) == 1:
		return lib[0]
	case len(lib) == 0 && len(other) == 1:
		return other[0]
	}
	return definition{}
}

// topBinding finds a name in the set that a file gives, through lambdas, lets
// and withs.
func topBinding(x outline.Expr, name string) *outline.Entry {
	if set, ok := bodyOf(x).(*outline.Set); ok {
		return set.Find(name)
	}
	return nil
}

// isFunction: a lambda, or a partial application (`lib.path.append ../.`).
func isFunction(x outline.Expr) bool {
	switch x := x.(type) {
	case *outline.Lambda, *outline.Apply:
		return true
	case *outline.Let:
		return isFunction(x.Body)
	}
	return false
}
