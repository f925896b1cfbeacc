package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"nixgen/diag"
)

// accepted is one kind of finding that a baseline lists: line numbers are left
// out, so that other changes to the file do not matter.
type accepted struct {
	File    string `json:"file"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
	Count   int    `json:"count"`
}

// applyBaseline drops the findings that a file lists. The first run writes the
// file; later ones shrink it, and never let it grow.
func (w *world) applyBaseline(t *lintTree, name string, ds []diag.Diagnostic) ([]diag.Diagnostic, error) {
	file := w.path(name)
	old, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, w.writeBaseline(file, countFindings(ds), "wrote")
	}
	if err != nil {
		return nil, failed(err)
	}
	var list []accepted
	if err := json.Unmarshal(old, &list); err != nil {
		return nil, usage("`%s` is no baseline: %v", name, err)
	}
	left := map[accepted]int{}
	for _, a := range list {
		n := a.Count
		a.Count = 0
		left[a] = n
	}
	var fresh, known []diag.Diagnostic
	for _, d := range ds {
		key := accepted{File: d.File, Rule: d.Rule, Message: d.Message}
		if left[key] > 0 {
			left[key]--
			known = append(known, d)
			continue
		}
		fresh = append(fresh, d)
	}
	now := countFindings(known)
	if len(t.cfg.Only) > 0 || len(t.cfg.Hosts) > 0 || slices.Equal(now, list) {
		return fresh, nil
	}
	return fresh, w.writeBaseline(file, now, "shrank")
}

func countFindings(ds []diag.Diagnostic) []accepted {
	n := map[accepted]int{}
	for _, d := range ds {
		if d.Severity > diag.Info {
			n[accepted{File: d.File, Rule: d.Rule, Message: d.Message}]++
		}
	}
	out := make([]accepted, 0, len(n))
	for a, c := range n {
		a.Count = c
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b accepted) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return out
}

func (w *world) writeBaseline(file string, list []accepted, verb string) error {
	b, err := json.MarshalIndent(list, "", "  ")
	if err == nil {
		err = os.WriteFile(file, append(b, '\n'), 0o644)
	}
	if err != nil {
		return failed(err)
	}
	total := 0
	for _, a := range list {
		total += a.Count
	}
	fmt.Fprintf(w.stderr, "%s %s: %d findings accepted\n", verb, file, total)
	return nil
}
