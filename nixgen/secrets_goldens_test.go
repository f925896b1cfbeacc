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

	"github.com/spf13/pflag"
)

// secretGoldens are all transcripts and goldens that show what the commands of
// secrets say.
func secretGoldens(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, pattern := range []string{"../testdata/script/*.txtar", "../secrets/testdata/check/*.txtar", "../secrets/testdata/*.txtar", "../fleet/testdata/bad/secrets.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(text)
		}
	}
	return b.String()
}

// TestSecretFlagsInGoldens lists the flags of `nixgen secrets` that no transcript
// uses.
func TestSecretFlagsInGoldens(t *testing.T) {
	goldens := secretGoldens(t)
	flags := 0
	for _, c := range commandTree().Commands() {
		if c.Name() != "secrets" {
			continue
		}
		for _, sub := range c.Commands() {
			if !regexp.MustCompile(`nixgen (-C \S+ )?secrets ` + sub.Name() + `\b`).MatchString(goldens) {
				t.Errorf("no transcript runs `nixgen secrets %s`", sub.Name())
			}
			sub.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
				if f.Name == "help" {
					return
				}
				flags++
				if !regexp.MustCompile(`secrets ` + sub.Name() + `\b.* --` + f.Name + `\b`).MatchString(goldens) {
					t.Errorf("no transcript uses --%s of `nixgen secrets %s`", f.Name, sub.Name())
				}
			})
		}
	}
	if flags < 5 {
		t.Errorf("only %d flags", flags)
	}
}

// speakers are the functions whose constant text a user of the commands of
// secrets may read, and which argument it is.
var speakers = map[string]int{
	"Errorf": 0, "New": 0, "usage": 0, // errors
	"report": 4, "fact": 4, "add": 2, // findings
	"errorOnce": -1, "fail": 1, "failKey": 1, "errorf": 1, // hosts.toml
}

var wordsRE = regexp.MustCompile(`%[-+.0-9]*[a-zA-Z]`)

// unseen are messages that no golden can show.
var unseen = map[string]string{
	"the copy `":             "a disk that does not give back what it was given",
	"` is larger than 16 MB": "a golden of 16 MB",
	// fleet refuses such keys before; secrets' own tests hold these
	"neither an age recipient nor an ": "", "key is not base64": "", "key is not one": "",
	"more than one value": "it is said as `this is not JSON`",
}

// TestSecretErrorsInGoldens lists the messages in the source that no golden
// holds: every constant part of each must occur.
func TestSecretErrorsInGoldens(t *testing.T) {
	goldens := strings.NewReplacer(`\`, "", "''", "'").Replace(secretGoldens(t))
	seen := 0
	for _, pattern := range []string{"secrets*.go", "../secrets/*.go", "../fleet/sops*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, m := range messages(t, file) {
				seen++
				if part := missingPart(m.text, goldens); part != "" {
					t.Errorf("%s: no golden shows %q", m.at, part)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d messages", seen)
	}
}

type message struct{ at, text string }

// missingPart is a constant part of a message that the goldens do not have.
func missingPart(text, goldens string) string {
	for _, part := range wordsRE.Split(text, -1) {
		part = strings.TrimSpace(strings.NewReplacer(`\`, "", "''", "'").Replace(part))
		if len(part) < 8 || strings.Contains(goldens, part) {
			continue
		}
		known := false
		for u := range unseen {
			known = known || strings.Contains(text, u)
		}
		if !known {
			return part
		}
	}
	return ""
}

// messages are the constant texts that a file hands to a speaker.
func messages(t *testing.T, file string) []message {
	t.Helper()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []message
	ast.Inspect(tree, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		arg, speaks := speakers[name]
		if !speaks {
			return true
		}
		if arg < 0 {
			arg += len(call.Args)
		}
		if arg >= len(call.Args) {
			return true
		}
		ast.Inspect(call.Args[arg], func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, message{set.Position(lit.Pos()).String(), text})
			}
			return true
		})
		return true
	})
	return out
}
