package lint

import (
	"bytes"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/outline"
	"nixgen/syntax"
)

// maxFile is the largest file that is read; larger ones are told about.
const maxFile = 32 << 20

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
	env          fleet.Env
	// problems are findings of loading itself.
	problems []diag.Diagnostic
}

// Source is one Nix file.
type Source struct {
	Path   string
	Text   []byte
	Syntax *syntax.File
	// Encrypted files look like Nix by name alone (git-crypt).
	Encrypted bool

	file   func() *outline.File
	module func() *outline.Module
}

// Outline is the file as expressions; nil when it does not parse.
func (s *Source) Outline() *outline.File { return s.file() }

// Module is the file read as a module; nil when it does not parse.
func (s *Source) Module() *outline.Module { return s.module() }

// newSource parses one file.
func newSource(p string, text []byte) *Source {
	s := &Source{Path: p, Text: text}
	if bytes.HasPrefix(text, []byte("\x00GITCRYPT\x00")) {
		s.Encrypted = true
		text = nil
	}
	s.Syntax = syntax.Parse(p, text)
	s.file = sync.OnceValue(func() *outline.File {
		if s.Encrypted || !s.Syntax.OK() {
			return nil
		}
		return outline.Lower(s.Syntax)
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

// Scan reads the tree below fsys. extra names files that are read even when
// they are ignored.
func Scan(fsys fs.FS, extra ...string) *Workspace { return scan(fsys, nil, extra) }

// scan takes the tracked files for parts of the tree whatever .gitignore says.
func scan(fsys fs.FS, tracked, extra []string) *Workspace {
	w := &Workspace{
		FS: fsys, byPath: map[string]*Source{}, dirs: map[string]map[string]string{},
		links: map[string]string{}, texts: map[string]*string{},
	}
	var nix []string
	w.scan(".", nil, &nix)
	for _, f := range tracked {
		w.enlist(f)
		if strings.HasSuffix(f, ".nix") {
			extra = append(extra[:len(extra):len(extra)], f)
		}
	}
	for _, e := range extra {
		if !slices.Contains(nix, e) {
			nix = append(nix, e)
		}
	}
	w.read(nix)
	return w
}

// skipped folders are never anyone's source.
func skipped(name string) bool {
	return name == ".git" || name == ".direnv" || name == ".jj" || name == "result" || strings.HasPrefix(name, "result-")
}

func (w *Workspace) scan(dir string, ignore *ignoreList, nix *[]string) {
	es, err := fs.ReadDir(w.FS, dir)
	if err != nil {
		w.problem(dir, diag.Warning, "unreadable-file", "the folder cannot be read: "+cause(err))
		return
	}
	ignore = readIgnoreIn(w.FS, dir, es, ignore)
	names := make(map[string]string, len(es))
	w.dirs[dir] = names
	for _, e := range es {
		p := path.Join(dir, e.Name())
		if skipped(e.Name()) {
			continue
		}
		if ignore.ignored(p, e.IsDir()) {
			if e.IsDir() || strings.HasSuffix(p, ".nix") {
				w.ignored = append(w.ignored, p)
			}
			continue
		}
		switch {
		case e.IsDir():
			names[e.Name()] = "directory"
			w.scan(p, ignore, nix)
		case e.Type()&fs.ModeSymlink != 0:
			names[e.Name()] = "symlink"
			w.link(p)
			if strings.HasSuffix(p, ".nix") {
				*nix = append(*nix, p)
			}
		case e.Type().IsRegular():
			names[e.Name()] = "regular"
			if strings.HasSuffix(p, ".nix") {
				*nix = append(*nix, p)
			}
		}
	}
}

func readIgnoreIn(fsys fs.FS, dir string, es []fs.DirEntry, up *ignoreList) *ignoreList {
	for _, e := range es {
		if e.Name() == ".gitignore" {
			return readIgnore(fsys, dir, up)
		}
	}
	return up
}

func (w *Workspace) link(p string) {
	t, err := fs.ReadLink(w.FS, p)
	if err != nil || strings.HasPrefix(t, "/") {
		w.links[p] = ""
		return
	}
	to := path.Join(path.Dir(p), t)
	if to == ".." || strings.HasPrefix(to, "../") {
		to = ""
	}
	w.links[p] = to
}

// cause is an error without the path, which the finding has anyway.
func cause(err error) string {
	if pe, ok := err.(*fs.PathError); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

func (w *Workspace) problem(file string, s diag.Severity, rule, msg string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, diag.Diagnostic{File: file, Severity: s, Rule: rule, Message: msg})
}

// read parses files on all cores.
func (w *Workspace) read(paths []string) {
	out := make([]*Source, len(paths))
	parallel(len(paths), func(i int) {
		p := paths[i]
		text, err := w.readFile(p)
		if err != nil {
			if w.links[p] == "" || !isNotExist(err) {
				w.problem(p, diag.Warning, "unreadable-file", "the file cannot be read: "+cause(err))
			}
			return
		}
		out[i] = newSource(p, text)
	})
	for _, s := range out {
		if s != nil {
			w.byPath[s.Path] = s
			w.Sources = append(w.Sources, s)
		}
	}
	slices.SortFunc(w.Sources, func(a, b *Source) int { return strings.Compare(a.Path, b.Path) })
}

func (w *Workspace) readFile(p string) ([]byte, error) {
	if st, err := fs.Stat(w.FS, p); err != nil {
		return nil, err
	} else if !st.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: p, Err: errNotRegular}
	} else if st.Size() > maxFile {
		return nil, &fs.PathError{Op: "read", Path: p, Err: errTooBig}
	}
	return fs.ReadFile(w.FS, p)
}

// parallel runs f(0) … f(n-1) on all cores.
func parallel(n int, f func(int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	for range workers {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

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
