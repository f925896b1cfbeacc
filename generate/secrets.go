package generate

import (
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/syntax"
)

// sops sets what sops-nix does in a system or a home. What needs the private
// input, or the placeholders of templates, is computed by core/sops.nix.
func (m *module) sops(s *fleet.Sops) {
	if s == nil {
		return
	}
	m.option("nixgen.sops.input", syntax.String(m.fleet.SecretsOf().Input))
	m.option("nixgen.sops.defaultFile", syntax.String(s.DefaultFile))
	m.unless("sops.age.keyFile", syntax.String(s.Age.KeyFile))
	m.unless("sops.age.generateKey", syntax.Bool(s.Age.GenerateKey))
	m.unless("sops.age.sshKeyPaths", texts(s.Age.SSHKeyPaths))
	for _, x := range s.Secrets {
		m.set(secretOptions(x), "sops", "secrets", x.Name)
		if x.File != s.DefaultFile {
			m.set(syntax.String(x.File), "nixgen", "sops", "files", x.Name)
		}
	}
	for _, x := range s.Templates {
		m.set(templateOptions(x), "sops", "templates", x.Name)
		m.set(templateParts(x.Parts), "nixgen", "sops", "templates", x.Name)
	}
}

// secretOptions are the options of one secret that differ from sops-nix' own.
func secretOptions(x *fleet.SopsSecret) syntax.Attrs {
	var t tree
	if x.Key != x.Name || x.Whole {
		t.option("key", syntax.String(x.Key))
	}
	if x.Format != "yaml" {
		t.option("format", syntax.String(x.Format))
	}
	if x.SaidPath {
		t.option("path", syntax.String(x.Path))
	}
	t.unless("mode", syntax.String(x.Mode))
	t.unless("owner", syntax.String(x.Owner))
	t.unless("group", syntax.String(x.Group))
	t.unless("neededForUsers", syntax.Bool(x.NeededForUsers))
	t.unless("restartUnits", texts(x.RestartUnits))
	t.unless("reloadUnits", texts(x.ReloadUnits))
	return t.attrs()
}

func templateOptions(x *fleet.SopsTemplate) syntax.Attrs {
	var t tree
	t.unless("mode", syntax.String(x.Mode))
	t.unless("path", syntax.String(x.Path))
	t.unless("owner", syntax.String(x.Owner))
	t.unless("group", syntax.String(x.Group))
	t.unless("restartUnits", texts(x.RestartUnits))
	t.unless("reloadUnits", texts(x.ReloadUnits))
	return t.attrs()
}

// templateParts prints a text with the names of secrets in it.
func templateParts(parts []fleet.TemplatePart) syntax.List {
	out := make(syntax.List, len(parts))
	for i, p := range parts {
		switch {
		case p.Secret != "":
			out[i] = syntax.Attrs{{Path: []string{"secret"}, Value: syntax.String(p.Secret)}}
		default:
			out[i] = text(p.Text)
		}
	}
	return out
}

// sopsModules are the modules of sops-nix that a host needs: that of its system,
// and by user that of a home.
func (g *generator) sopsModules(h *fleet.Host) (system []fleet.ModuleRef, users map[string]fleet.ModuleRef) {
	ref := func(attrs, key string) fleet.ModuleRef {
		return fleet.ModuleRef{Input: g.fleet.Inputs.SopsNix, Attrs: strings.Split(attrs, "."), Key: "hosts." + h.Name + "." + key}
	}
	if h.Sops != nil {
		system = append(system, ref(h.Platform+"Modules.sops", "sops"))
	}
	users = map[string]fleet.ModuleRef{}
	for _, a := range h.Users {
		if a.HomeManager != nil && a.HomeManager.Sops != nil {
			users[a.Name] = ref("homeManagerModules.sops", "home."+a.Name+".sops")
		}
	}
	return system, users
}

// secretsData is what the wiring must know of the private input; empty where
// modules get nothing of it.
func (g *generator) secretsData(dir string) syntax.Attrs {
	s := g.fleet.SecretsOf()
	if len(s.Plain) == 0 {
		return nil
	}
	var t, shape tree
	for _, x := range s.Plain {
		shape.set(typeData(x.Type), strings.Join(x.Path, "."), "type")
	}
	for _, c := range shape.children {
		name := c.name
		shape.set(syntax.String("plain data of the input `"+s.Input+"`"), name, "description")
	}
	t.option("evaluate", g.lib(dir, "secrets.nix"))
	t.option("input", syntax.String(s.Input))
	t.option("shape", shape.attrs())
	return t.attrs()
}

// secrets writes the stub of the private input, and says what the flake lacks.
func (g *generator) secrets() {
	use := usesOf(g.fleet)
	if len(use.files) == 0 && len(g.fleet.SecretsOf().Plain) == 0 {
		return
	}
	if g.fleet.Layout.Wiring == "manual" {
		g.diags = append(g.diags, diag.Diagnostic{
			File: g.fleet.File, Severity: diag.Warning, Rule: "not-generated",
			Message: "`sops` and `secrets.plain` have no effect where `layout.wiring` is `manual`: the modules are your own",
		})
		return
	}
	needsSops := len(use.files) > 0
	g.stub(use)
	for _, h := range g.fleet.Hosts {
		g.macKey(h)
	}
	if needsSops {
		g.needInput(g.fleet.Inputs.SopsNix, "`sops`", "github:Mic92/sops-nix")
	}
	url := g.fleet.SecretsOf().URL
	if url == "" {
		url = "git+ssh://git@github.com/YOU/" + g.fleet.SecretsOf().Input
	}
	g.needInput(g.fleet.SecretsOf().Input, "`secrets`", url)
}

// needInput reports an input that the flake is known to lack.
func (g *generator) needInput(name, why, url string) {
	if g.opt.Env.Inputs == nil || slices.Contains(g.opt.Env.Inputs, name) {
		return
	}
	g.diags = append(g.diags, diag.Diagnostic{
		File: g.fleet.File, Severity: diag.Warning, Rule: "undeclared-input",
		Message: why + " needs the flake input `" + name + "`; add to the inputs of flake.nix: `" + name + `.url = "` + url + "\";`",
	})
}

// macKey tells of the one key that a Mac does not have from the start.
func (g *generator) macKey(h *fleet.Host) {
	if h.Platform != fleet.Darwin || h.Sops == nil || h.Sops.Age.Said {
		return
	}
	g.complain(h, diag.Info, "host `"+h.Name+"` decrypts with `"+h.Sops.Age.SSHKeyPaths[0]+"`, which a Mac has only once Remote Login was on "+
		"(System Settings, General, Sharing); or name another key in `sops.age.keyFile`")
}
