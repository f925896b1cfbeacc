package secrets

import (
	"encoding/json"
	"slices"
	"strings"
)

// Stub is a file for sops, not encrypted yet, that has each of the keys (parts
// joined with "/") with a value to replace. Without keys it has one of its own,
// since sops encrypts no empty file. A key that another one is a part of cannot
// have a value beside it and is left out. The form follows from the file's name.
func Stub(name string, keys []string) []byte {
	t := stubTree{}
	for _, k := range slices.Compact(slices.Sorted(slices.Values(keys))) {
		t = t.add(strings.Split(k, "/"))
	}
	if len(t) == 0 {
		t = stubTree{{name: "stub"}}
	}
	var b strings.Builder
	if strings.HasSuffix(name, ".json") {
		b.WriteString("{\n")
		t.json(&b, 1)
		b.WriteString("}\n")
	} else {
		t.yaml(&b, 0)
	}
	return []byte(b.String())
}

// stubTree holds keys in order; one without kids has a value.
type stubTree []stubKey

type stubKey struct {
	name string
	kids stubTree
}

func (t stubTree) add(parts []string) stubTree {
	i := slices.IndexFunc(t, func(k stubKey) bool { return k.name == parts[0] })
	if i < 0 {
		t = append(t, stubKey{name: parts[0]})
		i = len(t) - 1
	}
	if len(parts) > 1 {
		t[i].kids = t[i].kids.add(parts[1:])
	}
	return t
}

const stubValue = "replace me"

// yaml quotes every key in double quotes that YAML could read as anything else.
func (t stubTree) yaml(b *strings.Builder, depth int) {
	for _, k := range t {
		b.WriteString(strings.Repeat("    ", depth) + yamlKey(k.name) + ":")
		if k.kids == nil {
			b.WriteString(" " + stubValue + "\n")
			continue
		}
		b.WriteString("\n")
		k.kids.yaml(b, depth+1)
	}
}

// yamlKey needs no quotes where it begins like a name and is no word of YAML's.
func yamlKey(s string) string {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || !(r >= '0' && r <= '9' || r == '-' || r == '.')) {
			return quoted(s)
		}
	}
	switch strings.ToLower(s) {
	case "", "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return quoted(s)
	}
	return s
}

// quoted is a string as JSON and YAML both read it.
func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil { // no string fails
		return `""`
	}
	return string(text)
}

func (t stubTree) json(b *strings.Builder, depth int) {
	for i, k := range t {
		b.WriteString(strings.Repeat("\t", depth) + quoted(k.name) + ": ")
		if k.kids == nil {
			b.WriteString(quoted(stubValue))
		} else {
			b.WriteString("{\n")
			k.kids.json(b, depth+1)
			b.WriteString(strings.Repeat("\t", depth) + "}")
		}
		if i+1 < len(t) {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
}

// IsStub reports whether a file holds nothing but what Stub wrote.
func IsStub(name string, text []byte) bool {
	f, ds := Parse(name, text)
	if len(ds) > 0 || f == nil || f.Encrypted {
		return false
	}
	var keys []string
	for _, k := range f.Keys {
		if k.Leaf {
			keys = append(keys, k.Path)
		}
	}
	return string(Stub(name, keys)) == string(text)
}
