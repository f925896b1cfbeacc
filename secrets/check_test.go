package secrets

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
	"filippo.io/age/plugin"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/internal/golden"
)

// person is the identity that a test's name stands for, the same in each run.
func person(t testing.TB, name string) *age.X25519Identity {
	t.Helper()
	sum := sha256.Sum256([]byte(name))
	text := strings.Replace(plugin.EncodeIdentity("x", sum[:]), "AGE-PLUGIN-X-", "AGE-SECRET-KEY-", 1)
	id, err := age.ParseX25519Identity(rechecksum(text[:len(text)-6]))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

var personRE = regexp.MustCompile(`@([a-z]+)`)

// people puts recipients in the place of @name.
func persons(t testing.TB, s string) string {
	return personRE.ReplaceAllStringFunc(s, func(m string) string { return person(t, m[1:]).Recipient().String() })
}

const sealedValue = "ENC[AES256_GCM,data:Tr7oo=,iv:1vIqk5yA0d8VRIT9AvqRvwwHn8nvYz5ZuA0LS0XKdqY=,tag:nEgn5yC+B7uc2UDpTqDGCQ==,type:str]"

// sealed makes a sops file of a text: `ENC` becomes an encrypted value, and a
// last line `#sops NAME… [; MORE]` the metadata, with a data key that is really
// encrypted to each name.
func sealed(t testing.TB, text string) []byte {
	body, line, ok := strings.Cut(text, "#sops ")
	body = strings.ReplaceAll(body, "ENC\n", sealedValue+"\n")
	if !ok {
		return []byte(persons(t, body))
	}
	names, more, _ := strings.Cut(strings.TrimSpace(line), ";")
	var b strings.Builder
	b.WriteString(body + "sops:\n    age:\n")
	for _, n := range strings.Fields(names) {
		fmt.Fprintf(&b, "        - recipient: %s\n          enc: |\n", person(t, n).Recipient())
		for _, l := range strings.Split(strings.TrimSpace(stanza(t, n)), "\n") {
			b.WriteString("            " + l + "\n")
		}
	}
	b.WriteString("    lastmodified: \"2026-01-02T03:04:05Z\"\n    mac: " + sealedValue + "\n")
	for _, m := range strings.Split(more, ";") {
		if m = strings.TrimSpace(m); m != "" {
			b.WriteString("    " + strings.ReplaceAll(m, "\\n", "\n") + "\n")
		}
	}
	b.WriteString("    version: 3.10.2\n")
	return []byte(persons(t, b.String()))
}

func stanza(t testing.TB, name string) string {
	var b bytes.Buffer
	a := armor.NewWriter(&b)
	w, err := age.Encrypt(a, person(t, name).Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, strings.Repeat("k", 32)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// load reads hosts.toml of an archive, and its repository of secrets: every
// file below repo/. A file `.sops.yaml` that says `generated` is what Rules
// prints.
func load(t testing.TB, ar *txtar.Archive) (*fleet.Fleet, *Tree) {
	t.Helper()
	tree := &Tree{Prefix: "repo/", Files: map[string][]byte{}}
	var f *fleet.Fleet
	for _, x := range ar.Files {
		if x.Name == "hosts.toml" {
			var ds []diag.Diagnostic
			f, ds = fleet.Load("hosts.toml", []byte(persons(t, string(x.Data))), fleet.Env{})
			for _, d := range ds {
				if d.Severity == diag.Error {
					t.Fatal(d.Message)
				}
			}
		}
		if name, ok := strings.CutPrefix(x.Name, "repo/"); ok {
			tree.Files[name] = sealed(t, string(x.Data))
		}
	}
	if strings.TrimSpace(string(tree.Files[ConfigFile])) == "generated" {
		tree.Files[ConfigFile] = Rules(f)
	}
	return f, tree
}

// shown are findings as people read them, recipients by their test names.
func shown(t testing.TB, tree *Tree, hosts []byte, ds []diag.Diagnostic, names []string) string {
	var b strings.Builder
	place := func(file string, at diag.Span) string {
		src := hosts
		if n, ok := strings.CutPrefix(file, tree.Prefix); ok {
			src = tree.Files[n]
		}
		if at.Start < 0 || at.Start > at.End || at.End > len(src) {
			t.Errorf("%s: %v lies outside of the %d bytes", file, at, len(src))
		}
		p := diag.NewLines(src).Position(at.Start)
		return fmt.Sprintf("%s:%d:%d", file, p.Line, p.Column)
	}
	for _, d := range ds {
		fmt.Fprintf(&b, "%s: %s: %s [%s]\n", place(d.File, d.Span), d.Severity, d.Message, d.Rule)
		if len(d.Hosts) > 1 {
			fmt.Fprintf(&b, "\ton %s\n", strings.Join(d.Hosts, ", "))
		}
		for _, n := range d.Notes {
			fmt.Fprintf(&b, "\t%s: %s\n", place(n.File, n.Span), n.Message)
		}
	}
	out := b.String()
	for _, n := range names {
		out = strings.ReplaceAll(out, person(t, n).Recipient().String(), "@"+n)
	}
	return out
}

var everybody = []string{"admin", "tim", "ana", "malphas", "attic", "eve", "vm"}

// TestCheck holds every finding with its place, and the steps that sync would
// take. Each archive has a fleet, a repository, and what is said about them.
func TestCheck(t *testing.T) {
	files, err := filepath.Glob("testdata/check/*.txtar")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f, tree := load(t, ar)
			ds := Check(f, tree, factsOf(ar))
			got := shown(t, tree, []byte(persons(t, string(hostsToml(ar)))), ds, everybody)
			sections(t, file, ar, map[string]string{"want": got, "steps": steps(t, f, tree), "next": Next(f, tree, ds) + "\n"})
			for _, d := range ds {
				checkStyle(t, d)
			}
		})
	}
}

