// Package layout is the one classifier of a fleet's files: it says which file
// is which tier, platform, topic, host and user. generate, lint, graph and
// adopt all ask it, so that they never disagree.
//
// Model. Classify is a pure function from the patterns of [layout] and a list
// of paths to an Inventory; no file is opened. A pattern names a folder; it may
// hold `*`, `**`, {platform}, {host} and {user}. A file belongs to the pattern
// that matches the longest part of its path. Below the folder of a tier lie
// topics:
//
//   - a file directly in the tier's folder, or in a folder without an entry, is
//     a topic of its own, named after its path without ".nix";
//   - a folder with an entry (default.nix, or a platform's name: nixos.nix,
//     darwin.nix) is a topic, named after its path; its entries are what is
//     imported, default.nix first, then the platform's; every other file in it
//     is a part, for the entries to import.
//
// Laws. The order of the paths given does not matter. A topic with darwin.nix
// alone exists on Darwin alone. A path component that begins with "_" or "."
// takes a file out of every tier.
//
// Non-goals. What a file says is package outline's; which files a host reads is
// package lint's; whether a host or user exists is package fleet's.
package layout

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"nixgen/fleet"
)

// Tier is where a file stands in the order of who may use whom.
type Tier uint8

const (
	// None is a file of no tier: a package, an overlay, a test.
	None Tier = iota
	// Ignored files are excluded by [layout] ignore or by their name.
	Ignored
	// Generated files lie below [layout] generated.
	Generated
	// Library modules declare options and are imported everywhere.
	Library
	// Common modules apply to every host of their platform.
	Common
	// OptIn modules apply to the hosts that subscribe to them.
	OptIn
	// Group modules belong to a set of hosts.
	Group
	// Host modules belong to one host.
	Host
)

var tierNames = [...]string{"none", "ignored", "generated", "library", "common", "opt-in", "group", "host"}

// String gives the word that messages use.
func (t Tier) String() string { return tierNames[t] }

// Role is what a file is within its topic or host.
type Role uint8

const (
	// Part is imported by other files of its topic or host, if at all.
	Part Role = iota
	// Entry is imported by the generated host file.
	Entry
	// Hardware is a host's hardware-configuration.nix.
	Hardware
	// Facter is a host's facter.json.
	Facter
)

// File is the place of one file. With a User it belongs to his home, else to
// the system.
type File struct {
	Path string
	Tier Tier
	Role Role
	// Platform is fleet.NixOS or fleet.Darwin where the file is for one alone,
	// else "". In a home they mean the operating system.
	Platform string
	// Topic is the name by which hosts subscribe.
	Topic             string
	Host, User, Group string
}

// Topic is one module by name: the files that are imported for it.
type Topic struct {
	Name    string
	Entries []File // default before platforms
}

// For gives the files a host of that platform imports, in order. A home is asked
// with the platform that its system would have.
func (t Topic) For(platform string) []string {
	var out []string
	for _, f := range t.Entries {
		if f.Platform == "" || f.Platform == platform {
			out = append(out, f.Path)
		}
	}
	return out
}

// Platforms says on which platforms the topic has something to import, sorted.
func (t Topic) Platforms() []string {
	var out []string
	for _, p := range []string{fleet.Darwin, fleet.NixOS} {
		if len(t.For(p)) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// shelf is a set of topics: a tier of the system, of a user or of a group.
type shelf struct {
	tier        Tier
	user, group string
}

// Inventory is the classification of all files of a tree.
type Inventory struct {
	// Files are all files, sorted by path.
	Files  []File
	topics map[shelf][]Topic
	hosts  map[[2]string][]File // by user ("" for the system) and host
}

// File gives the place of a path, and false when the tree does not have it.
func (inv *Inventory) File(p string) (File, bool) {
	i, ok := slices.BinarySearchFunc(inv.Files, p, func(f File, p string) int { return cmp.Compare(f.Path, p) })
	if !ok {
		return File{}, false
	}
	return inv.Files[i], true
}

// Has says whether Nix could import the path: a file, or a folder with a
// default.nix.
func (inv *Inventory) Has(p string) bool {
	if _, ok := inv.File(p); ok {
		return true
	}
	_, ok := inv.File(path.Join(p, "default.nix"))
	return ok
}

// Topics are the modules of a tier, sorted by name: those of the system when
// user is empty, else those of his home. Groups have their own method.
func (inv *Inventory) Topics(tier Tier, user string) []Topic {
	return inv.topics[shelf{tier, user, ""}]
}

// GroupTopics are the modules of a group, sorted by name.
func (inv *Inventory) GroupTopics(group string) []Topic { return inv.topics[shelf{Group, "", group}] }

// Topic finds a module of a tier by name.
func (inv *Inventory) Topic(tier Tier, user, name string) (Topic, bool) {
	ts := inv.Topics(tier, user)
	i, ok := slices.BinarySearchFunc(ts, name, func(t Topic, n string) int { return cmp.Compare(t.Name, n) })
	if !ok {
		return Topic{}, false
	}
	return ts[i], true
}

// HostFiles are the files of one host, sorted by path: of its system when user
// is empty, else of that user's home.
func (inv *Inventory) HostFiles(host, user string) []File { return inv.hosts[[2]string{user, host}] }

// HostRole gives the paths of a host's files that have a role.
func (inv *Inventory) HostRole(host, user string, role Role) []string {
	var out []string
	for _, f := range inv.HostFiles(host, user) {
		if f.Role == role {
			out = append(out, f.Path)
		}
	}
	return out
}

// Users are the names under which homes exist, sorted.
func (inv *Inventory) Users() []string {
	var out []string
	for s := range inv.topics {
		out = append(out, s.user)
	}
	for k := range inv.hosts {
		out = append(out, k[0])
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(u string) bool { return u == "" })
}

// Env fills in what hosts.toml may refer to: opt-in modules and homes.
func (inv *Inventory) Env(env *fleet.Env) {
	env.OptIn = platformsByName(inv.Topics(OptIn, ""))
	env.Home = map[string]fleet.HomeEnv{}
	for _, u := range inv.Users() {
		h := fleet.HomeEnv{
			OptIn:  platformsByName(inv.Topics(OptIn, u)),
			Common: len(inv.Topics(Common, u)) > 0,
		}
		for k := range inv.hosts {
			if k[0] == u {
				h.Hosts = append(h.Hosts, k[1])
			}
		}
		slices.Sort(h.Hosts)
		env.Home[u] = h
	}
}

func platformsByName(ts []Topic) map[string][]string {
	out := make(map[string][]string, len(ts))
	for _, t := range ts {
		out[t.Name] = t.Platforms()
	}
	return out
}

// entryName says whether a file of that base name is what a topic's folder
// stands for, and on which platform.
func entryName(l *fleet.Layout, base string) (platform string, ok bool) {
	name, isNix := strings.CutSuffix(base, ".nix")
	if !isNix {
		return "", false
	}
	if name == "default" {
		return "", true
	}
	return platformOf(l, name)
}

// platformOf reads a word that means a platform.
func platformOf(l *fleet.Layout, name string) (string, bool) {
	for _, p := range []string{fleet.NixOS, fleet.Darwin} {
		if slices.Contains(l.PlatformNames[p], name) {
			return p, true
		}
	}
	return "", false
}
