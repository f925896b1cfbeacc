package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/internal/golden"
	"nixgen/layout"
	"nixgen/templates"
)

// profiles are the disk profiles that nixgen ships.
func profiles(t testing.TB) map[string]*fleet.Profile {
	out := map[string]*fleet.Profile{}
	files, err := fs.Glob(templates.FS, "disks/*/profile.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no disk profiles: %v", err)
	}
	for _, f := range files {
		name := strings.Split(f, "/")[1]
		p, ds := fleet.ParseProfile(f, name, templates.Read(f))
		if len(ds) > 0 {
			t.Fatalf("%s: %v", f, ds)
		}
		out[name] = p
	}
	return out
}

// sample is a fleet of testdata/fleets, loaded.
type sample struct {
	archive *txtar.Archive
	fleet   *fleet.Fleet
	inv     *layout.Inventory
	opt     Options
}

// load reads an archive of hosts.toml and modules as the command reads a tree.
func load(t testing.TB, a *txtar.Archive, inputs ...string) *sample {
	t.Helper()
	s := &sample{archive: a}
	var src []byte
	var paths []string
	for _, f := range a.Files {
		if f.Name == "hosts.toml" {
			src = f.Data
		}
		paths = append(paths, f.Name)
	}
	doc, ds := fleet.Parse("hosts.toml", src)
	first, _ := doc.Load(fleet.Env{})
	s.inv = layout.Classify(&first.Layout, paths)
	s.opt.Env = fleet.Env{Profiles: profiles(t), Inputs: inputs}
	s.inv.Env(&s.opt.Env)
	var more []diag.Diagnostic
	s.fleet, more = doc.Load(s.opt.Env)
	lines := diag.NewLines(src)
	for _, d := range append(ds, more...) {
		if d.Severity == diag.Error {
			p := lines.Position(d.Span.Start)
			t.Errorf("hosts.toml:%d:%d: %s", p.Line, p.Column, d.Message)
		}
	}
	return s
}

func archive(t testing.TB, name string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata/fleets", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// files generates and expects no error.
func (s *sample) files(t testing.TB) []File {
	t.Helper()
	files, ds := Files(s.fleet, s.inv, s.opt)
	for _, d := range ds {
		if d.Severity == diag.Error {
			t.Error(d.Message)
		}
	}
	return files
}

// sampleNames are the archives of testdata/fleets.
func sampleNames(t testing.TB) []string {
	found, err := filepath.Glob("testdata/fleets/*.txtar")
	if err != nil || len(found) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for i, f := range found {
		found[i] = strings.TrimSuffix(filepath.Base(f), ".txtar")
	}
	return found
}

// isTemplate says whether a generated file is a template's copy.
func isTemplate(path string) bool {
	return strings.Contains(path, "generated/lib/") || strings.Contains(path, "generated/disks/")
}

func TestGoldens(t *testing.T) {
	for _, name := range sampleNames(t) {
		t.Run(name, func(t *testing.T) {
			s := load(t, archive(t, name))
			files, ds := Files(s.fleet, s.inv, s.opt)
			got := &txtar.Archive{}
			for _, d := range ds {
				got.Comment = fmt.Appendf(got.Comment, "%s: %s\n", d.Severity, d.Message)
			}
			for _, f := range files {
				switch {
				case isTemplate(f.Path):
					got.Comment = fmt.Appendf(got.Comment, "copied: %s\n", f.Path)
				case f.Path == SchemaFile:
					got.Comment = fmt.Appendf(got.Comment, "schema: %s\n", f.Path)
				default:
					got.Files = append(got.Files, txtar.File{Name: f.Path, Data: f.Content})
				}
			}
			golden.File(t, filepath.Join("testdata/golden", name+".txtar"), txtar.Format(got))
		})
	}
}

// TestTemplatesAreCopiedVerbatim holds every copy to its template; together the
// samples need every core template.
func TestTemplatesAreCopiedVerbatim(t *testing.T) {
	unused := map[string]bool{}
	core, err := fs.Glob(templates.FS, "core/*.nix")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range core {
		unused[name] = true
	}
	for _, name := range sampleNames(t) {
		for _, f := range load(t, archive(t, name)).files(t) {
			if !isTemplate(f.Path) {
				continue
			}
			_, source, _ := strings.Cut(f.Path, "generated/")
			if rest, ok := strings.CutPrefix(source, "lib/"); ok {
				source = "core/" + rest
			}
			if want := Seal(f.Path, templates.Read(source)); !bytes.Equal(f.Content, want) {
				t.Errorf("%s: %s is not the template", name, f.Path)
			}
			delete(unused, source)
		}
	}
	for name := range unused {
		t.Errorf("no sample needs %s", name)
	}
}

// TestSchemaIsTheFleetsOwn opens the one generated JSON file.
func TestSchemaIsTheFleetsOwn(t *testing.T) {
	s := load(t, archive(t, "mac"))
	for _, f := range s.files(t) {
		if f.Path != SchemaFile {
			continue
		}
		var got map[string]any
		if err := json.Unmarshal(f.Content, &got); err != nil {
			t.Fatal(err)
		}
		_, body, ok := unseal(f.Path, f.Content)
		if !ok || got["x-nixgen"] == "" || !bytes.Equal(body, s.fleet.JSONSchema(s.opt.Env)) {
			t.Error("hosts.schema.json is not the sealed schema of the fleet")
		}
		return
	}
	t.Error("no hosts.schema.json")
}

func TestEqualInputGivesEqualBytes(t *testing.T) {
	for _, name := range sampleNames(t) {
		first := load(t, archive(t, name)).files(t)
		for range 5 {
			if d := cmp.Diff(first, load(t, archive(t, name)).files(t)); d != "" {
				t.Fatalf("%s: %s", name, d)
			}
		}
		for i, f := range first {
			if i > 0 && first[i-1].Path >= f.Path {
				t.Errorf("%s: %s does not come after %s", name, f.Path, first[i-1].Path)
			}
			if Verify(f.Path, f.Content) != Intact {
				t.Errorf("%s: %s is not sealed", name, f.Path)
			}
		}
	}
}
