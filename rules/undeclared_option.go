package rules

import (
	"fmt"
	"time"

	"nixgen/catalog"
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var undeclaredOption = &lint.Rule{
	ID: "undeclared-option",
	Doc: lint.Doc{
		Summary: "an option that this platform does not have",
		Why: `The module system refuses a definition of an option that nobody declares,
even under ` + "`mkIf false`" + ` and even with an empty value: the name is looked at, not
the value. NixOS, nix-darwin and home-manager declare different options, so a
module that several platforms share breaks on one of them.

Leave the name out instead: write it in the platform's own file, import that
file conditionally, or use ` + "`lib.optionalAttrs hostSpec.isDarwin { … }`" + ` (on hostSpec,
not on pkgs or config: at the root of a module those recurse infinitely).`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{ lib, pkgs, ... }:
{
  services.openssh.settings = lib.mkIf pkgs.stdenv.isLinux { PermitRootLogin = "no"; };
}
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{ lib, hostSpec, ... }:
lib.optionalAttrs (!hostSpec.isDarwin) {
  services.openssh.settings.PermitRootLogin = "no";
}
`,
	},
	Severity: diag.Error,
	Scope:    lint.HostScope,
	Run: func(p *lint.Pass) {
		eachOption(p, isMissing, func(o *optionPass, s *setting, at *spot) { o.undeclared(s, at) })
	},
}

// undeclared reports a name that another class has and this one has not.
func (o *optionPass) undeclared(s *setting, at *spot) {
	if at.place.Flags&catalog.Removed != 0 {
		return
	}
	never := s.module.Class == lint.NixOS && o.notNixOS(s)
	if s.module.Class == lint.NixOS && at.place.Flags&(catalog.Stale|catalog.Coarse) != 0 && !never {
		return
	}
	if o.group(s.path, s) {
		o.ungrouped(s, at)
		return
	}
	others := o.elsewhere(at)
	if others == 0 || o.theirs(s) || s.present(at.content) != outline.True {
		return
	}
	def, path := longest(s)
	option, class := catalog.JoinPath(path), className(s.module.Class)
	d := s.at(fmt.Sprintf("the option `%s` does not exist in %s", option, class), wayOut(s, others))
	d.Severity = diag.Error
	if s.module.Class == lint.NixOS && !never && others&^(catalog.HomeClass|catalog.SopsHomeClass) == 0 && o.youngNixOS(at.names) {
		if at.names[len(at.names)-1] == "settings" {
			return // what many modules come to have
		}
		d.Severity = diag.Warning
		d.Why += " (unless NixOS got it after " + namesOfNixOS.Format(time.DateOnly) + ")"
	}
	if s.module.Class == lint.Darwin && o.youngDarwin(at.names) {
		d.Severity = diag.Warning
		d.Why += " (unless nix-darwin got it after " + newest[lint.Darwin].Format(time.DateOnly) + ")"
	}
	d.Span = def.Path
	o.Report(d)
}

// group: the fleet declares options below the name, and none of that name.
func (o *optionPass) group(path []string, s *setting) bool {
	decl, _, group := s.own.Find(path)
	return decl == nil && group
}

// ungrouped looks at the names below one under which the fleet declares options
// of its own: that does not bring those of another class.
func (o *optionPass) ungrouped(s *setting, at *spot) {
	for _, k := range s.def.Kids {
		text, ok := s.module.Name(k)
		if !ok {
			continue
		}
		n := len(s.path)
		kid := *s
		kid.name = &name{def: k, path: append(s.path[:n:n], text), guards: append(s.guards[:n:n], k.Guards)}
		o.undeclared(&kid, &spot{verdict: missing, names: kid.names(), here: at.here, place: at.place, content: at.content})
	}
}

// namesOfNixOS is when the list of what NixOS has was made.
var namesOfNixOS = time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC)

// youngNixOS: the fleet has locked a NixOS that is younger than the list of its
// names, and NixOS has the root below which the name is missing: it may have
// got the name since. A root like `home` it will not get.
func (o *optionPass) youngNixOS(names []string) bool {
	lock := o.Work.Lock()
	if lock == nil || o.cat.Nearest(catalog.NixOSClass, names[:1]).Depth == 0 {
		return false
	}
	newest := lock.Newest(lockedRepos[lint.NixOS]...)
	return newest.IsZero() || newest.After(namesOfNixOS)
}

// youngDarwin: the fleet has locked a nix-darwin that is younger than the list of
// its names, and what is missing was being added to it then. It gets few names
// that NixOS has: ten modules in 2024 and 2025.
func (o *optionPass) youngDarwin(names []string) bool {
	lock := o.Work.Lock()
	if lock == nil || len(names) < 2 || !darwinToCome[names[0]+"."+names[1]] {
		return false
	}
	return lock.Newest(lockedRepos[lint.Darwin]...).After(newest[lint.Darwin])
}

// darwinToCome is what open requests to nix-darwin would add: 1744, 972, 1844.
var darwinToCome = map[string]bool{"programs.nh": true, "services.ollama": true, "services.cachix-watch-store": true}

// elsewhere finds the classes that know the name.
func (o *optionPass) elsewhere(at *spot) catalog.Platform {
	var found catalog.Platform
	for c := catalog.NixOSClass; c < catalog.Any; c <<= 1 {
		if at.here&c != 0 || c == catalog.DiskoClass {
			continue
		}
		if o.cat.Nearest(c, at.names).Depth == len(at.names) && !(at.here&catalog.NixOSClass != 0 && o.newer(c, at.names)) {
			found |= c
		}
	}
	return found
}

// newer: a class got the name, or all that is below it, after the list of what
// NixOS has was made.
func (o *optionPass) newer(c catalog.Platform, names []string) bool {
	newer := false
	o.cat.Walk(c, names, func(_ []string, opt catalog.Option) bool {
		newer = opt.Has(catalog.Since)
		return newer
	})
	return newer
}

func wayOut(s *setting, others catalog.Platform) string {
	has := elsewhere(others) + " has it"
	if others&(others-1) != 0 {
		has = elsewhere(others) + " have it"
	}
	switch {
	case s.module.Class == lint.Home && others&(catalog.NixOSClass|catalog.DarwinClass) != 0:
		return has + ", a home has not: set it in a module of the system"
	case s.module.Class != lint.Home && others&^catalog.HomeClass == 0:
		return has + ": set it in a home module, or below `home-manager.users.<name>`"
	}
	return has + "; evaluation fails here even under `mkIf false`, only leaving the name out helps"
}
