package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/report"
	"nixgen/rules"
)

// lintOptions are the flags of nixgen lint.
type lintOptions struct {
	fix, diff, stdin, brief bool
	hosts, enable, disable  []string
	format, baseline        string
	explainGraph            string
	stdinFilename           string
}

func newLintCommand(w *world) *cobra.Command {
	var o lintOptions
	c := &cobra.Command{
		Use:   "lint [flags] [PATH…]",
		Short: "say what evaluation would reject, without evaluating",
		Long: `Lint reads the fleet around hosts.toml and every Nix file in it, and reports
what evaluation would reject minutes later or never notice. PATHs limit the
findings to files and folders; files named there are read even when git
ignores them. Without hosts.toml only the rules about single files run.

The exit code is 1 when there is an error or a warning, whatever the format.`,
		RunE: func(_ *cobra.Command, paths []string) error { return w.lint(paths, o) },
	}
	f := c.Flags()
	f.BoolVar(&o.fix, "fix", false, "apply the fixes that are safe")
	f.BoolVar(&o.diff, "diff", false, "print what --fix would change, and change nothing")
	f.StringSliceVar(&o.hosts, "host", nil, "report on `HOST` alone; may be given several times")
	f.StringVar(&o.format, "format", "text", "print as `FORMAT`: text, json, sarif or github")
	f.StringSliceVar(&o.enable, "enable", nil, "switch `RULE`s on, or the group style")
	f.StringSliceVar(&o.disable, "disable", nil, "switch `RULE`s off")
	f.StringVar(&o.baseline, "baseline", "", "accept the findings that `FILE` lists; write it if it does not exist")
	f.StringVar(&o.explainGraph, "explain-graph", "", "say who reads `FILE`, or everything of all hosts")
	f.Lookup("explain-graph").NoOptDefVal = "."
	f.BoolVar(&o.stdin, "stdin", false, "lint standard input")
	f.StringVar(&o.stdinFilename, "stdin-filename", "stdin.nix", "the `FILE` that standard input stands for")
	f.BoolVar(&o.brief, "brief", false, "one line a finding, without excerpts")
	return c
}

// lintTree is a tree that is linted: its root, what was read, what was asked.
type lintTree struct {
	root  string
	work  *lint.Workspace
	cfg   lint.Config
	diags []diag.Diagnostic // about hosts.toml
}

func (w *world) lint(paths []string, o lintOptions) error {
	format, err := report.ParseFormat(o.format)
	if err != nil {
		return usage("%v", err)
	}
	defer roomy()()
	t, err := w.lintTree(paths, o)
	if err != nil {
		return err
	}
	if o.explainGraph != "" {
		return w.explainGraph(t, o.explainGraph)
	}
	if o.fix || o.diff {
		if err := w.lintFix(t, o); err != nil {
			return err
		}
	}
	ds, err := t.work.Lint(t.cfg)
	if err != nil {
		return w.internal(err)
	}
	ds = slices.Concat(t.diags, ds)
	if o.baseline != "" {
		if ds, err = w.applyBaseline(t, o.baseline, ds); err != nil {
			return err
		}
	}
	return w.printFindings(t, ds, report.Options{Format: format, Brief: o.brief})
}

// internal is a rule that failed: a fault of ours, not of the fleet.
func (w *world) internal(err error) error {
	if ie := (*lint.InternalError)(nil); errors.As(err, &ie) {
		fmt.Fprintf(w.stderr, "%v\n%s", ie.Cause, ie.Stack)
	}
	return failed(err)
}

// lintTree reads the tree that holds the paths.
func (w *world) lintTree(paths []string, o lintOptions) (*lintTree, error) {
	t := &lintTree{root: w.dir}
	if root, err := w.findRoot(); err == nil {
		t.root = root
	} else if len(paths) == 1 {
		if st, err := os.Stat(w.path(paths[0])); err == nil && st.IsDir() {
			t.root, paths = w.path(paths[0]), nil
		}
	}
	t.cfg = lint.Config{Rules: rules.All, Enable: o.enable, Disable: o.disable, Hosts: o.hosts}
	if err := t.cfg.Check(); err != nil {
		return nil, usage("%v", err)
	}
	named, err := w.within(t, paths)
	if err != nil {
		return nil, err
	}
	tree, err := checkedOut(t.root)
	if err != nil {
		return nil, err
	}
	tree.Named, tree.Lazy = named, len(t.cfg.Only) > 0
	env := sync.OnceValues(newEnv)
	go env() // while the tree is listed
	if t.work, t.diags, err = tree.Load(env); err != nil {
		return nil, err
	}
	if o.stdin {
		if err := w.readStdin(t, o.stdinFilename); err != nil {
			return nil, err
		}
	}
	return t, t.checkHosts(o.hosts)
}

