package generate

import (
	"nixgen/fleet"
	"nixgen/syntax"
)

// disks writes the parameters of a host's disks, copies the profiles they have,
// and imports both; a disk that comes as a file of its own is imported as it is.
func (m *module) disks() {
	var table tree
	for _, d := range m.host.Disks {
		if d.File != "" {
			m.extraFiles([]string{d.File})
			continue
		}
		name := "disks/" + d.Profile + "/disk.nix"
		m.templates[name] = true
		table.set(relative(m.dir, m.dirOf(name)), d.Name, "profile")
		table.set(m.parameters(d), d.Name, "parameters")
	}
	if len(table.children) > 0 {
		m.emit(m.dir+"/disks.nix", "import "+string(m.lib(m.dir, "disks.nix"))+" ", table.attrs())
		m.addPath("./disks.nix")
	}
}

// parameters are what a profile's function is given, besides lib and the disk's
// name.
func (m *module) parameters(d *fleet.Disk) syntax.Attrs {
	var t tree
	t.setAll(m.dir, d.Params)
	t.set(syntax.Bool(d.Adopt), "adopt")
	t.set(orNull(m.host.HostID), "hostId")
	return t.attrs()
}

func orNull(s string) syntax.Value {
	if s == "" {
		return syntax.Null{}
	}
	return syntax.String(s)
}
