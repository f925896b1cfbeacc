package secrets

import (
	"regexp"
	"strings"

	"nixgen/diag"
)

// File is what a sops file says without the data key.
type File struct {
	Name string
	// Encrypted is false when the file has no sops metadata: it is plain text.
	Encrypted bool
	// Keys are all entries in the order of the file, mappings before their
	// entries; those of all documents of a YAML file.
	Keys       []Key
	Recipients []Recipient
	// LastModified is as written: RFC 3339.
	LastModified string
	// Start is where findings about the whole file point.
	Start diag.Span
	// byPath are places in Keys, the first of a path.
	byPath map[string]int
}

// Key is one entry of a sops file.
type Key struct {
	// Path is joined with "/"; entries of lists have numbers.
	Path string
	Span diag.Span
	// Leaf is false for mappings and lists.
	Leaf bool
	// Plain says that the value ought to be encrypted and is not; Exempt that
	// the file's own rules (unencrypted_suffix, encrypted_regex, …) leave it.
	Plain, Exempt bool
}

// Recipient is somebody who can decrypt a file.
type Recipient struct {
	// Kind is "age", "pgp" or the name of a cloud service in sops' metadata.
	Kind string
	// Value is the age recipient, the fingerprint, or the service's name of the
	// key.
	Value string
	Span  diag.Span
}

// Key returns the entry of that path, or nil.
func (f *File) Key(path string) *Key {
	if i, ok := f.byPath[path]; ok {
		return &f.Keys[i]
	}
	return nil
}

// add appends an entry.
func (f *File) add(k Key) {
	if f.byPath == nil {
		f.byPath = map[string]int{}
	}
	if _, ok := f.byPath[k.Path]; !ok {
		f.byPath[k.Path] = len(f.Keys)
	}
	f.Keys = append(f.Keys, k)
}

// Age lists the file's age recipients.
func (f *File) Age() []Recipient {
	var out []Recipient
	for _, r := range f.Recipients {
		if r.Kind == "age" {
			out = append(out, r)
		}
	}
	return out
}

// Readable reports whether a file has a format that Parse reads, by its name.
// sops writes what has none of these as JSON with one value, which ParseBinary
// reads.
func Readable(name string) bool {
	for _, ext := range []string{".yaml", ".yml", ".json", ".env", ".ini"} {
		if strings.HasSuffix(name, ext) {
			return true
		}
	}
	return false
}

// Parse reads a file that sops wrote, in the format that its name says. What
// cannot be read at all is one finding, and the File is nil.
func Parse(name string, src []byte) (*File, []diag.Diagnostic) {
	docs, err := parseTree(name, src)
	if err != nil {
		return nil, []diag.Diagnostic{broken(name, err)}
	}
	f := &File{Name: name}
	for _, d := range docs {
		f.document(d)
	}
	return f, nil
}

// ParseBinary reads a file of a format that sops does not know. It is not
// encrypted unless sops wrote it.
func ParseBinary(name string, src []byte) *File {
	f := &File{Name: name}
	if n, err := parseJSON(src); err == nil && n.get("sops") != nil {
		f.document(n)
	}
	return f
}

// broken is the finding about a file that is not YAML or JSON.
func broken(name string, err error) diag.Diagnostic {
	d := diag.Diagnostic{File: name, Severity: diag.Error, Rule: RuleSyntax, Message: err.Error()}
	if e, ok := err.(*syntaxError); ok {
		d.Span = diag.Span{Start: e.at, End: e.at}
	}
	return d
}

func (f *File) document(d *node) {
	if d.kind != mapping {
		f.add(Key{Span: empty(d.span), Leaf: true, Plain: !d.null})
		return
	}
	meta := d.get("sops")
	if meta != nil && meta.kind == mapping {
		f.metadata(meta)
	}
	s := newSelection(meta)
	for _, item := range d.items {
		if item.key != "sops" {
			f.walk(item, item.key, s, s.enter(s.start(), item.key))
		}
	}
}

