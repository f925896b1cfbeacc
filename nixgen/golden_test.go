package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// life are the commands about the life of a host, by the files that say what
// they print.
var life = map[string][]string{
	"host":    {"host*.go"},
	"graph":   {"graph.go"},
	"adopt":   {"adopt.go"},
	"secrets": {"secrets*.go"},
}

// scripts are all transcripts, with what a script must escape as it is printed.
func scripts(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "testdata", "script", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	var b strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return strings.NewReplacer("''", "'", `\`, "", "$WORK/", "").Replace(b.String())
}

// TestEveryFlagIsInATranscript: each flag of these commands is used in one.
func TestEveryFlagIsInATranscript(t *testing.T) {
	text := scripts(t)
	seen := 0
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			visit(sub)
		}
		c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" || !c.Runnable() {
				return
			}
			seen++
			use := `(?m)nixgen[^\n]* ?` + strings.ReplaceAll(regexp.QuoteMeta(strings.TrimPrefix(c.CommandPath(), "nixgen ")), " ", ` `) + `\b[^\n]* (--` + f.Name + `\b`
			if f.Shorthand != "" {
				use += `|-` + f.Shorthand + `\b`
			}
			if !regexp.MustCompile(use + `)`).MatchString(text) {
				t.Errorf("no transcript has `%s --%s`", c.CommandPath(), f.Name)
			}
		})
	}
	for _, c := range commandTree().Commands() {
		if life[c.Name()] != nil {
			visit(c)
		}
	}
	if seen < 20 {
		t.Errorf("%d flags: the test sees too few", seen)
	}
}

// unreachable are errors that need a broken machine: a full disk, no source of
// random numbers, another process at the same moment.
var unreachable = map[string]string{
	"no pattern of `layout.hosts` names one folder for a new host": "fleet refuses such a pattern",
	"the host is renamed, but not its key: ":                       "somebody made that folder in between",
	"the copy `%s` is not what `%s` is":                            "somebody wrote it in between",
	"` would not parse any more with `":                            "a name is a name in every place that is edited",
}

// verb cuts a format at what is filled in, and at quotes.
var verb = regexp.MustCompile("%[+#]?[a-z]")

// TestEveryErrorIsInATranscript: each message of these commands, or enough of it
// to know it by, is in one.
func TestEveryErrorIsInATranscript(t *testing.T) {
	text := scripts(t)
	seen, excused := 0, map[string]bool{}
	for _, globs := range life {
		for _, glob := range globs {
			files, err := filepath.Glob(glob)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range files {
				if strings.HasSuffix(name, "_test.go") {
					continue
				}
				for _, format := range errorsOf(t, name) {
					seen++
					why, ok := excuse(format)
					switch {
					case known(text, format) && !ok:
					case ok && !known(text, format):
						excused[why] = true
					default:
						t.Errorf("%s: no transcript has %q, or one has it that is said to be unreachable", name, format)
					}
				}
			}
		}
	}
	if len(excused) != len(unreachable) {
		t.Errorf("of %d excuses %d are needed", len(unreachable), len(excused))
	}
	if seen < 40 {
		t.Errorf("%d errors: the test sees too few", seen)
	}
}

// excuse says why no transcript needs to have an error.
func excuse(format string) (string, bool) {
	for part, why := range unreachable {
		if strings.Contains(format, part) {
			return why, true
		}
	}
	return "", false
}

func known(text, format string) bool {
	longest := ""
	for _, piece := range verb.Split(format, -1) {
		if piece = strings.Trim(piece, " `:;,"); len(piece) > len(longest) {
			longest = piece
		}
	}
	return longest == "" || strings.Contains(text, longest)
}

// errorsOf are the formats of errors that a file makes; those that only wrap
// another error are left out.
func errorsOf(t *testing.T, name string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		maker := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			maker = f.Name
		case *ast.SelectorExpr:
			maker = f.Sel.Name
		}
		if maker != "usage" && maker != "Errorf" && maker != "New" {
			return true
		}
		if lit, ok := call.Args[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				out = append(out, s)
			}
		}
		return true
	})
	return out
}
