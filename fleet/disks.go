package fleet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// disks resolves the disks of a host and judges them together.
func (r *resolver) disks(h *Host, n *node) {
	if !n.is(tableNode) || h.Platform != NixOS {
		return
	}
	provider := map[string]*node{}
	user := map[string]*node{}
	for _, k := range n.kids {
		if !k.is(tableNode) {
			continue
		}
		d := r.disk(h, k)
		for _, m := range d.Provides {
			if first := provider[m]; first != nil {
				r.w.errorf(k.key, "`%s` and `%s` both provide `%s`", first.path(), k.path(), m)
				r.w.note(first.key, "the other one is here")
				continue
			}
			provider[m] = k
		}
		for _, dev := range d.Devices {
			if first := user[dev]; first != nil {
				r.w.errorf(k.key, "`%s`: the device `%s` is used by `%s` already", k.path(), dev, first.path())
				r.w.note(first.key, "first used here")
				continue
			}
			user[dev] = k
		}
		h.Disks = append(h.Disks, d)
	}
	slices.SortFunc(h.Disks, func(a, b *Disk) int { return cmp.Compare(a.Name, b.Name) })
}

func (r *resolver) disk(h *Host, n *node) *Disk {
	d := &Disk{Name: n.name, Span: n.key, Profile: n.text("profile"), File: cleaned(n.text("file")), Adopt: n.on("adopt"), Params: map[string]Value{}}
	p := r.w.env.Profiles[d.Profile]
	if p == nil || d.File != "" {
		for _, k := range n.kids {
			if !k.bad && !isDiskKey(k.name) {
				d.Params[k.name] = k.value()
			}
		}
		return d
	}
	r.profileFits(h, n, p)
	d.Params = r.params(n, p)
	for _, x := range p.Params {
		d.collect(d.Params[x.Name], x.Type)
	}
	facts := func(name string) Value { return d.fact(h, name) }
	for _, pr := range p.Provides {
		if holds(pr.When, facts) {
			d.Provides = append(d.Provides, pr.MountPoint)
		}
	}
	slices.Sort(d.Provides)
	slices.Sort(d.Devices)
	d.Provides = r.w.onlyOnce(n, d.Provides, "mount point")
	d.Devices = r.w.onlyOnce(n, d.Devices, "device")
	for _, s := range p.Steps {
		if holds(s.When, facts) {
			d.Steps = append(d.Steps, d.expand(s.Text))
		}
	}
	r.refusals(n, p, facts)
	return d
}

// onlyOnce reports what a sorted list holds twice and drops it.
func (w *walker) onlyOnce(n *node, l []string, what string) []string {
	for i := 1; i < len(l); i++ {
		if l[i] == l[i-1] && (i == 1 || l[i-2] != l[i]) {
			w.errorf(n.key, "`%s` names the %s `%s` twice", n.path(), what, l[i])
		}
	}
	return slices.Compact(l)
}

func isDiskKey(name string) bool {
	return slices.ContainsFunc(diskKeys, func(k *keyDef) bool { return k.name == name })
}

// profileFits judges a profile against the host.
func (r *resolver) profileFits(h *Host, n *node, p *Profile) {
	at := n.get("profile")
	if len(p.Systems) > 0 && !slices.Contains(p.Systems, h.System) {
		r.w.errorf(at.at, "`%s`: the profile `%s` is for %s, this host is `%s`", at.path(), p.Name, ticked(p.Systems), h.System)
	}
	if p.HostID && h.HostID == "" {
		r.w.errorf(h.Span, "`hosts.%s.hostId` is missing: the disk profile `%s` needs 8 hex digits that never change", quoteKey(h.Name), p.Name)
	}
}

// params are all parameters of a profile, with defaults.
func (r *resolver) params(n *node, p *Profile) map[string]Value {
	out := make(map[string]Value, len(p.Params))
	for _, x := range p.Params {
		out[x.Name] = x.Default
		if k := n.get(x.Name); k != nil && !k.bad {
			out[x.Name] = r.w.typed(k, x.Type)
		}
	}
	return out
}

