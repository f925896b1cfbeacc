package outtree

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile replaces a file that cannot be generated again, such as hosts.toml:
// the new content is written beside it, flushed to the disk, renamed, and the
// folder flushed. The mode is kept; anything but a regular file or nothing is
// refused. After an error or a crash the old content is there, or the new.
func WriteFile(name string, content []byte) error {
	mode := os.FileMode(0o644)
	switch info, err := os.Lstat(name); {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("`%s` is not a regular file: it is not replaced", filepath.Base(name))
	case err == nil:
		mode = info.Mode().Perm()
	case !notExist(err):
		return err
	}
	dir, base := filepath.Split(name)
	tmp := filepath.Join(dir, "."+base+suffix)
	if err := writeFlushed(tmp, content, mode); err != nil {
		_ = os.Remove(tmp)
		return fmt.Errorf("cannot write `%s`: %w", base, cause(err))
	}
	if err := os.Rename(tmp, name); err != nil {
		_ = os.Remove(tmp)
		return fmt.Errorf("cannot replace `%s`: %w", base, err)
	}
	return flushDir(filepath.Dir(name))
}

func writeFlushed(name string, content []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return cmp.Or(err, f.Chmod(mode), f.Sync(), f.Close())
}
