package secrets

import (
	"fmt"
	"slices"

	"nixgen/diag"
	"nixgen/fleet"
)

// runtime are the folders in which sops-nix puts what it decrypted.
var runtime = []string{"/run/secrets", "/run/secrets.d", "/run/secrets-for-users", "/run/secrets-for-users.d"}

// facts checks what one host's modules say.
func (c *checker) facts(x Facts) {
	if len(x.Declared) > 0 && c.keyless(x) {
		return
	}
	for _, d := range x.Declared {
		c.declared(x, d)
	}
	for _, id := range x.Identities {
		c.identity(x, id)
	}
}

// keyless reports who declares secrets that nobody can encrypt for him.
func (c *checker) keyless(x Facts) bool {
	h, u := c.fleet.Host(x.Host), c.fleet.User(x.User)
	switch {
	case h == nil:
		return false
	case x.User == "" && h.AgeKey == "":
		c.fact(x.Host, Place{c.fleet.File, h.Span}, diag.Error, RuleKey, "host `%s` declares secrets and has no `ageKey`; %s", x.Host, hostKeyHint(h))
		return true
	case u != nil && u.AgeKey == "":
		c.fact(x.Host, Place{c.fleet.File, u.Span}, diag.Error, RuleKey, "the home of `%s` declares secrets, and the user has no `ageKey`; it is the public half of the key that `sops.age` names", x.User)
		return true
	}
	return false
}

// hostKeyHint says where the key of a host is to be had.
func hostKeyHint(h *fleet.Host) string {
	if h.Sops != nil && h.Sops.Age.KeyFile != "" {
		return fmt.Sprintf("make the key with `age-keygen -o %s` there, and write its public half", h.Sops.Age.KeyFile)
	}
	path := "/etc/ssh/ssh_host_ed25519_key"
	if h.Sops != nil && len(h.Sops.Age.SSHKeyPaths) > 0 {
		path = h.Sops.Age.SSHKeyPaths[0]
	}
	if h.Platform == fleet.Darwin {
		return fmt.Sprintf("it is `%s.pub`, which a Mac has only once Remote Login was on", path)
	}
	return fmt.Sprintf("it is `%s.pub` on the host", path)
}

func (c *checker) fact(host string, at Place, sev diag.Severity, rule, format string, args ...any) {
	c.out = append(c.out, diag.Diagnostic{
		File: at.File, Span: at.Span, Severity: sev, Rule: rule, Message: fmt.Sprintf(format, args...), Hosts: []string{host},
	})
}

// declared looks for a secret in the file it names, or in every file that the
// host can decrypt. Where one of them cannot be read, nothing is said.
func (c *checker) declared(x Facts, d Declared) {
	host := x.Host
	var known []string
	for _, name := range c.candidates(host, d) {
		f, ok := c.files[name]
		if !ok || f == nil {
			return
		}
		if k := f.Key(d.Key); k != nil {
			if !k.Leaf {
				c.fact(host, d.At, diag.Error, RuleMissing, "`%s` in `%s` is not one value but a group of them", d.Key, c.tree.Prefix+name)
			}
			c.decrypts(x, d, f)
			return
		}
		known = append(known, leaves(f)...)
	}
	hint := ""
	if near := diag.Suggest(d.Key, known); near != "" {
		hint = fmt.Sprintf("; did you mean `%s`?", near)
	}
	where := "no file that the host can decrypt has"
	if d.File != "" {
		where = "`" + c.tree.Prefix + d.File + "` does not have"
	}
	c.fact(host, d.At, diag.Error, RuleMissing, "%s the secret `%s`%s", where, d.Key, hint)
}

