package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"nixgen/fleet"
	"nixgen/templates"
)

// setting is one entry of a service's settings.json.
type setting struct {
	Name, Type, Doc string
	Values          []string
}

// services are what [services.NAME] of hosts.toml may say, from the settings
// that each service's own binary declares. None has a default here: what is
// not said is left to the binary.
func services() (map[string]*fleet.Profile, error) {
	out := map[string]*fleet.Profile{}
	for _, name := range templates.Services() {
		var declared struct{ Settings []setting }
		if err := json.Unmarshal(templates.Read("services/"+name+"/settings.json"), &declared); err != nil {
			return nil, failed(fmt.Errorf("the service `%s` is broken: %w", name, err))
		}
		p := &fleet.Profile{Name: name, Description: "settings of " + name}
		for _, s := range declared.Settings {
			t, err := fleet.ParseType(settingTypes[s.Type], s.Values, fleet.FieldKinds)
			if err != nil {
				return nil, failed(fmt.Errorf("the setting `%s` of `%s`: %w", s.Name, name, err))
			}
			p.Params = append(p.Params, &fleet.Param{Name: camel(s.Name), Type: t, Description: s.Doc})
		}
		out[name] = p
	}
	return out, nil
}

// settingTypes are the words of settings.json in those of hosts.toml. A path
// stays text: a token's file must not be copied to the store.
var settingTypes = map[string]string{
	"string": "nullable string", "path": "nullable string", "duration": "nullable string", "bool": "nullable bool",
	"int": "nullable int", "list": "listOf string", "enum": "nullable enum",
}

// camel spells token_file as hosts.toml does: tokenFile.
func camel(name string) string {
	parts := strings.Split(name, "_")
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
	}
	return strings.Join(parts, "")
}
