package fleet

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"nixgen/diag"
)

// Sops is what sops-nix does with the fleet's secrets, in a host's system or in
// one user's home: [sops] of fleet, roles and host, or of a user, merged like
// everything else.
type Sops struct {
	// DefaultFile is a path in the secrets input.
	DefaultFile string
	Age         SopsAge
	Secrets     []*SopsSecret   // sorted by name
	Templates   []*SopsTemplate // sorted by name
}

// Secret returns the secret of that exact name, or nil.
func (s *Sops) Secret(name string) *SopsSecret {
	if s == nil {
		return nil
	}
	return find(s.Secrets, name, func(x *SopsSecret) string { return x.Name })
}

// SopsOf is what hosts.toml says about the secrets of a host's system or, with a
// user, of that user's home there; nil for nothing.
func (h *Host) SopsOf(user string) *Sops {
	if user == "" {
		return h.Sops
	}
	for _, a := range h.Users {
		if a.Name == user && a.HomeManager != nil {
			return a.HomeManager.Sops
		}
	}
	return nil
}

// SopsAge says where the private key is; both empty leave it to sops-nix.
type SopsAge struct {
	SSHKeyPaths []string
	KeyFile     string
	GenerateKey bool
	// Said is true where hosts.toml names the key, and false for the usual one.
	Said bool
}

// SopsSecret is one secret. What the platform does not have is empty.
type SopsSecret struct {
	Name string
	// Span is where hosts.toml declares it.
	Span diag.Span
	// File is a path in the secrets input, Key where it is in there ("" with
	// Whole: the file itself).
	File, Key string
	Whole     bool
	Format    string
	// Path is where the host gets it, whether said or not, except in homes,
	// where it is empty unless said.
	Path                      string
	SaidPath                  bool
	Owner, Group, Mode        string
	NeededForUsers            bool
	RestartUnits, ReloadUnits []string
}

// SopsTemplate is a file with secrets in it.
type SopsTemplate struct {
	Name                      string
	Parts                     []TemplatePart
	Owner, Group, Mode, Path  string
	RestartUnits, ReloadUnits []string
}

// TemplatePart is a text, or the name of a secret.
type TemplatePart struct{ Text, Secret string }

// PlainField is an attribute of the secrets input that is not encrypted.
type PlainField struct {
	Path []string
	Type *Type
	Span diag.Span
}

// The words for files of the layout.
const (
	fileShared = "shared"
	fileHost   = "host"
)

// Where sops-nix puts what it decrypted.
const (
	secretsFolder = "/run/secrets/"
	usersFolder   = "/run/secrets-for-users/"
	homeFolder    = "/.config/sops-nix/secrets/"
)

// hostKey is the key that a host's sshd makes.
const hostKey = "/etc/ssh/ssh_host_ed25519_key"

// SecretsOf is [secrets], or what it says by default.
func (f *Fleet) SecretsOf() Secrets {
	var s Secrets
	if f.Secrets != nil {
		s = *f.Secrets
	}
	s.Input = cmp.Or(s.Input, "nix-secrets")
	s.Shared = cmp.Or(s.Shared, "sops/shared.yaml")
	s.PerHost = cmp.Or(s.PerHost, "sops/{host}.yaml")
	return s
}

// HostFile is the path in the input of the file of one host.
func (s Secrets) HostFile(host string) string {
	return strings.ReplaceAll(s.PerHost, "{host}", host)
}

// overNode lays one table over another; either may be absent.
func overNode(base, n *node) *node {
	if !n.is(tableNode) {
		return base
	}
	return mergeNodes(base, n)
}

// sops resolves the secrets of a host and of its homes.
func (r *resolver) sops(h *Host, s *settings) {
	if s.sops.is(tableNode) && h.Platform != Home {
		c := &sopsReader{r: r, h: h, persist: persistFolder(h)}
		h.Sops = c.read(s.sops)
	}
	for _, a := range h.Users {
		r.passwordSecret(h, a)
		if t := overNode(r.f.User(a.Name).sops, s.home[a.Name].sops); a.HomeManager != nil && t.is(tableNode) {
			c := &sopsReader{r: r, h: h, user: a}
			a.HomeManager.Sops = c.read(t)
		}
	}
	for name, params := range h.Services {
		h.Services[name] = r.secretPaths(h, name, params)
	}
}

