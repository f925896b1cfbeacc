package generate

import (
	"slices"
	"strings"
	"unicode"

	"nixgen/fleet"
	"nixgen/syntax"
	"nixgen/templates"
)

// service switches a service on: in the module that stands in file of the
// service's folder, with what hosts.toml says as its settings.
func (m *module) service(name, file string) {
	for _, f := range templates.ServiceFiles(name) {
		m.templates[f] = true
	}
	m.addPath(relative(m.dir, m.dirOf("services/"+name+"/"+file)))
	m.set(syntax.Bool(true), "services", name, "enable")
	for key, v := range m.host.Services[name] {
		if v != nil {
			m.set(value(m.dir, v), "services", name, "settings", settingName(key))
		}
	}
}

// serviceNames are the services of a host, sorted.
func serviceNames(h *fleet.Host) []string {
	names := make([]string, 0, len(h.Services))
	for name := range h.Services {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// homeServices are those that run in a home: the primary user's.
func (m *module) homeServices(a *fleet.Account) {
	if a.Primary {
		for _, name := range serviceNames(m.host) {
			m.service(name, "home-manager.nix")
		}
	}
}

// systemServices are those of a host whose primary user has no home-manager.
func (m *module) systemServices() {
	for _, a := range m.host.Users {
		if !a.Primary || a.HomeManager != nil {
			continue
		}
		for _, name := range serviceNames(m.host) {
			m.service(name, m.host.Platform+".nix")
			if m.host.Platform == fleet.NixOS {
				m.set(syntax.String(a.Name), "services", name, "user")
			}
		}
	}
}

// settingName is a setting as the service's binary spells it: tokenFile of
// hosts.toml is token_file.
func settingName(key string) string {
	var b strings.Builder
	for _, r := range key {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
