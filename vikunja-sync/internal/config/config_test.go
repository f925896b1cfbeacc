package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func load(t *testing.T, text string, env map[string]string) (*Config, error) {
	t.Helper()
	home := t.TempDir()
	file := ""
	if text != "" {
		file = filepath.Join(home, "config.toml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Load(file, func(k string) string {
		if k == "HOME" {
			return home
		}
		return env[k]
	})
}

// TestTable: every row names a field, every field has a row, and every default
// is one that the row's own type takes.
func TestTable(t *testing.T) {
	rows := map[string]bool{"File": true}
	for _, s := range Settings {
		if rows[s.field] || s.Doc == "" || !strings.HasSuffix(s.Doc, ".") {
			t.Errorf("row `%s` is doubled or has no doc", s.Name)
		}
		rows[s.field] = true
		if err := (&Config{}).set(s, s.Default); err != nil {
			t.Errorf("default of `%s`: %v", s.Name, err)
		}
	}
	for i := range reflect.TypeOf(Config{}).NumField() {
		if f := reflect.TypeOf(Config{}).Field(i).Name; !rows[f] {
			t.Errorf("field %s has no row", f)
		}
	}
}

func TestOrder(t *testing.T) {
	c, err := load(t, "url = \"https://file.example/\"\ninterval = \"90s\"\nprojects = [\"a\", \"b.c\"]\nmax_deletes = 7\nwebhook = true\ntaskrc = \"~/rc\"",
		map[string]string{"VIKUNJA_USER": "alice", "VIKUNJA_URL": "https://env.example"})
	if err != nil {
		t.Fatal(err)
	}
	if c.URL != "https://env.example" || c.User != "alice" || c.Interval != 90*time.Second || len(c.Projects) != 2 || c.MaxDeletes != 7 || !c.Webhook {
		t.Errorf("%+v", c)
	}
	if c.Winner != "later" || !strings.HasSuffix(c.StateDir, ".local/state/vikunja-sync") || strings.HasPrefix(c.TaskRC, "~") {
		t.Errorf("%+v", c)
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		`intervall = "5m"`:             "is it `interval`?",
		`interval = 5`:                 "must be a time",
		`interval = "-5m"`:             "must be a time",
		`winner = "me"`:                "must be one of `later`",
		`projects = "a"`:               "must be a list",
		`max_deletes = 0`:              "above zero",
		`webhook = "perhaps"`:          "must be true or false",
		`url = "ftp://x"`:              "is not an http address",
		`url = "http://192.0.2.1"`:     "in the clear",
		`url = "https://a:b@x"`:        "does not belong",
		`status_listen = "0.0.0.0:80"`: "not a loopback",
		`token = "tk_x"`:               "is it `token_file`?",
		`url = `:                       "toml",
	} {
		if _, err := load(t, text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"url = \"https://x\"\n\n  intervall = 5\nwinner = 1\n": "config.toml:3:3: unknown setting `intervall`",
		"# winner\nwinner = \"me\"\nintervall = 5\n":           "config.toml:2:1: `winner`: must be one of",
		"[webhook_]\na = 1\n":                                  "config.toml:1:2: unknown setting `webhook_`",
		"webhook.url = 1\n":                                    "config.toml:1:1: `webhook`: must be true or false",
		"url = \"https://x\"\nuser = \"a\nb\"\n":               "config.toml:2:10: ",
		"user = \"a\"\nuser = \"b\"\n":                         "config.toml:2:",
	} {
		for range 5 { // the order of the file, not of a map
			if _, err := load(t, text, nil); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %v, want %s", text, err, want)
			}
		}
	}
	if _, err := load(t, `url = "http://127.0.0.1:3456"`, nil); err != nil {
		t.Errorf("this machine may be asked without TLS: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"https://todo.example":               "https://todo.example",
		"https://todo.example/":              "https://todo.example",
		"https://todo.example:8443/api/v1/":  "https://todo.example:8443",
		"https://todo.example/sub/api/v2":    "https://todo.example/sub",
		"https://todo.example/sub/api":       "https://todo.example/sub",
		"https://todo.example/v1":            "https://todo.example/v1",
		"https://todo.example/?a=b#projects": "https://todo.example",
	} {
		if c, err := load(t, fmt.Sprintf("url = %q", text), nil); err != nil || c.URL != want {
			t.Errorf("%s: %q %v", text, c.URL, err)
		}
	}
}

func TestSecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	for _, tc := range []struct {
		text string
		mode os.FileMode
		want string
	}{
		{"tk_x\n", 0o600, ""}, {"tk_x", 0o400, ""}, {"tk_x", 0o640, "chmod 600"}, {"", 0o600, "one word"}, {"a b", 0o600, "one word"},
	} {
		os.Remove(file)
		if err := os.WriteFile(file, []byte(tc.text), tc.mode); err != nil {
			t.Fatal(err)
		}
		s, err := Secret(file)
		if tc.want == "" && (err != nil || s != "tk_x") || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%q %o: %q %v", tc.text, tc.mode, s, err)
		}
		if err != nil && tc.text != "" && strings.Contains(err.Error(), tc.text) {
			t.Error("the secret is in the message")
		}
	}
}
