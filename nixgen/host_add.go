package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nixgen/fleet"
	"nixgen/internal/outtree"
	"nixgen/layout"
	"nixgen/report"
)

type hostAddFlags struct {
	system, kind, disk, address  string
	roles, users, optIn, devices []string
	diskOptions                  []string
	hardware, ageKey, keyDir     string
	noHome, noHostKey            bool
	interactive                  bool
}

func newHostAddCommand(w *world) *cobra.Command {
	var f hostAddFlags
	c := &cobra.Command{
		Use:   "add NAME --system SYSTEM",
		Short: "add a host: its table, its folder, its key, everything generated",
		Long: `Add writes a table for a new host into hosts.toml, with the values that an
installed machine depends on (stateVersion, hostId), a first module of its own,
and generates. Then it lints, and prints what is left to do by hand, with the
command that installs the machine.

The SSH host key is made in advance, below nixgen/host-keys in the user's data
folder ($XDG_DATA_HOME, ~/.local/share), never in the tree; its age recipient
goes into hosts.toml. So secrets can be encrypted to a machine that does not
exist yet, and the installer takes the key along. A Mac gets one where the fleet
has secrets. Where a checkout of the repository of secrets is at hand, the rules
in .sops.yaml and a file with the keys that the host's modules declare are
written too; "nixgen secrets sync --run" encrypts it.

--hardware picks up a hardware-configuration.nix, without the mounts that the
disk's profile provides, or a report of nixos-facter; so are those that lie in
the host's folder already.

When anything of it would be an error, nothing is written at all.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return w.hostAdd(strings.Join(args, ""), f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.system, "system", "", "`SYSTEM` of the host, such as x86_64-linux")
	flags.StringVar(&f.kind, "kind", "", "`KIND` of the host: "+strings.Join(fleet.Kinds, ", "))
	flags.StringSliceVar(&f.roles, "role", nil, "`ROLE` of the host (may be given several times)")
	flags.StringSliceVar(&f.users, "user", nil, "`USER` of the host; by default those who are on every other host")
	flags.StringSliceVar(&f.optIn, "opt-in", nil, "opt-in `MODULE` it subscribes to")
	flags.StringVar(&f.disk, "disk", "", "disk `PROFILE` of the disk `main`")
	flags.StringSliceVar(&f.devices, "device", nil, "`DEVICE` of that disk, /dev/disk/by-id/…")
	flags.StringArrayVar(&f.diskOptions, "disk-option", nil, "`KEY=VALUE` of the disk's profile, such as topology=mirror")
	flags.StringVar(&f.address, "address", "", "`ADDRESS` under which the host is reached")
	flags.BoolVar(&f.noHome, "no-home", false, "no home-manager on this host")
	flags.StringVar(&f.hardware, "hardware", "", "`FILE` that describes the machine: hardware-configuration.nix or facter.json")
	flags.StringVar(&f.ageKey, "age-key", "", "`RECIPIENT` of a machine that has a key: age1… or the ssh-ed25519 public key")
	flags.StringVar(&f.keyDir, "key-dir", "", "`DIR` for the private host key, outside of what git and flakes see")
	flags.BoolVar(&f.noHostKey, "no-host-key", false, "make no SSH host key")
	flags.BoolVarP(&f.interactive, "interactive", "i", false, "ask for what the command line leaves open")
	c.MarkFlagsMutuallyExclusive("age-key", "no-host-key", "key-dir")
	return c
}

// newHost is a host on its way into the fleet.
type newHost struct {
	*fleet.Host
	// text is hosts.toml with it.
	text []byte
	// dir is its folder, empty where it has none.
	dir string
	// files are to be written, by name: those that are new or changed.
	files map[string][]byte
	// key is nil where none is made.
	key      *machineKey
	hardware *hardware
	// secrets is what the repository of secrets was given, nil without one.
	secrets *enrolment
	// login is what its modules say of passwords.
	login loginFacts
}

func (w *world) hostAdd(name string, f hostAddFlags) error {
	p, err := w.loadWhole()
	if err != nil {
		return err
	}
	if f.interactive {
		if err := w.interview(p, &name, &f); err != nil {
			return err
		}
	}
	n, err := w.planHost(p, name, f)
	if err != nil {
		return err
	}
	if err := w.writeHost(p, n); err != nil {
		return err
	}
	next, err := w.loadWhole()
	if err != nil {
		return err
	}
	if n.secrets, err = w.enrol(next, n.Host); err != nil {
		return err
	}
	linted := w.lintHost(n)
	if e := (*exitError)(nil); errors.As(linted, &e) && e.code == exitFailed {
		return linted
	}
	w.nextSteps(next, n)
	return linted
}

// planHost works out everything about a new host and writes nothing.
func (w *world) planHost(p *project, name string, f hostAddFlags) (*newHost, error) {
	switch {
	case name == "":
		return nil, usage("the host has no name; say `nixgen host add NAME`, or `--interactive`")
	case !fleet.ValidHostName(name):
		return nil, usage("`%s` is no host name: at most 63 letters, digits and inner hyphens (RFC 1123)", name)
	case p.fleet.Host(name) != nil:
		return nil, usage("`%s` is a host already", name)
	case f.system == "":
		return nil, usage("what machine is `%s`? Say `--system SYSTEM`, such as x86_64-linux, or `--interactive`", name)
	}
	n := &newHost{files: map[string][]byte{}}
	if err := w.tryTable(p, n, name, f); err != nil {
		return nil, err
	}
	if w.wantsKey(p, n.Host, f) {
		key, err := w.prepareKey(p, n.Host, f.keyDir)
		if err != nil {
			return nil, err
		}
		f.ageKey = key.recipient
		if err := w.tryTable(p, n, name, f); err != nil {
			return nil, err
		}
		n.key = key
	}
	return n, w.planFiles(p, n, f)
}

// tryTable adds the table to hosts.toml, in memory, and takes the host from it.
func (w *world) tryTable(p *project, n *newHost, name string, f hostAddFlags) error {
	body, err := p.hostTable(f)
	if err != nil {
		return err
	}
	doc, _ := fleet.Parse(hostsFile, p.source)
	if n.text, err = doc.AddTable("hosts."+name, body); err != nil {
		return usage("%v", err)
	}
	next, err := w.proves(p, n.text, p.listing.files)
	if err != nil {
		return err
	}
	n.Host = next.Host(name)
	return nil
}

// wantsKey decides whether a key is made: for every machine with NixOS, and for
// a Mac whose fleet has secrets.
func (w *world) wantsKey(p *project, h *fleet.Host, f hostAddFlags) bool {
	if f.noHostKey || f.ageKey != "" {
		return false
	}
	return h.Platform == fleet.NixOS || h.Platform == fleet.Darwin && (p.fleet.Secrets != nil || f.keyDir != "")
}

const skeletonText = "# What belongs to this host alone.\n{\n}\n"

// planFiles are the files of the host's folder: its first module, where it has
// none, and what describes the hardware.
func (w *world) planFiles(p *project, n *newHost, f hostAddFlags) error {
	if n.Platform == fleet.Home {
		return w.noHardware(n, f)
	}
	dir, err := hostFolder(&p.fleet.Layout, n.Name, n.Platform)
	if err != nil {
		return failed(err)
	}
	n.dir = dir
	entry := path.Join(dir, "default.nix")
	if len(p.inventory.HostRole(n.Name, "", layout.Entry)) == 0 {
		n.files[entry] = []byte(skeletonText)
		if there := p.file(entry); there != nil { // git does not know it yet
			n.files[entry] = there
		}
	}
	if err := w.planHardware(p, n, f.hardware); err != nil {
		return err
	}
	_, err = w.proves(p, n.text, union(p.listing.files, sortedKeys(n.files)))
	return err
}

func (w *world) noHardware(n *newHost, f hostAddFlags) error {
	if f.hardware == "" {
		return nil
	}
	_, err := w.readHardware(f.hardware, nil, n.Host)
	return err
}

// planHardware takes the file that the command line names, or those that lie in
// the host's folder.
func (w *world) planHardware(p *project, n *newHost, given string) error {
	if given != "" {
		text, err := os.ReadFile(w.path(given))
		if err != nil {
			return failed(err)
		}
		if n.hardware, err = w.readHardware(given, text, n.Host); err != nil {
			return err
		}
		to := n.hardware.place(n.dir)
		if there := p.file(to); there != nil && !slices.Equal(there, n.hardware.text) {
			return &exitError{exitAttention, fmt.Errorf("nothing was written: `%s` is there already", to)}
		}
		n.files[to] = n.hardware.text
		return nil
	}
	if n.Platform != fleet.NixOS {
		return nil
	}
	for _, name := range []string{facterFile, hardwareFile} {
		to := path.Join(n.dir, name)
		text := p.file(to)
		if text == nil {
			continue
		}
		found, err := w.readHardware(to, text, n.Host)
		if err != nil {
			return err
		}
		n.hardware, n.files[to] = found, found.text
	}
	return nil
}

// union is the sorted union of two lists.
func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// writeHost writes the key first: what is encrypted to it needs it. What is
// written before an error is taken back, but for a key.
func (w *world) writeHost(p *project, n *newHost) error {
	if n.key != nil {
		if err := n.key.write(); err != nil {
			return err
		}
	}
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return failed(err)
	}
	defer root.Close()
	var made []string
	for _, name := range sortedKeys(n.files) {
		isNew, err := putFile(root, name, n.files[name])
		if isNew {
			made = append(made, name)
		}
		if err != nil {
			takeBack(root, made)
			return failed(err)
		}
	}
	if names := sortedKeys(n.files); inGitTree(p.root) && len(names) > 0 {
		if _, err := git(p.root, nil, append([]string{"add", "-N", "--"}, names...)...); err != nil {
			takeBack(root, made)
			return failed(err)
		}
	}
	if err := w.save(p, n.text); err != nil {
		return err
	}
	for _, name := range made {
		fmt.Fprintln(w.stdout, "wrote", name)
	}
	if n.hardware != nil && n.hardware.dropped != nil {
		fmt.Fprintf(w.stdout, "%s is without what the disk's profile says: %s\n",
			n.hardware.place(n.dir), strings.Join(n.hardware.dropped, ", "))
	}
	return nil
}

// putFile writes a file below a folder, or replaces one of another content at
// once.
func putFile(root *os.Root, name string, content []byte) (isNew bool, err error) {
	old, err := root.ReadFile(name)
	switch {
	case err == nil && slices.Equal(old, content):
		return false, nil
	case err == nil:
		return false, outtree.WriteFile(filepath.Join(root.Name(), filepath.FromSlash(name)), content)
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	return true, writeNew(root, name, content)
}

// lintHost prints what lint finds about the host; that is the exit code of add.
func (w *world) lintHost(n *newHost) error {
	t, err := w.lintTree(nil, lintOptions{})
	if err != nil {
		return err
	}
	ds, err := t.work.Lint(t.cfg)
	if err != nil {
		return w.internal(err)
	}
	n.login = w.loginFacts(t, n.Name)
	var own []int
	for i, d := range ds {
		f, _ := t.work.Inventory.File(d.File)
		if slices.Contains(d.Hosts, n.Name) || f.Host == n.Name {
			own = append(own, i)
		}
	}
	if len(own) == 0 {
		return nil
	}
	picked := ds[:0:0]
	for _, i := range own {
		picked = append(picked, ds[i])
	}
	fmt.Fprintf(w.stdout, "`nixgen lint` says of %s:\n", n.Name)
	return w.printFindings(t, picked, report.Options{})
}

// passphraseFile is where the person who installs a host puts the passphrase of
// a disk.
func (n *newHost) passphraseFile(disk string) string {
	if n.key == nil {
		return ""
	}
	return filepath.Join(filepath.Dir(n.key.folder), n.Name+".disk-"+disk)
}
