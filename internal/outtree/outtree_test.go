package outtree

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The tests' own notion of a generated file: its first line is a header and its
// second the length of the rest.
func generated(body string) []byte { return fmt.Appendf(nil, "# ours\n%d\n%s", len(body), body) }

func inspect(_ string, b []byte) Status {
	rest, ok := bytes.CutPrefix(b, []byte("# ours\n"))
	if !ok {
		return Foreign
	}
	size, body, _ := strings.Cut(string(rest), "\n")
	if size == fmt.Sprint(len(body)) {
		return Ours
	}
	return Edited
}

// config is the tree of most tests: nix/generated in dir, one file outside.
func config(dir string) Config {
	return Config{
		Dir: dir, Output: "nix/generated", Outside: []string{"schema.json", "docs/fleet.md"},
		Keep:    func(p string) bool { return p == "nix/generated/catalog.bin" },
		Inspect: inspect,
	}
}

func files(bodies map[string]string) []File {
	var fs []File
	for p, b := range bodies {
		fs = append(fs, File{p, generated(b)})
	}
	return fs
}

// three is what most tests want on disk.
var three = map[string]string{
	"nix/generated/default.nix":            "1",
	"nix/generated/hosts/malphas/spec.nix": "22",
	"schema.json":                          "333",
}

