// Package outtree makes the files on disk equal to a list of files, without
// ever losing what somebody else wrote.
//
// A Tree is one folder that belongs to the generator as a whole (Output), plus
// a fixed list of files outside of it. Plan reads and compares, Apply writes.
// The laws:
//
//   - Everything goes through os.Root, and every folder from Output downwards
//     is a real folder: a symbolic link is refused, also one that stays inside.
//   - A file that was edited by hand or that somebody else wrote is a Problem; a
//     plan with problems is never applied.
//   - Every changed file is written beside its target first (a missing folder
//     is built beside its place as a whole) and only then renamed. An error
//     while staging removes what was staged: nothing has changed.
//   - A process that is killed leaves whole old files, whole new files and
//     staged ones. The next Plan sees which are still to do, the next Apply does
//     them and removes the leftovers; Lock keeps a second process from taking
//     the first one's staged files for leftovers.
//   - A file that is already right is not touched, neither bytes nor times.
//
// The package does not know what generated files look like; Inspect tells. It
// does not make generated files durable (they can be generated again); files
// that cannot, such as hosts.toml, go through WriteFile, which does.
package outtree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"nixgen/diag"
)

// File is one file that shall exist. Path is slash-separated, relative to the
// tree's folder.
type File struct {
	Path    string
	Content []byte
}

// Status says whose a file on disk is.
type Status uint8

const (
	Foreign Status = iota // somebody else's
	Ours                  // as it was generated
	Edited                // generated, then changed by hand
)

// Config says what a tree is. All paths are slash-separated and relative to Dir.
type Config struct {
	// Dir is the folder of hosts.toml on disk.
	Dir string
	// Output is the folder that belongs to the generator.
	Output string
	// Outside lists every file outside of Output that may ever be wanted; one
	// that is not wanted now is removed if it is Ours.
	Outside []string
	// Keep reports the files below Output that another command writes: they are
	// neither judged nor removed. Nil keeps none.
	Keep func(path string) bool
	// Inspect tells whose a file is. It is called from several goroutines.
	Inspect func(path string, content []byte) Status
	// Force overwrites and removes edited and foreign files that are in the way.
	// Links are refused all the same.
	Force bool
}

// Tree is an open tree. Close it when done.
type Tree struct {
	Config
	root *os.Root
}

// Open checks the configuration and opens the folder.
func Open(c Config) (*Tree, error) {
	for _, p := range append([]string{c.Output}, c.Outside...) {
		if !fs.ValidPath(p) || p == "." {
			return nil, fmt.Errorf("`%s` is not a path below the folder of hosts.toml", p)
		}
	}
	root, err := os.OpenRoot(c.Dir)
	if err != nil {
		return nil, err
	}
	return &Tree{Config: c, root: root}, nil
}

// Close releases the folder.
func (t *Tree) Close() error { return t.root.Close() }

// Kind says what happens to a file.
type Kind uint8

const (
	Create Kind = iota
	Update
	Remove
)

// String gives the word printed for a change that is to be made.
func (k Kind) String() string { return [...]string{"create", "update", "remove"}[k] }

// Change is one file that differs from what is wanted. Old is nil for Create,
// New for Remove.
type Change struct {
	Path     string
	Kind     Kind
	Old, New []byte
}

// Plan is the difference between the disk and what is wanted.
type Plan struct {
	// Changes are sorted by path.
	Changes []Change
	// Problems forbid applying the plan: one error for each file in the way.
	Problems []diag.Diagnostic
	// Strangers are files below Output that are not ours and not in the way.
	// They stay.
	Strangers []string

	folders   map[string]bool // existing folders below Dir that matter
	leftovers []string        // what a killed run staged
	empty     []string        // folders below Output that hold nothing wanted
}

// Fresh reports whether the disk is as wanted.
func (p *Plan) Fresh() bool { return len(p.Changes) == 0 && len(p.Problems) == 0 }

// suffix marks what is staged beside its target; the name begins with a dot.
const suffix = ".nixgen-new"

func staged(p string) string {
	dir, base := path.Split(p)
	return dir + "." + base + suffix
}

func isStaged(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, suffix)
}

// validate refuses a list that no file system could hold, or that leaves the
// tree; such a list is a mistake of the caller, not of the disk.
func (t *Tree) validate(files []File) error {
	seen := make(map[string]string, len(files))
	for _, f := range files {
		if !fs.ValidPath(f.Path) || f.Path == "." || strings.ContainsAny(f.Path, "\\\x00") {
			return fmt.Errorf("`%s` is not a path below the folder of hosts.toml", f.Path)
		}
		if !t.inside(f.Path) && !slices.Contains(t.Outside, f.Path) {
			return fmt.Errorf("`%s` lies outside of `%s`", f.Path, t.Output)
		}
		if isStaged(path.Base(f.Path)) {
			return fmt.Errorf("`%s` has a name that only staged files have", f.Path)
		}
		lower := strings.ToLower(f.Path)
		if other, ok := seen[lower]; ok {
			return fmt.Errorf("`%s` and `%s` are the same file on a file system that ignores case", other, f.Path)
		}
		seen[lower] = f.Path
	}
	for _, f := range files {
		for _, dir := range ancestors(f.Path) {
			if other, ok := seen[strings.ToLower(dir)]; ok {
				return fmt.Errorf("`%s` is a file and the folder of `%s`", other, f.Path)
			}
		}
	}
	return nil
}

func (t *Tree) inside(p string) bool { return strings.HasPrefix(p, t.Output+"/") }

// ancestors lists the folders above p, outermost first, without ".".
func ancestors(p string) []string {
	var out []string
	for i := range len(p) {
		if p[i] == '/' {
			out = append(out, p[:i])
		}
	}
	return out
}

// problem reports a file in the way.
func problem(file, rule, format string, args ...any) diag.Diagnostic {
	return diag.Diagnostic{File: file, Severity: diag.Error, Rule: rule, Message: fmt.Sprintf(format, args...)}
}

func notExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
