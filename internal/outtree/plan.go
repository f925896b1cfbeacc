package outtree

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"nixgen/diag"
)

// Plan compares files with the disk. It changes nothing. An error means that
// the disk could not be read or that the list itself is impossible; files in
// the way are Problems of the plan.
func (t *Tree) Plan(files []File) (*Plan, error) {
	if err := t.validate(files); err != nil {
		return nil, err
	}
	s := &scan{t: t, wanted: make(map[string]*want, len(files))}
	s.plan.folders = map[string]bool{}
	for _, f := range files {
		s.wanted[f.Path] = &want{content: f.Content}
	}
	s.g.SetLimit(runtime.GOMAXPROCS(0))
	if err := s.above(); err != nil {
		return nil, err
	}
	if s.plan.folders[t.Output] {
		s.visit(t.root, t.Output, t.Output)
	}
	if err := cmp.Or(s.g.Wait(), s.err); err != nil {
		return nil, err
	}
	for _, p := range t.Outside {
		if err := s.outside(p); err != nil {
			return nil, err
		}
	}
	s.missing(files)
	return s.finish(), nil
}

// want is a wanted file; seen says that something exists at its place.
type want struct {
	content []byte
	seen    bool
}

// scan is one comparison. Folders are visited by several goroutines; wanted is
// only read by them, its elements belong to the folder that holds them.
type scan struct {
	t      *Tree
	wanted map[string]*want
	g      errgroup.Group

	mu   sync.Mutex
	plan Plan
	err  error
}

// above looks at Output and the folders above it and at what a killed run may
// have staged beside them.
func (s *scan) above() error {
	for _, dir := range append(ancestors(s.t.Output), s.t.Output) {
		if _, err := s.t.root.Lstat(staged(dir)); err == nil {
			s.plan.leftovers = append(s.plan.leftovers, staged(dir))
		}
		info, err := s.t.root.Lstat(dir)
		switch {
		case notExist(err):
			return nil
		case err != nil:
			return err
		case dir == s.t.Output && info.Mode().Type() == fs.ModeSymlink:
			s.refuse(linkProblem(dir))
		case info.Mode().Type() == fs.ModeSymlink:
			// A folder of the user's own above Output may be a link that stays
			// inside; os.Root refuses one that does not.
			if info, err = s.t.root.Stat(dir); err != nil {
				return err
			}
		}
		if info.Mode().Type() == fs.ModeSymlink {
			return nil
		}
		if !info.IsDir() {
			s.refuse(problem(dir, "foreign-file", "is not a folder; generated files go below it"))
			return nil
		}
		s.plan.folders[dir] = true
	}
	return nil
}

// visit compares one folder; parent is open, name is dir's last element (or
// the path from parent) and known to be a real folder.
func (s *scan) visit(parent *os.Root, name, dir string) {
	root, err := parent.OpenRoot(name)
	if err != nil {
		s.fail(err)
		return
	}
	entries, err := readDir(root)
	if err != nil {
		s.fail(fmt.Errorf("cannot list `%s`: %w", dir, err))
	}
	var wg sync.WaitGroup
	for _, e := range entries {
		s.entry(root, dir, e, &wg)
	}
	wg.Wait()
	root.Close()
}

