//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package outtree

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Lock waits until no other process plans or writes the tree, and keeps others
// out until unlock is called or the process ends. A file system without locks
// is used without.
func (t *Tree) Lock() (unlock func(), err error) {
	f, err := t.root.Open(".")
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.ENOLCK) {
		f.Close()
		return nil, fmt.Errorf("cannot lock the folder of hosts.toml: %w", err)
	}
	return func() { f.Close() }, nil
}

// flushDir makes a rename durable.
func flushDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
