package rules

import (
	"regexp"

	"nixgen/diag"
	"nixgen/lint"
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
		if !isTemplate(p.File) {
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

func parseErrors(p *lint.Pass, id string) {
	for _, d := range p.File.Syntax().Errors() {
		if d.Rule == id {
			d.File, d.Severity = p.File.Path, diag.Error
			p.Report(d)
		}
	}
}
