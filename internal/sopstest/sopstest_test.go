package sopstest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"nixgen/fleet"
	"nixgen/secrets"
)

var sops string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sops")
	if err != nil {
		panic(err)
	}
	sops = filepath.Join(dir, "sops")
	build := exec.Command("go", "build", "-o", sops, "github.com/getsops/sops/v3/cmd/sops")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// repo is a repository of secrets on disk, and private keys by name.
type repo struct {
	t    *testing.T
	dir  string
	keys map[string][]string // the environment with which sops finds a key
}

func newRepo(t *testing.T) *repo {
	return &repo{t: t, dir: t.TempDir(), keys: map[string][]string{}}
}

// age makes a key and gives its recipient.
func (r *repo) age(name string) string {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		r.t.Fatal(err)
	}
	r.keys[name] = []string{"SOPS_AGE_KEY=" + id.String()}
	return id.Recipient().String()
}

// ssh makes a host key as sshd does, and gives its public half. Whether the
// converted recipient belongs to it is proved by decrypting: sops-nix converts
// the private key in the same way as sshToAge.
func (r *repo) ssh(name string) string {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, name)
	if err != nil {
		r.t.Fatal(err)
	}
	line, err := ssh.NewPublicKey(pub)
	if err != nil {
		r.t.Fatal(err)
	}
	r.keys[name] = []string{"SOPS_AGE_KEY=" + sshToAge(r.t, pem.EncodeToMemory(block))}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(line)))
}

func (r *repo) write(files map[string][]byte) {
	for name, text := range files {
		file := filepath.Join(r.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o666); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *repo) tree() *secrets.Tree {
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(r.dir), ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files[p], err = os.ReadFile(filepath.Join(r.dir, p))
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return &secrets.Tree{Files: files}
}

// as runs sops with one key alone.
func (r *repo) as(name string, args ...string) (string, error) {
	cmd := exec.Command(sops, args...)
	cmd.Dir = r.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.t.TempDir()}, r.keys[name]...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("sops %v: %w\n%s", args, err, &stderr)
	}
	return string(out), err
}

// sync does what secrets.Sync says, as the administrator.
func (r *repo) sync(f *fleet.Fleet) {
	steps, ds := secrets.Sync(f, r.tree())
	for _, d := range ds {
		r.t.Fatal(d.Message)
	}
	for _, s := range steps {
		if s.Write != nil {
			r.write(map[string][]byte{s.File: s.Write})
		}
		for _, c := range s.Commands {
			if _, err := r.as("admin", c[1:]...); err != nil {
				r.t.Fatal(err)
			}
		}
	}
}

// holds checks the repository by its text, and by decrypting.
func (r *repo) holds(f *fleet.Fleet, may map[string]string) {
	r.t.Helper()
	for _, d := range secrets.Check(f, r.tree(), nil) {
		r.t.Errorf("%s: %s", d.File, d.Message)
	}
	for file, names := range may {
		for name := range r.keys {
			_, err := r.as(name, "decrypt", file)
			if want := strings.Contains(" "+names+" ", " "+name+" "); (err == nil) != want {
				r.t.Errorf("%s decrypts %s: %v, want %v: %v", name, file, err == nil, want, err)
			}
		}
	}
}

func load(t *testing.T, format string, args ...any) *fleet.Fleet {
	f, ds := fleet.Load("hosts.toml", fmt.Appendf(nil, format, args...), fleet.Env{})
	for _, d := range ds {
		t.Log(d.Message)
	}
	return f
}

const table = `
[secrets]
perHost = "sops/{host}.json"
[keys]
admin = %q
[users.tim]
ageKey = %q
[hosts.malphas]
system = "x86_64-linux"
stateVersion = "25.11"
users = ["tim"]
ageKey = %q
[hosts.attic]
system = "x86_64-linux"
stateVersion = "25.11"
ageKey = %q
`

// TestLife: from the skeleton to a host with a new key.
func TestLife(t *testing.T) {
	r := newRepo(t)
	admin, tim, malphas, attic := r.age("admin"), r.age("tim"), r.ssh("malphas"), r.age("attic")
	f := load(t, table, admin, tim, malphas, attic)
	r.write(secrets.Skeleton(f))
	r.sync(f)
	r.holds(f, map[string]string{
		"sops/shared.yaml": "admin tim malphas attic", "sops/malphas.json": "admin tim malphas", "sops/attic.json": "admin attic",
	})

	f = load(t, table, admin, tim, malphas, r.ssh("attic2"))
	if len(secrets.Check(f, r.tree(), nil)) == 0 {
		t.Error("a new key changed nothing")
	}
	r.sync(f)
	r.holds(f, map[string]string{
		"sops/shared.yaml": "admin tim malphas attic2", "sops/malphas.json": "admin tim malphas", "sops/attic.json": "admin attic2",
	})
}

const content = `plain_x: v
deep:
    plain_y:
        z: v
    list: [v, {a: v}, 5, true, 1.5]
    secret_s: v
text: |
    v
    v
none: null
empty: ""
`

// TestParseReadsWhatSopsWrote: under each way of choosing values, exactly those
// that sops left alone are exempt, and none counts as plain.
func TestParseReadsWhatSopsWrote(t *testing.T) {
	for _, flags := range [][]string{
		nil, {"--unencrypted-suffix", "_x"}, {"--encrypted-suffix", "_s"}, {"--unencrypted-regex", "^plain"}, {"--encrypted-regex", "^(deep|text)$"},
	} {
		for _, ext := range []string{"yaml", "json"} {
			t.Run(strings.Join(append(flags, ext), " "), func(t *testing.T) {
				r := newRepo(t)
				r.write(map[string][]byte{"in.yaml": []byte(content)})
				args := append([]string{"encrypt", "--age", r.age("me"), "--output-type", ext}, flags...)
				out, err := r.as("me", append(args, "in.yaml")...)
				if err != nil {
					t.Fatal(err)
				}
				judge(t, "out."+ext, out)
			})
		}
	}
}

func judge(t *testing.T, name, text string) {
	f, ds := secrets.Parse(name, []byte(text))
	if len(ds) > 0 || !f.Encrypted || len(f.Age()) != 1 || f.LastModified == "" {
		t.Fatal(f, ds)
	}
	leaves := 0
	for _, k := range f.Keys {
		if !k.Leaf {
			continue
		}
		leaves++
		if k.Plain {
			t.Errorf("%s counts as plain:\n%s", k.Path, text)
		}
		last := k.Path[strings.LastIndex(k.Path, "/")+1:]
		line, _, _ := strings.Cut(text[k.Span.Start:], "\n")
		if got := strings.Contains(line, "ENC["); got == k.Exempt && last != "none" && last != "empty" && strings.Contains(line, ":") {
			t.Errorf("%s: encrypted %v, exempt %v: %s", k.Path, got, k.Exempt, line)
		}
	}
	if leaves != 11 {
		t.Errorf("%d values, want 11", leaves)
	}
}
