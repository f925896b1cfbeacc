package rules

import (
	"fmt"
	"slices"

	"nixgen/catalog"
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var homeLinuxOnly = &lint.Rule{
	ID: "home-linux-only", Severity: diag.Error, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "a home-manager module that does not work on this platform",
		Why: `home-manager declares its options everywhere, but many modules assert that they
run on Linux (some on macOS) once they are enabled: evaluation fails then.
Others are accepted without effect: systemd.user on macOS, launchd on Linux.`,
		Bad: `-- hosts.toml --
[users.tim]
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
homeStateVersion = "25.11"
users = ["tim"]
-- home/tim/common/bar.nix --
{ programs.waybar.enable = true; services.dunst.enable = true; }
`,
		Good: `-- hosts.toml --
[users.tim]
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
homeStateVersion = "25.11"
users = ["tim"]
-- home/tim/common/bar.nix --
{ lib, pkgs, ... }:
{ services.dunst.enable = pkgs.stdenv.isLinux; }
`,
	},
	Run: func(p *lint.Pass) {
		if len(p.Host.Users()) == 0 {
			return
		}
		onMac := p.Host.Platform == string(lint.Darwin) || !linux(p.Host)
		eachOption(p, ofHome, func(o *optionPass, s *setting, at *spot) {
			if at.verdict == leaf && at.names[len(at.names)-1] == "enable" {
				o.onlyElsewhere(s, at, onMac)
			}
			if len(at.names) == 2 {
				o.inert(s, at, onMac)
			}
		})
	},
}

func linux(h *lint.Host) bool {
	return len(h.System) > 6 && h.System[len(h.System)-6:] == "-linux"
}

func (o *optionPass) onlyElsewhere(s *setting, at *spot, onMac bool) {
	flag, where := catalog.LinuxOnly, "Linux"
	if !onMac {
		flag, where = catalog.DarwinOnly, "macOS"
	}
	if at.place.Flags&flag == 0 || s.active(nil) != outline.True || o.theirs(s) || !o.enabled(s) {
		return
	}
	for _, l := range s.def.Leaves {
		if s.module.Truth(l.Guards) == outline.True && s.module.In.Value(l.X, l.Scope) == outline.Bool(true) {
			d := s.at(fmt.Sprintf("`%s` works on %s only", s, where), "home-manager asserts it as soon as the module is enabled")
			d.Severity = diag.Error
			o.Report(d)
			return
		}
	}
}

// inert is accepted without effect: told once, at `systemd.user` or
// `launchd.agents`.
func (o *optionPass) inert(s *setting, at *spot, onMac bool) {
	path := at.names[0] + "." + at.names[1]
	switch {
	case onMac && path == "systemd.user":
	case !onMac && (path == "launchd.agents" || path == "launchd.enable"):
	default:
		return
	}
	if s.module.Reach != outline.True || !s.defined() || o.serves(s.module.Path, !onMac) {
		return
	}
	d := s.at(fmt.Sprintf("`%s` has no effect here", path), "home-manager accepts it and does nothing")
	d.Severity = diag.Warning
	o.Report(d)
}

// serves reports that a home on a Mac, or on Linux, reads the file too: there it
// has its effect.
func (o *optionPass) serves(file string, mac bool) bool {
	type key struct {
		file string
		mac  bool
	}
	if v, ok := o.Work.Memo.Load(key{file, mac}); ok {
		return v.(bool)
	}
	found := slices.ContainsFunc(o.Work.Hosts, func(h *lint.Host) bool {
		return linux(h) != mac && slices.ContainsFunc(h.Modules, func(m *lint.Module) bool {
			return m.Class == lint.Home && m.Path == file && m.Reach == outline.True
		})
	})
	o.Work.Memo.Store(key{file, mac}, found)
	return found
}
