package generate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/secrets"
)

// TestSecretDiagnostics holds what generate itself says about secrets.
func TestSecretDiagnostics(t *testing.T) {
	const pc = "[hosts.pc]\nsystem = \"x86_64-linux\"\nstateVersion = \"25.11\"\n"
	const mac = "[hosts.mac]\nsystem = \"aarch64-darwin\"\nstateVersion = 6\n"
	all := []string{"nixpkgs", "sops-nix", "nix-secrets"}
	for _, c := range []struct {
		name, toml string
		inputs     []string
		want       []string
	}{
		{"nothing to say", pc + "sops.secrets.x = {}\n", all, nil},
		{"a table alone", "[secrets]\n" + pc, []string{"nixpkgs"}, nil},
		{"no sops-nix", pc + "sops.secrets.x = {}\n", []string{"nixpkgs", "nix-secrets"}, []string{
			"warning: `sops` needs the flake input `sops-nix`; add to the inputs of flake.nix: `sops-nix.url = \"github:Mic92/sops-nix\";`",
		}},
		{"neither", pc + "sops.secrets.x = {}\n", []string{"nixpkgs"}, []string{
			"warning: `secrets` needs the flake input `nix-secrets`; add to the inputs of flake.nix: `nix-secrets.url = \"git+ssh://git@github.com/YOU/nix-secrets\";`",
			"warning: `sops` needs the flake input `sops-nix`; add to the inputs of flake.nix: `sops-nix.url = \"github:Mic92/sops-nix\";`",
		}},
		{"a known address", "[secrets]\nurl = \"git+ssh://git@example.org/s\"\nplain.domain = \"string\"\n" + pc, []string{"nixpkgs"}, []string{
			"warning: `secrets` needs the flake input `nix-secrets`; add to the inputs of flake.nix: `nix-secrets.url = \"git+ssh://git@example.org/s\";`",
		}},
		{"unknown inputs", pc + "sops.secrets.x = {}\n", nil, nil},
		{"the key of a Mac", mac + "sops.secrets.x = {}\n", all, []string{
			"info: host `mac` decrypts with `/etc/ssh/ssh_host_ed25519_key`, which a Mac has only once Remote Login was on (System Settings, General, Sharing); or name another key in `sops.age.keyFile`",
		}},
		{"another key of a Mac", mac + "sops = { age.keyFile = \"/var/lib/key.txt\", secrets.x = {} }\n", all, nil},
		{"wired by hand", "[layout]\nwiring = \"manual\"\n" + pc + "sops.secrets.x = {}\n", all, []string{
			"warning: `sops` and `secrets.plain` have no effect where `layout.wiring` is `manual`: the modules are your own",
		}},
	} {
		f, ds := fleet.Load("hosts.toml", []byte(c.toml), fleet.Env{})
		if len(ds) > 0 {
			t.Fatalf("%s: %v", c.name, ds)
		}
		_, ds = Files(f, layout.Classify(&f.Layout, nil), Options{Env: fleet.Env{Inputs: c.inputs}})
		var got []string
		for _, d := range ds {
			got = append(got, d.Severity.String()+": "+d.Message)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: -want +got\n%s", c.name, d)
		}
	}
}

// TestStubHasTheKeys reads the stub as secrets are read, and looks for every key
// that hosts.toml declares in it.
func TestStubHasTheKeys(t *testing.T) {
	s := load(t, archive(t, "secrets"))
	stub := map[string]*secrets.File{}
	for _, f := range s.files(t) {
		name, ok := strings.CutPrefix(f.Path, "generated/"+stubFolder+"/")
		if !ok || !secrets.Readable(name) {
			continue
		}
		file, ds := secrets.Parse(name, f.Content)
		if len(ds) > 0 {
			t.Fatalf("%s: %v", name, ds)
		}
		if file.Encrypted {
			t.Errorf("%s claims to be encrypted", name)
		}
		stub[name] = file
	}
	keys := 0
	look := func(x *fleet.Sops) {
		for _, secret := range x.Secrets {
			if !secrets.Readable(secret.File) {
				continue
			}
			keys++
			if f := stub[secret.File]; f == nil || f.Key(secret.Key) == nil || !f.Key(secret.Key).Leaf {
				t.Errorf("the stub has no `%s` in %s", secret.Key, secret.File)
			}
		}
	}
	for _, h := range s.fleet.Hosts {
		if h.Sops != nil {
			look(h.Sops)
		}
		for _, a := range h.Users {
			if a.HomeManager != nil && a.HomeManager.Sops != nil {
				look(a.HomeManager.Sops)
			}
		}
	}
	if keys < 8 {
		t.Errorf("only %d keys looked for", keys)
	}
}
