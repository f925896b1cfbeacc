package rules

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var linuxOnlyPackage = &lint.Rule{
	ID: "linux-only-package", Severity: diag.Warning, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "a package that nixpkgs has for Linux only, on a Mac",
		Why: `nixpkgs refuses to evaluate a package on a platform that its meta.platforms does
not list. The list of packages here is short: programs of the Linux desktop, of
its kernel interfaces and of its audio and display servers, each read in its
file of nixpkgs (rules/linux_packages.tsv). Where something serves instead on a
Mac, the finding names it.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/packages.nix --
{ pkgs, ... }: { environment.systemPackages = with pkgs; [ git pavucontrol ]; }
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/packages.nix --
{ pkgs, lib, ... }:
{ environment.systemPackages = [ pkgs.git ] ++ lib.optional pkgs.stdenv.isLinux pkgs.pavucontrol; }
`,
	},
	Run: func(p *lint.Pass) {
		if linux(p.Host) {
			return
		}
		eachOption(p, isPackages, func(o *optionPass, s *setting, at *spot) {
			if s.active(nil) == outline.True {
				o.linuxPackages(s)
			}
		})
	},
}

var packageLists = map[string]bool{"environment.systemPackages": true, "home.packages": true, "fonts.packages": true}

// linuxPackagesText lists packages with the file of nixpkgs that was read, with
// what its meta.platforms says, and with what serves instead on a Mac where
// something does.
//
//go:embed linux_packages.tsv
var linuxPackagesText string

type linuxPackage struct{ platforms, instead string }

var linuxPackages = sync.OnceValue(func() map[string]linuxPackage {
	out := map[string]linuxPackage{}
	for line := range strings.Lines(linuxPackagesText) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); f[1] != "file of nixpkgs" {
			out[f[0]] = linuxPackage{f[2], f[3]}
		}
	}
	return out
})

func (o *optionPass) linuxPackages(s *setting) {
	for _, l := range s.def.Leaves {
		if s.module.Truth(l.Guards) != outline.True {
			continue
		}
		list, ok := s.module.In.Value(l.X, l.Scope).(*outline.Sequence)
		if !ok {
			continue
		}
		for _, e := range list.Elems {
			v, ok := e.Force(s.host.Eval).(outline.External)
			name, isPkg := strings.CutPrefix(v.Path, "pkgs.")
			if !ok || e.Maybe || !isPkg {
				continue
			}
			pkg, listed := linuxPackages()[name]
			if !listed {
				continue
			}
			file, at := e.Where()
			if file == "" {
				continue
			}
			o.Warning(diag.Diagnostic{
				File: file, Span: at, Chain: s.module.Chain(),
				Message: pkg.message(name), Why: pkg.why(),
			})
		}
	}
}

func (p linuxPackage) message(name string) string {
	text := fmt.Sprintf("nixpkgs has `%s` for Linux only", name)
	if p.instead != "" {
		text += "; instead: " + p.instead
	}
	return text
}

func (p linuxPackage) why() string {
	if _, what, broken := strings.Cut(p.platforms, "broken "); broken {
		return "its meta marks it as broken " + what + ", and evaluation refuses it"
	}
	return "evaluation refuses a package whose meta.platforms (here: " + p.platforms + ") does not list the host's"
}
