package fleet

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"nixgen/diag"
)

// checkAcross judges what only the whole fleet shows.
func (w *walker) checkAcross(f *Fleet) {
	w.checkPin(f)
	w.checkSameName("hosts", "host", "names that differ in case alone collide as folders and DNS labels")
	w.checkSameName("users", "user", "names that differ in case alone collide as folders")
	w.checkUnique("address", func(s string) string {
		if ip, err := netip.ParseAddr(s); err == nil {
			return ip.Unmap().String()
		}
		return strings.ToLower(strings.TrimSuffix(s, "."))
	})
	w.checkUnique("hostId", strings.ToLower)
	w.checkUnique("ageKey", strings.TrimSpace)
	w.checkDevices(f)
	w.checkGenerated(&f.Layout)
	w.checkAccounts(f)
	w.checkCycles(f)
	w.checkSecretsArg(f)
	for _, n := range w.doc.root.entries("hosts") {
		if h := f.Host(n.name); h != nil {
			w.checkHost(f, n, h)
		}
	}
}

// checkGenerated keeps the folder that nixgen writes from holding what people
// write: it would not be read there.
func (w *walker) checkGenerated(l *Layout) {
	at := w.doc.root.get("layout")
	if k := at.get("generated"); k != nil {
		at = k
	}
	if at == nil {
		return
	}
	for _, tier := range slices.Concat(l.Common, l.OptIn, l.Modules, l.Hosts, l.Home) {
		if l.Generated == "." || tier == l.Generated || strings.HasPrefix(tier, l.Generated+"/") {
			w.errorf(at.at, "`layout.generated`: the folder %s would hold %s, which you write yourself", quoted(l.Generated), quoted(tier))
			return
		}
	}
}

// checkCycles finds hosts that wait for one another.
func (w *walker) checkCycles(f *Fleet) {
	state := map[string]int{} // 1: on the way, 2: done
	var chain []string
	var visit func(h *Host)
	visit = func(h *Host) {
		state[h.Name] = 1
		chain = append(chain, h.Name)
		for _, name := range h.waitsFor() {
			next := f.Host(name)
			switch {
			case next == nil || next == h || state[name] == 2:
			case state[name] == 1:
				round := append(slices.Clone(chain[slices.Index(chain, name):]), name)
				key := "deploy.dependsOn"
				if !slices.Contains(h.Deploy.DependsOn, name) {
					key = "deploy.wave"
				}
				w.errorf(h.Span, "`hosts.%s.%s`: the hosts wait for one another: `%s`", quoteKey(h.Name), key, strings.Join(round, " → "))
			default:
				visit(next)
			}
		}
		chain = chain[:len(chain)-1]
		state[h.Name] = 2
	}
	for _, h := range f.Hosts {
		if state[h.Name] == 0 {
			visit(h)
		}
	}
}

// checkAccounts finds what only NixOS has at users who are on other hosts alone.
func (w *walker) checkAccounts(f *Fleet) {
	on := map[string]string{} // user → the platforms, NixOS once there is one
	for _, h := range f.Hosts {
		for _, a := range h.Users {
			if on[a.Name] != NixOS {
				on[a.Name] = h.Platform
			}
		}
	}
	for _, n := range w.doc.root.entries("users") {
		if p := on[n.name]; p == "" || p == NixOS {
			continue
		}
		for _, k := range n.kids {
			if def := userShape.key(k.name); def != nil && !k.bad && slices.Equal(def.platforms, []string{NixOS}) {
				w.warnf(k.key, "`%s` has no effect: `%s` is on no NixOS host", k.path(), n.name)
			}
		}
	}
}

// checkPin compares [fleet] nixgen with the version that runs.
func (w *walker) checkPin(f *Fleet) {
	if f.Pin == "" || w.env.Version == "" {
		return
	}
	if !pinAllows(f.Pin, w.env.Version) {
		n := w.doc.root.get("fleet").get("nixgen")
		w.errorf(n.at, "`%s`: this is nixgen %s, the fleet asks for `%s`", n.path(), w.env.Version, f.Pin)
	}
}

