package rules

import (
	"bytes"
	"strings"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

// contains reports whether a text holds one of the words: a cheap question
// before a walk.
func contains(text []byte, words ...string) bool {
	for _, w := range words {
		if bytes.Contains(text, []byte(w)) {
			return true
		}
	}
	return false
}

// hasWord reports whether a file has the word, asked once for all hosts.
func hasWord(w *lint.Workspace, f *outline.File, word string) bool {
	type key struct {
		f    *outline.File
		word string
	}
	if v, ok := w.Memo.Load(key{f, word}); ok {
		return v.(bool)
	}
	has := false
	if f != nil {
		s := w.Source(f.Path)
		has = s == nil || contains(s.Text, word)
	}
	w.Memo.Store(key{f, word}, has)
	return has
}

func textOf(s *lint.Source, at diag.Span) string { return string(s.Text[at.Start:at.End]) }

// mergeFix rewrites `x // lib.mkIf c y` to `lib.mkMerge [ x (lib.mkIf c y) ]`.
// It is offered where mkMerge can be reached in the same way as mkIf.
func mergeFix(s *lint.Source, b *outline.Binary, name string) []diag.Fix {
	if name != "mkIf" {
		return nil
	}
	var prefix string
	for _, side := range []outline.Expr{b.X, b.Y} {
		head, args := outline.Call(side)
		if n, _ := outline.LibCall(side); n != "mkIf" || len(args) != 2 {
			continue
		}
		text, ok := outline.Dotted(head)
		if !ok || !strings.HasSuffix(text, ".mkIf") {
			return nil
		}
		prefix = strings.TrimSuffix(text, "mkIf")
	}
	if prefix == "" {
		return nil // it stands behind a `with` or a `let`
	}
	left, right := b.X.Span(), b.Y.Span()
	if strings.ContainsAny(textOf(s, diag.Span{Start: left.End, End: b.OpAt.Start})+textOf(s, diag.Span{Start: b.OpAt.End, End: right.Start}), "()#/") {
		return nil
	}
	open, close := wrap(b.X)
	open2, close2 := wrap(b.Y)
	outer := s.Syntax().NodeAt(b.OpAt.Start).Parent()
	begin, end := prefix+"mkMerge [ "+open, close2+" ]"
	if outer.Valid() && needsParens(outer.Kind().String()) {
		begin, end = "("+begin, end+")"
	}
	return []diag.Fix{{
		Message: "use `mkMerge`",
		Edits: []diag.Edit{
			{Span: diag.Span{Start: left.Start, End: left.Start}, New: begin},
			{Span: diag.Span{Start: left.End, End: b.OpAt.End}, New: close},
			{Span: diag.Span{Start: right.Start, End: right.Start}, New: open2},
			{Span: diag.Span{Start: right.End, End: right.End}, New: end},
		},
	}}
}

// wrap gives the parentheses that an expression needs as a list element.
func wrap(x outline.Expr) (open, close string) {
	switch x.(type) {
	case *outline.Set, *outline.Var, *outline.Select, *outline.Str, *outline.List, *outline.Path:
		return "", ""
	}
	return "(", ")"
}

// needsParens: a call there would become part of something else.
func needsParens(kind string) bool {
	return kind == "apply" || kind == "list" || kind == "select" || kind == "binaryOp"
}
