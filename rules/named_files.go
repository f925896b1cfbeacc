package rules

import (
	"path"
	"strings"

	"nixgen/layout"
	"nixgen/lint"
	"nixgen/outline"
)

// namedFiles are the files that something names beside the imports of hosts: the
// outputs of flake.nix, tests, packages that are called with a path, hosts that
// hosts.toml does not have. Opt-in modules that nothing names do not count.
type namedFiles struct {
	work *lint.Workspace
	// read are the files whose paths the hosts' own evaluation has followed.
	read map[string]bool
	// files are named whole, folders with what is below them, and tails by
	// the end of their path.
	files, folders, tails map[string]bool
	seen                  map[string]bool
}

func newNamedFiles(w *lint.Workspace, read map[string]bool) *namedFiles {
	m := &namedFiles{w, read, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	var idle []*lint.Source
	for _, s := range w.Sources {
		if f, ok := w.Inventory.File(s.Path); ok && f.Tier == layout.OptIn && !read[s.Path] {
			idle = append(idle, s)
			continue
		}
		m.add(s)
	}
	for again := true; again; {
		again = false
		for _, s := range idle {
			if !m.seen[s.Path] && m.has(s.Path) {
				m.add(s)
				again = true
			}
		}
	}
	return m
}

// has reports that the module is named.
func (m *namedFiles) has(file string) bool {
	forms := []string{file, strings.TrimSuffix(file, ".nix")}
	if path.Base(file) == "default.nix" {
		forms = append(forms, path.Dir(file))
	}
	for _, f := range forms {
		if m.files[f] {
			return true
		}
		for {
			if m.tails[f] {
				return true
			}
			_, rest, more := strings.Cut(f, "/")
			if !more {
				break
			}
			f = rest
		}
	}
	for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
		if m.folders[dir] {
			return true
		}
	}
	return false
}

// add notes what a file names. What a host has read is followed already, so
// that only whole paths count there: those of values, and of imports that no
// host takes.
func (m *namedFiles) add(s *lint.Source) {
	m.seen[s.Path] = true
	if s.Outline() == nil {
		return
	}
	s.Outline().Walk(func(x outline.Expr, _ *outline.Scope) bool {
		switch x := x.(type) {
		case *outline.Path:
			if !x.Search && !x.Home && len(x.Parts) > 0 {
				m.path(s, x.Parts)
			}
		case *outline.Str:
			if n := len(x.Parts); n > 0 && !m.read[s.Path] {
				m.tail(x.Parts[n-1])
			}
		}
		return true
	})
}

func (m *namedFiles) path(s *lint.Source, parts []outline.Part) {
	head := parts[0].Text
	if !strings.HasPrefix(head, ".") {
		return
	}
	if len(parts) == 1 {
		file := path.Join(path.Dir(s.Path), head)
		m.files[file] = true
		if m.work.Kind(file) == "directory" && !m.read[s.Path] {
			m.folders[file] = true
		}
		return
	}
	if !m.read[s.Path] {
		m.folders[path.Dir(path.Join(path.Dir(s.Path), head+"x"))] = true
		m.tail(parts[len(parts)-1])
	}
}

// tail notes text that may be the end of a path: `self + "/modules/x.nix"`,
// `map (n: ../modules/${n}) [ "desk/x.nix" ]`.
func (m *namedFiles) tail(p outline.Part) {
	t := strings.Trim(p.Text, "/")
	if p.X == nil && (strings.Contains(t, "/") || strings.HasSuffix(t, ".nix")) && t != "default.nix" {
		m.tails[t] = true
	}
}
