package fleet

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTreePath(t *testing.T) {
	for in, want := range map[string]string{
		"a.nix": "a.nix", "./a.nix": "a.nix", "a/../b.nix": "b.nix", "a//b": "a/b", ".": ".", "..a": "..a", "a/..b": "a/..b",
		"": "!", "..": "!", "../a": "!", "a/../../b": "!", "/a": "!", "~": "!", `a\b`: "!", "a\x00b": "!", "a\nb": "!",
		".git": "!", ".git/config": "!", "a/.git/x": "!", ".gitignore": ".gitignore",
	} {
		got, wrong := treePath(in)
		if wrong != "" {
			got = "!"
		}
		if string(got) != want {
			t.Errorf("treePath(%q) = %q (%s), want %q", in, got, wrong, want)
		}
	}
}

func TestHostNames(t *testing.T) {
	for name, want := range map[string]bool{
		"malphas": true, "a": true, "A1": true, "web-01": true, "0": true, strings.Repeat("a", 63): true,
		"": false, "-a": false, "a-": false, "a.b": false, "a_b": false, "../x": false, "a/b": false, `a\b`: false, "ä": false,
		"a b": false, "a\n": false, "a\x00": false, strings.Repeat("a", 64): false, "..": false, "$(x)": false, "${x}": false,
	} {
		if ValidHostName(name) != want {
			t.Errorf("ValidHostName(%q) = %v", name, !want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for s, want := range map[string]bool{
		"10.0.0.1": true, "::1": true, "fe80::1%eth0": true, "nas": true, "nas.example.org": true, "nas.example.org.": true, "1and1.example": true,
		"": false, "10.0.0.256": false, "10.0.0": false, "10.0.0.1/24": false, "a..b": false, "a_b.org": false, "-a.org": false, "a:22": false,
		strings.Repeat("a.", 130): false,
	} {
		if validAddress(s) != want {
			t.Errorf("validAddress(%q) = %v", s, !want)
		}
	}
}

func TestReferences(t *testing.T) {
	for in, want := range map[string][]string{
		"a.b": {"a", "b"},
		"nixos-hardware.nixosModules.framework-13-7040-amd": {"nixos-hardware", "nixosModules", "framework-13-7040-amd"},
		`a.nixosModules."1.0"`:                              {"a", "nixosModules", "1.0"},
		`"a.b".c`:                                           {"a.b", "c"},
		"a'.b_":                                             {"a'", "b_"},
		"a":                                                 nil,
		"a.":                                                nil,
		".a":                                                nil,
		"a..b":                                              nil,
		"a.b c":                                             nil,
		`a."b`:                                              nil,
		`a."b"c`:                                            nil,
		`a."${x}"`:                                          nil,
		`a.""`:                                              nil,
		"a.1b":                                              nil,
		"a.b;builtins.abort":                                nil,
		"a.${b}":                                            nil,
		"(a).b":                                             nil,
	} {
		ref, ok := parseRef(in)
		var got []string
		if ok {
			got = append([]string{ref.Input}, ref.Attrs...)
			if again, _ := parseRef(ref.String()); !cmp.Equal(again, ref) {
				t.Errorf("%q printed as %q", in, ref.String())
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("parseRef(%q): %s", in, d)
		}
	}
}

func TestReleases(t *testing.T) {
	for s, want := range map[string]bool{
		"25.11": true, "26.05": true, "13.10": true, "14.04": true, "14.12": true, "15.09": true, "16.03": true, "20.09": true, "21.05": true,
		"25.12": false, "25.5": false, "21.03": false, "20.03 ": false, "15.03": false, "40.05": false, "12.04": false, "25.11.1": false, "": false,
	} {
		if validRelease(s) != want {
			t.Errorf("validRelease(%q) = %v", s, !want)
		}
	}
}

func TestPins(t *testing.T) {
	for _, c := range []struct {
		pin, version string
		want         bool
	}{
		{">=0.1", "0.1.0", true}, {">=0.1", "0.0.9", false}, {">=0.1", "1.0.0", true}, {">= 0.1.2", "0.1.2-dirty", true},
		{"<0.2", "0.1.9", true}, {"<0.2", "0.2.0", false}, {"<=0.2", "0.2.0", true}, {">0.2", "0.2.0", false}, {">0.2", "0.10.0", true},
		{"=0.2", "v0.2.0", true}, {"0.2.1", "0.2.1", true}, {"0.2", "0.2.1", false},
	} {
		if !pinRE.MatchString(c.pin) || pinAllows(c.pin, c.version) != c.want {
			t.Errorf("%s allows %s: %v", c.pin, c.version, !c.want)
		}
	}
}

func TestSSHKeys(t *testing.T) {
	const good = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBqKp5pGt7bVqjYjQk6mXjK1m3cD0N2kq1yq0v0aX9yz"
	for s, want := range map[string]bool{
		good: true, good + " tim@malphas": true, `restrict,command="a b" ` + good: true,
		good[:len(good)-1]: false, strings.Replace(good, "ed25519 ", "rsa ", 1): false, "ssh-ed25519": false, "": false,
		good + "\n" + good: false, "ssh-ed25519 AAAA": false,
	} {
		if validSSHKey(s) != want {
			t.Errorf("validSSHKey(%q) = %v", s, !want)
		}
	}
}

func TestParseType(t *testing.T) {
	for _, s := range []string{"bool", "int", "float", "string", "path", "listOf string", "attrsOf listOf int", "nullable attrsOf bool"} {
		typ, err := ParseType(s, nil, FieldKinds)
		if err != nil || typ.String() != s {
			t.Errorf("%s: %v, %v", s, typ, err)
		}
	}
	typ, err := ParseType("listOf enum", []string{"a", "b"}, FieldKinds)
	if err != nil || typ.String() != "listOf enum (a, b)" || typ.leaf().Kind != Enum {
		t.Errorf("%v, %v", typ, err)
	}
	for s, values := range map[string][]string{
		"": nil, "listOf": nil, "enum": nil, "string": {"a"}, "string bool": nil, "device": nil, "List": nil,
		strings.Repeat("listOf ", 20) + "string": nil,
	} {
		if typ, err := ParseType(s, values, FieldKinds); err == nil {
			t.Errorf("%q is a type: %v", s, typ)
		}
	}
}

func TestQuoteTOML(t *testing.T) {
	for _, s := range []string{"", "a", `"`, `\`, "a\nb\tc", "\x01\x1f\x7f", "ä€😀", "${x}", "'''"} {
		d, ds := Parse("x", []byte("k = "+quoteTOML(s)+"\n"+quoteKey(s)+".q = 1\n"))
		if len(ds) > 0 || d.root.text("k") != s && s != "k" {
			t.Errorf("%q: %v", s, ds)
		}
		if d.node([]string{s, "q"}) == nil {
			t.Errorf("the key %q is lost", s)
		}
	}
}
