package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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
// the tree; one that is older refuses to touch it.
type identities struct {
	Nixgen string                       `json:"nixgen"`
	Hosts  map[string]map[string]string `json:"hosts"`
}

// identitiesOf collects the identity values of a fleet by key as hosts.toml
// writes it.
func identitiesOf(p *project) identities {
	ids := identities{minor(version), map[string]map[string]string{}}
	for _, h := range p.fleet.Hosts {
		ids.Hosts[h.Name] = hostIdentity(h, p.env.Profiles)
	}
	return ids
}

func hostIdentity(h *fleet.Host, profiles map[string]*fleet.Profile) map[string]string {
	out := map[string]string{}
	put := func(key string, v any) {
		if s := identityText(v); s != "" {
			out[key] = s
		}
	}
	put("stateVersion", h.StateVersion)
	put("homeStateVersion", h.HomeStateVersion)
	put("hostId", h.HostID)
	for _, a := range h.Users {
		if a.HomeManager != nil && a.HomeManager.StateVersion != h.HomeStateVersion {
			put("home."+a.Name+".stateVersion", a.HomeManager.StateVersion)
		}
	}
	for _, d := range h.Disks {
		for _, x := range identityParams(profiles[d.Profile]) {
			put("disks."+d.Name+"."+x, d.Params[x])
		}
	}
	return out
}

// identityParams are the names of the profile's parameters that partitions,
// volumes and pools are called by.
func identityParams(p *fleet.Profile) []string {
	if p == nil {
		return nil
	}
	var out []string
	for _, x := range p.Params {
		if x.Identity {
			out = append(out, x.Name)
		}
	}
	return out
}

// identityText writes a value in a form that equal values share; nothing said
// is the empty text.
func identityText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
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
	b, err := os.ReadFile(filepath.Join(p.root, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return identities{}
	}
	var ids identities
	if err != nil || generate.Verify(name, b) != generate.Intact || json.NewDecoder(bytes.NewReader(b)).Decode(&ids) != nil {
		return identities{}
	}
	return ids
}

// changedIdentities finds identity values that differ from the record on hosts
// that are not in force.
func (p *project) changedIdentities(old, now identities, force []string) []diag.Diagnostic {
	var ds []diag.Diagnostic
	for _, h := range p.fleet.Hosts {
		if slices.Contains(force, h.Name) {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(old.Hosts[h.Name])) {
			was, is := old.Hosts[h.Name][key], now.Hosts[h.Name][key]
			if was == is {
				continue
			}
			if is == "" {
				is = "nothing"
			} else {
				is = "`" + is + "`"
			}
			ds = append(ds, diag.Diagnostic{
				File: hostsFile, Span: h.Span, Severity: diag.Error, Rule: "identity-changed", Hosts: []string{h.Name},
				Message: fmt.Sprintf("`%s` of `%s` was `%s` and is now %s", key, h.Name, was, is),
				Why: "an installed machine depends on it; set it back, or run `nixgen generate --force-identity " + h.Name +
					"` if the machine is to be installed anew",
			})
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
