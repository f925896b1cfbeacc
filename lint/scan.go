package lint

import (
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"nixgen/diag"
)

// maxFile is the largest file that is read; larger ones are told about.
const maxFile = 32 << 20

// Tree is what is linted: a folder, mostly a checkout of git.
type Tree struct {
	// FS holds the files; see OpenDir.
	FS fs.FS
	// Named files are read even when a .gitignore names them.
	Named []string
	// Tracked tells which files git tracks among those, and below those
	// folders, that a .gitignore names; nil where nothing can tell.
	Tracked func(ignored []string) []string
	// Lazy parses a file when it is first asked for: less work where little is
	// asked, but not done on all cores.
	Lazy bool
}

// scan lists the tree and begins to read it. Sources are complete when the
// function that it returns comes back.
func (t Tree) scan() (*Workspace, func()) {
	w := &Workspace{
		FS: t.FS, byPath: map[string]*Source{}, dirs: map[string]map[string]string{},
		links: map[string]string{}, texts: map[string]*string{},
	}
	s := scanner{work: w}
	s.folder(".", nil)
	r := reader{work: w, lazy: t.Lazy}
	r.start(s.batches)
	named := t.Named
	if t.Tracked != nil && len(w.ignored) > 0 {
		for _, f := range t.Tracked(w.ignored) {
			w.enlist(f)
			if strings.HasSuffix(f, ".nix") {
				named = append(named[:len(named):len(named)], f)
			}
		}
	}
	return w, sync.OnceFunc(func() { r.finish(named) })
}

// batch is some files of one folder.
type batch struct {
	dir   string
	names []string
	// apart marks files that are found from the root of the tree, and may not
	// be regular ones: links, and what was named.
	apart bool
}

const batchSize = 16

// scanner lists folders.
type scanner struct {
	work    *Workspace
	batches []batch
}

// skipped folders are never anyone's source.
func skipped(name string) bool {
	return name == ".git" || name == ".direnv" || name == ".jj" || name == "result" || strings.HasPrefix(name, "result-")
}

// folder lists dir and what lies below.
func (s *scanner) folder(dir string, ignore *ignoreList) {
	w := s.work
	es, err := list(w.FS, dir)
	if err != nil {
		w.problem(dir, diag.Warning, UnreadableID, "the folder cannot be read: "+cause(err))
		return
	}
	ignore = readIgnoreIn(w.FS, dir, es, ignore)
	l := listing{names: make(map[string]string, len(es))}
	w.dirs[dir] = l.names
	for _, e := range es {
		p := path.Join(dir, e.Name())
		switch {
		case skipped(e.Name()):
		case ignore.ignored(p, e.IsDir()):
			if e.IsDir() || strings.HasSuffix(p, ".nix") {
				w.ignored = append(w.ignored, p)
			}
		default:
			l.add(e)
		}
	}
	for _, name := range l.links {
		w.link(path.Join(dir, name))
	}
	for names := range slices.Chunk(l.files, batchSize) {
		s.batches = append(s.batches, batch{dir: dir, names: names})
	}
	if links := slices.DeleteFunc(l.links, func(name string) bool { return !strings.HasSuffix(name, ".nix") }); len(links) > 0 {
		s.batches = append(s.batches, batch{dir: dir, names: links, apart: true})
	}
	for _, name := range l.folders {
		s.folder(path.Join(dir, name), ignore)
	}
}

// listing is what a folder holds; of the files those of Nix.
type listing struct {
	names                 map[string]string // as in Workspace.dirs
	files, links, folders []string
}

func (l *listing) add(e fs.DirEntry) {
	name := e.Name()
	switch {
	case e.IsDir():
		l.names[name] = "directory"
		l.folders = append(l.folders, name)
	case e.Type()&fs.ModeSymlink != 0:
		l.names[name] = "symlink"
		l.links = append(l.links, name)
	case e.Type().IsRegular():
		l.names[name] = "regular"
		if strings.HasSuffix(name, ".nix") {
			l.files = append(l.files, name)
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

// reader reads batches of files on all cores, while other things go on.
type reader struct {
	work *Workspace
	lazy bool
	wait func()
	mu   sync.Mutex
	out  []*Source
}

func (r *reader) start(batches []batch) {
	r.wait = inBackground(len(batches), func(i int) { r.batch(batches[i]) })
}

// finish waits for all files, and reads those that were named.
func (r *reader) finish(named []string) {
	r.wait()
	w := r.work
	for _, s := range r.out {
		w.byPath[s.Path] = s
	}
	r.out = nil
	for _, p := range named {
		if w.byPath[p] == nil {
			r.batch(batch{dir: path.Dir(p), names: []string{path.Base(p)}, apart: true})
		}
	}
	for _, s := range r.out {
		w.byPath[s.Path] = s
	}
	for _, s := range w.byPath {
		w.Sources = append(w.Sources, s)
	}
	slices.SortFunc(w.Sources, func(a, b *Source) int { return strings.Compare(a.Path, b.Path) })
}

func (r *reader) batch(b batch) {
	out := make([]*Source, 0, len(b.names))
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.out = append(r.out, out...)
	}()
	read := r.work.readFile
	if !b.apart {
		sub, done, err := folder(r.work.FS, b.dir)
		if err == nil {
			defer done()
			read = func(p string) ([]byte, error) { return readRegular(sub, path.Base(p)) }
		}
	}
	for _, name := range b.names {
		p := path.Join(b.dir, name)
		text, err := read(p)
		if err != nil {
			r.work.unreadable(p, err)
			continue
		}
		s := newSource(p, text)
		if !r.lazy {
			s.Syntax()
		}
		out = append(out, s)
	}
}

// unreadable tells of a file; a link that leads nowhere is for other rules.
func (w *Workspace) unreadable(p string, err error) {
	if w.links[p] == "" || !isNotExist(err) {
		w.problem(p, diag.Warning, UnreadableID, "the file cannot be read: "+cause(err))
	}
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

// readFile reads a file of any name: opening what is no regular file could
// wait for ever.
func (w *Workspace) readFile(p string) ([]byte, error) {
	if st, err := fs.Stat(w.FS, p); err != nil {
		return nil, err
	} else if err := readable(p, st); err != nil {
		return nil, err
	}
	return readRegular(w.FS, p)
}

// readRegular reads what was a regular file when it was last looked at.
func readRegular(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := readable(name, st); err != nil {
		return nil, err
	}
	text := make([]byte, st.Size())
	n, err := io.ReadFull(f, text)
	if err == io.ErrUnexpectedEOF || err == io.EOF {
		err = nil // it has become shorter
	}
	return text[:n], err
}

func readable(name string, st fs.FileInfo) error {
	switch {
	case !st.Mode().IsRegular():
		return &fs.PathError{Op: "read", Path: name, Err: errNotRegular}
	case st.Size() > maxFile:
		return &fs.PathError{Op: "read", Path: name, Err: errTooBig}
	}
	return nil
}

// parallel runs f(0) … f(n-1) on all cores.
func parallel(n int, f func(int)) {
	if min(runtime.GOMAXPROCS(0), n) > 1 {
		inBackground(n, f)()
		return
	}
	for i := range n {
		f(i)
	}
}

// inBackground is parallel that does not wait; what it returns does.
func inBackground(n int, f func(int)) (wait func()) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				f(int(i))
			}
		})
	}
	return wg.Wait
}
