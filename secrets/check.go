package secrets

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
)

// The ids of what Check finds.
const (
	RuleKey       = "secret-key"       // somebody who needs secrets has no key
	RuleSyntax    = "secret-syntax"    // a file is not YAML or JSON
	RuleFile      = "secret-file"      // a file is missing, or belongs to nobody
	RuleRecipient = "secret-recipient" // somebody cannot decrypt what he must
	RuleStranger  = "stale-recipient"  // somebody can decrypt what he must not
	RuleRules     = "secret-rules"     // .sops.yaml does not say so
	RulePlain     = "plaintext-secret" // a value that is not encrypted
	RuleMissing   = "missing-secret"   // a host declares a secret that is nowhere
	RuleIdentity  = "secret-identity"  // the key that decrypts is not there in time
)

// Tree is a checkout of the repository: its files by name, slash-separated.
type Tree struct {
	// Prefix stands before names of files in findings: the folder as the user
	// named it, with a final slash, or empty.
	Prefix string
	Files  map[string][]byte
}

// Facts is what a host's modules say about secrets; a nil slice says that
// nothing is known.
type Facts struct {
	Host string
	// User is whose home it is; empty for the host's system.
	User     string
	Declared []Declared
	// Identities are the keys that sops-nix decrypts with.
	Identities []Identity
	// Persist are the folders that survive a boot of a host whose root does not.
	Persist []string
}

// Place is a position in a file of the fleet.
type Place struct {
	File string
	Span diag.Span
}

// Declared is one `sops.secrets.<name>`.
type Declared struct {
	// Key is where it is in a file, joined with "/".
	Key string
	// File is relative to the repository; empty means that it is not known.
	File string
	// Path is where the host gets the secret, where that is said.
	Path string
	At   Place
}

// Identity is a file with a private key.
type Identity struct {
	Path string
	// Default marks the key that sops-nix takes when it is not told any; a
	// module from elsewhere may have told it.
	Default bool
	At      Place
}

type checker struct {
	fleet   *fleet.Fleet
	tree    *Tree
	targets []Target
	byFile  map[string]*Target
	people  map[string]Reader // by recipient
	files   map[string]*File
	names   []string // of files, sorted
	// declares are the files that secrets of hosts.toml are in.
	declares map[string]bool
	config   *Config
	out      []diag.Diagnostic
}

// Check compares a repository of secrets with the fleet. Findings about
// hosts.toml and about facts have the names that fleet and facts gave; those
// about the repository have the tree's prefix.
func Check(f *fleet.Fleet, t *Tree, facts []Facts) []diag.Diagnostic {
	if ds := Validate(f); len(ds) > 0 {
		return ds
	}
	c := newChecker(f, t)
	c.rules()
	for i := range c.targets {
		c.target(&c.targets[i])
	}
	c.others()
	for _, x := range append(FromFleet(f), facts...) {
		c.facts(x)
	}
	diag.Sort(c.out)
	return merge(c.out)
}

func newChecker(f *fleet.Fleet, t *Tree) *checker {
	c := &checker{fleet: f, tree: t, targets: Plan(f), byFile: map[string]*Target{}, people: map[string]Reader{}, files: map[string]*File{}}
	for i := range c.targets {
		c.byFile[c.targets[i].File] = &c.targets[i]
	}
	c.declares = map[string]bool{}
	for _, x := range FromFleet(f) {
		for _, d := range x.Declared {
			c.declares[d.File] = true
		}
	}
	for _, r := range newPeople(f).all() {
		c.people[r.Recipient] = r
	}
	for _, name := range slices.Sorted(maps.Keys(t.Files)) {
		if !Readable(name) && c.byFile[name] != nil {
			c.files[name] = ParseBinary(name, t.Files[name])
		}
		if !Readable(name) || name == ConfigFile {
			continue
		}
		file, ds := Parse(name, t.Files[name])
		c.files[name] = file
		if c.concerns(name) {
			for _, d := range ds {
				c.add(d)
			}
		}
	}
	c.names = slices.Sorted(maps.Keys(c.files))
	return c
}

