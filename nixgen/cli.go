package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// exitCodes is what the help of the program says of them.
const exitCodes = `Exit codes: 0 clean, or wrote what was asked; 1 the fleet needs attention;
2 wrong command line; 3 could not do the work.`

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

// stat looks at a file or folder of the command line.
func (w *world) stat(p string) (os.FileInfo, error) {
	info, err := os.Stat(w.path(p))
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("no file or folder `%s`", p)
	}
	if err != nil {
		return nil, failed(err)
	}
	return info, nil
}

// folder resolves a folder of the command line that must exist.
func (w *world) folder(p string) (string, error) {
	info, err := w.stat(p)
	if err == nil && !info.IsDir() {
		err = failed(fmt.Errorf("`%s` is not a folder", p))
	}
	return w.path(p), err
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

// groups are the headings of --help, and the subcommands below each.
var groups = []struct {
	title    string
	commands []func(*world) *cobra.Command
}{
	{"Begin:", []func(*world) *cobra.Command{newInitCommand, newAdoptCommand}},
	{"Every day:", []func(*world) *cobra.Command{newGenerateCommand, newLintCommand, newGraphCommand, newAffectedCommand}},
	{"Machines and their secrets:", []func(*world) *cobra.Command{newHostCommand, newSecretsCommand}},
	{"Look up:", []func(*world) *cobra.Command{newRulesCommand, newExplainCommand, newCatalogCommand, newParseCommand}},
	{groupMore, []func(*world) *cobra.Command{newVersionCommand, newManCommand}},
}

const groupMore = "More:"

func newRootCommand(w *world) *cobra.Command {
	root := &cobra.Command{
		Use:   "nixgen",
		Short: "one hosts.toml for every machine you own",
		Long: `Nixgen turns one hosts.toml into typed Nix for every machine you own, NixOS and
Macs, and says what is wrong with the Nix written by hand around it, without
evaluating anything.

Begin with "nixgen init" in an empty folder, or with "nixgen adopt" in a flake
that exists. After each change run "nixgen generate" and "nixgen lint".

` + exitCodes,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(w.stdin)
	root.SetOut(w.stdout)
	root.SetErr(w.stderr)
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, newCommand := range g.commands {
			c := newCommand(w)
			c.GroupID = g.title
			root.AddCommand(c)
		}
	}
	root.SetHelpCommand(newHelpCommand())
	root.SetHelpCommandGroupID(groupMore)
	root.InitDefaultHelpCmd()
	nameCompletions(root)
	sayUsage(root)
	root.SetFlagErrorFunc(flagError)
	var dir string
	root.PersistentFlags().StringVarP(&dir, "directory", "C", "", "run as if started in `DIR`")
	start := w.dir
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		w.dir = start
		if dir != "" {
			to, err := w.folder(dir)
			if err != nil {
				return err
			}
			w.dir = to
		}
		return exclusive(c)
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
	err := noCommand(root, args)
	if err == nil {
		err = root.Execute()
	}
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
