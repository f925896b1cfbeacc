package fake

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/JohannesKaufmann/dom"
	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/strikethrough"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Rich text is stored as HTML, byte for byte. v2 shows and takes Markdown to
// who asks for it, by a parameter or, on a PATCH, by a header.

// markdown reports whether a request asks for Markdown.
func markdown(r *http.Request) bool {
	return r.Header.Get("X-Vikunja-Format") == "markdown" || (r.Method != http.MethodPatch && r.URL.Query().Get("format") == "markdown")
}

// toMarkdown shows stored HTML.
func toMarkdown(src string) string {
	c := converter.NewConverter(converter.WithPlugins(base.NewBasePlugin(), commonmark.NewCommonmarkPlugin(),
		table.NewTablePlugin(), strikethrough.NewStrikethroughPlugin()))
	c.Register.PreRenderer(func(_ converter.Context, doc *html.Node) { each(doc, boxItem) }, converter.PriorityEarly)
	c.Register.RendererFor("input", converter.TagTypeInline, func(_ converter.Context, w converter.Writer, n *html.Node) converter.RenderStatus {
		if dom.GetAttributeOr(n, "type", "") != "checkbox" {
			return converter.RenderTryNext
		}
		mark := "[ ] "
		if _, on := dom.GetAttribute(n, "checked"); on {
			mark = "[x] "
		}
		w.WriteString(mark)
		return converter.RenderSuccess
	}, converter.PriorityEarly)
	c.Register.RendererFor("mention-user", converter.TagTypeInline, func(_ converter.Context, w converter.Writer, n *html.Node) converter.RenderStatus {
		who := dom.GetAttributeOr(n, "data-id", "")
		if who == "" {
			return converter.RenderTryNext
		}
		w.WriteString("@" + who)
		return converter.RenderSuccess
	}, converter.PriorityEarly)
	out, err := c.ConvertString(src)
	if err != nil {
		return src
	}
	return strings.TrimSpace(out)
}

// each calls fn for a node and all below it; fn may change what is below.
func each(n *html.Node, fn func(*html.Node)) {
	fn(n)
	for _, c := range dom.AllChildNodes(n) {
		each(c, fn)
	}
}

func element(n *html.Node, names ...string) bool {
	for _, name := range names {
		if n.Type == html.ElementNode && n.Data == name {
			return true
		}
	}
	return false
}

// boxItem gives an item of the editor's check list one box before its text.
// A mention without a text gets one, or the blank after it would go too.
func boxItem(n *html.Node) {
	if element(n, "mention-user") && n.FirstChild == nil {
		n.AppendChild(&html.Node{Type: html.TextNode, Data: "@" + dom.GetAttributeOr(n, "data-id", "")})
	}
	state, is := dom.GetAttribute(n, "data-checked")
	if !is || !element(n, "li") {
		return
	}
	var host *html.Node
	each(n, func(c *html.Node) {
		switch {
		case c.Parent == n && element(c, "label", "input"):
			n.RemoveChild(c)
		case host == nil && element(c, "p"):
			host = c
		}
	})
	if host == nil {
		host = n
	}
	box := &html.Node{Type: html.ElementNode, Data: "input", Attr: []html.Attribute{{Key: "type", Val: "checkbox"}}}
	if state == "true" {
		box.Attr = append(box.Attr, html.Attribute{Key: "checked", Val: "checked"})
	}
	host.InsertBefore(box, host.FirstChild)
}

var gfm = goldmark.New(goldmark.WithExtensions(extension.GFM))

// toHTML is what is stored of Markdown: raw HTML is left out, check lists take
// the editor's form, and a known user's name becomes a mention.
func (s *Server) toHTML(src string) string {
	var b bytes.Buffer
	if gfm.Convert([]byte(src), &b) != nil {
		return src
	}
	nodes, err := html.ParseFragment(&b, &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return src
	}
	var out strings.Builder
	for _, n := range nodes {
		each(n, checkItem)
		s.mention(n)
		html.Render(&out, n)
	}
	return strings.TrimSpace(out.String())
}

