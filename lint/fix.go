package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/syntax"
)

// maxRounds bounds how often a file is linted and fixed again.
const maxRounds = 10

// Fixed is what fixing did.
type Fixed struct {
	// Changed holds the new text of every file that is to be written.
	Changed map[string][]byte
	// Applied and Dropped count fixes; a dropped one overlapped another or
	// did not leave a file that parses.
	Applied, Dropped int
	// Unstable names files that were still changing at the last round, with
	// the rules that did it; they stay as they were.
	Unstable map[string][]string
	// Work is the tree after fixing.
	Work *Workspace
}

// Fix applies the fixes of findings until nothing changes.
func (w *Workspace) Fix(cfg Config) (*Fixed, error) {
	f := &Fixed{Changed: map[string][]byte{}, Unstable: map[string][]string{}, Work: w}
	for round := range maxRounds + 1 {
		ds, err := f.Work.Lint(cfg)
		if err != nil {
			return nil, err
		}
		next, rules := f.round(ds)
		if len(next) == 0 {
			return f, nil
		}
		if round == maxRounds {
			f.giveUp(w, rules)
			return f, nil
		}
		maps.Copy(f.Changed, next)
		f.Work = w.With(f.Changed)
	}
	return f, nil
}

// giveUp leaves the files that never settled as they were.
func (f *Fixed) giveUp(w *Workspace, rules map[string][]string) {
	for file, ids := range rules {
		f.Unstable[file] = ids
		delete(f.Changed, file)
	}
	f.Work = w.With(f.Changed)
}

// round applies one fix of every finding to the bytes that were linted.
func (f *Fixed) round(ds []diag.Diagnostic) (next map[string][]byte, rules map[string][]string) {
	next, rules = map[string][]byte{}, map[string][]string{}
	for len(ds) > 0 {
		n := 1
		for n < len(ds) && ds[n].File == ds[0].File {
			n++
		}
		file := ds[0].File
		src := f.Work.byPath[file]
		if src != nil {
			if text, ids := f.file(src, ds[:n]); text != nil {
				next[file], rules[file] = text, ids
			}
		}
		ds = ds[n:]
	}
	return next, rules
}

func (f *Fixed) file(src *Source, ds []diag.Diagnostic) ([]byte, []string) {
	var edits []diag.Edit
	var ids []string
	applied, dropped := 0, 0
	free := claims{src: src.Text}
	for _, d := range ds {
		if len(d.Fixes) == 0 {
			continue
		}
		fix := d.Fixes[0]
		if !free.claim(fix.Edits) {
			dropped++
			continue
		}
		edits = append(edits, fix.Edits...)
		applied++
		if !slices.Contains(ids, d.Rule) {
			ids = append(ids, d.Rule)
		}
	}
	f.Dropped += dropped
	if len(edits) == 0 {
		return nil, nil
	}
	text, err := diag.Apply(src.Text, edits)
	if err != nil || string(text) == string(src.Text) || src.Syntax().OK() && !syntax.Parse(src.Path, text).OK() {
		f.Dropped += applied
		return nil, nil
	}
	f.Applied += applied
	return text, ids
}

// claims are the bytes of a text that edits replace, and where they begin.
type claims struct {
	src   []byte
	taken []bool
}

// claim takes what edits need, unless another one overlaps with them or begins
// where one of them does.
func (c *claims) claim(edits []diag.Edit) bool {
	if c.taken == nil {
		c.taken = make([]bool, len(c.src)+1)
	}
	for _, e := range edits {
		if slices.Contains(c.of(e), true) {
			return false
		}
	}
	for _, e := range edits {
		at := c.of(e)
		for i := range at {
			at[i] = true
		}
	}
	return true
}

// of are the bytes that an edit replaces, or before which it inserts; none of
// one that lies outside, which diag.Apply refuses.
func (c *claims) of(e diag.Edit) []bool {
	from, to := e.Span.Start, max(e.Span.End, e.Span.Start+1)
	if from < 0 || to > len(c.taken) {
		return nil
	}
	return c.taken[from:to]
}

// UnstableNote says which rules undo each other.
func UnstableNote(file string, rules []string) string {
	return fmt.Sprintf("%s: still changing after %d rounds (%s); left as it was", file, maxRounds, strings.Join(rules, ", "))
}
