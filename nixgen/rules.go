package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"nixgen/rules"
)

func newRulesCommand(w *world) *cobra.Command {
	return &cobra.Command{
		Use:   "rules",
		Short: "list the lint rules",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			t := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
			for _, r := range rules.All {
				fmt.Fprintf(t, "%s\t%s\t%s\n", r.ID, standing(r), r.Doc.Summary)
			}
			return t.Flush()
		},
	}
}
