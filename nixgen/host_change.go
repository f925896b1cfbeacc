package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nixgen/fleet"
)

func newHostRenameCommand(w *world) *cobra.Command {
	return &cobra.Command{
		Use:   "rename OLD NEW",
		Short: "rename a host: in hosts.toml, its folder, its secrets, everything generated",
		Long: `Rename changes the host's name wherever hosts.toml says it, moves the files that
belong to the host, the key that waits for its installation, and its file in the
checkout of the repository of secrets (.sops.yaml too, where nixgen wrote it).
In Nix files it changes what can mean nothing else: paths into the host's folder,
comparisons with hostName, and flake outputs such as nixosConfigurations.OLD;
further mentions are listed. What an installed machine depends on — stateVersion,
hostId, the names on its disks — stays.`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return w.hostRename(args[0], args[1]) },
	}
}

func (w *world) hostRename(old, name string) error {
	p, err := w.loadWhole()
	if err != nil {
		return err
	}
	h, err := p.host(old)
	if err != nil {
		return err
	}
	doc, _ := fleet.Parse(hostsFile, p.source)
	text, err := doc.RenameHost(old, name)
	if err != nil {
		return usage("%v", err)
	}
	if _, err := w.proves(p, text, p.renamedFiles(old, name)); err != nil {
		return err
	}
	mentions := p.mentions(old)
	edits, err := p.rewritten(mentions, old, name)
	if err != nil {
		return failed(err)
	}
	key, err := w.preparedKey(p, h)
	if err != nil {
		return err
	}
	if err := w.moveHost(p, old, name); err != nil {
		return err
	}
	if err := w.rewrite(p, edits); err != nil {
		return err
	}
	if err := w.save(p, text); err != nil {
		return err
	}
	if err := w.moveKey(key, name); err != nil {
		return err
	}
	if err := w.renameSecrets(old, name); err != nil {
		return err
	}
	w.listMentions(slices.DeleteFunc(mentions, func(m mention) bool { return m.sure }), old)
	return nil
}

// renamedFiles are the files of the tree as they will be.
func (p *project) renamedFiles(old, name string) []string {
	files := slices.Clone(p.listing.files)
	for _, f := range p.filesOf(old) {
		if i := slices.Index(files, f.Path); i >= 0 {
			files[i] = renamed(f.Path, old, name)
		}
	}
	slices.Sort(files)
	return files
}

// moveKey gives the prepared key of a host the folder of its new name.
func (w *world) moveKey(folder, name string) error {
	if folder == "" {
		return nil
	}
	to := filepath.Join(filepath.Dir(folder), name)
	if _, err := os.Lstat(to); err == nil {
		return failed(fmt.Errorf("the host is renamed, but not its key: `%s` is there already", to))
	}
	if err := os.Rename(folder, to); err != nil {
		return failed(err)
	}
	fmt.Fprintf(w.stdout, "moved %s to %s\n", w.shown(folder), w.shown(to))
	return nil
}

// moveHost moves the files of a host. Nothing is overwritten, and where one
// move fails those before it are taken back.
func (w *world) moveHost(p *project, old, name string) error {
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return failed(err)
	}
	defer root.Close()
	var done [][2]string
	for _, f := range p.filesOf(old) {
		to := renamed(f.Path, old, name)
		if to == f.Path {
			continue
		}
		if err := moveFile(root, f.Path, to); err != nil {
			for _, d := range slices.Backward(done) {
				_ = moveFile(root, d[1], d[0])
			}
			return failed(fmt.Errorf("nothing was changed: %w", err))
		}
		done = append(done, [2]string{f.Path, to})
	}
	for _, d := range done {
		fmt.Fprintf(w.stdout, "moved %s to %s\n", d[0], d[1])
	}
	if len(done) == 0 || !inGitTree(p.root) {
		return nil
	}
	args := []string{"add", "-N", "--"}
	for _, d := range done {
		args = append(args, d[1])
	}
	if _, err := git(p.root, nil, args...); err != nil {
		return failed(err)
	}
	return nil
}

