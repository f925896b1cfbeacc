package generate

import (
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nixgen/internal/realnix"
	"nixgen/templates"
)

var siblingImport = regexp.MustCompile(`[^.]\./([a-z-]+\.(?:nix|sh))\b`)

// TestTemplateImports compares the table of templates that others import with
// what the templates say.
func TestTemplateImports(t *testing.T) {
	direct := map[string][]string{}
	err := fs.WalkDir(templates.FS, "core", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		for _, m := range siblingImport.FindAllSubmatch(templates.Read(name), -1) {
			direct[name] = append(direct[name], string(m[1]))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for name := range direct {
		all := map[string]bool{}
		var visit func(name string)
		visit = func(name string) {
			for _, x := range direct[name] {
				if !all[x] {
					all[x] = true
					visit(path.Join("core", x))
				}
			}
		}
		visit(name)
		want[name] = slices.Sorted(maps.Keys(all))
	}
	if d := cmp.Diff(want, templateImports); d != "" {
		t.Errorf("templateImports: -from the templates +table\n%s", d)
	}
}

// TestShellIsClean runs shellcheck over the shell of the core templates.
func TestShellIsClean(t *testing.T) {
	nix := realnix.Require(t)
	file := filepath.Join(t.TempDir(), "rosetta.nix")
	writeFile(t, file, templates.Read("core/rosetta.nix"))
	var script string
	if err := nix.EvalInto(&script, "(import "+file+").system.activationScripts.extraActivation.text"); err != nil {
		t.Fatal(err)
	}
	if script == "" {
		t.Fatal("no script to check")
	}
	realnix.Shellcheck(t, map[string]string{"rosetta": script}, "")
}
