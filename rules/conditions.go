package rules

import (
	"cmp"
	"math"
	"slices"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

// conditions are the parts of a file that a condition decides over, and the
// inputs that the file asks for before it uses them.
type conditions struct {
	// asked are the names of `inputs ? x`.
	asked map[string]bool
	// maybe stand under some condition, off under one that is `false`.
	maybe, off []diag.Span
}

func conditionsOf(s *lint.Source) conditions {
	c := conditions{asked: map[string]bool{}}
	s.Outline().Walk(func(x outline.Expr, sc *outline.Scope) bool {
		switch x := x.(type) {
		case *outline.Has:
			if v, ok := x.X.(*outline.Var); ok && v.Name == "inputs" && x.Path[0].X == nil {
				c.asked[x.Path[0].Text] = true
			}
		case *outline.If:
			c.branch(x.Cond, x.Then, sc)
			c.maybe = append(c.maybe, x.Else.Span())
		case *outline.Apply:
			switch name, args := outline.LibCall(x); name {
			case "mkOption":
				c.defaults(args)
			case "optional", "optionals", "optionalAttrs", "optionalString", "mkIf":
				if len(args) == 2 {
					c.branch(args[0], args[1], sc)
				}
			}
		case *outline.Lambda:
			if inner, ok := x.Body.(*outline.Lambda); ok && x.Formals == nil && inner.Formals == nil {
				c.maybe = append(c.maybe, inner.Body.Span()) // an overlay, whose packages are asked for by name
			}
		}
		return true
	})
	return c
}

// defaults are needed where nothing is set, and read where the option is.
func (c *conditions) defaults(args []outline.Expr) {
	if len(args) != 1 {
		return
	}
	set, ok := args[0].(*outline.Set)
	for _, name := range []string{"default", "defaultText", "example"} {
		if ok && set.Find(name) != nil && set.Find(name).Value != nil {
			c.maybe = append(c.maybe, set.Find(name).Value.Span())
		}
	}
}

func (c *conditions) branch(cond, then outline.Expr, sc *outline.Scope) {
	c.maybe = append(c.maybe, then.Span())
	if v, ok := cond.(*outline.Var); ok {
		if e, _ := sc.Bound(v.Name); v.Name == "false" || e != nil && !e.Inherit && isVar(e.Value, "false") {
			c.off = append(c.off, then.Span())
		}
	}
}

func isVar(x outline.Expr, name string) bool {
	v, ok := x.(*outline.Var)
	return ok && v.Name == name
}

func (c *conditions) under(at diag.Span) bool { return within(c.maybe, at) }
func (c *conditions) never(at diag.Span) bool { return within(c.off, at) }

func within(spans []diag.Span, at diag.Span) bool {
	for _, s := range spans {
		if s.Start <= at.Start && at.End <= s.End {
			return true
		}
	}
	return false
}

// readParts are the parts of files that are surely evaluated.
type readParts map[string][]diag.Span

// surelyRead are flake.nix and, of the modules that some host surely reads, the
// imports and the options that every host needs. Modules of flake-parts hold
// others as values, which count where a host reads them. Where no host is known,
// nothing else is sure.
func surelyRead(w *lint.Workspace) readParts {
	read := readParts{"flake.nix": {{End: math.MaxInt}}}
	for _, h := range w.Hosts {
		for _, m := range h.Modules {
			if m.Reach == outline.True {
				read[m.Path] = append(read[m.Path], partsOf(m)...)
			}
		}
	}
	for file, spans := range read {
		slices.SortFunc(spans, func(a, b diag.Span) int { return cmp.Or(a.Start-b.Start, a.End-b.End) })
		read[file] = slices.Compact(spans)
	}
	return read
}

func partsOf(m *lint.Module) []diag.Span {
	var out []diag.Span
	for _, p := range m.Out.Imports {
		out = append(out, p.X.Span())
	}
	if m.Class == lint.FlakeParts {
		return out
	}
	for _, d := range m.Out.Defs {
		if name, ok := m.Name(d); ok && alwaysRead[name] {
			out = append(out, valuesOf(d)...)
		}
	}
	return out
}

func valuesOf(d *outline.Def) []diag.Span {
	var out []diag.Span
	for _, l := range d.Leaves {
		out = append(out, l.X.Span())
	}
	for _, k := range d.Kids {
		out = append(out, valuesOf(k)...)
	}
	return out
}

// alwaysRead are roots of options that every machine or home is made of; what
// stands below others is mostly read where something is enabled.
var alwaysRead = map[string]bool{
	"boot": true, "console": true, "documentation": true, "environment": true, "fileSystems": true, "fonts": true, "hardware": true, "home": true,
	"home-manager": true, "i18n": true, "launchd": true, "networking": true, "nix": true, "nixpkgs": true, "power": true, "security": true,
	"swapDevices": true, "system": true, "systemd": true, "time": true, "users": true, "virtualisation": true, "xdg": true, "zramSwap": true,
}