// concerns reports whether a file that cannot be read matters: other YAML of
// the repository is none of our business.
func (c *checker) concerns(name string) bool {
	return c.byFile[name] != nil || c.hostOf(name) != ""
}

func (c *checker) add(d diag.Diagnostic) {
	d.File = c.tree.Prefix + d.File
	for i := range d.Notes {
		if d.Notes[i].File != "" {
			d.Notes[i].File = c.tree.Prefix + d.Notes[i].File
		}
	}
	c.out = append(c.out, d)
}

func (c *checker) report(file string, at diag.Span, sev diag.Severity, rule, format string, args ...any) {
	c.add(diag.Diagnostic{File: file, Span: at, Severity: sev, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// target checks one file that the fleet needs.
func (c *checker) target(t *Target) {
	if _, ok := c.tree.Files[t.File]; !ok {
		c.missingFile(t)
		return
	}
	f := c.files[t.File]
	if f == nil {
		return // its syntax is reported
	}
	if !f.Encrypted {
		c.report(t.File, f.Start, diag.Error, RulePlain, "not encrypted at all; run `sops encrypt --in-place %s`", t.File)
		return
	}
	c.missingReaders(t, f)
	c.strangers(f, recipients(t.Readers))
	c.plain(f)
}

// missingFile: a host without ageKey was never meant to have secrets.
func (c *checker) missingFile(t *Target) {
	d := diag.Diagnostic{File: c.fleet.File, Severity: diag.Error, Rule: RuleFile}
	h := c.fleet.Host(t.Host)
	keyless := h != nil && h.AgeKey == ""
	if t.Own || keyless && c.declares[t.File] {
		d.Message = fmt.Sprintf("secrets of %s are in `%s`, which does not exist; create it with `sops edit %s`", c.fleet.File, c.tree.Prefix+t.File, t.File)
		c.out = append(c.out, d)
		return
	}
	if t.Host == "" {
		d.Message = fmt.Sprintf("the file for all hosts, `%s`, does not exist; create it with `sops edit %s`", c.tree.Prefix+t.File, t.File)
		c.out = append(c.out, d)
		return
	}
	if keyless {
		return
	}
	d.Span, d.Hosts = h.Span, []string{t.Host}
	d.Message = fmt.Sprintf("host `%s` has an `ageKey` and no file of secrets: `%s` does not exist; create it with `sops edit %s`", t.Host, c.tree.Prefix+t.File, t.File)
	c.out = append(c.out, d)
}

func (c *checker) missingReaders(t *Target, f *File) {
	have := map[string]bool{}
	for _, r := range f.Age() {
		have[normal(r.Value)] = true
	}
	for _, r := range t.Readers {
		if have[r.Recipient] {
			continue
		}
		d := diag.Diagnostic{
			File: t.File, Span: f.Start, Severity: diag.Error, Rule: RuleRecipient,
			Message: fmt.Sprintf("%s cannot decrypt this file; run `sops updatekeys %s`", r.What, t.File),
		}
		if name, ok := strings.CutPrefix(r.Anchor, "host_"); ok {
			d.Hosts = []string{name}
		}
		c.add(d)
	}
	if h := c.fleet.Host(t.Host); h != nil && h.AgeKey == "" && h.Platform != fleet.Home && !c.declares[t.File] {
		c.report(t.File, f.Start, diag.Warning, RuleRecipient, "host `%s` has no `ageKey` in %s, so it cannot decrypt its own file", t.Host, c.fleet.File)
	}
}

func recipients(rs []Reader) map[string]bool {
	out := map[string]bool{}
	for _, r := range rs {
		out[r.Recipient] = true
	}
	return out
}

// strangers reports who can decrypt a file and is not in may; nil means that
// everybody of the fleet may.
func (c *checker) strangers(f *File, may map[string]bool) {
	seen := map[string]bool{}
	for _, r := range f.Recipients {
		if seen[r.Kind+r.Value] {
			continue
		}
		seen[r.Kind+r.Value] = true
		who, known := c.people[normal(r.Value)]
		switch {
		case r.Kind != "age":
			c.report(f.Name, r.Span, diag.Info, RuleStranger, "whoever has the %s key `%s` can decrypt this file; that is not checked", r.Kind, brief(r.Value))
		case may[normal(r.Value)] || may == nil && known:
		case known:
			c.report(f.Name, r.Span, diag.Error, RuleStranger,
				"%s can decrypt this file and should not; run `sops updatekeys %s`, then `sops rotate --in-place %s`", who.What, f.Name, f.Name)
		default:
			c.report(f.Name, r.Span, diag.Error, RuleStranger,
				"`%s` can decrypt this file and is nobody in %s; run `sops updatekeys %s`, then `sops rotate --in-place %s`",
				brief(r.Value), c.fleet.File, f.Name, f.Name)
		}
	}
}

// normal is a recipient for comparing; one that is broken stays itself.
func normal(key string) string {
	if r, err := AgeRecipient(key); err == nil {
		return r
	}
	return key
}

// brief shortens post-quantum recipients, which have 2,000 characters.
func brief(key string) string {
	if len(key) > 70 {
		return key[:24] + "…"
	}
	return key
}

func (c *checker) plain(f *File) {
	for _, k := range f.Keys {
		if k.Plain {
			c.report(f.Name, k.Span, diag.Error, RulePlain, "the value of `%s` is not encrypted; whoever read this repository knows it: change it, then `sops edit %s`", k.Path, f.Name)
		}
	}
}

// others checks the files that belong to no host of the fleet.
func (c *checker) others() {
	for _, name := range c.names {
		f := c.files[name]
		if c.byFile[name] != nil || f == nil {
			continue
		}
		if host := c.hostOf(name); host != "" {
			c.gone(name, f, host)
			continue
		}
		switch {
		case f.Encrypted:
			c.strangers(f, nil)
			c.plain(f)
		case c.config != nil && ruled(c.config.Match(name)):
			c.report(name, f.Start, diag.Error, RulePlain, "not encrypted, though a creation rule is for it; run `sops encrypt --in-place %s`", name)
		}
	}
}

// ruled reports whether a rule names the file by more than being for all.
func ruled(rs []*CreationRule) bool {
	return slices.ContainsFunc(rs, func(r *CreationRule) bool { return r.PathRegex != "" })
}

// hostOf gives the host that a file would belong to by its name, if there were
// such a host.
func (c *checker) hostOf(name string) string {
	if c.byFile[name] != nil {
		return ""
	}
	before, after, _ := strings.Cut(c.fleet.SecretsOf().PerHost, "{host}")
	host, ok := strings.CutPrefix(name, before)
	host, ok2 := strings.CutSuffix(host, after)
	if !ok || !ok2 || host == "" || strings.Contains(host, "/") {
		return ""
	}
	return host
}

// gone: a file beside those of the hosts, named like one. Only one that was
// written for hosts (it is encrypted) is worth a word.
func (c *checker) gone(name string, f *File, host string) {
	if !f.Encrypted {
		c.report(name, f.Start, diag.Error, RulePlain, "not encrypted, beside files that are; run `sops encrypt --in-place %s`, or move it away", name)
		return
	}
	var names []string
	for _, h := range c.fleet.Hosts {
		names = append(names, h.Name)
	}
	hint := ""
	if near := diag.Suggest(host, names); near != "" {
		hint = fmt.Sprintf("; did you mean `%s`?", near)
	}
	c.report(name, f.Start, diag.Warning, RuleFile, "no host `%s` in %s%s", host, c.fleet.File, hint)
	c.strangers(f, nil)
	c.plain(f)
}

// below reports whether a path is a folder or lies in it.
func below(p, dir string) bool {
	p, dir = path.Clean(p), path.Clean(dir)
	return p == dir || dir == "/" || strings.HasPrefix(p, dir+"/")
}

func itoa(n int) string { return strconv.Itoa(n) }