// collect notes the devices and mount points in a parameter.
func (d *Disk) collect(v Value, t *Type) {
	switch x := v.(type) {
	case string:
		switch t.leaf().Kind {
		case Device:
			d.Devices = append(d.Devices, x)
		case MountPoint:
			d.Provides = append(d.Provides, x)
		}
	case []any:
		for _, e := range x {
			d.collect(e, t)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(x)) {
			d.collect(x[k], t)
		}
	}
}

// condFacts are the names in conditions that are no parameters.
var condFacts = []string{"disk.adopt", "host.kind", "host.system"}

// fact is what a condition's name stands for.
func (d *Disk) fact(h *Host, name string) Value {
	switch name {
	case "disk.adopt":
		return d.Adopt
	case "host.system":
		return h.System
	case "host.kind":
		return h.Kind
	}
	return d.Params[name]
}

// expand replaces {name} and {PARAMETER} in a step.
func (d *Disk) expand(text string) string {
	return bracesRE.ReplaceAllStringFunc(text, func(b string) string {
		name := b[1 : len(b)-1]
		if name == "name" {
			return d.Name
		}
		if s, ok := d.Params[name].(string); ok {
			return s
		}
		return showValue(d.Params[name])
	})
}

// refusals reports the combinations that a profile does not have.
func (r *resolver) refusals(n *node, p *Profile, facts func(string) Value) {
	for _, x := range p.Refusals {
		if !holds(x.When, facts) {
			continue
		}
		var parts []string
		at := n.key
		for _, c := range x.When {
			part := fmt.Sprintf("`%s = %s`", c.Param, showValue(facts(c.Param)))
			if facts(c.Param) == nil {
				part = fmt.Sprintf("no `%s`", c.Param)
			}
			parts = append(parts, part)
			if k := n.get(c.Param); k != nil {
				at = k.key
			}
		}
		r.w.errorf(at, "`%s`: the profile `%s` refuses %s: %s", n.path(), p.Name, strings.Join(parts, " with "), x.Reason)
	}
}

// holds says whether all conditions hold.
func holds(when []Cond, facts func(string) Value) bool {
	for _, c := range when {
		if !c.holds(facts(c.Param)) {
			return false
		}
	}
	return true
}

func (c Cond) holds(v Value) bool {
	if c.In != nil && !slices.ContainsFunc(c.In, func(x Value) bool { return sameValue(x, v) }) {
		return false
	}
	if c.Set != nil && *c.Set != (v != nil) {
		return false
	}
	if c.Min == nil && c.Max == nil {
		return true
	}
	var n int64
	switch x := v.(type) {
	case int64:
		n = x
	case []any:
		n = int64(len(x))
	case nil:
		return false
	}
	return (c.Min == nil || n >= *c.Min) && (c.Max == nil || n <= *c.Max)
}

// showValue writes a value as hosts.toml would.
func showValue(v Value) string {
	switch x := v.(type) {
	case nil:
		return "null"
	case string:
		return quoteTOML(x)
	case Path:
		return quoteTOML(string(x))
	case float64:
		if s := strconv.FormatFloat(x, 'g', -1, 64); strings.ContainsAny(s, ".e") {
			return s
		}
		return strconv.FormatFloat(x, 'f', 1, 64)
	case []string:
		return showValue(fromStrings(x))
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = showValue(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var parts []string
		for _, k := range sortedKeys(x) {
			parts = append(parts, quoteKey(k)+" = "+showValue(x[k]))
		}
		if len(parts) == 0 {
			return "{}"
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return fmt.Sprint(v)
}

// sameValue compares two Values deeply.
func sameValue(a, b Value) bool { return showValue(a) == showValue(b) }
