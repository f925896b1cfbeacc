// Command vikunja-sync keeps Taskwarrior and Vikunja in step, field by field,
// losing nothing.
package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"vikunja-sync/internal/command"
	"vikunja-sync/internal/hook"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "hook" && slices.Contains(hook.Events, os.Args[2]) {
		hook.Run(os.Args[2], os.Args[3:], os.Stdin, os.Stdout)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command.Run(ctx, command.System(), os.Args[1:])
	stop()
	os.Exit(code)
}
