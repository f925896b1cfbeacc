package adopt

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nixgen/fleet"
	"nixgen/outline"
)

// host is a NixOS host that reads its own file and others, each imported by it.
func host(name string, reads ...string) *Host {
	own := "hosts/" + name + "/default.nix"
	h := &Host{Name: name, Output: name, Platform: fleet.NixOS, System: "x86_64-linux", Gaps: func() []Gap { return nil }}
	h.Reads = []Read{{File: own}}
	h.Links = []Link{{To: own}}
	for _, f := range reads {
		h.Reads = append(h.Reads, Read{File: f})
		h.Links = append(h.Links, Link{From: own, To: f})
	}
	h.Defined = func(_ string, path ...string) []Definition {
		if strings.Join(path, ".") == "system.stateVersion" {
			return []Definition{{Value: outline.FromGo("25.05"), Truth: outline.True, Priority: 100}}
		}
		return nil
	}
	return h
}

func tree(hosts ...*Host) *Fleet {
	f := &Fleet{Hosts: hosts, Declares: func(file string) bool { return strings.Contains(file, "options") }}
	for _, h := range hosts {
		for _, r := range h.Reads {
			if !slices.Contains(f.Files, r.File) {
				f.Files = append(f.Files, r.File)
			}
		}
	}
	return f
}

// section is a table of the text.
func section(t *testing.T, text, head string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "["+head+"]")
	if !ok {
		t.Fatalf("no [%s] in\n%s", head, text)
	}
	body, _, _ := strings.Cut(rest, "\n[")
	return body
}

// TestTiers: what hosts read of a folder, and what it is called, make the tier.
func TestTiers(t *testing.T) {
	all := []string{"modules/core/a.nix", "modules/core/b.nix"}
	for _, c := range []struct {
		name  string
		fleet *Fleet
		want  []string
	}{
		{"read by all", tree(host("a", all...), host("b", all...)), []string{`common = ["modules"]`, `optIn = []`}},
		{"options", tree(host("a", "modules/options/x.nix"), host("b", "modules/options/x.nix")), []string{`modules = ["modules"]`, `common = []`}},
		{"chosen", tree(host("a", "x/optional/p.nix", "x/core/c.nix"), host("b", "x/core/c.nix")), []string{`common = ["x/core"]`, `optIn = ["x/optional"]`}},
		{"chosen under any name", tree(host("a", "x/things/p.nix", "x/things/q.nix"), host("b", "x/things/q.nix"), host("c")), []string{`optIn = ["x/things"]`}},
		{"one host, no names", tree(host("a", "x/p.nix")), []string{`common = []`, `optIn = []`, `modules = []`}},
		{"one host, names", tree(host("a", "x/core/p.nix", "x/optional/q.nix")), []string{`common = ["x/core"]`, `optIn = ["x/optional"]`}},
		{"people are no tier", tree(host("a", "users/ann/x.nix"), host("b", "users/ann/x.nix")), []string{`common = []`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := section(t, string(Propose(c.fleet).Text), "layout")
			for _, w := range c.want {
				if !strings.Contains(got, w) {
					t.Errorf("no %s in%s", w, got)
				}
			}
		})
	}
}

// TestContradiction: an opt-in tier that modules for all import is none.
func TestContradiction(t *testing.T) {
	a, b := host("a", "m/core/c.nix", "m/optional/p.nix", "m/optional/q.nix"), host("b", "m/core/c.nix", "m/optional/p.nix")
	for _, h := range []*Host{a, b} {
		h.Links = append(h.Links, Link{From: "m/core/c.nix", To: "m/optional/p.nix"})
	}
	got := section(t, string(Propose(tree(a, b)).Text), "layout")
	if !strings.Contains(got, "optIn = []") || !strings.Contains(got, "# `m/optional` looks like an opt-in tier, but m/core/c.nix imports m/optional/p.nix for everybody") {
		t.Error(got)
	}
}

// TestRoles: what hosts share becomes a role as long as it saves lines.
func TestRoles(t *testing.T) {
	opt := func(names ...string) (out []string) {
		for _, n := range names {
			out = append(out, "m/optional/"+n+".nix")
		}
		return out
	}
	d := Propose(tree(
		host("a", opt("hyprland", "audio", "x", "steam")...), host("b", opt("hyprland", "audio", "x")...),
		host("c", opt("p", "q", "r")...), host("d", opt("p", "q", "r", "steam")...), host("e"),
	))
	text := string(d.Text)
	for head, want := range map[string]string{
		"roles.desktop": `optIn = ["audio", "hyprland", "x"]`, "roles.shared-1": `optIn = ["p", "q", "r"]`,
		"hosts.a": "roles = [\"desktop\"]\noptIn = [\"steam\"]", "hosts.b": `roles = ["desktop"]`, "hosts.d": "roles = [\"shared-1\"]\noptIn = [\"steam\"]",
	} {
		if got := section(t, text, head); !strings.Contains(got, want) {
			t.Errorf("[%s] has no %s:%s", head, want, got)
		}
	}
	if strings.Contains(section(t, text, "hosts.e"), "roles") || strings.Contains(section(t, text, "hosts.b"), "optIn") {
		t.Error(text)
	}
}

// TestBest: the strongest definition that surely holds counts; equals that
// differ do not.
func TestBest(t *testing.T) {
	def := func(v string, truth outline.Truth, prio int) Definition {
		return Definition{Value: outline.FromGo(v), Truth: truth, Priority: prio}
	}
	for _, c := range []struct {
		defs []Definition
		want string
	}{
		{nil, "no"}, {[]Definition{def("a", outline.True, 100)}, "a"}, {[]Definition{def("a", outline.True, 1000), def("b", outline.True, 50)}, "b"},
		{[]Definition{def("a", outline.True, 100), def("b", outline.True, 100)}, "no"}, {[]Definition{def("a", outline.True, 100), def("a", outline.True, 100)}, "a"},
		{[]Definition{def("a", outline.True, 1000), def("b", outline.Maybe, 50)}, "a"}, {[]Definition{def("b", outline.Maybe, 50)}, "b"}, {[]Definition{def("b", outline.False, 50)}, "no"},
	} {
		got, ok := best(c.defs, readText)
		if !ok {
			got = "no"
		}
		if got != c.want {
			t.Errorf("%v: %s, want %s", c.defs, got, c.want)
		}
	}
}

// TestTextIsSafe: whatever names a fleet has, the text loads and says them.
func TestTextIsSafe(t *testing.T) {
	h := host("a")
	h.Homes = []string{"x.y", "ok", "we\"ird", "root"}
	d := Propose(tree(h))
	doc, ds := fleet.Parse("hosts.toml", d.Text)
	f, more := doc.Load(fleet.Env{})
	if len(ds)+len(more) > 0 || len(f.Hosts) != 1 {
		t.Fatalf("%v %v\n%s", ds, more, d.Text)
	}
	var users []string
	for _, u := range f.Hosts[0].Users {
		users = append(users, u.Name)
	}
	if got := fmt.Sprint(users); got != "[x.y ok]" {
		t.Errorf("users %s", got)
	}
}
