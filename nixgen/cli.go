package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Exit codes; over many files the highest counts. The output format never
// changes them.
const (
	exitOK        = 0 // clean, or wrote what was asked
	exitAttention = 1 // the fleet needs attention
	exitUsage     = 2 // wrong command line
	exitFailed    = 3 // could not do the work
)

// world is all that a command may touch besides the files below dir, so that a
// test runs a command as a function. dir is absolute and moved by -C; no
// command reads or changes the working directory of the process.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	dir            string
	getenv         func(string) string
}

// path resolves a path of the command line.
func (w *world) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(w.dir, p)
}

// exitError ends a command with a code. A nil err means that everything has
// been said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// attention ends a command whose findings are already printed.
func attention() error { return &exitError{code: exitAttention} }

// failed marks an error of the machine (a file that cannot be read or
// written), in contrast to one of the command line.
func failed(err error) error { return &exitError{exitFailed, err} }

// usage marks an error of the command line.
func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// commands lists every subcommand, in the order of --help.
var commands = []func(*world) *cobra.Command{
	newGenerateCommand,
	newInitCommand,
	newAdoptCommand,
	newLintCommand,
	newGraphCommand,
	newAffectedCommand,
	newHostCommand,
	newSecretsCommand,
	newExplainCommand,
	newRulesCommand,
	newParseCommand,
	newCatalogCommand,
	newVersionCommand,
	newManCommand,
}

func newRootCommand(w *world) *cobra.Command {
	root := &cobra.Command{
		Use:           "nixgen",
		Short:         "one hosts.toml for every machine you own",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	start := w.dir
	var chdir string
	root.PersistentFlags().StringVarP(&chdir, "directory", "C", "", "run as if started in `DIR`")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if chdir == "" {
			return nil
		}
		w.dir = start
		w.dir = w.path(chdir)
		if info, err := os.Stat(w.dir); err != nil {
			return failed(err)
		} else if !info.IsDir() {
			return failed(fmt.Errorf("`%s` is not a folder", chdir))
		}
		return nil
	}
	root.SetIn(w.stdin)
	root.SetOut(w.stdout)
	root.SetErr(w.stderr)
	for _, c := range commands {
		root.AddCommand(c(w))
	}
	return root
}

// run is the whole program as a function of its arguments and its world. A
// panic is a fault of ours, and says so: Go's own code for it, 2, would blame the
// command line.
func run(args []string, w *world) (code int) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(w.stderr, "nixgen: internal error: %v\nplease report it, with this:\n%s", r, debug.Stack())
			code = exitFailed
		}
	}()
	root := newRootCommand(w)
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return exitOK
	}
	code = exitUsage // what cobra itself returns are errors of the command line
	if e := (*exitError)(nil); errors.As(err, &e) {
		code = e.code
		if e.err == nil {
			return code
		}
	}
	fmt.Fprintf(w.stderr, "nixgen: %v\n", err)
	return code
}
