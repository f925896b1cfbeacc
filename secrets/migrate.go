package secrets

import (
	"bytes"
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"nixgen/fleet"
)

// Use is a place of the fleet that reads a sops file of its own tree.
type Use struct {
	Host string
	// User is whose home it is; empty for the host's system.
	User string
	At   Place
}

// Copy is one file on its way from the fleet's tree to the repository.
type Copy struct {
	From, To string
	// Encrypted files keep every byte: where a file lies is no part of what sops
	// encrypts. The others are plain data.
	Encrypted bool
	// Why is one line for each thing that is worth to know.
	Why []string
	// There says that the repository has the very same file already.
	There bool
}

// KeyHint is a recipient of a file that hosts.toml does not have.
type KeyHint struct {
	// Kind is as Recipient has it; what is not "age" hosts.toml cannot hold.
	Kind      string
	Recipient string
	// Table and Key are where hosts.toml takes it: "hosts.malphas" and "ageKey".
	// Both are empty where the owner has another key there already.
	Table, Key string
	// Anchor is the name in the old .sops.yaml; empty when there is none.
	Anchor string
}

// Migration is what it takes to move the sops files of a fleet's own tree to a
// repository. Nothing of it needs a value decrypted.
type Migration struct {
	Copies []Copy // sorted by From
	Keys   []KeyHint
	// Rules are the .sops.yaml files of the tree, which a generated one replaces.
	Rules []string
	// Left are files beside secrets that stay: modules of the fleet.
	Left []string
	// Taken are files of the repository that are there with other contents.
	Taken []string
}

// secretFolders are names of folders that hold secrets and what belongs to them.
var secretFolders = []string{"secrets", "secret", "sops", "private", "nix-secrets"}

// sharedNames are names of files that all hosts read.
var sharedNames = []string{"shared", "common", "all", "global", "secrets", "default"}

// IsSops reports whether a file is encrypted by sops, in any of its formats.
func IsSops(name string, text []byte) bool {
	if !bytes.Contains(text, []byte("ENC[AES256_GCM,")) {
		return false
	}
	if Readable(name) {
		f, _ := Parse(name, text)
		return f != nil && f.Encrypted
	}
	for _, mark := range []string{"\nsops_", "\n[sops]", `"sops":`} {
		if bytes.Contains(text, []byte(mark)) {
			return true
		}
	}
	return false
}