// pinAllows compares versions number by number; what follows a hyphen is not
// looked at.
func pinAllows(pin, version string) bool {
	op := strings.TrimRight(pin, "0123456789. ")
	c := slices.Compare(versionNumbers(version), versionNumbers(strings.TrimLeft(pin, "<>= ")))
	switch op {
	case ">=":
		return c >= 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case "<":
		return c < 0
	}
	return c == 0
}

func versionNumbers(s string) []int {
	s, _, _ = strings.Cut(strings.TrimPrefix(s, "v"), "-")
	out := make([]int, 3)
	for i, p := range strings.Split(s, ".") {
		if i < 3 {
			out[i], _ = strconv.Atoi(p)
		}
	}
	return out
}

// checkSameName finds names in a table that differ in case alone.
func (w *walker) checkSameName(table, what, why string) {
	seen := map[string]*node{}
	for _, n := range w.doc.root.entries(table) {
		low := strings.ToLower(n.name)
		if first := seen[low]; first != nil {
			w.errorf(n.key, "`%s`: the %s `%s` is there already; %s", n.path(), what, first.name, why)
			w.note(first.key, "first defined here")
			continue
		}
		seen[low] = n
	}
}

// checkUnique finds a value of a host's key that another host has.
func (w *walker) checkUnique(key string, norm func(string) string) {
	seen := map[string]*node{}
	for _, n := range w.doc.root.entries("hosts") {
		k := n.get(key)
		if !k.is(stringNode) {
			continue
		}
		id := norm(k.str)
		if first := seen[id]; first != nil {
			w.errorf(k.at, "`%s` is %s, which `%s` has already", k.path(), quoted(k.str), first.path())
			w.note(first.at, "first used here")
			continue
		}
		seen[id] = k
	}
}

// checkDevices finds one physical disk on two hosts: names below
// /dev/disk/by-id say which disk it is, others say where it is plugged in.
func (w *walker) checkDevices(f *Fleet) {
	type use struct {
		host, disk string
		at         diag.Span
	}
	seen := map[string]use{}
	for _, h := range f.Hosts {
		for _, d := range h.Disks {
			for _, dev := range d.Devices {
				if !strings.HasPrefix(dev, "/dev/disk/by-id/") {
					continue
				}
				path := "hosts." + quoteKey(h.Name) + ".disks." + d.Name
				if first, ok := seen[dev]; ok && first.host != h.Name {
					w.errorf(d.Span, "`%s`: the disk `%s` is that of `%s`", path, dev, first.disk)
					w.note(first.at, "first used here")
					continue
				}
				seen[dev] = use{h.Name, path, d.Span}
			}
		}
	}
}

// checkHost judges a host against the repository and its own parts.
func (w *walker) checkHost(f *Fleet, n *node, h *Host) {
	if p := n.get("primaryUser"); p.is(stringNode) && !slices.ContainsFunc(h.Users, func(a *Account) bool { return a.Name == p.str }) {
		w.errorf(p.at, "`%s`: `%s` is no user of the host%s", p.path(), p.str, meant(p.str, accountNames(h)))
	}
	for _, table := range []string{"home", "accounts"} {
		for _, k := range n.entries(table) {
			if !slices.Contains(accountNames(h), k.name) {
				w.errorf(k.key, "`%s`: `%s` is no user of the host%s", k.path(), k.name, meant(k.name, accountNames(h)))
			}
		}
	}
	if k := n.get("home"); k.is(tableNode) && h.HomeStateVersion == "" && n.get("homeStateVersion") == nil && h.Platform != Home {
		w.errorf(h.Span, "`%s.homeStateVersion` is missing: `%s` asks for home-manager, which needs the release the homes were made with", n.path(), k.path())
	}
	if h.Platform == Home && len(h.Users) != 1 {
		w.errorf(h.Span, "`%s.users` must name one user, or `primaryUser` say which: a host of kind `home` is one person's home", n.path())
	}
	w.checkOwnOptIn(n, h)
	w.checkOwnModules(n, h)
	w.checkHomeOptIn(n, h)
	w.checkLogin(n, h, &f.Layout)
	w.checkBuilders(h)
	w.checkDependsOn(n, h)
}

