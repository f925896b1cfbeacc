package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"nixgen/lint"
	"nixgen/rules"
)

func newExplainCommand(w *world) *cobra.Command {
	return &cobra.Command{
		Use:   "explain RULE",
		Short: "say what a lint rule is about, with examples",
		Args:  cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return ruleIDs(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error { return w.explain(args[0]) },
	}
}

func ruleIDs() []string {
	var ids []string
	for _, r := range rules.All {
		ids = append(ids, r.ID)
	}
	return ids
}

func (w *world) explain(id string) error {
	for _, r := range rules.All {
		if r.ID == id {
			explainRule(w.stdout, r)
			return nil
		}
	}
	hint := didYouMean(id, ruleIDs())
	if hint == "" {
		hint = "; `nixgen rules` lists them"
	}
	return usage("no rule is called `%s`%s", id, hint)
}

func explainRule(out io.Writer, r *lint.Rule) {
	fmt.Fprintf(out, "%s: %s (%s)\n\n%s\n", r.ID, r.Doc.Summary, standing(r), r.Doc.Why)
	fmt.Fprintf(out, "\nBad:\n\n%s\nGood:\n\n%s", indent(r.Doc.Bad), indent(r.Doc.Good))
}

// standing is how much a finding weighs and whether it is looked for.
func standing(r *lint.Rule) string {
	s := r.Severity.String()
	switch {
	case r.Style:
		s += ", off unless switched on"
	case r.Always:
		s += ", always on"
	}
	return s
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	return b.String()
}
