package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"nixgen/lint"
	"nixgen/outline"
)

// explainGraph says who reads a file and why, or what every host reads and
// what could not be followed.
func (w *world) explainGraph(t *lintTree, file string) error {
	if file == "." {
		for _, h := range t.work.Hosts {
			printReach(w.stdout, h)
		}
		return nil
	}
	rel, err := filepath.Rel(t.root, w.path(file))
	if err != nil {
		return failed(err)
	}
	rel = filepath.ToSlash(rel)
	if t.work.Source(rel) == nil {
		return usage("`%s` is no Nix file of this tree", file)
	}
	found := false
	for _, h := range t.work.Hosts {
		for _, m := range h.Modules {
			if m.Path == rel {
				found = true
				fmt.Fprintf(w.stdout, "%s: %s\n", reachWord(m), strings.Join(m.Chain(), " → "))
			}
		}
	}
	if !found {
		fmt.Fprintf(w.stdout, "no host reads `%s`\n", rel)
		for _, h := range t.work.Hosts {
			for _, g := range h.Gaps {
				if g.Near != "" && strings.HasPrefix(rel, g.Near+"/") {
					fmt.Fprintf(w.stdout, "host %s may: %s\n", h.Name, gapText(t.work, g))
				}
			}
		}
	}
	return nil
}

func reachWord(m *lint.Module) string {
	word := "reads it"
	if m.Reach == outline.Maybe {
		word = "may read it"
	}
	if m.Class == lint.Home {
		word += " in the home of " + m.User
	}
	return word
}

func gapText(w *lint.Workspace, g lint.Gap) string {
	if s := w.Source(g.File); s != nil {
		p := s.Syntax().Position(g.At.Start)
		return fmt.Sprintf("%s:%d:%d: %s", g.File, p.Line, p.Column, g.Why)
	}
	return g.Why
}

func printReach(out io.Writer, h *lint.Host) {
	fmt.Fprintf(out, "host %s (%s)\n", h.Name, h.System)
	var seen []string
	for _, m := range h.Modules {
		line := string(m.Class)
		if m.User != "" {
			line += " " + m.User
		}
		line += "  " + m.Path
		if m.Value {
			line += " (a module inside of it)"
		}
		if m.Reach == outline.Maybe {
			line += "  maybe"
		}
		if !slices.Contains(seen, line) {
			seen = append(seen, line)
			fmt.Fprintf(out, "  %s\n", line)
		}
	}
	for _, e := range h.Foreign {
		fmt.Fprintf(out, "  outside  %s\n", e.Path)
	}
	for _, g := range h.Gaps {
		fmt.Fprintf(out, "  not followed  %s\n", gapText(h.Work, g))
	}
}
