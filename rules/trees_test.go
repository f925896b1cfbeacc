package rules

import (
	"testing"

	"nixgen/lint/linttest"
)

// TestTrees: near misses that need a tree of their own, each beside its twin.
func TestTrees(t *testing.T) {
	empty := "# {\n#   a = 1;\n# }\n"
	module := "{ inputs, ... }: { imports = [ inputs.disko.nixosModules.disko ]; }\n"
	for _, c := range []struct {
		name, rule string
		files      map[string]string
		want       int
	}{
		{"an empty file that is imported", "syntax-error", map[string]string{"x.nix": "{ imports = [ ./off ]; }", "off/default.nix": empty}, 1},
		{"an empty file whose import is commented out", "syntax-error", map[string]string{"x.nix": "{ imports = [ /* ./off */ ]; }", "off/default.nix": empty}, 0},
		{"an empty file that nothing names", "syntax-error", map[string]string{"x.nix": "{ imports = [ ./on ]; }", "off/default.nix": empty}, 0},
		{"a flake with inputs", "undeclared-input", map[string]string{"flake.nix": "{ inputs.a.url = \"a\"; outputs = { a, ... }@inputs: { }; }", "x.nix": module}, 1},
		{"inputs that do not come from the flake", "undeclared-input", map[string]string{"flake.nix": "{ outputs = _: import ./. { }; }", "x.nix": module}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := linttest.Find(t, All, c.rule, c.files); len(got) != c.want {
				t.Errorf("%d findings, want %d: %v", len(got), c.want, got)
			}
		})
	}
}