func plan(t *testing.T, c Config, bodies map[string]string) *Plan {
	t.Helper()
	tree, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	p, err := tree.Plan(files(bodies))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func update(t *testing.T, c Config, bodies map[string]string) *Plan {
	t.Helper()
	tree, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	unlock, err := tree.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	p, err := tree.Plan(files(bodies))
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Apply(p); err != nil {
		t.Fatal(err)
	}
	return p
}

// snapshot lists everything below dir: folders end in "/", links show where
// they lead.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(p, dir+string(filepath.Separator)))
		switch {
		case e.IsDir():
			got[name+"/"] = ""
		case e.Type() == fs.ModeSymlink:
			to, err := os.Readlink(p)
			got[name] = "-> " + to
			return err
		default:
			b, err := os.ReadFile(p)
			got[name] = string(b)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func kinds(p *Plan) []string {
	var out []string
	for _, c := range p.Changes {
		out = append(out, c.Kind.String()+" "+c.Path)
	}
	return out
}

func TestCreateUpdateRemove(t *testing.T) {
	dir := t.TempDir()
	p := update(t, config(dir), three)
	if d := cmp.Diff([]string{"create nix/generated/default.nix", "create nix/generated/hosts/malphas/spec.nix", "create schema.json"}, kinds(p)); d != "" {
		t.Error(d)
	}
	p = update(t, config(dir), map[string]string{
		"nix/generated/default.nix":           "1 changed",
		"nix/generated/hosts/furfur/spec.nix": "4444",
		"docs/fleet.md":                       "5",
	})
	if d := cmp.Diff([]string{
		"create docs/fleet.md", "update nix/generated/default.nix", "create nix/generated/hosts/furfur/spec.nix",
		"remove nix/generated/hosts/malphas/spec.nix", "remove schema.json",
	}, kinds(p)); d != "" {
		t.Error(d)
	}
	want := map[string]string{
		"docs/": "", "docs/fleet.md": string(generated("5")),
		"nix/": "", "nix/generated/": "", "nix/generated/default.nix": string(generated("1 changed")),
		"nix/generated/hosts/": "", "nix/generated/hosts/furfur/": "",
		"nix/generated/hosts/furfur/spec.nix": string(generated("4444")),
	}
	if d := cmp.Diff(want, snapshot(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestNothingChangesTwice(t *testing.T) {
	dir := t.TempDir()
	update(t, config(dir), three)
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	stat := func() map[string]os.FileInfo {
		got := map[string]os.FileInfo{}
		for p := range three {
			info, err := os.Stat(filepath.Join(dir, p))
			if err != nil {
				t.Fatal(err)
			}
			got[p] = info
		}
		return got
	}
	for p := range three {
		if err := os.Chtimes(filepath.Join(dir, p), old, old); err != nil {
			t.Fatal(err)
		}
	}
	before := stat()
	if p := update(t, config(dir), three); !p.Fresh() {
		t.Errorf("second run changes %v", kinds(p))
	}
	for p, info := range stat() {
		if !os.SameFile(before[p], info) || !info.ModTime().Equal(old) {
			t.Errorf("%s was touched", p)
		}
	}
}

func TestPlanWritesNothing(t *testing.T) {
	dir := t.TempDir()
	if p := plan(t, config(dir), three); len(p.Changes) != 3 {
		t.Errorf("changes: %v", kinds(p))
	}
	if d := cmp.Diff(map[string]string{}, snapshot(t, dir)); d != "" {
		t.Error(d)
	}
}

// Every case begins with `three` on disk, does something to it, and must be
// refused by name with nothing written; force is what --force makes of it.
func TestInTheWay(t *testing.T) {
	link := func(to, name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			p := filepath.Join(dir, name)
			if err := os.RemoveAll(p); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(to, p); err != nil {
				t.Skip(err)
			}
		}
	}
	content := func(name, s string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { write(t, dir, name, s) }
	}
	dirAt := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			p := filepath.Join(dir, name)
			if err := os.RemoveAll(p); err != nil {
				t.Fatal(err)
			}
			write(t, dir, name+"/x", "mine")
		}
	}
	for name, c := range map[string]struct {
		do         func(*testing.T, string)
		file, rule string
		force      bool // --force gets past it
	}{
		"edited":            {content("nix/generated/default.nix", "# ours\n1\nmore than one byte"), "nix/generated/default.nix", "hand-edited", true},
		"edited, unwanted":  {content("nix/generated/old.nix", "# ours\n1\nmore than one byte"), "nix/generated/old.nix", "hand-edited", true},
		"foreign":           {content("nix/generated/default.nix", "{ }"), "nix/generated/default.nix", "foreign-file", true},
		"foreign outside":   {content("schema.json", "{ }"), "schema.json", "foreign-file", true},
		"linked file":       {link("../../schema.json", "nix/generated/default.nix"), "nix/generated/default.nix", "generated-link", false},
		"linked folder":     {link("../../../nix", "nix/generated/hosts/malphas"), "nix/generated/hosts/malphas", "generated-link", false},
		"link to outside":   {link("/tmp", "nix/generated/hosts"), "nix/generated/hosts", "generated-link", false},
		"link nobody needs": {link("../generated", "nix/generated/loop"), "nix/generated/loop", "generated-link", false},
		"linked output":     {link("../docs", "nix/generated"), "nix/generated", "generated-link", false},
		"folder for a file": {dirAt("nix/generated/default.nix"), "nix/generated/default.nix", "foreign-file", false},
		"file for a folder": {func(t *testing.T, d string) {
			os.RemoveAll(d + "/nix/generated/hosts")
			write(t, d, "nix/generated/hosts", "x")
		}, "nix/generated/hosts", "foreign-file", false},
		"file for output":    {func(t *testing.T, d string) { os.RemoveAll(d + "/nix"); write(t, d, "nix", "x") }, "nix", "foreign-file", false},
		"linked file beside": {link("nix/generated/default.nix", "schema.json"), "schema.json", "foreign-file", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "docs/keep.md", "x")
			update(t, config(dir), three)
			c.do(t, dir)
			before := snapshot(t, dir)
			wanted := map[string]string{"nix/generated/new.nix": "new"}
			for p, b := range three {
				wanted[p] = b
			}
			p := plan(t, config(dir), wanted)
			if len(p.Problems) != 1 || p.Problems[0].File != c.file || p.Problems[0].Rule != c.rule {
				t.Errorf("problems: %+v", p.Problems)
			}
			tree, err := Open(config(dir))
			if err != nil {
				t.Fatal(err)
			}
			defer tree.Close()
			if err := tree.Apply(p); err == nil {
				t.Error("a plan with problems was applied")
			}
			if d := cmp.Diff(before, snapshot(t, dir)); d != "" {
				t.Error(d)
			}
			forced := config(dir)
			forced.Force = true
			if p := plan(t, forced, wanted); (len(p.Problems) == 0) != c.force {
				t.Errorf("with force: %+v", p.Problems)
			}
			if c.force {
				update(t, forced, wanted)
				if p := plan(t, config(dir), wanted); !p.Fresh() {
					t.Errorf("after force: %v %v", kinds(p), p.Problems)
				}
			}
		})
	}
}

func TestWhatStays(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "nix/generated/README.md", "mine")
	write(t, dir, "nix/generated/mine/x", "mine")
	write(t, dir, "nix/generated/catalog.bin", "another command's")
	write(t, dir, "nix/generated/default.nix", "\x00\x00\x00")
	if err := os.MkdirAll(filepath.Join(dir, "nix/generated/hollow/deep"), 0o777); err != nil {
		t.Fatal(err)
	}
	p := update(t, config(dir), three)
	if d := cmp.Diff([]string{"nix/generated/README.md", "nix/generated/mine/x"}, p.Strangers); d != "" {
		t.Error(d)
	}
	got := snapshot(t, dir)
	for _, f := range []string{"nix/generated/README.md", "nix/generated/mine/x", "nix/generated/catalog.bin"} {
		if got[f] == "" {
			t.Errorf("%s is gone", f)
		}
	}
	if _, ok := got["nix/generated/hollow/"]; ok {
		t.Error("an empty folder stays")
	}
	if got["nix/generated/default.nix"] != string(generated("1")) {
		t.Error("a file of NUL bytes was not replaced")
	}
}

