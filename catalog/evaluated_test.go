package catalog_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nixgen/catalog"
	"nixgen/internal/realnix"
)

// TestExpressionAgainstUpstream evaluates the real nix-darwin, home-manager
// and sops-nix, and compares with the built-in catalog, which other means made
// of the same projects at other revisions.
func TestExpressionAgainstUpstream(t *testing.T) {
	kit := realnix.Upstream(t)
	writeModule(t, filepath.Join(kit.Dir, "nixpkgs/modules/generic/meta-maintainers.nix"), "{ }")
	var found json.RawMessage
	if err := kit.Eval(&found, "("+catalog.Expression+") { inherit inputs; }"); err != nil {
		t.Fatal(err)
	}
	rows, err := catalog.ReadJSON(bytes.NewReader(found))
	if err != nil {
		t.Fatal(err)
	}
	data, err := catalog.Encode(catalog.Builtin().Complete(rows))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "catalog.bin")
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, class := range []catalog.Platform{
		catalog.DarwinClass, catalog.HomeClass, catalog.SopsNixOSClass, catalog.SopsDarwinClass, catalog.SopsHomeClass,
		catalog.HomeOnNixOSClass, catalog.HomeOnDarwinClass, catalog.DiskoClass,
	} {
		all, missing, types, flags := agreement(c, class)
		t.Logf("%v: %d options, of which %d missing, %d of another type, %d with other flags", class, all, missing, types, flags)
		if missing > all/50 || types > all/8 || flags > all/10 {
			t.Errorf("%v does not agree with the built-in catalog", class)
		}
	}
	for path, want := range map[string]string{
		"system.defaults.dock.autohide":                  "null or boolean",
		"nix.gc.dates":                                   "unspecified removed",
		"homebrew.casks.*.args.appdir":                   "null or string",
		"environment.variables":                          "open",
		"users.users.<name>.home":                        "null or path",
		"home-manager.users.x.programs.git.enable":       "boolean",
		"home-manager.users.x.services.dunst.enable":     "boolean linux-only",
		"home-manager.users.x.programs.neovim.viAlias":   "boolean",
		"sops.secrets.x.mode":                            "string",
		"system.defaults.dock.persistent-apps.*.app":     "string",
		"home-manager.users.x.programs.zsh.zproof":       "renamed-to=programs.zsh.zprof",
		"home-manager.users.x.accounts.email.accounts.y": "",
	} {
		o, ok := c.LookupText(catalog.Darwin, path)
		got := o.TypeText() + " " + strings.ReplaceAll(o.FlagWords(), ",", " ")
		for _, w := range strings.Fields(want) {
			if !ok || !strings.Contains(got, w) {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
		if ok == (want == "") {
			t.Errorf("%s: found %v", path, ok)
		}
	}
}

// agreement counts how the options of the built-in catalog fare in another.
func agreement(c *catalog.Catalog, class catalog.Platform) (all, missing, types, flags int) {
	catalog.Builtin().Walk(class, nil, func(path []string, o catalog.Option) bool {
		all++
		other, ok := c.Lookup(class, path)
		switch {
		case !ok:
			missing++
		case other.TypeText() != o.TypeText():
			types++
		case other.FlagWords() != o.FlagWords():
			flags++
		}
		return true
	})
	return all, missing, types, flags
}

// writeModule adds a module of nixpkgs that the kit does not have.
func writeModule(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestReadJSON(t *testing.T) {
	rows, err := catalog.ReadJSON(strings.NewReader(`[
		{"class": "darwin", "path": ["a", "b c"], "type": "null or absolute path", "flags": ["readonly", "internal"]},
		{"class": "home-manager", "path": ["x"], "type": "` + strings.Repeat("é", 300) + `", "flags": []}]`))
	if err != nil {
		t.Fatal(err)
	}
	want := []catalog.Row{
		{Class: catalog.DarwinClass, Path: []string{"a", "b c"}, Type: "null or path", Flags: "internal,readonly"},
		{Class: catalog.HomeClass, Path: []string{"x"}, Type: strings.Repeat("é", 200) + ", …"},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for _, bad := range []string{"", "{}", `[{"class": "beos", "path": ["a"]}]`, `[{"class": "nixos", "path": []}]`} {
		if rows, err := catalog.ReadJSON(strings.NewReader(bad)); err == nil {
			t.Errorf("ReadJSON(%q) = %v", bad, rows)
		}
	}
}

// TestComplete: what was evaluated counts, what cannot be evaluated is added.
func TestComplete(t *testing.T) {
	data, err := catalog.Encode(catalog.Builtin().Complete([]catalog.Row{
		{Class: catalog.HomeClass, Path: []string{"services", "dunst", "enable"}, Type: "new type", Flags: "internal"},
		{Class: catalog.HomeClass, Path: []string{"brandNew"}, Type: "string"},
	}))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "catalog.bin")
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []struct {
		p          catalog.Platform
		path, want string
	}{
		{catalog.Home, "services.dunst.enable", "new type internal,linux-only"},
		{catalog.Home, "brandNew", "string "},
		{catalog.Home, "programs.git.enable", " "}, // home-manager was evaluated without it
		{catalog.Home, "sops.age.keyFile", "null or path not in the Nix store "},
		{catalog.NixOS, "services.openssh.enable", "boolean "},
	} {
		o, _ := c.LookupText(w.p, w.path)
		if got := o.TypeText() + " " + o.FlagWords(); got != w.want {
			t.Errorf("%s: %q, want %q", w.path, got, w.want)
		}
	}
}
