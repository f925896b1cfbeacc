package secrets

import (
	"nixgen/fleet"
)

// FromFleet is what hosts.toml says about the secrets of every host and home:
// the same facts that modules state, known exactly. A fleet that is wired by
// hand has none, since nothing comes of it there.
func FromFleet(f *fleet.Fleet) []Facts {
	if f.Layout.Wiring == "manual" {
		return nil
	}
	var out []Facts
	for _, h := range f.Hosts {
		if h.Sops != nil {
			out = append(out, factsFrom(f, h, "", h.Sops))
		}
		for _, a := range h.Users {
			if s := h.SopsOf(a.Name); s != nil {
				out = append(out, factsFrom(f, h, a.Name, s))
			}
		}
	}
	return out
}

func factsFrom(f *fleet.Fleet, h *fleet.Host, user string, s *fleet.Sops) Facts {
	x := Facts{Host: h.Name, User: user}
	for _, d := range s.Secrets {
		if d.Key == "" || d.Format != "yaml" && d.Format != "json" {
			continue // sops-nix takes the whole file
		}
		x.Declared = append(x.Declared, Declared{Key: d.Key, File: d.File, Path: d.Path, At: Place{f.File, d.Span}})
	}
	at := Place{f.File, h.Span}
	if user == "" { // what decrypts a home may well be a secret of the system
		for _, p := range append(s.Age.SSHKeyPaths[:len(s.Age.SSHKeyPaths):len(s.Age.SSHKeyPaths)], s.Age.KeyFile) {
			if p != "" {
				x.Identities = append(x.Identities, Identity{Path: p, At: at})
			}
		}
	}
	return x
}