// fleetTree is the tree of a fleet that must be there, and be sound.
func (w *world) fleetTree() (*lintTree, error) {
	if _, err := w.findRoot(); err != nil {
		return nil, err
	}
	t, err := w.lintTree(nil, lintOptions{})
	if err == nil && t.work.Fleet == nil {
		err = failed(fmt.Errorf("`%s` cannot be read; `nixgen generate` says why", hostsFile))
	}
	return t, err
}

// checkedOut is the tree below a folder, with what git tracks in it.
func checkedOut(dir string) (lint.Tree, error) {
	fsys, err := lint.OpenDir(dir)
	if err != nil {
		return lint.Tree{}, failed(err)
	}
	return lint.Tree{FS: fsys, Tracked: func(ignored []string) []string { return trackedAnyway(dir, ignored) }}, nil
}

func (t *lintTree) checkHosts(hosts []string) error {
	var known []string
	for _, h := range t.work.Hosts {
		known = append(known, h.Name)
	}
	for _, h := range hosts {
		if !slices.Contains(known, h) {
			return noHost(h, known)
		}
	}
	return nil
}

// within makes the paths of the command line relative to the root, and gives
// those of files, which are read even when git ignores them.
func (w *world) within(t *lintTree, paths []string) (files []string, err error) {
	for _, p := range paths {
		st, err := w.stat(p)
		if err != nil {
			return nil, err
		}
		rel, err := filepath.Rel(t.root, w.path(p))
		if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return nil, usage("`%s` lies outside of `%s`", p, t.root)
		}
		rel = filepath.ToSlash(rel)
		t.cfg.Only = append(t.cfg.Only, rel)
		if !st.IsDir() && strings.HasSuffix(rel, ".nix") {
			files = append(files, rel)
		}
	}
	return files, nil
}

func (w *world) readStdin(t *lintTree, name string) error {
	text, err := io.ReadAll(w.stdin)
	if err != nil {
		return failed(err)
	}
	abs := w.path(name)
	rel, err := filepath.Rel(t.root, abs)
	if err != nil || strings.HasPrefix(rel, "..") {
		rel = filepath.Base(name)
	}
	rel = filepath.ToSlash(rel)
	t.work = t.work.With(map[string][]byte{rel: text})
	t.cfg.Only = []string{rel}
	return nil
}

func (t *lintTree) source(file string) []byte {
	if s := t.work.Source(file); s != nil {
		return s.Text
	}
	b, err := os.ReadFile(filepath.Join(t.root, filepath.FromSlash(file)))
	if err != nil {
		return nil
	}
	return b
}

// printFindings renders the findings and turns them into the exit code.
func (w *world) printFindings(t *lintTree, ds []diag.Diagnostic, opt report.Options) error {
	if t.work.Fleet == nil && len(t.diags) == 0 {
		ds = append(ds, diag.Diagnostic{
			Severity: diag.Info, Rule: "no-fleet",
			Message: "no `hosts.toml` here or above: only the rules about single files ran, none about platforms, tiers and hosts",
		})
	}
	opt.Source, opt.Version, opt.Color = t.source, version, w.color(w.stdout)
	for _, r := range rules.All {
		opt.Rules = append(opt.Rules, report.Rule{ID: r.ID, Summary: r.Doc.Summary, Help: r.Doc.Why, Severity: r.Severity})
	}
	if err := report.Write(w.stdout, ds, opt); err != nil {
		return failed(err)
	}
	if opt.Format == report.GitHub {
		if err := w.stepSummary(ds, opt); err != nil {
			return err
		}
	}
	if diag.Has(ds, diag.Warning) {
		return attention()
	}
	return nil
}

// stepSummary appends to the page of the run, where GitHub asks for it.
func (w *world) stepSummary(ds []diag.Diagnostic, opt report.Options) error {
	name := w.getenv("GITHUB_STEP_SUMMARY")
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return failed(err)
	}
	return errors.Join(report.WriteSummary(f, ds, opt), f.Close())
}
