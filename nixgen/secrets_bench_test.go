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

// secretsFleet writes a fleet of 40 hosts, each with 10 secrets of its own that
// a module declares, beside its repository of secrets.
func secretsFleet(b *testing.B) string {
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
		for k := range 10 {
			fmt.Fprintf(&module, "  sops.secrets.\"service%d/password\" = { owner = \"root\"; };\n", k)
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

// BenchmarkSecretsCheck is `nixgen secrets check` on 40 hosts with 400 secrets,
// from reading hosts.toml and every module on: all but starting the process.
func BenchmarkSecretsCheck(b *testing.B) {
	dir := secretsFleet(b)
	for b.Loop() {
		var out strings.Builder
		w := &world{stdin: strings.NewReader(""), stdout: &out, stderr: io.Discard, dir: dir, getenv: func(string) string { return "" }}
		if code := run([]string{"secrets", "check"}, w); code != exitOK {
			b.Fatalf("exit code %d\n%s", code, out.String())
		}
	}
}

// BenchmarkGraph is `nixgen graph` for the same fleet, as each of its formats.
func BenchmarkGraph(b *testing.B) {
	dir := secretsFleet(b)
	for _, format := range []string{"svg", "mermaid", "html"} {
		b.Run(format, func(b *testing.B) {
			for b.Loop() {
				var out strings.Builder
				w := &world{stdin: strings.NewReader(""), stdout: &out, stderr: io.Discard, dir: dir, getenv: func(string) string { return "" }}
				if code := run([]string{"graph", "--format", format}, w); code != exitOK || !strings.Contains(out.String(), "host39.yaml") {
					b.Fatalf("exit code %d\n%.200s", code, out.String())
				}
			}
		})
	}
}
