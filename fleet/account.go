package fleet

import "cmp"

// account is what [users.NAME] and [hosts.H.accounts.NAME] may both say.
type account struct {
	fullName, shell, home          string
	uid                            *int64
	admin                          *bool
	sshKeys, extraGroups           []string
	hashed, initialHashed, pwdFile string
	pwdSecret                      string
}

func decodeAccount(n *node) account {
	a := account{
		fullName: n.text("fullName"), shell: n.text("shell"), home: n.text("home"), admin: n.flag("admin"),
		sshKeys: n.list("sshKeys"), extraGroups: n.list("extraGroups"),
		hashed: n.text("hashedPassword"), initialHashed: n.text("initialHashedPassword"), pwdFile: n.text("hashedPasswordFile"),
		pwdSecret: n.text("hashedPasswordSecret"),
	}
	if k := n.get("uid"); k.is(intNode) {
		a.uid = &k.num
	}
	return a
}

// over lays what a host says over what the user's table says.
func (a account) over(b account) account {
	if a.uid == nil {
		a.uid = b.uid
	}
	return account{
		fullName: later(b.fullName, a.fullName), shell: later(b.shell, a.shell), home: later(b.home, a.home),
		uid: a.uid, admin: laterFlag(b.admin, a.admin), sshKeys: union(b.sshKeys, a.sshKeys), extraGroups: union(b.extraGroups, a.extraGroups),
		hashed: later(b.hashed, a.hashed), initialHashed: later(b.initialHashed, a.initialHashed), pwdFile: later(b.pwdFile, a.pwdFile),
		pwdSecret: later(b.pwdSecret, a.pwdSecret),
	}
}

// on gives the user as he is on a host.
func (u *User) on(h *Host, override *node) *Account {
	a := u.account
	if override.is(tableNode) {
		a = decodeAccount(override).over(a)
	}
	out := &Account{
		Name: u.Name, FullName: a.fullName, Home: cmp.Or(a.home, defaultHome(u.Name, homePlatform(h))),
		Shell: a.shell, UID: a.uid, Admin: isOn(a.admin), SSHKeys: a.sshKeys,
	}
	if h.Platform == NixOS {
		out.ExtraGroups, out.HashedPassword, out.InitialHashedPassword, out.HashedPasswordFile = a.extraGroups, a.hashed, a.initialHashed, a.pwdFile
		out.passwordSecret = a.pwdSecret
	}
	return out
}

func defaultHome(user, platform string) string {
	switch {
	case platform == Darwin && user == "root":
		return "/var/root"
	case platform == Darwin:
		return "/Users/" + user
	case user == "root":
		return "/root"
	}
	return "/home/" + user
}
