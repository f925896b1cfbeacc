package fleet

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// rollout finds out who waits for whom: [updates] waves, in their order, and
// deploy.dependsOn, among the hosts that update themselves.
func (r *resolver) rollout() {
	order := r.w.doc.root.get("updates").get("waves").strings()
	rank := make(map[string]int, len(order))
	for i, k := range order {
		if _, twice := rank[k.str]; twice {
			r.w.errorf(k.at, "`updates.waves` has %s twice", quoted(k.str))
		}
		rank[k.str] = i
	}
	r.f.Waves = wavesOf(r.f, order)
	waves := make([][]*Host, len(order)+1) // the last one has the hosts without a wave
	for _, h := range r.f.Hosts {
		at, ok := rank[h.Deploy.Wave]
		switch {
		case h.Updates == nil:
			continue
		case !ok && h.Deploy.Wave != "" && len(order) > 0:
			r.w.errorf(h.Span, "`hosts.%s`: its wave %s is not among `updates.waves`", quoteKey(h.Name), quoted(h.Deploy.Wave))
		case !ok:
			at = len(order)
		}
		waves[at] = append(waves[at], h)
	}
	var before []*Host
	for _, wave := range waves {
		for _, h := range wave {
			r.waitFor(h, before)
		}
		if len(wave) > 0 {
			before = wave
		}
	}
	for _, h := range r.f.Hosts {
		r.confirmation(h)
	}
}

// wavesOf lists the waves: first those that have an order, then the others.
func wavesOf(f *Fleet, order []*node) []string {
	var out, rest []string
	for _, k := range order {
		out = union(out, []string{k.str})
	}
	for _, h := range f.Hosts {
		if h.Deploy.Wave != "" {
			rest = append(rest, h.Deploy.Wave)
		}
	}
	slices.Sort(rest)
	return union(out, rest)
}

// waitFor makes a host wait for the wave before its own and for its dependsOn.
func (r *resolver) waitFor(h *Host, before []*Host) {
	u := h.Updates
	u.Follow = true
	wait := slices.Clone(before)
	for _, name := range h.Deploy.DependsOn {
		if d := r.f.Host(name); d != nil && d.Updates != nil && d != h {
			wait = append(wait, d)
		}
	}
	for _, d := range wait {
		u.DependsOn = append(u.DependsOn, d.Name)
		u.Follow = u.Follow && d.Updates.Source == u.Source
		d.Updates.Confirms = true
	}
	slices.Sort(u.DependsOn)
	u.DependsOn = slices.Compact(u.DependsOn)
	u.Follow = u.Follow && len(wait) > 0
}

// confirmation says where a host confirms, or asks what others confirmed.
func (r *resolver) confirmation(h *Host) {
	u := h.Updates
	if u == nil || !u.Confirms && len(u.DependsOn) == 0 {
		return
	}
	switch c := &u.Confirm; {
	case c.URL != "" && c.Remote != "":
		r.w.errorf(h.Span, "`hosts.%s`: `updates.confirm` has both a `remote` and a `url`", quoteKey(h.Name))
	case c.URL == "":
		c.Remote = cmp.Or(c.Remote, remoteOf(u.Source))
		if c.Remote == "" {
			r.w.errorf(h.Span, "`hosts.%s`: hosts wait for one another, and %s is no repository that they could confirm to: say `updates.confirm.remote`",
				quoteKey(h.Name), quoted(u.Source))
		}
	}
	for _, name := range u.DependsOn {
		if d := r.f.Host(name).Updates; d.placeOfConfirm() != u.placeOfConfirm() {
			r.w.errorf(h.Span, "`hosts.%s` waits for `%s`, which confirms elsewhere: `updates.confirm` must be the same", quoteKey(h.Name), name)
		}
	}
}

func (u *Updates) placeOfConfirm() Confirm {
	c := u.Confirm
	if c.URL == "" {
		c.Remote = cmp.Or(c.Remote, remoteOf(u.Source))
	}
	return c
}

var forgeRE = regexp.MustCompile(`^(github|gitlab|sourcehut):([^/?#]+)/([^/?#]+)`)

// remoteOf is the git remote of a flake reference, to push to; "" where it has
// none.
func remoteOf(source string) string {
	if m := forgeRE.FindStringSubmatch(source); m != nil {
		host := map[string]string{"github": "github.com", "gitlab": "gitlab.com", "sourcehut": "git.sr.ht"}[m[1]]
		suffix := ".git"
		if m[1] == "sourcehut" {
			suffix = ""
		}
		return "ssh://git@" + host + "/" + strings.ReplaceAll(m[2], "%2F", "/") + "/" + m[3] + suffix
	}
	rest, ok := strings.CutPrefix(source, "git+")
	rest, _, _ = strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	if !ok || !remoteRE.MatchString(rest) {
		return ""
	}
	return rest
}

// waitsFor are the hosts that a host comes after, in deployment or in updates,
// each once.
func (h *Host) waitsFor() []string {
	if h.Updates == nil {
		return h.Deploy.DependsOn
	}
	return union(h.Deploy.DependsOn, h.Updates.DependsOn)
}
