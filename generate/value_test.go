package generate

import (
	"testing"

	"nixgen/fleet"
	"nixgen/syntax"
)

func TestRelative(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"generated", "generated/lib/fleet.nix", "./lib/fleet.nix"},
		{"generated/hosts/a", "generated/lib/fleet.nix", "../../lib/fleet.nix"},
		{"generated/hosts/a", "modules/a.nix", "../../../modules/a.nix"},
		{"nix/generated/hosts/a", "nix/hosts/a/default.nix", "../../../hosts/a/default.nix"},
		{"nix/generated", "nix/generatedx/a.nix", "../generatedx/a.nix"},
		{"nix/generatedx", "nix/generated/a.nix", "../generated/a.nix"},
		{".", "overlays", "./overlays"},
		{"a/b", "a/b", "./."},
		{"a/b", "a", "../."},
	} {
		if got := relative(c.from, c.to); string(got) != c.want {
			t.Errorf("relative(%q, %q) = %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// TestTreeNeverRepeatsAKey sets options in different orders.
func TestTreeNeverRepeatsAKey(t *testing.T) {
	orders := [][]string{{"a.b.c", "a.b.d", "a.e", "f.g.h"}, {"f.g.h", "a.e", "a.b.d", "a.b.c"}}
	const want = `{
  a = {
    b = {
      c = 1;
      d = 1;
    };
    e = 1;
  };
  f.g.h = 1;
}
`
	for _, order := range orders {
		var x tree
		for _, o := range order {
			x.option(o, syntax.Int(1))
		}
		got, err := syntax.Format(x.attrs())
		if err != nil || string(got) != want {
			t.Errorf("%v: %v\n%s", order, err, got)
		}
	}
}

// TestValue prints every kind of value that hosts.toml can hold.
func TestValue(t *testing.T) {
	v := map[string]fleet.Value{
		"null": nil, "bool": true, "int": int64(-1), "float": 0.5, "string": "${x}", "lines": "a\nb\n", "path": fleet.Path("art/sea.png"),
		"list": []any{"a", int64(2)}, "one": map[string]any{"two": map[string]any{"three.four": "x"}}, "empty": map[string]any{},
	}
	got, err := syntax.Format(object("generated/hosts/a", v))
	const want = `{
  bool = true;
  empty = { };
  float = 0.5;
  int = -1;
  lines = ''
    a
    b
  '';
  list = [
    "a"
    2
  ];
  null = null;
  one.two."three.four" = "x";
  path = ../../../art/sea.png;
  string = "\${x}";
}
`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}
