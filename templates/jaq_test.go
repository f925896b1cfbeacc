package templates

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/itchyny/gojq"

	"nixgen/internal/realnix"
)

// jaq finds the JSON tool of the programs. Where it is not installed, this test
// plays it, started under its name.
func jaq(t testing.TB) string {
	t.Helper()
	if path, err := realnix.Jaq(); err == nil {
		return path
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "jaq")
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "jaq" {
		os.Exit(m.Run())
	}
	if err := playJaq(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "jaq:", err)
		os.Exit(5)
	}
}

// playJaq knows what the update programs ask of jaq: -r and -c, variables, a
// filter, and a file.
func playJaq(args []string) error {
	var (
		raw, compact bool
		names        []string
		values       []any
		rest         []string
	)
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch arg {
		case "-r":
			raw = true
		case "-c":
			compact = true
		case "--arg", "--argjson":
			var v any = args[1]
			if arg == "--argjson" {
				if err := json.Unmarshal([]byte(args[1]), &v); err != nil {
					return err
				}
			}
			names, values, args = append(names, "$"+args[0]), append(values, v), args[2:]
		default:
			rest = append(rest, arg)
		}
	}
	query, err := gojq.Parse(rest[0])
	if err != nil {
		return err
	}
	code, err := gojq.Compile(query, gojq.WithVariables(names))
	if err != nil {
		return err
	}
	in := io.Reader(os.Stdin)
	if len(rest) > 1 {
		f, err := os.Open(rest[1])
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	for d := json.NewDecoder(in); ; {
		var v any
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := printAll(code.Run(v, values...), raw, compact); err != nil {
			return err
		}
	}
}

func printAll(found gojq.Iter, raw, compact bool) error {
	for {
		v, ok := found.Next()
		if !ok {
			return nil
		}
		if err, bad := v.(error); bad {
			return err
		}
		if text, isText := v.(string); isText && raw {
			fmt.Println(text)
			continue
		}
		text, err := gojq.Marshal(v)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if compact {
			out.Write(text)
		} else if err := json.Indent(&out, text, "", "  "); err != nil {
			return err
		}
		fmt.Println(out.String())
	}
}
