package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"nixgen/catalog"
	"nixgen/fleet"
	"nixgen/internal/outtree"
	"nixgen/syntax"
)

// catalogFile lies in the generated folder.
const catalogFile = "catalog.bin"

type catalogFlags struct {
	flake, inputs, out string
}

func newCatalogCommand(w *world) *cobra.Command {
	var f catalogFlags
	c := &cobra.Command{
		Use:   "catalog",
		Short: "learn the options of your own flake inputs",
		Long: `Catalog asks Nix which options the fleet's inputs declare (nixpkgs, nix-darwin,
home-manager, sops-nix) and keeps them as catalog.bin in the generated folder.
From then on the other commands know the options of the revisions that are in
flake.lock, instead of those that came with nixgen. Run it after an update of
the inputs; remove the file to go back.

It needs Nix, and evaluates code of the inputs; it builds nothing.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return w.writeCatalog(f) },
	}
	c.Flags().StringVar(&f.flake, "flake", "", "take the inputs of the flake `REF` (default: the fleet's folder)")
	c.Flags().StringVar(&f.inputs, "inputs", "", "take the inputs from a Nix `FILE` whose value is the set of them")
	c.Flags().StringVarP(&f.out, "output", "o", "", "write to `FILE` (default: catalog.bin in the generated folder)")
	c.MarkFlagsMutuallyExclusive("flake", "inputs")
	return c
}

func (w *world) writeCatalog(f catalogFlags) error {
	p, err := w.loadAlone()
	if err != nil {
		return err
	}
	expr, err := w.catalogExpr(p, f)
	if err != nil {
		return err
	}
	done := w.progress("nixgen: evaluating the options of the flake's inputs")
	found, err := evaluate(p.root, expr)
	done()
	if err != nil {
		return failed(err)
	}
	rows, err := catalog.ReadJSON(bytes.NewReader(found))
	if err != nil {
		return failed(fmt.Errorf("what Nix printed is no list of options: %w", err))
	}
	data, err := catalog.Encode(catalog.Builtin().Complete(rows))
	if err != nil {
		return failed(err)
	}
	out := cmp.Or(f.out, filepath.Join(p.root, filepath.FromSlash(p.fleet.Layout.Generated), catalogFile))
	out = w.path(out)
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		return failed(err)
	}
	if err := outtree.WriteFile(out, data); err != nil {
		return failed(err)
	}
	w.reportCatalog(p.root, out, rows)
	return nil
}

// loadAlone reads hosts.toml and nothing of the repository, which may hold a
// catalog that this nixgen cannot read. Mistakes do not matter here: they may
// be options that the catalog at hand does not know yet.
func (w *world) loadAlone() (*project, error) {
	root, err := w.findRoot()
	if err != nil {
		return nil, err
	}
	p := &project{root: root}
	if p.source, err = os.ReadFile(filepath.Join(root, hostsFile)); err != nil {
		return nil, failed(err)
	}
	var doc *fleet.Document
	if doc, p.diags = fleet.Parse(hostsFile, p.source); !p.broken() {
		p.fleet, _ = doc.Load(fleet.Env{})
		return p, nil
	}
	if err := w.complain(p, p.diags); err != nil {
		return nil, failed(err)
	}
	return nil, attention()
}

// catalogExpr applies the catalog's function to the inputs.
func (w *world) catalogExpr(p *project, f catalogFlags) (string, error) {
	names, err := syntax.Format(inputNames(p.fleet.Inputs))
	if err != nil {
		return "", failed(err)
	}
	var inputs string
	if f.inputs != "" {
		file, err := syntax.QuoteString(w.path(f.inputs))
		if err != nil {
			return "", usage("--inputs: %v", err)
		}
		inputs = "import " + file
	} else {
		ref, err := syntax.QuoteString(cmp.Or(f.flake, p.root))
		if err != nil {
			return "", usage("--flake: %v", err)
		}
		inputs = "(builtins.getFlake " + ref + ").inputs"
	}
	return fmt.Sprintf("(%s) {\n  inputs = %s;\n  names = %s;\n}\n", catalog.Expression, inputs, names), nil
}

func inputNames(in fleet.Inputs) syntax.Attrs {
	return syntax.Attrs{
		{Path: []string{"nixpkgs"}, Value: syntax.String(cmp.Or(in.Nixpkgs, "nixpkgs"))},
		{Path: []string{"nix-darwin"}, Value: syntax.String(cmp.Or(in.NixDarwin, "nix-darwin"))},
		{Path: []string{"home-manager"}, Value: syntax.String(cmp.Or(in.HomeManager, "home-manager"))},
		{Path: []string{"sops-nix"}, Value: syntax.String(cmp.Or(in.SopsNix, "sops-nix"))},
	}
}

// evaluate lets the machine's Nix evaluate an expression to JSON.
func evaluate(dir, expr string) ([]byte, error) {
	nix, err := exec.LookPath("nix-instantiate")
	if err != nil {
		return nil, errors.New("`nix-instantiate` is not in PATH; the options of your inputs can be read by Nix alone")
	}
	cmd := exec.Command(nix, "--eval", "--strict", "--json", "--option", "extra-experimental-features", "flakes", "-")
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, strings.NewReader(expr), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("nix-instantiate: %w\n%s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}

// reportCatalog says what was found, a line per class.
func (w *world) reportCatalog(root, file string, rows []catalog.Row) {
	if rel, err := filepath.Rel(root, file); err == nil && filepath.IsLocal(rel) {
		file = filepath.ToSlash(rel)
	}
	count := map[catalog.Platform]int{}
	for _, r := range rows {
		count[r.Class]++
	}
	for class := catalog.Platform(1); class <= catalog.Any; class <<= 1 {
		if n := count[class]; n > 0 {
			fmt.Fprintf(w.stdout, "%-13s %d options\n", class, n)
		}
	}
	fmt.Fprintf(w.stdout, "wrote %s\n", file)
}

// preferredCatalog has the options that the fleet's own inputs declare, or
// those that nixgen knows by itself.
func preferredCatalog(root string, l *fleet.Layout) (*catalog.Catalog, error) {
	return catalog.Prefer(os.DirFS(root), path.Join(l.Generated, catalogFile))
}
