package lint

import (
	"io/fs"
	"os"
	"path/filepath"
)

// dirFS is the tree below a folder. Sub opens a folder of it once, so that what
// lies in there is found without walking down to it file by file.
type dirFS struct {
	fs.FS
	root *os.Root
	dir  string
}

// OpenDir gives a folder as a tree that no link leads out of.
func OpenDir(dir string) (fs.FS, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return dirFS{root.FS(), root, dir}, nil
}

func (d dirFS) Sub(dir string) (fs.FS, error) {
	root, err := d.root.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return dirFS{root.FS(), root, filepath.Join(d.dir, filepath.FromSlash(dir))}, nil
}

// The root's own file system knows quicker ways than to Open.

func (d dirFS) ReadFile(name string) ([]byte, error)   { return fs.ReadFile(d.FS, name) }
func (d dirFS) Stat(name string) (fs.FileInfo, error)  { return fs.Stat(d.FS, name) }
func (d dirFS) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(d.FS, name) }
func (d dirFS) ReadLink(name string) (string, error)   { return fs.ReadLink(d.FS, name) }

// Close ends what Sub gave.
func (d dirFS) Close() error { return d.root.Close() }

// list is the entries of what was a folder of the tree a moment ago. A root
// would look at each of them once more, to be sure of where it is; that is done
// when one is opened.
func list(fsys fs.FS, dir string) ([]fs.DirEntry, error) {
	if d, ok := fsys.(dirFS); ok {
		return os.ReadDir(filepath.Join(d.dir, filepath.FromSlash(dir)))
	}
	return fs.ReadDir(fsys, dir)
}

// folder is the tree below a folder of another tree, and what ends its use.
func folder(fsys fs.FS, dir string) (fs.FS, func(), error) {
	sub, err := fs.Sub(fsys, dir)
	if err != nil {
		return nil, nil, err
	}
	if c, ok := sub.(dirFS); ok && dir != "." {
		return sub, func() { c.Close() }, nil
	}
	return sub, func() {}, nil
}
