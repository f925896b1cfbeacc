package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"nixgen/diag"
)

// writeGitHub prints workflow commands, which GitHub shows at the changed lines
// of a pull request.
func writeGitHub(w io.Writer, ds []diag.Diagnostic, src *sources) error {
	b := bufio.NewWriter(w)
	for _, d := range ds {
		fmt.Fprintf(b, "::%s %s::%s\n", githubLevel[d.Severity], githubProperties(d, src), githubData.Replace(githubMessage(d)))
	}
	return b.Flush()
}

var githubLevel = map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning", diag.Info: "notice"}

// What the runner unescapes in the message, and in a property.
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func githubProperties(d diag.Diagnostic, src *sources) string {
	var ps []string
	add := func(name, value string) {
		if value != "" {
			ps = append(ps, name+"="+githubProperty.Replace(value))
		}
	}
	add("title", d.Rule)
	if d.File != "" {
		t := src.of(d.File)
		line, col := t.utf16Column(d.Span.Start)
		endLine, endCol := t.utf16Column(d.Span.End)
		add("file", d.File)
		add("line", fmt.Sprint(line))
		add("endLine", fmt.Sprint(endLine))
		if line == endLine { // the runner ignores columns of longer ranges
			add("col", fmt.Sprint(col))
			add("endColumn", fmt.Sprint(max(col, endCol)))
		}
	}
	return strings.Join(ps, ",")
}

func githubMessage(d diag.Diagnostic) string {
	s := plain(d.Message, false)
	for _, l := range [][2]string{{"why", d.Why}, {"hosts", strings.Join(d.Hosts, ", ")}, {"chain", strings.Join(d.Chain, " → ")}} {
		if l[1] != "" {
			s += "\n" + l[0] + ": " + plain(l[1], false)
		}
	}
	return s
}

// WriteSummary renders ds as the Markdown table that GitHub shows on a run's
// page when it is appended to the file $GITHUB_STEP_SUMMARY names.
func WriteSummary(w io.Writer, ds []diag.Diagnostic, opt Options) error {
	ds = slices.Clone(ds)
	diag.Sort(ds)
	src := &sources{get: opt.Source, texts: map[string]*text{}}
	b := bufio.NewWriter(w)
	if len(ds) == 0 {
		b.WriteString("nixgen: nothing found\n")
		return b.Flush()
	}
	fmt.Fprintf(b, "nixgen: %s\n\n| place | severity | rule | message | hosts |\n|---|---|---|---|---|\n", Summary(ds))
	for _, d := range ds {
		p := src.of(d.File).lines.Position(d.Span.Start)
		fmt.Fprintf(b, "| %s:%d:%d | %s | %s | %s | %s |\n", cell(d.File), p.Line, p.Column, d.Severity, cell(d.Rule), cell(d.Message), cell(strings.Join(d.Hosts, ", ")))
	}
	return b.Flush()
}

var cellEscapes = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", ">", "&gt;")

func cell(s string) string { return cellEscapes.Replace(plain(s, false)) }
