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
	"nixgen/secrets"
	"nixgen/syntax"
)

// skeleton is the whole new repository of secrets.
func skeleton(f *fleet.Fleet) (map[string][]byte, error) {
	files := secrets.Skeleton(f)
	var shape map[string]fleet.Value
	if f.Secrets != nil {
		shape = f.Secrets.Values
	}
	data, err := syntax.Format(sample(shape))
	if err != nil {
		return nil, err
	}
	files["data.nix"] = append([]byte("# Plain data, not encrypted: never a password or a key.\n"), data...)
	return files, nil
}

// sample makes a value of the shape that hosts.toml declares in
// [secrets] values: the name of a type becomes a value of it, anything else is
// taken as it is.
func sample(v fleet.Value) syntax.Value {
	switch v := v.(type) {
	case map[string]fleet.Value:
		out := syntax.Attrs{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, syntax.Attr{Path: []string{k}, Value: sample(v[k])})
		}
		return out
	case []fleet.Value:
		out := syntax.List{}
		for _, x := range v {
			out = append(out, sample(x))
		}
		return out
	case string:
		return sampleType(v)
	case bool:
		return syntax.Bool(v)
	case int64:
		return syntax.Int(v)
	case float64:
		return syntax.Float(v)
	case fleet.Path:
		return syntax.String(v)
	}
	return syntax.Null{}
}

func sampleType(s string) syntax.Value {
	word, _, _ := strings.Cut(s, " ")
	switch word {
	case "string", "str":
		return syntax.String("replace me")
	case "bool":
		return syntax.Bool(false)
	case "int", "port":
		return syntax.Int(0)
	case "float":
		return syntax.Float(0)
	case "list", "listOf":
		return syntax.List{}
	case "table", "attrs", "attrsOf":
		return syntax.Attrs{}
	}
	return syntax.String(s)
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
