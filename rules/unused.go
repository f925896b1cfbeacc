package rules

import (
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

// What the five rules about unused names share. A name is dead when nothing
// uses it but its own definition and dead names beside it, in the same `let` or
// argument pattern. What a dead name uses from outside is found once that is
// gone, and what stands inside of it is used there.

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
	d := deadness{decls: map[syntax.Node]bool{}, among: map[syntax.Node]bool{}}
	// A dead name kills those that only it uses, before or behind it.
	for changed := true; changed; slices.Reverse(names) {
		changed = false
		for _, b := range names {
			if d.unused(b) && mortal(b) && !d.decls[decl(b)] && !skipped(decl(b)) {
				d.bury(decl(b))
				changed = true
			}
		}
	}
	var out []syntax.Name
	if len(d.decls) == 0 {
		return out
	}
	for b := range s.Syntax().Names().All() {
		if mortal(b) && d.decls[decl(b)] {
			out = append(out, b)
		}
	}
	return out
}

// deadness holds the dead declarations, and the `let`s and patterns they stand in.
type deadness struct {
	decls, among map[syntax.Node]bool
}

// unused is true if every use of b stands in its own declaration or in a dead
// one beside it.
func (d *deadness) unused(b syntax.Name) bool {
	if b.NumUses() == 0 {
		return true
	}
	if usedElsewhere(b) && len(d.decls) == 0 {
		return false
	}
	own := decl(b)
	for use := range b.Uses() {
		if at := use.Span(); !covers(own.Span(), at) && !d.inDead(use, group(own)) {
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
		return !v.Valid() || at.Start >= v.Span().End || at.End <= b.Node().Span().Start
	}
	return false
}

func covers(outer, inner diag.Span) bool {
	return outer.Start < inner.Start && inner.End <= outer.End
}

// inDead is true if a node belongs to a dead declaration of a group.
func (d *deadness) inDead(n, group syntax.Node) bool {
	if !d.among[group] {
		return false
	}
	for ; n.Valid(); n = n.Parent() {
		if n.Parent() != group {
			continue
		}
		inherit, ok := n.AsInherit()
		return d.decls[n] || ok && d.deadInherit(inherit)
	}
	return false
}

// bury notes a dead declaration.
func (d *deadness) bury(decl syntax.Node) {
	d.decls[decl] = true
	d.among[group(decl)] = true
}

// group is the `let`, the pattern or the lambda that a declaration belongs to.
func group(decl syntax.Node) syntax.Node {
	if decl.Parent().Is(syntax.KindInherit) {
		return decl.Parent().Parent()
	}
	return decl.Parent()
}

// deadInherit is true if all names of an inherit are dead.
func (d *deadness) deadInherit(inherit syntax.Inherit) bool {
	for name := range inherit.Names() {
		if !d.decls[name] {
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

// skipped declarations have the comment by which deadnix is told to pass over
// one: before it, at most one line above.
func skipped(decl syntax.Node) bool {
	lines := 0
	for t := decl.First().Prev(); t.Valid() && lines < 2; t = t.Prev() {
		switch {
		case t.Kind().IsComment() && strings.Contains(t.Text(), "deadnix: skip"):
			return true
		case t.Kind() == syntax.TokSpace:
			lines += strings.Count(t.Text(), "\n")
		}
	}
	return false
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
