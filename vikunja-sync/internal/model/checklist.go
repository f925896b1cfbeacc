package model

import (
	"bytes"
	"strings"

	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/yuin/goldmark/ast"
	xast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Vikunja's editor keeps a checklist as <ul data-type="taskList"> whose items
// are <li data-type="taskItem" data-checked="…">. A label with a checkbox and
// a div around the text are its own decoration, which it makes anew.

// boxElement marks, during the conversion, where a box is written.
const boxElement = "checklist-box"

func attribute(n *xhtml.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// boxItems takes the decoration off checklist items and puts a mark before
// their text.
func boxItems(_ converter.Context, doc *xhtml.Node) {
	var items []*xhtml.Node
	for n := range doc.Descendants() {
		if _, ok := attribute(n, "data-checked"); ok && n.DataAtom == atom.Li {
			items = append(items, n)
		}
	}
	for _, li := range items {
		boxItem(li)
	}
}

func boxItem(li *xhtml.Node) {
	for c := li.FirstChild; c != nil; {
		next := c.NextSibling
		switch {
		case c.DataAtom == atom.Label, c.DataAtom == atom.Input, c.Type == xhtml.TextNode && strings.TrimSpace(c.Data) == "" && strings.Contains(c.Data, "\n"):
			li.RemoveChild(c)
		case c.DataAtom == atom.Div:
			next = unwrap(c, next)
		}
		c = next
	}
	if p := li.FirstChild; p != nil && p.DataAtom == atom.P {
		unwrap(p, p.NextSibling)
	}
	checked, _ := attribute(li, "data-checked")
	box := &xhtml.Node{Type: xhtml.ElementNode, Data: boxElement, Attr: []xhtml.Attribute{{Key: "checked", Val: checked}}}
	li.InsertBefore(box, li.FirstChild)
}

// unwrap puts an element's children in its place and gives the first of them,
// or what followed where there are none.
func unwrap(n, next *xhtml.Node) *xhtml.Node {
	first := n.FirstChild
	for c := n.FirstChild; c != nil; c = n.FirstChild {
		n.RemoveChild(c)
		n.Parent.InsertBefore(c, n)
	}
	n.Parent.RemoveChild(n)
	if first != nil {
		return first
	}
	return next
}

func writeBox(_ converter.Context, w converter.Writer, n *xhtml.Node) converter.RenderStatus {
	if checked, _ := attribute(n, "checked"); checked == "true" {
		w.WriteString("[x] ")
	} else {
		w.WriteString("[ ] ")
	}
	return converter.RenderSuccess
}

// checklists turns the boxes of a parsed Markdown text into the editor's form.
type checklists struct{}

func (checklists) Transform(doc *ast.Document, src text.Reader, _ parser.Context) {
	var boxes []*xast.TaskCheckBox
	ast.Walk(doc, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if box, ok := n.(*xast.TaskCheckBox); ok && enter {
			boxes = append(boxes, box)
		}
		return ast.WalkContinue, nil
	})
	for _, box := range boxes {
		line := box.Parent()
		item := line.Parent()
		checked := "false"
		if box.IsChecked {
			checked = "true"
		}
		item.SetAttributeString("data-type", []byte("taskItem"))
		item.SetAttributeString("data-checked", []byte(checked))
		item.Parent().SetAttributeString("data-type", []byte("taskList"))
		if t, ok := box.NextSibling().(*ast.Text); ok {
			rest := t.Segment.Value(src.Source())
			t.Segment = t.Segment.WithStart(t.Segment.Start + len(rest) - len(bytes.TrimLeft(rest, " ")))
		}
		line.RemoveChild(line, box)
		if line.Kind() == ast.KindTextBlock { // the editor wants a paragraph
			p := ast.NewParagraph()
			for c := line.FirstChild(); c != nil; c = line.FirstChild() {
				p.AppendChild(p, c)
			}
			item.ReplaceChild(item, line, p)
		}
	}
}
