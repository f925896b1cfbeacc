package model

import (
	"regexp"

	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	ghtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// attachedImages gives the pictures of the server's own attachments their
// address: the editor keeps it beside a src that it fills in as it shows them.
func attachedImages(_ converter.Context, doc *xhtml.Node) {
	for n := range doc.Descendants() {
		addr, ok := attribute(n, "data-src")
		if n.DataAtom != atom.Img || !ok || addr == "" {
			continue
		}
		kept := []xhtml.Attribute{{Key: "src", Val: addr}}
		for _, a := range n.Attr {
			if a.Key != "src" {
				kept = append(kept, a)
			}
		}
		n.Attr = kept
	}
}

var entity = regexp.MustCompile(`&(#?[0-9A-Za-z]+;)`)

// shownEntities keeps an entity that the page shows as text from being one in
// Markdown.
func shownEntities(_ converter.Context, doc *xhtml.Node) {
	for n := range doc.Descendants() {
		if n.Type == xhtml.TextNode && !inCode(n) {
			n.Data = entity.ReplaceAllString(n.Data, "&amp;$1")
		}
	}
}

func inCode(n *xhtml.Node) bool {
	for ; n != nil; n = n.Parent {
		if n.DataAtom == atom.Code || n.DataAtom == atom.Pre {
			return true
		}
	}
	return false
}

// plainLinks makes text again of links whose address the renderer would drop.
type plainLinks struct{}

func (plainLinks) Transform(doc *ast.Document, src text.Reader, _ parser.Context) {
	var found []ast.Node
	ast.Walk(doc, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if enter && ghtml.IsDangerousURL([]byte(address(n, src.Source()))) {
			found = append(found, n)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range found {
		p, addr, open := n.Parent(), address(n, src.Source()), "["
		if n.Kind() == ast.KindAutoLink {
			p.ReplaceChild(p, n, ast.NewString([]byte("<"+addr+">")))
			continue
		}
		if n.Kind() == ast.KindImage {
			open = "!["
		}
		p.InsertBefore(p, n, ast.NewString([]byte(open)))
		for c := n.FirstChild(); c != nil; c = n.FirstChild() {
			p.InsertBefore(p, n, c)
		}
		p.ReplaceChild(p, n, ast.NewString([]byte("]("+addr+")")))
	}
}

// address is where a link leads; "" for what is none.
func address(n ast.Node, src []byte) string {
	switch n := n.(type) {
	case *ast.Link:
		return string(n.Destination)
	case *ast.Image:
		return string(n.Destination)
	case *ast.AutoLink:
		return string(n.URL(src))
	}
	return ""
}
