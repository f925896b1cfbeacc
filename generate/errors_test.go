package generate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/layout"
)

// TestWhatIsNotThere asks for modules and files that the tree does not have.
// The fleet is loaded without knowledge of the tree, so that nobody has
// complained before.
func TestWhatIsNotThere(t *testing.T) {
	for _, c := range []struct{ name, host, want string }{
		{"nothing", ``, ""},
		{"opt-in module", `optIn = ["gaming"]`, "error: host `a` subscribes to `gaming`, which has no module for nixos"},
		{"opt-in module of the other platform", `optIn = ["dock"]`, "error: host `a` subscribes to `dock`, which has no module for nixos"},
		{"home module", "homeStateVersion = \"25.11\"\nhome.tim.optIn = [\"vim\"]", "error: host `a` subscribes to `vim`, which has no module for nixos"},
		{"file", `files = ["extra/a.nix"]`, "error: host `a` imports `extra/a.nix`, which does not exist or is unknown to git"},
		{"file that is there", `files = ["modules/opt-in/dock/darwin.nix"]`, ""},
		{"home file", "homeStateVersion = \"25.11\"\nhome.tim.files = [\"extra/b.nix\"]", "error: host `a` imports `extra/b.nix`, which does not exist or is unknown to git"},
		{"hardware file", `hardware = "hosts/a/hw.nix"`, "error: host `a` imports `hosts/a/hw.nix`, which does not exist or is unknown to git"},
		{"disk file", `disks.main = { file = "hosts/a/disks.nix" }`, "error: host `a` imports `hosts/a/disks.nix`, which does not exist or is unknown to git"},
	} {
		src := "[users.tim]\nadmin = true\n[hosts.a]\nsystem = \"x86_64-linux\"\nstateVersion = \"25.11\"\nusers = [\"tim\"]\n" + c.host + "\n"
		f, ds := fleet.Load("hosts.toml", []byte(src), fleet.Env{})
		for _, d := range ds {
			if d.Severity == diag.Error {
				t.Fatalf("%s: %s", c.name, d.Message)
			}
		}
		inv := layout.Classify(&f.Layout, []string{"modules/opt-in/dock/darwin.nix"})
		_, ds = Files(f, inv, Options{})
		var got []string
		for _, d := range ds {
			got = append(got, fmt.Sprintf("%s: %s", d.Severity, d.Message))
			if at := src[d.Span.Start:d.Span.End]; at != "a" {
				t.Errorf("%s: points at %q", c.name, at)
			}
		}
		if d := cmp.Diff(c.want, strings.Join(got, "\n")); d != "" {
			t.Errorf("%s: -want +got\n%s", c.name, d)
		}
	}
}

// TestFacter has the report read by NixOS itself, or by the flake input where
// the flake has it.
func TestFacter(t *testing.T) {
	for _, c := range []struct {
		inputs []string
		want   []string
	}{
		{nil, []string{"hardware.facter.reportPath = ../../../hosts/malphas/facter.json;"}},
		{[]string{"nixos-facter-modules"}, []string{
			"\n  facter.reportPath = ../../../hosts/malphas/facter.json;",
			`"nixos-facter-modules.nixosModules.facter" = "hosts.malphas.facter";`,
		}},
	} {
		s := load(t, archive(t, "nixos"))
		s.opt.Env.Inputs = c.inputs
		all := &txtar.Archive{}
		for _, f := range s.files(t) {
			all.Files = append(all.Files, txtar.File{Name: f.Path, Data: f.Content})
		}
		for _, w := range c.want {
			if !strings.Contains(string(txtar.Format(all)), w) {
				t.Errorf("with inputs %q: no %q", c.inputs, w)
			}
		}
	}
}
