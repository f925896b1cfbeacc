package rules

import (
	"fmt"
	"path"
	"slices"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var undeclaredInput = &lint.Rule{
	ID: "undeclared-input", Severity: diag.Error, Scope: lint.FleetScope,
	Doc: lint.Doc{
		Summary: "a use of an input that flake.nix does not declare",
		Why: "`inputs.x` exists only where flake.nix declares it; evaluation fails when it is needed.\n" +
			"So it does for `inputs.x.darwinModules` of an input that has none. That is told where\n" +
			"its source lies in the tree (`url = \"path:./x\"`), and for well-known repositories whose\n" +
			"outputs were read at a revision that is not older than the locked one.",
		Bad: `-- flake.nix --
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { nixpkgs, ... }@inputs: { };
}
-- module.nix --
{ inputs, ... }: { imports = [ inputs.stylx.nixosModules.stylix ]; }
`,
		Good: `-- flake.nix --
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.stylix.url = "github:nix-community/stylix";
  outputs = { nixpkgs, ... }@inputs: { };
}
-- module.nix --
{ inputs, ... }: { imports = [ inputs.stylix.nixosModules.stylix ]; }
`,
	},
	Run: func(p *lint.Pass) {
		f := p.Work.Flake
		if f == nil || !f.Static() {
			return
		}
		names := f.InputNames()
		if len(names) == 0 {
			return // the fleet has its inputs from elsewhere: npins, niv
		}
		names = append(names, addedInputs(p.Work)...)
		read := surelyRead(p.Work)
		for _, s := range p.Work.Sources {
			if !p.Wanted(s.Path) || !contains(s.Text, "inputs") || s.Outline() == nil || otherFlake(p.Work, s.Path) {
				continue
			}
			inputUses(p, s, names, conditionsOf(s), read)
		}
	},
}

// addedInputs are the names that the tree adds to what it passes on as inputs:
// `inputs = inputs // { mine = self; }`.
func addedInputs(w *lint.Workspace) []string {
	var out []string
	for _, s := range w.Sources {
		if !contains(s.Text, "inputs") || !contains(s.Text, "//") || s.Outline() == nil {
			continue
		}
		s.Outline().Walk(func(x outline.Expr, _ *outline.Scope) bool {
			set, ok := x.(*outline.Set)
			if l, isLet := x.(*outline.Let); isLet {
				set, ok = l.Binds, true
			}
			if !ok || set.Find("inputs") == nil {
				return true
			}
			if b, ok := set.Find("inputs").Value.(*outline.Binary); ok && b.Op == "//" {
				if more, ok := b.Y.(*outline.Set); ok {
					for _, e := range more.Entries {
						out = append(out, e.Name.Text)
					}
				}
			}
			return true
		})
	}
	return out
}

// otherFlake: the file belongs to a flake of its own further down.
// devenv.nix gets the inputs of devenv.yaml.
func otherFlake(w *lint.Workspace, file string) bool {
	if name := path.Base(file); name == "devenv.nix" || name == "devenv.local.nix" {
		return true
	}
	for d := path.Dir(file); d != "."; d = path.Dir(d) {
		if w.Source(d+"/flake.nix") != nil {
			return true
		}
	}
	return false
}

func inputUses(p *lint.Pass, s *lint.Source, names []string, cs conditions, read readParts) {
	sure := needs(s, cs, read[s.Path])
	undeclared := func(n outline.Name, used bool) {
		if cs.asked[n.Text] || cs.never(n.At) {
			return
		}
		msg := fmt.Sprintf("flake.nix declares no input `%s`", n.Text)
		if near := diag.Suggest(n.Text, names); near != "" {
			msg += fmt.Sprintf("; did you mean `%s`?", near)
		}
		d := diag.Diagnostic{File: s.Path, Span: n.At, Message: msg, Why: "evaluation fails when the value is needed", Severity: diag.Error}
		if !used || !sure(n.At) {
			d.Severity = diag.Warning // nobody surely needs it
		}
		p.Report(d)
	}
	s.Outline().Walk(func(x outline.Expr, sc *outline.Scope) bool {
		for _, n := range inheritedInputs(s, x, sc) {
			if n.Text != "self" && !slices.Contains(names, n.Text) {
				undeclared(n, mentioned(s, n.Text))
			}
		}
		sel, ok := x.(*outline.Select)
		if !ok || sel.Or != nil || sel.Path[0].X != nil {
			return true
		}
		v, ok := sel.X.(*outline.Var)
		if ok && s.Path == "flake.nix" && isOutputsArgument(p.Work.Flake, v.Name, sc) {
			missingOutput(p, s, v.Name, sel.Path)
			return true
		}
		if !ok || v.Name != "inputs" && v.Name != "self" || !isFlakeArgument(s, sc, v.Name) {
			return true
		}
		path := ofInputs(v.Name, sel.Path)
		if len(path) == 0 || path[0].X != nil {
			return true
		}
		n := path[0]
		if n.Text == "self" || slices.Contains(names, n.Text) {
			missingOutput(p, s, n.Text, path[1:])
			return true
		}
		undeclared(n, true)
		return true
	})
}

// ofInputs is what is selected from the inputs by `inputs.x`, `self.inputs.x`
// or `inputs.self.inputs.x`.
func ofInputs(name string, path []outline.Name) []outline.Name {
	if name == "inputs" && len(path) > 1 && path[0].X == nil && path[0].Text == "self" {
		name, path = "self", path[1:]
	}
	if name == "inputs" {
		return path
	}
	if path[0].X != nil || path[0].Text != "inputs" {
		return nil
	}
	return path[1:]
}

// inheritedInputs are the names of `inherit (inputs) a b;` in a set or a let.
func inheritedInputs(s *lint.Source, x outline.Expr, sc *outline.Scope) []outline.Name {
	set, ok := x.(*outline.Set)
	if l, isLet := x.(*outline.Let); isLet {
		set, ok = l.Binds, true
	}
	if !ok || set.Find("inputs") != nil {
		return nil
	}
	var out []outline.Name
	for i := range set.Entries {
		e := &set.Entries[i]
		if from, ok := e.From.(*outline.Var); ok && e.Inherit && from.Name == "inputs" && isFlakeArgument(s, sc, "inputs") {
			out = append(out, e.Name)
		}
	}
	return out
}

// mentioned: the file uses a variable of that name.
func mentioned(s *lint.Source, name string) bool {
	found := false
	s.Outline().Walk(func(x outline.Expr, _ *outline.Scope) bool {
		v, ok := x.(*outline.Var)
		found = found || ok && v.Name == name
		return !found
	})
	return found
}

// isFlakeArgument: the name, `inputs` or `self`, is an argument of the file's own function (or the
// @-pattern of the flake's outputs), where a fleet's modules get the inputs.
func isFlakeArgument(s *lint.Source, sc *outline.Scope, name string) bool {
	e, l := sc.Bound(name)
	if e != nil || l == nil {
		return false
	}
	if s.Path == "flake.nix" {
		return l.Param == name || name == "self" && l.Formals.Has(name)
	}
	return l == s.Outline().Root && l.Formals.Has(name) && l.Formals.Ellipsis
}

// isOutputsArgument: the name is an input that the outputs of flake.nix take
// by name.
func isOutputsArgument(f *lint.Flake, name string, sc *outline.Scope) bool {
	e, l := sc.Bound(name)
	return e == nil && l != nil && l == f.Outputs && l.Formals.Has(name)
}

// needs tells whether a place is surely evaluated, given the parts of the file
// that are: no condition stands over it, and where it is the value of a let
// binding, such a place mentions that.
func needs(s *lint.Source, cs conditions, read []diag.Span) func(diag.Span) bool {
	mentions, bindings := namesIn(s)
	needed := make([]bool, len(bindings))
	sure := func(at diag.Span) bool {
		if cs.under(at) {
			return false
		}
		part := smallest(len(read), func(i int) diag.Span { return read[i] }, at)
		let := smallest(len(bindings), func(i int) diag.Span { return bindings[i].at }, at)
		if let >= 0 && (part < 0 || size(read[part]) > size(bindings[let].at)) {
			return needed[let]
		}
		return part >= 0
	}
	for again := true; again; {
		again = false
		for i, b := range bindings {
			if !needed[i] && slices.ContainsFunc(mentions, func(m place) bool { return m.name == b.name && sure(m.at) }) {
				needed[i], again = true, true
			}
		}
	}
	return sure
}

// smallest is the index of the smallest span around a place; -1 when there is none.
func smallest(n int, span func(int) diag.Span, at diag.Span) int {
	best := -1
	for i := range n {
		if within([]diag.Span{span(i)}, at) && (best < 0 || size(span(i)) < size(span(best))) {
			best = i
		}
	}
	return best
}

func size(s diag.Span) int { return s.End - s.Start }

// A place is a name and where it, or its value, stands.
type place struct {
	name string
	at   diag.Span
}

// namesIn are the variables of a file and the values of its let bindings.
func namesIn(s *lint.Source) (mentions, bindings []place) {
	inherits := func(set *outline.Set) {
		for _, e := range set.Entries {
			if e.Inherit && e.From == nil {
				mentions = append(mentions, place{e.Name.Text, e.Name.At})
			}
		}
	}
	s.Outline().Walk(func(x outline.Expr, _ *outline.Scope) bool {
		switch x := x.(type) {
		case *outline.Var:
			mentions = append(mentions, place{x.Name, x.Span()})
		case *outline.Set:
			inherits(x)
		case *outline.Let:
			inherits(x.Binds)
			for _, e := range x.Binds.Entries {
				switch {
				case e.Name.X != nil:
				case !e.Inherit:
					bindings = append(bindings, place{e.Name.Text, e.Value.Span()})
				case e.From != nil:
					bindings = append(bindings, place{e.Name.Text, e.Name.At})
				}
			}
		}
		return true
	})
	return mentions, bindings
}
