package main

import (
	"crypto/ecdh"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age/plugin"

	"nixgen/fleet"
	"nixgen/secrets"
)

// secretsFleet writes a fleet of 40 hosts beside its repository of secrets. Each
// host has secrets of its own: every other one is declared by hosts.toml, the
// rest by a module.
func secretsFleet(b *testing.B, each int) string {
	b.Helper()
	root := b.TempDir()
	write := func(name, text string) {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			b.Fatal(err)
		}
	}
	var hosts strings.Builder
	fmt.Fprintf(&hosts, "[keys]\nadmin = %q\n", recipient(b, "admin"))
	for i := range 40 {
		name := fmt.Sprintf("host%02d", i)
		fmt.Fprintf(&hosts, "[hosts.%s]\nsystem = \"x86_64-linux\"\nstateVersion = \"25.11\"\nageKey = %q\n", name, recipient(b, name))
		var module, values strings.Builder
		for k := range each {
			if k%2 == 0 {
				fmt.Fprintf(&hosts, "sops.secrets.\"service%d/password\" = { owner = \"root\" }\n", k)
			} else {
				fmt.Fprintf(&module, "  sops.secrets.\"service%d/password\" = { owner = \"root\"; };\n", k)
			}
			fmt.Fprintf(&values, "service%d:\n    password: %s\n", k, benchValue)
		}
		write("fleet/hosts/"+name+"/default.nix", "{ ... }:\n{\n"+module.String()+"}\n")
		write("nix-secrets/sops/"+name+".yaml", values.String()+benchMetadata(recipient(b, "admin"), recipient(b, name)))
	}
	write("fleet/hosts.toml", hosts.String())
	write("fleet/flake.nix", "{ outputs = inputs: import ./generated inputs; }\n")
	f, _ := fleet.Load(hostsFile, []byte(hosts.String()), fleet.Env{})
	all := []string{recipient(b, "admin")}
	for _, h := range f.Hosts {
		all = append(all, h.AgeKey)
	}
	write("nix-secrets/sops/shared.yaml", "db: "+benchValue+"\n"+benchMetadata(all...))
	write("nix-secrets/.sops.yaml", string(secrets.Rules(f)))
	return filepath.Join(root, "fleet")
}

const benchValue = "ENC[AES256_GCM,data:FtpXpGUwTV6iWQ==,iv:68h5sXlpWftGUUZj74ay5EMjqvKl+lVbjNshOp9+Lkw=,tag:mnbiCMurxmRtoykcYFkrxQ==,type:str]"

func benchMetadata(recipients ...string) string {
	s := "sops:\n    age:\n"
	for _, r := range recipients {
		s += "        - enc: |\n            -----BEGIN AGE ENCRYPTED FILE-----\n" + strings.Repeat("            YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSB6WmIvdTNSSEhyOCtLcEdJ\n", 5) +
			"            -----END AGE ENCRYPTED FILE-----\n          recipient: " + r + "\n"
	}
	return s + "    lastmodified: \"2026-01-02T03:04:05Z\"\n    mac: " + benchValue + "\n    unencrypted_suffix: _unencrypted\n    version: 3.13.3\n"
}

func recipient(b *testing.B, name string) string {
	b.Helper()
	sum := sha256.Sum256([]byte(name))
	key, err := ecdh.X25519().NewPrivateKey(sum[:])
	if err != nil {
		b.Fatal(err)
	}
	r, err := plugin.EncodeX25519Recipient(key.PublicKey())
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// BenchmarkSecretsCheck is `nixgen secrets check` on 40 hosts with 400 and with
// 16,000 secrets, from reading hosts.toml and every module on: all but starting
// the process.
func BenchmarkSecretsCheck(b *testing.B) {
	for _, each := range []int{10, 400} {
		b.Run(fmt.Sprint(40*each), func(b *testing.B) {
			dir := secretsFleet(b, each)
			command := func(want int, args ...string) {
				var out strings.Builder
				w := &world{stdin: strings.NewReader(""), stdout: &out, stderr: io.Discard, dir: dir, getenv: func(string) string { return "" }}
				if code := run(args, w); code != want {
					b.Fatalf("%v: exit code %d\n%s", args, code, out.String())
				}
			}
			command(exitOK, "generate", "--quiet")
			for b.Loop() {
				command(exitOK, "secrets", "check")
			}
		})
	}
}
