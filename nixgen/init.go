package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

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
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return failed(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return failed(err)
	}
	defer root.Close()
	files, err := starterFiles()
	if err != nil {
		return failed(err)
	}
	if taken := inTheWay(root, files); len(taken) > 0 {
		return &exitError{exitAttention, fmt.Errorf("nothing was written: `%s` is there already", strings.Join(taken, "`, `"))}
	}
	if err := copyStarter(root, files); err != nil {
		return failed(err)
	}
	for _, f := range files {
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

func starterFiles() ([]string, error) {
	var files []string
	err := fs.WalkDir(templates.Starter(), ".", func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, p)
		}
		return err
	})
	return files, err
}

// inTheWay lists what exists where a file or one of its folders must go.
func inTheWay(root *os.Root, files []string) []string {
	var taken []string
	for _, f := range files {
		if _, err := root.Lstat(f); !errors.Is(err, fs.ErrNotExist) {
			taken = append(taken, f)
		}
	}
	return taken
}

// copyStarter writes every file anew; after an error it removes those that it
// wrote.
func copyStarter(root *os.Root, files []string) error {
	for i, f := range files {
		err := copyFile(root, f)
		if err == nil {
			continue
		}
		for _, done := range files[:i] {
			_ = root.Remove(done)
		}
		return err
	}
	return nil
}

func copyFile(root *os.Root, name string) error {
	content, err := fs.ReadFile(templates.Starter(), name)
	if err != nil {
		return err
	}
	if err := root.MkdirAll(path.Dir(name), 0o777); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}
