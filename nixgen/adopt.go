package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"nixgen/adopt"
	"nixgen/fleet"
	"nixgen/internal/outtree"
	"nixgen/layout"
	"nixgen/lint"
	"nixgen/report"
)

type adoptFlags struct {
	force, dryRun bool
	output        string
}

func newAdoptCommand(w *world) *cobra.Command {
	var f adoptFlags
	c := &cobra.Command{
		Use:   "adopt [DIR]",
		Short: "write a hosts.toml for a fleet that exists",
		Long: `Adopt reads the flake in a folder, without evaluating it, and writes a hosts.toml
that describes its hosts as they are: systems, releases, users, disks, tiers and
who subscribes to what. The flake goes on wiring its hosts itself
([layout] wiring = "manual"); lint and the other commands know them from then on.

What could not be read is listed with its place; what was guessed is marked
"# check" in the file.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := w.dir
			if len(args) > 0 {
				dir = w.path(args[0])
			}
			return w.adopt(dir, f)
		},
	}
	flags := c.Flags()
	flags.BoolVar(&f.force, "force", false, "overwrite a hosts.toml that is there")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the hosts.toml, and write nothing")
	flags.StringVarP(&f.output, "output", "o", "", "write to `FILE` instead of hosts.toml; - prints")
	return c
}

func (w *world) adopt(dir string, f adoptFlags) error {
	target, err := w.adoptTarget(dir, f)
	if err != nil {
		return err
	}
	work, err := surveyTree(dir)
	if err != nil {
		return err
	}
	if work.Flake == nil {
		return failed(fmt.Errorf("no `flake.nix` in `%s` that can be read", dir))
	}
	draft := adopt.Propose(found(work))
	p := &project{root: dir, source: draft.Text, listing: &listing{files: work.Files()}}
	if err := report.Write(w.stderr, draft.Notes, report.Options{Source: p.file, Color: w.color(w.stderr)}); err != nil {
		return failed(err)
	}
	if draft.Hosts == 0 {
		return &exitError{exitAttention, errors.New("nothing was written: no host was found in `flake.nix`")}
	}
	if p.env, err = adoptEnv(dir, work, draft.Text); err != nil {
		return err
	}
	if _, err := w.proves(p, draft.Text, p.listing.files); err != nil {
		return err
	}
	if target == "" {
		_, err := w.stdout.Write(draft.Text)
		return err
	}
	if err := outtree.WriteFile(target, draft.Text); err != nil {
		return failed(err)
	}
	w.adopted(dir, target, draft)
	return nil
}

// adoptTarget is the file to write, "" for standard output.
func (w *world) adoptTarget(dir string, f adoptFlags) (string, error) {
	if f.dryRun && f.output != "" && f.output != "-" {
		return "", usage("`--dry-run` writes nothing, `--output %s` asks for a file", f.output)
	}
	if _, err := w.folder(dir); err != nil {
		return "", err
	}
	if f.dryRun || f.output == "-" {
		return "", nil
	}
	target := filepath.Join(dir, hostsFile)
	if f.output != "" {
		target = w.path(f.output)
	}
	if _, err := os.Lstat(target); !f.force && !errors.Is(err, fs.ErrNotExist) {
		return "", &exitError{exitAttention, fmt.Errorf("nothing was written: `%s` is there already; `--force` overwrites it", target)}
	}
	return target, nil
}

// surveyTree follows every machine of the flake in a folder.
func surveyTree(dir string) (*lint.Workspace, error) {
	tree, err := checkedOut(dir)
	if err != nil {
		return nil, err
	}
	return tree.Survey(), nil
}

// adoptEnv is what the new hosts.toml may refer to.
func adoptEnv(dir string, work *lint.Workspace, text []byte) (fleet.Env, error) {
	env, err := newEnv()
	if err != nil {
		return env, err
	}
	doc, _ := fleet.Parse(hostsFile, text)
	tiers := doc.Layout()
	layout.Classify(&tiers, work.Files()).Env(&env)
	env.Inputs = flakeInputs(dir)
	return env, nil
}

// adopted says what was written and what comes next.
func (w *world) adopted(dir, target string, draft *adopt.Draft) {
	fmt.Fprintf(w.stdout, "wrote %s: %d hosts\n", target, draft.Hosts)
	if n := len(draft.Notes); n > 0 {
		fmt.Fprintf(w.stdout, "%d places could not be read, or should be looked at: they are listed above\n", n)
	}
	fmt.Fprintf(w.stdout, "next: read it through, its lines with `# check` first, then\n")
	if inGitTree(dir) {
		fmt.Fprintf(w.stdout, "  git add %s\n", shellQuote(filepath.Base(target)))
	}
	fmt.Fprintf(w.stdout, "  nixgen lint\n")
}

// found is what lint followed, as adopt wants it.
func found(work *lint.Workspace) *adopt.Fleet {
	f := &adopt.Fleet{Files: work.Files(), Inputs: map[string]string{}, Unread: gaps(work.Unread)}
	f.Declares = func(file string) bool {
		s := work.Source(file)
		return s != nil && s.Module() != nil && len(s.Module().Options) > 0
	}
	if work.Flake != nil {
		f.Inputs = work.Flake.URLs()
	}
	for _, h := range work.Hosts {
		f.Hosts = append(f.Hosts, foundHost(h))
	}
	return f
}

func foundHost(h *lint.Host) *adopt.Host {
	a := &adopt.Host{Name: h.Name, Output: h.Output, Platform: h.Platform, System: h.System, Homes: h.Users(), File: h.File, At: h.At}
	for _, m := range h.Modules {
		if !m.Value && m.Class != lint.FlakeParts {
			a.Reads = append(a.Reads, adopt.Read{File: m.Path, User: m.User})
		}
	}
	for _, v := range h.Doubled { // files that are modules as values: `import ./x.nix`
		if v.Class != lint.FlakeParts {
			a.Reads = append(a.Reads, adopt.Read{File: v.Path, User: v.User})
		}
	}
	for _, e := range h.Edges {
		if e.Class == lint.FlakeParts {
			continue
		}
		from := e.From
		if from == "flake.nix" {
			from = ""
		}
		a.Links = append(a.Links, adopt.Link{From: from, To: e.To, User: e.User})
	}
	a.Defined = func(user string, path ...string) []adopt.Definition {
		var out []adopt.Definition
		for _, d := range h.Defined(user, path...) {
			out = append(out, adopt.Definition{
				Path: d.Path, Value: d.Value, Strings: d.Strings(), Truth: d.Truth, Priority: d.Priority, File: d.File, At: d.At,
			})
		}
		return out
	}
	a.Gaps = func() []adopt.Gap { return gaps(h.Gaps) }
	return a
}

func gaps(gs []lint.Gap) []adopt.Gap {
	var out []adopt.Gap
	for _, g := range gs {
		out = append(out, adopt.Gap{File: g.File, At: g.At, Why: g.Why})
	}
	return out
}
