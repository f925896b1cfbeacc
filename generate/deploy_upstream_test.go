package generate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"nixgen/internal/realnix"
)

// openRollout opens the fleet that tools deploy to, with the real colmena, deploy-rs
// and nixos-anywhere among the inputs, or without them.
func openRollout(t *testing.T, tools bool) *realnix.Fleet {
	t.Helper()
	k := realnix.Upstream(t)
	for _, name := range []string{"colmena", "deploy-rs", "nixos-anywhere"} {
		if _, err := os.Stat(filepath.Join(os.Getenv(realnix.EnvUpstream), name, "flake.nix")); err != nil {
			t.Skipf("needs a checkout of %s beside those of the modules: %v", name, err)
		}
	}
	root := load(t, archive(t, "rollout")).write(t)
	extra := ""
	if tools {
		extra = "_: import " + k.Dir + "/tools.nix"
	}
	f, err := k.Fleet(root, filepath.Join(root, "generated"), extra)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Packages(root, filepath.Join(os.Getenv(realnix.EnvUpstream), "nixos-anywhere")); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestDeployOutputsNeedTheirInput: without the tools there is nothing of them.
func TestDeployOutputsNeedTheirInput(t *testing.T) {
	var got []string
	f := openRollout(t, false)
	if err := f.Eval(&got, `lib.attrNames fleet ++ lib.concatLists (lib.mapAttrsToList (system: apps: map (name: "${system} ${name}") (lib.attrNames apps)) fleet.apps)`); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"colmenaHive", "deploy"} {
		if slices.Contains(got, name) {
			t.Errorf("there is an output `%s`", name)
		}
	}
	want := []string{"aarch64-darwin switch", "aarch64-linux switch", "x86_64-linux switch"}
	var apps []string
	for _, name := range got {
		if strings.Contains(name, " ") {
			apps = append(apps, name)
		}
	}
	if d := cmp.Diff(want, apps); d != "" {
		t.Errorf("apps (-want +got):\n%s", d)
	}
}

// TestColmena: the real makeHive takes the hive, and every node is the host that
// nixosConfigurations has, hostSpec and all.
func TestColmena(t *testing.T) {
	f := openRollout(t, true)
	var got map[string]struct {
		TargetHost, TargetUser string
		TargetPort             *int
		Tags                   []string
		BuildOnTarget          bool
		Where, Toplevel        string
		Complaints             []string
	}
	err := f.Eval(&got, `lib.mapAttrs (name: node: {
  inherit (node.config.deployment) targetHost targetUser targetPort tags buildOnTarget;
  where = node.config.environment.variables.WHERE;
  toplevel = builtins.unsafeDiscardStringContext fleet.colmenaHive.toplevel.${name}.drvPath;
  complaints = (complaints node).failed ++ (complaints node).warnings;
}) fleet.colmenaHive.nodes`)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 {
		t.Fatalf("nodes: %v", got)
	}
	v, b := got["vault"], got["beacon"]
	if v.TargetHost != "10.0.0.2" || v.TargetUser != "deploy" || v.TargetPort == nil || *v.TargetPort != 2222 || !v.BuildOnTarget ||
		!slices.Equal(v.Tags, []string{"storage", "canary"}) || v.Where != "vault" || !strings.HasSuffix(v.Toplevel, ".drv") || len(v.Complaints) > 0 {
		t.Errorf("vault: %+v", v)
	}
	if b.TargetHost != "beacon" || b.TargetUser != "root" || b.TargetPort != nil || !slices.Equal(b.Tags, []string{"rest"}) || b.Where != "beacon" {
		t.Errorf("beacon: %+v", b)
	}
	// the twin: an option of colmena's that is wrong is refused by it
	if said, err := f.EvalFails(`(inputs.colmena.lib.makeHive { meta.nixpkgs = pkgs; x = { deployment.targetPort = "ssh"; }; }).nodes.x.config.deployment.targetPort`); err != nil || !strings.Contains(said, "targetPort") {
		t.Errorf("%v\n%s", err, said)
	}
}

// TestDeployRs: the nodes fit the schema that deploy-rs checks, and each profile
// activates the host.
func TestDeployRs(t *testing.T) {
	f := openRollout(t, true)
	var deploy json.RawMessage
	if err := f.Eval(&deploy, `builtins.fromJSON (builtins.unsafeDiscardStringContext (builtins.toJSON fleet.deploy))`); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(deploy)))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(os.Getenv(realnix.EnvUpstream), "deploy-rs", "interface.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Error(err)
	}
	var got struct {
		Nodes map[string]struct {
			Hostname, SSHUser string
			SSHOpts           []string
			RemoteBuild       bool
			Profiles          struct{ System struct{ User, Path string } }
		}
	}
	if err := json.Unmarshal(deploy, &got); err != nil {
		t.Fatal(err)
	}
	v, m := got.Nodes["vault"], got.Nodes["macbook"]
	if v.Hostname != "10.0.0.2" || v.SSHUser != "deploy" || !slices.Equal(v.SSHOpts, []string{"-p2222"}) || !v.RemoteBuild || v.Profiles.System.User != "root" {
		t.Errorf("vault: %+v", v)
	}
	if m.Hostname != "macbook" || !strings.Contains(m.Profiles.System.Path, "activatable") {
		t.Errorf("macbook: %+v", m)
	}
}

// TestApps: which programs there are for whom, and what they are told.
func TestApps(t *testing.T) {
	f := openRollout(t, true)
	var got map[string][]string
	if err := f.Eval(&got, `lib.mapAttrs (_: lib.attrNames) fleet.apps`); err != nil {
		t.Fatal(err)
	}
	tools := []string{"deploy-canary", "deploy-rest", "install-vault"}
	want := map[string][]string{
		"x86_64-linux": append(slices.Clone(tools), "switch"), "aarch64-linux": append(slices.Clone(tools), "switch"),
		"aarch64-darwin": append(slices.Clone(tools), "switch"), "x86_64-darwin": {"install-vault"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("apps (-want +got):\n%s", d)
	}
	var text map[string]string
	if err := f.Eval(&text, `
let read = app: builtins.unsafeDiscardStringContext app.program; in
builtins.mapAttrs (_: read) fleet.apps.x86_64-linux // { mac = read fleet.apps.aarch64-darwin.switch; }`); err != nil {
		t.Fatal(err)
	}
	for name, path := range text {
		if !strings.HasPrefix(path, "/nix/store/") {
			t.Errorf("%s is %q", name, path)
		}
	}
}
