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
	ghtml "github.com/yuin/goldmark/renderer/html"
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

// markdown keeps what a page could not show: lines stay lines, and the address
// of a reference or of a link that leads nowhere in a browser stays text.
var markdown = goldmark.New(
	goldmark.WithParser(parser.NewParser(
		parser.WithBlockParsers(withoutHTML(parser.DefaultBlockParsers())...),
		parser.WithInlineParsers(withoutHTML(parser.DefaultInlineParsers())...),
		parser.WithASTTransformers(util.Prioritized(checklists{}, 500), util.Prioritized(plainLinks{}, 600)),
	)),
	goldmark.WithRendererOptions(ghtml.WithHardWraps()),
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
	c.Register.PreRenderer(attachedImages, converter.PriorityEarly)
	c.Register.PreRenderer(shownEntities, converter.PriorityEarly)
	c.Register.RendererFor(boxElement, converter.TagTypeInline, writeBox, converter.PriorityEarly)
	return c
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
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			switch lone := string(name) == "img" || string(name) == "hr"; {
			case lone && depth <= 0: // a block of the editor's own
				if before := pos - len(z.Raw()); strings.TrimSpace(src[start:before]) == "" {
					out = append(out, src[start:pos])
					start = pos
				}
			case tt == xhtml.StartTagToken && !voidElement(string(name)):
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
