// Package linttest runs lint rules over small trees written down as txtar
// archives. It is for tests only.
//
// A fixture testdata/<rule-id>.txtar holds three trees. `bad/` is what the rule
// finds something in: each finding is announced at the end of its line by
// `# want "regexp"`, several by several strings; where the expression begins with
// `warning: ` or the like, the severity counts. `fixed/` holds the files that
// fixing changes, byte for byte as they are afterwards. `ok/` holds near
// misses, in which nothing may be found. A fixture without bad or ok is an
// error, and so is a fix that the fixture does not show, that loses a comment,
// or that changes something when it is applied again.
package linttest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/lint"
)

// Tree makes a file system of files. One whose text begins with `# unreadable`
// cannot be opened.
func Tree(files map[string]string) fs.FS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return tree{m}
}

type tree struct{ fstest.MapFS }

func (t tree) Open(name string) (fs.File, error) {
	if f := t.MapFS[name]; f != nil && strings.HasPrefix(string(f.Data), "# unreadable") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return t.MapFS.Open(name)
}

func (t tree) ReadFile(name string) ([]byte, error) {
	f, err := t.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Example reads the text of an example: an archive, or one file.
func Example(text string) map[string]string {
	if !strings.HasPrefix(text, "-- ") {
		return map[string]string{"module.nix": text}
	}
	files := map[string]string{}
	for _, f := range txtar.Parse([]byte(text)).Files {
		files[f.Name] = string(f.Data)
	}
	return files
}

// Load reads a tree; what is wrong with its hosts.toml fails the test.
func Load(t *testing.T, files map[string]string) *lint.Workspace {
	t.Helper()
	w, ds := lint.Load(Tree(files), fleet.Env{})
	for _, d := range ds {
		if d.Severity == diag.Error {
			t.Fatalf("%s: %s", d.File, d.Message)
		}
	}
	return w
}

// Find gives what one of the rules finds in a tree.
func Find(t *testing.T, all []*lint.Rule, id string, files map[string]string) []diag.Diagnostic {
	t.Helper()
	return find(t, Load(t, files), all, id)
}

func find(t *testing.T, w *lint.Workspace, all []*lint.Rule, id string) []diag.Diagnostic {
	t.Helper()
	ds, err := w.Lint(lint.Config{Rules: all, Enable: []string{id}})
	if ie := (*lint.InternalError)(nil); errors.As(err, &ie) {
		t.Fatalf("%v: %v\n%s", err, ie.Cause, ie.Stack)
	}
	return slices.DeleteFunc(ds, func(d diag.Diagnostic) bool { return d.Rule != id })
}

// Run checks the fixture of every rule.
func Run(t *testing.T, all []*lint.Rule, dir string) {
	for _, r := range all {
		t.Run(r.ID, func(t *testing.T) {
			a, err := txtar.ParseFile(filepath.Join(dir, r.ID+".txtar"))
			if os.IsNotExist(err) {
				t.Fatalf("the rule has no fixture %s.txtar", r.ID)
			} else if err != nil {
				t.Fatal(err)
			}
			fixture(t, all, r.ID, a)
		})
	}
}

func fixture(t *testing.T, all []*lint.Rule, id string, a *txtar.Archive) {
	trees := map[string]map[string]string{}
	for _, f := range a.Files {
		top, name, ok := strings.Cut(f.Name, "/")
		if !ok || top != "bad" && top != "fixed" && top != "ok" {
			t.Fatalf("the file %s lies in none of bad/, fixed/ and ok/", f.Name)
		}
		if trees[top] == nil {
			trees[top] = map[string]string{}
		}
		trees[top][name] = string(f.Data)
	}
	if len(trees["bad"]) == 0 || len(trees["ok"]) == 0 {
		t.Fatal("bad/ or ok/ is missing")
	}
	for _, d := range Find(t, all, id, trees["ok"]) {
		t.Errorf("ok/%s: %s", where(trees["ok"], d), d.Message)
	}
	w := Load(t, trees["bad"])
	wanted(t, trees["bad"], find(t, w, all, id))
	fixes(t, w, all, id, trees)
}

func where(files map[string]string, d diag.Diagnostic) string {
	p := diag.NewLines([]byte(files[d.File])).Position(d.Span.Start)
	return fmt.Sprintf("%s:%d:%d", d.File, p.Line, p.Column)
}

var wantRE = regexp.MustCompile(`# want((?: "(?:[^"\\]|\\.)*")+)`)

type line struct {
	file string
	n    int
}

// wanted compares findings with what the lines announce.
func wanted(t *testing.T, files map[string]string, ds []diag.Diagnostic) {
	t.Helper()
	want := map[line][]string{}
	for name, text := range files {
		for i, l := range strings.Split(text, "\n") {
			if m := wantRE.FindStringSubmatch(l); m != nil {
				for _, q := range regexp.MustCompile(`"(?:[^"\\]|\\.)*"`).FindAllString(m[1], -1) {
					re, err := strconv.Unquote(q)
					if err != nil {
						t.Fatal(err)
					}
					want[line{name, i + 1}] = append(want[line{name, i + 1}], re)
				}
			}
		}
	}
	if len(want) == 0 {
		t.Error("bad/ announces no finding")
	}
	for _, d := range ds {
		at := line{d.File, diag.NewLines([]byte(files[d.File])).Position(d.Span.Start).Line}
		i := slices.IndexFunc(want[at], func(re string) bool {
			re1 := regexp.MustCompile(re)
			return re1.MatchString(d.Message) || re1.MatchString(d.Severity.String()+": "+d.Message)
		})
		if i < 0 {
			t.Errorf("bad/%s: not announced: %s", where(files, d), d.Message)
			continue
		}
		want[at] = slices.Delete(want[at], i, i+1)
	}
	for _, at := range slices.SortedFunc(maps.Keys(want), func(a, b line) int { return strings.Compare(a.file, b.file)*1000 + a.n - b.n }) {
		for _, re := range want[at] {
			t.Errorf("bad/%s:%d: nothing found that matches %q", at.file, at.n, re)
		}
	}
}

// fixes applies the rule's fixes and compares what they make.
func fixes(t *testing.T, w *lint.Workspace, all []*lint.Rule, id string, trees map[string]map[string]string) {
	t.Helper()
	one := slices.DeleteFunc(slices.Clone(all), func(r *lint.Rule) bool { return r.ID != id })
	f, err := w.Fix(lint.Config{Rules: one, Enable: []string{id}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range f.Changed {
		switch want, ok := trees["fixed"][name]; {
		case !ok:
			t.Errorf("fixing changes %s, which fixed/ does not show:\n%s", name, text)
		case want != string(text):
			t.Errorf("fixed/%s: got\n%swant\n%s", name, text, want)
		}
		if before, after := comments(w, name), comments(f.Work, name); before != after {
			t.Errorf("%s: comments were lost or changed: %s became %s", name, before, after)
		}
	}
	for name := range trees["fixed"] {
		if _, ok := f.Changed[name]; !ok {
			t.Errorf("fixing does not change %s", name)
		}
	}
	again, err := f.Work.Fix(lint.Config{Rules: one, Enable: []string{id}})
	if err != nil {
		t.Fatal(err)
	}
	for name := range again.Changed {
		t.Errorf("fixing %s twice is not fixing it once", name)
	}
}

func comments(w *lint.Workspace, name string) string {
	var out []string
	for c := range w.Source(name).Syntax().Comments() {
		out = append(out, strings.TrimSpace(c.Text()))
	}
	return strings.Join(out, "|")
}
