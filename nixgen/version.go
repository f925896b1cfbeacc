package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version of this build as `[fleet] nixgen = ">=…"` compares it; a release sets
// it through -ldflags.
var version = "0.1.0"

func newVersionCommand(w *world) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version and what this binary was built from",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintln(w.stdout, "nixgen", version)
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return nil
			}
			fmt.Fprintln(w.stdout, "built with", info.GoVersion)
			for _, s := range info.Settings {
				switch s.Key {
				case "vcs.revision", "vcs.time", "vcs.modified", "GOOS", "GOARCH":
					fmt.Fprintf(w.stdout, "%s %s\n", s.Key, s.Value)
				}
			}
			return nil
		},
	}
}
