package templates_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/internal/golden"
	"nixgen/templates"
)

// tomlValue writes a value as hosts.toml has it.
func tomlValue(v fleet.Value) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, tomlValue(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, strconv.Quote(k)+" = "+tomlValue(v[k]))
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return fmt.Sprint(v)
}

// hostsTOML writes a fleet of one host whose disk is the combo; what equals a
// default is left out.
func hostsTOML(p *fleet.Profile, c combo) string {
	var b strings.Builder
	system := "x86_64-linux"
	if len(p.Systems) > 0 {
		system = p.Systems[0]
	}
	fmt.Fprintf(&b, "[hosts.box]\nsystem = %q\nstateVersion = \"25.11\"\nhostId = \"8425e349\"\n\n[hosts.box.disks.%s]\nprofile = %q\n", system, diskName, p.Name)
	if c.on("disk.adopt") {
		b.WriteString("adopt = true\n")
	}
	for _, param := range p.Params {
		if v := c[param.Name]; v != nil && show(v) != show(param.Default) {
			fmt.Fprintf(&b, "%s = %s\n", param.Name, tomlValue(v))
		}
	}
	return b.String()
}

// load reads a hosts.toml with the profile and gives what is said about it.
func load(p *fleet.Profile, src string) (*fleet.Fleet, string) {
	f, ds := fleet.Load("hosts.toml", []byte(src), fleet.Env{Profiles: map[string]*fleet.Profile{p.Name: p}})
	lines := diag.NewLines([]byte(src))
	var b strings.Builder
	for _, d := range ds {
		pos := lines.Position(d.Span.Start)
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s\n", d.File, pos.Line, pos.Column, d.Severity, d.Message)
	}
	return f, b.String()
}

// defaults is the plainest combo: every parameter's default, or what a
// required one must have.
func defaults(t testing.TB, p *fleet.Profile) []axis {
	t.Helper()
	list := axes(t, p)
	for i, a := range list {
		param := p.Param(a.name)
		if param == nil || param.Required {
			continue
		}
		rest := slices.DeleteFunc(slices.Clone(a.values), func(v fleet.Value) bool { return show(v) == show(param.Default) })
		list[i].values = append([]fleet.Value{param.Default}, rest...)
	}
	return list
}

// refused finds a combo that the i-th refusal refuses and no other does,
// with as many defaults as there can be.
func refused(t testing.TB, p *fleet.Profile, i int) combo {
	t.Helper()
	others := *p
	others.Refusals = slices.Delete(slices.Clone(p.Refusals), i, i+1)
	list := defaults(t, p)
	var named []axis
	for _, a := range list {
		if slices.ContainsFunc(p.Refusals[i].When, func(c fleet.Cond) bool { return c.Param == a.name }) {
			named = append(named, a)
		}
	}
	var found combo
	e := &enumerator{profile: &others, axes: list}
	tuples(named, len(named), func(c combo) {
		if found == nil && all(p.Refusals[i].When, c) {
			found = e.complete(c, 0)
		}
	})
	if found == nil {
		t.Fatalf("%s: no combination is refused for the reason: %s", p.Name, p.Refusals[i].Reason)
	}
	return found
}

// Every refusal has a golden: a hosts.toml, and what is said about it.
func TestDisksRefused(t *testing.T) {
	for _, name := range templates.Disks() {
		t.Run(name, func(t *testing.T) {
			p := profile(t, name)
			archive := &txtar.Archive{Comment: []byte("One hosts.toml for each combination that the profile " + name + " refuses.\n")}
			for i := range p.Refusals {
				src := hostsTOML(p, refused(t, p, i))
				_, said := load(p, src)
				if n := strings.Count(said, "\n"); n != 1 || !strings.Contains(said, p.Refusals[i].Reason) {
					t.Errorf("refusal %d: %d lines are said about\n%s\n%s", i+1, n, src, said)
				}
				archive.Files = append(archive.Files,
					txtar.File{Name: fmt.Sprintf("%d.toml", i+1), Data: []byte(src)},
					txtar.File{Name: fmt.Sprintf("%d.out", i+1), Data: []byte(said)})
			}
			golden.File(t, filepath.Join("..", "testdata", "disks", name, "refused.txtar"), txtar.Format(archive))
		})
	}
}

// Every accepted combination is accepted by the command, too, which reads the
// conditions by itself, and every parameter arrives as it was written.
func TestDisksAccepted(t *testing.T) {
	for _, name := range templates.Disks() {
		p := profile(t, name)
		for _, c := range combos(t, name, 2) {
			src := hostsTOML(p, c)
			f, said := load(p, src)
			if said != "" {
				t.Errorf("%s\n%s", src, said)
				continue
			}
			disk := f.Host("box").Disks[0]
			for _, param := range p.Params {
				if diff := cmp.Diff(show(c[param.Name]), show(disk.Params[param.Name])); diff != "" {
					t.Errorf("%s: %s\n%s", src, param.Name, diff)
				}
			}
		}
	}
}

// What a profile provides are mount points that it really has, and all of
// those that stand for no data of a person's.
func TestDisksProvide(t *testing.T) {
	for _, name := range templates.Disks() {
		p := profile(t, name)
		if expectations[name] == nil {
			t.Errorf("expect_test.go does not say what the profile %s must come to", name)
			continue
		}
		for _, c := range combos(t, name, 2) {
			src := hostsTOML(p, c)
			f, _ := load(p, src)
			want := slices.Sorted(maps.Keys(expectations[name](diskName, c).Mounts))
			want = slices.DeleteFunc(want, func(point string) bool { return point == "/.swap" })
			if diff := cmp.Diff(want, f.Host("box").Disks[0].Provides); diff != "" {
				t.Errorf("%s\n%s", src, diff)
			}
		}
	}
}

// evils are values of a type that hold what a shell reads as more than a word;
// none for types that cannot.
func evils(typ *fleet.Type, evil string) []fleet.Value {
	leaf := typ
	for leaf.Elem != nil {
		leaf = leaf.Elem
	}
	switch {
	case leaf.Kind == fleet.MountPoint || leaf.Kind == fleet.Device:
		evil = "/dev/" + evil
	case leaf.Kind != fleet.String && leaf.Kind != fleet.Size:
		return nil
	case strings.HasPrefix(leaf.Pattern, "/"):
		evil = "/" + evil
	}
	switch typ.Kind {
	case fleet.ListOf:
		return []fleet.Value{[]any{evil}}
	case fleet.AttrsOf:
		return []fleet.Value{map[string]any{"x": evil}, map[string]any{evil: "/x"}}
	}
	return []fleet.Value{evil}
}

// disko writes parameters into scripts without quoting them, so what a shell
// would read as more than a word must not get that far.
func TestDisksHoldNoShell(t *testing.T) {
	for _, name := range templates.Disks() {
		p := profile(t, name)
		plain := combos(t, name, 1)[0]
		for _, param := range p.Params {
			for _, evil := range []string{"$(reboot)", "`reboot`", `a"; reboot; "`, "a b", "a;b", "a\nb"} {
				for _, v := range evils(param.Type, evil) {
					c := maps.Clone(plain)
					c[param.Name] = v
					if _, said := load(p, hostsTOML(p, c)); !strings.Contains(said, param.Name) {
						t.Errorf("%s: %s = %s is taken: %s", name, param.Name, tomlValue(v), said)
					}
				}
			}
		}
	}
}
