package rules

import (
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
			case "optional", "optionals", "optionalAttrs", "optionalString", "mkIf":
				if len(args) == 2 {
					c.branch(args[0], args[1], sc)
				}
			}
		}
		return true
	})
	return c
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

// surelyRead are flake.nix and the files that some host surely reads; all of
// them where no host is known.
func surelyRead(w *lint.Workspace) map[string]bool {
	read := map[string]bool{"flake.nix": true}
	if len(w.Hosts) == 0 {
		for _, s := range w.Sources {
			read[s.Path] = true
		}
	}
	for _, h := range w.Hosts {
		for _, m := range h.Modules {
			if m.Reach == outline.True {
				read[m.Path] = true
			}
		}
	}
	return read
}
