package draw

import (
	"bytes"
	_ "embed"
	"html/template"
	"strings"

	"nixgen/diag"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"join": func(list []string) string { return strings.Join(list, ", ") },
}).Parse(pageText))

type matrixTier struct {
	Title string
	Rows  []matrixRow
}

type matrixRow struct {
	Label string
	Cells []string
}

// HTML renders one page that holds the picture, the matrix of hosts and
// modules, a card for each host with its disks, and the findings. It works
// without a network, with a keyboard, and on a phone.
func HTML(p *Picture) ([]byte, error) {
	data := struct {
		Title    string
		SVG      template.HTML
		Hosts    []HostSheet
		Matrix   []matrixTier
		Span     int
		Secrets  []SecretSheet
		Findings []diag.Diagnostic
	}{
		Title: p.Title, SVG: template.HTML(SVG(p)), // every text in it is escaped
		Hosts: p.Hosts, Matrix: matrix(p), Span: len(p.Hosts) + 1,
		Secrets: p.Secrets, Findings: p.Findings,
	}
	var out bytes.Buffer
	if err := page.Execute(&out, data); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// matrix says for each module and host: "●" reads it, "○" may read it.
func matrix(p *Picture) []matrixTier {
	cell := map[[2]string]string{}
	for _, e := range p.Edges {
		mark := "●"
		if e.Maybe {
			mark = "○"
		}
		cell[[2]string{e.From, e.To}] = mark
	}
	var out []matrixTier
	for _, c := range p.Columns {
		t := matrixTier{Title: c.Title}
		for _, b := range c.Boxes {
			switch b.Kind {
			case KindHost, KindRole, KindWave, KindSecret:
				continue
			}
			row := matrixRow{Label: b.Label}
			for _, h := range p.Hosts {
				row.Cells = append(row.Cells, cell[[2]string{"host:" + h.Name, b.ID}])
			}
			t.Rows = append(t.Rows, row)
		}
		if len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}
