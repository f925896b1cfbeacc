package rules

import (
	"fmt"
	"slices"

	"nixgen/catalog"
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var optionType = &lint.Rule{
	ID: "option-type",
	Doc: lint.Doc{
		Summary: "a value of the wrong type",
		Why: `Options are typed, and types differ between platforms: ` + "`system.stateVersion`" + `
is a string on NixOS and an integer on nix-darwin. A value of the wrong type,
or one that an enumeration does not list, fails at evaluation.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{
  system.stateVersion = "25.11";
}
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{
  system.stateVersion = 6;
}
`,
	},
	Severity: diag.Error,
	Scope:    lint.HostScope,
	Run: func(p *lint.Pass) {
		eachOption(p, func(o *optionPass, s *setting, at *spot) {
			if at.verdict == leaf && at.place.Flags&(catalog.Coarse|catalog.Absent) == 0 {
				o.typed(s, at)
			}
		})
	},
}

func (o *optionPass) typed(s *setting, at *spot) {
	t := at.kind
	if at.shapes == catalog.AnyShape || s.active(nil) != outline.True {
		return
	}
	for _, l := range s.def.Leaves {
		if s.module.Truth(l.Guards) != outline.True {
			continue
		}
		if msg := wrong(s, at, l); msg != "" && !o.theirs(s) {
			d := s.at(fmt.Sprintf("`%s` is %s; it takes %s", s, msg, t.Text), "a value of the wrong type fails at evaluation")
			d.Severity = diag.Error
			d.Span = l.X.Span()
			if f := l.Scope.File(); f != nil {
				d.File = f.Path
			}
			o.Report(d)
		}
	}
}

// wrong says what a value is when its type is surely not the option's.
func wrong(s *setting, at *spot, l outline.Leaf) string {
	if foreignValue(l.X) {
		return ""
	}
	t := at.kind
	v := s.module.In.Value(l.X, l.Scope)
	shape, word, scalar := shapeOf(v)
	switch {
	case shape == 0:
		return ""
	case at.shapes&shape == 0:
		return word
	case !outline.Known(v):
		return ""
	}
	if all, ok := t.Enum(); ok && len(all) > 0 && shape == catalog.StringShape && !slices.Contains(all, scalar) && !t.Admits(scalar) {
		return fmt.Sprintf("%q", scalar)
	}
	return ""
}

// foreignValue: a package or a part of config, whose type nobody knows here.
func foreignValue(x outline.Expr) bool {
	for {
		switch e := x.(type) {
		case *outline.Select:
			x = e.X
		case *outline.With:
			x = e.Body
		case *outline.Var:
			return e.Name == "pkgs" || e.Name == "config"
		default:
			return false
		}
	}
}

// shapeOf a value; 0 where it is not known.
func shapeOf(v outline.Value) (catalog.Shape, string, any) {
	switch v := v.(type) {
	case outline.Null:
		return catalog.NullShape, "null", nil
	case outline.Bool:
		return catalog.BoolShape, "a boolean", bool(v)
	case outline.Integer:
		return catalog.IntShape, "an integer", int64(v)
	case outline.Real:
		return catalog.FloatShape, "a float", nil
	case outline.Text:
		return catalog.StringShape, "a string", v.Head
	case outline.FilePath:
		return catalog.PathShape, "a path", nil
	case *outline.Sequence:
		return catalog.ListShape, "a list", nil
	}
	return 0, "", nil
}
