package main

import (
	"fmt"
	"slices"
	"strings"

	"nixgen/fleet"
	"nixgen/secrets"
)

// todo is what only a person can do, as a numbered list.
type todo struct {
	lines []string
	n     int
	// git: the fleet is in a git tree.
	git bool
}

// step adds one: what it is for, and the commands that do it.
func (t *todo) step(why string, commands ...string) {
	t.n++
	t.lines = append(t.lines, fmt.Sprintf("  %d. %s", t.n, why))
	for _, c := range commands {
		t.lines = append(t.lines, "       "+c)
	}
}

// nextSteps prints what is left to do for a new host.
func (w *world) nextSteps(p *project, n *newHost) {
	if n.key != nil {
		made := "made the SSH host key"
		if n.key.kept {
			made = "took the SSH host key that was made before"
		}
		fmt.Fprintf(w.stdout, "%s: %s\n", made, w.shown(n.key.file))
	}
	t := todo{git: inGitTree(p.root)}
	t.login(n.Host, n.login)
	t.secrets(w, p, n)
	switch n.Platform {
	case fleet.Darwin:
		t.mac(w, p, n)
	case fleet.Home:
		t.homes(n.Host)
	default:
		t.nixos(w, p, n)
	}
	fmt.Fprintf(w.stdout, "next, for %s:\n%s\n", n.Name, strings.Join(t.lines, "\n"))
}

// login tells of an administrator who gets in by key, and then is asked for a
// password that he does not have.
func (t *todo) login(h *fleet.Host, facts loginFacts) {
	for _, a := range h.Users {
		refused := refusals(h, a, facts)
		if refused == "" {
			continue
		}
		t.step(fmt.Sprintf("give `%s` a password: without one %s.\n"+
			"     What this prints goes into [users.%s] as `initialHashedPassword`; or say `hashedPasswordSecret`:", a.Name, refused, a.Name),
			"mkpasswd -m yescrypt")
	}
}

// secrets: rules and file exist, and are not encrypted yet.
func (t *todo) secrets(w *world, p *project, n *newHost) {
	e := n.secrets
	if e == nil {
		if n.AgeKey != "" && p.fleet.Secrets != nil {
			t.step("put a checkout of the repository of secrets beside the fleet, and write what this host needs",
				"nixgen secrets sync --run")
		}
		return
	}
	for _, problem := range e.problems {
		t.step(fmt.Sprintf("%s/.sops.yaml is your own: %s", e.shown, problem))
	}
	if n.AgeKey == "" {
		t.step("tell its key: put `age1…`, or the line of /etc/ssh/ssh_host_ed25519_key.pub, into hosts.toml as `ageKey`, then",
			"nixgen secrets sync --run")
		return
	}
	t.step("encrypt "+e.shown+"/"+e.file+", put the real values in, commit there, and lock it",
		"nixgen secrets sync --run "+shellQuote(e.shown),
		"(cd "+shellQuote(e.shown)+" && sops edit "+shellQuote(e.file)+" && git add -A && git commit -m "+shellQuote(n.Name)+")",
		"nix flake update "+shellQuote(secrets.Input(p.fleet)))
	for _, d := range e.others {
		t.step(fmt.Sprintf("its modules want `%s` in %s/%s", d.Key, e.shown, d.File))
	}
}

// mac: Apple's tools and Nix come first, and no key exists on it before.
func (t *todo) mac(w *world, p *project, n *newHost) {
	t.step("on the Mac: install Apple's command line tools and Nix, and clone the fleet", "xcode-select --install")
	switch {
	case n.key != nil:
		t.step("copy "+w.shown(n.key.file)+" to the Mac and install it there. (A Mac makes a key of its own only once\n"+
			"     Remote Login is switched on; one that is there is kept.)",
			"sudo install -d -m 755 /etc/ssh",
			"sudo install -m 600 ssh_host_ed25519_key /"+hostKeyName)
	case n.AgeKey == "" && p.fleet.Secrets != nil:
		t.step("a Mac has " + "/" + hostKeyName + " only once Remote Login was switched on (System Settings, General, Sharing):\n" +
			"     then put the line of its .pub into hosts.toml as `ageKey`")
	}
	t.step("on the Mac, in the fleet",
		"sudo nix --extra-experimental-features 'nix-command flakes' run nix-darwin/master#darwin-rebuild -- switch --flake .#"+n.Name)
	t.commit(n)
}