// Migrate plans the move. files are those of the fleet's tree, each that may be
// encrypted with its text and all others with nil; uses tells by file who reads
// it; t is the repository as it is.
func Migrate(f *fleet.Fleet, files map[string][]byte, uses map[string][]Use, t *Tree) *Migration {
	m := &migrator{fleet: f, files: files, uses: uses, taken: map[string]bool{}, out: &Migration{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Base(name) == ConfigFile {
			m.out.Rules = append(m.out.Rules, name)
		} else if IsSops(name, files[name]) {
			m.encrypted = append(m.encrypted, name)
		}
	}
	m.shared()
	for _, name := range m.encrypted {
		m.move(name)
	}
	m.beside()
	m.keys()
	slices.SortFunc(m.out.Copies, func(a, b Copy) int { return cmp.Compare(a.From, b.From) })
	for i := range m.out.Copies {
		c := &m.out.Copies[i]
		if have, ok := t.Files[c.To]; ok {
			c.There = bytes.Equal(have, files[c.From])
			if !c.There {
				m.out.Taken = append(m.out.Taken, c.To)
			}
		}
	}
	return m.out
}

type migrator struct {
	fleet     *fleet.Fleet
	files     map[string][]byte
	uses      map[string][]Use
	encrypted []string
	// sharedFile is the one that becomes the file of all hosts.
	sharedFile string
	taken      map[string]bool // names in the repository
	out        *Migration
}

// stem is a file's name without its ending.
func stem(name string) string {
	base := path.Base(name)
	return strings.TrimSuffix(base, path.Ext(base))
}

// hosts are those that read a file.
func (m *migrator) hosts(name string) []string {
	seen := map[string]bool{}
	for _, u := range m.uses[name] {
		seen[u.Host] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// hostOf is the host that a file belongs to by its name or its folder, or
// because nobody else reads it.
func (m *migrator) hostOf(name string) string {
	for _, h := range m.fleet.Hosts {
		if strings.EqualFold(h.Name, prefixRE.ReplaceAllString(stem(name), "")) || strings.EqualFold(h.Name, path.Base(path.Dir(name))) {
			return h.Name
		}
	}
	if hs := m.hosts(name); len(hs) == 1 && len(m.fleet.Hosts) > 1 {
		return hs[0]
	}
	return ""
}

// shared chooses the file for all hosts: one that is called so and belongs to
// no host; the one that most hosts read, of several.
func (m *migrator) shared() {
	best := -1
	for _, name := range m.encrypted {
		n := len(m.hosts(name))
		if slices.Contains(sharedNames, strings.ToLower(stem(name))) && m.hostOf(name) == "" && n > best && sameForm(name, m.fleet.SecretsOf().Shared) {
			m.sharedFile, best = name, n
		}
	}
}

func sameForm(a, b string) bool { return formOf(a) == formOf(b) }

// formOf is what sops takes a file for by its name.
func formOf(name string) string {
	if ext := path.Ext(name); ext != ".yml" {
		return ext
	}
	return ".yaml"
}

func (m *migrator) move(name string) {
	s := m.fleet.SecretsOf()
	c := Copy{From: name, Encrypted: true}
	host := m.hostOf(name)
	switch {
	case name == m.sharedFile:
		c.To, c.Why = s.Shared, []string{"the file for all hosts"}
	case host != "" && sameForm(name, s.HostFile(host)) && !m.taken[s.HostFile(host)]:
		c.To, c.Why = s.HostFile(host), []string{"the file of host `" + host + "`"}
	default:
		c.To = m.free("sops/" + below1(name))
		c.Why = append(c.Why, "read as `sopsFile = \""+c.To+"\"`")
		if len(m.uses[name]) == 0 {
			c.Why = append(c.Why, "no module that can be read names it")
		}
	}
	m.taken[c.To] = true
	c.Why = append(c.Why, m.values(name)...)
	m.out.Copies = append(m.out.Copies, c)
}

// below1 is a path below its folder of secrets.
func below1(name string) string {
	parts := strings.Split(name, "/")
	for i := len(parts) - 2; i >= 0; i-- {
		if slices.Contains(secretFolders, strings.ToLower(parts[i])) {
			return path.Join(parts[i+1:]...)
		}
	}
	return name
}

// free is a name in the repository that nothing else gets.
func (m *migrator) free(name string) string {
	for m.taken[name] {
		name = path.Join(path.Dir(name), "more", path.Base(name))
	}
	return name
}

// values tells of values that are not encrypted: they stay in the file, whose
// authentication code covers them.
func (m *migrator) values(name string) []string {
	if !Readable(name) {
		return nil
	}
	f, _ := Parse(name, m.files[name])
	var exempt, plain []string
	for _, k := range f.Keys {
		switch {
		case k.Leaf && k.Plain:
			plain = append(plain, "`"+k.Path+"`")
		case k.Leaf && k.Exempt:
			exempt = append(exempt, "`"+k.Path+"`")
		}
	}
	var out []string
	if exempt != nil {
		out = append(out, "not encrypted by choice, better in data.nix: "+strings.Join(exempt, ", "))
	}
	if plain != nil {
		out = append(out, "NOT ENCRYPTED, and in git: change "+strings.Join(plain, ", "))
	}
	return out
}

// beside takes along what lies in folders of secrets and is not encrypted.
func (m *migrator) beside() {
	folders := map[string]bool{}
	for _, name := range m.encrypted {
		if dir := path.Dir(name); m.isSecretFolder(dir) {
			folders[dir] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		base := path.Base(name)
		if !folders[path.Dir(name)] || base == ConfigFile || slices.Contains(m.encrypted, name) {
			continue
		}
		if strings.HasSuffix(name, ".nix") || strings.HasPrefix(base, ".git") || strings.HasPrefix(strings.ToUpper(base), "README") {
			m.out.Left = append(m.out.Left, name)
			continue
		}
		to := m.free("plain/" + below1(name))
		m.taken[to] = true
		m.out.Copies = append(m.out.Copies, Copy{From: name, To: to, Why: []string{"not encrypted: what modules read of it belongs in data.nix"}})
	}
}

// isSecretFolder: it is called so, or holds no module. What else lies in the
// folder of a host is about the host.
func (m *migrator) isSecretFolder(dir string) bool {
	if m.fleet.Host(path.Base(dir)) != nil {
		return false
	}
	for _, part := range strings.Split(dir, "/") {
		if slices.Contains(secretFolders, strings.ToLower(part)) {
			return true
		}
	}
	for name := range m.files {
		if path.Dir(name) == dir && strings.HasSuffix(name, ".nix") {
			return false
		}
	}
	return dir != "."
}

var (
	anchorRE = regexp.MustCompile(`&([A-Za-z0-9_.-]+)\s+["']?(age1[0-9a-z]+)`)
	prefixRE = regexp.MustCompile(`^(?i)(hosts?|servers?|machines?|systems?|users?|admins?|keys?)[_.-]`)
	nameRE   = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
)

// keys lists the recipients that hosts.toml does not have, each by the name that
// the old rules give it.
func (m *migrator) keys() {
	anchors := map[string]string{}
	for _, name := range m.out.Rules {
		for _, a := range anchorRE.FindAllSubmatch(m.files[name], -1) {
			anchors[string(a[2])] = string(a[1])
		}
	}
	seen := map[string]bool{}
	for _, r := range newPeople(m.fleet).all() {
		seen[r.Recipient] = true
	}
	named := map[string]bool{}
	for _, name := range m.encrypted {
		if !Readable(name) {
			continue
		}
		f, _ := Parse(name, m.files[name])
		for _, r := range f.Recipients {
			v := normal(r.Value)
			if seen[v] {
				continue
			}
			seen[v] = true
			if r.Kind != "age" {
				m.out.Keys = append(m.out.Keys, KeyHint{Kind: r.Kind, Recipient: r.Value})
				continue
			}
			m.out.Keys = append(m.out.Keys, m.hint(v, anchors[v], named))
		}
	}
}

// hint finds the table of hosts.toml that a recipient belongs to.
func (m *migrator) hint(recipient, anchor string, named map[string]bool) KeyHint {
	k := KeyHint{Kind: "age", Recipient: recipient, Anchor: anchor}
	name := prefixRE.ReplaceAllString(anchor, "")
	for _, h := range m.fleet.Hosts {
		if strings.EqualFold(h.Name, name) {
			if h.AgeKey == "" {
				k.Table, k.Key = "hosts."+h.Name, "ageKey"
			}
			return k
		}
	}
	key := strings.Trim(nameRE.ReplaceAllString(name, "-"), "-_")
	if key == "" {
		key = "key"
	}
	for named[key] {
		key += "-2"
	}
	named[key] = true
	k.Table, k.Key = "keys", key
	return k
}
