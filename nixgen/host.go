package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/internal/outtree"
	"nixgen/layout"
)

func newHostCommand(w *world) *cobra.Command {
	c := &cobra.Command{
		Use:   "host",
		Short: "add, rename, retire or show a host",
	}
	c.AddCommand(newHostAddCommand(w), newHostRenameCommand(w), newHostRetireCommand(w), newHostShowCommand(w))
	return c
}

// loadWhole loads a fleet that has no errors; those it has are printed.
func (w *world) loadWhole() (*project, error) {
	p, err := w.load()
	if err != nil {
		return nil, err
	}
	if p.broken() {
		if err := w.complain(p, p.diags); err != nil {
			return nil, failed(err)
		}
		return nil, attention()
	}
	return p, nil
}

// host finds a host of the fleet by name.
func (p *project) host(name string) (*fleet.Host, error) {
	if h := p.fleet.Host(name); h != nil {
		return h, nil
	}
	return nil, noHost(name, p.hostNames())
}

// proves tries a new text of hosts.toml, in a tree of the given files, before
// anything is written: it must load, generate, and be free to be written. What is
// wrong is printed.
func (w *world) proves(p *project, text []byte, files []string) (*fleet.Fleet, error) {
	tried := *p
	tried.source = text
	doc, ds := fleet.Parse(hostsFile, text)
	f, more := doc.Load(p.env)
	ds = slices.Concat(ds, more)
	if !diag.Has(ds, diag.Error) {
		tried.fleet, tried.inventory = f, layout.Classify(&f.Layout, files)
		problems, err := tried.problems()
		if err != nil {
			return nil, failed(err)
		}
		ds = slices.Concat(ds, problems)
	}
	if !diag.Has(ds, diag.Error) {
		return f, nil
	}
	fmt.Fprintf(w.stderr, "nothing was written: %s would say\n", hostsFile)
	if err := w.complain(&tried, ds); err != nil {
		return nil, failed(err)
	}
	return nil, attention()
}

// problems are what would keep generate from writing: mistakes that show only
// then, and files that were edited by hand.
func (p *project) problems() ([]diag.Diagnostic, error) {
	made, ds := p.generate(nil)
	if diag.Has(ds, diag.Error) {
		return ds, nil
	}
	files := make([]outtree.File, len(made))
	for i, x := range made {
		files[i] = outtree.File(x)
	}
	tree, err := p.tree(false)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	plan, err := tree.Plan(files)
	if err != nil {
		return nil, err
	}
	return plan.Problems, nil
}

// save writes hosts.toml and generates.
func (w *world) save(p *project, text []byte) error {
	if err := outtree.WriteFile(filepath.Join(p.root, hostsFile), text); err != nil {
		return failed(err)
	}
	if err := w.generate(generateFlags{quiet: true, stage: inGitTree(p.root)}); err != nil {
		return err
	}
	if err := forget(p.root); err != nil {
		return failed(err)
	}
	return nil
}

// hostFolder is where the files of a host go that has none yet: the first
// pattern of [layout] hosts that names one folder.
func hostFolder(l *fleet.Layout, name, platform string) (string, error) {
	for _, g := range l.Hosts {
		dir := strings.ReplaceAll(g, "{platform}", platform)
		if strings.Contains(dir, "{host}") {
			dir = strings.ReplaceAll(dir, "{host}", name)
		} else {
			dir = path.Join(dir, name)
		}
		if !strings.ContainsAny(dir, "*?[{") {
			return dir, nil
		}
	}
	return "", fmt.Errorf("no pattern of `layout.hosts` names one folder for a new host")
}

// filesOf are the files of the tree that belong to one host: its folder, and
// what its users keep for it.
func (p *project) filesOf(name string) []layout.File {
	var out []layout.File
	for _, f := range p.inventory.Files {
		if f.Tier == layout.Host && f.Host == name {
			out = append(out, f)
		}
	}
	return out
}

// removeFolders removes folders that are empty now, upwards to the root.
func removeFolders(root *os.Root, dir string) {
	for dir != "." && root.Remove(dir) == nil {
		dir = path.Dir(dir)
	}
}
