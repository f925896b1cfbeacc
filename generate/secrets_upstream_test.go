package generate

import (
	"path/filepath"
	"strings"
	"testing"

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
		said, err := f.EvalFails("let c = " + twin.expr + "; in drvPath (if c ? system || c ? activationPackage then c else { system = c.config.system.build.toplevel; })")
		switch {
		case twin.says == "" && err == nil:
			t.Errorf("%s fails: %s", twin.to, said)
		case twin.says != "" && err != nil:
			t.Errorf("%s: %v", twin.to, err)
		case !strings.Contains(said, twin.says):
			t.Errorf("%s: the error does not say %q:\n%s", twin.to, twin.says, said)
		}
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
