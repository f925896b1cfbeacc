package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
)

// writeAllNew writes files into a folder, all or none and none over another, and
// gives their names in order.
func writeAllNew(dir string, files map[string][]byte) ([]string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, failed(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, failed(err)
	}
	defer root.Close()
	names := slices.Sorted(maps.Keys(files))
	if taken := inTheWay(root, names); len(taken) > 0 {
		is := "are"
		if len(taken) == 1 {
			is = "is"
		}
		return nil, &exitError{exitAttention, fmt.Errorf("nothing was written: %s %s there already", some(taken), is)}
	}
	for i, name := range names {
		if err := writeNew(root, name, files[name]); err != nil {
			takeBack(root, names[:i])
			return nil, failed(err)
		}
	}
	return names, nil
}

// inTheWay lists what exists where a file or one of its folders must go.
func inTheWay(root *os.Root, files []string) []string {
	var taken []string
	for _, f := range files {
		if _, err := root.Lstat(f); !errors.Is(err, fs.ErrNotExist) {
			taken = append(taken, f)
		}
	}
	return taken
}

// writeNew writes a file that must not exist, and the folders it needs.
func writeNew(root *os.Root, name string, content []byte) error {
	if err := root.MkdirAll(path.Dir(name), 0o777); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// takeBack removes new files, and folders that are empty then.
func takeBack(root *os.Root, names []string) {
	for _, name := range names {
		_ = root.Remove(name)
		removeFolders(root, path.Dir(name))
	}
}