func TestModeIsKept(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	dir := t.TempDir()
	update(t, config(dir), three)
	p := filepath.Join(dir, "nix/generated/default.nix")
	if err := os.Chmod(p, 0o600); err != nil {
		t.Fatal(err)
	}
	update(t, config(dir), map[string]string{"nix/generated/default.nix": "other"})
	if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestImpossibleLists(t *testing.T) {
	dir := t.TempDir()
	tree, err := Open(config(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	for _, bad := range [][]string{
		{"../x"},
		{"nix/generated/../../../x"},
		{"/etc/passwd"},
		{"nix/generated"},
		{"nix/other.nix"},
		{"hosts.toml"},
		{"nix/generated/a\\b"},
		{"nix/generated/hosts//x"},
		{"nix/generated/a", "nix/generated/a"},
		{"nix/generated/hosts/Malphas/x", "nix/generated/hosts/malphas/x"},
		{"nix/generated/a", "nix/generated/a/b"},
		{"nix/generated/.x.nixgen-new"},
	} {
		var fs []File
		for _, p := range bad {
			fs = append(fs, File{p, generated("x")})
		}
		if _, err := tree.Plan(fs); err == nil {
			t.Errorf("%q was planned", bad)
		}
	}
	for _, out := range []string{"", ".", "../x", "/x"} {
		if _, err := Open(Config{Dir: dir, Output: out}); err == nil {
			t.Errorf("output %q was opened", out)
		}
	}
	if d := cmp.Diff(map[string]string{}, snapshot(t, dir)); d != "" {
		t.Error(d)
	}
}

// Two writers of one tree at once: each waits for the other.
func TestConcurrentWriters(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			update(t, config(dir), map[string]string{
				"nix/generated/default.nix":                          fmt.Sprint(i),
				fmt.Sprintf("nix/generated/hosts/h%d/spec.nix", i%3): fmt.Sprint(i),
			})
		})
	}
	wg.Wait()
	var names []string
	for p := range snapshot(t, dir) {
		if strings.Contains(p, suffix) {
			t.Errorf("%s is left", p)
		}
		if strings.HasSuffix(p, ".nix") {
			names = append(names, p)
		}
	}
	if len(names) != 2 {
		t.Errorf("files: %v", names)
	}
}

// Whatever a run left behind when it was killed, the next one ends where a run
// on an empty disk ends.
func TestLeftovers(t *testing.T) {
	for _, l := range []string{
		".nix.nixgen-new/generated/default.nix",
		"nix/.generated.nixgen-new/default.nix",
		"nix/generated/.hosts.nixgen-new/malphas/spec.nix",
		"nix/generated/.default.nix.nixgen-new",
		"nix/generated/hosts/malphas/.spec.nix.nixgen-new",
		"nix/generated/hosts/gone/.spec.nix.nixgen-new",
		".schema.json.nixgen-new",
	} {
		dir, clean := t.TempDir(), t.TempDir()
		write(t, dir, l, "half")
		update(t, config(dir), three)
		update(t, config(clean), three)
		if d := cmp.Diff(snapshot(t, clean), snapshot(t, dir)); d != "" {
			t.Errorf("%s: %s", l, d)
		}
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "hosts.toml")
	for _, content := range []string{"one", "two", ""} {
		if err := WriteFile(name, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(name); string(got) != content {
			t.Errorf("got %q", got)
		}
	}
	if runtime.GOOS != "windows" {
		os.Chmod(name, 0o600)
		if err := WriteFile(name, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if info, _ := os.Stat(name); info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v", info.Mode())
		}
		os.Symlink("hosts.toml", filepath.Join(dir, "link"))
		if err := WriteFile(filepath.Join(dir, "link"), []byte("y")); err == nil {
			t.Error("a link was replaced")
		}
	}
	if err := WriteFile(filepath.Join(dir, "none", "x"), nil); err == nil {
		t.Error("wrote into a folder that does not exist")
	}
	if got := snapshot(t, dir); slices.ContainsFunc(keys(got), isStaged) {
		t.Errorf("left behind: %v", got)
	}
}

func keys(m map[string]string) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	return out
}
