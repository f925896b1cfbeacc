package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/syntax"
)

// hardware is what describes a machine: a hardware-configuration.nix, or a
// report of nixos-facter.
type hardware struct {
	name string // as layout finds it beside the host's entry
	text []byte
	// dropped are the options taken out, since a disk profile sets them.
	dropped []string
}

const (
	hardwareFile = "hardware-configuration.nix"
	facterFile   = "facter.json"
)

// readHardware judges a file by its content and makes it fit for the host.
// source is the file's name in messages.
func (w *world) readHardware(source string, text []byte, h *fleet.Host) (*hardware, error) {
	if h.Platform != fleet.NixOS {
		return nil, usage("`--hardware`: only NixOS reads `%s`", source)
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) && strings.HasSuffix(source, ".json") {
		return facterReport(source, text, h)
	}
	tree := syntax.Parse(source, text)
	if d, bad := tree.FirstError(); bad {
		at := tree.Position(d.Span.Start)
		return nil, &exitError{exitAttention, fmt.Errorf("nothing was written: %s:%d:%d: %s", source, at.Line, at.Column, d.Message)}
	}
	text, dropped, err := withoutDisks(tree, h)
	if err != nil {
		return nil, failed(err)
	}
	return &hardware{name: hardwareFile, text: text, dropped: dropped}, nil
}

func facterReport(source string, text []byte, h *fleet.Host) (*hardware, error) {
	var report struct {
		Version *int
		System  string
	}
	if err := json.Unmarshal(text, &report); err != nil || report.Version == nil {
		return nil, &exitError{exitAttention, fmt.Errorf("nothing was written: `%s` is no report of nixos-facter", source)}
	}
	if report.System != "" && report.System != h.System {
		return nil, usage("`%s` is of a machine that is %s, and `--system` says %s", source, report.System, h.System)
	}
	return &hardware{name: facterFile, text: text}, nil
}

// withoutDisks takes out what the host's disk profiles say themselves: mounts of
// what they provide, swap, and how the encrypted root is opened.
func withoutDisks(tree *syntax.File, h *fleet.Host) (text []byte, dropped []string, err error) {
	body := tree.Root().Unparen()
	for l, ok := body.AsLambda(); ok; l, ok = body.AsLambda() {
		body = l.Body().Unparen()
	}
	c := cutter{host: h}
	c.bindings(body, nil)
	if len(c.edits) == 0 {
		return tree.Source(), nil, nil
	}
	text, err = diag.Apply(tree.Source(), c.edits)
	return text, c.dropped, err
}

type cutter struct {
	host    *fleet.Host
	edits   []diag.Edit
	dropped []string
}

// bindings looks at those of a set, and below them where they may hold what is
// to be dropped.
func (c *cutter) bindings(n syntax.Node, above []string) {
	set, ok := n.AsAttrSet()
	if !ok {
		return
	}
	for b := range set.Bindings() {
		names, ok := b.Path().Names()
		if !ok {
			continue
		}
		full := slices.Concat(above, names)
		if provided(c.host, full) {
			c.edits = append(c.edits, withBlankLine(b.Node))
			c.dropped = append(c.dropped, optionName(full))
			continue
		}
		if full[0] == "fileSystems" && len(full) == 1 || full[0] == "boot" {
			c.bindings(b.Value().Unparen(), full)
		}
	}
}

// withBlankLine removes the lines of a binding and, where it stands between two
// blank ones, one of those.
func withBlankLine(n syntax.Node) diag.Edit {
	e, src := n.RemoveLines(), n.File().Source()
	blank := bytes.HasSuffix(src[:e.Span.Start], []byte("\n\n"))
	if rest := src[e.Span.End:]; blank && bytes.HasPrefix(rest, []byte("\n")) {
		e.Span.End++
	}
	return e
}

func optionName(path []string) string {
	s, err := syntax.QuoteAttrPath(path)
	if err != nil {
		return strings.Join(path, ".")
	}
	return s
}

// provided reports whether a disk of the host, and not the machine, decides on
// an option of hardware-configuration.nix.
func provided(h *fleet.Host, option []string) bool {
	var mounts []string
	for _, d := range h.Disks {
		mounts = append(mounts, d.Provides...)
	}
	root := slices.Contains(mounts, "/")
	switch {
	case len(option) == 2 && option[0] == "fileSystems":
		return slices.Contains(mounts, option[1])
	case len(option) == 1 && option[0] == "swapDevices":
		return root
	}
	return root && len(option) >= 5 && strings.Join(option[:4], ".") == "boot.initrd.luks.devices"
}

// place is where a file of the machine goes in the tree.
func (x *hardware) place(dir string) string { return path.Join(dir, x.name) }
