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

func (r readParts) has(file string, at diag.Span) bool { return within(r[file], at) }

// surelyRead are flake.nix, the modules that some host surely reads, and what
// modules of flake-parts import; the rest of those holds modules as values,
// which count where a host reads them. Where no host is known, nothing else is
// sure.
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
	switch {
	case m.Class == lint.FlakeParts:
		for _, p := range m.Out.Imports {
			out = append(out, p.X.Span())
		}
	case !m.Value:
		out = []diag.Span{{End: math.MaxInt}}
	case m.Out.Head != nil:
		out = []diag.Span{m.Out.Head.Span()}
	case m.Out.Body != nil:
		out = []diag.Span{m.Out.Body.Span()}
	}
	return out
}
