package generate

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"nixgen/internal/realnix"
)

// TestSecretsUnderUpstream asserts, under the real sops-nix, what becomes of
// hosts.toml in a NixOS system, a Mac and homes, with the stub in place of the
// private input.
func TestSecretsUnderUpstream(t *testing.T) {
	f := open(t, "secrets")
	for configuration, file := range map[string]string{
		"fleet.nixosConfigurations.vault":     "secrets-vault.json",
		"fleet.darwinConfigurations.macbook":  "secrets-macbook.json",
		"fleet.darwinConfigurations.studio":   "secrets-studio.json",
		`fleet.homeConfigurations."tim@work"`: "secrets-work.json",
	} {
		noComplaints(t, f, configuration)
		assertValues(t, f, configuration, "testdata/values/"+file)
	}
}

// TestSecretTwins changes one thing each, so that evaluation must fail and say
// why; the last rows are right.
func TestSecretTwins(t *testing.T) {
	k := realnix.Upstream(t)
	for _, twin := range []struct{ base, from, to, expr, says string }{
		{"data.nix", `domain = "stub"`, `domain = 7`, "fleet.nixosConfigurations.vault", "is not of type `string'"},
		{"data.nix", `domain = "stub"`, `domian = "stub"`, "fleet.darwinConfigurations.macbook", "has no `domain`"},
		{"data.nix", `ssh = 1;`, `ssh = 70000;`, "fleet.darwinConfigurations.studio", "`\"ports.ssh\"'"},
		{"data.nix", `web = null;`, ``, `fleet.homeConfigurations."tim@work"`, "`ports.web`"},
		{"data.nix", `email = { };`, `email.me = [ ];`, "fleet.nixosConfigurations.vault", "email.me"},
		{"default.nix", `= "sops/shared.yaml"`, `= "sops/shraed.yaml"`, "fleet.darwinConfigurations.macbook", "sops/shraed.yaml"},
		{"default.nix", `{ secret = "backup/key"; }`, `{ secret = "backup/kye"; }`, "fleet.darwinConfigurations.macbook", "backup/kye"},
		{"default.nix", `owner = "tim";`, `owner = 7;`, "fleet.darwinConfigurations.macbook", "owner"},
		{"default.nix", "input = \"nix-secrets\";\n  };", "input = \"secrets\";\n  };", "fleet.darwinConfigurations.studio", "needs the flake input `secrets` (secrets)"},
		{"default.nix", "input = \"nix-secrets\";\n  };", "input = \"my-secrets\";\n  };", "fleet.darwinConfigurations.studio", `inputs.my-secrets.url = "…"`},
		{"data.nix", `email = { };`, `email.me = "x";`, "fleet.nixosConfigurations.vault", ""},
		{"data.nix", `extra = { };`, `extra = _: 7;`, "fleet.darwinConfigurations.studio", ""},
	} {
		root := load(t, archive(t, "secrets")).writeWith(t, twin.base, twin.from, twin.to)
		f, err := k.Fleet(root, filepath.Join(root, "generated"), sampleInputs)
		if err != nil {
			t.Fatal(err)
		}
		f.Twin(t, twin.to, "let c = "+twin.expr+"; in drvPath (if c ? system || c ? activationPackage then c else { system = c.config.system.build.toplevel; })", twin.says)
	}
}

// TestWithoutSecretInputs leaves an input out: what needs it is named, with the
// line to add.
func TestWithoutSecretInputs(t *testing.T) {
	f := open(t, "secrets")
	for input, says := range map[string]string{
		"nix-secrets": `inputs.nix-secrets.url = "git+ssh://`,
		"sops-nix":    `inputs.sops-nix.url = "github:Mic92/sops-nix"`,
	} {
		said, err := f.EvalFails(`(import (inputs.self.outPath + "/generated") (removeAttrs inputs [ "` + input + `" ])).nixosConfigurations.vault.config.sops.secrets`)
		if err != nil || !strings.Contains(said, says) {
			t.Errorf("without %s: %v\n%s", input, err, said)
		}
	}
	var got []string
	if err := f.Eval(&got, `builtins.attrNames ((import (inputs.self.outPath + "/generated") (removeAttrs inputs [ "nix-secrets" ])).nixosConfigurations)`); err != nil || len(got) != 1 {
		t.Errorf("names of hosts need the secrets: %v, %v", got, err)
	}
}

// TestDocumentedSecrets evaluates what docs/secrets.md shows: its hosts.toml,
// its module, and the checks with the stub.
func TestDocumentedSecrets(t *testing.T) {
	doc, err := os.ReadFile("../docs/secrets.md")
	if err != nil {
		t.Fatal(err)
	}
	toml := regexp.MustCompile("(?s)```toml\n(.*?)```").FindSubmatch(doc)
	module := regexp.MustCompile("(?s)```nix\n(\\{ config, .*?)```").FindSubmatch(doc)
	if toml == nil || module == nil {
		t.Fatal("docs/secrets.md shows no hosts.toml or no module")
	}
	k := realnix.Upstream(t)
	root := load(t, &txtar.Archive{Files: []txtar.File{
		{Name: "hosts.toml", Data: append(toml[1], "[hosts.desktop.disks.main]\nprofile = \"desktop-btrfs\"\ndevice = \"/dev/sda\"\n"...)},
		{Name: "hosts/desktop/default.nix", Data: module[1]},
	}}).write(t)
	f, err := k.Fleet(root, filepath.Join(root, "generated"), "")
	if err != nil {
		t.Fatal(err)
	}
	noComplaints(t, f, "fleet.nixosConfigurations.desktop")
	var got []string
	if err := f.Eval(&got, `
		let c = fleet.nixosConfigurations.desktop.config; in
		builtins.attrNames c.sops.secrets ++ [ c.networking.domain c.users.users.me.hashedPasswordFile c.home-manager.users.me.sops.secrets."forge/token".mode ]`); err != nil {
		t.Fatal(err)
	}
	want := []string{"backup/key", "passwords/me", "tailscale/auth-key", "wifi/home", "stub", "/run/secrets-for-users/passwords/me", "0400"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
