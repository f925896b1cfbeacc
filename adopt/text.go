package adopt

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"nixgen/fleet"
)

// text writes hosts.toml.
func (d *draft) text() []byte {
	w := &writer{}
	w.line("#:schema ./hosts.schema.json")
	w.line("# Written by `nixgen adopt` from flake.nix, which goes on wiring the hosts itself. It is yours now: nothing")
	w.line("# overwrites it. Lines that end in `# check: …` hold a guess.")
	d.inputsText(w)
	d.layoutText(w)
	for _, p := range d.users {
		d.userText(w, p)
	}
	for _, r := range d.roles {
		d.roleText(w, r)
	}
	for _, m := range d.machines {
		m.text(w)
	}
	return []byte(w.String())
}

type writer struct{ strings.Builder }

func (w *writer) line(s string) { w.WriteString(s + "\n") }

func (w *writer) table(path ...string) {
	for i, p := range path {
		path[i] = quoteKey(p)
	}
	w.line("\n[" + strings.Join(path, ".") + "]")
}

// key writes `key = value`, with what is to be checked behind it.
func (w *writer) key(key string, v any, check string) {
	if check != "" {
		check = " # check: " + check
	}
	w.line(quoteKey(key) + " = " + value(v) + check)
}

// list writes a list that is not empty, over several lines when it is long.
func (w *writer) list(key string, l []string, check string) {
	if len(l) > 0 {
		w.key(key, l, check)
	}
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func quoteKey(k string) string {
	if bareKey.MatchString(k) {
		return k
	}
	return value(k)
}

// value is a TOML value on one line, a long list on several.
func value(v any) string {
	switch v := v.(type) {
	case []string:
		parts := make([]string, len(v))
		n := 0
		for i, s := range v {
			parts[i] = value(s)
			n += len(parts[i]) + 2
		}
		if n > 100 {
			return "[\n  " + strings.Join(parts, ",\n  ") + ",\n]"
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		b, err := toml.Marshal(map[string]any{"k": v})
		if err != nil {
			return `""`
		}
		return strings.TrimSuffix(strings.TrimPrefix(string(b), "k = "), "\n")
	}
}

// usual are the inputs that [inputs] renames: the key, the name it has by
// default, and how a URL of it ends.
var usual = []struct{ key, name string }{
	{"nixpkgs", "nixpkgs"}, {"nixDarwin", "nix-darwin"}, {"homeManager", "home-manager"}, {"disko", "disko"},
	{"sopsNix", "sops-nix"}, {"colmena", "colmena"}, {"deployRs", "deploy-rs"}, {"nixosFacterModules", "nixos-facter-modules"},
}

// inputsText names the inputs that are called otherwise than usual.
func (d *draft) inputsText(w *writer) {
	head := false
	for _, u := range usual {
		if _, ok := d.fleet.Inputs[u.name]; ok {
			continue
		}
		var found []string
		for _, name := range slices.Sorted(maps.Keys(d.fleet.Inputs)) {
			if repository(d.fleet.Inputs[name]) == u.name {
				found = append(found, name)
			}
		}
		if len(found) != 1 {
			continue
		}
		if !head {
			w.table("inputs")
			head = true
		}
		w.key(u.key, found[0], "")
	}
}

// repository is the name of the repository in a flake reference, lower-case.
func repository(url string) string {
	_, rest, ok := strings.Cut(url, ":")
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	if !ok || len(parts) < 2 {
		return ""
	}
	name, _, _ := strings.Cut(parts[1], "?")
	return strings.ToLower(strings.TrimSuffix(name, ".git"))
}

func (d *draft) layoutText(w *writer) {
	w.table("layout")
	w.key("wiring", "manual", "")
	guess := "guessed from who reads which folder"
	write := func(key string, l []string, note string) {
		switch {
		case len(l) == 0:
			w.line(key + " = [] # check: none was found")
		case note == "":
			w.key(key, l, "")
		default:
			w.key(key, l, note)
		}
	}
	write("common", d.lay.Common, guess)
	write("optIn", d.lay.OptIn, guess)
	write("modules", d.lay.Modules, guess)
	write("hosts", d.lay.Hosts, "")
	write("home", d.lay.Home, "")
	for _, s := range d.doubts {
		w.line("# " + s)
	}
}

func (d *draft) userText(w *writer, p *person) {
	w.table("users", p.name)
	if p.fullName != "" {
		w.key("fullName", p.fullName, "")
	}
	if p.admin {
		w.key("admin", true, "")
	}
	if p.shell != "" {
		w.key("shell", p.shell, "")
	}
	w.list("optIn", p.optIn, "")
}

func (d *draft) roleText(w *writer, r *role) {
	w.line("\n# what " + some(r.hosts) + " share")
	check := "give it a name"
	if r.named {
		check = "the name is a guess"
	}
	w.line("[roles." + quoteKey(r.name) + "] # check: " + check)
	w.list("optIn", r.optIn, "")
}

func (m *machine) text(w *writer) {
	w.table("hosts", m.Name)
	if m.Platform == fleet.Home {
		w.key("kind", "home", "")
	}
	w.key("system", m.system, m.checks["system"])
	w.key("stateVersion", m.release, m.checks["stateVersion"])
	if m.homeRelease != "" {
		w.key("homeStateVersion", m.homeRelease, m.checks["homeStateVersion"])
	}
	w.list("roles", m.roles, "")
	w.list("optIn", m.optIn, "")
	w.list("users", m.users, m.checks["users"])
	for _, k := range m.disks {
		note := ""
		if len(k.devices) > 0 {
			note = " # " + strings.Join(k.devices, ", ")
		}
		w.line(fmt.Sprintf("disks.%s = { file = %s }%s", k.name, value(k.file), note))
	}
	for _, u := range m.users {
		if l := m.homeOptIn[u]; len(l) > 0 {
			w.line("home." + quoteKey(u) + ".optIn = " + value(l))
		}
	}
}

// some names a few of many.
func some(names []string) string {
	if len(names) > 4 {
		return fmt.Sprintf("%s and %d more hosts", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}
