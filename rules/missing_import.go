package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var missingImport = &lint.Rule{
	ID: "missing-import", Severity: diag.Error, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "an import of a file that does not exist",
		Why: `The path leads to nothing: no file, no folder with a default.nix, or a symlink
without a target. Flakes see only what git tracks, so a file that is ignored
is missing, too. A file that is imported for its value is a warning, outside of
` + "`imports`" + `: nobody may need it.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- hosts/mac/default.nix --
{ imports = [ ./disks.nix ]; }
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- hosts/mac/default.nix --
{ imports = [ ./fonts.nix ]; }
-- hosts/mac/fonts.nix --
{ }
`,
	},
	Run: func(p *lint.Pass) {
		leadsNowhere(p, false)
		lostValues(p)
	},
}

var importCaseMismatch = &lint.Rule{
	ID: "import-case-mismatch", Severity: diag.Error, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "an import whose case differs from the file's",
		Why: `On macOS the path finds the file, on Linux and in git it does not: the fleet
builds on the Mac and fails everywhere else.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- hosts/mac/default.nix --
{ imports = [ ./Fonts.nix ]; }
-- hosts/mac/fonts.nix --
{ }
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- hosts/mac/default.nix --
{ imports = [ ./fonts.nix ]; }
-- hosts/mac/fonts.nix --
{ }
`,
	},
	Run: func(p *lint.Pass) { leadsNowhere(p, true) },
}

// leadsNowhere reports imports that are surely followed and lead nowhere.
func leadsNowhere(p *lint.Pass, otherCase bool) {
	for _, m := range p.Host.Missing {
		file, at, reach, from := m.Where()
		if reach != outline.True || file == "" || (m.Actual != "") != otherCase {
			continue
		}
		d := diag.Diagnostic{File: file, Span: at, Message: fmt.Sprintf("`%s` does not exist", m.Path)}
		if otherCase {
			d.Message = fmt.Sprintf("`%s` is written `%s`", m.Path, m.Actual)
			d.Why = "the case matters on Linux and in git"
		}
		if from != nil {
			d.Chain = from.Chain()
		}
		p.Error(d)
	}
}

// lostValues reports `import ./gone.nix` in what the host surely reads, outside
// of conditions. Nobody knows here whether the value is needed.
func lostValues(p *lint.Pass) {
	if p.Work.Exists(".gitmodules") {
		return // what is below a submodule is there once it is fetched
	}
	for _, m := range p.Host.Modules {
		s := p.Work.Source(m.Path)
		if m.Reach != outline.True || m.Value || s == nil {
			continue
		}
		lost := lostValuesOf(p.Work, s)
		if len(lost) == 0 {
			continue
		}
		needed := importedValues(m)
		for _, l := range lost {
			d := diag.Diagnostic{
				File: s.Path, Span: l.at, Severity: diag.Warning, Chain: m.Chain(),
				Message: fmt.Sprintf("`%s` does not exist", l.path), Why: "evaluation fails when its value is needed",
			}
			if slices.Contains(needed, l.at) {
				d.Severity, d.Why = diag.Error, "every import is needed"
			}
			p.Report(d)
		}
	}
}

// importedValues are the paths of `import ./x.nix`, called or not, that are
// surely elements of the module's `imports`.
func importedValues(m *lint.Module) (at []diag.Span) {
	var elements func(x outline.Expr)
	elements = func(x outline.Expr) {
		switch x := x.(type) {
		case *outline.List:
			for _, e := range x.Elems {
				if head, args := outline.Call(e); isVar(head, "import") && len(args) > 0 {
					at = append(at, args[0].Span())
				}
			}
		case *outline.Binary:
			if x.Op == "++" {
				elements(x.X)
				elements(x.Y)
			}
		case *outline.With:
			elements(x.Body)
		}
	}
	for _, p := range m.Out.Imports {
		if m.Truth(p.Guards) == outline.True {
			elements(p.X)
		}
	}
	return at
}

type lostValue struct {
	path string
	at   diag.Span
}

// lostValuesOf is made once for a file.
func lostValuesOf(w *lint.Workspace, s *lint.Source) []lostValue {
	type key struct{ s *lint.Source }
	if v, ok := w.Memo.Load(key{s}); ok {
		return v.([]lostValue)
	}
	var out []lostValue
	if s.Syntax().HasName("import") && !s.Syntax().HasName("pathExists") && s.Outline() != nil {
		cs := conditionsOf(s)
		s.Outline().Walk(func(x outline.Expr, _ *outline.Scope) bool {
			if file, at, ok := importedFile(s, x); ok && !cs.under(at) && !w.Exists(file) && !ignored(w, file) {
				out = append(out, lostValue{file, at})
			}
			return true
		})
	}
	w.Memo.Store(key{s}, out)
	return out
}

// importedFile is what `import ./x.nix` names, where it is written out and lies
// in the tree.
func importedFile(s *lint.Source, x outline.Expr) (string, diag.Span, bool) {
	call, ok := x.(*outline.Apply)
	if !ok || !isVar(call.Fn, "import") {
		return "", diag.Span{}, false
	}
	p, ok := call.Arg.(*outline.Path)
	if !ok || p.Search || p.Home || len(p.Parts) != 1 || p.Parts[0].X != nil || !strings.HasPrefix(p.Parts[0].Text, ".") {
		return "", diag.Span{}, false
	}
	file := path.Join(path.Dir(s.Path), p.Parts[0].Text)
	return file, p.Span(), !strings.HasPrefix(file, "..")
}

// ignored: git does not track the file, or a setting leaves it out.
func ignored(w *lint.Workspace, file string) bool {
	return slices.ContainsFunc(w.Ignored(), func(dir string) bool { return file == dir || strings.HasPrefix(file, dir+"/") })
}
