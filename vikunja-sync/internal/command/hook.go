package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vikunja-sync/internal/hook"
)

// hook is here for the help text; main runs hooks before any of this is
// looked at.
func (a *app) hook() *cobra.Command {
	return &cobra.Command{
		Use:                "hook EVENT",
		Short:              "run as a hook of Taskwarrior",
		Long:               "Run as a hook of Taskwarrior: " + strings.Join(hook.Events, ", ") + ".\nIt notes the change in a spool and always succeeds.",
		DisableFlagParsing: true,
		Args:               cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || !slices.Contains(hook.Events, args[0]) {
				return usageError{fmt.Errorf("hook wants one of `%s`", strings.Join(hook.Events, "`, `"))}
			}
			hook.Run(args[0], args[1:], a.In, a.Out)
			return nil
		},
	}
}
