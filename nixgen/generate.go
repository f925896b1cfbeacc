package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/generate"
	"nixgen/internal/outtree"
)

// outside are the files beside the generated folder that generate may write.
var outside = generate.Outside()

// written by other commands below the generated folder.
var kept = []string{"catalog.bin"}

type generateFlags struct {
	check, diff, force, stage, quiet bool
	forceIdentity                    []string
}

func newGenerateCommand(w *world) *cobra.Command {
	var f generateFlags
	c := &cobra.Command{
		Use:   "generate",
		Short: "write the Nix of every host of hosts.toml",
		Long: `Generate turns hosts.toml into the files below the generated folder, and says
for each host what changed. Files that are already right are not touched; files
that were edited by hand, or that nixgen did not write, are refused by name, and
then nothing is written at all.

In a git tree only files that git knows count as modules, since a flake sees
nothing else; generate ends with the command that makes git know its own.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return w.generate(f) },
	}
	flags := c.Flags()
	flags.BoolVar(&f.check, "check", false, "write nothing; exit 1 and print a diff if anything is not up to date")
	flags.BoolVar(&f.diff, "diff", false, "write nothing; print what would change as a diff, and exit 1 if anything would")
	flags.BoolVar(&f.force, "force", false, "overwrite and remove generated files that were edited by hand")
	flags.BoolVar(&f.stage, "stage", false, "git add the generated files that git does not know yet")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print no line for a host that did not change")
	flags.StringSliceVar(&f.forceIdentity, "force-identity", nil, "accept changed identity values (stateVersion, hostId, disk names) of `HOST`")
	c.MarkFlagsMutuallyExclusive("check", "stage")
	c.MarkFlagsMutuallyExclusive("diff", "stage")
	c.MarkFlagsMutuallyExclusive("check", "force")
	return c
}

func (w *world) generate(f generateFlags) error {
	defer roomy()()
	done := w.progress("nixgen: reading %s", hostsFile)
	p, err := w.load()
	done()
	if err != nil {
		return err
	}
	files, err := w.wanted(p, f)
	if err != nil {
		return err
	}
	tree, err := p.tree(f.force)
	if err != nil {
		return failed(err)
	}
	defer tree.Close()
	if f.check || f.diff {
		return w.compare(p, tree, files, f)
	}
	return w.write(p, tree, files, f)
}

// wanted gives every file that shall exist. It prints what is wrong with the
// fleet, and fails when that keeps it from being generated.
func (w *world) wanted(p *project, f generateFlags) ([]outtree.File, error) {
	for _, name := range f.forceIdentity {
		if !p.broken() && p.fleet.Host(name) == nil {
			return nil, noHost(name, p.hostNames())
		}
	}
	ds := p.diags
	var files []generate.File
	if !p.broken() {
		done := w.progress("nixgen: generating %d hosts", len(p.fleet.Hosts))
		var more []diag.Diagnostic
		files, more = p.generate(f.forceIdentity)
		done()
		ds = slices.Concat(ds, more)
	}
	if err := w.complain(p, ds); err != nil {
		return nil, failed(err)
	}
	if diag.Has(ds, diag.Error) {
		return nil, attention()
	}
	out := make([]outtree.File, len(files))
	for i, x := range files {
		out[i] = outtree.File(x)
	}
	return out, nil
}

// generate gives the files, the record of identities among them.
func (p *project) generate(force []string) ([]generate.File, []diag.Diagnostic) {
	old := p.readIdentities()
	if newer(old.Nixgen, minor(version)) {
		return nil, []diag.Diagnostic{{
			File: p.fleet.Layout.Generated + "/" + identityFile, Severity: diag.Error, Rule: "newer-output",
			Message: fmt.Sprintf("written by nixgen %s, and this is nixgen %s; update nixgen", old.Nixgen, version),
		}}
	}
	files, ds := generate.Files(p.fleet, p.inventory, generate.Options{Env: p.env})
	now := identitiesOf(p)
	ds = append(ds, p.changedIdentities(old, force)...)
	record, err := now.file(p.fleet.Layout.Generated)
	if err != nil {
		ds = append(ds, diag.Diagnostic{Severity: diag.Error, Message: err.Error()})
	}
	return append(files, record), ds
}

func (p *project) hostNames() []string {
	var out []string
	for _, h := range p.fleet.Hosts {
		out = append(out, h.Name)
	}
	return out
}

// tree opens the folder that is written to.
func (p *project) tree(force bool) (*outtree.Tree, error) {
	folder := p.fleet.Layout.Generated
	return outtree.Open(outtree.Config{
		Dir: p.root, Output: folder, Outside: outside, Force: force,
		Keep:    func(name string) bool { return slices.Contains(kept, strings.TrimPrefix(name, folder+"/")) },
		Inspect: inspect,
	})
}

func inspect(name string, content []byte) outtree.Status {
	switch generate.Verify(name, content) {
	case generate.Intact:
		return outtree.Ours
	case generate.Edited:
		return outtree.Edited
	}
	return outtree.Foreign
}

// compare is --check and --diff.
func (w *world) compare(p *project, tree *outtree.Tree, files []outtree.File, f generateFlags) error {
	plan, err := tree.Plan(files)
	if err != nil {
		return failed(err)
	}
	if err := w.complain(p, plan.Problems); err != nil {
		return failed(err)
	}
	out := bufio.NewWriter(w.stdout)
	if f.check {
		for _, c := range plan.Changes {
			fmt.Fprintf(out, "%-7s  %s\n", [...]string{"missing", "changed", "extra"}[c.Kind], c.Path)
		}
	}
	for _, c := range plan.Changes {
		out.Write(unified(c))
	}
	if f.check && plan.Fresh() {
		fmt.Fprintf(out, "%s: up to date\n", plural(len(p.fleet.Hosts), "host"))
	}
	if err := out.Flush(); err != nil {
		return failed(err)
	}
	if !plan.Fresh() {
		return attention()
	}
	return nil
}

// unified is a change as a diff that `git apply` takes.
func unified(c outtree.Change) []byte {
	from, to := "a/"+c.Path, "b/"+c.Path
	switch c.Kind {
	case outtree.Create:
		from = "/dev/null"
	case outtree.Remove:
		to = "/dev/null"
	}
	d := diff.Diff(from, c.Old, to, c.New)
	if _, rest, ok := strings.Cut(string(d), "\n"); ok && strings.HasPrefix(string(d), "diff ") {
		return []byte(rest) // the library's first line is not one that git writes
	}
	return d
}

func (w *world) write(p *project, tree *outtree.Tree, files []outtree.File, f generateFlags) error {
	done := w.progress("nixgen: writing %d files", len(files))
	plan, err := planAndApply(tree, files)
	done()
	if err != nil {
		return failed(err)
	}
	if len(plan.Problems) > 0 {
		if err := w.complain(p, plan.Problems); err != nil {
			return failed(err)
		}
		return &exitError{exitAttention, errors.New("nothing was written")}
	}
	out := bufio.NewWriter(w.stdout)
	summarize(out, p, plan, f.quiet)
	if err := w.knownToGit(out, p, files, f.stage); err != nil {
		return errors.Join(out.Flush(), err)
	}
	if err := out.Flush(); err != nil {
		return failed(err)
	}
	return nil
}

// planAndApply does both while no other process does either.
func planAndApply(tree *outtree.Tree, files []outtree.File) (*outtree.Plan, error) {
	unlock, err := tree.Lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	plan, err := tree.Plan(files)
	if err != nil || len(plan.Problems) > 0 {
		return plan, err
	}
	return plan, tree.Apply(plan)
}

// summarize prints a line for each host, one for what hosts share, and one for
// the whole.
func summarize(out *bufio.Writer, p *project, plan *outtree.Plan, quiet bool) {
	hosts := p.fleet.Layout.Generated + "/hosts/"
	by := map[string][]string{}
	for _, c := range plan.Changes {
		host, file := "", strings.TrimPrefix(c.Path, p.fleet.Layout.Generated+"/")
		if rest, ok := strings.CutPrefix(c.Path, hosts); ok {
			host, file, _ = strings.Cut(rest, "/")
		}
		by[host] = append(by[host], [...]string{"+", "~", "-"}[c.Kind]+file)
	}
	width := 0
	for _, h := range p.fleet.Hosts {
		width = max(width, len(h.Name))
	}
	for name := range by { // hosts that are gone, too
		width = max(width, len(name))
	}
	for _, h := range p.fleet.Hosts {
		what := by[h.Name]
		if len(what) > 0 || !quiet {
			fmt.Fprintf(out, "%-*s  %-14s  %s\n", width, h.Name, h.System, changes(what))
		}
		if slices.ContainsFunc(what, func(f string) bool { return f == "+disks.nix" || f == "~disks.nix" }) {
			steps(out, h, width)
		}
		delete(by, h.Name)
	}
	shared := by[""]
	delete(by, "")
	for _, gone := range sortedKeys(by) {
		fmt.Fprintf(out, "%-*s  %-14s  %s\n", width, gone, "-", changes(by[gone]))
	}
	if len(shared) > 0 {
		fmt.Fprintf(out, "%-*s  %-14s  %s\n", width, "*", "every host", changes(shared))
	}
	fmt.Fprintf(out, "%s: %s\n", plural(len(p.fleet.Hosts), "host"), totals(plan))
	for _, s := range plan.Strangers {
		fmt.Fprintf(out, "not written by nixgen, left alone: %s\n", s)
	}
}

// steps prints what is left to do by hand once the disks are installed.
func steps(out *bufio.Writer, h *fleet.Host, width int) {
	for _, d := range h.Disks {
		for _, step := range d.Steps {
			fmt.Fprintf(out, "%*s  after the installation (disks.%s), %s\n", width, "", d.Name, step)
		}
	}
}

// changes lists files that were added (+), rewritten (~) and removed (-).
func changes(what []string) string {
	const most = 6
	switch n := len(what); {
	case n == 0:
		return "unchanged"
	case n > most:
		return strings.Join(what[:most], " ") + fmt.Sprintf(" and %d more", n-most)
	}
	return strings.Join(what, " ")
}

func totals(plan *outtree.Plan) string {
	var n [3]int
	for _, c := range plan.Changes {
		n[c.Kind]++
	}
	if n == [3]int{} {
		return "nothing changed"
	}
	var parts []string
	for i, verb := range []string{"new", "rewritten", "removed"} {
		if n[i] > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", plural(n[i], "file"), verb))
		}
	}
	return strings.Join(parts, ", ")
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// knownToGit ends a run: generated files that are not in the index exist for no
// flake, so they are added or the command that adds them is printed.
func (w *world) knownToGit(out *bufio.Writer, p *project, files []outtree.File, stage bool) error {
	if !p.listing.git {
		if stage {
			return failed(errors.New("`--stage` needs a git tree"))
		}
		return nil
	}
	var unknown []string
	for _, f := range files {
		if !p.listing.tracks(f.Path) {
			unknown = append(unknown, f.Path)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	if stage {
		stdin := []byte(strings.Join(unknown, "\x00"))
		if _, err := git(p.root, stdin, "--literal-pathspecs", "add", "--pathspec-from-file=-", "--pathspec-file-nul"); err != nil {
			return failed(err)
		}
		fmt.Fprintf(out, "staged: %s\n", plural(len(unknown), "file"))
		return nil
	}
	fmt.Fprintf(out, "%s not yet in git; no flake sees them before:\n", plural(len(unknown), "file"))
	fmt.Fprintf(out, "  git add %s\n", strings.Join(p.shortest(unknown), " "))
	return nil
}

// shortest names unknown files by the outermost folder of ours that holds
// nothing but them.
func (p *project) shortest(unknown []string) []string {
	var out []string
	for _, f := range unknown {
		name := f
		for _, dir := range folders(f) {
			if (dir == p.fleet.Layout.Generated || strings.HasPrefix(dir, p.fleet.Layout.Generated+"/")) && !p.tracksBelow(dir) {
				name = dir
				break
			}
		}
		out = append(out, shellQuote(name))
	}
	return slices.Compact(out)
}

func folders(f string) []string {
	var out []string
	for i := range len(f) {
		if f[i] == '/' {
			out = append(out, f[:i])
		}
	}
	return out
}

// tracksBelow reports whether git knows anything in a folder.
func (p *project) tracksBelow(dir string) bool {
	i, _ := slices.BinarySearchFunc(p.listing.files, dir+"/", func(f, prefix string) int { return cmp.Compare(f, prefix) })
	return i < len(p.listing.files) && strings.HasPrefix(p.listing.files[i], dir+"/")
}
