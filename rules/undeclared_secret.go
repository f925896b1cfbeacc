package rules

import (
	"fmt"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var undeclaredSecret = &lint.Rule{
	ID: "undeclared-secret", Severity: diag.Error, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "a secret that the host does not declare or its file does not have",
		Why: "`config.sops.secrets.x.path` exists only where `sops.secrets.x` is declared, in\n" +
			"the same system or home. Evaluation fails as soon as the value is needed. A\n" +
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
		declared := map[string]map[string]bool{}
		open := map[string]bool{}
		settings(p.Host, func(s *setting) bool { return secretsOf(s, declared, open) })
		secretsOfFleet(p.Host, declared)
		settings(p.Host, func(s *setting) bool {
			if s.module.Inside || !s.sops {
				return true
			}
			for _, l := range s.def.Leaves {
				if s.active(l.Guards) == outline.True {
					secretUses(p, s, l, declared[closure(s.module)], open[closure(s.module)])
				}
			}
			return true
		})
	},
}

// publicModule: modules of a private input may declare any secret.
func publicModule(path string) bool {
	return !contains([]byte(path), "secret", "private")
}

// closure is the config that a module belongs to.
func closure(m *lint.Module) string { return string(m.Class) + " " + m.User }

// secretsOfFleet adds what hosts.toml declares, where the wiring is generated.
func secretsOfFleet(h *lint.Host, declared map[string]map[string]bool) {
	if h.Work.Fleet == nil || h.Work.Fleet.Layout.Wiring == "manual" || h.Spec == nil {
		return
	}
	for _, m := range h.Modules {
		s, c := h.Spec.SopsOf(m.User), closure(m)
		if s == nil || m.Class == lint.FlakeParts {
			continue
		}
		if declared[c] == nil {
			declared[c] = map[string]bool{}
		}
		for _, x := range s.Secrets {
			declared[c][x.Name] = true
		}
	}
}

func secretsOf(s *setting, declared map[string]map[string]bool, open map[string]bool) bool {
	want := []string{"sops", "secrets"}
	n := len(s.path)
	if n <= 2 {
		if s.path[n-1] == "" {
			open[closure(s.module)] = true
		}
		if s.path[n-1] == want[n-1] && len(s.def.Leaves) > 0 {
			open[closure(s.module)] = true
		}
		return s.path[n-1] == want[n-1]
	}
	c := closure(s.module)
	if s.path[2] == "" {
		open[c] = true
		return false
	}
	if declared[c] == nil {
		declared[c] = map[string]bool{}
	}
	declared[c][s.path[2]] = true
	return false
}

func secretUses(p *lint.Pass, s *setting, l outline.Leaf, declared map[string]bool, open bool) {
	f := l.Scope.File()
	if open || f == nil {
		return
	}
	surely(s.module, l.X, l.Scope, func(x outline.Expr, sc *outline.Scope) bool {
		sel, ok := x.(*outline.Select)
		if !ok || sel.Or != nil || len(sel.Path) < 3 {
			return true
		}
		v, ok := sel.X.(*outline.Var)
		if !ok || v.Name != "config" || sel.Path[0].Text != "sops" || sel.Path[1].Text != "secrets" || !ownConfig(s.module, sc) {
			return true
		}
		if e, _ := sc.Bound("config"); e != nil {
			return true
		}
		n := sel.Path[2]
		if n.X != nil || declared[n.Text] {
			return true
		}
		p.Error(diag.Diagnostic{
			File: f.Path, Span: n.At, Chain: s.module.Chain(),
			Message: fmt.Sprintf("the secret `%s` is not declared on this host", n.Text),
			Why:     "declare it as `sops.secrets` in the same system or home; evaluation fails when the value is needed",
		})
		return true
	})
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
