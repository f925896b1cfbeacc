package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// listing is the fleet's tree as a flake sees it. In a git tree that is the
// index, since Nix copies nothing else: a new file exists for it from `git add`
// (or `git add -N`) on. Elsewhere it is everything on disk.
type listing struct {
	files     []string // sorted, slash-separated, relative to the root
	untracked []string // on disk, but not in the index
	git       bool
	// trouble is what git said when there is a git tree that it does not read.
	trouble string
}

func (l *listing) tracks(p string) bool {
	_, ok := slices.BinarySearch(l.files, p)
	return ok
}

// list asks git; it is the one reader of the index whose answer is certain to
// agree with what Nix sees (split, sparse and partial indexes, the hooks'
// temporary one in $GIT_INDEX_FILE, ignore rules of all levels). Without git,
// or outside of a git tree, the folder is walked.
func (w *world) list(root string) (*listing, error) {
	l, err := gitList(root)
	if err == nil && l != nil {
		return l, nil
	}
	walked, walkErr := walkList(root)
	if walkErr != nil {
		return nil, walkErr
	}
	if err != nil && inGitTree(root) {
		walked.trouble = err.Error()
	}
	return walked, nil
}

// gitList gives nil where root is not part of a git tree: there is none, or it
// ignores hosts.toml.
func gitList(root string) (*listing, error) {
	// -t tells the four kinds of file apart in one run: H in the index, R in the
	// index but gone from the disk, ? untracked.
	out, err := git(root, nil, "ls-files", "-z", "-t", "--cached", "--deleted", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	l := &listing{git: true}
	gone := map[string]bool{}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		tag, name, ok := strings.Cut(entry, " ")
		switch {
		case !ok:
		case tag == "?":
			l.untracked = append(l.untracked, name)
		case tag == "R":
			gone[name] = true
		default:
			l.files = append(l.files, name)
		}
	}
	l.files = slices.DeleteFunc(l.files, func(f string) bool { return gone[f] })
	slices.Sort(l.files)
	l.files = slices.Compact(l.files) // a conflict lists a file several times
	slices.Sort(l.untracked)
	if !l.tracks(hostsFile) && !slices.Contains(l.untracked, hostsFile) {
		return nil, nil
	}
	return l, nil
}

// trackedAnyway lists the files that git tracks among those, and below those
// folders, that a .gitignore names. Without git there are none.
func trackedAnyway(root string, ignored []string) []string {
	if len(ignored) == 0 || !inGitTree(root) {
		return nil
	}
	args := []string{"--literal-pathspecs", "ls-files", "-z", "--cached", "--"}
	out, err := git(root, nil, append(args, ignored...)...)
	if err != nil {
		return nil
	}
	var files []string
	for f := range strings.SplitSeq(string(out), "\x00") {
		if info, err := os.Lstat(filepath.Join(root, filepath.FromSlash(f))); f != "" && err == nil && info.Mode().IsRegular() {
			files = append(files, f)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// git runs git in root and gives its output, or what it said was wrong. Without
// fsmonitor, which could start a program that the repository names.
func git(root string, stdin []byte, args ...string) ([]byte, error) {
	cmd := exec.Command("git", append([]string{"-C", root, "-c", "core.fsmonitor=false"}, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ee := (*exec.ExitError)(nil); errors.As(err, &ee) {
		line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return nil, errors.New("git: " + strings.TrimPrefix(line, "fatal: "))
	}
	return out, err
}

// inGitTree looks for .git in root and above it.
func inGitTree(root string) bool {
	for dir := root; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		if dir == filepath.Dir(dir) {
			return false
		}
	}
}

// walkList lists every file below root but for hidden folders and the links
// that `nix build` leaves.
func walkList(root string) (*listing, error) {
	l := &listing{}
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || p == root {
			return err
		}
		name := e.Name()
		switch {
		case e.IsDir() && strings.HasPrefix(name, "."):
			return fs.SkipDir
		case e.IsDir(), e.Type() == fs.ModeSymlink && strings.HasPrefix(name, "result"):
			return nil
		}
		rel, err := filepath.Rel(root, p)
		l.files = append(l.files, filepath.ToSlash(rel))
		return err
	})
	slices.Sort(l.files)
	return l, err
}

// forget takes files out of git's index that are neither on disk nor committed:
// those that were new, and are gone again.
func forget(root string) error {
	if !inGitTree(root) {
		return nil
	}
	out, err := git(root, nil, "ls-files", "-z", "--deleted")
	if err != nil || len(out) == 0 {
		return err
	}
	committed := map[string]bool{}
	if names, err := git(root, nil, "ls-tree", "-r", "-z", "--name-only", "HEAD"); err == nil {
		for name := range strings.SplitSeq(string(names), "\x00") {
			committed[name] = true
		}
	}
	var gone strings.Builder
	for name := range strings.SplitSeq(string(out), "\x00") {
		if name != "" && !committed[name] {
			gone.WriteString(name + "\x00")
		}
	}
	if gone.Len() == 0 {
		return nil
	}
	_, err = git(root, []byte(gone.String()), "update-index", "--force-remove", "-z", "--stdin")
	return err
}
