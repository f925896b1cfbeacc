// Package command is the command line of vikunja-sync: Run is a function of
// arguments, streams and environment to an exit code.
//
// Exit codes: 0 in step, 1 something waits for the user (parked items, stopped
// deletions, findings of doctor), 2 wrong command line or settings, 3 could
// not do the work.
//
// The daemon answers a hook or a webhook with a hinted cycle (hints.go) and runs
// a whole one at the start, after a failure, and every interval.
//
// The state is open only while a command needs it, for the daemon that is
// during a cycle, so `status` and `conflicts` work beside it.
//
// Non-goals: policy. It is in package engine, and settings in package config.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/config"
	"vikunja-sync/internal/engine"
	"vikunja-sync/internal/remote"
	"vikunja-sync/internal/store"
	"vikunja-sync/internal/taskwarrior"
)

// Version is set by the build.
var Version = "0.1.0"

const (
	exitOK        = 0
	exitAttention = 1
	exitUsage     = 2
	exitFailed    = 3
)

// World is all that a command may touch.
type World struct {
	In       io.Reader
	Out, Err io.Writer
	Env      func(string) string
	// Self is the path of the running binary, for hooks.
	Self string
}

// app is one run.
type app struct {
	World
	cfgFile string
	json    bool
	code    int
}

type usageError struct{ error }

// Run executes one command line.
func Run(ctx context.Context, w World, args []string) int {
	a := &app{World: w}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(w.In)
	root.SetOut(w.Out)
	root.SetErr(w.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return a.code
	}
	fmt.Fprintf(w.Err, "vikunja-sync: %v\n", err)
	var u usageError
	if _, _, unknown := root.Find(args); unknown != nil || errors.As(err, &u) {
		return exitUsage
	}
	return exitFailed
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "vikunja-sync",
		Short:         "keep Taskwarrior and Vikunja in step, field by field, losing nothing",
		Version:       Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringVar(&a.cfgFile, "config", "", "read the settings from `FILE`")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print JSON")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	for _, newCommand := range []func() *cobra.Command{a.sync, a.run, a.hook, a.setup, a.doctor, a.status, a.conflicts,
		a.resolve, a.exportState, a.settings} {
		c := newCommand()
		if c.Args == nil {
			c.Args = func(_ *cobra.Command, args []string) error {
				if len(args) > 0 {
					return usageError{fmt.Errorf("unexpected argument `%s`", args[0])}
				}
				return nil
			}
		}
		root.AddCommand(c)
	}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() { // cobra's own, in our wording
		switch c.Name() {
		case "help":
			c.Short = "say more about a command"
		case "completion":
			c.Short = "print the script that completes commands in a shell"
		}
	}
	return root
}

// load reads the settings; problems there are the user's to mend.
func (a *app) load() (*config.Config, error) {
	c, err := config.Load(a.cfgFile, a.Env)
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

func (a *app) logger(c *config.Config) *slog.Logger {
	var level slog.Level
	level.UnmarshalText([]byte(c.LogLevel))
	return slog.New(slog.NewTextHandler(a.Err, &slog.HandlerOptions{Level: level,
		ReplaceAttr: func(_ []string, at slog.Attr) slog.Attr {
			if at.Key == slog.TimeKey && a.Env("JOURNAL_STREAM") != "" {
				return slog.Attr{} // the journal has its own
			}
			return at
		}}))
}

func (a *app) tasks(c *config.Config) *taskwarrior.Client {
	return &taskwarrior.Client{Bin: c.Task, Env: c.TaskEnv()}
}

// server connects to Vikunja; the token is read here and goes nowhere else.
func (a *app) server(c *config.Config) (api.Server, error) {
	if c.URL == "" {
		return nil, usageError{errors.New("no server: set `url` or VIKUNJA_URL")}
	}
	token, err := c.Token()
	if err != nil {
		return nil, usageError{err}
	}
	return remote.New(c.URL, token, remote.Options{Timeout: c.RequestTimeout, Agent: "vikunja-sync/" + Version})
}

func (a *app) store(c *config.Config, wait time.Duration) (*store.Store, error) {
	return store.Open(c.State("state.db"), store.Options{Wait: wait})
}

func engineConfig(c *config.Config, log *slog.Logger) engine.Config {
	return engine.Config{Server: c.URL, User: c.User, Winner: c.Winner, OnDelete: c.OnDelete, Repeat: c.Repeat, Skew: c.Skew,
		MaxDeletes: c.MaxDeletes, MaxPercent: c.MaxPercent, Projects: c.Projects, Log: log}
}

// maxRounds bounds the cycles of one sync that follow each other at once.
const maxRounds = 6

// rounds runs cycles until one asks for no other, and adds up what they did.
func rounds(ctx context.Context, e *engine.Engine, dry bool) (*engine.Report, error) {
	var sum engine.Report
	for n := 0; n < maxRounds; n++ {
		rep, err := e.Cycle(ctx, engine.Options{DryRun: dry})
		add(&sum, rep)
		if err != nil || dry || !rep.Again || !rep.RetryAt.IsZero() || ctx.Err() != nil {
			return &sum, err
		}
		if rep.WritesTW+rep.WritesVK == 0 && n > 2 {
			break // waits for something outside
		}
	}
	return &sum, nil
}

// patientRounds also stays for deletions that wait for a second to be over.
func patientRounds(ctx context.Context, e *engine.Engine, dry bool) (*engine.Report, error) {
	sum, err := rounds(ctx, e, dry)
	if err != nil || dry || len(sum.Later) == 0 {
		return sum, err
	}
	select {
	case <-ctx.Done():
		return sum, nil
	case <-time.After(time.Until(sum.LaterAt)):
	}
	rep, err := rounds(ctx, e, false)
	add(sum, rep)
	return sum, err
}

// hintedRounds runs hinted cycles until one asks for no other, or gives up:
// then the whole ones follow, and why says so.
func hintedRounds(ctx context.Context, e *engine.Engine, h engine.Hint) (sum *engine.Report, why string, err error) {
	sum = &engine.Report{}
	for range 3 {
		rep, err := e.Hinted(ctx, h)
		if rep.Whole != "" {
			why = rep.Whole
			break
		}
		add(sum, rep)
		if err != nil || !rep.Again || !rep.RetryAt.IsZero() || ctx.Err() != nil {
			return sum, "", err
		}
		why = "a hinted cycle found no rest"
	}
	done := *sum
	sum, err = rounds(ctx, e, false)
	sum.WritesTW += done.WritesTW
	sum.WritesVK += done.WritesVK
	sum.Conflicts += done.Conflicts
	sum.Projects += done.Projects
	sum.Actions = append(done.Actions, sum.Actions...)
	return sum, why, err
}

// add sums what was done; what is the case is as the last cycle saw it.
func add(sum, rep *engine.Report) {
	sum.WritesTW += rep.WritesTW
	sum.WritesVK += rep.WritesVK
	sum.Conflicts += rep.Conflicts
	sum.Projects += rep.Projects
	sum.Actions = append(sum.Actions, rep.Actions...)
	sum.TW, sum.VK, sum.Pairs, sum.Problems, sum.Guard = rep.TW, rep.VK, rep.Pairs, rep.Problems, rep.Guard
	sum.Again, sum.RetryAt, sum.Later, sum.LaterAt = rep.Again, rep.RetryAt, rep.Later, rep.LaterAt
}

func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// System is the world of the real process.
func System() World {
	self, err := os.Executable()
	if err != nil {
		self = "vikunja-sync"
	}
	return World{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Getenv, Self: self}
}
