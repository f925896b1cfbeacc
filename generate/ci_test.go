package generate

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"nixgen/fleet"
	"nixgen/internal/realnix"
	"nixgen/templates"
)

// workflow is what tests read of a workflow.
type workflow struct {
	Name        string
	On          map[string]any
	Permissions map[string]string
	Jobs        map[string]struct {
		RunsOn  string `yaml:"runs-on"`
		Timeout int    `yaml:"timeout-minutes"`
		Needs   any    // the name of a job, or a list of such
		// Permissions of the job, where it has others.
		Permissions map[string]string
		Steps       []struct {
			Uses, Run, ID, Name string
			Env                 map[string]string
		}
	}
}

// pinned is an action at one version, not at a branch or a moving tag.
var pinned = regexp.MustCompile(`^[a-z0-9-]+/[a-z0-9-]+@v[0-9]+\.[0-9]+\.[0-9]+$`)

// jobPermissions are those of the only job that may do more than read: it starts
// nothing that was built, and no program of the fleet.
var jobPermissions = map[string]map[string]string{
	"ci/nixgen-update.yml request": {"contents": "write", "pull-requests": "write"},
}

func jobNames(needs any) []string {
	switch needs := needs.(type) {
	case string:
		return []string{needs}
	case []any:
		var out []string
		for _, n := range needs {
			out = append(out, n.(string))
		}
		return out
	}
	return nil
}

// TestWorkflows: every workflow that can be asked for is there and is YAML that
// GitHub takes, asks for nothing but to read, pins its actions, bounds its time;
// its shell is clean and sees values as variables alone.
func TestWorkflows(t *testing.T) {
	files, err := fs.Glob(templates.FS, "ci/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, name := range fleet.Workflows {
		want = append(want, "ci/nixgen-"+name+".yml")
	}
	if !slices.Equal(files, want) {
		t.Errorf("templates %q, and hosts.toml may ask for %q", files, want)
	}
	scripts := map[string]string{}
	for _, name := range files {
		var w workflow
		if err := yaml.Unmarshal(templates.Read(name), &w); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if w.Permissions["contents"] != "read" || len(w.Permissions) != 1 || len(w.On) == 0 || len(w.Jobs) == 0 {
			t.Errorf("%s: %+v", name, w)
		}
		for id, job := range w.Jobs {
			if job.RunsOn == "" || job.Timeout == 0 || len(job.Steps) == 0 {
				t.Errorf("%s: job %s: %+v", name, id, job)
			}
			for _, needed := range jobNames(job.Needs) {
				if _, ok := w.Jobs[needed]; !ok {
					t.Errorf("%s: job %s needs `%s`", name, id, needed)
				}
			}
			if want := jobPermissions[name+" "+id]; !maps.Equal(job.Permissions, want) {
				t.Errorf("%s: job %s has the permissions %v, want %v", name, id, job.Permissions, want)
			}
			for i, step := range job.Steps {
				if step.Uses != "" && !pinned.MatchString(step.Uses) {
					t.Errorf("%s: `%s` is not one version", name, step.Uses)
				}
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: an expression stands inside of shell: %s", name, step.Run)
				}
				if step.Run != "" {
					env := "#!/bin/bash\nGITHUB_OUTPUT=/dev/null\n"
					for _, v := range slices.Sorted(maps.Keys(step.Env)) {
						env += v + "=x\n"
					}
					scripts[strings.ReplaceAll(name, "/", "-")+"-"+id+"-"+string(rune('a'+i))] = env + step.Run
				}
			}
		}
	}
	if len(scripts) < 4 {
		t.Errorf("%d scripts: the test sees too few", len(scripts))
	}
	realnix.Shellcheck(t, scripts, "SC2034") // what shell sees only in Nix
}

// TestMatrix: every row of the flake's output names something that exists.
func TestMatrix(t *testing.T) {
	f := openRollout(t, false)
	var rows []struct{ Host, System, Runner, Attribute, Options, Drv string }
	err := f.Eval(&rows, `map (row: row // {
  drv = builtins.unsafeDiscardStringContext (lib.getAttrFromPath (lib.splitString "." row.attribute) fleet).drvPath;
}) fleet.githubMatrix.include`)
	if err != nil {
		t.Fatal(err)
	}
	runners := map[string]string{}
	for _, r := range rows {
		runners[r.Host] = r.Runner
		if !strings.HasSuffix(r.Drv, ".drv") {
			t.Errorf("%+v", r)
		}
	}
	want := map[string]string{"beacon": "my-pi", "macbook": "macos-15", "vault": "ubuntu-24.04", "work": "ubuntu-24.04"}
	if !maps.Equal(runners, want) {
		t.Errorf("runners %v, want %v", runners, want)
	}
}
