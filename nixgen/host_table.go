package main

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"nixgen/fleet"
)

// What a machine that is installed today says, for good.
const (
	stateVersionNixOS  = "26.05"
	stateVersionDarwin = 6
)

// tableText is a table of TOML in the making.
type tableText struct{ strings.Builder }

func (b *tableText) line(key string, v any) {
	if text, err := toml.Marshal(map[string]any{key: v}); err == nil {
		b.Write(text)
	}
}

// text and list write a line where there is something to say.
func (b *tableText) text(key, v string) {
	if v != "" {
		b.line(key, v)
	}
}

func (b *tableText) list(key string, v []string) {
	if len(v) > 0 {
		b.line(key, v)
	}
}

// hostTable is the new table's text. What the command line leaves open is left
// to the fleet's own defaults, but for values that a machine depends on.
func (p *project) hostTable(f hostAddFlags) (string, error) {
	var b tableText
	b.text("system", f.system)
	b.text("kind", f.kind)
	if fleet.PlatformOf(f.system, f.kind) == fleet.Darwin {
		b.line("stateVersion", stateVersionDarwin)
	} else {
		b.line("stateVersion", stateVersionNixOS)
	}
	if !f.noHome && f.kind != "home" {
		b.line("homeStateVersion", stateVersionNixOS)
	}
	if profile := p.env.Profiles[f.disk]; profile != nil && profile.HostID {
		id := make([]byte, 4)
		if _, err := rand.Read(id); err != nil {
			return "", failed(err)
		}
		b.line("hostId", hex.EncodeToString(id))
	}
	b.list("roles", f.roles)
	b.list("optIn", f.optIn)
	b.list("users", p.usersFor(f))
	b.text("address", f.address)
	b.text("ageKey", f.ageKey)
	if f.disk != "" {
		disk, err := p.diskLine(f)
		if err != nil {
			return "", err
		}
		b.WriteString(disk)
	} else if len(f.devices)+len(f.diskOptions) > 0 {
		return "", usage("`--device` and `--disk-option` belong to `--disk PROFILE`")
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

// mainDisk is the name of the disk that the command line speaks of.
const mainDisk = "main"

// diskLine is disks.main with the devices under the name that the profile has
// for them. An encrypted disk gets the file in which the installer finds the
// passphrase.
func (p *project) diskLine(f hostAddFlags) (string, error) {
	profile := p.env.Profiles[f.disk]
	if profile == nil {
		return "", usage("no disk profile `%s`%s", f.disk, didYouMean(f.disk, sortedKeys(p.env.Profiles)))
	}
	devices, err := devicesOf(profile, f.devices)
	if err != nil {
		return "", err
	}
	fields := []string{"profile = " + quoteTOML(f.disk), devices}
	given := map[string]string{}
	for _, option := range f.diskOptions {
		key, value, ok := strings.Cut(option, "=")
		if !ok || profile.Param(key) == nil {
			return "", usage("`--disk-option %s`: the profile `%s` has %s", option, f.disk, paramNames(profile))
		}
		given[key] = value
		fields = append(fields, key+" = "+valueTOML(value))
	}
	if e := given["encryption"]; e != "" && e != "none" && given["unlock"] != "keyFile" && profile.Param("passwordFile") != nil && given["passwordFile"] == "" {
		fields = append(fields, "passwordFile = "+quoteTOML("/tmp/disk-"+mainDisk+".key"))
	}
	return "disks." + mainDisk + " = { " + strings.Join(fields, ", ") + " }\n", nil
}

func devicesOf(profile *fleet.Profile, devices []string) (string, error) {
	switch {
	case len(devices) == 0:
		return "", usage("`--disk %s` needs `--device /dev/disk/by-id/…`", profile.Name)
	case profile.Param("devices") != nil:
		quoted := make([]string, len(devices))
		for i, d := range devices {
			quoted[i] = quoteTOML(d)
		}
		return "devices = [" + strings.Join(quoted, ", ") + "]", nil
	case len(devices) > 1:
		return "", usage("the profile `%s` takes one device", profile.Name)
	}
	return "device = " + quoteTOML(devices[0]), nil
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
