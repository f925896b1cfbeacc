package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/generate"
)

// identityFile, below the generated folder, remembers what installed machines
// depend on. It is generated like every other file, and it is the one generated
// file that is read: generate compares with it before anything is written.
const identityFile = "identity.json"

// identities is its content. Nixgen is the version, major and minor, that wrote
// the tree; one that is older refuses to touch it. Hosts holds identity values by
// host and by key as hosts.toml writes it.
type identities struct {
	Nixgen string                            `json:"nixgen"`
	Hosts  map[string]map[string]fleet.Value `json:"hosts"`
}

func identitiesOf(p *project) identities {
	ids := identities{minor(version), map[string]map[string]fleet.Value{}}
	for _, h := range p.fleet.Hosts {
		ids.Hosts[h.Name] = h.Identity(p.env)
	}
	return ids
}

// file renders the record as a generated file.
func (ids identities) file(folder string) (generate.File, error) {
	name := folder + "/" + identityFile
	body, err := json.MarshalIndent(ids, "", "  ")
	if err != nil {
		return generate.File{}, err
	}
	return generate.File{Path: name, Content: generate.Seal(name, append(body, '\n'))}, nil
}

// readIdentities gives the record on disk, or an empty one where there is none
// or none to rely on: a hand-edited record is reported by the writer.
func (p *project) readIdentities() identities {
	name := p.fleet.Layout.Generated + "/" + identityFile
	var ids identities
	b, err := os.ReadFile(filepath.Join(p.root, filepath.FromSlash(name)))
	if err != nil || generate.Verify(name, b) != generate.Intact || json.Unmarshal(b, &ids) != nil {
		return identities{}
	}
	return ids
}

// changedIdentities finds identity values that differ from the record, on hosts
// that are not in force. A host that left the fleet takes its record along.
func (p *project) changedIdentities(old identities, force []string) []diag.Diagnostic {
	var ds []diag.Diagnostic
	for _, h := range p.fleet.Hosts {
		if was := old.Hosts[h.Name]; was != nil && !slices.Contains(force, h.Name) {
			ds = append(ds, p.fleet.ChangedIdentity(h, p.env, was)...)
		}
	}
	return ds
}

// newer reports whether version a, as "major.minor", is above b.
func newer(a, b string) bool {
	return slices.Compare(numbers(a), numbers(b)) > 0
}

func numbers(v string) []int {
	var out []int
	for part := range strings.SplitSeq(v, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		out = append(out, n)
	}
	return out
}

// minor is a version without what follows the second number.
func minor(v string) string {
	parts := strings.SplitN(v, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
