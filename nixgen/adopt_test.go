package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"nixgen/fleet"
	"nixgen/internal/golden"
	"nixgen/layout"
)

// truth is what a person who read a fleet says of it: testdata/adopt.
type truth struct {
	Layout struct{ Common, OptIn, Modules, Hosts, Home []string }
	Hosts  map[string]struct {
		System string
		Users  []string
		Disko  bool
	}
}

// score counts what is right out of what there is; more is what was found that
// is not there.
type score struct{ right, all, more int }

func (s *score) add(ok bool) {
	s.all++
	if ok {
		s.right++
	}
}

func (s score) String() string {
	if s.more > 0 {
		return fmt.Sprintf("%d/%d +%d", s.right, s.all, s.more)
	}
	return fmt.Sprintf("%d/%d", s.right, s.all)
}

// share is the part that is right, what is not there counting as wrong.
func (s score) share() float64 {
	if s.all+s.more == 0 {
		return 1
	}
	return float64(s.right) / float64(s.all+s.more)
}

// TestAdoptFleets measures adopt against real fleets: NIXGEN_FLEETS lists folders
// that hold checkouts under the names of testdata/adopt.
func TestAdoptFleets(t *testing.T) {
	where := os.Getenv("NIXGEN_FLEETS")
	if where == "" {
		t.Skip("NIXGEN_FLEETS names no folder with checkouts of public fleets")
	}
	files, err := filepath.Glob(filepath.Join("..", "testdata", "adopt", "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no truth files", err)
	}
	t.Logf("%-14s %10s %10s %10s %10s %12s", "fleet", "hosts", "systems", "users", "disko", "tiers")
	good, tried := 0, 0
	for _, name := range files {
		owner := strings.TrimSuffix(filepath.Base(name), ".toml")
		dir := checkout(where, owner)
		if dir == "" {
			t.Logf("%-14s not there", owner)
			continue
		}
		tried++
		var want truth
		if _, err := toml.DecodeFile(name, &want); err != nil {
			t.Fatal(err)
		}
		if measureFleet(t, owner, dir, &want) {
			good++
		}
	}
	t.Logf("%d of %d fleets have 90 %% or more of hosts, systems and users right", good, tried)
	if good < min(5, tried) {
		t.Errorf("%d of %d fleets are read well enough, want 5", good, tried)
	}
}

func checkout(where, owner string) string {
	for _, d := range filepath.SplitList(where) {
		dir := filepath.Join(d, owner)
		if _, err := os.Stat(filepath.Join(dir, "flake.nix")); err == nil {
			return dir
		}
	}
	return ""
}

// measureFleet adopts one fleet and compares.
func measureFleet(t *testing.T, owner, dir string, want *truth) bool {
	t.Helper()
	var out, errs bytes.Buffer
	w := &world{stdout: &out, stderr: &errs, dir: dir, getenv: func(string) string { return "" }}
	if code := run([]string{"adopt", "--dry-run"}, w); code != exitOK {
		t.Errorf("%s: exit code %d\n%s", owner, code, &errs)
		return false
	}
	doc, _ := fleet.Parse(hostsFile, out.Bytes())
	got, ds := doc.Load(fleet.Env{})
	for _, d := range ds {
		t.Logf("%s: %s", owner, d.Message)
	}
	var hosts, systems, users, disko score
	for name, h := range want.Hosts {
		g := got.Host(name)
		hosts.add(g != nil)
		if h.System != "" {
			systems.add(g != nil && g.System == h.System)
		}
		users.add(g != nil && sameSet(userNames(g), h.Users))
		if h.Disko {
			disko.add(g != nil && len(g.Disks) > 0)
		} else if g != nil && len(g.Disks) > 0 {
			disko.more++
		}
		if g == nil || h.System != "" && g.System != h.System || !sameSet(userNames(g), h.Users) {
			t.Logf("%s: %s is not as read: %v", owner, name, g)
		}
	}
	for _, g := range got.Hosts {
		if _, ok := want.Hosts[g.Name]; !ok {
			hosts.more++
			t.Logf("%s: there is no %s", owner, g.Name)
		}
	}
	t.Logf("%-14s %10v %10v %10v %10v %12v", owner, hosts, systems, users, disko, tierScore(t, dir, want, &got.Layout))
	return min(hosts.share(), systems.share(), users.share()) >= 0.9
}

func userNames(h *fleet.Host) []string {
	var out []string
	for _, a := range h.Users {
		out = append(out, a.Name)
	}
	return out
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// tierScore counts the Nix files that a person puts into a tier and that are in
// the same one; and those in a tier that a person puts into none.
func tierScore(t *testing.T, dir string, want *truth, got *fleet.Layout) score {
	l := *got
	l.Common, l.OptIn, l.Modules = want.Layout.Common, want.Layout.OptIn, want.Layout.Modules
	l.Hosts, l.Home = want.Layout.Hosts, want.Layout.Home
	list, err := walkList(dir)
	if err != nil {
		t.Fatal(err)
	}
	theirs, ours := layout.Classify(&l, list.files), layout.Classify(got, list.files)
	var s score
	for i, f := range theirs.Files {
		if !strings.HasSuffix(f.Path, ".nix") {
			continue
		}
		g := ours.Files[i]
		switch {
		case f.Tier >= layout.Library:
			s.add(g.Tier == f.Tier && g.Host == f.Host)
		case g.Tier >= layout.Library:
			s.more++
		}
	}
	return s
}

// TestAdoptShapes adopts a small fleet of each shape that real ones have:
// testdata/adopt/shapes. Each archive ends in what comes out: the new hosts.toml,
// what could not be read, and what the linter then says.
func TestAdoptShapes(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "adopt", "shapes", "*.txtar"))
	if err != nil || len(files) < 8 {
		t.Fatal("too few shapes", err, files)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			adoptShape(t, name, a)
		})
	}
}

const wantPrefix = "want/"

func adoptShape(t *testing.T, name string, a *txtar.Archive) {
	dir := t.TempDir()
	want := map[string]string{}
	var given []txtar.File
	for _, f := range a.Files {
		if short, ok := strings.CutPrefix(f.Name, wantPrefix); ok {
			want[short] = string(f.Data)
			continue
		}
		given = append(given, f)
		p := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o777), os.WriteFile(p, f.Data, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	call := func(args ...string) (string, string) {
		var out, errs bytes.Buffer
		run(args, &world{stdout: &out, stderr: &errs, dir: dir, getenv: func(string) string { return "" }})
		return out.String(), errs.String()
	}
	got := map[string]string{}
	_, got["notes"] = call("adopt")
	text, err := os.ReadFile(filepath.Join(dir, hostsFile))
	if err != nil {
		t.Fatal(err, got["notes"])
	}
	got["hosts.toml"] = string(text)
	got["lint"], _ = call("lint", "--brief")
	if strings.Contains(got["lint"], ": error: ") {
		t.Errorf("the linter finds errors:\n%s", got["lint"])
	}
	if printed, _ := call("adopt", "-o", "-"); printed != got["hosts.toml"] {
		t.Error("`-o -` prints something else than what is written")
	}
	for _, k := range []string{"hosts.toml", "notes", "lint"} {
		if got[k] != want[k] && !golden.Updating() {
			t.Errorf("%s (go test ./nixgen -update writes it): %s", k, cmp.Diff(want[k], got[k]))
		}
		if got[k] != "" {
			given = append(given, txtar.File{Name: wantPrefix + k, Data: []byte(got[k])})
		}
	}
	golden.Archive(t, name, a, &txtar.Archive{Comment: a.Comment, Files: given})
}
