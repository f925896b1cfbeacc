package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nixgen/fleet"
	"nixgen/syntax"
)

func newHostRenameCommand(w *world) *cobra.Command {
	return &cobra.Command{
		Use:   "rename OLD NEW",
		Short: "rename a host: in hosts.toml, its folder, everything generated",
		Long: `Rename changes the host's name wherever hosts.toml says it and moves the files
that belong to the host. What an installed machine depends on — stateVersion,
hostId, the names on its disks — stays. Mentions in Nix files are listed.`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return w.hostRename(args[0], args[1]) },
	}
}

func (w *world) hostRename(old, name string) error {
	p, err := w.loadWhole()
	if err != nil {
		return err
	}
	if _, err := p.host(old); err != nil {
		return err
	}
	doc, _ := fleet.Parse(hostsFile, p.source)
	text, err := doc.RenameHost(old, name)
	if err != nil {
		return usage("%v", err)
	}
	if _, err := w.proves(p, text); err != nil {
		return err
	}
	mentions := p.mentions(old)
	if err := w.moveHost(p, old, name); err != nil {
		return err
	}
	if err := w.save(p, text); err != nil {
		return err
	}
	w.listMentions(mentions, old)
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
		Short: "take a host out: its table, its folder, everything generated",
		Long: `Retire removes a host and every mention of it from hosts.toml, and the files that
belong to it alone. Files that git could not bring back are not removed without
--force. Mentions in Nix files are listed.`,
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
	if _, err := p.host(name); err != nil {
		return err
	}
	doc, _ := fleet.Parse(hostsFile, p.source)
	text, err := doc.RetireHost(name)
	if err != nil {
		return usage("%v", err)
	}
	if _, err := w.proves(p, text); err != nil {
		return err
	}
	if lost := p.unrecoverable(name); len(lost) > 0 && !force {
		return &exitError{exitAttention, fmt.Errorf("nothing was changed: git could not bring back `%s`; commit first, or say `--force`",
			strings.Join(lost, "`, `"))}
	}
	mentions := p.mentions(name)
	if err := w.removeHost(p, name); err != nil {
		return err
	}
	if err := w.save(p, text); err != nil {
		return err
	}
	w.listMentions(mentions, name)
	return nil
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

// mention is a string of a Nix file that is a host's name.
type mention struct {
	file         string
	line, column int
}

// mentions finds the name as a whole string or path component in the Nix files
// written by hand.
func (p *project) mentions(name string) []mention {
	var out []mention
	for _, f := range p.inventory.Files {
		if !strings.HasSuffix(f.Path, ".nix") || strings.HasPrefix(f.Path, p.fleet.Layout.Generated+"/") || f.Host == name {
			continue
		}
		text := p.file(f.Path)
		if !bytes.Contains(text, []byte(name)) {
			continue
		}
		tree := syntax.Parse(f.Path, text)
		for t := range tree.Tokens() {
			if t.Kind() == syntax.TokStrText && t.Text() == name || t.Kind() == syntax.TokPath && slices.Contains(strings.Split(t.Text(), "/"), name) {
				at := tree.Position(t.Span().Start)
				out = append(out, mention{f.Path, at.Line, at.Column})
			}
		}
	}
	return out
}

func (w *world) listMentions(ms []mention, name string) {
	for _, m := range ms {
		fmt.Fprintf(w.stdout, "%s:%d:%d: still says `%s`\n", m.file, m.line, m.column, name)
	}
}
