package rules

import (
	"fmt"

	"nixgen/catalog"
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
	"nixgen/syntax"
)

var removedOption = &lint.Rule{
	ID: "removed-option",
	Doc: lint.Doc{
		Summary: "an option that was removed or renamed",
		Why: `A removed option is still declared, so that setting it can fail with a message
of its own; a renamed one still works, with a warning at every evaluation.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/nix.nix --
{
  services.nix-daemon.enable = true;
}
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/nix.nix --
{
  nix.enable = true;
}
`,
	},
	Severity: diag.Error,
	Scope:    lint.HostScope,
	Run: func(p *lint.Pass) {
		eachOption(p, isGone, func(o *optionPass, s *setting, at *spot) {
			if at.verdict == removed {
				o.removed(s, at)
			} else {
				o.renamed(s, at)
			}
		})
	},
}

func (o *optionPass) removed(s *setting, at *spot) {
	if !s.defined() || o.theirs(s) {
		return
	}
	if s.module.Class == lint.NixOS && at.place.Flags&(catalog.Coarse|catalog.Absent) != 0 {
		return
	}
	if !o.inForce(s.module.Class, at.place.Removed, removedPath(o, at)) {
		return
	}
	def, path := longest(s)
	d := s.at(fmt.Sprintf("the option `%s` was removed from %s", catalog.JoinPath(path), className(s.module.Class)), "")
	if to := at.place.Removed.RenamedTo(); to != "" {
		d.Message += fmt.Sprintf("; use `%s`", to)
	}
	d.Span = def.Path
	d.Severity = diag.Error
	d.Why = "it is declared only so that setting it fails"
	o.Report(d)
}

// removedPath is the path of the option whose removal covers the name.
func removedPath(o *optionPass, at *spot) string {
	for n := 1; n <= len(at.names); n++ {
		if opt, ok := o.cat.Lookup(at.here, at.names[:n]); ok && opt.Has(catalog.Removed) {
			return catalog.JoinPath(at.names[:n])
		}
	}
	return catalog.JoinPath(at.names)
}

// defined: some value of the name or below it surely takes effect; a false
// mkIf hides a removed option.
func (s *setting) defined() bool {
	if s.active(nil) != outline.True {
		return false
	}
	return live(s.module, s.def)
}

func live(m *lint.Module, d *outline.Def) bool {
	for _, l := range d.Leaves {
		if m.Truth(l.Guards) == outline.True {
			return true
		}
	}
	for _, k := range d.Kids {
		if m.Truth(k.Guards) == outline.True && live(m, k) {
			return true
		}
	}
	return false
}

func (o *optionPass) renamed(s *setting, at *spot) {
	if !s.defined() || o.theirs(s) {
		return
	}
	to := at.place.RenamedTo()
	if !o.inForce(s.module.Class, at.place.Option, catalog.JoinPath(at.names)) {
		return
	}
	d := s.at(fmt.Sprintf("the option `%s` was renamed to `%s`", s, to), "it still works, with a warning at every evaluation")
	d.Severity = diag.Warning
	d.Fixes = o.rename(s, at, to)
	o.Report(d)
}

// rename is offered where the whole path is written in one place and the value
// stays as it is.
func (o *optionPass) rename(s *setting, at *spot, to string) []diag.Fix {
	if at.place.Has(catalog.ValueChanges) || s.def.Name.X != nil || !wholePath(s.def) {
		return nil
	}
	path, err := catalog.ParsePath(to)
	if err != nil {
		return nil
	}
	text, err := syntax.QuoteAttrPath(path)
	if err != nil {
		return nil
	}
	return []diag.Fix{{Message: "rename it", Edits: []diag.Edit{{Span: s.def.Path, New: text}}}}
}

// wholePath reports that the attribute path as written is the whole path of
// the option: it begins at a module's root and nothing else hangs on it.
func wholePath(d *outline.Def) bool {
	if len(d.Kids) > 0 && d.Path == d.Name.At && d.Parent != nil {
		return false
	}
	for p := d; p != nil; p = p.Parent {
		if p.Name.X != nil || p != d && len(p.Kids) != 1 {
			return false
		}
		if p != d && p.Name.At.Start < d.Path.Start {
			return false
		}
	}
	return len(d.Leaves) > 0
}