func hostsToml(ar *txtar.Archive) []byte {
	for _, x := range ar.Files {
		if x.Name == "hosts.toml" {
			return x.Data
		}
	}
	return nil
}

// factsOf reads lines `HOST secret KEY [FILE]`, `HOST path KEY PATH`, `HOST key
// PATH`, `HOST default PATH`, `HOST persist DIR`.
func factsOf(ar *txtar.Archive) []Facts {
	by := map[string]*Facts{}
	var order []*Facts
	for _, x := range ar.Files {
		if x.Name != "facts" {
			continue
		}
		for line := range strings.Lines(string(x.Data)) {
			w := append(strings.Fields(line), "", "")
			if by[w[0]] == nil {
				by[w[0]] = &Facts{Host: w[0]}
				order = append(order, by[w[0]])
			}
			h, at := by[w[0]], Place{File: "hosts.toml"}
			switch w[1] {
			case "secret":
				h.Declared = append(h.Declared, Declared{Key: w[2], File: w[3], At: at})
			case "path":
				h.Declared = append(h.Declared, Declared{Key: w[2], Path: w[3], At: at})
			case "key", "default":
				h.Identities = append(h.Identities, Identity{Path: w[2], Default: w[1] == "default", At: at})
			case "persist":
				h.Persist = append(h.Persist, w[2])
			default:
				panic(line)
			}
		}
	}
	var out []Facts
	for _, h := range order {
		out = append(out, *h)
	}
	return out
}

func steps(t testing.TB, f *fleet.Fleet, tree *Tree) string {
	list, ds := Sync(f, tree)
	if len(ds) > 0 {
		return "none: " + fmt.Sprint(len(ds)) + " findings\n"
	}
	var b strings.Builder
	for _, s := range list {
		if s.Write != nil {
			b.WriteString("write " + s.File + "\n")
		}
		for _, c := range s.Commands {
			b.WriteString(strings.Join(c, " ") + "\n")
		}
		for _, why := range s.Why {
			b.WriteString("  " + why + "\n")
		}
	}
	out := b.String()
	for _, n := range everybody {
		out = strings.ReplaceAll(out, person(t, n).Recipient().String(), "@"+n)
	}
	return out
}

// sections compares or rewrites those at the end of an archive.
func sections(t *testing.T, file string, ar *txtar.Archive, got map[string]string) {
	t.Helper()
	out := &txtar.Archive{Comment: ar.Comment}
	old := map[string]string{}
	for _, x := range ar.Files {
		if _, ok := got[x.Name]; ok {
			old[x.Name] = string(x.Data)
		} else {
			out.Files = append(out.Files, x)
		}
	}
	for _, name := range []string{"want", "steps", "next", "rules"} {
		text, ok := got[name]
		if !ok {
			continue
		}
		out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(text)})
		if d := cmp.Diff(old[name], text); d != "" && !golden.Updating() {
			t.Errorf("%s: %s (-want +got):\n%s", file, name, d)
		}
	}
	golden.Archive(t, file, ar, out)
}

var styleRE = regexp.MustCompile("^[a-z`]")

// checkStyle: messages begin in lower case, have no final period, and hold no
// value of a file: the tests' values all say "hunter2".
func checkStyle(t *testing.T, d diag.Diagnostic) {
	t.Helper()
	if !styleRE.MatchString(d.Message) || strings.HasSuffix(d.Message, ".") || strings.Count(d.Message, "`")%2 != 0 || strings.Contains(d.Message, "hunter2") {
		t.Errorf("style of %q", d.Message)
	}
}
