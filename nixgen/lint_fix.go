package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"nixgen/internal/outtree"
	"nixgen/lint"
)

// lintFix applies what can be fixed, or prints it as a diff.
func (w *world) lintFix(t *lintTree, o lintOptions) error {
	before := t.work
	f, err := before.Fix(t.cfg)
	if err != nil {
		return w.internal(err)
	}
	for _, file := range slices.Sorted(maps.Keys(f.Unstable)) {
		fmt.Fprintln(w.stderr, lint.UnstableNote(file, f.Unstable[file]))
	}
	if f.Dropped > 0 {
		fmt.Fprintf(w.stderr, "fixes left out, since they overlap others: %d\n", f.Dropped)
	}
	files := slices.Sorted(maps.Keys(f.Changed))
	if o.diff {
		for _, file := range files {
			c := outtree.Change{Kind: outtree.Update, Path: file, Old: before.Source(file).Text, New: f.Changed[file]}
			if _, err := w.stdout.Write(unified(c)); err != nil {
				return failed(err)
			}
		}
		return nil
	}
	for _, file := range files {
		if err := writeFixed(t.root, file, before.Source(file).Text, f.Changed[file]); err != nil {
			return failed(err)
		}
	}
	t.work = f.Work
	return nil
}

// writeFixed replaces a file that is still the one that was linted.
func writeFixed(root, file string, old, text []byte) error {
	name := filepath.Join(root, filepath.FromSlash(file))
	if now, err := os.ReadFile(name); err != nil {
		return err
	} else if !bytes.Equal(now, old) {
		return fmt.Errorf("`%s` changed while it was linted; nothing was written to it", file)
	}
	return outtree.WriteFile(name, text)
}
