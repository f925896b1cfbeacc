package generate

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"nixgen/fleet"
	"nixgen/internal/realnix"
)

// ownFleet is this repository's fleet, as an archive.
func ownFleet(t *testing.T) *txtar.Archive {
	t.Helper()
	a := &txtar.Archive{}
	read := func(name string) {
		data, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		a.Files = append(a.Files, txtar.File{Name: name, Data: data})
	}
	read("hosts.toml")
	err := fs.WalkDir(os.DirFS(".."), "nix", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == "nix/generated":
			return fs.SkipDir
		case !e.IsDir():
			read(name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestOwnFleet evaluates every host of this repository, on every platform, to
// its complete system.
func TestOwnFleet(t *testing.T) {
	k := realnix.Upstream(t)
	s := load(t, ownFleet(t))
	root := s.write(t)
	f, err := k.Fleet(root, filepath.Join(root, s.fleet.Layout.Generated), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range s.fleet.Hosts {
		if h.Platform != fleet.Home {
			noComplaints(t, f, "fleet."+h.Platform+"Configurations."+h.Name)
		}
	}
	var checks map[string]map[string]string
	if err := f.Eval(&checks, "builtins.mapAttrs (_: builtins.mapAttrs (_: c: c.drvPath)) fleet.checks"); err != nil {
		t.Fatal(err)
	}
	for _, system := range s.fleet.CheckSystems {
		for _, h := range s.fleet.Hosts {
			if !strings.HasSuffix(checks[system]["eval-"+h.Name], ".drv") {
				t.Errorf("no checks.%s.eval-%s", system, h.Name)
			}
		}
	}
}
