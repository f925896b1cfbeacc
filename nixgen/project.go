package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/report"
	"nixgen/rules"
	"nixgen/templates"
)

const hostsFile = "hosts.toml"

// project is a fleet with the repository around it, as every command that
// needs one loads it.
type project struct {
	root      string // the folder of hosts.toml
	source    []byte // hosts.toml
	fleet     *fleet.Fleet
	env       fleet.Env
	listing   *listing
	inventory *layout.Inventory
	// diags are all findings about hosts.toml, the fleet is whole only when none
	// is an error; and warnings about files that no flake sees.
	diags []diag.Diagnostic
}

// findRoot gives the folder of hosts.toml: the world's, or the nearest above.
func (w *world) findRoot() (string, error) {
	for dir := w.dir; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, hostsFile)); err == nil {
			return dir, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", failed(err)
		}
		if dir == filepath.Dir(dir) {
			return "", failed(fmt.Errorf("no `%s` in `%s` or above; `nixgen init` writes a first one", hostsFile, w.dir))
		}
	}
}

// load reads the fleet. Mistakes in hosts.toml are in the project's diags; an
// error is one of the machine.
func (w *world) load() (*project, error) {
	root, err := w.findRoot()
	if err != nil {
		return nil, err
	}
	p := &project{root: root}
	if p.source, err = os.ReadFile(filepath.Join(root, hostsFile)); err != nil {
		return nil, failed(err)
	}
	if p.listing, err = w.list(root); err != nil {
		return nil, failed(err)
	}
	if p.env, err = newEnv(); err != nil {
		return nil, err
	}
	doc, syntax := fleet.Parse(hostsFile, p.source)
	tiers := doc.Layout()
	p.inventory = layout.Classify(&tiers, p.listing.files)
	p.inventory.Env(&p.env)
	p.env.Inputs = flakeInputs(root)
	if p.env.Catalog, err = preferredCatalog(root, &tiers); err != nil {
		return nil, failed(err)
	}
	var ds []diag.Diagnostic
	p.fleet, ds = doc.Load(p.env)
	p.diags = slices.Concat(syntax, ds, p.unseen())
	if !p.broken() {
		p.diags = slices.Concat(p.diags, p.lockedOut(), p.unreadWorkflows())
	}
	return p, nil
}

// newEnv is what this binary itself knows.
func newEnv() (fleet.Env, error) {
	env := fleet.Env{Version: version, Profiles: map[string]*fleet.Profile{}}
	for _, name := range templates.Disks() {
		f := "disks/" + name + "/profile.toml"
		p, ds := fleet.ParseProfile(f, name, templates.Read(f))
		if len(ds) > 0 {
			return env, failed(fmt.Errorf("the disk profile `%s` is broken: %s", name, ds[0].Message))
		}
		env.Profiles[name] = p
	}
	for _, r := range rules.All {
		env.Rules = append(env.Rules, r.ID)
	}
	declared, err := services()
	if err != nil {
		return env, err
	}
	env.Services = declared
	return env, nil
}

// unseen warns of modules that lie in a tier but that no flake sees.
func (p *project) unseen() []diag.Diagnostic {
	var ds []diag.Diagnostic
	if p.listing.trouble != "" {
		ds = append(ds, diag.Diagnostic{
			Severity: diag.Warning, Rule: "untracked-module",
			Message: "`git ls-files` failed, so every file on disk counts as a module: " + p.listing.trouble,
		})
	}
	if len(p.listing.untracked) == 0 {
		return ds
	}
	all := layout.Classify(&p.fleet.Layout, slices.Concat(p.listing.files, p.listing.untracked))
	var unseen []string
	for _, name := range p.listing.untracked {
		if f, ok := all.File(name); ok && f.Tier > layout.Generated {
			unseen = append(unseen, name)
		}
	}
	if len(unseen) > fewUnseen {
		return append(ds, diag.Diagnostic{
			Severity: diag.Warning, Rule: "untracked-module",
			Message: fmt.Sprintf("%d modules are not in git's index, so no flake sees them and they are left out; run `git add -N %s`",
				len(unseen), strings.Join(outermost(unseen, p.listing.untracked), " ")),
		})
	}
	for _, name := range unseen {
		ds = append(ds, diag.Diagnostic{
			File: name, Severity: diag.Warning, Rule: "untracked-module",
			Message: fmt.Sprintf("not in git's index, so no flake sees it and it is left out; run `git add -N %s`", shellQuote(name)),
		})
	}
	return ds
}

// fewUnseen is up to how many modules are named one by one; a fleet that was
// never added to git has more.
const fewUnseen = 3

// outermost names files by the outermost folders that hold none but them among
// others, in words of a shell. Both lists are sorted.
func outermost(files, others []string) []string {
	var out []string
	for _, f := range files {
		name := f
		for _, dir := range folders(f) {
			isOther := func(o string) bool {
				_, one := slices.BinarySearch(files, o)
				return strings.HasPrefix(o, dir+"/") && !one
			}
			if !slices.ContainsFunc(others, isOther) {
				name = dir
				break
			}
		}
		out = append(out, shellQuote(name))
	}
	return slices.Compact(out)
}

// unreadWorkflows warns of workflows that GitHub does not look for.
func (p *project) unreadWorkflows() []diag.Diagnostic {
	if p.fleet.CI == nil || !inGitTree(p.root) {
		return nil
	}
	if _, err := os.Lstat(filepath.Join(p.root, ".git")); err == nil {
		return nil
	}
	return []diag.Diagnostic{{
		File: hostsFile, Severity: diag.Warning, Rule: "unread-workflow",
		Message: "`ci`: GitHub reads workflows in the top folder of a repository alone, and `hosts.toml` stands below it",
	}}
}

// broken reports whether the fleet cannot be used.
func (p *project) broken() bool {
	return diag.Has(p.diags, diag.Error)
}

// file gives the text of a file of the tree for excerpts, or nil.
func (p *project) file(name string) []byte {
	if name == hostsFile {
		return p.source
	}
	b, err := os.ReadFile(filepath.Join(p.root, filepath.FromSlash(name)))
	if err != nil {
		return nil
	}
	return b
}

// complain prints diagnostics for a person, on standard error.
func (w *world) complain(p *project, ds []diag.Diagnostic) error {
	return report.Write(w.stderr, ds, report.Options{Source: p.file, Color: w.color(w.stderr)})
}
