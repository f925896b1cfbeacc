// Package report renders diagnostics for people and for programs.
//
// Write is the only renderer of the tree: errors in hosts.toml, syntax errors
// and lint findings all pass through it, in the formats of Formats. The laws:
//
//   - Diagnostics are printed in the order of diag.Sort, whatever order they
//     came in; the caller's slice is not changed.
//   - Every format holds the same findings; a format never decides about exit
//     codes.
//   - Line and column are 1-based and count bytes, as Nix prints them. SARIF and
//     GitHub count UTF-16 code units and are given those.
//   - What a file or a name contains cannot steer a terminal or end a line:
//     control characters are printed as `\x1b`.
//
// The package reads no files: Options.Source gives the text of a file where an
// excerpt or a column is wanted, and a file without text is printed without.
package report

import (
	"fmt"
	"io"
	"slices"

	"nixgen/diag"
)

// Format is the name of an output format, as --format takes it.
type Format string

const (
	Text   Format = "text"   // for people: an excerpt with a caret below each line
	JSON   Format = "json"   // one object: diagnostics and counts
	SARIF  Format = "sarif"  // SARIF 2.1.0, for code scanning
	GitHub Format = "github" // workflow commands that become annotations
)

// Formats lists every format in the order of the help text.
var Formats = []Format{Text, JSON, SARIF, GitHub}

// ParseFormat reads a format's name.
func ParseFormat(s string) (Format, error) {
	if f := Format(s); slices.Contains(Formats, f) {
		return f, nil
	}
	return "", fmt.Errorf("no format `%s`; there are text, json, sarif and github", s)
}

// Rule describes a rule to the formats that list rules (SARIF).
type Rule struct {
	ID, Summary, Help string
	Severity          diag.Severity
}

// Options are what Write needs beside the diagnostics. The zero value prints
// plain text without excerpts.
type Options struct {
	Format Format // empty means Text
	// Source gives the text of a file by the name that diagnostics use, or nil.
	Source func(file string) []byte
	// Color marks severities and carets with ANSI sequences (Text only).
	Color bool
	// Brief leaves out excerpts and explanations: one line a finding (Text only).
	Brief bool
	// Version of nixgen, and the rules that exist (SARIF only).
	Version string
	Rules   []Rule
}

// Write renders ds. The only error is one of w.
func Write(w io.Writer, ds []diag.Diagnostic, opt Options) error {
	ds = slices.Clone(ds)
	diag.Sort(ds)
	src := &sources{get: opt.Source, texts: map[string]*text{}}
	switch opt.Format {
	case JSON:
		return writeJSON(w, ds, src)
	case SARIF:
		return writeSARIF(w, ds, src, opt)
	case GitHub:
		return writeGitHub(w, ds, src)
	default:
		return writeText(w, ds, src, opt)
	}
}

// Summary counts findings in one line, such as "2 errors, 1 warning", without
// those that are none; it is empty for no findings.
func Summary(ds []diag.Diagnostic) string {
	s := ""
	for _, sev := range []diag.Severity{diag.Error, diag.Warning, diag.Info} {
		n := count(ds, sev)
		if n == 0 {
			continue
		}
		if s != "" {
			s += ", "
		}
		s += fmt.Sprintf("%d %s", n, sev)
		if n > 1 && sev != diag.Info {
			s += "s"
		}
	}
	return s
}

func count(ds []diag.Diagnostic, sev diag.Severity) int {
	n := 0
	for _, d := range ds {
		if d.Severity == sev {
			n++
		}
	}
	return n
}
