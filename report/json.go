package report

import (
	"encoding/json"
	"io"

	"nixgen/diag"
)

// jsonReport is the whole of --format json. Lists are never null.
type jsonReport struct {
	Diagnostics []jsonDiagnostic `json:"diagnostics"`
	Errors      int              `json:"errors"`
	Warnings    int              `json:"warnings"`
	Infos       int              `json:"infos"`
}

type jsonDiagnostic struct {
	jsonPlace
	Severity string      `json:"severity"`
	Rule     string      `json:"rule"`
	Message  string      `json:"message"`
	Why      string      `json:"why,omitempty"`
	Hosts    []string    `json:"hosts"`
	Chain    []string    `json:"chain"`
	Notes    []jsonNote  `json:"notes"`
	Fixes    []jsonFixes `json:"fixes"`
}

// jsonPlace has lines and columns as the text format prints them (from 1, in
// bytes) and the byte offsets they stand for.
type jsonPlace struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
	Start     int    `json:"start"`
	End       int    `json:"end"`
}

type jsonNote struct {
	jsonPlace
	Message string `json:"message"`
}

type jsonFixes struct {
	Message string     `json:"message"`
	Edits   []jsonEdit `json:"edits"`
}

type jsonEdit struct {
	jsonPlace
	New string `json:"new"`
}

func writeJSON(w io.Writer, ds []diag.Diagnostic, src *sources) error {
	r := jsonReport{
		Diagnostics: []jsonDiagnostic{},
		Errors:      count(ds, diag.Error), Warnings: count(ds, diag.Warning), Infos: count(ds, diag.Info),
	}
	for _, d := range ds {
		r.Diagnostics = append(r.Diagnostics, toJSON(d, src))
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func toJSON(d diag.Diagnostic, src *sources) jsonDiagnostic {
	out := jsonDiagnostic{
		jsonPlace: place(d.File, d.Span, src), Severity: d.Severity.String(), Rule: d.Rule, Message: d.Message, Why: d.Why,
		Hosts: list(d.Hosts), Chain: list(d.Chain), Notes: []jsonNote{}, Fixes: []jsonFixes{},
	}
	for _, n := range d.Notes {
		file := n.File
		if file == "" {
			file = d.File
		}
		out.Notes = append(out.Notes, jsonNote{place(file, n.Span, src), n.Message})
	}
	for _, f := range d.Fixes {
		edits := []jsonEdit{}
		for _, e := range f.Edits {
			edits = append(edits, jsonEdit{place(d.File, e.Span, src), e.New})
		}
		out.Fixes = append(out.Fixes, jsonFixes{f.Message, edits})
	}
	return out
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func place(file string, at diag.Span, src *sources) jsonPlace {
	l := src.of(file).lines
	from, to := l.Position(at.Start), l.Position(at.End)
	return jsonPlace{file, from.Line, from.Column, to.Line, to.Column, at.Start, at.End}
}