// passwordSecret declares the secret that holds the hash of a password, where
// nobody else did, and points the account at it.
func (r *resolver) passwordSecret(h *Host, a *Account) {
	name := a.passwordSecret
	if name == "" || h.Platform != NixOS {
		return
	}
	if a.HashedPasswordFile != "" {
		r.w.errorOnce(h.Span, "user `"+a.Name+"` on host `"+h.Name+"` has both `hashedPasswordFile` and `hashedPasswordSecret`")
		return
	}
	if h.Sops == nil {
		h.Sops = (&sopsReader{r: r, h: h, persist: persistFolder(h)}).read(&node{kind: tableNode})
	}
	x := h.Sops.Secret(name)
	switch {
	case x == nil:
		x = &SopsSecret{
			Name: name, Span: r.f.User(a.Name).Span, File: h.Sops.DefaultFile, Key: name, Format: formatOf(h.Sops.DefaultFile),
			NeededForUsers: true, Path: usersFolder + name,
		}
		h.Sops.Secrets = append(h.Sops.Secrets, x)
		slices.SortFunc(h.Sops.Secrets, func(a, b *SopsSecret) int { return cmp.Compare(a.Name, b.Name) })
	case !x.NeededForUsers:
		r.w.errorOnce(x.Span, "the secret `"+name+"` holds the password of `"+a.Name+"`, so it must say `neededForUsers = true`")
	}
	a.HashedPasswordFile = x.Path
}

// persistFolder is where state survives a boot of a host whose root does not;
// empty for other hosts.
func persistFolder(h *Host) string {
	for _, d := range h.Disks {
		if p, ok := d.Params["impermanence"].(string); ok && p != "" {
			return p
		}
	}
	if p := h.Spec.PersistFolder; p != nil && h.Platform == NixOS {
		return strings.TrimSuffix(*p, "/")
	}
	return ""
}

// sopsReader reads the merged tables of one system or, with a user, of a home.
type sopsReader struct {
	r       *resolver
	h       *Host
	user    *Account
	persist string
}

func (c *sopsReader) read(t *node) *Sops {
	s := &Sops{DefaultFile: c.file(cmp.Or(t.text("defaultSopsFile"), fileHost))}
	c.age(&s.Age, t.get("age"))
	for _, n := range t.entries("secrets") {
		if x := c.secret(n, s.DefaultFile); n.is(tableNode) && x != nil {
			s.Secrets = append(s.Secrets, x)
		}
	}
	slices.SortFunc(s.Secrets, func(a, b *SopsSecret) int { return cmp.Compare(a.Name, b.Name) })
	c.nested(s.Secrets)
	for _, n := range t.entries("templates") {
		if n.is(tableNode) {
			s.Templates = append(s.Templates, c.template(n, s))
		}
	}
	slices.SortFunc(s.Templates, func(a, b *SopsTemplate) int { return cmp.Compare(a.Name, b.Name) })
	return s
}

// file is the path in the input that a choice stands for.
func (c *sopsReader) file(choice string) string {
	in := c.r.f.SecretsOf()
	switch choice {
	case fileShared:
		return in.Shared
	case fileHost:
		return in.HostFile(c.h.Name)
	}
	user := ""
	if c.user != nil {
		user = c.user.Name
	}
	return path.Clean(strings.NewReplacer("{host}", c.h.Name, "{user}", user).Replace(choice))
}

// formatOf is the format that sops gives a file by its name.
func formatOf(file string) string {
	switch path.Ext(file) {
	case ".yaml", ".yml":
		return "yaml"
	case ".json":
		return "json"
	case ".env":
		return "dotenv"
	case ".ini":
		return "ini"
	}
	return "binary"
}

func (c *sopsReader) age(a *SopsAge, t *node) {
	a.KeyFile, a.SSHKeyPaths, a.GenerateKey = c.home(t.text("keyFile")), t.list("sshKeyPaths"), t.on("generateKey")
	for i, p := range a.SSHKeyPaths {
		a.SSHKeyPaths[i] = c.home(p)
	}
	a.Said = a.KeyFile != "" || t.get("sshKeyPaths") != nil
	switch key := c.ageKey(); {
	case a.Said:
		c.persists(t.get("keyFile"))
		for _, k := range t.get("sshKeyPaths").strings() {
			c.persists(k)
		}
	case c.user == nil:
		a.SSHKeyPaths = []string{c.persist + hostKey}
	case strings.HasPrefix(key, "ssh-"):
		a.SSHKeyPaths = []string{c.user.Home + "/.ssh/id_ed25519"}
	default:
		a.KeyFile = c.user.Home + "/.config/sops/age/keys.txt"
	}
	if a.GenerateKey && a.KeyFile == "" {
		c.r.w.errorOnce(t.place(), "`"+t.path()+".generateKey` needs a `keyFile`")
	}
}

