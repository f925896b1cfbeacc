package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/lint"
	"nixgen/outline"
)

var unsubscribedModule = &lint.Rule{
	ID: "unsubscribed-module", Severity: diag.Warning, Scope: lint.FleetScope,
	Doc: lint.Doc{
		Summary: "an opt-in module that no host reads",
		Why: `Nobody subscribes to the module and nobody imports it, so it is never evaluated
and rots unseen. Modules that something else of the tree names are passed over:
an output of the flake, a test, a package.`,
		Bad: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
-- modules/opt-in/games.nix --
{ }
`,
		Good: `-- hosts.toml --
[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
optIn = ["games"]
-- modules/opt-in/games.nix --
{ }
`,
	},
	Run: func(p *lint.Pass) {
		if p.Work.Inventory == nil || len(p.Work.Hosts) == 0 {
			return
		}
		read := readFiles(p.Work)
		named := sync.OnceValue(func() *namedFiles { return newNamedFiles(p.Work, read) })
		users := append([]string{""}, p.Work.Inventory.Users()...)
		for _, u := range users {
			for _, t := range p.Work.Inventory.Topics(layout.OptIn, u) {
				unsubscribed(p, t, u, read, named)
			}
		}
	},
}

// readFiles are all files that some host reads or may read, as modules or as
// values.
func readFiles(w *lint.Workspace) map[string]bool {
	read := map[string]bool{}
	for _, h := range w.Hosts {
		for _, m := range h.Modules {
			read[m.Path] = true
		}
		for _, f := range h.Eval.Imported() {
			read[f] = true
		}
	}
	return read
}

// nearGap: an import that could not be followed may lead to the file, as one by
// name from a registry that is not known does to any.
func nearGap(w *lint.Workspace, file string) bool {
	for _, h := range w.Hosts {
		if h.Unwired {
			return true
		}
		for _, g := range h.Gaps {
			if g.Near != "" && strings.HasPrefix(file, g.Near+"/") || strings.HasSuffix(g.Why, outline.PartlyKnown) {
				return true
			}
		}
	}
	return false
}

func unsubscribed(p *lint.Pass, t layout.Topic, user string, read map[string]bool, named func() *namedFiles) {
	for _, e := range t.Entries {
		if read[e.Path] || nearGap(p.Work, e.Path) {
			return
		}
	}
	s := p.Work.Source(t.Entries[0].Path)
	if s == nil || besides(p.Work, s.Path) || isPackage(s) || subscribed(p.Work, t.Name, user) {
		return
	}
	if slices.ContainsFunc(t.Entries, func(f layout.File) bool { return named().has(f.Path) }) {
		return
	}
	who := "no host subscribes to it"
	if user != "" {
		who = fmt.Sprintf("no home of `%s` subscribes to it", user)
	}
	p.Warning(diag.Diagnostic{
		File: s.Path, Message: fmt.Sprintf("the opt-in module `%s` is never read: %s", t.Name, who),
	})
}

// subscribed: a role of some host does subscribe to the module, which has
// nothing for that host's platform. That is said at the subscription.
func subscribed(w *lint.Workspace, name, user string) bool {
	return user == "" && slices.ContainsFunc(w.Fleet.Roles, func(r *fleet.Role) bool {
		return len(r.Hosts) > 0 && slices.Contains(r.OptIn, name)
	})
}

// besides: x.test.nix beside x.nix, or beside a folder x, belongs to that one
// and is no module.
func besides(w *lint.Workspace, file string) bool {
	name := strings.TrimSuffix(file, ".nix")
	ext := path.Ext(name)
	if ext == "" || ext == name {
		return false
	}
	name = strings.TrimSuffix(name, ext)
	return w.Exists(name+".nix") || w.Exists(name)
}

// isPackage: a function that takes what it names and nothing more. The module
// system hands a module more than that.
func isPackage(s *lint.Source) bool {
	if s.Outline() == nil {
		return false
	}
	l, ok := s.Outline().Root.(*outline.Lambda)
	return ok && l.Formals != nil && !l.Formals.Ellipsis
}
