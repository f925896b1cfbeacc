package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"nixgen/fleet"
	"nixgen/secrets"
)

// machineKey is the SSH host key of a machine that is not installed yet. It is made
// first, so that secrets can be encrypted to it before the machine exists.
type machineKey struct {
	// folder holds what nixos-anywhere copies to the new machine (--extra-files),
	// file the private key in it.
	folder, file string
	// recipient is the age recipient that belongs to the key.
	recipient       string
	private, public []byte
	// kept is set where the key is there already; ignore where the folder above
	// must be made invisible to git.
	kept, ignore bool
}

// hostKeyName is where sshd, and so sops-nix, looks for the key.
const hostKeyName = "etc/ssh/ssh_host_ed25519_key"

// prepareKey makes a host's key, or reads the one that was made for it before.
// Nothing is written.
func (w *world) prepareKey(p *project, h *fleet.Host, dir string) (*machineKey, error) {
	dir, ignore, err := w.keyFolder(p, dir)
	if err != nil {
		return nil, err
	}
	k, err := loadKey(dir, h.Name, keyPlaces(h)[0])
	if err != nil || k.kept {
		return k, err
	}
	k.ignore = ignore
	return k, k.generate(h.Name)
}

// loadKey reads a key that was made before for a place on the machine; one that
// was not has no content.
func loadKey(dir, name, place string) (*machineKey, error) {
	k := &machineKey{folder: filepath.Join(dir, name)}
	k.file = filepath.Join(k.folder, filepath.FromSlash(place))
	var err error
	switch k.private, err = os.ReadFile(k.file); {
	case err == nil:
		k.kept = true
		return k, k.read()
	case !errors.Is(err, fs.ErrNotExist):
		return nil, failed(err)
	}
	return k, nil
}

func (k *machineKey) generate(name string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return failed(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "root@"+name)
	if err != nil {
		return failed(err)
	}
	k.private = pem.EncodeToMemory(block)
	return k.read()
}

// read takes the public half and the recipient from the private key.
func (k *machineKey) read() error {
	signer, err := ssh.ParsePrivateKey(k.private)
	if err != nil {
		return failed(fmt.Errorf("`%s` is no private key: %w", k.file, err))
	}
	k.public = ssh.MarshalAuthorizedKey(signer.PublicKey())
	k.recipient, err = secrets.AgeRecipient(string(k.public))
	if err != nil {
		return failed(fmt.Errorf("`%s`: %w", k.file, err))
	}
	return nil
}

// write writes both halves: the private one for its owner alone, the folders as
// they shall be on the machine.
func (k *machineKey) write() error {
	if k.kept {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(k.folder), 0o700); err != nil {
		return failed(err)
	}
	if k.ignore {
		if err := writeOnce(filepath.Join(filepath.Dir(k.folder), ".gitignore"), []byte("*\n"), 0o644); err != nil {
			return failed(err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(k.file), 0o755); err != nil {
		return failed(err)
	}
	if err := writeOnce(k.file, k.private, 0o600); err != nil {
		return failed(err)
	}
	if err := writeOnce(k.file+".pub", k.public, 0o644); err != nil {
		return failed(err)
	}
	return nil
}

func writeOnce(name string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// keyFolder is where private keys of new hosts wait for the installation: what
// the command line says, or a folder of the user's own. One that git or a flake
// would copy is refused; ignore is set where a .gitignore of ours keeps it from
// that.
func (w *world) keyFolder(p *project, dir string) (_ string, ignore bool, err error) {
	if dir == "" {
		data := w.getenv("XDG_DATA_HOME")
		if home := w.getenv("HOME"); data == "" && home != "" {
			data = filepath.Join(home, ".local", "share")
		}
		if !filepath.IsAbs(data) {
			return "", false, usage("neither `XDG_DATA_HOME` nor `HOME` says where private keys go: say `--key-dir DIR` or `--no-host-key`")
		}
		dir = filepath.Join(data, "nixgen", "host-keys")
	}
	dir = w.path(dir)
	ignore, err = private(p.root, dir)
	return dir, ignore, err
}

// private refuses a folder whose files git or a flake would take along. In a git
// tree a flake copies what git knows; elsewhere it copies everything.
func private(root, dir string) (ignore bool, err error) {
	real := existing(dir)
	if inGitTree(real) {
		if known, err := git(real, nil, "ls-files", "--", dir); err != nil || len(known) > 0 {
			return false, usage("`%s` is a folder that git knows, and a private key is no part of a repository: say `--key-dir DIR`", dir)
		}
		_, err := git(real, nil, "check-ignore", "-q", filepath.Join(dir, "key"))
		return err != nil, nil
	}
	for _, tree := range []string{root, "/nix/store"} {
		if rel, err := filepath.Rel(tree, dir); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return false, usage("`%s` is a part of `%s`, which the store makes readable for everybody: say `--key-dir DIR`", dir, tree)
		}
	}
	return false, nil
}

// existing is the nearest folder above a path that is there.
func existing(dir string) string {
	for dir != filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// preparedKey finds the key that `host add` made for a host: its folder, or ""
// where there is none, or one that is not the host's.
func (w *world) preparedKey(p *project, h *fleet.Host) (string, error) {
	dir, _, err := w.keyFolder(p, "")
	if err != nil || h.AgeKey == "" {
		return "", nil // none was made there
	}
	want, err := secrets.AgeRecipient(h.AgeKey)
	if err != nil {
		return "", nil
	}
	for _, place := range keyPlaces(h) {
		k, err := loadKey(dir, h.Name, place)
		if err != nil {
			return "", err
		}
		if k.kept && k.recipient == want {
			return k.folder, nil
		}
	}
	return "", nil
}

// keyPlaces are where a host may have its key, relative to its root: first what
// sops-nix is told, then below the folders that survive a boot.
func keyPlaces(h *fleet.Host) []string {
	var out []string
	add := func(dir string) { out = append(out, strings.TrimPrefix(path.Join(dir, hostKeyName), "/")) }
	if h.Sops != nil {
		for _, file := range h.Sops.Age.SSHKeyPaths {
			if dir, ok := strings.CutSuffix(file, hostKeyName); ok {
				add(dir)
			}
		}
	}
	for _, d := range h.Disks {
		if dir, ok := d.Params["impermanence"].(string); ok && dir != "" {
			add(dir)
		}
	}
	if dir := h.Spec.PersistFolder; dir != nil && *dir != "" {
		add(*dir)
	}
	add("")
	return slices.Compact(out)
}

// shown is a file name as a person's shell reads it, with ~ for the home folder.
func (w *world) shown(file string) string {
	if rel, err := filepath.Rel(w.dir, file); err == nil && !strings.HasPrefix(rel, "..") {
		return shellQuote(filepath.ToSlash(rel))
	}
	home := w.getenv("HOME")
	if rel, err := filepath.Rel(home, file); home != "" && err == nil && !strings.HasPrefix(rel, "..") {
		return "~/" + shellQuote(filepath.ToSlash(rel))
	}
	return shellQuote(file)
}
