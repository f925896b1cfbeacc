package rules

import (
	"fmt"
	"slices"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var undeclaredHostspecField = &lint.Rule{
	ID: "undeclared-hostspec-field", Severity: diag.Error, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "a field of hostSpec that is not declared",
		Why: `hostSpec has exactly the fields that nixgen knows and those that [fields] in
hosts.toml declares. Asking for another one fails as soon as the value is
needed, which may be on the one host that nobody evaluated.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{ lib, hostSpec, ... }:
{
  environment.variables.ROLE = lib.mkIf hostSpec.isSever "server";
}
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/common/base.nix --
{ lib, hostSpec, ... }:
{
  environment.variables.ROLE = lib.mkIf hostSpec.isServer "server";
}
`,
	},
	Run: func(p *lint.Pass) {
		seen := map[string]bool{}
		for _, m := range p.Host.Modules {
			s := p.Work.Source(m.Path)
			if m.Reach != outline.True || seen[m.Path] || s == nil || !contains(s.Text, "hostSpec") || s.Outline() == nil {
				continue
			}
			seen[m.Path] = true
			for _, u := range hostSpecUses(p.Work, s) {
				hostSpecField(p, m, u)
			}
		}
	},
}

// hostSpecUse is one `hostSpec.x` or `config.hostSpec.x` of a file.
type hostSpecUse struct{ name outline.Name }

// hostSpecUses finds them once for all hosts.
func hostSpecUses(w *lint.Workspace, s *lint.Source) []hostSpecUse {
	type key struct{ s *lint.Source }
	if v, ok := w.Memo.Load(key{s}); ok {
		return v.([]hostSpecUse)
	}
	var uses []hostSpecUse
	s.Outline().Walk(func(x outline.Expr, sc *outline.Scope) bool {
		if sel, ok := x.(*outline.Select); ok {
			if n, ok := hostSpecName(sel, sc); ok {
				uses = append(uses, hostSpecUse{n})
			}
		}
		uses = append(uses, hostSpecInherited(x, sc)...)
		return true
	})
	w.Memo.Store(key{s}, uses)
	return uses
}

// hostSpecInherited are the fields of `inherit (hostSpec) a b;`. In a let, a name
// that nobody uses is never looked for.
func hostSpecInherited(x outline.Expr, sc *outline.Scope) (uses []hostSpecUse) {
	set, ok := x.(*outline.Set)
	let, isLet := x.(*outline.Let)
	if isLet {
		set, ok = let.Binds, true
	}
	if !ok {
		return nil
	}
	for i := range set.Entries {
		e := &set.Entries[i]
		if !e.Inherit || e.From == nil || isLet && !usedBy(let, e.Name.Text) {
			continue
		}
		d, _ := outline.Dotted(e.From)
		bound, _ := sc.Bound("hostSpec")
		if d == "hostSpec" && set.Find("hostSpec") == nil && (bound == nil || isConfigHostSpec(bound)) || d == "config.hostSpec" || d == "osConfig.hostSpec" {
			uses = append(uses, hostSpecUse{e.Name})
		}
	}
	return uses
}

// usedBy: the body of the let mentions the name.
func usedBy(let *outline.Let, name string) (found bool) {
	outline.Walk(let.Body, &outline.Scope{}, func(x outline.Expr, _ *outline.Scope) bool {
		found = found || isVar(x, name)
		return !found
	})
	return found
}

// hostSpecName is the field that a selection asks hostSpec for.
func hostSpecName(sel *outline.Select, sc *outline.Scope) (outline.Name, bool) {
	v, ok := sel.X.(*outline.Var)
	if !ok || sel.Or != nil {
		return outline.Name{}, false
	}
	path := sel.Path
	switch v.Name {
	case "hostSpec":
		if e, _ := sc.Bound("hostSpec"); e != nil && !isConfigHostSpec(e) {
			return outline.Name{}, false
		}
	case "config", "osConfig":
		if path[0].X != nil || path[0].Text != "hostSpec" {
			return outline.Name{}, false
		}
		path = path[1:]
	default:
		return outline.Name{}, false
	}
	if len(path) == 0 || path[0].X != nil {
		return outline.Name{}, false
	}
	return path[0], true
}

// hostSpecField judges one use on one host.
func hostSpecField(p *lint.Pass, m *lint.Module, use hostSpecUse) {
	name := use.name
	fields, closed := hostSpecFields(p, m)
	if !closed || slices.Contains(fields, name.Text) {
		return
	}
	msg := fmt.Sprintf("hostSpec has no field `%s`", name.Text)
	var fixes []diag.Fix
	if near := diag.Suggest(name.Text, fields); near != "" {
		msg += fmt.Sprintf("; did you mean `%s`?", near)
	}
	p.Error(diag.Diagnostic{
		File: m.Path, Span: name.At, Message: msg, Fixes: fixes, Chain: m.Chain(),
		Why: "it fails as soon as the value is needed; declare it under `[fields]` in hosts.toml",
	})
}

// isConfigHostSpec: `let hostSpec = config.hostSpec;` or `inherit (config) hostSpec;`.
func isConfigHostSpec(e *outline.Entry) bool {
	if e.Inherit {
		d, ok := outline.Dotted(orNil(e.From))
		return ok && (d == "config" || d == "osConfig")
	}
	d, ok := outline.Dotted(e.Value)
	return ok && (d == "config.hostSpec" || d == "osConfig.hostSpec")
}

func orNil(x outline.Expr) outline.Expr {
	if x == nil {
		return &outline.Bad{}
	}
	return x
}

// hostSpecFields lists the fields, and whether there can be no others.
func hostSpecFields(p *lint.Pass, m *lint.Module) ([]string, bool) {
	own := p.Host.SystemOptions()
	if p.Host.Platform == string(lint.Home) {
		own = p.Host.Options(m)
	}
	type key struct{ o *lint.Options }
	if v, ok := p.Work.Memo.Load(key{own}); ok {
		k := v.(knownFields)
		return k.names, k.closed
	}
	names, closed := declaredFields(p, own)
	p.Work.Memo.Store(key{own}, knownFields{names, closed})
	return names, closed
}

type knownFields struct {
	names  []string
	closed bool
}

func declaredFields(p *lint.Pass, own *lint.Options) ([]string, bool) {
	if decl, _, group := own.Find([]string{"hostSpec"}); decl != nil || group {
		return own.Names([]string{"hostSpec"}), decl != nil && !decl.Open || decl == nil && group
	}
	if p.Work.Fleet.Layout.Wiring == "manual" {
		return nil, false
	}
	var fields []string
	for _, f := range p.Work.Fleet.Fields {
		fields = append(fields, f.Name)
	}
	return fields, true
}
