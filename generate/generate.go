package generate

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/layout"
	"nixgen/syntax"
	"nixgen/templates"
)

// File is one file to be written. Path is slash-separated and relative to the
// folder of hosts.toml; Content is complete, header and sum included.
type File struct {
	Path    string
	Content []byte
}

// SchemaFile is generated outside of the generated folder: it stands beside
// hosts.toml, where editors look for it.
const SchemaFile = "hosts.schema.json"

// Options are what Files needs beside the fleet.
type Options struct {
	// Env is what the fleet was loaded with; hosts.schema.json lists its names.
	Env fleet.Env
}

// Files gives everything that is generated for a fleet, sorted by path; for one
// that is wired by hand that is the facts about its hosts and no wiring. The
// fleet must have been loaded without an error. When a diagnostic is an error
// the files are incomplete and must not be written.
func Files(f *fleet.Fleet, inv *layout.Inventory, opt Options) ([]File, []diag.Diagnostic) {
	g := &generator{fleet: f, inv: inv, opt: opt, templates: map[string]bool{}}
	g.facts()
	g.secrets()
	g.workflows()
	if f.Layout.Wiring == "manual" {
		g.factTable()
	} else {
		g.root()
		for _, h := range f.Hosts {
			g.host(h)
		}
	}
	g.copyTemplates()
	g.add(SchemaFile, f.JSONSchema(opt.Env))
	slices.SortFunc(g.files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	diag.Sort(g.diags)
	return g.files, g.diags
}

// generator is one run of Files.
type generator struct {
	fleet *fleet.Fleet
	inv   *layout.Inventory
	opt   Options
	files []File
	diags []diag.Diagnostic
	// templates that something refers to, by name below templates.FS.
	templates map[string]bool
}

// dir is a folder below generated/.
func (g *generator) dir(names ...string) string {
	return path.Join(append([]string{g.fleet.Layout.Generated}, names...)...)
}

// lib is the path from a folder to a core template, which is thereby copied.
func (g *generator) lib(from, name string) syntax.Path {
	g.templates["core/"+name] = true
	return relative(from, g.dirOf("core/"+name))
}

// emit prints a value as a file, after a prefix that is no data.
func (g *generator) emit(name, prefix string, v syntax.Value) {
	body, err := syntax.Format(v)
	if err != nil {
		g.diags = append(g.diags, diag.Diagnostic{
			File: g.fleet.File, Severity: diag.Error, Message: "cannot print `" + name + "`: " + err.Error(),
		})
		return
	}
	g.add(name, append([]byte(prefix), body...))
}

func (g *generator) add(name string, body []byte) {
	g.files = append(g.files, File{Path: name, Content: Seal(name, body)})
}

// complain reports something about a host.
func (g *generator) complain(h *fleet.Host, s diag.Severity, message string) {
	g.diags = append(g.diags, diag.Diagnostic{
		File: g.fleet.File, Span: h.Span, Severity: s, Message: message, Hosts: []string{h.Name},
	})
}

// copyTemplates copies every template that something refers to, and what those
// import in turn.
func (g *generator) copyTemplates() {
	for name := range g.templates {
		for _, needed := range templateImports[name] {
			g.templates["core/"+needed] = true
		}
	}
	for name := range g.templates {
		g.add(g.dirOf(name), templates.Read(name))
	}
}

// dirOf is where a template goes: core/ becomes lib/, the rest keeps its name.
func (g *generator) dirOf(template string) string {
	if rest, ok := strings.CutPrefix(template, "core/"); ok {
		return g.dir("lib", rest)
	}
	return g.dir(template)
}

// templateImports are the core templates that another one imports; a test
// compares it with what the templates say.
var templateImports = map[string][]string{
	"core/apps.nix":         {"install.sh", "run.sh", "switch.sh", "wave.sh"},
	"core/darwin.nix":       {"inputs.nix", "mirror.nix", "nixpkgs.nix", "shells.nix"},
	"core/facts.nix":        {"spec.nix"},
	"core/fleet.nix":        {"apps.nix", "deploy.nix", "inputs.nix", "install.sh", "run.sh", "spec.nix", "switch.sh", "wave.sh"},
	"core/home-manager.nix": {"mirror.nix"},
	"core/home.nix":         {"inputs.nix", "mirror.nix", "nixpkgs.nix"},
	"core/nixos.nix":        {"inputs.nix", "mirror.nix", "nixpkgs.nix", "shells.nix"},
	"core/nixpkgs.nix":      {"inputs.nix"},
	"core/secrets.nix":      {"host-spec.nix"},
	"core/sops.nix":         {"inputs.nix"},
}
