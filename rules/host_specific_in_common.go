package rules

import (
	"fmt"
	"regexp"
	"strings"

	"nixgen/diag"
	"nixgen/layout"
	"nixgen/lint"
	"nixgen/outline"
)

var hostSpecificInCommon = &lint.Rule{
	ID: "host-specific-in-common", Severity: diag.Warning, Scope: lint.FleetScope,
	Doc: lint.Doc{
		Summary: "one machine's facts in a module that every machine reads",
		Why: `A common module applies to every host. A comparison with a host's name, a disk
by its id or a network card by its address belongs to that host's own module,
or into hostSpec as a field that the module branches on. So do the host's name
and id, disks as the kernel numbers them, and drivers for one machine's parts,
unless they are defaults (mkDefault) or stand under a condition.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{ lib, hostSpec, ... }:
{ environment.variables.DESK = lib.mkIf (hostSpec.hostName == "mac") "1"; }
`,
		Good: `-- hosts.toml --
[fields.hasDesk]
type = "bool"
default = false
description = "stands on a desk"
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
hostSpec = { hasDesk = true }
-- modules/common/base.nix --
{ lib, hostSpec, ... }:
{ environment.variables.DESK = lib.mkIf hostSpec.hasDesk "1"; }
`,
	},
	Run: func(p *lint.Pass) {
		if p.Work.Inventory == nil {
			return
		}
		for _, s := range p.Work.Sources {
			f, ok := p.Work.Inventory.File(s.Path)
			if !ok || f.Tier != layout.Common && f.Tier != layout.Library || s.Outline() == nil {
				continue
			}
			if contains(s.Text, "ostName", "/dev/disk/by-", ":") {
				specific(p, s)
			}
			if f.Tier == layout.Common && f.User == "" {
				hardware(p, s)
			}
		}
	},
}

var (
	macRE  = regexp.MustCompile(`^(?i)[0-9a-f]{2}(:[0-9a-f]{2}){5}$`)
	byIDRE = regexp.MustCompile(`^/dev/disk/by-(id|uuid|partuuid|path)/[^<>*{}]+$`)
)

const whyCommon = "every host of the platform reads this module; move it to the host's own, or make it a field of hostSpec"

func specific(p *lint.Pass, s *lint.Source) {
	report := func(at diag.Span, format string, args ...any) {
		p.Warning(diag.Diagnostic{
			File: s.Path, Span: at, Message: fmt.Sprintf(format, args...),
			Why: whyCommon,
		})
	}
	s.Outline().Walk(func(x outline.Expr, sc *outline.Scope) bool {
		switch x := x.(type) {
		case *outline.Apply:
			name, args := outline.LibCall(x)
			// What documents an option is no setting.
			return !(name == "mkOption" && len(args) == 1)
		case *outline.Binary:
			if x.Op == "==" || x.Op == "!=" {
				if h := comparedHost(p.Work, x, sc); h != "" {
					report(x.Span(), "a common module asks for host `%s` by name", h)
				}
			}
		case *outline.Str:
			text, ok := x.Literal()
			switch {
			case !ok:
			case byIDRE.MatchString(text):
				report(x.Span(), "a common module names one machine's disk")
			case macRE.MatchString(text) && !strings.HasPrefix(strings.ToLower(text), "00:00:00") && !strings.EqualFold(text, "ff:ff:ff:ff:ff:ff"):
				report(x.Span(), "a common module names one machine's network address")
			}
		}
		return true
	})
}

// comparedHost: one side ends in hostName, the other is the name of a host. The
// parameter of a function over hosts is not this host's name.
func comparedHost(w *lint.Workspace, b *outline.Binary, sc *outline.Scope) string {
	for _, o := range [][2]outline.Expr{{b.X, b.Y}, {b.Y, b.X}} {
		str, ok := o[1].(*outline.Str)
		if !ok {
			continue
		}
		lit, ok := str.Literal()
		path, isPath := outline.Dotted(o[0])
		if v, ok := o[0].(*outline.Var); ok && sc.Inner(v.Name) {
			continue
		}
		last := strings.ToLower(path[strings.LastIndexByte(path, '.')+1:])
		if ok && isPath && (last == "hostname") && w.Fleet.Host(lit) != nil {
			return lit
		}
	}
	return ""
}
