package rules

import (
	"fmt"
	"slices"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
	"nixgen/syntax"
)

var updateWithMkIf = &lint.Rule{
	ID: "update-with-mkif", Severity: diag.Error, Scope: lint.FileScope,
	Doc: lint.Doc{
		Summary: "`//` with a mkIf or mkMerge loses attributes",
		Why: "`mkIf c x` is not x but a set `{ _type = \"if\"; … }` that the module system\n" +
			"unpacks. `{ a = 1; } // mkIf c { b = 2; }` is therefore such a set, and `a` is\n" +
			"lost without a word. `mkMerge [ … ]` is meant, or `//` with `optionalAttrs`.",
		Bad:  "{ config, lib, ... }:\n{\n  services = { a.enable = true; } // lib.mkIf config.x { b.enable = true; };\n}\n",
		Good: "{ config, lib, ... }:\n{\n  services = lib.mkMerge [ { a.enable = true; } (lib.mkIf config.x { b.enable = true; }) ];\n}\n",
	},
	Run: func(p *lint.Pass) {
		if !mayUpdate(p.File) {
			return
		}
		f := p.File.Outline()
		if f == nil {
			return
		}
		f.Walk(func(x outline.Expr, sc *outline.Scope) bool {
			b, ok := x.(*outline.Binary)
			if !ok || b.Op != "//" {
				return true
			}
			for i, side := range []outline.Expr{b.Y, b.X} {
				name, args := outline.LibCall(inside(side))
				if name != "mkIf" && name != "mkMerge" || len(args) != 2 && name == "mkIf" || len(args) != 1 && name == "mkMerge" {
					continue
				}
				lost, other := "left", b.X
				if i == 1 {
					lost, other = "right", b.Y
				}
				if onlyNames(other) || knowsBetter(other) {
					break
				}
				p.Error(diag.Diagnostic{
					File: p.File.Path, Span: b.OpAt, Fixes: mergeFix(p.File, b, name),
					Message: fmt.Sprintf("`//` with `%s` loses the attributes on the %s; use `mkMerge`", name, lost),
					Why:     fmt.Sprintf("`%s` gives a set that the module system unpacks, not the attributes themselves", name),
				})
				break
			}
			return true
		})
	},
}

// mayUpdate is a quick look whether some `//` has one of the functions on a side.
func mayUpdate(s *lint.Source) bool {
	f := s.Syntax()
	if !f.HasName("mkIf") && !f.HasName("mkMerge") {
		return false
	}
	for n := range f.Nodes(syntax.KindBinaryOp) {
		op, _ := n.AsBinaryOp()
		if op.Op() == syntax.TokUpdate && (mayBeMk(op.Left()) || mayBeMk(op.Right())) {
			return true
		}
	}
	return false
}

// mayBeMk: n is a call of mkIf or mkMerge, or of a pipe that may end in one.
func mayBeMk(n syntax.Node) bool {
	n = n.Unparen()
	if n.Is(syntax.KindWith) || n.Is(syntax.KindLet) || n.Is(syntax.KindAssert) {
		return true
	}
	if n.Is(syntax.KindBinaryOp) {
		op, _ := n.AsBinaryOp()
		return op.Op() == syntax.TokPipeInto || op.Op() == syntax.TokPipeFrom
	}
	called := false
	for n.Is(syntax.KindApply) {
		n, called = n.Child(0).Unparen(), true
	}
	var name string
	if sel, ok := n.AsSelect(); ok {
		name = lastName(sel.Path())
	} else if id, ok := n.AsIdent(); ok {
		name = id.Name()
	}
	return called && (name == "mkIf" || name == "mkMerge")
}

// inside is what a `with`, a `let` or an assertion gives.
func inside(x outline.Expr) outline.Expr {
	for {
		switch e := x.(type) {
		case *outline.With:
			x = e.Body
		case *outline.Let:
			x = e.Body
		case *outline.Assert:
			x = e.Body
		default:
			return x
		}
	}
}

// moduleNames are what the module system takes from the root of a module before
// it looks at the rest, be that a `mkIf` or not.
var moduleNames = map[string]bool{
	"_file": true, "key": true, "imports": true, "disabledModules": true, "_class": true, "require": true, "freeformType": true,
}

// onlyNames: a set with nothing but those, perhaps with nothing at all.
func onlyNames(x outline.Expr) bool {
	s, ok := x.(*outline.Set)
	if !ok {
		return false
	}
	for _, e := range s.Entries {
		if e.Name.X != nil || !moduleNames[e.Name.Text] {
			return false
		}
	}
	return true
}

// knowsBetter: a set that changes what the mkIf or mkMerge is made of, or that
// makes a function of it.
func knowsBetter(x outline.Expr) bool {
	s, ok := x.(*outline.Set)
	return ok && slices.ContainsFunc([]string{"_type", "condition", "content", "contents", "__functor"}, func(n string) bool { return s.Find(n) != nil })
}
