package main

import (
	"bytes"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/internal/outtree"
	"nixgen/layout"
	"nixgen/syntax"
)

// mention is a place in a Nix file written by hand that is a host's name.
type mention struct {
	file         string
	line, column int
	at           diag.Span // of the name
	// sure: it can mean nothing but the host.
	sure bool
}

// mentions finds the name as a whole string, an attribute or a component of a
// path in the Nix files written by hand; in a host's own files only what is
// certain, since they are about that host anyway.
func (p *project) mentions(name string) []mention {
	var out []mention
	for _, f := range p.inventory.Files {
		if !strings.HasSuffix(f.Path, ".nix") || strings.HasPrefix(f.Path, p.fleet.Layout.Generated+"/") {
			continue
		}
		text := p.file(f.Path)
		if !bytes.Contains(text, []byte(name)) {
			continue
		}
		for _, m := range p.mentionsIn(syntax.Parse(f.Path, text), name) {
			if m.sure || f.Host != name {
				out = append(out, m)
			}
		}
	}
	return out
}

func (p *project) mentionsIn(tree *syntax.File, name string) []mention {
	var out []mention
	add := func(at diag.Span, sure bool) {
		pos := tree.Position(at.Start)
		out = append(out, mention{tree.Name(), pos.Line, pos.Column, at, sure})
	}
	for t := range tree.Tokens() {
		at := t.Span()
		switch {
		case t.Kind() == syntax.TokStrText && t.Text() == name:
			node := tree.NodeAt(at.Start)
			add(at, comparesHost(node) || outputOf(node))
		case t.Kind() == syntax.TokIdent && t.Text() == name && outputOf(tree.NodeAt(at.Start)):
			add(at, true)
		case t.Kind() == syntax.TokPath:
			start := at.Start
			for part := range strings.SplitSeq(t.Text(), "/") {
				if part == name || part == name+".nix" {
					add(diag.Span{Start: start, End: start + len(name)}, p.intoHost(tree, t.Text()[:start+len(part)-at.Start], name))
				}
				start += len(part) + 1
			}
		}
	}
	return out
}

// comparesHost: `hostName == "x"`, `elem hostName [ "x" … ]` and the like.
func comparesHost(n syntax.Node) bool {
	for n.Valid() && !n.Is(syntax.KindStr) {
		n = n.Parent()
	}
	above := n.Parent()
	if b, ok := above.AsBinaryOp(); ok {
		return (b.Op() == syntax.TokEq || b.Op() == syntax.TokNotEq) && (saysHostName(b.Left()) || saysHostName(b.Right()))
	}
	list, ok := above.AsList()
	if !ok {
		return false
	}
	call, ok := list.Parent().AsApply()
	if !ok || call.NumArgs() != 2 || call.Arg(1) != list.Node {
		return false
	}
	f := call.Func().Text()
	return (f == "elem" || strings.HasSuffix(f, ".elem")) && saysHostName(call.Arg(0))
}

// saysHostName: `hostSpec.hostName`, `config.networking.hostName`.
func saysHostName(n syntax.Node) bool {
	s, ok := n.Unparen().AsSelect()
	if !ok {
		return false
	}
	names, ok := s.Path().Names()
	return ok && names[len(names)-1] == "hostName"
}

// hostOutputs are the outputs of a flake whose attributes are hosts.
var hostOutputs = []string{"nixosConfigurations", "darwinConfigurations"}

// outputOf: the attribute after `nixosConfigurations` in a selection.
func outputOf(n syntax.Node) bool {
	for n.Valid() && !n.Parent().Is(syntax.KindAttrPath) {
		if n = n.Parent(); !n.Valid() {
			return false
		}
	}
	attrs, ok := n.Parent().AsAttrPath()
	if !ok || !attrs.Parent().Is(syntax.KindSelect) {
		return false
	}
	before := ""
	for a := range attrs.Attrs() {
		if a == n {
			return slices.Contains(hostOutputs, before)
		}
		before, _ = syntax.AttrName(a)
	}
	return false
}

// intoHost: the path, up to the name, leads to a file of the host, or a folder
// with one.
func (p *project) intoHost(tree *syntax.File, to, name string) bool {
	if !strings.HasPrefix(to, ".") {
		return false
	}
	to = path.Join(path.Dir(tree.Name()), to)
	return slices.ContainsFunc(p.filesOf(name), func(f layout.File) bool {
		return f.Path == to || strings.HasPrefix(f.Path, to+"/")
	})
}

// rewritten gives the new texts of the files with certain mentions.
func (p *project) rewritten(ms []mention, old, name string) (map[string][]byte, error) {
	edits := map[string][]diag.Edit{}
	for _, m := range ms {
		if m.sure {
			edits[m.file] = append(edits[m.file], diag.Edit{Span: m.at, New: name})
		}
	}
	out := map[string][]byte{}
	for file, es := range edits {
		text, err := diag.Apply(p.file(file), es)
		if err != nil {
			return nil, err
		}
		if !syntax.Parse(file, text).OK() {
			return nil, fmt.Errorf("`%s` would not parse any more with `%s` in the place of `%s`", file, name, old)
		}
		to := file
		if f, ok := p.inventory.File(file); ok && f.Host == old {
			to = renamed(file, old, name)
		}
		out[to] = text
	}
	return out, nil
}

// rewrite writes them, after the host's own files were moved.
func (w *world) rewrite(p *project, texts map[string][]byte) error {
	for _, file := range sortedKeys(texts) {
		if err := outtree.WriteFile(filepath.Join(p.root, filepath.FromSlash(file)), texts[file]); err != nil {
			return failed(err)
		}
		fmt.Fprintln(w.stdout, "edited", file)
	}
	return nil
}

// listMentions prints what is left to a person.
func (w *world) listMentions(ms []mention, name string) {
	for _, m := range ms {
		fmt.Fprintf(w.stdout, "%s:%d:%d: still says `%s`\n", m.file, m.line, m.column, name)
	}
}
