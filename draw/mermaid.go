package draw

import (
	"bytes"
	"fmt"
	"strings"
)

// Mermaid renders a flowchart as forges show it in Markdown.
func Mermaid(p *Picture) []byte {
	var out bytes.Buffer
	out.WriteString("flowchart LR\n")
	ids := map[string]string{}
	for ci, c := range p.Columns {
		fmt.Fprintf(&out, "  subgraph c%d[\"%s\"]\n", ci, mermaidText(c.Title))
		for bi, b := range c.Boxes {
			ids[b.ID] = fmt.Sprintf("n%d_%d", ci, bi)
			fmt.Fprintf(&out, "    %s[\"%s\"]\n", ids[b.ID], mermaidText(b.Label))
		}
		out.WriteString("  end\n")
	}
	for _, e := range p.Edges {
		from, to := ids[e.From], ids[e.To]
		if from == "" || to == "" {
			continue
		}
		arrow := "-->"
		switch {
		case e.After:
			arrow = "-->|after|"
		case e.Maybe:
			arrow = "-.->"
		}
		fmt.Fprintf(&out, "  %s %s %s\n", from, arrow, to)
	}
	return out.Bytes()
}

// mermaidText escapes what ends a quoted label; entities are Mermaid's own.
func mermaidText(s string) string {
	return strings.NewReplacer("#", "#35;", "&", "#amp;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "\n", " ").Replace(s)
}
