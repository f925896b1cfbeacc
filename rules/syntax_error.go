package rules

import (
	"path"
	"regexp"
	"slices"
	"strings"

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
		if !isTemplate(p.File) && !(isEmpty(p.File) && !isNamed(p.Work, p.File.Path)) {
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
	rest := string(s.Text)
	for c := range s.Syntax().Comments() {
		rest = strings.Replace(rest, c.Text(), "", 1)
	}
	return strings.TrimSpace(rest) == ""
}

// isNamed: some file has the path of this one.
func isNamed(w *lint.Workspace, file string) bool {
	names := []string{file}
	if path.Base(file) == "default.nix" {
		names = append(names, path.Dir(file))
	}
	for _, s := range w.Sources {
		if !contains(s.Text, path.Base(names[len(names)-1])) || s.Outline() == nil {
			continue
		}
		found := false
		s.Outline().Walk(func(x outline.Expr, _ *outline.Scope) bool {
			p, ok := x.(*outline.Path)
			if ok && len(p.Parts) == 1 && strings.HasPrefix(p.Parts[0].Text, ".") {
				found = found || slices.Contains(names, path.Join(path.Dir(s.Path), p.Parts[0].Text))
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

func parseErrors(p *lint.Pass, id string) {
	for _, d := range p.File.Syntax().Errors() {
		if d.Rule == id {
			d.File, d.Severity = p.File.Path, diag.Error
			p.Report(d)
		}
	}
}
