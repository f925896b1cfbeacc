package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/generate"
	"nixgen/layout"
	"nixgen/syntax"
	"nixgen/templates"
)

// FuzzGenerate takes any hosts.toml through the whole of generate, but for the
// disk: nothing panics, positions lie in the file, and what is generated lies
// below its folder, carries its sum, parses, and is the same twice.
func FuzzGenerate(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	env, err := newEnv()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		files, ok := fuzzGenerate(t, env, src)
		if !ok {
			return
		}
		again, _ := fuzzGenerate(t, env, src)
		for i, x := range files {
			if !bytes.Equal(x.Content, again[i].Content) {
				t.Errorf("%s differs between two runs", x.Path)
			}
			checkGenerated(t, x)
		}
	})
}

// fuzzFiles is the tree around the fuzzed hosts.toml.
var fuzzFiles = []string{
	"flake.nix", "hosts.toml", "hosts/a/default.nix", "hosts/a/hardware-configuration.nix", "hosts/b.nix", "home/tim/common/shell.nix",
	"home/tim/opt-in/editors/neovim.nix", "home/tim/hosts/malphas.nix", "modules/common/a.nix", "modules/common/b/nixos.nix",
	"modules/common/b/darwin.nix", "modules/opt-in/desktop/nixos.nix", "modules/opt-in/audio.nix", "modules/lib/option.nix",
}

// fuzzGenerate gives what is generated, and false where hosts.toml is wrong.
func fuzzGenerate(t *testing.T, env fleet.Env, src []byte) ([]generate.File, bool) {
	doc, ds := fleet.Parse(hostsFile, src)
	tiers := doc.Layout()
	inv := layout.Classify(&tiers, fuzzFiles)
	inv.Env(&env)
	fl, more := doc.Load(env)
	ds = append(ds, more...)
	for _, d := range ds {
		if d.Span.Start < 0 || d.Span.End < d.Span.Start || d.Span.End > len(src) {
			t.Errorf("%q: position %v in %d bytes", d.Message, d.Span, len(src))
		}
	}
	if diag.Has(ds, diag.Error) {
		return nil, false
	}
	files, ds := generate.Files(fl, inv, generate.Options{Env: env})
	if diag.Has(ds, diag.Error) {
		return nil, false
	}
	for _, x := range files {
		if !fs.ValidPath(x.Path) || !strings.HasPrefix(x.Path, tiers.Generated+"/") && !strings.Contains(strings.Join(outside, " "), x.Path) {
			t.Errorf("%q lies outside of the generated folder", x.Path)
		}
	}
	p := &project{fleet: fl, env: env}
	record, err := identitiesOf(p).file(tiers.Generated)
	if err != nil {
		t.Error(err)
	}
	return append(files, record), true
}

func checkGenerated(t *testing.T, x generate.File) {
	if generate.Verify(x.Path, x.Content) != generate.Intact {
		t.Errorf("%s does not carry its sum", x.Path)
	}
	if strings.HasSuffix(x.Path, ".nix") {
		if p := syntax.Parse(x.Path, x.Content); !p.OK() {
			t.Errorf("%s does not parse:\n%s", x.Path, x.Content)
		}
	}
}

// seeds are the fleets of this repository and every wrong one of fleet's goldens.
func seeds(f *testing.F) [][]byte {
	var out [][]byte
	starter, err := fs.ReadFile(templates.Starter(), hostsFile)
	if err != nil {
		f.Fatal(err)
	}
	own, err := os.ReadFile(filepath.Join("..", hostsFile))
	if err != nil {
		f.Fatal(err)
	}
	out = append(out, starter, own)
	for _, pattern := range []string{"../fleet/testdata/*/*.txtar", "../testdata/script/*.txtar", "../testdata/disks/*/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			a, err := txtar.ParseFile(name)
			if err != nil {
				f.Fatal(err)
			}
			for _, x := range a.Files {
				if bytes.Contains(x.Data, []byte("[hosts.")) {
					out = append(out, x.Data)
				}
			}
		}
	}
	return out
}
