package lint

import (
	"slices"
	"strings"

	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/outline"
)

// begin finds where the host starts and follows everything from there.
func (h *Host) begin() {
	class := Class(h.Platform)
	if h.manual() {
		h.beginManual(class)
	} else {
		h.beginGenerated(class)
	}
	if class != Home {
		h.run()
		h.beginOwnHome()
		h.system = newOptions(h.of(class, ""))
		h.declares(h.system, class, "")
		h.beginHomes()
	}
	h.run()
	for _, u := range h.Users() {
		if h.homes[u] == nil {
			h.homes[u] = newOptions(h.of(Home, u))
		}
		h.declares(h.homes[u], Home, u)
	}
}

// file queues a file that is read for sure.
func (h *Host) file(class Class, user, p string) {
	h.pending = append(h.pending, edge{
		class: class, user: user, truth: outline.True, value: outline.FilePath{Head: p, Whole: true},
	})
}

func (h *Host) beginGenerated(class Class) {
	w := h.Work
	if w.Inventory == nil {
		return
	}
	if class == Home {
		h.beginAccounts()
		return
	}
	for _, tier := range []layout.Tier{layout.Library, layout.Common} {
		for _, t := range w.Inventory.Topics(tier, "") {
			h.topic(class, "", t)
		}
	}
	if h.Spec != nil {
		for _, name := range h.Spec.OptIn {
			if t, ok := w.Inventory.Topic(layout.OptIn, "", name); ok {
				h.topic(class, "", t)
			}
		}
	}
	for _, g := range w.Fleet.Layout.Groups {
		if slices.Contains(g.Hosts, h.Name) {
			for _, t := range w.Inventory.GroupTopics(g.Name) {
				h.topic(class, "", t)
			}
		}
	}
	h.hostFiles(class, "")
	if h.Spec != nil {
		h.files(class, "", h.Spec.Files)
		for _, d := range h.Spec.Disks {
			h.files(class, "", []string{d.File})
		}
		h.files(class, "", []string{h.Spec.HardwareFile})
	}
}

func (h *Host) topic(class Class, user string, t layout.Topic) {
	for _, p := range t.For(h.Platform) {
		h.file(class, user, p)
	}
}

func (h *Host) hostFiles(class Class, user string) {
	for _, role := range []layout.Role{layout.Hardware, layout.Entry} {
		h.files(class, user, h.Work.Inventory.HostRole(h.Name, user, role))
	}
}

func (h *Host) files(class Class, user string, ps []string) {
	for _, p := range ps {
		if p != "" {
			h.file(class, user, p)
		}
	}
}

// beginManual starts an existing fleet: at what flake.nix builds for the host,
// where that can be followed, else at the host's entry.
func (h *Host) beginManual(class Class) {
	if f := h.Work.Flake; f != nil && h.self != nil {
		if h.beginParts(class) || h.beginWired(class) {
			return
		}
		if args := h.machine(class, h.flakeName(class)); args != nil {
			h.beginFlake(class, args)
			return
		}
	}
	h.Unwired = true
	if h.Work.Inventory == nil {
		return
	}
	if class == Home {
		h.homeFile()
		return
	}
	h.hostFiles(class, "")
}

var outputOf = map[Class]string{NixOS: "nixosConfigurations", Darwin: "darwinConfigurations", Home: "homeConfigurations"}

// flakeName is the host's attribute: its name, perhaps with a domain, for homes
// mostly user@host.
func (h *Host) flakeName(class Class) string {
	if class != Home {
		if all := h.made(class); all != nil && all.Names[h.Name] == nil {
			for _, k := range all.Keys() {
				if withoutDomain(k, all.Keys()) == h.Name {
					return k
				}
			}
		}
		return h.Name
	}
	if h.Output != "" && h.Platform == fleet.Home {
		return h.Output
	}
	all := h.made(class)
	if all == nil {
		return h.Name
	}
	for _, k := range all.Keys() {
		if strings.HasSuffix(k, "@"+h.Name) {
			return k
		}
	}
	for _, l := range all.Loose {
		if l.Name.Tail == "@"+h.Name {
			return l.Name.Tail
		}
	}
	return h.Name
}

func (h *Host) beginFlake(class Class, args *outline.Attrs) {
	name := "specialArgs"
	user := ""
	if class == Home {
		name = "extraSpecialArgs"
		if user, _, _ = strings.Cut(h.flakeName(class), "@"); user == "" {
			user = someUser
		}
	}
	if class == Class(h.Platform) {
		h.built = args
	}
	if class == Home && class != Class(h.Platform) {
		h.apart = map[string]bool{user: true}
	}
	h.special[class] = &outline.Attrs{Names: map[string]*outline.Thunk{}}
	h.closed[class] = !args.Open
	if t := args.Names[name]; t != nil {
		a, ok := t.Force(h.Eval).(*outline.Attrs)
		h.closed[class] = ok && !a.Open
		if ok {
			h.special[class] = a
		}
	}
	h.listed(class, user, nil, args.Names["modules"], outline.True)
}

// listed queues the modules of a list.
func (h *Host) listed(class Class, user string, parent *Module, t *outline.Thunk, truth outline.Truth) {
	if t == nil {
		return
	}
	file, at := t.Where()
	h.each(edge{class: class, user: user, parent: parent, truth: truth, file: file, at: at}, t.Force(h.Eval))
}
