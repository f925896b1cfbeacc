package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"nixgen/lint"
	"nixgen/outline"
	"nixgen/secrets"
)

// declaredSecret is what all definitions of one sops.secrets.NAME say.
type declaredSecret struct {
	first *setting
	// file and key are nil where they are not said; open marks what is not
	// known, or not plain YAML.
	file, key outline.Value
	open      bool
}

// secretKeys holds the secrets that a host declares to the sops files of the
// tree: a key that the file does not have fails when the system is built.
func secretKeys(p *lint.Pass) {
	for _, x := range sopsSecrets(p.Host) {
		secretKey(p, x)
	}
}

// sopsSecret is a secret that modules of a host declare, in a file of the tree.
type sopsSecret struct {
	*declaredSecret
	name, path string
}

// sopsSecrets are those whose file is known, by configuration and name.
func sopsSecrets(h *lint.Host) []sopsSecret {
	all := map[string]map[string]*declaredSecret{}
	defaults := map[string]outline.Value{}
	settings(h, func(s *setting) bool {
		n := len(s.path)
		switch {
		case s.path[0] != "sops" || s.module.Reach != outline.True:
			return false
		case n == 2 && s.path[1] == "defaultSopsFile":
			for _, l := range s.def.Leaves {
				defaults[closure(s.module)] = s.module.In.Value(l.X, l.Scope)
			}
		case n == 3 && s.path[1] == "secrets" && s.path[2] != "":
			c := closure(s.module)
			if all[c] == nil {
				all[c] = map[string]*declaredSecret{}
			}
			d := all[c][s.path[2]]
			if d == nil {
				first := *s
				d = &declaredSecret{first: &first}
				all[c][s.path[2]] = d
			}
			d.add(s)
			return false
		}
		return n < 3
	})
	var out []sopsSecret
	for _, c := range slices.Sorted(maps.Keys(all)) {
		for _, name := range slices.Sorted(maps.Keys(all[c])) {
			d := all[c][name]
			file := d.file
			if file == nil {
				file = defaults[c]
			}
			if path, ok := outline.AsPath(file); ok && path != "" && !d.open {
				out = append(out, sopsSecret{d, name, path})
			}
		}
	}
	return out
}

func (d *declaredSecret) add(s *setting) {
	if len(s.def.Leaves) > 0 || s.present(len(s.path)) != outline.True {
		d.open = true
	}
	for _, k := range s.def.Kids {
		for _, l := range k.Leaves {
			v := outline.Located(s.module.In.Value(l.X, l.Scope))
			switch k.Name.Text {
			case "sopsFile":
				d.file = v
			case "key":
				d.key = v
			case "format", "name":
				d.open = d.open || k.Name.Text == "format"
			}
			d.open = d.open || k.Name.X != nil || len(l.Guards) > 0 || len(k.Guards) > 0
		}
	}
}

func secretKey(p *lint.Pass, x sopsSecret) {
	key := x.name
	if x.key != nil {
		var ok bool
		if key, ok = outline.AsString(x.key); !ok || key == "" {
			return
		}
	}
	f := sopsFile(p.Work, x.path)
	if f == nil || !f.Encrypted || f.Key(key) != nil || !hasKeys(x.path) {
		return
	}
	p.Error(x.first.at(fmt.Sprintf("`%s` has no key `%s`", x.path, key), "the secret cannot be found when the system is built"))
}

// hasKeys: of files in other formats sops-nix takes the whole.
func hasKeys(name string) bool {
	return !strings.HasSuffix(name, ".env") && !strings.HasSuffix(name, ".ini")
}

// sopsFile reads a file once for all hosts; nil when it is none.
func sopsFile(w *lint.Workspace, path string) *secrets.File {
	type key struct{ path string }
	once, _ := w.Memo.LoadOrStore(key{path}, sync.OnceValue(func() *secrets.File {
		text, ok := w.ReadFile(path)
		if !ok || !secrets.Readable(path) {
			return nil
		}
		f, ds := secrets.Parse(path, []byte(text))
		if len(ds) > 0 {
			return nil
		}
		return f
	}))
	return once.(func() *secrets.File)()
}
