package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nixgen/diag"
)

// noCommand finds a word that should be a subcommand and is none. Cobra knows
// that only of the program itself: for `nixgen host renmae` it would print the
// help of `host`, and call that success.
func noCommand(root *cobra.Command, args []string) error {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil
	}
	c, rest, _ := root.Find(args)
	if !c.HasSubCommands() {
		return nil
	}
	_ = c.ParseFlags(rest) // what is wrong with flags, Execute says
	words := c.Flags().Args()
	if len(words) == 0 {
		return nil
	}
	var known []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			known = append(known, sub.Name())
		}
	}
	hint := didYouMean(words[0], known)
	if hint == "" {
		hint = fmt.Sprintf("; `%s --help` lists them", c.CommandPath())
	}
	return usage("no command `%s %s`%s", c.CommandPath(), words[0], hint)
}

// sayUsage lets a wrong number of arguments be answered with the usage line, in
// a command and all below it. The line names flags where there are any.
func sayUsage(c *cobra.Command) {
	c.DisableFlagsInUseLine = !c.Flags().HasFlags()
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if check(c, args) == nil {
				return nil
			}
			return usage("%s given; the command is `%s`", plural(len(args), "argument"), c.UseLine())
		}
	}
	for _, sub := range c.Commands() {
		sayUsage(sub)
	}
}

// flagError words what pflag found wrong.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	switch {
	case errors.As(err, &empty):
		what, _ := pflag.UnquoteUsage(empty.GetFlag())
		return usage("`--%s` needs a value: %s", empty.GetFlag().Name, what)
	case !errors.As(err, &unknown):
		return usage("%v", err)
	case unknown.GetSpecifiedShortnames() != "":
		return usage("`%s` has no flag `-%s`", c.CommandPath(), unknown.GetSpecifiedName())
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	name := "--" + unknown.GetSpecifiedName()
	return usage("`%s` has no flag `%s`%s", c.CommandPath(), name, didYouMean(name, known))
}

// exclusive refuses flags that were set together and exclude each other, in
// better words than cobra's, which come later.
func exclusive(c *cobra.Command) error {
	if c.ValidateFlagGroups() == nil {
		return nil
	}
	var set []string
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Annotations["cobra_annotation_mutually_exclusive"] != nil {
			set = append(set, "`--"+f.Name+"`")
		}
	})
	return usage("%s exclude each other", and(set))
}

// newHelpCommand is cobra's own but for an unknown topic, which is an error.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "say more about a command",
		RunE: func(c *cobra.Command, args []string) error {
			if err := noCommand(c.Root(), args); err != nil {
				return err
			}
			about, _, err := c.Root().Find(args)
			if err != nil {
				return usage("%v", err)
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// nameCompletions puts cobra's command for shell completion into our words.
func nameCompletions(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.GroupID = groupMore
		c.Use, c.Short, c.Long = "completion SHELL", "print the script that completes nixgen's commands in a shell", ""
		for _, shell := range c.Commands() {
			shell.Short = "print the script for " + shell.Name()
		}
	}
}

// noHost says that a fleet has no host of a name, and which one was meant.
func noHost(name string, known []string) error {
	hint := didYouMean(name, known)
	if hint == "" && len(known) > 0 {
		hint = "; it has " + some(known)
	}
	return usage("no host `%s` in %s%s", name, hostsFile, hint)
}

func didYouMean(name string, candidates []string) string {
	if s := diag.Suggest(name, candidates); s != "" {
		return fmt.Sprintf("; did you mean `%s`?", s)
	}
	return ""
}

// some names the first few of many things.
func some(names []string) string {
	const most = 6
	quoted := make([]string, 0, most)
	for _, n := range names[:min(most, len(names))] {
		quoted = append(quoted, "`"+n+"`")
	}
	if rest := len(names) - most; rest > 0 {
		quoted = append(quoted, fmt.Sprintf("%d more", rest))
	}
	return and(quoted)
}

// and joins words as a sentence does.
func and(words []string) string {
	if n := len(words); n > 1 {
		words = append(slices.Clone(words[:n-2]), words[n-2]+" and "+words[n-1])
	}
	return strings.Join(words, ", ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
