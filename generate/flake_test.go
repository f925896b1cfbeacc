package generate

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"nixgen/internal/realnix"
)

// flake is a hand-owned flake.nix around a generated folder: one line for the
// fleet, and one for checks of its own. Its inputs come from the kit.
const flake = `{
  outputs = { self }: let
    kit = import KIT/entry.nix { };
    inputs = kit.inputs // { inherit self; };
    fleet = import ./generated inputs;
  in
  fleet // {
    checks = kit.lib.recursiveUpdate fleet.checks { x86_64-linux.own = "own"; };
  };
}
`

// TestFlakeSeesWhatGitSees evaluates a fleet as a git+file flake. A module that
// git does not know is none for the flake, so it must be none for generate: the
// second half generates from all files on disk, and fails.
func TestFlakeSeesWhatGitSees(t *testing.T) {
	k := realnix.Upstream(t)
	tracked := archive(t, "small")
	untracked := txtar.File{Name: "modules/common/new.nix", Data: []byte("{ networking.wakeOnLan.enable = true; }\n")}
	all := &txtar.Archive{Files: append(tracked.Files[:1:1], untracked)}
	for _, c := range []struct {
		name  string
		known *txtar.Archive
		fails bool
	}{{"from the index", tracked, false}, {"from the disk", all, true}} {
		t.Run(c.name, func(t *testing.T) {
			r := realnix.NewRepo(t)
			files := map[string]string{"flake.nix": strings.ReplaceAll(flake, "KIT", k.Dir)}
			for _, f := range tracked.Files {
				files[f.Name] = string(f.Data)
			}
			for _, f := range load(t, c.known).files(t) {
				files[f.Path] = string(f.Content)
			}
			r.Write(files)
			r.Git("add", ".")
			r.Write(map[string]string{untracked.Name: string(untracked.Data)})
			var name string
			err := r.Eval(&name, "darwinConfigurations.macbook.config.networking.hostName")
			if c.fails {
				if err == nil || !strings.Contains(err.Error(), untracked.Name) {
					t.Errorf("evaluates to %q, %v", name, err)
				}
				return
			}
			if err != nil || name != "macbook" {
				t.Fatalf("hostName %q, %v", name, err)
			}
			var own string
			if err := r.Eval(&own, "checks.x86_64-linux.own"); err != nil || own != "own" {
				t.Errorf("own check %q, %v", own, err)
			}
			var drv string
			if err := r.Eval(&drv, "checks.x86_64-linux.eval-macbook.drvPath"); err != nil || !strings.HasSuffix(drv, ".drv") {
				t.Errorf("check %q, %v", drv, err)
			}
		})
	}
}
