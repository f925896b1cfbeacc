package rules

import (
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/syntax"
)

var collapsibleLetIn = &lint.Rule{
	ID: "collapsible-let-in",
	Doc: lint.Doc{
		Summary: "a `let` whose body is another `let`",
		Why: "One `let` reads better. A nested one is left alone where merging would change what a name means: where both bind the " +
			"same name, or an outer binding mentions a name that the inner `let` binds.",
		Bad:  "let\n  a = 1;\nin\nlet\n  b = a;\nin\nb\n",
		Good: "let\n  a = 1;\n  b = a;\nin\nb\n",
	},
	Style: true,
	Run: func(p *lint.Pass) {
		exprs(p, syntax.KindLet, func(n syntax.Node) { checkCollapsibleLet(p, n) })
	},
}

func checkCollapsibleLet(p *lint.Pass, n syntax.Node) {
	outer, _ := n.AsLet()
	inner, ok := outer.Body().AsLet()
	if !ok {
		return
	}
	names := map[string]bool{}
	for b := range inner.Bindings() {
		if first, ok := syntax.AttrName(b.Path().Child(0)); ok {
			names[first] = true
		}
	}
	for i := range inner.Inherits() {
		for name := range i.Names() {
			if s, ok := syntax.AttrName(name); ok {
				names[s] = true
			}
		}
	}
	for c := range outer.Children() {
		if c != outer.Body() && mentions(c, names) {
			return
		}
	}
	var edits []diag.Edit
	for t := range tokensBetween(outer.Node, inner.Node) {
		if t.Kind() == syntax.TokIn {
			edits = append(edits, diag.Edit{Span: withBlank(n.File(), t)})
		}
	}
	edits = append(edits, diag.Edit{Span: withBlank(n.File(), inner.First())})
	at(p, inner.Node, "this `let` is the body of another `let`", "merge the two", edits)
}

// withBlank is a token with the blanks after it.
func withBlank(f *syntax.File, t syntax.Token) diag.Span {
	s, src := t.Span(), f.Source()
	for s.End < len(src) && (src[s.End] == ' ' || src[s.End] == '\n' || src[s.End] == '\t' || src[s.End] == '\r') {
		s.End++
	}
	return s
}

// tokensBetween are the tokens of outer before inner that belong to no other
// child.
func tokensBetween(outer, inner syntax.Node) func(func(syntax.Token) bool) {
	last := outer.Span().Start
	for c := range outer.Children() {
		if c != inner {
			last = c.Span().End
		}
	}
	return func(yield func(syntax.Token) bool) {
		for t := range outer.Tokens() {
			s := t.Span()
			if s.Start >= inner.Span().Start {
				return
			}
			if s.Start >= last && !yield(t) {
				return
			}
		}
	}
}
