package rules

import (
	"bytes"
	"path"
	"regexp"
	"strings"
	"sync"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
	"nixgen/syntax"
)

var syntaxError = &lint.Rule{
	ID: "syntax-error", Severity: diag.Error, Scope: lint.FileScope, Always: true,
	Doc: lint.Doc{
		Summary: "the file is not Nix",
		Why:     "Nix refuses the file before it evaluates anything.",
		Bad:     "{ a = 1 }\n",
		Good:    "{ a = 1; }\n",
	},
	Run: func(p *lint.Pass) {
		if len(p.File.Syntax().Errors()) > 0 && !isTemplate(p.File) && (!isEmpty(p.File) || isNamed(p.Work, p.File.Path)) {
			parseErrors(p, syntax.RuleSyntaxError)
		}
	},
}

var (
	templateDirRE = regexp.MustCompile(`(?i)(^|/)_?(templates?|skeletons?|skel|snippets?|boilerplates?)/`)
	blankRE       = regexp.MustCompile(`^(\\?\$[A-Za-z0-9{]|\{\{|\{%|<%|@[A-Za-z_]+@|%[A-Za-z_]+%)`)
)

// isTemplate: the file lies in a folder of templates, and what is no Nix in it
// is first of all a blank for another program to fill in.
func isTemplate(s *lint.Source) bool {
	if !templateDirRE.MatchString(s.Path) {
		return false
	}
	errs := s.Syntax().Errors()
	return len(errs) > 0 && blankRE.Match(s.Text[min(errs[0].Span.Start, len(s.Text)):])
}

// isEmpty: the file has comments and blanks alone. Nix refuses it where
// something reads it; otherwise it is a way to switch a module off.
func isEmpty(s *lint.Source) bool {
	at := 0
	for c := range s.Syntax().Comments() {
		if !isBlank(s.Text[at:c.Span().Start]) {
			return false
		}
		at = c.Span().End
	}
	return isBlank(s.Text[at:])
}

func isBlank(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }

// isNamed: some file has the path of this one, or of the folder it stands for.
func isNamed(w *lint.Workspace, file string) bool {
	named := namedPaths(w)
	return named[file] || path.Base(file) == "default.nix" && named[path.Dir(file)]
}

// namedPaths are the relative paths that are written out in some file.
func namedPaths(w *lint.Workspace) map[string]bool {
	type key struct{}
	once, _ := w.Memo.LoadOrStore(key{}, sync.OnceValue(func() map[string]bool {
		named := map[string]bool{}
		for _, s := range w.Sources {
			if s.Outline() == nil {
				continue
			}
			s.Outline().Walk(func(x outline.Expr, _ *outline.Scope) bool {
				p, ok := x.(*outline.Path)
				if ok && len(p.Parts) == 1 && strings.HasPrefix(p.Parts[0].Text, ".") {
					named[path.Join(path.Dir(s.Path), p.Parts[0].Text)] = true
				}
				return true
			})
		}
		return named
	}))
	return once.(func() map[string]bool)()
}

func parseErrors(p *lint.Pass, id string) {
	for _, d := range p.File.Syntax().Errors() {
		if d.Rule == id {
			d.File, d.Severity = p.File.Path, diag.Error
			p.Report(d)
		}
	}
}
