package lint

import (
	"io/fs"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// ignoreRule is one line of a .gitignore.
type ignoreRule struct {
	glob    string
	keep    bool // a line with "!"
	dirOnly bool
	// base patterns have no slash: they match the last component anywhere.
	base, literal bool
}

// ignoreList holds the lines that are in force below one folder.
type ignoreList struct {
	up    *ignoreList
	dir   string
	rules []ignoreRule
}

// readIgnore adds the .gitignore of a folder, if it has one.
func readIgnore(fsys fs.FS, dir string, up *ignoreList) *ignoreList {
	text, err := fs.ReadFile(fsys, path.Join(dir, ".gitignore"))
	if err != nil {
		return up
	}
	l := &ignoreList{up: up, dir: dir}
	for line := range strings.Lines(string(text)) {
		if r, ok := parseIgnore(strings.TrimRight(line, " \r\n")); ok {
			l.rules = append(l.rules, r)
		}
	}
	return l
}

func parseIgnore(line string) (ignoreRule, bool) {
	var r ignoreRule
	if line == "" || line[0] == '#' {
		return r, false
	}
	if line[0] == '!' {
		r.keep, line = true, line[1:]
	}
	line = strings.TrimPrefix(line, `\`)
	if s, ok := strings.CutSuffix(line, "/"); ok {
		r.dirOnly, line = true, s
	}
	r.base = !strings.Contains(line, "/")
	r.glob = strings.TrimPrefix(line, "/")
	r.literal = !strings.ContainsAny(r.glob, `*?[{\`)
	return r, r.glob != "" && doublestar.ValidatePattern(r.glob)
}

// ignored applies the lines from the innermost folder outwards, the last line
// of each list first, as git does.
func (l *ignoreList) ignored(p string, isDir bool) bool {
	for ; l != nil; l = l.up {
		rel := p
		if l.dir != "." {
			rel = strings.TrimPrefix(p, l.dir+"/")
		}
		for i := len(l.rules) - 1; i >= 0; i-- {
			if r := &l.rules[i]; (isDir || !r.dirOnly) && r.match(rel) {
				return !r.keep
			}
		}
	}
	return false
}

func (r *ignoreRule) match(rel string) bool {
	if r.base {
		rel = path.Base(rel)
	}
	if r.literal {
		return rel == r.glob
	}
	ok, _ := doublestar.Match(r.glob, rel)
	return ok
}
