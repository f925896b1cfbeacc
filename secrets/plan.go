package secrets

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"nixgen/fleet"
)

// Target is a file that the repository must have, with those who read it.
type Target struct {
	// File is relative to the repository's root.
	File string
	// Host is empty for the shared file, and with Own for one that only secrets of
	// hosts.toml name.
	Host string
	Own  bool
	// Readers are administrators, users, hosts, each group sorted by name; no
	// recipient twice.
	Readers []Reader
}

// Reader is a recipient with its name in the fleet.
type Reader struct {
	// Anchor is its name in .sops.yaml: "host_malphas".
	Anchor string
	// What is its name in messages: "host `malphas`".
	What string
	// Recipient is "age1…", also where hosts.toml has an SSH key.
	Recipient string
}

// Plan lists the files that a fleet's repository of secrets has: the shared
// one, then one for each host, sorted by the host's name, then those that only
// secrets of hosts.toml name. Whoever declares a secret in a file reads that file.
func Plan(f *fleet.Fleet) []Target {
	s, p := f.SecretsOf(), newPeople(f)
	users := p.declaring(f)
	shared := Target{File: s.Shared, Readers: p.all()}
	out := []Target{shared}
	planned := map[string]bool{s.Shared: true}
	for _, h := range f.Hosts {
		file := s.HostFile(h.Name)
		planned[file] = true
		out = append(out, Target{
			File: file, Host: h.Name,
			Readers: unique(slices.Concat(p.admins, p.of(h), p.hosts[h.Name], users[file])),
		})
	}
	for _, file := range slices.Sorted(maps.Keys(users)) {
		if !planned[file] {
			out = append(out, Target{File: file, Own: true, Readers: unique(slices.Concat(p.admins, users[file]))})
		}
	}
	return out
}

// declaring lists by file the hosts and users whose secrets hosts.toml puts
// there: users first, both sorted.
func (p *people) declaring(f *fleet.Fleet) map[string][]Reader {
	out := map[string][]Reader{}
	add := func(s *fleet.Sops, who []Reader) {
		if s == nil {
			return
		}
		for _, x := range s.Secrets {
			out[x.File] = append(out[x.File], who...)
		}
	}
	for _, h := range f.Hosts {
		for _, a := range h.Users {
			add(h.SopsOf(a.Name), p.users[a.Name])
		}
	}
	for _, h := range f.Hosts {
		add(h.Sops, p.hosts[h.Name])
	}
	return out
}

// Input is the name of the flake input that holds the fleet's secrets.
func Input(f *fleet.Fleet) string { return f.SecretsOf().Input }

// people are the fleet's recipients. A key that cannot be converted is left
// out here; Check reports it.
type people struct {
	admins       []Reader
	users, hosts map[string][]Reader // by name, at most one each
	userNames    []string
	hostNames    []string
}

func newPeople(f *fleet.Fleet) *people {
	p := &people{users: map[string][]Reader{}, hosts: map[string][]Reader{}}
	for _, k := range f.Keys {
		p.admins = append(p.admins, reader("admin", "administrator", k.Name, k.Recipient)...)
	}
	for _, u := range f.Users {
		p.users[u.Name] = reader("user", "user", u.Name, u.AgeKey)
		p.userNames = append(p.userNames, u.Name)
	}
	for _, h := range f.Hosts {
		p.hosts[h.Name] = reader("host", "host", h.Name, h.AgeKey)
		p.hostNames = append(p.hostNames, h.Name)
	}
	return p
}

func reader(prefix, what, name, key string) []Reader {
	if key == "" {
		return nil
	}
	recipient, err := AgeRecipient(key)
	if err != nil {
		return nil
	}
	return []Reader{{prefix + "_" + name, fmt.Sprintf("%s `%s`", what, name), recipient}}
}

// of lists the users with an account on a host.
func (p *people) of(h *fleet.Host) []Reader {
	var out []Reader
	for _, a := range h.Users {
		out = append(out, p.users[a.Name]...)
	}
	slices.SortFunc(out, func(a, b Reader) int { return cmp.Compare(a.Anchor, b.Anchor) })
	return out
}

// all lists everybody: those who read the shared file.
func (p *people) all() []Reader {
	out := slices.Clone(p.admins)
	for _, n := range p.userNames {
		out = append(out, p.users[n]...)
	}
	for _, n := range p.hostNames {
		out = append(out, p.hosts[n]...)
	}
	return unique(out)
}

// unique keeps the first of those with one recipient: an administrator is
// often a user too.
func unique(rs []Reader) []Reader {
	seen := map[string]bool{}
	var out []Reader
	for _, r := range rs {
		if !seen[r.Recipient] {
			seen[r.Recipient] = true
			out = append(out, r)
		}
	}
	return out
}
