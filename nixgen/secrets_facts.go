package main

import (
	"maps"
	"slices"
	"strings"

	"nixgen/lint"
	"nixgen/outline"
	"nixgen/secrets"
)

// secretFacts reads what hosts.toml and the modules of every host say about
// secrets. Only what a host certainly reads counts; what is not known is left
// out.
func (w *world) secretFacts(tree *secrets.Tree) ([]secrets.Facts, error) {
	work, out, err := w.moduleSecrets(tree)
	if err != nil {
		return nil, err
	}
	return append(secrets.FromFleet(work.Fleet), out...), nil
}

// moduleSecrets is secretFacts without what hosts.toml says, and the tree that
// was read.
func (w *world) moduleSecrets(tree *secrets.Tree) (*lint.Workspace, []secrets.Facts, error) {
	t, err := w.lintTree(nil, lintOptions{})
	if err != nil {
		return nil, nil, err
	}
	return t.work, factsOf(t.work.Hosts, tree), nil
}

// factsOf is what the modules of hosts say.
func factsOf(hosts []*lint.Host, tree *secrets.Tree) []secrets.Facts {
	var out []secrets.Facts
	for _, h := range hosts {
		readers := map[string]*factReader{}
		for _, m := range h.Modules {
			if m.Class == lint.FlakeParts || m.Reach != outline.True {
				continue
			}
			key := string(m.Class) + " " + m.User
			if readers[key] == nil {
				readers[key] = &factReader{tree: tree, secrets: map[string]*declaration{}, facts: secrets.Facts{Host: h.Name, User: m.User}, home: m.Class == lint.Home}
			}
			for _, d := range m.Out.Defs {
				readers[key].read(m, d, nil)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(readers)) {
			out = append(out, readers[key].finish())
		}
	}
	return out
}

// factReader collects the facts of one configuration: a system's or a home's.
type factReader struct {
	tree    *secrets.Tree
	facts   secrets.Facts
	secrets map[string]*declaration
	home    bool
	// file is sops.defaultSopsFile, nil where it is not set.
	file outline.Value
	// keyed tells that the modules choose the key that decrypts.
	keyed bool
	// persist is where the first folder that persists is declared.
	persist secrets.Place
}

// declaration is what all definitions of one secret say.
type declaration struct {
	at secrets.Place
	// file is nil where it is not set; skip is set where the secret is no entry
	// of a file, or is not known to be one.
	file      outline.Value
	key, path string
	skip      bool
}

// roots are the first names of what is read, so that nothing else is walked.
var roots = map[string]bool{"sops": true, "environment": true, "services": true}

func (r *factReader) read(m *lint.Module, d *outline.Def, above []string) {
	name, ok := m.Name(d)
	if !ok || len(above) == 0 && !roots[name] || m.Truth(d.Guards) != outline.True {
		return
	}
	path := append(above[:len(above):len(above)], name)
	r.definition(m, d, path)
	if len(path) < 4 {
		for _, k := range d.Kids {
			r.read(m, k, path)
		}
	}
}

func (r *factReader) definition(m *lint.Module, d *outline.Def, path []string) {
	if len(path) < 2 {
		return
	}
	switch path[0] + "." + path[1] {
	case "sops.secrets":
		if len(path) >= 3 {
			r.secret(m, d, path[2:])
		}
	case "sops.defaultSopsFile":
		r.file = value(m, d)
	case "sops.age":
		if len(path) == 3 && (path[2] == "keyFile" || path[2] == "sshKeyPaths") {
			r.identities(m, d)
		}
	case "services.openssh":
		r.keyed = r.keyed || len(path) == 3 && path[2] == "hostKeys"
	case "environment.persistence":
		if len(path) == 3 && !r.home {
			if r.facts.Persist == nil {
				r.persist = place(m, d)
			}
			r.facts.Persist = append(r.facts.Persist, path[2])
		}
	}
}

// secret reads `sops.secrets.NAME` and what stands below it.
func (r *factReader) secret(m *lint.Module, d *outline.Def, path []string) {
	s := r.secrets[path[0]]
	if s == nil {
		s = &declaration{key: path[0], at: place(m, d)}
		r.secrets[path[0]] = s
	}
	if len(path) == 1 {
		s.skip = s.skip || len(d.Leaves) > 0 // a value that is no set here
		return
	}
	text, known := outline.AsString(value(m, d))
	switch path[1] {
	case "sopsFile":
		s.file = value(m, d)
	case "key":
		s.key, s.skip = text, s.skip || !known || text == ""
	case "format":
		s.skip = s.skip || text != "yaml" && text != "json"
	case "path":
		s.path = text
	}
}

func (r *factReader) identities(m *lint.Module, d *outline.Def) {
	r.keyed = true
	add := func(v outline.Value) {
		if p, ok := outline.AsString(v); ok && strings.HasPrefix(p, "/") {
			r.facts.Identities = append(r.facts.Identities, secrets.Identity{Path: p, At: place(m, d)})
		}
	}
	v := value(m, d)
	list, ok := v.(*outline.Sequence)
	if !ok {
		add(v)
		return
	}
	for _, e := range list.Elems {
		if !e.Maybe {
			add(e.Force(m.Host.Eval))
		}
	}
}

// value of a definition that is written once without conditions, or unknown.
func value(m *lint.Module, d *outline.Def) outline.Value {
	if len(d.Leaves) != 1 || m.Truth(d.Leaves[0].Guards) != outline.True {
		return &outline.Unknown{}
	}
	return m.In.Value(d.Leaves[0].X, d.Leaves[0].Scope)
}

func place(m *lint.Module, d *outline.Def) secrets.Place {
	file := m.Path
	if f := d.File(); f != nil {
		file = f.Path
	}
	span := d.Path
	if span.End == span.Start {
		span = d.Name.At
	}
	return secrets.Place{File: file, Span: span}
}

// hostKey is what sops-nix decrypts with on NixOS unless it is told otherwise.
const hostKey = "/etc/ssh/ssh_host_ed25519_key"

func (r *factReader) finish() secrets.Facts {
	for _, name := range slices.Sorted(maps.Keys(r.secrets)) {
		s := r.secrets[name]
		file, ok := r.inTree(s)
		if s.skip || !ok {
			continue
		}
		r.facts.Declared = append(r.facts.Declared, secrets.Declared{Key: s.key, File: file, Path: s.path, At: s.at})
	}
	if len(r.facts.Persist) > 0 && len(r.secrets) > 0 && !r.keyed {
		r.facts.Identities = append(r.facts.Identities, secrets.Identity{Path: hostKey, Default: true, At: r.persist})
	}
	return r.facts
}

// inTree gives the file of the repository that a secret is in, "" where it may
// be any of them; false when it is in none.
func (r *factReader) inTree(s *declaration) (string, bool) {
	v := s.file
	if v == nil {
		v = r.file
	}
	var tail string
	switch v := v.(type) {
	case nil:
		return "", true
	case outline.Text:
		tail = v.Tail
		if v.Whole {
			tail = v.Head
		}
	case outline.External:
		tail = v.Path
	case *outline.Unknown:
		return "", s.file == nil
	default:
		return "", false // a file of the fleet's own: lint looks there
	}
	best := ""
	for name := range r.tree.Files {
		if strings.HasSuffix(tail, "/"+name) && len(name) > len(best) {
			best = name
		}
	}
	return best, best != ""
}
