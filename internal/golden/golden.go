// Package golden holds files of the repository to what a test makes, and
// rewrites them when the test runs with -update: one flag, in every package
// whose tests import this one. No package of the binary may import it.
//
// Laws. A file that is right is not written. A file that is rewritten is named
// in the log. Without -update nothing is written at all.
package golden

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite golden files")

// Updating reports whether the tests run with -update.
func Updating() bool { return *update }

// File holds a file to a text.
func File(t testing.TB, name string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(name)
	switch {
	case err == nil && bytes.Equal(want, got):
	case *update:
		write(t, name, got)
	default:
		t.Errorf("%s is stale, -update rewrites it (-want +got):\n%s", name, cmp.Diff(string(want), string(got)))
	}
}

// Pairs holds a txtar archive to what f makes of it: behind each section
// NAME+ext stands the section NAME.want. It gives the number of pairs.
func Pairs(t testing.TB, file, ext string, f func(name string, src []byte) string) int {
	t.Helper()
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, x := range ar.Files {
		want[x.Name] = string(x.Data)
	}
	out := &txtar.Archive{Comment: ar.Comment}
	for _, x := range ar.Files {
		name, ok := strings.CutSuffix(x.Name, ext)
		if !ok {
			continue
		}
		got := f(name, x.Data)
		out.Files = append(out.Files, x, txtar.File{Name: name + ".want", Data: []byte(got)})
		if got != want[name+".want"] && !*update {
			t.Errorf("%s: %s (-want +got):\n%s", file, name, cmp.Diff(want[name+".want"], got))
		}
	}
	Archive(t, file, ar, out)
	return len(out.Files) / 2
}

// Archive writes an archive that a test has compared itself, with -update and
// where it differs from the one that was read.
func Archive(t testing.TB, file string, old, now *txtar.Archive) {
	t.Helper()
	if text := txtar.Format(now); *update && !bytes.Equal(text, txtar.Format(old)) {
		write(t, file, text)
	}
}

func write(t testing.TB, name string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("updated %s", name)
}