// checkItem turns an item with a box into the editor's form.
func checkItem(li *html.Node) {
	if !element(li, "li") {
		return
	}
	box := li.FirstChild
	for box != nil && box.Type == html.TextNode && strings.TrimSpace(box.Data) == "" {
		box = box.NextSibling
	}
	if box == nil || !element(box, "input") {
		return
	}
	state := "false"
	if _, on := dom.GetAttribute(box, "checked"); on {
		state = "true"
	}
	li.RemoveChild(box)
	li.Attr = append(li.Attr, html.Attribute{Key: "data-type", Val: "taskItem"}, html.Attribute{Key: "data-checked", Val: state})
	if _, done := dom.GetAttribute(li.Parent, "data-type"); !done {
		li.Parent.Attr = append(li.Parent.Attr, html.Attribute{Key: "data-type", Val: "taskList"})
	}
	p := &html.Node{Type: html.ElementNode, Data: "p", DataAtom: atom.P}
	for c := li.FirstChild; c != nil && !element(c, "ul", "ol"); c = li.FirstChild {
		li.RemoveChild(c)
		p.AppendChild(c)
	}
	if c := p.FirstChild; c != nil && c.Type == html.TextNode {
		c.Data = strings.TrimLeft(c.Data, " \t\r\n")
	}
	if c := p.LastChild; c != nil && c.Type == html.TextNode {
		c.Data = strings.TrimRight(c.Data, " \t\r\n")
	}
	li.InsertBefore(p, li.FirstChild)
}

var at = regexp.MustCompile(`(^|[^\p{L}\p{N}_])@([\p{L}\p{N}_](?:[\p{L}\p{N}._-]*[\p{L}\p{N}_])?)`)

// mention marks the names of users in text, but not in code and links.
func (s *Server) mention(n *html.Node) {
	if element(n, "code", "pre", "a", "mention-user") {
		return
	}
	for _, c := range dom.AllChildNodes(n) {
		if c.Type != html.TextNode {
			s.mention(c)
			continue
		}
		rest := c.Data
		put := func(x *html.Node) { n.InsertBefore(x, c) }
		for _, m := range at.FindAllStringSubmatch(c.Data, -1) {
			u := s.userNamed(m[2])
			before, after, found := strings.Cut(rest, m[0])
			if u == nil || !found {
				continue
			}
			put(&html.Node{Type: html.TextNode, Data: before + m[1]})
			link := &html.Node{Type: html.ElementNode, Data: "mention-user", Attr: []html.Attribute{{Key: "data-id", Val: u.Username}, {Key: "data-label", Val: u.shown()}}}
			link.AppendChild(&html.Node{Type: html.TextNode, Data: "@" + u.shown()})
			put(link)
			rest = after
		}
		c.Data = rest
	}
}

// rich are the keys of rich text.
var rich = []string{"description", "comment"}

// takeMarkdown turns the rich text of a body into what is stored.
func (q *request) takeMarkdown(body map[string]json.RawMessage) {
	for _, key := range rich {
		var text string
		if raw, ok := body[key]; ok && json.Unmarshal(raw, &text) == nil {
			body[key], _ = json.Marshal(q.h.toHTML(text))
		}
	}
	var many []map[string]json.RawMessage
	if json.Unmarshal(body["tasks"], &many) == nil {
		for _, t := range many {
			q.takeMarkdown(t)
		}
		body["tasks"], _ = json.Marshal(many)
	}
}

// giveMarkdown shows the rich text of an answer.
func giveMarkdown(v any) any {
	switch v := v.(type) {
	case fields:
		for k, x := range v {
			if text, ok := x.(string); ok && (k == rich[0] || k == rich[1]) {
				v[k] = toMarkdown(text)
			} else {
				v[k] = giveMarkdown(x)
			}
		}
	case []fields:
		for _, x := range v {
			giveMarkdown(x)
		}
	case []any:
		for _, x := range v {
			giveMarkdown(x)
		}
	}
	return v
}
