package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nixgen/internal/golden"
)

func commandTree() *cobra.Command {
	return newRootCommand(&world{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, dir: ".", getenv: func(string) string { return "" }})
}

// TestCommandsDoc holds docs/commands.md to the command line.
func TestCommandsDoc(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("# Commands\n\nWritten by `go test ./nixgen -update` from the commands themselves.\n")
	documentCommand(&b, commandTree())
	golden.File(t, filepath.Join("..", "docs", "commands.md"), b.Bytes())
}

func documentCommand(b *bytes.Buffer, c *cobra.Command) {
	if c.Hidden || c.Name() == "help" || c.Parent() != nil && c.Parent().Name() == "completion" {
		return
	}
	fmt.Fprintf(b, "\n## `%s`\n\n%s\n", c.UseLine(), strings.ToUpper(c.Short[:1])+c.Short[1:]+".")
	if c.Long != "" {
		fmt.Fprintf(b, "\n%s\n", strings.TrimSpace(c.Long))
	}
	var flags []string
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, text := pflag.UnquoteUsage(f)
		name := strings.TrimSpace("--" + f.Name + " " + value)
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		flags = append(flags, fmt.Sprintf("| `%s` | %s |\n", name, strings.ReplaceAll(text, "|", `\|`)))
	})
	if len(flags) > 0 {
		fmt.Fprintf(b, "\n| flag | |\n|---|---|\n%s", strings.Join(flags, ""))
	}
	for _, sub := range c.Commands() {
		documentCommand(b, sub)
	}
}

// TestDocsNameRealCommands reads every `nixgen …` in documents and hook files:
// the command must exist, and take the flags that are named.
func TestDocsNameRealCommands(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../*.md", "../docs/*.md", "../.pre-commit-hooks.yaml", "../.ci/run", "../flake.nix", "../package.nix"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	call := regexp.MustCompile("(?:go run \\./nixgen|(?:`|\\$ |entry: |&& |/bin/)nixgen) ((?:-C \\S+ )?[a-z][^`\"\n]*)")
	n := 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			for _, m := range call.FindAllStringSubmatch(line, -1) {
				n++
				if err := checkCall(strings.Fields(strings.TrimSpace(m[1]))); err != nil {
					t.Errorf("%s:%d: %v: %s", f, i+1, err, m[0])
				}
			}
		}
	}
	if n < 10 {
		t.Errorf("%d calls found: the test sees nothing", n)
	}
}

func checkCall(words []string) error {
	c, rest, err := commandTree().Find(words)
	if err != nil || !c.HasParent() {
		return fmt.Errorf("no such command: %v", err)
	}
	for _, w := range rest {
		if w == "&&" || w == "|" || w == "man/*" {
			break
		}
		name, isFlag := strings.CutPrefix(strings.Trim(w, "[]…,.;)"), "--")
		name, _, _ = strings.Cut(name, "=")
		name, _, _ = strings.Cut(name, "|")
		if isFlag && c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil {
			return fmt.Errorf("`%s` has no flag `--%s`", c.CommandPath(), name)
		}
	}
	return nil
}

// Every command says what it does, in a line without a final period, and takes
// its arguments as its usage line says.
func TestHelpOfEveryCommand(t *testing.T) {
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		switch s := c.Short; {
		case s == "" || strings.HasSuffix(s, "."):
			t.Errorf("%s: short help %q", c.CommandPath(), s)
		case s[0] >= 'A' && s[0] <= 'Z':
			t.Errorf("%s: short help %q begins with a capital", c.CommandPath(), s)
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(commandTree())
}

// The same command twice in one process: nothing is kept between runs.
func TestRunIsAFunction(t *testing.T) {
	dir := t.TempDir()
	bigFleet(t, dir, 4)
	call := func(args ...string) (int, string) {
		var b bytes.Buffer
		code := run(args, &world{stdin: strings.NewReader(""), stdout: &b, stderr: &b, dir: dir, getenv: func(string) string { return "" }})
		return code, b.String()
	}
	if code, out := call("generate"); code != exitOK {
		t.Fatalf("%d: %s", code, out)
	}
	for range 2 {
		if code, out := call("generate", "--check"); code != exitOK || out != "4 hosts: up to date\n" {
			t.Errorf("%d: %s", code, out)
		}
	}
	if code, _ := call("generate", "--nonsense"); code != exitUsage {
		t.Errorf("exit %d", code)
	}
	if code, _ := call("-C", "modules", "generate", "--check"); code != exitOK {
		t.Errorf("exit %d", code)
	}
	if code, _ := call("generate", "--check"); code != exitOK {
		t.Errorf("exit %d: -C of another run is still in force", code)
	}
}

// A panic in a command ends with 3 and asks for a report.
func TestPanicIsOurFault(t *testing.T) {
	last := &groups[len(groups)-1].commands
	old := *last
	defer func() { *last = old }()
	*last = []func(*world) *cobra.Command{func(*world) *cobra.Command {
		return &cobra.Command{Use: "boom", RunE: func(*cobra.Command, []string) error { panic("boom") }}
	}}
	var stderr bytes.Buffer
	code := run([]string{"boom"}, &world{stdout: io.Discard, stderr: &stderr, dir: "."})
	if code != exitFailed || !strings.HasPrefix(stderr.String(), "nixgen: internal error: boom\n") {
		t.Errorf("exit %d: %s", code, &stderr)
	}
}