func (t *todo) homes(h *fleet.Host) {
	for _, a := range h.Users {
		t.step("on the machine, with Nix installed, as "+a.Name,
			"nix --extra-experimental-features 'nix-command flakes' run home-manager -- switch --flake "+shellQuote(".#"+a.Name+"@"+h.Name))
	}
}

// nixos prints the installation by nixos-anywhere; how its options are meant is
// said in its docs/cli.md and docs/howtos/secrets.md.
func (t *todo) nixos(w *world, p *project, n *newHost) {
	fresh := slices.DeleteFunc(slices.Clone(n.Disks), func(d *fleet.Disk) bool { return d.Adopt })
	switch {
	case len(n.Disks) == 0 && n.hardware == nil:
		t.step("say in hosts.toml what disks it has (`disks.main = …`), or put its hardware-configuration.nix into " + n.dir)
		return
	case len(fresh) == 0:
		t.commit(n)
		t.step("on the machine, in the fleet", "sudo nixos-rebuild switch --flake .#"+n.Name)
		return
	}
	for _, d := range fresh {
		if file := n.passphraseFile(d.Name); passwordFile(d) != "" && file != "" {
			t.step("write the passphrase of the disk `"+d.Name+"` into a file (type it, then Enter and Ctrl-D)",
				"install -m 600 /dev/stdin "+w.shown(file))
		}
	}
	t.commit(n)
	t.step("boot the NixOS installer on it, or any Linux that lets you in as root; this erases "+strings.Join(devices(fresh), ", "),
		w.installCommand(p, n, fresh))
	if n.hardware == nil {
		t.step("it wrote what the machine consists of into "+n.dir+"/"+facterFile+": generate with that, and keep it", "nixgen generate")
	}
	for _, d := range fresh {
		for _, s := range d.Steps {
			t.step("after the installation (disks." + d.Name + "), " + s)
		}
	}
	t.tidy(w, n, fresh)
}

// tidy removes what the installation needed.
func (t *todo) tidy(w *world, n *newHost, disks []*fleet.Disk) {
	if n.key == nil {
		return
	}
	files := []string{w.shown(n.key.folder)}
	for _, d := range disks {
		if passwordFile(d) != "" {
			files = append(files, w.shown(n.passphraseFile(d.Name)))
		}
	}
	t.step("when it runs, remove what it has now itself", "rm -r "+strings.Join(files, " "))
}

func (t *todo) commit(n *newHost) {
	if !t.git {
		return
	}
	t.step("commit, since others build what is committed", "git add -A && git commit -m "+shellQuote("add "+n.Name))
}

func devices(disks []*fleet.Disk) []string {
	var out []string
	for _, d := range disks {
		out = append(out, d.Devices...)
	}
	return out
}

// passwordFile is where the installer finds the passphrase of a disk, or empty.
func passwordFile(d *fleet.Disk) string {
	file, _ := d.Params["passwordFile"].(string)
	return file
}

// installCommand is the call of nixos-anywhere: by the fleet's own app where the
// flake has the input.
func (w *world) installCommand(p *project, n *newHost, disks []*fleet.Disk) string {
	args := []string{"nix", "run", "github:nix-community/nixos-anywhere", "--", "--flake", ".#" + n.Name}
	if slices.Contains(p.env.Inputs, p.fleet.Inputs.NixosAnywhere) {
		args = []string{"nix", "run", ".#install-" + n.Name, "--"}
	}
	if n.hardware == nil {
		args = append(args, "--generate-hardware-config", "nixos-facter", n.dir+"/"+facterFile)
	}
	line := shellLine(args)
	if n.key != nil {
		line += " --extra-files " + w.shown(n.key.folder)
	}
	for _, d := range disks {
		if to := passwordFile(d); to != "" {
			from := "FILE"
			if file := n.passphraseFile(d.Name); file != "" {
				from = w.shown(file)
			}
			line += " --disk-encryption-keys " + shellQuote(to) + " " + from
		}
	}
	target := n.Address
	if target == "" {
		target = "ADDRESS"
	}
	return line + " --target-host " + shellQuote("root@"+target)
}
