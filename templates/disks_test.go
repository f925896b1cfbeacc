package templates_test

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nixgen/fleet"
	"nixgen/generate"
	"nixgen/internal/realnix"
	"nixgen/layout"
	"nixgen/lint"
	"nixgen/rules"
	"nixgen/syntax"
	"nixgen/templates"
)

// diskName is the name that every disk of these tests has in hosts.toml.
const diskName = "main"

// data turns a value of hosts.toml into data of Nix.
func data(v fleet.Value) syntax.Value {
	switch v := v.(type) {
	case bool:
		return syntax.Bool(v)
	case int64:
		return syntax.Int(v)
	case string:
		return syntax.String(v)
	case []any:
		list := syntax.List{}
		for _, e := range v {
			list = append(list, data(e))
		}
		return list
	case map[string]any:
		attrs := syntax.Attrs{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			attrs = append(attrs, syntax.Attr{Path: []string{k}, Value: data(v[k])})
		}
		return attrs
	}
	return syntax.Null{}
}

// arguments prints what disk.nix is given for a combo, all but lib.
func arguments(t testing.TB, c combo) string {
	t.Helper()
	args := map[string]any{"name": diskName, "hostId": "8425e349"}
	for name, v := range c {
		args[strings.TrimPrefix(name, "disk.")] = v
	}
	text, err := syntax.Format(data(args))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// combos enumerates a profile's accepted combinations.
func combos(t testing.TB, name string, strength int) []combo {
	t.Helper()
	p := profile(t, name)
	rows, _, _ := covering(p, axes(t, p), strength)
	return rows
}

// fleetOf writes a fleet with one host for every accepted combination of every
// profile; devices and hostIds are the host's own.
func fleetOf(t testing.TB) (src string, env fleet.Env, hosts int) {
	t.Helper()
	var b strings.Builder
	env.Profiles = map[string]*fleet.Profile{}
	for _, name := range templates.Disks() {
		p := profile(t, name)
		env.Profiles[name] = p
		for _, c := range combos(t, name, 2) {
			host := fmt.Sprint("h", hosts)
			b.WriteString(strings.NewReplacer(
				"hosts.box", "hosts."+host,
				"8425e349", fmt.Sprintf("%08x", hosts+1),
				"/by-id/", "/by-id/"+host+"-",
			).Replace(hostsTOML(p, c)) + "\n")
			hosts++
		}
	}
	return b.String(), env, hosts
}

// Every file that is generated for every combination parses, and pleases
// nixfmt, deadnix and statix where they are installed; so does every disk.nix.
func TestDisksGenerated(t *testing.T) {
	nix := realnix.Require(t)
	src, env, hosts := fleetOf(t)
	if hosts < 200 {
		t.Errorf("profile.toml gives %d accepted combinations, expected at least 200", hosts)
	}
	f, ds := fleet.Load("hosts.toml", []byte(src), env)
	if len(ds) > 0 {
		t.Fatalf("%d diagnostics, the first: %+v", len(ds), ds[0])
	}
	out, ds := generate.Files(f, layout.Classify(&f.Layout, nil), generate.Options{Env: env})
	if len(ds) > 0 {
		t.Fatalf("%d diagnostics, the first: %+v", len(ds), ds[0])
	}
	dir := t.TempDir()
	var files []string
	for _, file := range out {
		if path.Ext(file.Path) != ".nix" {
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(file.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, file.Content, 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	for _, name := range templates.Disks() {
		files = append(files, diskFile(t, name))
	}
	if err := nix.Parse(files...); err != nil {
		t.Error(err)
	}
	realnix.Tidy(t, files...)
	if err := os.WriteFile(filepath.Join(dir, "hosts.toml"), []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	silent(t, dir, env)
	t.Logf("%d hosts, %d files", hosts, len(files))
}

// silent fails for everything that our own linter says of a tree, matters of
// style included.
func silent(t *testing.T, dir string, env fleet.Env) {
	t.Helper()
	work, ds := lint.Load(os.DirFS(dir), env)
	found, err := work.Lint(lint.Config{Rules: rules.All, Enable: []string{"style"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(work.Hosts) < 200 {
		t.Errorf("lint follows %d hosts", len(work.Hosts))
	}
	for _, d := range append(ds, found...) {
		t.Errorf("%s: %s [%s]", d.File, d.Message, d.Rule)
	}
}

// disk.nix takes what profile.toml declares: a parameter that it does not take
// would be ignored, and one that is not declared never arrives.
func TestDisksArguments(t *testing.T) {
	nix := realnix.Require(t)
	for _, name := range templates.Disks() {
		var got map[string]bool // whether it has a default
		if err := nix.EvalInto(&got, "builtins.functionArgs (import "+diskFile(t, name)+")"); err != nil {
			t.Fatal(err)
		}
		for _, known := range []string{"adopt", "hostId", "lib", "name"} {
			delete(got, known)
		}
		want := map[string]bool{}
		for _, param := range profile(t, name).Params {
			want[param.Name] = false
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// apply is the expression that evaluates disk.nix on combos under real disko.
func apply(file string, args []string, attr string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "let one = args: (disk (import %s ({ inherit lib; } // args)))%s; in [\n", file, attr)
	for _, a := range args {
		b.WriteString("(one " + a + ")\n")
	}
	return b.String() + "]"
}

// evaluate gives what real disko makes of a disk.nix for every combo.
func evaluate(t testing.TB, kit *realnix.Kit, file string, rows []combo) ([]outcome, error) {
	t.Helper()
	args := make([]string, len(rows))
	for i, c := range rows {
		args[i] = arguments(t, c)
	}
	var out []outcome
	err := kit.Eval(&out, apply(file, args, ""))
	return out, err
}

// diskFile is the path of a profile's disk.nix, for use in Nix.
func diskFile(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("disks", name, "disk.nix"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// differs compares an outcome with the expectation.
func differs(name string, c combo, o *outcome) string {
	want := expectations[name](diskName, c)
	return cmp.Diff(want.sorted(), o.facts().sorted(), cmpopts.EquateEmpty())
}

// Under real disko every combination comes to what its parameters say.
func TestDisksEvaluate(t *testing.T) {
	kit := realnix.Upstream(t)
	for _, name := range templates.Disks() {
		t.Run(name, func(t *testing.T) {
			rows := combos(t, name, 2)
			got, err := evaluate(t, kit, diskFile(t, name), rows)
			if err != nil {
				t.Fatal(err)
			}
			for i := range rows {
				if diff := differs(name, rows[i], &got[i]); diff != "" {
					t.Errorf("%v\n%s", rows[i], diff)
				}
			}
			t.Logf("%d combinations", len(rows))
		})
	}
}