func accountNames(h *Host) []string {
	out := make([]string, len(h.Users))
	for i, a := range h.Users {
		out[i] = a.Name
	}
	return out
}

// checkOwnOptIn judges the host's own subscriptions: a role's may be for other
// platforms, the host's may not.
func (w *walker) checkOwnOptIn(n *node, h *Host) {
	out := n.list("optOut")
	for _, k := range n.get("optIn").strings() {
		if ps := w.env.OptIn[k.str]; !existsOn(ps, h.Platform) {
			w.errorf(k.at, "`%s`: the module `%s` has files for %s alone, this host is %s", k.path(), k.str, ticked(ps), hostWord(h.Platform))
		}
		if slices.Contains(out, k.str) {
			w.errorf(k.at, "`%s`: `%s` is also in `optOut`", k.path(), k.str)
		}
	}
}

func (w *walker) checkOwnModules(n *node, h *Host) {
	for _, k := range n.get("modules").strings() {
		ref := refOf(k)
		if ref.Class == "" || ref.Class == Home || ref.Class == h.Platform {
			continue
		}
		w.errorf(k.at, "`%s`: `%s` is a module for %s, this host is %s", k.path(), k.str, platformWord(ref.Class), hostWord(h.Platform))
	}
}

// checkHomeOptIn judges subscriptions to home modules, which each user has of
// his own.
func (w *walker) checkHomeOptIn(n *node, h *Host) {
	for _, u := range n.entries("home") {
		env, ok := w.env.Home[u.name]
		if w.env.Home == nil || !ok && len(u.list("optIn")) == 0 {
			continue
		}
		for _, k := range u.get("optIn").strings() {
			if ps, known := env.OptIn[k.str]; !known {
				w.errorf(k.at, "`%s`: `%s` has no home module `%s`%s", k.path(), u.name, k.str, meant(k.str, sortedKeys(env.OptIn)))
			} else if !existsOn(ps, homePlatform(h)) {
				w.errorf(k.at, "`%s`: the home module `%s` has files for %s alone, this host is %s", k.path(), k.str, ticked(ps), hostWord(h.Platform))
			}
		}
	}
}

// checkLogin tells of a NixOS host whose users nobody has given a way in. It is
// no warning: keys may stand in modules, and passwords may be set on the host.
func (w *walker) checkLogin(n *node, h *Host, l *Layout) {
	if h.Platform != NixOS || len(h.Users) == 0 || l.Wiring == "manual" {
		return
	}
	for _, a := range h.Users {
		if (a.Admin || a.Name == "root") && a.canLogIn() {
			return
		}
	}
	w.out = append(w.out, w.doc.diagnostic(diag.Info, h.Span, fmt.Sprintf(
		"`%s`: hosts.toml makes none of its users (%s) an `admin` with `sshKeys` or a password: see that somebody can log in and administrate it",
		n.path(), ticked(accountNames(h)))))
}

// canLogIn says whether a key or a password is known.
func (a *Account) canLogIn() bool { return len(a.SSHKeys) > 0 || a.HasPassword() }

// HasPassword says whether hosts.toml gives the user a password; "!" and "*" are
// locks.
func (a *Account) HasPassword() bool {
	password := func(hash string) bool { return hash != "" && hash != "!" && hash != "*" }
	return a.HashedPasswordFile != "" || password(a.HashedPassword) || password(a.InitialHashedPassword)
}

func (w *walker) checkBuilders(h *Host) {
	for _, b := range h.Nix.Builders {
		if len(b.Systems) == 0 {
			w.once("builder "+b.Name, func() []string {
				w.errorf(h.Span, "the builder `%s` needs `systems`: no host of the fleet has that name", b.Name)
				return nil
			})
		}
	}
}

func (w *walker) checkDependsOn(n *node, h *Host) {
	for _, k := range n.get("deploy").get("dependsOn").strings() {
		if k.str == h.Name {
			w.errorf(k.at, "`%s`: a host cannot depend on itself", k.path())
		}
	}
}
