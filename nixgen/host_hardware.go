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
	left, err := c.apply(tree, func([]string) bool { return true })
	if err != nil {
		return nil, nil, err
	}
	// LUKS that a mount which stays needs stays, too.
	text, err = c.apply(tree, func(option []string) bool {
		return option[0] != "boot" || !bytes.Contains(left, []byte("/dev/mapper/"+option[4]+`"`))
	})
	return text, c.dropped, err
}

// cutter collects the bindings that a disk's profile makes superfluous.
type cutter struct {
	host    *fleet.Host
	cuts    []cut
	dropped []string
}

type cut struct {
	option []string
	edit   diag.Edit
}

// apply makes the cuts that are wanted.
func (c *cutter) apply(tree *syntax.File, want func(option []string) bool) ([]byte, error) {
	var edits []diag.Edit
	c.dropped = nil
	for _, x := range c.cuts {
		if want(x.option) {
			edits = append(edits, x.edit)
			c.dropped = append(c.dropped, optionName(x.option[:min(len(x.option), depth[x.option[0]])]))
		}
	}
	c.dropped = slices.Compact(c.dropped)
	if len(edits) == 0 {
		return tree.Source(), nil
	}
	return diag.Apply(tree.Source(), edits)
}

// depth is how much of an option names what was dropped, by its first part.
var depth = map[string]int{"fileSystems": 2, "swapDevices": 1, "boot": 5}

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
			c.cuts = append(c.cuts, cut{full, withBlankLine(b.Node)})
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
	case len(option) >= 2 && option[0] == "fileSystems":
		return slices.Contains(mounts, option[1])
	case len(option) == 1 && option[0] == "swapDevices":
		return root
	}
	return root && len(option) >= 5 && strings.Join(option[:4], ".") == "boot.initrd.luks.devices"
}

// place is where a file of the machine goes in the tree.
func (x *hardware) place(dir string) string { return path.Join(dir, x.name) }
