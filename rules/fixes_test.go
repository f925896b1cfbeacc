package rules

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/internal/realnix"
	"nixgen/lint"
	"nixgen/lint/linttest"
	"nixgen/syntax"
)

// sameParse are the rules after whose fixes Nix reads the very same expression.
// After those of every other rule it reads another one, and only the part that
// holds the edits differs.
var sameParse = map[string]bool{
	"useless-parens": true, "unquoted-uri": true, "empty-inherit": true, "legacy-let": true,
}

// eitherParse: Nix 2.8 prints `inherit (x) a` as `a = (x).a`, later ones do not;
// and `(x.a).b` as two selections, where `x.a.b` is one.
func eitherParse(rule string, f *syntax.File, d diag.Diagnostic) bool {
	if rule == "manual-inherit-from" {
		return true
	}
	paren := f.NodeAt(d.Span.Start)
	for paren.Valid() && paren.Span() != d.Span {
		paren = paren.Parent()
	}
	_, selects := paren.Unparen().AsSelect()
	return rule == "useless-parens" && selects && paren.Parent().Is(syntax.KindSelect)
}

// TestFixesParse applies every fix of every fixture by itself and lets Nix read
// both sides: the smallest expression around the edits is one expression before
// and after, so that nothing outside of it can have changed.
func TestFixesParse(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Nix some hundred times")
	}
	nix := realnix.Require(t)
	fixtures, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, path := range fixtures {
		id := strings.TrimSuffix(filepath.Base(path), ".txtar")
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		for _, f := range a.Files {
			if name, ok := strings.CutPrefix(f.Name, "bad/"); ok {
				files[name] = string(f.Data)
			}
		}
		w := linttest.Load(t, files)
		for _, d := range linttest.Find(t, All, id, files) {
			if len(d.Fixes) == 0 || !strings.HasSuffix(d.File, ".nix") {
				continue
			}
			n++
			j := fixJudge{t: t, rule: id, parse: func(text []byte) (string, error) { return parseByNix(nix, text) }}
			j.judge(w.Source(d.File).Syntax(), d)
		}
	}
	if n < 60 {
		t.Errorf("only %d fixes were tried", n)
	}
	t.Logf("%d fixes", n)
}

func parseByNix(nix *realnix.Nix, text []byte) (string, error) {
	cmd := nix.Command("nix-instantiate", "--parse", "-")
	cmd.Stdin = bytes.NewReader(text)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, said.String())
	}
	return string(out), nil
}

// fixJudge compares what is read before and after one fix.
type fixJudge struct {
	t     testing.TB
	rule  string
	parse func([]byte) (string, error)
	// files is for messages.
	fleet string
}

func (j *fixJudge) judge(f *syntax.File, d diag.Diagnostic) {
	j.t.Helper()
	edits := d.Fixes[0].Edits
	after, err := diag.Apply(f.Source(), edits)
	if err != nil {
		j.fail(d, "the edits do not apply: %v", err)
		return
	}
	prefix := closing(f.Source(), after)
	old, err := j.parse(append([]byte(prefix), f.Source()...))
	if err != nil {
		j.fail(d, "the file as it was: %v", err)
		return
	}
	now, err := j.parse(append([]byte(prefix), after...))
	if err != nil {
		j.fail(d, "after the fix: %v", err)
		return
	}
	if (old == now) != sameParse[j.rule] && !eitherParse(j.rule, f, d) {
		j.fail(d, "reads the same: %v", old == now)
	}
	if old != now && !j.contained(f, after, prefix, now, edits) {
		j.fail(d, "what stands around the edits is read in another way:\n%s", after)
	}
}

func (j *fixJudge) fail(d diag.Diagnostic, format string, args ...any) {
	j.t.Helper()
	j.t.Errorf("%s: %s%s at %d: %s: %s", j.rule, j.fleet, d.File, d.Span.Start, d.Message, fmt.Sprintf(format, args...))
}

// contained: some expression around the edits can be put in parentheses in the
// fixed text without a change of what is read, and it is no larger than the
// smallest that holds all of them, or that one's parent where it stands in a
// place that takes no parentheses.
func (j *fixJudge) contained(f *syntax.File, after []byte, prefix, now string, edits []diag.Edit) bool {
	start, end, delta := edits[0].Span.Start, edits[0].Span.End, 0
	for _, e := range edits {
		start, end = min(start, e.Span.Start), max(end, e.Span.End)
		delta += len(e.New) - (e.Span.End - e.Span.Start)
	}
	tries := 0
	for n := f.NodeAt(start); n.Valid() && tries < 3; n = n.Parent() {
		s := n.Span()
		if !n.Kind().IsExpr() || s.Start > start || s.End < end {
			continue
		}
		tries++
		text := prefix + string(after[:s.Start]) + "(" + string(after[s.Start:s.End+delta]) + ")" + string(after[s.End+delta:])
		if wrapped, err := j.parse([]byte(text)); err == nil && wrapped == now {
			return true
		}
	}
	return false
}

