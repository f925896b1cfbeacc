package rules

import (
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

// What the five rules about unused names share. A name is dead when nothing
// uses it but its own definition and those of other dead names.

// deadNames are the dead names of a file that satisfy want, in the file's
// order. A leading underscore says that a name is meant to be unused.
func deadNames(p *lint.Pass, want func(syntax.Name) bool) []syntax.Name {
	type key struct{ file *lint.Source }
	all, ok := p.Work.Memo.Load(key{p.File})
	if !ok {
		all = findDead(p.File)
		p.Work.Memo.Store(key{p.File}, all)
	}
	var out []syntax.Name
	for _, b := range all.([]syntax.Name) {
		if want(b) {
			out = append(out, b)
		}
	}
	return out
}

func findDead(s *lint.Source) []syntax.Name {
	if s.Encrypted || !s.Syntax().OK() {
		return nil
	}
	names := slices.Collect(s.Syntax().Names().All())
	d := deadness{dead: map[syntax.Node]bool{}, size: len(s.Text)}
	// A dead name kills those that only it uses, before or behind it.
	for changed := true; changed; slices.Reverse(names) {
		changed = false
		for _, b := range names {
			if d.unused(b) && mortal(b) && !d.dead[decl(b)] {
				d.bury(decl(b))
				changed = true
			}
		}
	}
	var out []syntax.Name
	if len(d.dead) == 0 {
		return out
	}
	for b := range s.Syntax().Names().All() {
		if mortal(b) && d.dead[decl(b)] {
			out = append(out, b)
		}
	}
	return out
}

type deadness struct {
	dead map[syntax.Node]bool // by declaration
	text []bool               // for every byte: is it never evaluated; nil before the first
	size int
}

// unused is true if every use of b stands in a dead declaration or in its own.
func (d *deadness) unused(b syntax.Name) bool {
	if b.NumUses() == 0 {
		return true
	}
	if d.text == nil && (b.Kind() != syntax.LetName || usedElsewhere(b)) {
		return false
	}
	own := decl(b).Span()
	for use := range b.Uses() {
		if at := use.Span(); !covers(own, at) && (d.text == nil || !d.text[at.Start]) {
			return false
		}
	}
	return true
}

// usedElsewhere is a quick look at the first use: it stands before the name or
// behind its value, and so not in its declaration.
func usedElsewhere(b syntax.Name) bool {
	v := b.Value()
	for use := range b.Uses() {
		at := use.Span()
		return v.Valid() && (at.Start >= v.Span().End || at.End <= b.Node().Span().Start)
	}
	return false
}

func covers(outer, inner diag.Span) bool {
	return outer.Start < inner.Start && inner.End <= outer.End
}

// bury notes a dead declaration, and with the last name of an inherit what it
// inherits from.
func (d *deadness) bury(n syntax.Node) {
	d.dead[n] = true
	if inherit, ok := n.Parent().AsInherit(); ok {
		if _, has := inherit.From(); !has || !d.deadInherit(inherit) {
			return
		}
		n = inherit.Child(0)
	}
	if d.text == nil {
		d.text = make([]bool, d.size)
	}
	for i := n.Span().Start; i < n.Span().End; i++ {
		d.text[i] = true
	}
}

// deadInherit is true if all names of an inherit are dead.
func (d *deadness) deadInherit(inherit syntax.Inherit) bool {
	for name := range inherit.Names() {
		if !d.dead[name] {
			return false
		}
	}
	return true
}

// mortal names may be unused without a reason: not attributes of rec sets,
// nothing that begins with an underscore.
func mortal(b syntax.Name) bool {
	return b.Kind() != syntax.RecName && !strings.HasPrefix(b.String(), "_") && !b.Node().Is(syntax.KindInterp)
}

// decl is the node that goes when the name goes: its binding, its formal, or
// the name alone.
func decl(b syntax.Name) syntax.Node {
	n := b.Node()
	if v := b.Value(); v.Valid() && (v.Parent().Is(syntax.KindBinding) || v.Parent().Is(syntax.KindFormal)) {
		return v.Parent()
	}
	if n.Parent().Is(syntax.KindFormal) {
		return n.Parent()
	}
	return n
}

func reportUnused(p *lint.Pass, b syntax.Name, what string, edits []diag.Edit) {
	at(p, b.Node(), what+" `"+b.String()+"` is never used", "remove it", edits)
}

// removeFormal takes a formal and its comma away.
func removeFormal(formal syntax.Node) []diag.Edit {
	s, f := formal.Span(), formal.File()
	for t := formal.Last().Next(); t.Valid(); t = t.Next() {
		if t.Kind() == syntax.TokComma {
			s = diag.Span{Start: s.Start, End: withBlank(f, t).End}
			break
		}
		if !t.Kind().IsTrivia() {
			return nil
		}
	}
	if commentIn(f, s) {
		return nil
	}
	return []diag.Edit{{Span: s}}
}

// removeInherited takes one name out of an inherit, or the whole inherit where
// all its names are dead: that fix is the first name's.
func removeInherited(name syntax.Node, dead []syntax.Name) []diag.Edit {
	inherit, _ := name.Parent().AsInherit()
	names := slices.Collect(inherit.Names())
	for _, n := range names {
		if !slices.ContainsFunc(dead, func(b syntax.Name) bool { return b.Node() == n }) {
			return removeItem(name)
		}
	}
	if names[0] == name {
		return removeItem(inherit.Node)
	}
	return nil
}
