package fleet

import (
	"encoding/json"
	"fmt"

	"nixgen/diag"
)

// Identity gives the values that an installed machine depends on, by key as
// hosts.toml writes it below the host: stateVersion, homeStateVersion, hostId,
// and for each disk its profile and the parameters that the profile declares as
// identity. The names of the disks themselves are in the keys.
func (h *Host) Identity(env Env) map[string]Value {
	id := map[string]Value{"stateVersion": h.StateVersion}
	if h.HomeStateVersion != "" && h.Platform != Home {
		id["homeStateVersion"] = h.HomeStateVersion
	}
	if h.HostID != "" {
		id["hostId"] = h.HostID
	}
	for _, d := range h.Disks {
		key := "disks." + quoteKey(d.Name) + "."
		if d.Profile == "" {
			continue
		}
		id[key+"profile"] = d.Profile
		if p := env.Profiles[d.Profile]; p != nil {
			for _, x := range p.Params {
				if x.Identity {
					id[key+x.Name] = d.Params[x.Name]
				}
			}
		}
	}
	return id
}

// ChangedIdentity compares what Identity said when the host was last generated
// with what it says now: a value that differs, or is gone, would break the
// installed machine. A new value is no change: disks are added. Values of `was`
// may have been through JSON. Each change is an error at its key in hosts.toml.
func (f *Fleet) ChangedIdentity(h *Host, env Env, was map[string]Value) []diag.Diagnostic {
	now := h.Identity(env)
	var out []diag.Diagnostic
	for _, key := range sortedKeys(was) {
		v, there := now[key]
		if there && sameValue(fromJSON(was[key]), v) {
			continue
		}
		is := "gone"
		if there {
			is = "`" + showValue(v) + "`"
		}
		d := f.doc.diagnostic(diag.Error, f.doc.placeOf(h, key), fmt.Sprintf("`hosts.%s.%s` was `%s` and is %s: the installed machine depends on it",
			quoteKey(h.Name), key, showValue(fromJSON(was[key])), is))
		d.Rule, d.Hosts = "identity-changed", []string{h.Name}
		d.Why = "an installed machine does not change with it: mounts, pools or state would not be found; set it back, or run `nixgen generate --force-identity " +
			h.Name + "` if the machine is installed anew"
		out = append(out, d)
	}
	diag.Sort(out)
	return out
}

// fromJSON turns what encoding/json makes of a Value back into it.
func fromJSON(v any) Value {
	switch x := v.(type) {
	case float64:
		if x == float64(int64(x)) {
			return int64(x)
		}
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return i
		}
	case int:
		return int64(x)
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = fromJSON(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = fromJSON(e)
		}
		return out
	}
	return v
}

// placeOf is where a key below a host stands, or the host where it is absent.
func (d *Document) placeOf(h *Host, key string) diag.Span {
	n := d.root.get("hosts").get(h.Name)
	parts, _ := splitKey(key)
	for _, p := range parts {
		k := n.get(p)
		if k == nil {
			break
		}
		n = k
	}
	if n == nil {
		return h.Span
	}
	return n.place()
}
