package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"nixgen/fleet"
	"nixgen/generate"
	"nixgen/secrets"
	"nixgen/syntax"
)

// skeleton is the whole new repository of secrets.
func skeleton(f *fleet.Fleet) (map[string][]byte, error) {
	files := secrets.Skeleton(f)
	data, err := syntax.Format(generate.Plain(f.SecretsOf().Plain, "replace me"))
	if err != nil {
		return nil, err
	}
	files["data.nix"] = append([]byte("# Plain data, not encrypted: never a password or a key.\n"), data...)
	return files, nil
}

// writeSkeleton writes all files or none.
func writeSkeleton(dir string, files map[string][]byte) ([]string, error) {
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
		return nil, &exitError{exitAttention, fmt.Errorf("nothing was written: `%s` is there already", strings.Join(taken, "`, `"))}
	}
	for i, name := range names {
		if err := writeNew(root, name, files[name]); err != nil {
			for _, done := range names[:i] {
				_ = root.Remove(done)
			}
			return nil, failed(err)
		}
	}
	return names, nil
}

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