func (f *File) metadata(meta *node) {
	f.Encrypted = true
	f.Start = meta.keySpan
	if f.LastModified == "" {
		f.LastModified = meta.get("lastmodified").value()
	}
	f.recipients(meta)
	for _, group := range meta.get("key_groups").list() {
		f.recipients(group)
	}
}

// services are sops' kinds of keys and the field that names the key.
var services = []struct{ kind, field string }{
	{"age", "recipient"}, {"pgp", "fp"}, {"kms", "arn"}, {"gcp_kms", "resource_id"},
	{"azure_kv", "vault_url"}, {"hc_vault", "vault_address"}, {"hckms", "key_id"},
}

func (f *File) recipients(group *node) {
	for _, s := range services {
		for _, item := range group.get(s.kind).list() {
			if v := item.get(s.field); v.value() != "" {
				f.Recipients = append(f.Recipients, Recipient{s.kind, v.text, v.span})
			}
		}
	}
}

func (f *File) walk(n *node, path string, s *selection, encrypted bool) {
	k := Key{Path: path, Span: n.keySpan, Leaf: n.kind == scalar, Exempt: !encrypted}
	if n.keySpan == (diag.Span{}) {
		k.Span = empty(n.span)
	}
	// sops leaves empty texts and nulls as they are: there is nothing to hide.
	k.Plain = k.Leaf && encrypted && !n.null && n.text != "" && !ciphertext.MatchString(n.text)
	f.add(k)
	for i, item := range n.items {
		if n.kind == sequence {
			f.walk(item, path+"/"+itoa(i), s, encrypted)
		} else {
			f.walk(item, path+"/"+item.key, s, s.enter(encrypted, item.key))
		}
	}
}

// empty is the place of a value, without the value: excerpts show what a span
// covers.
func empty(at diag.Span) diag.Span { return diag.Span{Start: at.Start, End: at.Start} }

// ciphertext is how sops writes an encrypted value.
var ciphertext = regexp.MustCompile(`^ENC\[AES256_GCM,data:[^,]*,iv:[^,]+,tag:[^,]+,type:[a-z]+\]$`)

// selection decides which values sops encrypts, from the file's metadata.
type selection struct {
	unencryptedSuffix, encryptedSuffix string
	unencryptedRegex, encryptedRegex   *regexp.Regexp
	byComment                          bool
}

// defaultSuffix holds when the metadata choose nothing.
const defaultSuffix = "_unencrypted"

func newSelection(meta *node) *selection {
	s := &selection{
		unencryptedSuffix: meta.get("unencrypted_suffix").value(),
		encryptedSuffix:   meta.get("encrypted_suffix").value(),
		unencryptedRegex:  compile(meta.get("unencrypted_regex").value()),
		encryptedRegex:    compile(meta.get("encrypted_regex").value()),
		byComment: meta.get("unencrypted_comment_regex").value() != "" ||
			meta.get("encrypted_comment_regex").value() != "",
	}
	if *s == (selection{}) {
		s.unencryptedSuffix = defaultSuffix
	}
	return s
}

// compile gives nil for no expression, and for one that Go does not take: sops
// would have refused it.
func compile(expr string) *regexp.Regexp {
	if expr == "" {
		return nil
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil
	}
	return re
}

// start is whether a value is encrypted before any name of its path is known.
// Selection by comments is not read: what it leaves out counts as exempt.
func (s *selection) start() bool {
	return s.encryptedSuffix == "" && s.encryptedRegex == nil && !s.byComment
}

// enter is start for everything below a key.
func (s *selection) enter(encrypted bool, key string) bool {
	switch {
	case s.unencryptedSuffix != "" && strings.HasSuffix(key, s.unencryptedSuffix),
		s.unencryptedRegex != nil && s.unencryptedRegex.MatchString(key):
		return false
	case s.encryptedSuffix != "" && strings.HasSuffix(key, s.encryptedSuffix),
		s.encryptedRegex != nil && s.encryptedRegex.MatchString(key):
		return true
	}
	return encrypted
}
