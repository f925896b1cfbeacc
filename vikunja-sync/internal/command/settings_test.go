package command

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vikunja-sync/internal/config"
)

const modules = "../../../templates/services/vikunja-sync/"

// TestModuleSettings: the Nix modules offer exactly what the binary declares.
func TestModuleSettings(t *testing.T) {
	have, err := os.ReadFile(modules + "settings.json")
	if os.IsNotExist(err) {
		t.Skip("skipped: the Nix modules are not beside this module")
	}
	if err != nil {
		t.Fatal(err)
	}
	out, _, code := call(t, nil, "settings", "--json")
	if code != 0 {
		t.Fatalf("exit %d", code)
	}
	if *update && !bytes.Equal(have, []byte(out)) {
		if err := os.WriteFile(modules+"settings.json", []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Log("wrote", modules+"settings.json")
		return
	}
	if string(have) != out {
		t.Error("settings.json is not what `vikunja-sync settings --json` prints; run the test with -update")
	}
}

// TestModuleTypes: every type of the table has an option type in the module,
// and the module names no setting by hand.
func TestModuleTypes(t *testing.T) {
	src, err := os.ReadFile(modules + "settings.nix")
	if os.IsNotExist(err) {
		t.Skip("skipped: the Nix modules are not beside this module")
	}
	for _, s := range config.Settings {
		if s.Type != "enum" && !regexp.MustCompile(`(?m)^    `+s.Type+` = `).Match(src) {
			t.Errorf("settings.nix has no type for `%s`", s.Type)
		}
	}
	known := []string{"inherit", "settings", "options", "chosen"}
	for _, file := range []string{"options.nix", "home-manager.nix", "nixos.nix", "darwin.nix", "service.nix"} {
		b, err := os.ReadFile(modules + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`settings\.([a-z_]+)`).FindAllStringSubmatch(string(b), -1) {
			declared := slices.ContainsFunc(config.Settings, func(s config.Setting) bool { return s.Name == m[1] })
			if !declared && !slices.Contains(known, m[1]) && m[1] != "nix" {
				t.Errorf("%s sets `%s`, which the binary does not declare", file, m[1])
			}
		}
	}
}

// TestSettingsDocs: the README lists every setting and every command.
func TestSettingsDocs(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range config.Settings {
		if !strings.Contains(string(b), "`"+s.Name+"`") {
			t.Errorf("README.md does not mention the setting `%s`", s.Name)
		}
	}
	for _, c := range (&app{}).root().Commands() {
		if !strings.Contains(string(b), "vikunja-sync "+c.Name()) {
			t.Errorf("README.md does not mention `vikunja-sync %s`", c.Name())
		}
	}
}
