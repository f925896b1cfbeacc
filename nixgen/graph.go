package main

import (
	"cmp"
	"os"

	"github.com/spf13/cobra"

	"nixgen/draw"
	"nixgen/lint"
	"nixgen/secrets"
)

func newGraphCommand(w *world) *cobra.Command {
	var format, output string
	c := &cobra.Command{
		Use:   "graph",
		Short: "draw the fleet: hosts, roles, tiers, modules, secrets, waves, disks, findings",
		Long: `Graph draws what each host reads, as lint sees it, which files of secrets it
decrypts, and in which waves hosts are deployed. svg is the picture alone,
mermaid a flowchart for Markdown, html one page that needs nothing else: the
picture, a table of hosts and modules, the disks, the secrets, and the findings.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return w.graph(format, output) },
	}
	c.Flags().StringVar(&format, "format", "svg", "draw as `FORMAT`: svg, mermaid or html")
	c.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` instead of standard output")
	return c
}

func (w *world) graph(format, output string) error {
	render, ok := map[string]func(*draw.Picture) ([]byte, error){
		"svg":     func(p *draw.Picture) ([]byte, error) { return draw.SVG(p), nil },
		"mermaid": func(p *draw.Picture) ([]byte, error) { return draw.Mermaid(p), nil },
		"html":    draw.HTML,
	}[format]
	if !ok {
		return usage("no format `%s`; there are svg, mermaid and html", format)
	}
	t, err := w.fleetTree()
	if err != nil {
		return err
	}
	findings, err := t.work.Lint(t.cfg)
	if err != nil {
		return w.internal(err)
	}
	out, err := render(draw.New(t.work.Fleet, t.work.Inventory, t.work.Hosts, drawnSecrets(t.work), findings))
	if err != nil {
		return failed(err)
	}
	if output == "" {
		_, err = w.stdout.Write(out)
	} else {
		err = os.WriteFile(w.path(output), out, 0o666)
	}
	if err != nil {
		return failed(err)
	}
	return nil
}

// drawnSecrets are the secrets that hosts.toml and the modules declare. No
// checkout is needed: which files there must be follows from hosts.toml.
func drawnSecrets(work *lint.Workspace) []draw.Secret {
	tree := &secrets.Tree{Files: map[string][]byte{}}
	for _, t := range secrets.Plan(work.Fleet) {
		tree.Files[t.File] = nil
	}
	var out []draw.Secret
	for _, x := range append(secrets.FromFleet(work.Fleet), factsOf(work.Hosts, tree)...) {
		for _, d := range x.Declared {
			file := cmp.Or(d.File, secrets.HostFile(work.Fleet, x.Host))
			out = append(out, draw.Secret{Host: x.Host, User: x.User, File: file, Name: d.Key})
		}
	}
	return out
}
