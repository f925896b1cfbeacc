package rules

import (
	"fmt"
	"path"
	"strings"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var undefinedVariable = &lint.Rule{
	ID: "undefined-variable", Severity: diag.Error, Scope: lint.FileScope, Always: true,
	Doc: lint.Doc{
		Summary: "a name that nothing defines",
		Why: `Names are resolved before anything is evaluated: a name that no let, argument,
` + "`rec`" + ` or ` + "`with`" + ` gives makes Nix refuse the whole file. Files that the tree loads with names of
its own (` + "`builtins.scopedImport`" + `, and the libraries std and haumea with it) are
passed over.`,
		Bad:  "{ config, ... }:\n{\n  a = lib.mkIf config.b 1;\n}\n",
		Good: "{ config, lib, ... }:\n{\n  a = lib.mkIf config.b 1;\n}\n",
	},
	Run: func(p *lint.Pass) {
		if !p.File.Syntax().OK() || len(p.File.Syntax().Names().Undefined()) == 0 || scoped(p.Work, p.File.Path) {
			return
		}
		for _, n := range p.File.Syntax().Names().Undefined() {
			p.Error(diag.Diagnostic{
				File: p.File.Path, Span: n.Span(), Message: fmt.Sprintf("`%s` is not defined", n.Text()),
				Why: "Nix refuses the file before it evaluates anything",
			})
		}
	},
}

// scoped: the file may be loaded by scopedImport, which adds names.
func scoped(w *lint.Workspace, file string) bool {
	for _, dir := range scopedFolders(w) {
		if dir == "." || file == dir || strings.HasPrefix(file, dir+"/") {
			return true
		}
	}
	return false
}

// scopedFolders are where such files lie: the paths that a file which speaks of
// scopedImport, haumea's scoped loader or std's cells names; the whole tree where
// it names none. They are found once.
func scopedFolders(w *lint.Workspace) []string {
	type key struct{ w *lint.Workspace }
	if v, ok := w.Memo.Load(key{w}); ok {
		return v.([]string)
	}
	out := []string{}
	for _, s := range w.Sources {
		f := s.Syntax()
		if !f.HasName("scopedImport") && !f.HasName("cellsFrom") && !(f.HasName("loaders") && f.HasName("scoped")) || s.Outline() == nil {
			continue
		}
		n := len(out)
		s.Outline().Walk(func(x outline.Expr, _ *outline.Scope) bool {
			if p, ok := x.(*outline.Path); ok && !p.Search && !p.Home && len(p.Parts) > 0 && strings.HasPrefix(p.Parts[0].Text, ".") {
				out = append(out, path.Join(path.Dir(s.Path), p.Parts[0].Text))
			}
			return true
		})
		if len(out) == n {
			out = append(out, ".")
		}
	}
	w.Memo.Store(key{w}, out)
	return out
}