// renamed puts another host's name into a path, where a whole component, but
// for ".nix", is the old one.
func renamed(file, old, name string) string {
	parts := strings.Split(file, "/")
	for i, p := range parts {
		if p == old || p == old+".nix" {
			parts[i] = name + strings.TrimPrefix(p, old)
		}
	}
	return strings.Join(parts, "/")
}

func moveFile(root *os.Root, from, to string) error {
	if _, err := root.Lstat(to); err == nil {
		return fmt.Errorf("`%s` is there already", to)
	}
	if err := root.MkdirAll(path.Dir(to), 0o777); err != nil {
		return err
	}
	if err := root.Rename(from, to); err != nil {
		return err
	}
	removeFolders(root, path.Dir(from))
	return nil
}

func newHostRetireCommand(w *world) *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "retire NAME",
		Short: "take a host out: its table, its folder, its secrets, everything generated",
		Long: `Retire removes a host and every mention of it from hosts.toml, the files that
belong to it alone, the key that waits for its installation, and its file in the
checkout of the repository of secrets (.sops.yaml too, where nixgen wrote it).
Files that git could not bring back are not removed without --force. Mentions in
Nix files are listed. What the host could read it knows: "nixgen secrets sync"
says which files need a new data key.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return w.hostRetire(args[0], force) },
	}
	c.Flags().BoolVar(&force, "force", false, "remove files that git could not bring back, too")
	return c
}

func (w *world) hostRetire(name string, force bool) error {
	p, err := w.loadWhole()
	if err != nil {
		return err
	}
	h, err := p.host(name)
	if err != nil {
		return err
	}
	doc, _ := fleet.Parse(hostsFile, p.source)
	text, err := doc.RetireHost(name)
	if err != nil {
		return usage("%v", err)
	}
	if _, err := w.proves(p, text, p.filesWithout(name)); err != nil {
		return err
	}
	if lost := p.unrecoverable(name); len(lost) > 0 && !force {
		return &exitError{exitAttention, fmt.Errorf("nothing was changed: git could not bring back `%s`; commit first, or say `--force`",
			strings.Join(lost, "`, `"))}
	}
	mentions := slices.DeleteFunc(p.mentions(name), func(m mention) bool { f, _ := p.inventory.File(m.file); return f.Host == name })
	key, err := w.preparedKey(p, h)
	if err != nil {
		return err
	}
	file, err := w.secretsOf(p, name)
	if err != nil {
		return err
	}
	if err := w.removeHost(p, name); err != nil {
		return err
	}
	if err := w.save(p, text); err != nil {
		return err
	}
	if key != "" {
		if err := os.RemoveAll(key); err != nil {
			return failed(err)
		}
		fmt.Fprintln(w.stdout, "removed", w.shown(key))
	}
	if err := w.retireSecrets(file, force); err != nil {
		return err
	}
	w.listMentions(mentions, name)
	return nil
}

func (p *project) filesWithout(host string) []string {
	files := slices.Clone(p.listing.files)
	for _, f := range p.filesOf(host) {
		files = slices.DeleteFunc(files, func(x string) bool { return x == f.Path })
	}
	return files
}

// unrecoverable are files of a host whose content is nowhere else: not what
// `host add` wrote, and not committed as it is.
func (p *project) unrecoverable(name string) []string {
	var out []string
	for _, f := range p.filesOf(name) {
		text := p.file(f.Path)
		if string(text) == skeletonText {
			continue
		}
		committed, err := git(p.root, nil, "show", "HEAD:./"+f.Path)
		if err != nil || !bytes.Equal(committed, text) {
			out = append(out, f.Path)
		}
	}
	return out
}

func (w *world) removeHost(p *project, name string) error {
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return failed(err)
	}
	defer root.Close()
	for _, f := range p.filesOf(name) {
		if err := root.Remove(f.Path); err != nil {
			return failed(err)
		}
		fmt.Fprintln(w.stdout, "removed", f.Path)
		removeFolders(root, path.Dir(f.Path))
	}
	return nil
}
