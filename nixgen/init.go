package main

import (
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"nixgen/templates"
)

func newInitCommand(w *world) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "write a first fleet: one NixOS machine, one Mac, a few modules",
		Long: `Init writes a fleet that works as it is into a folder: hosts.toml, flake.nix, and
a few modules of each tier. Lines of hosts.toml that are yours to fill in end in
"# <-".

A folder that holds other files is fine; if one of them is in the way, nothing is
written at all.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := w.dir
			if len(args) > 0 {
				dir = w.path(args[0])
			}
			return w.init(dir)
		},
	}
}

func (w *world) init(dir string) error {
	files, err := starterFiles()
	if err != nil {
		return failed(err)
	}
	written, err := writeAllNew(dir, files)
	if err != nil {
		return err
	}
	for _, f := range written {
		fmt.Fprintln(w.stdout, "wrote", f)
	}
	fmt.Fprintf(w.stdout, "next: fill in the lines of hosts.toml that end in `# <-`, then\n")
	for _, c := range nextCommands(dir) {
		fmt.Fprintln(w.stdout, " ", c)
	}
	return nil
}

// nextCommands ends where a flake can be built: it sees what git knows.
func nextCommands(dir string) []string {
	if inGitTree(dir) {
		return []string{"git add .", "nixgen generate --stage"}
	}
	return []string{"nixgen generate", "git init && git add ."}
}

func starterFiles() (map[string][]byte, error) {
	starter := templates.Starter()
	files := map[string][]byte{}
	err := fs.WalkDir(starter, ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files[p], err = fs.ReadFile(starter, p)
		return err
	})
	return files, err
}
