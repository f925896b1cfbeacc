package realnix

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// complainer keeps what would fail a test.
type complainer struct {
	testing.TB
	said string
}

func (c *complainer) Errorf(format string, args ...any) { c.said += fmt.Sprintf(format, args...) }

// With tools that complain about the file they are told to, every file must
// reach every tool.
func TestTidy(t *testing.T) {
	bin := t.TempDir()
	for _, tool := range tidiers {
		script := "#!/bin/sh\nfor f in \"$@\"; do case $f in *bad*) echo \"no: $*\"; exit 1;; esac; done\n"
		WriteProgram(t, filepath.Join(bin, tool.name), script)
	}
	t.Setenv("PATH", bin)
	files := []string{"bad.nix"}
	for i := range 300 {
		files = append(files, fmt.Sprint(i, ".nix"))
	}
	for _, list := range [][]string{files, append(files[1:], "bad.nix")} {
		c := &complainer{TB: t}
		if n := Tidy(c, list...); n != 3 || strings.Count(c.said, "exit status 1\nno: ") != 3 {
			t.Errorf("%d tools asked, who say: %s", n, c.said)
		}
	}
	c := &complainer{TB: t}
	if Tidy(c, files[1:]...); c.said != "" {
		t.Errorf("complaints about nothing: %s", c.said)
	}
}

// The kit is Nix like any other.
func TestKitParses(t *testing.T) {
	n := Require(t)
	var files []string
	err := filepath.WalkDir("kit", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".nix" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Parse(files...); err != nil {
		t.Error(err)
	}
	Tidy(t, files...)
}
