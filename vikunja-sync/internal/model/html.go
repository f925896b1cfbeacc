package model

import (
	"bytes"
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/strikethrough"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/util"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// CommentHTML stores plain text so that the web page shows it as it is.
func CommentHTML(text string) string {
	var b strings.Builder
	for _, par := range strings.Split(text, "\n\n") {
		b.WriteString("<p>")
		b.WriteString(strings.ReplaceAll(html.EscapeString(par), "\n", "<br>"))
		b.WriteString("</p>")
	}
	return b.String()
}

// CommentText is the plain text of a comment: what a reader sees, with breaks
// and paragraphs as newlines. CommentText(CommentHTML(s)) is s for trimmed s.
func CommentText(src string) string {
	nodes, err := fragment(src)
	if err != nil {
		return Text(src)
	}
	var b strings.Builder
	for _, n := range nodes {
		plain(&b, n)
	}
	return Text(strings.Trim(b.String(), "\n"))
}

func plain(b *strings.Builder, n *xhtml.Node) {
	switch {
	case n.Type == xhtml.TextNode:
		b.WriteString(n.Data)
		return
	case n.Type != xhtml.ElementNode, n.DataAtom == atom.Script, n.DataAtom == atom.Style:
		return
	case n.DataAtom == atom.Br:
		b.WriteByte('\n')
	}
	block := blockElement(n)
	if block && b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") {
		b.WriteByte('\n')
	}
	if n.DataAtom == atom.P && b.Len() > 0 && !strings.HasSuffix(b.String(), "\n\n") {
		b.WriteByte('\n')
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		plain(b, c)
	}
	if block && !strings.HasSuffix(b.String(), "\n") {
		b.WriteByte('\n')
	}
}

func blockElement(n *xhtml.Node) bool {
	switch n.DataAtom {
	case atom.P, atom.Div, atom.Li, atom.Ul, atom.Ol, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6,
		atom.Pre, atom.Blockquote, atom.Table, atom.Tr, atom.Hr:
		return true
	}
	return false
}

func fragment(src string) ([]*xhtml.Node, error) {
	ctx := &xhtml.Node{Type: xhtml.ElementNode, Data: "body", DataAtom: atom.Body}
	return xhtml.ParseFragment(strings.NewReader(src), ctx)
}

// block is one top level element of a description: its source bytes and the
// Markdown a Taskwarrior user reads and edits.
type block struct{ src, text string }

// NotesText renders a stored description as Markdown. Plain text, which many
// scripts store, stays as it is.
func NotesText(src string) string {
	if !strings.ContainsAny(src, "<&") {
		return TextToTW(strings.TrimSpace(src))
	}
	return joinBlocks(blocks(src))
}

func joinBlocks(bs []block) string {
	var parts []string
	for _, b := range bs {
		if b.text != "" {
			parts = append(parts, b.text)
		}
	}
	return TextToTW(strings.Join(parts, "\n\n"))
}

// NotesHTML gives the description for an edited text. Blocks whose text did
// not change keep their bytes, so that what Markdown cannot say (underlines,
// mentions, colours) is lost at most in the paragraph that was edited.
func NotesHTML(text, oldSrc string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	if oldSrc != "" && NotesText(oldSrc) == text {
		return oldSrc
	}
	old := map[string][]string{}
	for _, b := range blocks(oldSrc) {
		if b.text != "" {
			key := TextToTW(b.text)
			old[key] = append(old[key], b.src)
		}
	}
	var out strings.Builder
	for _, t := range splitText(text, old) {
		if srcs := old[t]; len(srcs) > 0 {
			out.WriteString(srcs[0])
			old[t] = srcs[1:]
			continue
		}
		out.WriteString(markdownHTML(t))
	}
	return out.String()
}

// splitText cuts the text at blank lines, keeping together what was one block
// before (a list or code with blank lines inside) and what Markdown needs
// whole (a fence).
func splitText(text string, known map[string][]string) []string {
	parts := strings.Split(text, "\n\n")
	var out []string
	for i := 0; i < len(parts); {
		n := 1
		for j := len(parts); j > i+1; j-- {
			if len(known[strings.Join(parts[i:j], "\n\n")]) > 0 {
				n = j - i
				break
			}
		}
		piece := strings.Join(parts[i:i+n], "\n\n")
		for openFence(piece) && i+n < len(parts) {
			piece += "\n\n" + parts[i+n]
			n++
		}
		if strings.TrimSpace(piece) != "" {
			out = append(out, piece)
		}
		i += n
	}
	return out
}

func openFence(s string) bool { return strings.Count("\n"+s, "\n```")%2 == 1 }

var markdown = goldmark.New(
	goldmark.WithParser(parser.NewParser(
		parser.WithBlockParsers(withoutHTML(parser.DefaultBlockParsers())...),
		parser.WithInlineParsers(withoutHTML(parser.DefaultInlineParsers())...),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
		parser.WithASTTransformers(util.Prioritized(checklists{}, 500)),
	)),
	goldmark.WithExtensions(extension.Strikethrough, extension.Table, extension.TaskList))

func withoutHTML(ps []util.PrioritizedValue) []util.PrioritizedValue {
	raw := []string{fmt.Sprintf("%T", parser.NewHTMLBlockParser()), fmt.Sprintf("%T", parser.NewRawHTMLParser())}
	return slices.DeleteFunc(ps, func(p util.PrioritizedValue) bool {
		return slices.Contains(raw, fmt.Sprintf("%T", p.Value))
	})
}

// markdownHTML renders one block; raw HTML in it is shown, never passed on.
func markdownHTML(text string) string {
	var b bytes.Buffer
	if err := markdown.Convert([]byte(text), &b); err != nil {
		return CommentHTML(text)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

var toMarkdown = newConverter()

func newConverter() *converter.Converter {
	c := converter.NewConverter(converter.WithPlugins(
		base.NewBasePlugin(), commonmark.NewCommonmarkPlugin(), strikethrough.NewStrikethroughPlugin(), table.NewTablePlugin()))
	c.Register.PreRenderer(boxItems, converter.PriorityEarly)
	c.Register.RendererFor(boxElement, converter.TagTypeInline, writeBox, converter.PriorityEarly)
	return c
}

// blocks cuts a description at its top level elements without changing a byte:
// the sources joined are the description.
func blocks(src string) []block {
	var out []block
	for _, part := range cutTop(src) {
		text, err := toMarkdown.ConvertString(part)
		if err != nil {
			text = CommentText(part)
		}
		out = append(out, block{part, strings.TrimSpace(text)})
	}
	return out
}

// cutTop ends a piece after each closing tag that returns to depth zero. Tags
// that never close leave one piece: nothing is guessed.
func cutTop(src string) []string {
	z := xhtml.NewTokenizer(strings.NewReader(src))
	var out []string
	pos, start, depth := 0, 0, 0
	for {
		tt := z.Next()
		if tt == xhtml.ErrorToken {
			break
		}
		pos += len(z.Raw())
		switch name, _ := z.TagName(); tt {
		case xhtml.StartTagToken:
			if !voidElement(string(name)) {
				depth++
			}
		case xhtml.EndTagToken:
			depth--
			if depth <= 0 && blockElement(&xhtml.Node{DataAtom: atom.Lookup(name)}) {
				out = append(out, src[start:pos])
				start, depth = pos, 0
			}
		}
	}
	if start < len(src) {
		out = append(out, src[start:])
	}
	return out
}

func voidElement(name string) bool {
	switch name {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr":
		return true
	}
	return false
}
