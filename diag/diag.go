// Package diag is the one form in which every part of nixgen says that
// something is wrong: errors in hosts.toml, syntax errors in Nix files, lint
// findings.
//
// A Diagnostic points into a file by byte offsets; line and column exist only
// where a person reads them (see Lines). Diagnostics are values without
// behaviour: packages produce them, package report renders them, and Sort
// gives them their one order. The package uses the standard library alone.
package diag

import (
	"cmp"
	"slices"
)

// Severity says what follows from a diagnostic, not how loud it is.
type Severity uint8

const (
	// Info tells; it never changes the exit code.
	Info Severity = iota
	// Warning is something the fleet should not do.
	Warning
	// Error is something Nix would reject or silently lose.
	Error
)

// String gives the word printed between position and message.
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	default:
		return "info"
	}
}

// ParseSeverity reads the words that String prints.
func ParseSeverity(s string) (Severity, bool) {
	switch s {
	case "error":
		return Error, true
	case "warning":
		return Warning, true
	case "info":
		return Info, true
	}
	return Info, false
}

// Span is a half-open range of bytes in a file. Start == End is a position
// between two bytes.
type Span struct {
	Start, End int
}

// Note is a second place that explains the first, such as the bracket that was
// never closed. An empty File means the file of the diagnostic.
type Note struct {
	File    string
	Span    Span
	Message string
}

// Edit replaces the bytes of Span by New. An insertion has an empty span.
type Edit struct {
	Span Span
	New  string
}

// Fix is a change to the diagnostic's own file that is applied whole or not at
// all. Edits do not overlap.
type Fix struct {
	Message string
	Edits   []Edit
}

// Diagnostic is one finding. File is slash-separated and relative to the root
// the user named; it is empty for a finding about no file. Rule is the id that
// suppression comments and `nixgen explain` take.
type Diagnostic struct {
	File     string
	Span     Span
	Severity Severity
	Rule     string
	// Message is lower case, without a final period, tokens in back-ticks.
	Message string
	// Why tells what evaluation would do; empty where Message says it all.
	Why   string
	Notes []Note
	Fixes []Fix
	// Hosts are the hosts on which it holds, sorted; Chain is one way from
	// host to File, outermost first.
	Hosts []string
	Chain []string
}

// Compare orders by file, position, rule and message; it is total, so that
// equal findings print equally whatever order they were found in.
func Compare(a, b Diagnostic) int {
	return cmp.Or(
		cmp.Compare(a.File, b.File),
		cmp.Compare(a.Span.Start, b.Span.Start),
		cmp.Compare(a.Span.End, b.Span.End),
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Message, b.Message),
		slices.Compare(a.Hosts, b.Hosts),
	)
}

// Sort puts findings in the order in which they are printed.
func Sort(ds []Diagnostic) { slices.SortFunc(ds, Compare) }

// Has reports whether any finding is at least that severe.
func Has(ds []Diagnostic, least Severity) bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity >= least })
}