// closing takes the names that are free in either text as arguments.
func closing(texts ...[]byte) string {
	prefix := ""
	for range 60 {
		name := ""
		for _, text := range texts {
			f := syntax.Parse("x.nix", append([]byte(prefix), text...))
			if d, bad := f.Undefined(); bad {
				name = string(f.Source()[d.Span.Start:d.Span.End])
			}
		}
		if name == "" {
			return prefix
		}
		prefix += name + ": "
	}
	return prefix
}

// TestFixesOnFleets fixes whole fleets, rule by rule: every folder below those
// that NIXGEN_FLEETS names. What comes out parses, has nothing left that the
// rule could fix, keeps every comment, and is not changed by fixing again; and
// every single fix changes only the expression that holds it.
func TestFixesOnFleets(t *testing.T) {
	roots := filepath.SplitList(os.Getenv("NIXGEN_FLEETS"))
	if len(roots) == 0 {
		t.Skip("NIXGEN_FLEETS names no folders of fleets")
	}
	nix := realnix.Require(t)
	var sum fixCount
	for _, root := range roots {
		dirs, err := os.ReadDir(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range dirs {
			if d.IsDir() {
				sum.add(fixFleet(t, nix, filepath.Join(root, d.Name())))
			}
		}
	}
	t.Logf("%d fixes in %d files, %d dropped, %d unstable", sum.fixes, sum.files, sum.dropped, sum.unstable)
}

type fixCount struct{ fixes, files, dropped, unstable int }

func (c *fixCount) add(d fixCount) {
	c.fixes, c.files, c.dropped, c.unstable = c.fixes+d.fixes, c.files+d.files, c.dropped+d.dropped, c.unstable+d.unstable
}

func fixFleet(t *testing.T, nix *realnix.Nix, dir string) fixCount {
	t.Helper()
	var n fixCount
	w, _ := lint.Load(os.DirFS(dir), fleet.Env{})
	for _, r := range All {
		cfg := lint.Config{Rules: []*lint.Rule{r}, Enable: []string{r.ID}}
		ds, err := w.Lint(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(ds, func(d diag.Diagnostic) bool { return len(d.Fixes) > 0 }) {
			continue
		}
		j := fixJudge{t: t, rule: r.ID, fleet: filepath.Base(dir) + "/", parse: parseByOurs}
		for _, d := range ds {
			if len(d.Fixes) > 0 && w.Source(d.File).Syntax().OK() {
				n.fixes++
				j.judge(w.Source(d.File).Syntax(), d)
			}
		}
		fixed, err := w.Fix(cfg)
		if err != nil {
			t.Fatal(err)
		}
		n.files += len(fixed.Changed)
		n.dropped += fixed.Dropped
		n.unstable += len(fixed.Unstable)
		settled(t, nix, w, fixed, cfg)
	}
	t.Logf("%s: %d fixes in %d files, %d dropped, %d unstable", dir, n.fixes, n.files, n.dropped, n.unstable)
	return n
}

// parseByOurs prints as Nix does, which is held to Nix elsewhere, without
// starting it.
func parseByOurs(text []byte) (string, error) {
	f := syntax.Parse("x.nix", text)
	if d, bad := f.FirstError(); bad {
		return "", fmt.Errorf("%s", d.Message)
	}
	out, err := f.Print("/", "/home")
	return string(out), err
}

// settled holds a fixed fleet to the laws of fixing.
func settled(t *testing.T, nix *realnix.Nix, w *lint.Workspace, fixed *lint.Fixed, cfg lint.Config) {
	t.Helper()
	id := cfg.Rules[0].ID
	left, err := fixed.Work.Lint(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range left {
		if len(d.Fixes) > 0 && fixed.Unstable[d.File] == nil {
			t.Errorf("%s: %s: still to be fixed: %s", id, d.File, d.Message)
		}
	}
	for name, text := range fixed.Changed {
		if before, after := commentsOf(w.Source(name).Syntax()), commentsOf(syntax.Parse(name, text)); before != after {
			t.Errorf("%s: %s: comments were lost or changed", id, name)
		}
		old := w.Source(name).Text
		prefix := []byte(closing(old, text))
		if _, err := parseByNix(nix, append(prefix[:len(prefix):len(prefix)], old...)); err != nil {
			continue // older versions of Nix merge fewer attributes, before the fix as after it
		}
		if _, err := parseByNix(nix, append(prefix, text...)); err != nil {
			t.Errorf("%s: %s: %v", id, name, err)
		}
	}
	again, err := fixed.Work.Fix(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for name := range again.Changed {
		t.Errorf("%s: %s: fixing again changes it again", id, name)
	}
}

func commentsOf(f *syntax.File) string {
	var out []string
	for c := range f.Comments() {
		out = append(out, strings.TrimSpace(c.Text()))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
