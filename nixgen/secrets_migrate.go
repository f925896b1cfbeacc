package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
	"nixgen/secrets"
)

func newSecretsMigrateCommand(w *world) *cobra.Command {
	var run, decrypt bool
	c := &cobra.Command{
		Use:   "migrate [DIR]",
		Short: "move sops files of the fleet's own tree to a repository of secrets",
		Long: `Migrate finds the sops files in the fleet's tree and prints where each would go in
the repository DIR (by default the folder beside the fleet called like the flake
input): the file of a host, the file for all hosts, or one of its own below sops/.
What lies beside them and is not encrypted goes to plain/. It prints the recipients
that hosts.toml lacks, and the places in modules that name a file by its old path.

With --run it copies the files, compares every copy with its original byte for
byte, and prints what can then be deleted. Nothing is ever deleted, overwritten or
decrypted; with --decrypt sops also opens every copy, and its output is thrown away.
The exit code is 1 when there is something to do that was not done.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return w.secretsMigrate(args, run, decrypt) },
	}
	c.Flags().BoolVar(&run, "run", false, "copy the files and verify the copies")
	c.Flags().BoolVar(&decrypt, "decrypt", false, "with --run: prove with sops that every copy can be decrypted")
	return c
}

func (w *world) secretsMigrate(args []string, run, decrypt bool) error {
	if decrypt && !run {
		return usage("--decrypt goes with --run")
	}
	p, err := w.loadWhole()
	if err != nil {
		return err
	}
	dir := filepath.Join(p.root, "..", secrets.Input(p.fleet))
	if len(args) > 0 {
		dir = w.path(args[0])
	}
	m, err := w.migration(p, dir)
	if err != nil {
		return err
	}
	if len(m.Copies) == 0 {
		fmt.Fprintln(w.stdout, "no sops file in the fleet's tree")
		return nil
	}
	if len(m.Taken) > 0 {
		return &exitError{exitAttention, fmt.Errorf("nothing was copied: `%s` in `%s` is another file", strings.Join(m.Taken, "`, `"), m.shown)}
	}
	if !run {
		w.printMigration(m)
		return attention()
	}
	return w.runMigration(m, decrypt)
}

// move is one run of migrate.
type move struct {
	*secrets.Migration
	project *project
	files   map[string][]byte // of the fleet's tree
	uses    map[string][]secrets.Use
	// dir is the repository, shown how the user would name it.
	dir, shown string
}

// migration reads the fleet's tree and the repository, if there is one.
func (w *world) migration(p *project, dir string) (*move, error) {
	m := &move{project: p, dir: dir, shown: w.relative(dir)}
	var err error
	if m.files, err = w.sopsCandidates(p); err != nil {
		return nil, failed(err)
	}
	if m.uses, err = w.sopsUses(m.files); err != nil {
		return nil, err
	}
	tree := &secrets.Tree{}
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		if tree.Files, err = readSecrets(dir); err != nil {
			return nil, failed(err)
		}
	} else if err == nil {
		return nil, failed(fmt.Errorf("`%s` is not a folder", m.shown))
	}
	m.Migration = secrets.Migrate(p.fleet, m.files, m.uses, tree)
	return m, nil
}

// sopsCandidates are the files of the fleet that git knows, with the text of
// those that may be encrypted; nothing that nixgen writes.
func (w *world) sopsCandidates(p *project) (map[string][]byte, error) {
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	files := map[string][]byte{}
	for _, name := range append(slices.Clone(p.listing.files), p.listing.untracked...) {
		if strings.HasPrefix(name, p.fleet.Layout.Generated+"/") || name == hostsFile {
			continue
		}
		info, err := root.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxSecretsFile {
			continue
		}
		files[name] = nil
		if strings.HasSuffix(name, ".nix") {
			continue
		}
		if files[name], err = fs.ReadFile(root.FS(), name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// sopsUses tells by file of the tree which hosts' modules read it, as
// `sopsFile` or `defaultSopsFile`.
func (w *world) sopsUses(files map[string][]byte) (map[string][]secrets.Use, error) {
	t, err := w.lintTree(nil, lintOptions{})
	if err != nil {
		return nil, err
	}
	out := map[string][]secrets.Use{}
	for _, h := range t.work.Hosts {
		for _, m := range h.Modules {
			if m.Class == lint.FlakeParts || m.Reach != outline.True {
				continue
			}
			for _, d := range m.Out.Defs {
				usesBelow(m, d, nil, func(d *outline.Def) {
					name, ok := outline.AsPath(value(m, d))
					if _, known := files[name]; ok && known {
						out[name] = append(out[name], secrets.Use{Host: h.Name, User: m.User, At: place(m, d)})
					}
				})
			}
		}
	}
	return out, nil
}

// usesBelow visits the definitions of sops files.
func usesBelow(m *lint.Module, d *outline.Def, above []string, visit func(*outline.Def)) {
	name, ok := m.Name(d)
	if len(above) == 0 && (!ok || name != "sops") {
		return
	}
	names := append(above[:len(above):len(above)], name)
	switch {
	case len(names) == 2 && name == "defaultSopsFile", len(names) == 4 && names[1] == "secrets" && name == "sopsFile":
		visit(d)
	case len(names) < 4:
		for _, k := range d.Kids {
			usesBelow(m, k, names, visit)
		}
	}
}

func (w *world) printMigration(m *move) {
	for _, c := range m.Copies {
		verb := "copy"
		if c.There {
			verb = "there"
		}
		fmt.Fprintf(w.stdout, "%-5s %s → %s\n", verb, c.From, path.Join(m.shown, c.To))
		for _, why := range c.Why {
			fmt.Fprintf(w.stdout, "    %s\n", why)
		}
	}
	w.printHints(m)
	fmt.Fprintf(w.stdout, "next: `nixgen secrets migrate --run %s` copies and verifies; nothing is deleted\n", shellQuote(m.shown))
}

// printHints prints what a person must write into hosts.toml.
func (w *world) printHints(m *move) {
	for _, name := range m.Left {
		fmt.Fprintf(w.stdout, "stays %s\n", name)
	}
	w.printUses(m)
	if len(m.Keys) == 0 {
		return
	}
	fmt.Fprintf(w.stdout, "recipients that %s lacks, who would be left out when files are encrypted anew:\n", hostsFile)
	for _, k := range m.Keys {
		from := ""
		if k.Anchor != "" {
			from = " # " + k.Anchor
		}
		if k.Kind != "age" {
			fmt.Fprintf(w.stdout, "    # %s key %s: generated rules know age keys alone; make one for its owner, or keep a .sops.yaml of your own\n", k.Kind, k.Recipient)
			continue
		}
		if k.Table == "" {
			fmt.Fprintf(w.stdout, "    # %s%s: the host has another `ageKey`; an old one?\n", k.Recipient, from)
			continue
		}
		fmt.Fprintf(w.stdout, "    [%s]\n    %s = %q%s\n", k.Table, k.Key, k.Recipient, from)
	}
}

// runMigration copies, compares, and tells what is left to do.
func (w *world) runMigration(m *move, decrypt bool) error {
	if decrypt {
		if _, err := exec.LookPath("sops"); err != nil {
			return failed(errors.New("`sops` is not installed, and nothing was copied; without `--decrypt` it is not needed"))
		}
	}
	if err := os.MkdirAll(m.dir, 0o777); err != nil {
		return failed(err)
	}
	root, err := os.OpenRoot(m.dir)
	if err != nil {
		return failed(err)
	}
	defer root.Close()
	for _, c := range m.Copies {
		if err := copyVerified(root, c, m.files[c.From]); err != nil {
			return failed(err)
		}
		fmt.Fprintf(w.stdout, "copied %s → %s\n", c.From, path.Join(m.shown, c.To))
	}
	if err := w.beginRepository(m, root); err != nil {
		return err
	}
	if decrypt {
		if err := w.openCopies(m); err != nil {
			return err
		}
	}
	w.printLeft(m)
	return nil
}

// copyVerified writes a copy that is not there yet, and reads it again.
func copyVerified(root *os.Root, c secrets.Copy, text []byte) error {
	if !c.There {
		if err := writeNew(root, c.To, text); err != nil {
			return err
		}
	}
	f, err := root.Open(c.To)
	if err != nil {
		return err
	}
	defer f.Close()
	got, err := io.ReadAll(f)
	if err == nil && !bytes.Equal(got, text) {
		err = fmt.Errorf("the copy `%s` is not what `%s` is; the original was not touched", c.To, c.From)
	}
	return err
}

// beginRepository adds what a repository of secrets has besides, where it is
// missing. The rules wait until hosts.toml knows every reader.
func (w *world) beginRepository(m *move, root *os.Root) error {
	files, err := skeleton(m.project.fleet)
	if err != nil {
		return failed(err)
	}
	names := []string{"README.md", "data.nix", "flake.nix"}
	if len(m.Keys) == 0 && len(secrets.Validate(m.project.fleet)) == 0 {
		names = append(names, secrets.ConfigFile)
	}
	for _, name := range names {
		if _, err := root.Lstat(name); err == nil {
			continue
		}
		if err := writeNew(root, name, files[name]); err != nil {
			return failed(err)
		}
		fmt.Fprintf(w.stdout, "wrote %s\n", path.Join(m.shown, name))
	}
	return nil
}

// openCopies has sops decrypt every copy, for nobody to see.
func (w *world) openCopies(m *move) error {
	for _, c := range m.Copies {
		if !c.Encrypted {
			continue
		}
		cmd := exec.Command("sops", "decrypt", c.To)
		cmd.Dir, cmd.Stdout, cmd.Stderr = m.dir, io.Discard, w.stderr
		if err := cmd.Run(); err != nil {
			return failed(fmt.Errorf("`sops decrypt %s`: %w; the originals were not touched", c.To, err))
		}
		fmt.Fprintf(w.stdout, "opens %s\n", c.To)
	}
	return nil
}

// printLeft prints what the copies leave to do, in order.
func (w *world) printLeft(m *move) {
	fmt.Fprintf(w.stdout, "copied and verified: %s\n", plural(len(m.Copies), "file"))
	w.printHints(m)
	fmt.Fprintf(w.stdout, "then: `nixgen secrets check %s` until it is silent; commit and push there, add the flake input `%s`, rebuild a host\n",
		shellQuote(m.shown), secrets.Input(m.project.fleet))
	fmt.Fprintln(w.stdout, "only then delete what was copied:")
	var names []string
	for _, c := range m.Copies {
		names = append(names, shellQuote(c.From))
	}
	for _, name := range m.Rules {
		names = append(names, shellQuote(name))
	}
	fmt.Fprintf(w.stdout, "    git rm %s\n", strings.Join(names, " "))
}

// printUses prints where modules name a file by its old path.
func (w *world) printUses(m *move) {
	first := true
	for _, c := range m.Copies {
		for _, at := range distinct(m.uses[c.From]) {
			if first {
				fmt.Fprintln(w.stdout, "in modules, the new place of each file:")
				first = false
			}
			fmt.Fprintf(w.stdout, "    %s: \"${inputs.%s}/%s\"\n", m.project.position(at), secrets.Input(m.project.fleet), c.To)
		}
	}
}

// distinct are the places of uses, each once, in their order.
func distinct(uses []secrets.Use) []secrets.Place {
	var out []secrets.Place
	for _, u := range uses {
		if !slices.Contains(out, u.At) {
			out = append(out, u.At)
		}
	}
	return out
}

// position is a place as `file:line:col`.
func (p *project) position(at secrets.Place) string {
	pos := diag.NewLines(p.file(at.File)).Position(at.Span.Start)
	return fmt.Sprintf("%s:%d:%d", at.File, pos.Line, pos.Column)
}
