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
	Nixgen string                  `json:"nixgen"`
	Hosts  map[string]hostIdentity `json:"hosts"`
}

// hostIdentity holds values as JSON, by key as hosts.toml writes it.
type hostIdentity map[string]json.RawMessage

func identitiesOf(p *project) identities {
	ids := identities{minor(version), map[string]hostIdentity{}}
	for _, h := range p.fleet.Hosts {
		ids.Hosts[h.Name] = identityOf(h, p.env.Profiles)
	}
	return ids
}

func identityOf(h *fleet.Host, profiles map[string]*fleet.Profile) hostIdentity {
	id := hostIdentity{}
	id.put("stateVersion", h.StateVersion)
	if h.HomeStateVersion != "" {
		id.put("homeStateVersion", h.HomeStateVersion)
	}
	if h.HostID != "" {
		id.put("hostId", h.HostID)
	}
	for _, a := range h.Users {
		if a.HomeManager != nil && a.HomeManager.StateVersion != h.HomeStateVersion {
			id.put("home."+a.Name+".stateVersion", a.HomeManager.StateVersion)
		}
	}
	for _, d := range h.Disks {
		if d.Profile != "" {
			id.put("disks."+d.Name+".profile", d.Profile) // names of partitions and pools come from the disk's
		}
		for _, x := range identityParams(profiles[d.Profile]) {
			id.put("disks."+d.Name+"."+x, d.Params[x])
		}
	}
	return id
}

func (id hostIdentity) put(key string, v any) {
	b, err := json.Marshal(v)
	if err != nil { // a Value always can be
		b = fmt.Appendf(nil, "%q", fmt.Sprint(v))
	}
	id[key] = b
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
		was, is := old.Hosts[h.Name], now.Hosts[h.Name]
		for _, key := range slices.Sorted(maps.Keys(was)) {
			if a, b := compact(was[key]), compact(is[key]); a != b && !partOfLostDisk(is, key) {
				ds = append(ds, identityChanged(h, key, a, b))
			}
		}
	}
	return ds
}

// partOfLostDisk says that a disk is gone as a whole, which its profile reports.
func partOfLostDisk(is hostIdentity, key string) bool {
	parts := strings.SplitN(key, ".", 3)
	if parts[0] != "disks" || parts[2] == "profile" {
		return false
	}
	_, there := is["disks."+parts[1]+".profile"]
	return !there
}

// compact is a value on one line; what is not there is null.
func compact(v json.RawMessage) string {
	if len(v) == 0 {
		return "null"
	}
	var b bytes.Buffer
	if json.Compact(&b, v) != nil {
		return string(v)
	}
	return b.String()
}

func identityChanged(h *fleet.Host, key, was, is string) diag.Diagnostic {
	return diag.Diagnostic{
		File: hostsFile, Span: h.Span, Severity: diag.Error, Rule: "identity-changed", Hosts: []string{h.Name},
		Message: fmt.Sprintf("`%s` of `%s` was `%s` and is now `%s`", key, h.Name, was, is),
		Why: "an installed machine depends on it; set it back, or run `nixgen generate --force-identity " + h.Name +
			"` if the machine is to be installed anew",
	}
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