// decrypts reports a file that is not planned to be read by who declares a
// secret in it; where it is planned, the file itself is reported.
func (c *checker) decrypts(x Facts, d Declared, f *File) {
	who := c.key(x)
	if who == "" || !f.Encrypted || c.byFile[f.Name] != nil && recipients(c.byFile[f.Name].Readers)[who] {
		return
	}
	if slices.ContainsFunc(f.Recipients, func(r Recipient) bool { return r.Kind != "age" || normal(r.Value) == who }) {
		return
	}
	name := "host `" + x.Host + "`"
	if x.User != "" {
		name = "user `" + x.User + "`"
	}
	c.fact(x.Host, d.At, diag.Error, RuleRecipient, "the secret `%s` is in `%s`, which %s cannot decrypt", d.Key, c.tree.Prefix+f.Name, name)
}

// key is the recipient of a host, or of a user; empty where it is not known.
func (c *checker) key(x Facts) string {
	if x.User != "" {
		if u := c.fleet.User(x.User); u != nil && u.AgeKey != "" {
			return normal(u.AgeKey)
		}
		return ""
	}
	if h := c.fleet.Host(x.Host); h != nil && h.AgeKey != "" {
		return normal(h.AgeKey)
	}
	return ""
}

func (c *checker) candidates(host string, d Declared) []string {
	if d.File != "" {
		return []string{d.File}
	}
	var out []string
	for _, name := range c.names {
		t := c.byFile[name]
		if t != nil && !t.Own && (t.Host == "" || t.Host == host) || (t == nil || t.Own) && c.reads(host, c.files[name]) {
			out = append(out, name)
		}
	}
	return out
}

// reads reports whether a host is a recipient of a file.
func (c *checker) reads(host string, f *File) bool {
	h := c.fleet.Host(host)
	if f == nil || h == nil || h.AgeKey == "" {
		return false
	}
	key := normal(h.AgeKey)
	return slices.ContainsFunc(f.Age(), func(r Recipient) bool { return normal(r.Value) == key })
}

func leaves(f *File) []string {
	var out []string
	for _, k := range f.Keys {
		if k.Leaf {
			out = append(out, k.Path)
		}
	}
	return out
}

// identity: the key must exist before any secret does, and after every boot.
func (c *checker) identity(x Facts, id Identity) {
	for _, dir := range runtime {
		if below(id.Path, dir) {
			c.fact(x.Host, id.At, diag.Error, RuleIdentity, "the key that decrypts secrets is itself one: `%s` exists only once secrets are decrypted", id.Path)
			return
		}
	}
	for _, d := range x.Declared {
		if d.Path != "" && below(id.Path, d.Path) {
			c.fact(x.Host, id.At, diag.Error, RuleIdentity, "the key that decrypts secrets is itself one: `%s` is where the secret `%s` goes", id.Path, d.Key)
			return
		}
	}
	persists := func(dir string) bool { return below(id.Path, dir) }
	sev := diag.Error
	if id.Default {
		sev = diag.Warning
	}
	if len(x.Persist) > 0 && !slices.ContainsFunc(x.Persist, persists) {
		c.fact(x.Host, id.At, sev, RuleIdentity, "the key `%s` is not below `%s`, so it is not there yet when secrets are decrypted at boot", id.Path, x.Persist[0])
	}
}

// merge makes one finding of those that a module causes on several hosts.
func merge(ds []diag.Diagnostic) []diag.Diagnostic {
	var out []diag.Diagnostic
	for _, d := range ds {
		if n := len(out); n > 0 && len(d.Hosts) > 0 && same(out[n-1], d) {
			out[n-1].Hosts = append(slices.Clip(out[n-1].Hosts), d.Hosts...)
			continue
		}
		out = append(out, d)
	}
	for _, d := range out {
		slices.Sort(d.Hosts)
	}
	for i := range out {
		out[i].Hosts = slices.Compact(out[i].Hosts)
	}
	return out
}

func same(a, b diag.Diagnostic) bool {
	return a.File == b.File && a.Span == b.Span && a.Rule == b.Rule && a.Message == b.Message && a.Severity == b.Severity
}
