// Package draw pictures a fleet: hosts, roles, tiers, modules, secrets, waves,
// disks and what the linter found, as SVG, Mermaid, and one HTML page that needs
// nothing else.
//
// Model. New reads a fleet and what lint found each host to read into a
// Picture: columns of boxes, and edges between them. Columns stand in the
// order of the tiers — waves, roles, hosts, host, opt-in, common and library
// modules, files of secrets — and so an edge that points left is one that no
// tier allows. Within a column boxes are ordered by where their neighbours
// stand, which keeps lines short; waves stand in their own order. An edge inside
// of a column says what comes after what.
//
// Laws. Equal fleets give equal bytes. Every text of the fleet is escaped for
// where it stands; nothing in it becomes markup or script. The page loads
// nothing from anywhere.
//
// Non-goals: general graphs, and layout engines. A fleet has few columns, and
// what a person asks of the picture is who reads what.
package draw

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/lint"
)

// Kind is what a box stands for; it is also the box's class in SVG and HTML.
type Kind string

// The kinds of boxes, in the order of their columns.
const (
	KindWave    Kind = "wave"
	KindRole    Kind = "role"
	KindHost    Kind = "host"
	KindOwn     Kind = "own" // a host's own modules
	KindOptIn   Kind = "opt-in"
	KindCommon  Kind = "common"
	KindLibrary Kind = "library"
	KindSecret  Kind = "secret" // a file of secrets
)

var columns = []struct {
	kind  Kind
	title string
}{
	{KindWave, "waves"}, {KindRole, "roles"}, {KindHost, "hosts"}, {KindOwn, "host modules"}, {KindOptIn, "opt-in"},
	{KindCommon, "common"}, {KindLibrary, "libraries"}, {KindSecret, "secrets"},
}

// Box is one thing in the picture. Its ID is unique in the picture.
type Box struct {
	ID   string
	Kind Kind
	// Label is short, Detail a line of its own.
	Label, Detail string
	// Files are the files it stands for.
	Files []string
	// Findings counts what lint says of the files, or of the host.
	Findings int
	Worst    diag.Severity
}

// Edge goes from what uses to what is used; Maybe where lint is not sure. After
// says that From waits for To.
type Edge struct {
	From, To     string
	Maybe, After bool
}

// Secret is one that a host decrypts, or the home of a user on it.
type Secret struct {
	Host, User string
	// File is where it is in the private input, Name how it is called there.
	File, Name string
}

// Column is one tier.
type Column struct {
	Title string
	Boxes []*Box
}

// Picture is a fleet, ready to be rendered.
type Picture struct {
	Title   string
	Columns []Column
	Edges   []Edge
	// Hosts has the facts and disks of each host, in the order of names.
	Hosts    []HostSheet
	Secrets  []SecretSheet
	Findings []diag.Diagnostic

	boxes map[string]*Box
	files map[string]string // file → id of its box
}

// HostSheet is what a page says of one host beside its edges.
type HostSheet struct {
	Name, System, Platform, Kind string
	Roles, Users, Tags           []string
	Wave                         string
	DependsOn                    []string
	Disks                        []DiskSheet
}

// SecretSheet is one secret: its file and who decrypts it, "host" or
// "user@host", sorted.
type SecretSheet struct {
	File, Name string
	Readers    []string
}

// DiskSheet is one disk: what is on it and where that is mounted.
type DiskSheet struct {
	Name, Profile string
	Devices       []string
	Mounts        []string
	Encrypted     bool
}

// New pictures a fleet. hosts are lint's view of it; secrets and findings are
// optional.
func New(f *fleet.Fleet, inv *layout.Inventory, hosts []*lint.Host, secrets []Secret, findings []diag.Diagnostic) *Picture {
	p := &Picture{Title: f.Flake, Findings: findings, boxes: map[string]*Box{}, files: map[string]string{}}
	for _, c := range columns {
		p.Columns = append(p.Columns, Column{Title: c.title})
	}
	p.addWaves(f)
	for _, r := range f.Roles {
		p.add(&Box{ID: "role:" + r.Name, Kind: KindRole, Label: r.Name, Detail: r.Description})
	}
	for _, h := range f.Hosts {
		p.addHost(h)
	}
	p.addModules(inv)
	for _, h := range hosts {
		p.connect(h)
	}
	p.addSecrets(secrets)
	p.judge()
	p.tidy()
	p.arrange()
	return p
}