func (c *sopsReader) ageKey() string {
	if c.user != nil {
		return c.r.f.User(c.user.Name).AgeKey
	}
	return c.h.AgeKey
}

// home puts the user's home for "~".
func (c *sopsReader) home(p string) string {
	if rest, ok := strings.CutPrefix(p, "~/"); ok && c.user != nil {
		return c.user.Home + "/" + rest
	}
	return p
}

// persists refuses a key that an empty root does not have at boot.
func (c *sopsReader) persists(n *node) {
	if !n.is(stringNode) || c.persist == "" || strings.HasPrefix(n.str, c.persist+"/") || strings.HasPrefix(n.str, "/nix/") {
		return
	}
	c.r.w.errorOnce(n.at, "`"+n.path()+"` is "+quoted(n.str)+": host `"+c.h.Name+"` starts every boot from an empty root, so it must lie below `"+c.persist+"`")
}

// secret is nil for what the platform has no use for.
func (c *sopsReader) secret(n *node, defaultFile string) *SopsSecret {
	x := &SopsSecret{Name: n.name, Span: n.key, File: defaultFile, Key: n.name, Mode: n.text("mode"), Path: c.home(n.text("path"))}
	if choice := n.text("sopsFile"); choice != "" {
		x.File = c.file(choice)
	}
	if k := n.get("key"); k.is(stringNode) {
		x.Key, x.Whole = k.str, k.str == ""
	}
	x.Format = cmp.Or(n.text("format"), formatOf(x.File))
	x.SaidPath = x.Path != ""
	if c.user != nil {
		return x
	}
	x.Owner, x.Group = n.text("owner"), n.text("group")
	if n.on("neededForUsers") {
		if c.h.Platform != NixOS {
			return nil
		}
		x.NeededForUsers = true
		c.rootOnly(n)
	}
	if c.h.Platform == NixOS {
		x.RestartUnits, x.ReloadUnits = n.list("restartUnits"), n.list("reloadUnits")
	}
	if folder := secretsFolder; x.Path == "" {
		if x.NeededForUsers {
			folder = usersFolder
		}
		x.Path = folder + n.name
	}
	return x
}

// rootOnly refuses an owner before there are users.
func (c *sopsReader) rootOnly(n *node) {
	for _, name := range []string{"owner", "group"} {
		if k := n.get(name); k.is(stringNode) && k.str != "root" {
			c.r.w.errorOnce(k.at, "`"+k.path()+"` is "+quoted(k.str)+": a secret that is `neededForUsers` belongs to root")
		}
	}
}

// nested refuses a secret that another one needs as its folder.
func (c *sopsReader) nested(secrets []*SopsSecret) {
	names := map[string]bool{}
	for _, x := range secrets {
		names[x.Name] = true
	}
	for _, x := range secrets {
		for dir := path.Dir(x.Name); dir != "."; dir = path.Dir(dir) {
			if names[dir] {
				c.r.w.errorOnce(x.Span, "the secret `"+dir+"` is a file, so `"+x.Name+"` cannot lie below it")
			}
		}
	}
}

func (c *sopsReader) template(n *node, s *Sops) *SopsTemplate {
	x := &SopsTemplate{Name: n.name, Mode: n.text("mode"), Path: c.home(n.text("path"))}
	if n.get("content") == nil {
		c.r.w.errorOnce(n.key, "`"+n.path()+".content` is missing: the text of the file, with `{{NAME}}` for a secret")
	}
	x.Parts = c.parts(n.get("content"), s)
	if c.user != nil {
		return x
	}
	x.Owner, x.Group = n.text("owner"), n.text("group")
	if c.h.Platform == NixOS {
		x.RestartUnits, x.ReloadUnits = n.list("restartUnits"), n.list("reloadUnits")
	}
	return x
}

// parts cuts a text at its placeholders, which must be secrets beside it.
func (c *sopsReader) parts(n *node, s *Sops) []TemplatePart {
	var out []TemplatePart
	text := ""
	flush := func() {
		if text != "" {
			out = append(out, TemplatePart{Text: text})
		}
		text = ""
	}
	if !n.is(stringNode) {
		return nil
	}
	for rest := n.str; rest != ""; {
		at := strings.Index(rest, "{{")
		if at < 0 {
			text += rest
			break
		}
		if at > 0 && rest[at-1] == '\\' {
			text += rest[:at-1] + "{{"
			rest = rest[at+2:]
			continue
		}
		text += rest[:at]
		name, after, closed := strings.Cut(rest[at+2:], "}}")
		if !closed {
			c.r.w.errorOnce(n.at, "`"+n.path()+"`: `{{` without `}}`; write `\\{{` for two braces")
			break
		}
		flush()
		name = strings.TrimSpace(name)
		out, rest = append(out, TemplatePart{Secret: name}), after
		c.placeholder(n, name, s)
	}
	flush()
	return out
}

