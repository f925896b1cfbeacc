package generate

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"nixgen/fleet"
	"nixgen/syntax"
)

// stubFolder is the stand-in for the private input below generated/.
const stubFolder = "secrets-stub"

// stubValue stands for every secret.
const stubValue = "stub"

// secretUses are the files of the private input that hosts.toml refers to, each
// with the keys that are read from it.
type secretUses struct {
	files map[string]map[string]bool
}

// usesOf collects what all systems and homes of a fleet read.
func usesOf(f *fleet.Fleet) secretUses {
	u := secretUses{files: map[string]map[string]bool{}}
	for _, h := range f.Hosts {
		u.add(h.Sops)
		for _, a := range h.Users {
			if a.HomeManager != nil {
				u.add(a.HomeManager.Sops)
			}
		}
	}
	return u
}

func (u secretUses) add(s *fleet.Sops) {
	if s == nil {
		return
	}
	u.file(s.DefaultFile)
	for _, x := range s.Secrets {
		keys := u.file(x.File)
		if x.Key != "" {
			keys[x.Key] = true
		}
	}
}

func (u secretUses) file(name string) map[string]bool {
	if u.files[name] == nil {
		u.files[name] = map[string]bool{}
	}
	return u.files[name]
}

// stub writes a flake of the shape of the private input, with nothing secret in
// it: who cannot read that one evaluates the fleet with
// `--override-input nix-secrets path:./generated/secrets-stub`.
func (g *generator) stub(u secretUses) {
	s := g.fleet.SecretsOf()
	g.emit(g.dir(stubFolder, "data.nix"), "", Plain(s.Plain, stubValue))
	flake := "{\n  description = \"stands in for " + s.Input + ": the same shape, nothing secret\";\n\n  outputs = _: import ./data.nix;\n}\n"
	g.add(g.dir(stubFolder, "flake.nix"), []byte(flake))
	if len(u.files) > 0 { // hand-written modules may read these, too
		u.file(s.Shared)
	}
	for _, h := range g.fleet.Hosts {
		if h.Sops != nil {
			u.file(s.HostFile(h.Name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(u.files)) {
		g.add(g.dir(stubFolder, name), stubFile(name, slices.Sorted(maps.Keys(u.files[name]))))
	}
}

// stubFile is a file with the keys, in the form that its name asks for.
func stubFile(name string, keys []string) []byte {
	var b bytes.Buffer
	root := &tree{}
	for _, k := range keys {
		root.set(syntax.String(stubValue), strings.Split(k, "/")...)
	}
	switch path.Ext(name) {
	case ".yaml", ".yml":
		if len(keys) == 0 {
			root.set(syntax.String(stubValue), stubValue)
		}
		root.yaml(&b, "")
	case ".json":
		if len(keys) == 0 {
			root.set(syntax.String(stubValue), stubValue)
		}
		b.WriteString("{\n")
		root.json(&b, "  ")
		b.WriteString("}\n")
	default:
		for _, k := range keys {
			b.WriteString(k + "=" + stubValue + "\n")
		}
	}
	return b.Bytes()
}

// yaml writes a tree of texts; JSON's strings are YAML's.
func (t *tree) yaml(b *bytes.Buffer, indent string) {
	for _, c := range t.children {
		b.WriteString(indent + strconv.Quote(c.name) + ":")
		if len(c.children) > 0 {
			b.WriteString("\n")
			c.yaml(b, indent+"  ")
			continue
		}
		b.WriteString(" " + stubValue + "\n")
	}
}

func (t *tree) json(b *bytes.Buffer, indent string) {
	for i, c := range t.children {
		b.WriteString(indent + strconv.Quote(c.name) + ": ")
		if len(c.children) > 0 {
			b.WriteString("{\n")
			c.json(b, indent+"  ")
			b.WriteString(indent + "}")
		} else {
			b.WriteString(strconv.Quote(stubValue))
		}
		if i+1 < len(t.children) {
			b.WriteString(",")
		}
		b.WriteString("\n")
	}
}

// Plain gives an attribute set of the shape that [secrets.plain] declares, each
// value of the right type and none of them meant: texts are text.
func Plain(fields []fleet.PlainField, text string) syntax.Attrs {
	var t tree
	for _, x := range fields {
		t.set(plainValue(x.Type, text), x.Path...)
	}
	return t.attrs()
}

func plainValue(t *fleet.Type, text string) syntax.Value {
	switch t.Kind {
	case fleet.Bool:
		return syntax.Bool(false)
	case fleet.Int:
		if t.Min != nil {
			return syntax.Int(*t.Min)
		}
		return syntax.Int(0)
	case fleet.Float:
		return syntax.Float(0)
	case fleet.PathKind:
		return syntax.Path("./data.nix")
	case fleet.ListOf:
		return syntax.List{}
	case fleet.AttrsOf, fleet.FreeForm:
		return syntax.Attrs{}
	case fleet.Nullable:
		return syntax.Null{}
	}
	return syntax.String(text)
}
