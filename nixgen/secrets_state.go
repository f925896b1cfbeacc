package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"nixgen/diag"
	"nixgen/internal/outtree"
	"nixgen/lint"
	"nixgen/secrets"
)

// secretState looks at the end of a secret's way: what of the checkout the
// fleet reads, and whether hosts.toml was generated.
func (w *world) secretState(p *project, dir string, tree *secrets.Tree, lock *lint.Lock) []diag.Diagnostic {
	var out []diag.Diagnostic
	if message := lockState(p, dir, tree.Prefix, lock); message != "" {
		out = append(out, diag.Diagnostic{File: "flake.lock", Severity: diag.Warning, Rule: secrets.RuleLock, Message: message})
	}
	if stale := staleOutput(p); stale != "" {
		out = append(out, diag.Diagnostic{
			File: stale, Severity: diag.Warning, Rule: secrets.RuleOutput,
			Message: "not what " + hostsFile + " says about secrets; run `nixgen generate`",
		})
	}
	return out
}

// lockState says why a fleet does not read what the checkout holds; it is empty
// where it does, and where that cannot be known: the folder is no git work tree
// of its own, or the fleet locks something else than a git revision.
func lockState(p *project, dir, prefix string, lock *lint.Lock) string {
	top, err := git(dir, nil, "rev-parse", "--show-toplevel")
	if err != nil || !sameFolder(strings.TrimSpace(string(top)), dir) {
		return ""
	}
	changed, err := git(dir, nil, "status", "--porcelain")
	if err != nil {
		return ""
	}
	if lines := strings.Split(strings.TrimRight(string(changed), "\n"), "\n"); lines[0] != "" {
		what := "`" + prefix + strings.TrimSpace(lines[0][2:]) + "`"
		if more := len(lines) - 1; more > 0 {
			what += fmt.Sprintf(" and %d more", more)
		}
		return fmt.Sprintf("the fleet does not read what is not committed: %s; commit in `%s`, then `nix flake update %s`",
			what, prefix, secrets.Input(p.fleet))
	}
	return lockedState(p, dir, prefix, lock)
}

// lockedState compares the revision of a clean checkout with the lock.
func lockedState(p *project, dir, prefix string, lock *lint.Lock) string {
	input := secrets.Input(p.fleet)
	update := fmt.Sprintf("; `nix flake update %s`", input)
	head, err := git(dir, nil, "rev-parse", "HEAD")
	if err != nil || lock == nil {
		return ""
	}
	node, ok := lock.Input(input)
	rev := strings.TrimSpace(string(head))
	switch {
	case !ok || node == nil:
		return fmt.Sprintf("it does not have the input `%s`%s", input, update)
	case node.Locked.Rev == "" || node.Locked.Rev == rev:
		return ""
	}
	return fmt.Sprintf("it has `%s` at %.7s, and `%s` is at %.7s%s", input, node.Locked.Rev, prefix, rev, update)
}

// sameFolder compares folders whatever links lead there.
func sameFolder(a, b string) bool {
	a, err := filepath.EvalSymlinks(a)
	if err != nil {
		return false
	}
	b, err = filepath.EvalSymlinks(b)
	return err == nil && a == b
}

// staleOutput is a generated file that is not as hosts.toml says, where secrets
// come from there; empty where everything is.
func staleOutput(p *project) string {
	if len(secrets.FromFleet(p.fleet)) == 0 {
		return ""
	}
	files, ds := p.generate(nil)
	if diag.Has(ds, diag.Error) {
		return "" // `nixgen generate` says why
	}
	tree, err := p.tree(false)
	if err != nil {
		return ""
	}
	defer tree.Close()
	want := make([]outtree.File, len(files))
	for i, x := range files {
		want[i] = outtree.File(x)
	}
	plan, err := tree.Plan(want)
	if err != nil || len(plan.Changes) == 0 {
		return ""
	}
	return plan.Changes[0].Path
}