// Box finds a box by its id; nil if there is none.
func (p *Picture) Box(id string) *Box { return p.boxes[id] }

func (p *Picture) add(b *Box) *Box {
	if have := p.boxes[b.ID]; have != nil {
		return have
	}
	p.boxes[b.ID] = b
	for i, c := range columns {
		if c.kind == b.Kind {
			p.Columns[i].Boxes = append(p.Columns[i].Boxes, b)
		}
	}
	return b
}

// addWaves makes a box of every wave; each waits for the one before.
func (p *Picture) addWaves(f *fleet.Fleet) {
	for i, name := range f.Waves {
		p.add(&Box{ID: "wave:" + name, Kind: KindWave, Label: name})
		if i > 0 {
			p.Edges = append(p.Edges, Edge{From: "wave:" + name, To: "wave:" + f.Waves[i-1], After: true})
		}
	}
}

// addSecrets makes a box of every file of secrets that a host reads.
func (p *Picture) addSecrets(secrets []Secret) {
	sheets := map[[2]string]*SecretSheet{}
	seen := map[Edge]bool{}
	for _, s := range secrets {
		b := p.add(&Box{ID: "secret:" + s.File, Kind: KindSecret, Label: path.Base(s.File), Detail: s.File})
		if e := (Edge{From: "host:" + s.Host, To: b.ID}); !seen[e] && p.boxes[e.From] != nil {
			seen[e] = true
			p.Edges = append(p.Edges, e)
		}
		sheet := sheets[[2]string{s.File, s.Name}]
		if sheet == nil {
			sheet = &SecretSheet{File: s.File, Name: s.Name}
			sheets[[2]string{s.File, s.Name}] = sheet
			b.Files = append(b.Files, s.Name)
		}
		reader := s.Host
		if s.User != "" {
			reader = s.User + "@" + s.Host
		}
		sheet.Readers = append(sheet.Readers, reader)
	}
	for _, sheet := range sheets {
		slices.Sort(sheet.Readers)
		sheet.Readers = slices.Compact(sheet.Readers)
		p.Secrets = append(p.Secrets, *sheet)
	}
	slices.SortFunc(p.Secrets, func(a, b SecretSheet) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Name, b.Name))
	})
	for _, b := range p.boxes {
		if b.Kind == KindSecret {
			slices.Sort(b.Files)
		}
	}
}

func (p *Picture) addHost(h *fleet.Host) {
	p.add(&Box{ID: "host:" + h.Name, Kind: KindHost, Label: h.Name, Detail: h.System})
	if h.Deploy.Wave != "" {
		p.Edges = append(p.Edges, Edge{From: "wave:" + h.Deploy.Wave, To: "host:" + h.Name})
	}
	for _, d := range h.Deploy.DependsOn {
		p.Edges = append(p.Edges, Edge{From: "host:" + h.Name, To: "host:" + d, After: true})
	}
	for _, r := range h.Roles {
		p.Edges = append(p.Edges, Edge{From: "role:" + r, To: "host:" + h.Name})
	}
	s := HostSheet{
		Name: h.Name, System: h.System, Platform: h.Platform, Kind: h.Kind,
		Roles: h.Roles, Tags: h.Tags, Wave: h.Deploy.Wave, DependsOn: h.Deploy.DependsOn,
	}
	for _, a := range h.Users {
		s.Users = append(s.Users, a.Name)
	}
	for _, d := range h.Disks {
		s.Disks = append(s.Disks, diskSheet(d))
	}
	p.Hosts = append(p.Hosts, s)
}

func diskSheet(d *fleet.Disk) DiskSheet {
	s := DiskSheet{Name: d.Name, Profile: cmp.Or(d.Profile, d.File), Devices: d.Devices, Mounts: d.Provides}
	enc, _ := d.Params["encryption"].(string)
	s.Encrypted = enc != "" && enc != "none"
	return s
}

