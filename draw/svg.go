package draw

import (
	"bytes"
	"encoding/xml"
	"fmt"

	"nixgen/diag"
)

// Measures in pixels of the picture's own coordinates.
const (
	boxWidth, boxHeight = 170, 34
	columnGap, rowGap   = 90, 10
	margin, titleHeight = 16, 28
	// afterBend is how far an arc reaches out of its column, less than the margin
	// and the gap.
	afterBend = 20
)

// SVG renders the picture with its own style sheet; colours follow the
// reader's light or dark setting.
func SVG(p *Picture) []byte {
	var out bytes.Buffer
	rows := 0
	for _, c := range p.Columns {
		rows = max(rows, len(c.Boxes))
	}
	width := 2*margin + len(p.Columns)*boxWidth + max(0, len(p.Columns)-1)*columnGap
	height := 2*margin + titleHeight + rows*(boxHeight+rowGap)
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`+"\n",
		width, height, width, height, escape("fleet "+p.Title))
	fmt.Fprintf(&out, "<style>%s</style>\n", svgStyle)
	at := place(p, rows)
	drawEdges(&out, p, at)
	for i, c := range p.Columns {
		fmt.Fprintf(&out, `<text class="title" x="%d" y="%d">%s</text>`+"\n", columnX(i), margin+titleHeight-12, escape(c.Title))
		for _, b := range c.Boxes {
			drawBox(&out, b, at[b.ID])
		}
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}

const svgStyle = `svg{font:13px system-ui,sans-serif}.box rect{fill:#fff;stroke:#8a94a6;rx:6}.host rect{fill:#e8f0fe}` +
	`.opt-in rect{fill:#eef8ee}.common rect{fill:#fdf6e3}.own rect{fill:#f6effb}.secret rect{fill:#fdeeee}.wave rect{fill:#eef3f6}.warning rect{stroke:#b26a00;stroke-width:2}` +
	`.error rect{stroke:#c62828;stroke-width:2.5}text{fill:#1c2330}.title{font-weight:600;fill:#5b6577}` +
	`.edge{fill:none;stroke:#8a94a6;stroke-opacity:.45}.maybe{stroke-dasharray:4 3}.after{stroke:#6b4ea0;stroke-opacity:.7}` +
	`@media(prefers-color-scheme:dark){.box rect{fill:#202634}.host rect{fill:#22304d}.opt-in rect{fill:#1f3325}` +
	`.common rect{fill:#38321d}.own rect{fill:#30253b}.secret rect{fill:#3d2424}.wave rect{fill:#22303a}text{fill:#e6e9ef}.title{fill:#a3adbf}}`

type point struct{ x, y int }

func columnX(i int) int { return margin + i*(boxWidth+columnGap) }

// place centres every column on the longest.
func place(p *Picture, rows int) map[string]point {
	at := map[string]point{}
	for i, c := range p.Columns {
		top := margin + titleHeight + (rows-len(c.Boxes))*(boxHeight+rowGap)/2
		for j, b := range c.Boxes {
			at[b.ID] = point{columnX(i), top + j*(boxHeight+rowGap)}
		}
	}
	return at
}

func drawEdges(out *bytes.Buffer, p *Picture, at map[string]point) {
	for _, e := range p.Edges {
		from, ok := at[e.From]
		to, ok2 := at[e.To]
		if !ok || !ok2 {
			continue
		}
		class := "edge"
		if e.Maybe {
			class += " maybe"
		}
		if e.After {
			drawAfter(out, e, from, to)
			continue
		}
		x1, y1, x2, y2 := from.x+boxWidth, from.y+boxHeight/2, to.x, to.y+boxHeight/2
		bend := (x2 - x1) / 2
		fmt.Fprintf(out, `<path class="%s" data-from="%s" data-to="%s" d="M%d %dC%d %d %d %d %d %d"/>`+"\n",
			class, escape(e.From), escape(e.To), x1, y1, x1+bend, y1, x2-bend, y2, x2, y2)
	}
}

// drawAfter draws an edge inside of a column: an arc at its left side, with an
// arrow at what comes first.
func drawAfter(out *bytes.Buffer, e Edge, from, to point) {
	y1, y2 := from.y+boxHeight/2, to.y+boxHeight/2
	fmt.Fprintf(out, `<path class="edge after" data-from="%s" data-to="%s" d="M%d %dC%d %d %d %d %d %dm-5 -4l5 4l-5 4"/>`+"\n",
		escape(e.From), escape(e.To), from.x, y1, from.x-afterBend, y1, to.x-afterBend, y2, to.x, y2)
}

func drawBox(out *bytes.Buffer, b *Box, at point) {
	class := "box " + string(b.Kind)
	if b.Findings > 0 && b.Worst > diag.Info {
		class += " " + b.Worst.String()
	}
	fmt.Fprintf(out, `<g class="%s" id="%s" tabindex="0" transform="translate(%d %d)"><title>%s</title>`+
		`<rect width="%d" height="%d"/><text x="10" y="22">%s</text></g>`+"\n",
		class, escape(b.ID), at.x, at.y, escape(tooltip(b)), boxWidth, boxHeight, escape(shorten(b.Label, 22)))
}

// mostFiles is what a tooltip lists.
const mostFiles = 30

func tooltip(b *Box) string {
	s := b.Label
	if b.Detail != "" {
		s += " — " + b.Detail
	}
	for i, f := range b.Files {
		if i == mostFiles {
			s += fmt.Sprintf("\nand %d more", len(b.Files)-i)
			break
		}
		s += "\n" + f
	}
	if b.Findings > 0 {
		s += fmt.Sprintf("\n%d findings", b.Findings)
	}
	return s
}

// shorten cuts a label to n characters.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// escape makes any text safe inside an element or a quoted attribute.
func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a Buffer does not fail
	return b.String()
}