func (c *sopsReader) placeholder(n *node, name string, s *Sops) {
	x := s.Secret(name)
	switch {
	case x == nil:
		c.r.w.errorOnce(n.at, "`"+n.path()+"`: no secret "+quoted(name)+c.where()+meant(name, secretNames(s)))
	case x.NeededForUsers:
		c.r.w.errorOnce(n.at, "`"+n.path()+"`: the secret `"+name+"` is `neededForUsers`, which templates cannot hold")
	}
}

func (c *sopsReader) where() string {
	if c.user != nil {
		return " in the home of `" + c.user.Name + "` on host `" + c.h.Name + "`"
	}
	return " on host `" + c.h.Name + "`"
}

func secretNames(s *Sops) []string {
	var out []string
	if s != nil {
		for _, x := range s.Secrets {
			out = append(out, x.Name)
		}
	}
	return out
}

// secretPaths puts the paths of secrets for `{ secret = "NAME" }` in the
// parameters of a service.
func (r *resolver) secretPaths(h *Host, service string, params map[string]Value) map[string]Value {
	out := params
	for _, name := range sortedKeys(params) {
		ref, ok := params[name].(map[string]any)
		if !ok {
			continue
		}
		secret, ok := ref["secret"].(string)
		if !ok || len(ref) != 1 {
			continue
		}
		out = mergeShallow(out, map[string]Value{name: r.secretPath(h, service+"."+name, secret)})
	}
	return out
}

// secretPath is where a host has a secret: the system's, or that of the primary
// user's home, whose path is thereby fixed.
func (r *resolver) secretPath(h *Host, key, name string) Value {
	if x := h.Sops.Secret(name); x != nil {
		return x.Path
	}
	names := secretNames(h.Sops)
	if len(h.Users) > 0 && h.Users[0].HomeManager != nil {
		a := h.Users[0]
		if x := a.HomeManager.Sops.Secret(name); x != nil {
			x.Path, x.SaidPath = cmp.Or(x.Path, a.Home+homeFolder+name), true
			return x.Path
		}
		names = append(names, secretNames(a.HomeManager.Sops)...)
	}
	r.w.errorOnce(h.Span, "`services."+key+"`: no secret "+quoted(name)+" on host `"+h.Name+"`"+meant(name, names))
	return nil
}

// errorOnce reports what several hosts cause only once.
func (w *walker) errorOnce(at diag.Span, message string) {
	for _, d := range w.out {
		if d.Span == at && d.Message == printable(message) {
			return
		}
	}
	w.errorf(at, "%s", message)
}

// checkSopsPlatform judges what a host says itself: what a Mac does not have is
// an error there.
func (w *walker) checkSopsPlatform(h *node, platform string) {
	for _, name := range []string{"secrets", "templates"} {
		elem := sopsShape.key(name).shape.elem
		for _, x := range h.get("sops").entries(name) {
			for _, k := range x.kids {
				if def := elem.key(k.name); def != nil && !k.bad {
					w.checkPlatforms(k, def, platform)
				}
			}
		}
	}
}

// checkSecretsArg keeps the argument `secrets` for the plain data, where there
// is some.
func (w *walker) checkSecretsArg(f *Fleet) {
	if f.Secrets == nil || len(f.Secrets.Plain) == 0 {
		return
	}
	for _, h := range f.Hosts {
		if _, taken := h.SpecialArgs["secrets"]; taken {
			w.errorOnce(w.doc.root.get("secrets").get("plain").place(), "`specialArgs.secrets` is taken: modules get `secrets.plain` under that name")
		}
	}
}

// decodePlain lists the leaves of [secrets.plain], sorted by path.
func decodePlain(n *node, above []string) []PlainField {
	var out []PlainField
	if !n.is(tableNode) {
		return nil
	}
	for _, k := range n.kids {
		at := append(slices.Clip(above), k.name)
		if k.is(tableNode) {
			out = append(out, decodePlain(k, at)...)
		} else if k.is(stringNode) {
			if t, err := parsePlainType(k.str); err == nil {
				out = append(out, PlainField{Path: at, Type: t, Span: k.key})
			}
		}
	}
	slices.SortFunc(out, func(a, b PlainField) int { return slices.Compare(a.Path, b.Path) })
	return out
}
