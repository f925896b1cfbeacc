package generate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/syntax"
)

// FuzzFiles decodes any text as hosts.toml, over the modules of a sample, and
// generates what decodes without an error: nothing may panic, every path stays
// where it belongs, and every file is sealed and parses.
func FuzzFiles(f *testing.F) {
	var paths []string
	for _, name := range sampleNames(f) {
		a, err := txtar.ParseFile("testdata/fleets/" + name + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		for _, x := range a.Files {
			paths = append(paths, x.Name)
			if x.Name == "hosts.toml" {
				f.Add(string(x.Data))
			}
		}
	}
	known := profiles(f)
	f.Fuzz(func(t *testing.T, src string) {
		doc, ds := fleet.Parse("hosts.toml", []byte(src))
		first, _ := doc.Load(fleet.Env{})
		inv := layout.Classify(&first.Layout, paths)
		opt := Options{Env: fleet.Env{Profiles: known}}
		inv.Env(&opt.Env)
		fl, more := doc.Load(opt.Env)
		if diag.Has(append(ds, more...), diag.Error) {
			return
		}
		checkFiles(t, fl, inv, opt)
	})
}

// checkFiles holds what is generated without an error to the laws of the package.
func checkFiles(t *testing.T, fl *fleet.Fleet, inv *layout.Inventory, opt Options) {
	t.Helper()
	files, ds := Files(fl, inv, opt)
	if diag.Has(ds, diag.Error) {
		return
	}
	for i, x := range files {
		if i > 0 && files[i-1].Path >= x.Path {
			t.Errorf("%q and %q are not in order", files[i-1].Path, x.Path)
		}
		if !slices.Contains(Outside(), x.Path) && !strings.HasPrefix(x.Path, fl.Layout.Generated+"/") || strings.Contains("/"+x.Path+"/", "/../") {
			t.Errorf("%q lies outside of %q", x.Path, fl.Layout.Generated)
		}
		if Verify(x.Path, x.Content) != Intact {
			t.Errorf("%s is not sealed", x.Path)
		}
		if strings.HasSuffix(x.Path, ".nix") {
			if errs := syntax.Parse(x.Path, x.Content).Errors(); len(errs) > 0 {
				t.Errorf("%s: %v\n%s", x.Path, errs[0], x.Content)
			}
		}
	}
}

// FuzzWords puts any text into the places of hosts.toml where a person writes
// freely.
func FuzzWords(f *testing.F) {
	f.Add("Tim", "dock", "a.b", "x\ny")
	f.Add("${builtins.abort \"x\"}", "''${x}", "if", "\r\n\t'' $${")
	f.Add("\"", "a b", "../x", "\x7f")
	f.Fuzz(func(t *testing.T, fullName, key, other, text string) {
		var b strings.Builder
		quote := func(s string) string {
			q, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			return string(q)
		}
		fmt.Fprintf(&b, "[users.tim]\nfullName = %s\n", quote(fullName))
		fmt.Fprintf(&b, "[hosts.mac]\nsystem = \"aarch64-darwin\"\nstateVersion = 6\nusers = [\"tim\"]\nhomebrew.casks = [%s]\n", quote(text))
		fmt.Fprintf(&b, "specialArgs = { arg = { %s = %s, list = [%s] } }\n", quote(key), quote(text), quote(other))
		fmt.Fprintf(&b, "homebrew.masApps = { %s = 1 }\ndefaults.CustomUserPreferences = { %s = { %s = %s } }\n", quote(key), quote(other), quote(key), quote(text))
		fmt.Fprintf(&b, "nix.settings = { %s = %s }\nnix.enable = false\n", quote(key), quote(text))
		fl, ds := fleet.Load("hosts.toml", []byte(b.String()), fleet.Env{})
		if diag.Has(ds, diag.Error) {
			return
		}
		checkFiles(t, fl, layout.Classify(&fl.Layout, nil), Options{})
	})
}
