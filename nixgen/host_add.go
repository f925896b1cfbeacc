package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"

	"nixgen/fleet"
)

// What a machine that is installed today says, for good.
const (
	stateVersionNixOS  = "26.05"
	stateVersionDarwin = 6
)

type hostAddFlags struct {
	system, kind, disk, address  string
	roles, users, optIn, devices []string
	diskOptions                  []string
	noHome                       bool
}

func newHostAddCommand(w *world) *cobra.Command {
	var f hostAddFlags
	c := &cobra.Command{
		Use:   "add NAME --system SYSTEM",
		Short: "add a host: its table, its folder, everything generated",
		Long: `Add writes a table for a new host into hosts.toml, with the values that an
installed machine depends on (stateVersion, hostId), a first module of its own,
and generates. Then it prints what is left to do by hand.

When anything of it would be an error, nothing is written at all.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return w.hostAdd(args[0], f) },
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
	_ = c.MarkFlagRequired("system") // fails for an unknown flag only
	return c
}

func (w *world) hostAdd(name string, f hostAddFlags) error {
	p, err := w.loadWhole()
	if err != nil {
		return err
	}
	if p.fleet.Host(name) != nil {
		return usage("`%s` is a host already", name)
	}
	body, err := p.hostTable(f)
	if err != nil {
		return err
	}
	doc, _ := fleet.Parse(hostsFile, p.source)
	text, err := doc.AddTable("hosts."+name, body)
	if err != nil {
		return usage("%v", err)
	}
	next, err := w.proves(p, text)
	if err != nil {
		return err
	}
	h := next.Host(name)
	skeleton, err := w.writeSkeleton(p, h)
	if err != nil {
		return err
	}
	if err := w.save(p, text); err != nil {
		return err
	}
	w.nextSteps(p, h, skeleton)
	return nil
}

// hostTable is the new table's text. What the command line leaves open is left
// to the fleet's own defaults, but for values that a machine depends on.
func (p *project) hostTable(f hostAddFlags) (string, error) {
	var b strings.Builder
	line := func(key string, v any) {
		text, err := toml.Marshal(map[string]any{key: v})
		if err == nil {
			b.Write(text)
		}
	}
	list := func(key string, v []string) {
		if len(v) > 0 {
			line(key, v)
		}
	}
	line("system", f.system)
	if f.kind != "" {
		line("kind", f.kind)
	}
	darwin := strings.HasSuffix(f.system, "-darwin") && f.kind != "home"
	if darwin {
		line("stateVersion", stateVersionDarwin)
	} else {
		line("stateVersion", stateVersionNixOS)
	}
	if !f.noHome && f.kind != "home" {
		line("homeStateVersion", stateVersionNixOS)
	}
	if profile := p.env.Profiles[f.disk]; profile != nil && profile.HostID {
		id := make([]byte, 4)
		if _, err := rand.Read(id); err != nil {
			return "", failed(err)
		}
		line("hostId", hex.EncodeToString(id))
	}
	list("roles", f.roles)
	list("optIn", f.optIn)
	list("users", p.usersFor(f))
	if f.address != "" {
		line("address", f.address)
	}
	if f.disk != "" {
		disk, err := p.diskLine(f)
		if err != nil {
			return "", err
		}
		b.WriteString(disk)
	}
	return b.String(), nil
}

// usersFor are the users named, or else those whom every host has that says
// its users itself.
func (p *project) usersFor(f hostAddFlags) []string {
	if len(f.users) > 0 || len(p.fleet.Hosts) == 0 {
		return f.users
	}
	var everywhere []string
	for _, u := range p.fleet.Users {
		has := func(h *fleet.Host) bool {
			return slices.ContainsFunc(h.Users, func(a *fleet.Account) bool { return a.Name == u.Name })
		}
		if !slices.ContainsFunc(p.fleet.Hosts, func(h *fleet.Host) bool { return !has(h) }) {
			everywhere = append(everywhere, u.Name)
		}
	}
	return everywhere
}

// diskLine is disks.main with the devices under the name that the profile has
// for them.
func (p *project) diskLine(f hostAddFlags) (string, error) {
	profile := p.env.Profiles[f.disk]
	if profile == nil {
		return "", usage("no disk profile `%s`%s", f.disk, didYouMean(f.disk, sortedKeys(p.env.Profiles)))
	}
	devices := ""
	switch {
	case len(f.devices) == 0:
		return "", usage("`--disk %s` needs `--device /dev/disk/by-id/…`", f.disk)
	case profile.Param("devices") != nil:
		quoted := make([]string, len(f.devices))
		for i, d := range f.devices {
			quoted[i] = quoteTOML(d)
		}
		devices = "devices = [" + strings.Join(quoted, ", ") + "]"
	case len(f.devices) > 1:
		return "", usage("the profile `%s` takes one device", f.disk)
	default:
		devices = "device = " + quoteTOML(f.devices[0])
	}
	fields := []string{"profile = " + quoteTOML(f.disk), devices}
	for _, option := range f.diskOptions {
		key, value, ok := strings.Cut(option, "=")
		if !ok || profile.Param(key) == nil {
			return "", usage("`--disk-option %s`: the profile `%s` has %s", option, f.disk, paramNames(profile))
		}
		fields = append(fields, key+" = "+valueTOML(value))
	}
	return "disks.main = { " + strings.Join(fields, ", ") + " }\n", nil
}

func paramNames(profile *fleet.Profile) string {
	var names []string
	for _, p := range profile.Params {
		names = append(names, "`"+p.Name+"`")
	}
	return strings.Join(names, ", ")
}

// valueTOML is a value of the command line: a TOML value if it reads as one, as
// `true` and `12` do, else a string.
func valueTOML(s string) string {
	var v map[string]any
	if _, err := toml.Decode("v = "+s, &v); err == nil && len(v) == 1 && !strings.ContainsAny(s, "\n#") {
		return s
	}
	return quoteTOML(s)
}

// quoteTOML is a TOML string.
func quoteTOML(s string) string {
	text, err := toml.Marshal(map[string]string{"k": s})
	if err != nil {
		return `""`
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(text), "k = "), "\n")
}

const skeletonText = "# What belongs to this host alone.\n{\n}\n"

// writeSkeleton writes the host's first module, where it has none, and makes
// git know it. A host of home-manager alone needs none.
func (w *world) writeSkeleton(p *project, h *fleet.Host) (string, error) {
	if h.Platform == fleet.Home || len(p.filesOf(h.Name)) > 0 {
		return "", nil
	}
	dir, err := hostFolder(&p.fleet.Layout, h.Name, h.Platform)
	if err != nil {
		return "", failed(err)
	}
	root, err := os.OpenRoot(p.root)
	if err != nil {
		return "", failed(err)
	}
	defer root.Close()
	file := path.Join(dir, "default.nix")
	if _, err := root.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err := root.MkdirAll(dir, 0o777); err != nil {
		return "", failed(err)
	}
	if err := root.WriteFile(file, []byte(skeletonText), 0o666); err != nil {
		return "", failed(err)
	}
	if inGitTree(p.root) {
		if _, err := git(p.root, nil, "add", "-N", "--", file); err != nil {
			return "", failed(err)
		}
	}
	return file, nil
}

// nextSteps prints what only a person can do.
func (w *world) nextSteps(p *project, h *fleet.Host, skeleton string) {
	out := w.stdout
	if skeleton != "" {
		fmt.Fprintln(out, "wrote", skeleton)
	}
	flake := p.fleet.Flake
	if flake == "" {
		flake = "."
	}
	fmt.Fprintf(out, "next, for %s:\n", h.Name)
	switch h.Platform {
	case fleet.Darwin:
		fmt.Fprintf(out, "  on the Mac, with Nix installed:\n    sudo nix run nix-darwin -- switch --flake %s#%s\n", flake, h.Name)
	case fleet.Home:
		for _, a := range h.Users {
			fmt.Fprintf(out, "  on the machine, with Nix installed:\n    nix run home-manager -- switch --flake '%s#%s@%s'\n", flake, a.Name, h.Name)
		}
	default:
		w.installSteps(p, h)
	}
}

func (w *world) installSteps(p *project, h *fleet.Host) {
	if len(h.Disks) == 0 {
		fmt.Fprintln(w.stdout, "  say in hosts.toml what disks it has (`disks.main = …`), or put its hardware-configuration.nix into its folder")
		return
	}
	target := h.Address
	if target == "" {
		target = "ADDRESS"
	}
	hardware := ""
	if dir, err := hostFolder(&p.fleet.Layout, h.Name, h.Platform); err == nil {
		hardware = " --generate-hardware-config nixos-facter " + shellQuote(dir+"/facter.json")
	}
	fmt.Fprintf(w.stdout, "  boot the NixOS installer on it; this erases its disks:\n"+
		"    nix run github:nix-community/nixos-anywhere -- --flake .#%s%s --target-host root@%s\n", h.Name, hardware, target)
}
