package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/lint"
	"nixgen/outline"
)

// loginFacts are what a host's modules say of passwords, beside hosts.toml.
type loginFacts struct {
	// passwords: a module gives somebody one, or may. freeSudo: sudo asks for
	// none.
	passwords, freeSudo bool
}

// refusals says what an administrator cannot do for want of a password; "" where
// nothing is wrong, or where a module may have seen to it.
func refusals(h *fleet.Host, a *fleet.Account, facts loginFacts) string {
	if h.Platform != fleet.NixOS || !a.Admin || a.Name == "root" || a.HasPassword() || facts.passwords {
		return ""
	}
	screen := h.Kind == "desktop" || h.Kind == "laptop"
	switch {
	case screen && facts.freeSudo:
		return "he cannot log in at the screen"
	case screen:
		return "he can neither log in at the screen nor use sudo"
	case facts.freeSudo:
		return ""
	}
	return "he can log in with his SSH key and not use sudo"
}

// loginFacts reads a host's modules as lint does.
func (w *world) loginFacts(t *lintTree, host string) loginFacts {
	var facts loginFacts
	for _, h := range t.work.Hosts {
		if h.Name != host {
			continue
		}
		for _, m := range h.Modules {
			if m.Class == lint.NixOS {
				for _, d := range m.Out.Defs {
					facts.read(m, d, nil)
				}
			}
		}
	}
	return facts
}

var passwordRE = regexp.MustCompile(`^(initial)?([hH]ashed)?[pP]assword(File)?$`)

// read looks at `users.users.NAME.…` and `security.sudo.…`; a name that is not
// known counts as any.
func (f *loginFacts) read(m *lint.Module, d *outline.Def, above []string) {
	if m.Truth(d.Guards) == outline.False {
		return
	}
	name, ok := m.Name(d)
	if !ok {
		name = "*"
	}
	path := append(above[:len(above):len(above)], name)
	switch {
	case len(path) == 1 && name != "users" && name != "security":
		return
	case len(path) == 4 && path[1] == "users":
		f.passwords = f.passwords || passwordRE.MatchString(name) || name == "*"
	case len(path) == 3 && strings.Join(path, ".") == "security.sudo.wheelNeedsPassword":
		b, known := value(m, d).(outline.Bool)
		f.freeSudo = f.freeSudo || !known || !bool(b)
	}
	if len(path) < 4 {
		for _, k := range d.Kids {
			f.read(m, k, path)
		}
	}
}

// passwordTextRE finds what may give somebody a password or spare him one.
var passwordTextRE = regexp.MustCompile(`\b(initial)?([hH]ashed)?[pP]assword(File)?\b|wheelNeedsPassword|mutableUsers`)

// lockedOut warns of machines with a screen whose administrator has SSH keys and
// no password. It is silent where any module of the fleet speaks of passwords:
// generate does not follow imports.
func (p *project) lockedOut() []diag.Diagnostic {
	var ds []diag.Diagnostic
	for _, h := range p.fleet.Hosts {
		if h.Kind != "desktop" && h.Kind != "laptop" || p.fleet.Layout.Wiring == "manual" {
			continue
		}
		for _, a := range h.Users {
			refused := refusals(h, a, loginFacts{})
			if refused == "" || len(a.SSHKeys) == 0 {
				continue
			}
			ds = append(ds, diag.Diagnostic{
				File: hostsFile, Span: h.Span, Severity: diag.Warning, Rule: "locked-out", Hosts: []string{h.Name},
				Message: fmt.Sprintf("`%s` is an admin of `%s` with `sshKeys` and no password: %s; say `hashedPasswordSecret`, `hashedPasswordFile` or `initialHashedPassword`",
					a.Name, h.Name, refused),
			})
		}
	}
	if len(ds) > 0 && slices.ContainsFunc(p.listing.files, p.speaksOfPasswords) {
		return nil
	}
	return ds
}

func (p *project) speaksOfPasswords(file string) bool {
	return strings.HasSuffix(file, ".nix") && !strings.HasPrefix(file, p.fleet.Layout.Generated+"/") && passwordTextRE.Match(p.file(file))
}