func readDir(root *os.Root) ([]fs.DirEntry, error) {
	f, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

// entry judges one name in a folder, and everything below it.
func (s *scan) entry(root *os.Root, dir string, e fs.DirEntry, wg *sync.WaitGroup) {
	p := dir + "/" + e.Name()
	switch {
	case isStaged(e.Name()):
		s.add(func(plan *Plan) { plan.leftovers = append(plan.leftovers, p) })
	case e.Type() == fs.ModeSymlink:
		s.see(p)
		s.refuse(linkProblem(p))
	case e.IsDir() && s.see(p):
		s.refuse(problem(p, "foreign-file", "is a folder; a generated file goes there"))
	case e.IsDir():
		s.add(func(plan *Plan) { plan.folders[p] = true })
		s.spawn(wg, func() { s.visit(root, e.Name(), p) })
	case e.Type().IsRegular():
		s.file(root, e.Name(), p)
	case s.see(p):
		s.refuse(problem(p, "foreign-file", "is not a regular file"))
	default:
		s.add(func(plan *Plan) { plan.Strangers = append(plan.Strangers, p) })
	}
}

// spawn runs f on another goroutine if one is free, else here: a folder never
// waits for a goroutine while holding one.
func (s *scan) spawn(wg *sync.WaitGroup, f func()) {
	wg.Add(1)
	started := s.g.TryGo(func() error {
		defer wg.Done()
		f()
		return nil
	})
	if !started {
		f()
		wg.Done()
	}
}

// file judges a regular file, wanted or not.
func (s *scan) file(root *os.Root, name, p string) {
	w, wanted := s.wanted[p]
	if wanted {
		w.seen = true
	} else if s.t.Keep != nil && s.t.Keep(p) {
		return
	}
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	if err := read(root, name, buf); err != nil {
		s.fail(fmt.Errorf("cannot read `%s`: %w", p, err))
		return
	}
	if wanted && bytes.Equal(buf.Bytes(), w.content) {
		return
	}
	s.differs(p, w, bytes.Clone(buf.Bytes()))
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func read(root *os.Root, name string, buf *bytes.Buffer) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	buf.Reset()
	_, err = io.Copy(buf, f)
	return err
}

// differs decides what happens to a file that is not as wanted; w is nil where
// nothing is wanted.
func (s *scan) differs(p string, w *want, old []byte) {
	status := s.t.Inspect(p, old)
	if blank(old) {
		status = Ours // nothing to lose: an empty file, or what a crash of the machine made of one
	}
	switch {
	case status == Foreign && w == nil:
		s.add(func(plan *Plan) { plan.Strangers = append(plan.Strangers, p) })
	case status != Ours && !s.t.Force:
		s.refuse(ownerProblem(p, status, w == nil))
	case w == nil:
		s.add(func(plan *Plan) { plan.Changes = append(plan.Changes, Change{Path: p, Kind: Remove, Old: old}) })
	default:
		s.add(func(plan *Plan) { plan.Changes = append(plan.Changes, Change{p, Update, old, w.content}) })
	}
}

func blank(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

// outside judges one of the files outside of Output.
func (s *scan) outside(p string) error {
	if _, err := s.t.root.Lstat(staged(p)); err == nil {
		s.plan.leftovers = append(s.plan.leftovers, staged(p))
	}
	for _, dir := range ancestors(p) {
		if info, err := s.t.root.Stat(dir); err == nil && info.IsDir() {
			s.plan.folders[dir] = true
		}
	}
	info, err := s.t.root.Lstat(p)
	switch {
	case notExist(err):
		return nil
	case err != nil:
		return err
	case info.Mode().IsRegular():
		s.file(s.t.root, p, p)
	case s.see(p):
		s.refuse(problem(p, "foreign-file", "is not a regular file"))
	}
	return s.err
}

// missing adds the wanted files that do not exist.
func (s *scan) missing(files []File) {
	for _, f := range files {
		if !s.wanted[f.Path].seen {
			s.plan.Changes = append(s.plan.Changes, Change{Path: f.Path, Kind: Create, New: f.Content})
		}
	}
}

// finish sorts what goroutines found in any order and drops changes below
// something that is in the way.
func (s *scan) finish() *Plan {
	p := &s.plan
	blocked := map[string]bool{}
	for _, d := range p.Problems {
		blocked[d.File] = true
	}
	p.Changes = slices.DeleteFunc(p.Changes, func(c Change) bool {
		return blocked[c.Path] || slices.ContainsFunc(ancestors(c.Path), func(d string) bool { return blocked[d] })
	})
	s.refuseFilesAsFolders()
	diag.Sort(p.Problems)
	slices.SortFunc(p.Changes, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	slices.Sort(p.Strangers)
	slices.Sort(p.leftovers)
	p.empty = s.unwantedFolders()
	return p
}

// refuseFilesAsFolders finds files that lie where a folder must be made.
func (s *scan) refuseFilesAsFolders() {
	files := slices.Clone(s.plan.Strangers)
	for _, c := range s.plan.Changes {
		if c.Kind == Remove {
			files = append(files, c.Path)
		}
	}
	if len(files) == 0 {
		return
	}
	needed := map[string]bool{}
	for p := range s.wanted {
		for _, dir := range ancestors(p) {
			needed[dir] = true
		}
	}
	for _, f := range files {
		if needed[f] {
			s.refuse(problem(f, "foreign-file", "is a file; a folder of generated files goes there"))
		}
	}
}

// unwantedFolders lists the folders below Output that no wanted file is in,
// deepest first.
func (s *scan) unwantedFolders() []string {
	needed := map[string]bool{}
	for p := range s.wanted {
		for dir := path.Dir(p); dir != "." && !needed[dir]; dir = path.Dir(dir) {
			needed[dir] = true
		}
	}
	var out []string
	for dir := range s.plan.folders {
		if s.t.inside(dir) && !needed[dir] {
			out = append(out, dir)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out
}

func (s *scan) see(p string) bool {
	w, ok := s.wanted[p]
	if ok {
		w.seen = true
	}
	return ok
}

func (s *scan) add(f func(*Plan)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.plan)
}

func (s *scan) refuse(d diag.Diagnostic) {
	s.add(func(plan *Plan) { plan.Problems = append(plan.Problems, d) })
}

func (s *scan) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

func linkProblem(p string) diag.Diagnostic {
	return problem(p, "generated-link", "is a symbolic link; everything below the generated folder must be a real file or folder: remove the link")
}

func ownerProblem(p string, st Status, extra bool) diag.Diagnostic {
	doing := "overwrites it"
	if extra {
		doing = "removes it, since nothing in hosts.toml asks for it any more"
	}
	if st == Edited {
		return problem(p, "hand-edited", "was edited by hand; move the change to hosts.toml or to a module of your own; `--force` %s", doing)
	}
	return problem(p, "foreign-file", "was not written by nixgen; move it away; `--force` %s", doing)
}
