package rules

import (
	"fmt"
	"slices"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var undeclaredSecret = &lint.Rule{
	ID: "undeclared-secret", Severity: diag.Error, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "a secret that the host does not declare or its file does not have",
		Why: "`config.sops.secrets.x.path` exists only where `sops.secrets.x` is declared, in\n" +
			"the same system or home; so do `config.age.secrets.x` and `config.sops.templates.x`.\n" +
			"Evaluation fails as soon as the value is needed. A\n" +
			"secret that is declared, but whose key its sops file does not have, fails when\n" +
			"the system is built.",
		Bad: `-- hosts.toml --
[hosts.box]
system = "x86_64-linux"
stateVersion = "25.11"
-- hosts/box/default.nix --
{ config, ... }:
{ users.users.tim.hashedPasswordFile = config.sops.secrets.tim.path; }
`,
		Good: `-- hosts.toml --
[hosts.box]
system = "x86_64-linux"
stateVersion = "25.11"
-- hosts/box/default.nix --
{ config, ... }:
{
  sops.secrets.tim = { };
  users.users.tim.hashedPasswordFile = config.sops.secrets.tim.path;
}
`,
	},
	Run: func(p *lint.Pass) {
		secretKeys(p)
		if len(p.Host.Gaps) > 0 {
			return
		}
		for _, e := range p.Host.Foreign {
			if !publicModule(e.Path) {
				return
			}
		}
		declared := declaredSecrets{}
		settings(p.Host, declared.note)
		declared.fleet(p.Host)
		settings(p.Host, func(s *setting) bool {
			if s.module.Inside || !s.secrets {
				return true
			}
			for _, l := range s.def.Leaves {
				if s.active(l.Guards) == outline.True {
					secretUses(p, s, l, declared)
				}
			}
			return true
		})
	},
}

// secretSets are the options that declare something by name which modules ask
// config for.
var secretSets = [][2]string{{"sops", "secrets"}, {"sops", "templates"}, {"age", "secrets"}}

// declaredSecrets are the names in each of the secretSets of each closure; nil
// where there may be others.
type declaredSecrets map[secretsKey]map[string]bool

type secretsKey struct {
	closure string
	set     [2]string
}

// publicModule: modules of a private input may declare any secret.
func publicModule(path string) bool {
	return !contains([]byte(path), "secret", "private")
}

// closure is the config that a module belongs to.
func closure(m *lint.Module) string { return string(m.Class) + " " + m.User }

// fleet adds what hosts.toml declares, where the wiring is generated.
func (d declaredSecrets) fleet(h *lint.Host) {
	if h.Work.Fleet == nil || h.Work.Fleet.Layout.Wiring == "manual" || h.Spec == nil {
		return
	}
	for _, m := range h.Modules {
		s := h.Spec.SopsOf(m.User)
		if s == nil || m.Class == lint.FlakeParts {
			continue
		}
		for _, x := range s.Secrets {
			d.add(secretsKey{closure(m), secretSets[0]}, x.Name)
		}
	}
}

func (d declaredSecrets) add(k secretsKey, name string) {
	names, known := d[k]
	switch {
	case name == "":
		d[k] = nil
	case !known:
		d[k] = map[string]bool{name: true}
	case names != nil:
		names[name] = true
	}
}

// note what a definition declares.
func (d declaredSecrets) note(s *setting) (deeper bool) {
	n := len(s.path)
	for _, set := range secretSets {
		k := secretsKey{closure(s.module), set}
		switch {
		case s.path[0] == "" || n > 1 && s.path[0] == set[0] && s.path[1] == "":
			d.add(k, "")
		case s.path[0] != set[0] || n > 1 && s.path[1] != set[1]:
		case n > 2:
			d.add(k, s.path[2])
		default:
			deeper = true
			if len(s.def.Leaves) > 0 {
				d.add(k, "")
			}
		}
	}
	return deeper
}

func secretUses(p *lint.Pass, s *setting, l outline.Leaf, declared declaredSecrets) {
	f := l.Scope.File()
	if f == nil {
		return
	}
	surely(s.module, l.X, l.Scope, func(x outline.Expr, sc *outline.Scope) bool {
		set, n, ok := secretAsked(x, sc)
		if !ok || n.X != nil || !ownConfig(s.module, sc) {
			return true
		}
		names, known := declared[secretsKey{closure(s.module), set}]
		if known && names == nil || names[n.Text] || !known && set != secretSets[0] {
			return true
		}
		what := "secret"
		if set == secretSets[1] {
			what = "template"
		}
		p.Error(diag.Diagnostic{
			File: f.Path, Span: n.At, Chain: s.module.Chain(),
			Message: fmt.Sprintf("the %s `%s` is not declared on this host", what, n.Text),
			Why:     fmt.Sprintf("declare it as `%s.%s` in the same system or home; evaluation fails when the value is needed", set[0], set[1]),
		})
		return true
	})
}

// secretAsked is the name that a selection asks one of the secretSets for.
// sops.placeholder has the names of sops.secrets.
func secretAsked(x outline.Expr, sc *outline.Scope) (set [2]string, name outline.Name, ok bool) {
	sel, isSelect := x.(*outline.Select)
	if !isSelect || sel.Or != nil {
		return set, name, false
	}
	path, ok := configPath(sel, sc)
	if !ok || len(path) < 3 {
		return set, name, false
	}
	set = [2]string{path[0].Text, path[1].Text}
	if set == [2]string{"sops", "placeholder"} {
		set = secretSets[0]
	}
	return set, path[2], slices.Contains(secretSets, set)
}

// configPath is what is selected from config, perhaps by a name for a part of it.
func configPath(sel *outline.Select, sc *outline.Scope) ([]outline.Name, bool) {
	v, ok := sel.X.(*outline.Var)
	if !ok {
		return nil, false
	}
	e, _ := sc.Bound(v.Name)
	if v.Name == "config" {
		return sel.Path, e == nil
	}
	if e == nil {
		return nil, false
	}
	from := e.Value
	if e.Inherit {
		from = e.From
	}
	part, ok := from.(*outline.Select)
	if !ok || part.Or != nil || !isVar(part.X, "config") {
		return nil, false
	}
	path := part.Path[:len(part.Path):len(part.Path)]
	if e.Inherit {
		path = append(path, e.Name)
	}
	return append(path, sel.Path...), true
}

// ownConfig: `config` there is the argument of the module itself, not that of
// one around it: a home written inside of a system may use the system's.
func ownConfig(m *lint.Module, sc *outline.Scope) bool {
	_, l := sc.Bound("config")
	return l != nil && l == m.Out.Head
}

// surely walks through what the host surely needs of a value: not the branches
// that it does not take, nor those of which that is not known.
func surely(m *lint.Module, x outline.Expr, sc *outline.Scope, visit func(outline.Expr, *outline.Scope) bool) {
	outline.Walk(x, sc, func(x outline.Expr, sc *outline.Scope) bool {
		switch e := x.(type) {
		case *outline.If:
			switch outline.TruthOf(m.In.Value(e.Cond, sc)) {
			case outline.True:
				surely(m, e.Then, sc, visit)
			case outline.False:
				surely(m, e.Else, sc, visit)
			}
			return false
		case *outline.Apply:
			switch name, args := outline.LibCall(e); name {
			case "mkIf", "optional", "optionals", "optionalString", "optionalAttrs":
				if len(args) == 2 && outline.TruthOf(m.In.Value(args[0], sc)) != outline.True {
					return false
				}
			}
		}
		return visit(x, sc)
	})
}
