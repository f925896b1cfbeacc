package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"nixgen/diag"
	"nixgen/report"
	"nixgen/secrets"
)

func newSecretsCommand(w *world) *cobra.Command {
	c := &cobra.Command{
		Use:   "secrets",
		Short: "check, begin, fill or rekey the repository of secrets",
	}
	c.AddCommand(newSecretsInitCommand(w), newSecretsCheckCommand(w), newSecretsMigrateCommand(w), newSecretsSyncCommand(w))
	return c
}

func newSecretsCheckCommand(w *world) *cobra.Command {
	var format string
	var brief bool
	c := &cobra.Command{
		Use:   "check [DIR]",
		Short: "prove without decrypting that every host can decrypt its secrets, and nobody else",
		Long: `Check reads a checkout of the repository of secrets: DIR, or the folder called
like the flake input (nix-secrets), in the fleet or beside it. For every host it
compares the files with hosts.toml: they exist, the host is among those who can
decrypt them, no stranger is, no value is plain text, .sops.yaml has exactly one
rule for each file and it says the same. Secrets that the host's modules declare
must be in a file that the host can decrypt, and the key that decrypts must
exist before they do. Where the checkout is a git repository, what is there must
be committed and be what flake.lock has. Nothing is ever decrypted.

The last line names the first step that is left: host key, recipient, rules,
encrypted file, key at boot, commit and lock, generate.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return w.secretsCheck(args, format, brief) },
	}
	c.Flags().StringVar(&format, "format", "text", "print as `FORMAT`: text, json, sarif or github")
	c.Flags().BoolVar(&brief, "brief", false, "one line a finding, without excerpts")
	return c
}

func (w *world) secretsCheck(args []string, format string, brief bool) error {
	f, err := report.ParseFormat(format)
	if err != nil {
		return usage("%v", err)
	}
	p, err := w.loadWhole()
	if err != nil {
		return err
	}
	tree, err := w.secretsTree(p, args)
	if err != nil {
		return err
	}
	work, facts, err := w.moduleSecrets(tree)
	if err != nil {
		return err
	}
	ds := secrets.Check(p.fleet, tree, facts)
	dir, _, err := w.secretsDir(p, args)
	if err != nil {
		return err
	}
	ds = append(ds, w.secretState(p, dir, tree, work.Lock())...)
	diag.Sort(ds)
	err = w.printSecrets(p, tree, ds, report.Options{Format: f, Brief: brief})
	if next := secrets.Next(p.fleet, tree, ds); next != "" && f == report.Text {
		fmt.Fprintln(w.stdout, next)
	}
	return err
}

// printSecrets renders findings and turns them into the exit code.
func (w *world) printSecrets(p *project, tree *secrets.Tree, ds []diag.Diagnostic, opt report.Options) error {
	opt.Version, opt.Color = version, w.color(w.stdout)
	opt.Source = func(name string) []byte {
		if in, ok := strings.CutPrefix(name, tree.Prefix); ok && tree.Files[in] != nil {
			return tree.Files[in]
		}
		return p.file(name)
	}
	// Excerpts would show values that ought to be encrypted.
	opt.Source = withoutPlain(ds, tree.Prefix, opt.Source)
	if err := report.Write(w.stdout, ds, opt); err != nil {
		return failed(err)
	}
	if diag.Has(ds, diag.Warning) {
		return attention()
	}
	return nil
}

// secretsTree reads the checkout that the command line names, or the usual one.
func (w *world) secretsTree(p *project, args []string) (*secrets.Tree, error) {
	dir, shown, err := w.secretsDir(p, args)
	if err != nil {
		return nil, err
	}
	files, err := readSecrets(dir)
	if err != nil {
		return nil, failed(err)
	}
	return &secrets.Tree{Prefix: shown, Files: files}, nil
}

// secretsDir gives the folder, and the prefix of its files in findings.
func (w *world) secretsDir(p *project, args []string) (dir, prefix string, err error) {
	if len(args) > 0 {
		dir, err = w.folder(args[0])
		return dir, path.Clean(filepath.ToSlash(args[0])) + "/", err
	}
	name := secrets.Input(p.fleet)
	for _, rel := range []string{name, "../" + name} {
		if info, err := os.Stat(filepath.Join(p.root, rel)); err == nil && info.IsDir() {
			return filepath.Join(p.root, rel), rel + "/", nil
		}
	}
	return "", "", failed(fmt.Errorf("no checkout of `%s` in the fleet's folder or beside it; name it, or begin one with `nixgen secrets init`", name))
}

// maxSecretsFile is more than any file that sops handles well.
const maxSecretsFile = 16 << 20

// readSecrets reads what a repository of secrets holds.
func readSecrets(dir string) (map[string][]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	files := map[string][]byte{}
	err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && name != "." && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		if info, err := e.Info(); err != nil {
			return err
		} else if info.Size() > maxSecretsFile && !secrets.Readable(name) {
			files[name] = nil // whatever it is, sops did not write it
			return nil
		} else if info.Size() > maxSecretsFile {
			return fmt.Errorf("`%s` is larger than 16 MB", name)
		}
		files[name], err = fs.ReadFile(root.FS(), name)
		return err
	})
	return files, err
}

func newSecretsInitCommand(w *world) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "write the skeleton of a repository of secrets",
		Long: `Init writes a repository of secrets for the fleet into DIR, or into the folder
beside the fleet called like the flake input (nix-secrets): flake.nix and data.nix
for plain data, .sops.yaml, and a file with one stub for sops for all hosts and
for each host. The stubs are not encrypted yet; "nixgen secrets sync --run"
encrypts them where sops is installed.

If one of the files is there already, nothing is written at all.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return w.secretsInit(args) },
	}
}

