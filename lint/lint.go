// Package lint reads a whole fleet without evaluating it and asks rules about
// it.
//
// Model. A Workspace holds every Nix file of the tree, parsed, and what
// hosts.toml and the layout say of them. For each host of the fleet Reach
// follows the imports from where the host begins and keeps, as Modules, what
// its configuration reads: each with the chain that leads there and with how
// sure that is (yes, maybe). A Rule is a pure function of a Pass: of one file,
// of one host, or of the fleet.
//
// Laws. Rather silent than wrong: an error needs a yes, an orphan needs a no;
// what cannot be read is unknown, and unknown is never guessed at. What a file
// is told does not depend on the number of workers or on the order of files.
// Rules do not see each other. A fix changes one file, on the bytes that were
// linted, whole or not at all.
//
// Non-goals: evaluating Nix (package outline does what little is needed), the
// network, a cache on disk, the layout of code.
package lint

import (
	"fmt"
	"regexp"
	"slices"

	"nixgen/diag"
)

// Scope says what a rule looks at.
type Scope uint8

const (
	// FileScope rules see one file and run on every file.
	FileScope Scope = iota
	// HostScope rules see what one host reads and run once per host; equal
	// findings of several hosts become one.
	HostScope
	// FleetScope rules see everything, once.
	FleetScope
)

// Doc is what `nixgen explain` prints. Bad and Good are txtar archives where
// they need several files, else one file's text; a test runs both.
type Doc struct {
	// Summary is one line; Why a paragraph or more.
	Summary, Why string
	Bad, Good    string
}

// Rule is one check. Its ID is the name of its file, of its fixture and of
// what suppresses it.
type Rule struct {
	ID       string
	Doc      Doc
	Severity diag.Severity
	Scope    Scope
	// Style rules are off unless switched on; Always ones cannot be
	// suppressed or switched off.
	Style, Always bool
	Run           func(*Pass)
}

var idRE = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Validate reports rules that no list may hold: a bad or doubled id, missing
// documentation, nothing to run.
func Validate(rules []*Rule) error {
	seen := map[string]bool{}
	for _, r := range rules {
		switch {
		case !idRE.MatchString(r.ID):
			return fmt.Errorf("rule id %q is not kebab-case", r.ID)
		case seen[r.ID]:
			return fmt.Errorf("rule `%s` is listed twice", r.ID)
		case r.Doc.Summary == "" || r.Doc.Why == "":
			return fmt.Errorf("rule `%s` has no documentation", r.ID)
		case r.Doc.Bad == "" || r.Doc.Good == "":
			return fmt.Errorf("rule `%s` has no examples", r.ID)
		case r.Run == nil:
			return fmt.Errorf("rule `%s` does nothing", r.ID)
		}
		seen[r.ID] = true
	}
	return nil
}

// Pass is one run of one rule.
type Pass struct {
	Work *Workspace
	// File is set for rules of FileScope, Host for those of HostScope.
	File *Source
	Host *Host

	rule *Rule
	run  *run
	out  []diag.Diagnostic
}

// Wanted is whether findings in a file are asked for. A rule that looks at
// files one by one may pass over the others.
func (p *Pass) Wanted(file string) bool { return p.run.wanted(file) }

// Report adds a finding. Its rule and, where not set, its severity are the
// rule's own; in a pass over a host it holds on that host.
func (p *Pass) Report(d diag.Diagnostic) {
	d.Rule = p.rule.ID
	if p.Host != nil && d.Hosts == nil {
		d.Hosts = []string{p.Host.Name}
	}
	p.out = append(p.out, d)
}

// Error, Warning and Info report with a severity of their own.
func (p *Pass) Error(d diag.Diagnostic) { d.Severity = diag.Error; p.Report(d) }

// Warning reports something the fleet should not do.
func (p *Pass) Warning(d diag.Diagnostic) { d.Severity = diag.Warning; p.Report(d) }

// Info reports what only tells.
func (p *Pass) Info(d diag.Diagnostic) { d.Severity = diag.Info; p.Report(d) }

// merge joins findings that differ in their hosts alone and keeps the first
// chain; the result is sorted, in the place of what was given.
func merge(ds []diag.Diagnostic) []diag.Diagnostic {
	diag.Sort(ds)
	out := ds[:0]
	for _, d := range ds {
		if n := len(out) - 1; n >= 0 && sameFinding(out[n], d) {
			out[n].Hosts = append(slices.Clone(out[n].Hosts), d.Hosts...)
			slices.Sort(out[n].Hosts)
			out[n].Hosts = slices.Compact(out[n].Hosts)
			continue
		}
		out = append(out, d)
	}
	return out
}

func sameFinding(a, b diag.Diagnostic) bool {
	return a.File == b.File && a.Span == b.Span && a.Rule == b.Rule && a.Message == b.Message && a.Severity == b.Severity
}
