package outtree

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Apply makes the changes of a plan. An error before the first rename leaves
// the tree as it was; after an error between two renames every file is still
// whole, old or new, and the next Apply goes on.
func (t *Tree) Apply(p *Plan) error {
	if len(p.Problems) > 0 {
		return errors.New("the plan has problems: nothing is written")
	}
	for _, l := range p.leftovers {
		if err := t.root.RemoveAll(l); err != nil {
			return fmt.Errorf("cannot remove `%s`, left by a run that was stopped: %w", l, err)
		}
	}
	st := newStage(t, p)
	if err := st.write(); err != nil {
		st.drop()
		return err
	}
	if err := st.rename(); err != nil {
		return err
	}
	return t.remove(p)
}

// stage is everything that is written beside its target. A target is a file in
// a folder that exists, or the outermost folder that does not exist yet.
type stage struct {
	t       *Tree
	targets []string
	dirs    []string // to be made, parents first
	files   []stagedFile
}

type stagedFile struct {
	path, final string
	content     []byte
	mode        fs.FileMode
}

func newStage(t *Tree, p *Plan) *stage {
	st := &stage{t: t}
	seen := map[string]bool{}
	once := func(list *[]string, s string) {
		if !seen[s] {
			seen[s] = true
			*list = append(*list, s)
		}
	}
	for _, c := range p.Changes {
		if c.Kind == Remove {
			continue
		}
		target := outermostMissing(c.Path, p.folders)
		rest := strings.TrimPrefix(c.Path, target)
		once(&st.targets, target)
		at := staged(target) + rest
		if rest != "" {
			once(&st.dirs, staged(target))
			for i := 1; i < len(rest); i++ {
				if rest[i] == '/' {
					once(&st.dirs, staged(target)+rest[:i])
				}
			}
		}
		mode := fs.FileMode(0o666)
		if c.Kind == Update {
			mode = t.mode(c.Path)
		}
		st.files = append(st.files, stagedFile{at, c.Path, c.New, mode})
	}
	return st
}

// outermostMissing gives the first folder above p that does not exist, or p.
func outermostMissing(p string, folders map[string]bool) string {
	for i := range len(p) {
		if p[i] == '/' && !folders[p[:i]] {
			return p[:i]
		}
	}
	return p
}

// mode of an existing file, so that a rewritten file keeps its own.
func (t *Tree) mode(p string) fs.FileMode {
	info, err := t.root.Lstat(p)
	if err != nil || !info.Mode().IsRegular() {
		return 0o666
	}
	return info.Mode().Perm()
}

// write makes the staged folders, then the files, several at a time.
func (st *stage) write() error {
	for _, d := range st.dirs {
		if err := st.t.root.Mkdir(d, 0o777); err != nil {
			return fmt.Errorf("cannot make a folder in %s: %w", folderName(path.Dir(d)), cause(err))
		}
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for chunk := range slices.Chunk(st.files, 64) {
		g.Go(func() error { return st.t.writeAll(chunk) })
	}
	return g.Wait()
}

// folderName is a folder of the tree as messages name it.
func folderName(dir string) string {
	if dir == "." {
		return "the folder of hosts.toml"
	}
	return "`" + dir + "`"
}

func (t *Tree) writeAll(files []stagedFile) error {
	dir, root := "", t.root
	for _, f := range files {
		if d := path.Dir(f.path); d != dir {
			sub, err := t.root.OpenRoot(d)
			if err != nil {
				return err
			}
			defer sub.Close()
			dir, root = d, sub
		}
		if err := writeNew(root, path.Base(f.path), f); err != nil {
			return fmt.Errorf("cannot write `%s`: %w", f.final, cause(err))
		}
	}
	return nil
}

// writeNew creates a file that must not exist.
func writeNew(root *os.Root, name string, f stagedFile) error {
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode)
	if err != nil {
		return err
	}
	_, err = out.Write(f.content)
	if err == nil && f.mode != 0o666 {
		err = out.Chmod(f.mode) // past the umask: the file keeps the mode it has
	}
	return cmp.Or(err, out.Close())
}

// cause drops the operation and the staged name, which say nothing to a person.
func cause(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// drop removes everything staged; what it cannot remove, the next run does.
func (st *stage) drop() {
	for _, target := range st.targets {
		_ = st.t.root.RemoveAll(staged(target))
	}
}

// rename puts the staged files in place, deep ones first, so that what refers
// to others comes after them.
func (st *stage) rename() error {
	slices.SortStableFunc(st.targets, func(a, b string) int {
		return cmp.Or(strings.Count(b, "/")-strings.Count(a, "/"), cmp.Compare(a, b))
	})
	for _, target := range st.targets {
		if err := st.t.root.Rename(staged(target), target); err != nil {
			st.drop()
			return fmt.Errorf("cannot put `%s` in place: %w", target, cause(err))
		}
	}
	return nil
}

// remove deletes what is no longer wanted, then the folders that it emptied.
func (t *Tree) remove(p *Plan) error {
	for _, c := range p.Changes {
		if c.Kind != Remove {
			continue
		}
		if err := t.root.Remove(c.Path); err != nil && !notExist(err) {
			return fmt.Errorf("cannot remove `%s`: %w", c.Path, cause(err))
		}
	}
	for _, dir := range p.empty {
		_ = t.root.Remove(dir) // a folder that still holds something stays
	}
	return nil
}
