package rules

import (
	"fmt"
	"strings"

	"nixgen/catalog"
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var uselessPlatformMkIf = &lint.Rule{
	ID: "useless-platform-mkif", Severity: diag.Warning, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "a mkIf on the platform that does not protect",
		Why: `The condition is there to keep options away from a platform that does not have
them, but mkIf keeps the names, and names are what fails. ` + "`optionalAttrs`" + ` on
hostSpec leaves them out; so does a file of the platform's own.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{ lib, pkgs, ... }:
{
  services = lib.mkIf pkgs.stdenv.isLinux { fwupd.enable = true; };
}
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{ lib, pkgs, ... }:
{
  services = lib.optionalAttrs pkgs.stdenv.isLinux { fwupd.enable = true; };
}
`,
	},
	Run: func(p *lint.Pass) {
		seen := map[*outline.Guard]bool{}
		eachOption(p, isMissing, func(o *optionPass, s *setting, at *spot) {
			if s.present(at.content) != outline.True || o.elsewhere(at) == 0 || o.theirs(s) {
				return
			}
			if s.module.Class == lint.NixOS && at.place.Flags&(catalog.Stale|catalog.Coarse) != 0 {
				return
			}
			for _, g := range mkIfs(s) {
				if !seen[g] && s.module.Holds(g) == outline.False && platformCondition(s, g) {
					seen[g] = true
					o.uselessMkIf(s, g)
				}
			}
		})
	},
}

// mkIfs are the conditions over a name that do not keep it away, and over what
// is below it while that is written in one piece.
func mkIfs(s *setting) []*outline.Guard {
	var out []*outline.Guard
	add := func(gs []*outline.Guard) {
		for _, g := range gs {
			if g.Kind == outline.MkIf {
				out = append(out, g)
			}
		}
	}
	for _, gs := range s.guards {
		add(gs)
	}
	for d := s.def; d != nil; {
		for _, l := range d.Leaves {
			add(l.Guards)
		}
		if len(d.Kids) == 0 {
			break
		}
		d = d.Kids[0]
		add(d.Guards)
	}
	return out
}

// platformCondition: the condition speaks of the platform.
func platformCondition(s *setting, g *outline.Guard) bool {
	found := false
	outline.Walk(g.Cond, g.Scope, func(x outline.Expr, _ *outline.Scope) bool {
		name := ""
		switch x := x.(type) {
		case *outline.Var:
			name = x.Name
		case *outline.Select:
			name = x.Path[len(x.Path)-1].Text
		}
		switch name {
		case "isDarwin", "isLinux", "isMacOS", "isNixOS", "system", "platform":
			found = true
		}
		return !found
	})
	return found
}

func (o *optionPass) uselessMkIf(s *setting, g *outline.Guard) {
	file := s.module.Path
	if f := g.Scope.File(); f != nil {
		file = f.Path
	}
	_, path := longest(s)
	d := diag.Diagnostic{
		File: file, Span: g.At, Severity: diag.Warning, Chain: s.module.Chain(),
		Message: fmt.Sprintf("this `mkIf` does not keep `%s` away from %s", catalog.JoinPath(path), className(s.module.Class)),
		Why:     "mkIf keeps the names, and names of options that do not exist are what fails; use `optionalAttrs` on `hostSpec`, or a file of the platform's own",
	}
	if src := o.Work.Source(file); src != nil && o.Host.Needs(s.module, g.Cond, g.Scope, false) == "" {
		d.Fixes = optionalAttrsFix(src, g)
	}
	o.Report(d)
}

// optionalAttrsFix replaces `lib.mkIf` before a condition that is known before
// config is; the value must be a set in braces.
func optionalAttrsFix(s *lint.Source, g *outline.Guard) []diag.Fix {
	const name = "lib.mkIf"
	before := strings.TrimRight(string(s.Text[:g.At.Start]), " \n\t(")
	after := strings.TrimLeft(string(s.Text[g.At.End:]), " \n\t)")
	if !strings.HasSuffix(before, name) || !strings.HasPrefix(after, "{") {
		return nil
	}
	at := len(before) - len("mkIf")
	return []diag.Fix{{
		Message: "use `optionalAttrs`",
		Edits:   []diag.Edit{{Span: diag.Span{Start: at, End: len(before)}, New: "optionalAttrs"}},
	}}
}
