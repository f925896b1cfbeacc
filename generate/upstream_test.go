package generate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nixgen/internal/realnix"
)

// write lays the sample and what is generated from it out in a new folder, and
// gives the folder.
func (s *sample) write(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	for _, f := range s.archive.Files {
		writeFile(t, filepath.Join(root, f.Name), f.Data)
	}
	for _, f := range s.files(t) {
		writeFile(t, filepath.Join(root, f.Path), f.Content)
	}
	return root
}

func writeFile(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestEveryFileParses asks the real Nix about every generated file.
func TestEveryFileParses(t *testing.T) {
	nix := realnix.Require(t)
	for _, name := range sampleNames(t) {
		s := load(t, archive(t, name))
		root := s.write(t)
		var files []string
		for _, f := range s.files(t) {
			if strings.HasSuffix(f.Path, ".nix") {
				files = append(files, filepath.Join(root, f.Path))
			}
		}
		if err := nix.Parse(files...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// sampleInputs are flake inputs beside those of the kit: stand-ins that say who
// they are, so that a test sees them arrive.
const sampleInputs = `known:
let
  inherit (known.nixpkgs) lib;
  mark = name: { options.marks.${name} = lib.mkOption { default = true; }; };
  platforms = name: {
    nixosModules.${name} = mark name;
    darwinModules.${name} = mark name;
    homeModules.${name} = mark name;
  };
in
{
  nixpkgs-darwin = known.nixpkgs // { marker = "darwin"; };
  nixpkgs-stable = known.nixpkgs;
  nix-homebrew = platforms "nix-homebrew";
  stylix = platforms "stylix";
  nixvim = platforms "nixvim";
  nixos-hardware.nixosModules.framework-13-7040-amd = mark "framework";
  tools.overlays.default = final: _: {
    fromTools = "tools";
    darwin.linux-builder = final.hello // {
      override = _: final.hello // { nixosConfig.networking.hostName = "builder"; };
    };
  };
}`

// open evaluates a sample under the real upstream modules.
func open(t *testing.T, name string) *realnix.Fleet {
	t.Helper()
	k := realnix.Upstream(t)
	root := load(t, archive(t, name)).write(t)
	f, err := k.Fleet(root, filepath.Join(root, "generated"), sampleInputs)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// samples opens each sample once.
type samples struct {
	t    *testing.T
	open map[string]*realnix.Fleet
}

func (s *samples) get(name string) *realnix.Fleet {
	s.t.Helper()
	if s.open == nil {
		s.open = map[string]*realnix.Fleet{}
	}
	if s.open[name] == nil {
		s.open[name] = open(s.t, name)
	}
	return s.open[name]
}

// TestFactsOfAHandWiredFleet reads hostSpec with the lib alone.
func TestFactsOfAHandWiredFleet(t *testing.T) {
	k := realnix.Upstream(t)
	root := load(t, archive(t, "manual")).write(t)
	var got map[string]map[string]any
	if err := k.Eval(&got, "import "+root+"/nix/generated { inherit lib; }"); err != nil {
		t.Fatal(err)
	}
	if s := got["malphas"]; len(got) != 1 || s["hostName"] != "malphas" || s["isDarwin"] != false {
		t.Errorf("facts %v", got)
	}
}

// noComplaints wants a configuration without failed assertions and warnings that
// evaluates completely.
func noComplaints(t *testing.T, f *realnix.Fleet, configuration string) {
	t.Helper()
	var got struct{ Failed, Warnings []string }
	if err := f.Eval(&got, "complaints "+configuration); err != nil {
		t.Errorf("%s: %v", configuration, err)
	}
	if len(got.Failed)+len(got.Warnings) > 0 {
		t.Errorf("%s: failed assertions %q, warnings %q", configuration, got.Failed, got.Warnings)
	}
	var drv string
	whole := "let c = " + configuration + "; in drvPath (if c ? system || c ? activationPackage then c else { system = c.config.system.build.toplevel; })"
	if err := f.Eval(&drv, whole); err != nil || !strings.HasSuffix(drv, ".drv") {
		t.Errorf("%s: drvPath %q, %v", configuration, drv, err)
	}
}

// TestMacs evaluates Macs to their complete systems.
func TestMacs(t *testing.T) {
	for sample, hosts := range map[string][]string{"small": {"macbook"}, "mac": {"studio", "air"}} {
		t.Run(sample, func(t *testing.T) {
			f := open(t, sample)
			for _, h := range hosts {
				noComplaints(t, f, "fleet.darwinConfigurations."+h)
			}
		})
	}
}

// TestMacOptions asserts what each supported key of a Mac becomes.
func TestMacOptions(t *testing.T) {
	f := open(t, "mac")
	assertValues(t, f, "fleet.darwinConfigurations.studio", "testdata/values/studio.json")
	assertValues(t, f, "fleet.darwinConfigurations.air", "testdata/values/air.json")
}

// assertValues compares a configuration with a file that maps expressions over
// its config and pkgs to their values.
func assertValues(t *testing.T, f *realnix.Fleet, configuration, file string) {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(src, &want); err != nil {
		t.Fatal(err)
	}
	exprs := []string{}
	for path := range want {
		exprs = append(exprs, strings.ReplaceAll(nixString(path), "\n", " ")+" = "+path+";")
	}
	var got map[string]any
	if err := f.Eval(&got, "let inherit ("+configuration+") config pkgs; in { "+strings.Join(exprs, "\n")+" }"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s: -want +got\n%s", file, d)
	}
}

func nixString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "${", `\${`).Replace(s) + `"`
}

// TestReportOfFacterArrives: nixos-anywhere writes the report and builds at once,
// with what was generated before.
func TestReportOfFacterArrives(t *testing.T) {
	k := realnix.Upstream(t)
	root := load(t, archive(t, "fresh")).write(t)
	f, err := k.Fleet(root, filepath.Join(root, "generated"), "")
	if err != nil {
		t.Fatal(err)
	}
	var report any
	const path = "toString (fleet.nixosConfigurations.attic.config.hardware.facter.reportPath or null)"
	if err := f.Eval(&report, path); err != nil || report != "" {
		t.Errorf("before: %v, %v", report, err)
	}
	name := filepath.Join(root, "hosts/attic/facter.json")
	writeFile(t, name, []byte(`{"version": 1, "system": "x86_64-linux"}`))
	if err := f.Eval(&report, path); err != nil || report != name {
		t.Errorf("after: %v, want %s, %v", report, name, err)
	}
}
