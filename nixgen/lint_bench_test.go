package main

import (
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkLint runs the whole command, cold: 300 modules that ten hosts read,
// one changed file of this repository's fleet, a generated file of 1.7 MB, and
// with NIXGEN_UPSTREAM all of home-manager with every rule on. ns/op is wall
// time with the start of the process; CPU and memory are the process's own.
func BenchmarkLint(b *testing.B) {
	fleet := b.TempDir()
	wideFleet(b, fleet, 300, 10)
	b.Run("fleet/modules=300/hosts=10", func(b *testing.B) { measureLint(b, fleet) })
	root, err := filepath.Abs("..")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("file", func(b *testing.B) { measureLint(b, root, "nix/modules/common/shell/default.nix") })
	large := b.TempDir()
	write(b, large, map[string]string{"packages.nix": packageSet(1_700_000)})
	b.Run("generated/1.7MB", func(b *testing.B) { measureLint(b, large, "--enable", "style", ".") })
	b.Run("home-manager", func(b *testing.B) {
		up := os.Getenv("NIXGEN_UPSTREAM")
		if up == "" {
			b.Skip("NIXGEN_UPSTREAM names no checkouts")
		}
		measureLint(b, filepath.Join(up, "home-manager"), "--enable", "style", ".")
	})
}

func measureLint(b *testing.B, dir string, args ...string) {
	var cpu, mem float64
	for b.Loop() {
		cmd := nixgen(dir, append([]string{"lint"}, args...)...)
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitAttention) {
			b.Fatal(err)
		}
		cpu += (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
		mem = max(mem, peak(cmd.ProcessState))
	}
	b.ReportMetric(cpu/float64(b.N), "cpu-s/op")
	b.ReportMetric(mem/1024, "peak-MB")
}

// wideFleet has common modules that every host reads; every fifth is a Mac.
func wideFleet(b *testing.B, dir string, modules, hosts int) {
	files := map[string]string{}
	var toml strings.Builder
	for i := range hosts {
		system, version := "x86_64-linux", `"25.11"`
		if i%5 == 0 {
			system, version = "aarch64-darwin", "6"
		}
		fmt.Fprintf(&toml, "[hosts.h%d]\nsystem = %q\nstateVersion = %s\n", i, system, version)
	}
	files["hosts.toml"] = toml.String()
	for i := range modules {
		files[fmt.Sprintf("modules/common/m%d.nix", i)] = fmt.Sprintf(`{ config, lib, pkgs, hostSpec, ... }:
let
  cfg = config.services.s%d;
in
{
  environment.systemPackages = with pkgs; [ git curl vim ripgrep ];
  environment.variables.EDITOR%d = lib.mkDefault "vim";
  services = { openssh.enable = true; } // lib.optionalAttrs (!hostSpec.isDarwin) { fwupd.enable = true; };
  nix.settings = { experimental-features = [ "nix-command" "flakes" ]; max-jobs = %d; };
  programs.zsh = lib.mkIf (!hostSpec.isServer) { enable = true; };
  users.users.tim = { home = if hostSpec.isDarwin then "/Users/tim" else "/home/tim"; };
}
`, i, i, i)
	}
	write(b, dir, files)
}

// packageSet is a set of packages as a generator writes it, of a size in bytes.
func packageSet(size int) string {
	var t strings.Builder
	t.WriteString("{ fetchurl, ... }:\n{\n")
	for i := 0; t.Len() < size; i++ {
		sum := sha512.Sum512([]byte{byte(i), byte(i >> 8)})
		fmt.Fprintf(&t, `  "package-%[1]d-1.0.0" = {
    name = "package-%[1]d";
    version = "1.0.0";
    src = fetchurl {
      url = "https://registry.example.org/package-%[1]d/-/package-%[1]d-1.0.0.tgz";
      sha512 = "sha512-%[2]s";
    };
  };
`, i, base64.StdEncoding.EncodeToString(sum[:]))
	}
	t.WriteString("}\n")
	return t.String()
}
