package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nixgen/internal/outtree"
)

func newManCommand(w *world) *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "write the man pages of every command into a folder",
		Hidden: true, // for packagers
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := w.path(args[0])
			if err := os.MkdirAll(dir, 0o777); err != nil {
				return failed(err)
			}
			return writeManPages(c.Root(), dir)
		},
	}
}

func writeManPages(c *cobra.Command, dir string) error {
	if c.Hidden || c.Name() == "help" {
		return nil
	}
	name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
	if err := outtree.WriteFile(filepath.Join(dir, name), manPage(c)); err != nil {
		return failed(err)
	}
	for _, sub := range c.Commands() {
		if err := writeManPages(sub, dir); err != nil {
			return err
		}
	}
	return nil
}

// manPage is a command's help as a page of section 1. It is written here, since
// cobra's own renderer goes through Markdown and links two further modules.
func manPage(c *cobra.Command) []byte {
	c.InitDefaultHelpFlag()
	title := strings.ReplaceAll(c.CommandPath(), " ", "-")
	var b bytes.Buffer
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"nixgen %s\" \"nixgen\"\n", strings.ToUpper(roff(title)), version)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(title), roff(c.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(c.UseLine()))
	if about := strings.TrimSpace(strings.TrimSuffix(c.Long, exitCodes)); about != "" {
		fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", strings.ReplaceAll(roff(about), "\n\n", "\n.PP\n"))
	}
	manFlags(&b, "OPTIONS", c.NonInheritedFlags())
	manFlags(&b, "OPTIONS OF EVERY COMMAND", c.InheritedFlags())
	if c.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(c.Example))
	}
	manCommands(&b, c)
	fmt.Fprintf(&b, ".SH EXIT STATUS\n%s\n", roff(strings.TrimPrefix(exitCodes, "Exit codes: ")))
	return b.Bytes()
}

func manFlags(b *bytes.Buffer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, text := pflag.UnquoteUsage(f)
		b.WriteString(".TP\n")
		if f.Shorthand != "" {
			fmt.Fprintf(b, "\\fB\\-%s\\fR, ", f.Shorthand)
		}
		fmt.Fprintf(b, "\\fB\\-\\-%s\\fR", roff(f.Name))
		if value != "" {
			fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
		}
		fmt.Fprintf(b, "\n%s\n", roff(text))
	})
}

// manCommands lists what a reader may look up next.
func manCommands(b *bytes.Buffer, c *cobra.Command) {
	var subs []*cobra.Command
	for _, s := range c.Commands() {
		if s.IsAvailableCommand() && s.Name() != "help" {
			subs = append(subs, s)
		}
	}
	if len(subs) > 0 {
		b.WriteString(".SH COMMANDS\n")
	}
	for _, s := range subs {
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR(1)\n%s\n", roff(strings.ReplaceAll(s.CommandPath(), " ", "-")), roff(s.Short))
	}
	if c.HasParent() {
		fmt.Fprintf(b, ".SH SEE ALSO\n\\fB%s\\fR(1)\n", roff(strings.ReplaceAll(c.Parent().CommandPath(), " ", "-")))
	}
}

// roff escapes text: backslashes and hyphens everywhere, and a dot or quote
// where it would begin a request.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
