package rules

import (
	"fmt"
	"slices"
	"strings"

	"nixgen/catalog"
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
	"nixgen/syntax"
)

var unknownOption = &lint.Rule{
	ID: "unknown-option",
	Doc: lint.Doc{
		Summary: "an option name that is close to an existing one",
		Why: `No catalog lists the option, but one beside it has nearly the same name, so this
is probably a slip of the pen. A module from outside may still declare it:
that is why this is a warning. List such options in ` + "`[lint] options`" + `.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/dock.nix --
{
  system.defaults.dock.autohid = true;
}
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/dock.nix --
{
  system.defaults.dock.autohide = true;
}
`,
	},
	Severity: diag.Warning,
	Scope:    lint.HostScope,
	Run: func(p *lint.Pass) {
		eachOption(p, isMissing, func(o *optionPass, s *setting, at *spot) { o.unknown(s, at) })
	},
}

// closedRoots are roots below which hardly anyone else declares options.
var closedRoots = map[string]bool{
	"system": true, "networking": true, "environment": true, "users": true, "security": true, "time": true, "fonts": true,
	"documentation": true, "nix": true, "boot": true, "hardware": true, "i18n": true, "console": true, "home": true, "homebrew": true,
}

// slip: the names differ as a slip of the pen makes them differ, not as two
// words do. In a short name, or one of several words, two letters may well make
// another word.
func slip(name, near string) bool {
	if diag.Slip(name, []string{near}) == "" && (len(name) < 8 || strings.ContainsAny(name, "-_")) {
		return false
	}
	d := len(name) - len(near)
	return name[0] == near[0] && -2 <= d && d <= 2
}

// unknown reports a name that nobody lists beside one that is nearly the same.
func (o *optionPass) unknown(s *setting, at *spot) {
	if len(at.names) < 3 && !closedRoots[at.names[0]] || at.place.Flags&(catalog.Removed|catalog.Stale|catalog.Coarse) != 0 {
		return
	}
	if o.elsewhere(at) != 0 || o.theirs(s) || s.present(at.content) == outline.False {
		return
	}
	name := at.names[len(at.names)-1]
	names := o.cat.Names(at.here, at.names[:len(at.names)-1])
	near := diag.Suggest(name, names)
	if near == "" || len(name) < 4 || !slip(name, near) {
		return
	}
	d := s.at(fmt.Sprintf("no option `%s` is known; did you mean `%s`?", s, near), "")
	d.Severity = diag.Warning
	if near == diag.Slip(name, names) {
		d.Fixes = rename(s, near)
	}
	o.Report(d)
}

// rename writes another name for the last one of a path, where it is written
// out and its neighbours do not have that name already.
func rename(s *setting, to string) []diag.Fix {
	at := s.def.Name.At
	siblings := s.module.Out.Defs
	if s.def.Parent != nil {
		siblings = s.def.Parent.Kids
	}
	taken := slices.ContainsFunc(siblings, func(d *outline.Def) bool { return d.Name.X != nil || d.Name.Text == to })
	text, err := syntax.QuoteAttr(to)
	if s.def.Name.X != nil || at.Start == at.End || taken || err != nil || s.inherited() {
		return nil
	}
	return []diag.Fix{{Message: "write `" + to + "`", Edits: []diag.Edit{{Span: at, New: text}}}}
}

// inherited names come out of another set, where they have this name.
func (s *setting) inherited() bool {
	return slices.ContainsFunc(s.def.Leaves, func(l outline.Leaf) bool { return l.X.Span() == s.def.Name.At })
}