func (w *world) secretsInit(args []string) error {
	p, err := w.loadWhole()
	if err != nil {
		return err
	}
	if ds := secrets.Validate(p.fleet); len(ds) > 0 {
		if err := w.complain(p, ds); err != nil {
			return failed(err)
		}
		return attention()
	}
	dir := filepath.Join(p.root, "..", secrets.Input(p.fleet))
	if len(args) > 0 {
		dir = w.path(args[0])
	}
	files, err := skeleton(p.fleet)
	if err != nil {
		return failed(err)
	}
	written, err := writeAllNew(dir, files)
	if err != nil {
		return err
	}
	shown := w.relative(dir)
	for _, f := range written {
		fmt.Fprintln(w.stdout, "wrote", path.Join(shown, f))
	}
	fmt.Fprintf(w.stdout, "next: encrypt the stubs before anything is committed\n  nixgen secrets sync --run %[1]s\n  cd %[1]s && git init && git add .\n",
		shellQuote(shown))
	return nil
}

// relative is a folder as seen from where the command runs.
func (w *world) relative(dir string) string {
	if rel, err := filepath.Rel(w.dir, dir); err == nil {
		return filepath.ToSlash(rel)
	}
	return dir
}

func newSecretsSyncCommand(w *world) *cobra.Command {
	var run bool
	c := &cobra.Command{
		Use:   "sync [DIR]",
		Short: "print what must be encrypted anew and to whom; with --run do it",
		Long: `Sync prints the way from a repository of secrets to hosts.toml: .sops.yaml where
nixgen wrote it, then each file whose recipients differ. With --run it writes
.sops.yaml and runs sops, which needs a private key that can decrypt the files
(SOPS_AGE_KEY_FILE or the usual place). A file that somebody may no longer read
also gets a new data key; what he read before he knows: change those values.

DIR is found as by check. The exit code is 1 when there is something to do that
was not done.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return w.secretsSync(args, run) },
	}
	c.Flags().BoolVar(&run, "run", false, "write .sops.yaml and run sops")
	return c
}

func (w *world) secretsSync(args []string, run bool) error {
	p, err := w.loadWhole()
	if err != nil {
		return err
	}
	tree, err := w.secretsTree(p, args)
	if err != nil {
		return err
	}
	steps, ds := secrets.Sync(p.fleet, tree)
	if len(ds) > 0 {
		return w.printSecrets(p, tree, ds, report.Options{})
	}
	if !run {
		w.printSteps(steps)
		if len(steps) > 0 {
			return attention()
		}
		return nil
	}
	dir, _, err := w.secretsDir(p, args)
	if err != nil {
		return err
	}
	return w.runSteps(p.fleet, dir, steps)
}

// printSteps prints commands at the margin and reasons below, so that the
// commands can be copied.
func (w *world) printSteps(steps []secrets.Step) {
	for _, s := range steps {
		switch {
		case s.Write != nil:
			fmt.Fprintf(w.stdout, "write %s\n", s.File)
		case s.Commands == nil:
			fmt.Fprintf(w.stdout, "by hand: %s\n", s.File)
		}
		for _, c := range s.Commands {
			fmt.Fprintln(w.stdout, shellLine(c))
		}
		for _, why := range s.Why {
			fmt.Fprintf(w.stdout, "    %s\n", why)
		}
	}
}

func shellLine(args []string) string {
	var out []string
	for _, a := range args {
		out = append(out, shellQuote(a))
	}
	return strings.Join(out, " ")
}
