package adopt

import (
	"cmp"
	"slices"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/outline"
)

// Fleet is a fleet as it was found.
type Fleet struct {
	Hosts []*Host
	// Files are all files of the tree.
	Files []string
	// Declares says of a Nix file whether it declares options.
	Declares func(file string) bool
	// Inputs are the flake's inputs and what is known of their URLs.
	Inputs map[string]string
	// Unread are places where looking for hosts ended.
	Unread []Gap
}

// Host is one machine that the flake makes.
type Host struct {
	// Name is the machine's; Output the attribute under which the flake makes it,
	// such as "tim@tower" of a home.
	Name, Output string
	// Platform is fleet.NixOS, fleet.Darwin or fleet.Home. System is "" when
	// nothing tells it.
	Platform, System string
	// File and At are where the flake says so.
	File string
	At   diag.Span
	// Homes are the users whose homes were followed, sorted.
	Homes []string
	// Reads are the files that its configuration reads, Links the imports
	// between them.
	Reads []Read
	Links []Link
	// Defined finds the definitions of an option in the host's system, or in a
	// user's home; `*` stands for any name.
	Defined func(user string, path ...string) []Definition
	// Gaps gives the places where following it ended; it is called last.
	Gaps func() []Gap
}

// Read is one file that a host reads as a module, in its system or in a home.
type Read struct{ File, User string }

// Link is an import. From is "" where the flake itself names the file.
type Link struct{ From, To, User string }

// Definition is one value of an option.
type Definition struct {
	Path  []string
	Value outline.Value
	// Strings are those of a list, as far as they are known.
	Strings  []string
	Truth    outline.Truth
	Priority int
	File     string
	At       diag.Span
}

// Gap is a place where reading ended, and why.
type Gap struct {
	File string
	At   diag.Span
	Why  string
}

// Draft is the result.
type Draft struct {
	// Text is the new hosts.toml.
	Text []byte
	// Notes say what could not be read or should be looked at.
	Notes []diag.Diagnostic
	// Hosts counts those in the text.
	Hosts int
}

// Propose writes hosts.toml for a fleet.
func Propose(f *Fleet) *Draft {
	d := &draft{fleet: f}
	slices.SortFunc(f.Hosts, func(a, b *Host) int { return cmp.Compare(a.Name, b.Name) })
	for _, h := range f.Hosts {
		d.host(h)
	}
	d.releases()
	d.owners()
	d.layout()
	d.inventory = layout.Classify(&d.lay, f.Files)
	for _, m := range d.machines {
		d.subscriptions(m)
	}
	d.people()
	d.shareRoles()
	d.homesEverywhere()
	d.unread()
	diag.Sort(d.notes)
	return &Draft{Text: d.text(), Notes: d.notes, Hosts: len(d.machines)}
}

// draft is one run of Propose.
type draft struct {
	fleet     *Fleet
	machines  []*machine
	users     []*person
	roles     []*role
	lay       fleet.Layout
	inventory *layout.Inventory
	notes     []diag.Diagnostic
	// doubts are comments on the layout.
	doubts []string
}

// machine is a host of the new hosts.toml.
type machine struct {
	*Host
	system string
	// release and homeRelease are stateVersions: strings, or an int64.
	release     any
	homeRelease string
	users       []string
	disks       []disk
	optIn       []string
	// homeOptIn are the subscriptions of each user's home.
	homeOptIn map[string][]string
	roles     []string
	// doubts are places to look at.
	doubts []Gap
	// checks are comments by key: what a person should look at.
	checks map[string]string
}

func (m *machine) check(key, why string) {
	if m.checks == nil {
		m.checks = map[string]string{}
	}
	m.checks[key] = why
}

func (d *draft) note(file string, at diag.Span, msg string) {
	n := diag.Diagnostic{File: file, Span: at, Severity: diag.Warning, Message: msg}
	same := func(o diag.Diagnostic) bool { return o.File == n.File && o.Span == n.Span && o.Message == n.Message }
	if !slices.ContainsFunc(d.notes, same) {
		d.notes = append(d.notes, n)
	}
}

// unread turns the gaps of all hosts into notes, each place once.
func (d *draft) unread() {
	for _, g := range d.fleet.Unread {
		d.note(g.File, g.At, "not read: "+g.Why)
	}
	type place struct {
		file string
		at   diag.Span
		why  string
	}
	hosts := map[place][]string{}
	var order []place
	for _, m := range d.machines {
		for _, g := range append(m.Gaps(), m.doubts...) {
			p := place{g.File, g.At, g.Why}
			if !slices.Contains(hosts[p], m.Name) {
				hosts[p] = append(hosts[p], m.Name)
			}
			if len(hosts[p]) == 1 {
				order = append(order, p)
			}
		}
	}
	for _, p := range order {
		d.note(p.file, p.at, "not read: "+p.why+" ("+some(hosts[p])+")")
	}
}