var kindOf = map[layout.Tier]Kind{
	layout.Library: KindLibrary, layout.Common: KindCommon, layout.OptIn: KindOptIn,
	layout.Group: KindOwn, layout.Host: KindOwn,
}

// addModules makes a box of every topic of every tier, and of each host's own
// folder.
func (p *Picture) addModules(inv *layout.Inventory) {
	for _, f := range inv.Files {
		kind, ok := kindOf[f.Tier]
		if !ok || !strings.HasSuffix(f.Path, ".nix") {
			continue
		}
		id, label := moduleName(f)
		b := p.add(&Box{ID: id, Kind: kind, Label: label})
		b.Files = append(b.Files, f.Path)
		p.files[f.Path] = id
	}
}

// moduleName is the id and label of the box a file belongs to.
func moduleName(f layout.File) (id, label string) {
	label = cmp.Or(f.Topic, path.Base(path.Dir(f.Path)))
	if f.Tier == layout.Host {
		label = f.Host
	}
	if f.Tier == layout.Group {
		label = f.Group
	}
	if f.User != "" {
		label += " @" + f.User
	}
	return string(kindOf[f.Tier]) + ":" + label, label
}

// connect draws what one host reads.
func (p *Picture) connect(h *lint.Host) {
	from := "host:" + h.Name
	seen := map[string]bool{}
	for _, m := range h.Modules {
		to := p.files[m.Path]
		if to == "" || seen[to] || p.boxes[from] == nil {
			continue
		}
		seen[to] = true
		p.Edges = append(p.Edges, Edge{From: from, To: to, Maybe: !m.Sure()})
	}
}

// judge counts the findings of each box.
func (p *Picture) judge() {
	note := func(id string, s diag.Severity) {
		if b := p.boxes[id]; b != nil {
			b.Findings++
			b.Worst = max(b.Worst, s)
		}
	}
	for _, d := range p.Findings {
		note(p.files[d.File], d.Severity)
		for _, h := range d.Hosts {
			note("host:"+h, d.Severity)
		}
	}
}

// tidy drops empty columns.
func (p *Picture) tidy() {
	p.Columns = slices.DeleteFunc(p.Columns, func(c Column) bool { return len(c.Boxes) == 0 })
}

// arrange orders the boxes of each column by the mean place of their
// neighbours, a few times forth and back.
func (p *Picture) arrange() {
	for _, c := range p.Columns {
		if !ordered(c) {
			slices.SortFunc(c.Boxes, func(a, b *Box) int { return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.ID, b.ID)) })
		}
	}
	neighbours := map[string][]string{}
	for _, e := range p.Edges {
		if e.After {
			continue
		}
		neighbours[e.From] = append(neighbours[e.From], e.To)
		neighbours[e.To] = append(neighbours[e.To], e.From)
	}
	for range 4 {
		place := p.places()
		for _, c := range p.Columns {
			if ordered(c) {
				continue
			}
			mean := map[string]float64{}
			for _, b := range c.Boxes {
				mean[b.ID] = meanPlace(neighbours[b.ID], place, place[b.ID])
			}
			slices.SortStableFunc(c.Boxes, func(a, b *Box) int { return cmp.Compare(mean[a.ID], mean[b.ID]) })
		}
	}
}

// ordered says that the boxes of a column have an order of their own.
func ordered(c Column) bool { return len(c.Boxes) > 0 && c.Boxes[0].Kind == KindWave }

// places gives every box its relative height, from 0 to 1.
func (p *Picture) places() map[string]float64 {
	out := map[string]float64{}
	for _, c := range p.Columns {
		for i, b := range c.Boxes {
			out[b.ID] = (float64(i) + 0.5) / float64(len(c.Boxes))
		}
	}
	return out
}

func meanPlace(ids []string, place map[string]float64, own float64) float64 {
	if len(ids) == 0 {
		return own
	}
	sum := 0.0
	for _, id := range ids {
		sum += place[id]
	}
	return sum / float64(len(ids))
}
