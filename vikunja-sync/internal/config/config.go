// Package config reads the settings of vikunja-sync.
//
// Every setting is one row of Settings: name, type, default, environment
// variable, doc. The file, the variables, `vikunja-sync settings --json` and
// the Nix modules all come from that table, so they cannot drift apart.
//
// Order, later wins: default, file, variable. The file is TOML at
// $XDG_CONFIG_HOME/vikunja-sync/config.toml; a key that is not in the table is
// an error with the nearest name.
//
// The token is never a setting, only the file that holds it is. That file must
// not be readable by others.
//
// Non-goals: writing the user's file back (setup writes a new one), secrets in
// variables, several accounts in one file (use --config).
package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Config is the outcome.
type Config struct {
	URL            string
	TokenFile      string
	User           string
	Projects       []string
	Interval       time.Duration
	Winner         string
	OnDelete       string
	Repeat         string
	Skew           time.Duration
	MaxDeletes     int
	MaxPercent     int
	Task           string
	TaskRC         string
	TaskData       string
	StateDir       string
	Webhook        bool
	WebhookListen  string
	WebhookURL     string
	WebhookSecret  string
	StatusListen   string
	RequestTimeout time.Duration
	InsecureHTTP   bool
	LogLevel       string

	// File is where the settings came from, "" for none.
	File string
}

// Setting is one row.
type Setting struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"` // string, path, bool, int, duration, list, enum
	Default any      `json:"default"`
	Env     string   `json:"env,omitempty"`
	Values  []string `json:"values,omitempty"`
	Doc     string   `json:"doc"`
	field   string
}

// Settings is the table, in the order of the documentation.
var Settings = []Setting{
	{Name: "url", Type: "string", Default: "", Env: "VIKUNJA_URL", Doc: "Address of the Vikunja server, such as https://todo.example.org.", field: "URL"},
	{Name: "token_file", Type: "path", Default: "", Env: "VIKUNJA_API_TOKEN_FILE", Doc: "File that holds the API token and that others cannot read.", field: "TokenFile"},
	{Name: "user", Type: "string", Default: "", Env: "VIKUNJA_USER", Doc: "User name the token must belong to; empty accepts any.", field: "User"},
	{Name: "projects", Type: "list", Default: []string{}, Doc: "Projects whose new tasks are taken up, by dotted path, with those below; empty takes all. What is paired stays in step wherever it moves.", field: "Projects"},
	{Name: "interval", Type: "duration", Default: "5m", Doc: "Time between cycles when nothing calls for one.", field: "Interval"},
	{Name: "winner", Type: "enum", Default: "later", Values: []string{"later", "vikunja", "taskwarrior"}, Doc: "Which side wins when both changed a field; the other value goes to the conflict log.", field: "Winner"},
	{Name: "on_delete", Type: "enum", Default: "edit", Values: []string{"edit", "delete", "later"}, Doc: "What wins when one side deleted a task that the other edited.", field: "OnDelete"},
	{Name: "repeat", Type: "enum", Default: "next", Values: []string{"next", "end"}, Doc: "What completing a repeating Vikunja task in Taskwarrior does: complete this occurrence, or end the series.", field: "Repeat"},
	{Name: "skew", Type: "duration", Default: "2s", Doc: "Changes nearer to each other than this are simultaneous; Vikunja wins.", field: "Skew"},
	{Name: "max_deletes", Type: "int", Default: 20, Doc: "More deletions than this in one cycle wait for a yes.", field: "MaxDeletes"},
	{Name: "max_delete_percent", Type: "int", Default: 25, Doc: "Five or more deletions that are more than this part of all pairs wait for a yes.", field: "MaxPercent"},
	{Name: "task", Type: "path", Default: "", Doc: "The task binary; empty takes it from PATH.", field: "Task"},
	{Name: "taskrc", Type: "path", Default: "", Env: "TASKRC", Doc: "Taskwarrior's configuration file; empty leaves the choice to Taskwarrior.", field: "TaskRC"},
	{Name: "taskdata", Type: "path", Default: "", Env: "TASKDATA", Doc: "Taskwarrior's data folder; empty leaves the choice to its configuration.", field: "TaskData"},
	{Name: "state_dir", Type: "path", Default: "", Doc: "Folder of the state; empty is $XDG_STATE_HOME/vikunja-sync.", field: "StateDir"},
	{Name: "webhook", Type: "bool", Default: false, Doc: "Receive webhooks, so that changes arrive at once.", field: "Webhook"},
	{Name: "webhook_listen", Type: "string", Default: "127.0.0.1:8457", Doc: "Where the receiver listens.", field: "WebhookListen"},
	{Name: "webhook_url", Type: "string", Default: "", Doc: "Address under which the server reaches the receiver; the final one, redirects lose events.", field: "WebhookURL"},
	{Name: "webhook_secret_file", Type: "path", Default: "", Doc: "File with the secret that signs webhooks; setup makes one.", field: "WebhookSecret"},
	{Name: "status_listen", Type: "string", Default: "127.0.0.1:8458", Doc: "Loopback address of /healthz and /metrics; empty switches them off.", field: "StatusListen"},
	{Name: "request_timeout", Type: "duration", Default: "35s", Doc: "Longest time for one request.", field: "RequestTimeout"},
	{Name: "insecure_http", Type: "bool", Default: false, Doc: "Allow http to a host that is not this machine: the token travels in the clear.", field: "InsecureHTTP"},
	{Name: "log_level", Type: "enum", Default: "info", Values: []string{"debug", "info", "warn", "error"}, Doc: "What is logged.", field: "LogLevel"},
}

// SystemFile is read where the user has no file of his own.
const SystemFile = "/etc/vikunja-sync/config.toml"

// DefaultFile is where the file is looked for first.
func DefaultFile(env func(string) string) string {
	return filepath.Join(xdg(env, "XDG_CONFIG_HOME", ".config"), "vikunja-sync", "config.toml")
}

func xdg(env func(string) string, name, fallback string) string {
	if d := env(name); filepath.IsAbs(d) {
		return d
	}
	return filepath.Join(env("HOME"), fallback)
}

// Load reads file (DefaultFile if ""; then it may be absent) and variables.
func Load(file string, env func(string) string) (*Config, error) {
	c := &Config{}
	for _, s := range Settings {
		if err := c.set(s, s.Default); err != nil {
			return nil, err
		}
	}
	named := file != ""
	if !named {
		file = DefaultFile(env)
		if _, err := os.Stat(file); err != nil {
			file = SystemFile
		}
	}
	if err := c.readFile(file, named); err != nil {
		return nil, err
	}
	for _, s := range Settings {
		if v := env(s.Env); s.Env != "" && v != "" {
			if err := c.set(s, v); err != nil {
				return nil, fmt.Errorf("variable `%s`: %w", s.Env, err)
			}
		}
	}
	if c.StateDir == "" {
		c.StateDir = filepath.Join(xdg(env, "XDG_STATE_HOME", ".local/state"), "vikunja-sync")
	}
	return c, c.Complete(env)
}

// Complete spells out what was set, and refuses what cannot be. It is for
// whoever has changed a setting since Load.
func (c *Config) Complete(env func(string) string) error {
	for _, p := range []*string{&c.TokenFile, &c.Task, &c.TaskRC, &c.TaskData, &c.StateDir, &c.WebhookSecret} {
		if rest, ok := strings.CutPrefix(*p, "~/"); ok {
			*p = filepath.Join(env("HOME"), rest)
		}
	}
	if c.WebhookSecret == "" {
		c.WebhookSecret = filepath.Join(c.StateDir, "webhook.secret")
	}
	return c.check()
}

func (c *Config) readFile(file string, named bool) error {
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) && !named {
		return nil
	}
	if err != nil {
		return err
	}
	var raw map[string]any
	md, err := toml.Decode(string(b), &raw)
	if err != nil {
		return fmt.Errorf("%s%w", place(file, err), err)
	}
	c.File = file
	seen := ""
	for _, path := range md.Keys() { // in the order of the file
		if path[0] == seen {
			continue // below the one before
		}
		key, at := path[0], keyPlace(file, string(b), path[0])
		seen = key
		i := slices.IndexFunc(Settings, func(s Setting) bool { return s.Name == key })
		if i < 0 {
			return fmt.Errorf("%sunknown setting `%s`%s", at, key, nearest(key))
		}
		if err := c.set(Settings[i], raw[key]); err != nil {
			return fmt.Errorf("%s`%s`: %w", at, key, err)
		}
	}
	return nil
}

// place is where TOML cannot be read, for the beginning of a message.
func place(file string, err error) string {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return file + ": "
	}
	return fmt.Sprintf("%s:%d:%d: ", file, pe.Position.Line, max(pe.Position.Col, 1))
}

// keyPlace is where a key of the top level stands, which toml does not tell.
func keyPlace(file, text, key string) string {
	name := regexp.QuoteMeta(key)
	at := regexp.MustCompile(`(?m)^[ \t]*\[*[ \t]*(` + name + `|"` + name + `"|'` + name + `')[ \t]*[=.\]]`).FindStringSubmatchIndex(text)
	if at == nil {
		return file + ": "
	}
	before := text[:at[2]]
	line := strings.Count(before, "\n")
	return fmt.Sprintf("%s:%d:%d: ", file, line+1, at[2]-strings.LastIndexByte(before, '\n'))
}

// nearest suggests a name that shares most of its letters.
func nearest(key string) string {
	for _, s := range Settings {
		a, b := strings.ReplaceAll(key, "-", "_"), s.Name
		if strings.EqualFold(a, b) || strings.Contains(b, a) || strings.Contains(a, b) {
			return fmt.Sprintf("; is it `%s`?", s.Name)
		}
	}
	return ""
}

func (c *Config) set(s Setting, val any) error {
	f := reflect.ValueOf(c).Elem().FieldByName(s.field)
	text, isText := val.(string)
	switch s.Type {
	case "string", "path":
		if !isText {
			return errors.New("must be text")
		}
		f.SetString(text)
	case "enum":
		if !isText || !slices.Contains(s.Values, text) {
			return fmt.Errorf("must be one of `%s`", strings.Join(s.Values, "`, `"))
		}
		f.SetString(text)
	case "duration":
		d, err := time.ParseDuration(text)
		if !isText || err != nil || d <= 0 {
			return errors.New("must be a time such as `90s` or `5m`")
		}
		f.SetInt(int64(d))
	case "int":
		n, err := toInt(val)
		if err != nil {
			return err
		}
		f.SetInt(n)
	case "bool":
		b, ok := val.(bool)
		if isText {
			var err error
			b, err = strconv.ParseBool(text)
			ok = err == nil
		}
		if !ok {
			return errors.New("must be true or false")
		}
		f.SetBool(b)
	case "list":
		l, err := toList(val)
		if err != nil {
			return err
		}
		f.Set(reflect.ValueOf(l))
	}
	return nil
}

func toInt(val any) (int64, error) {
	switch v := val.(type) {
	case int:
		return int64(v), nil
	case int64:
		if v > 0 {
			return v, nil
		}
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && n > 0 {
			return n, nil
		}
	}
	return 0, errors.New("must be a whole number above zero")
}

func toList(val any) ([]string, error) {
	switch v := val.(type) {
	case []string:
		return v, nil
	case []any:
		var out []string
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, errors.New("must be a list of texts")
			}
			out = append(out, s)
		}
		return out, nil
	}
	return nil, errors.New("must be a list of texts")
}

func (c *Config) check() error {
	if c.URL != "" {
		u, err := url.Parse(c.URL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return fmt.Errorf("setting `url`: `%s` is not an http address", c.URL)
		}
		if u.User != nil {
			return errors.New("setting `url`: a name or password does not belong there")
		}
		if u.Scheme == "http" && !loopback(u.Hostname()) && !c.InsecureHTTP {
			return errors.New("setting `url`: the token would travel in the clear; use https, or set `insecure_http` if the network is private")
		}
		c.URL = address(u)
	}
	if c.StatusListen != "" {
		host, _, err := net.SplitHostPort(c.StatusListen)
		if err != nil || !loopback(host) {
			return fmt.Errorf("setting `status_listen`: `%s` is not a loopback address with a port", c.StatusListen)
		}
	}
	return nil
}

// address is where the server's pages are. Scripts often name its API, or what a
// page shows.
func address(u *url.URL) string {
	u.RawQuery, u.Fragment = "", ""
	path := strings.TrimRight(u.Path, "/")
	for _, api := range []string{"/v1", "/v2", "/api"} {
		if rest, ok := strings.CutSuffix(path, api); ok && (api == "/api" || strings.HasSuffix(rest, "/api")) {
			path = rest
		}
	}
	u.Path, u.RawPath = strings.TrimRight(path, "/"), ""
	return u.String()
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Token reads the token and insists on its privacy.
func (c *Config) Token() (string, error) {
	if c.TokenFile == "" {
		return "", errors.New("no token: set `token_file` or VIKUNJA_API_TOKEN_FILE")
	}
	return Secret(c.TokenFile)
}

// Secret reads a one-line file that others must not read.
func Secret(file string) (string, error) {
	st, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if st.Mode().IsRegular() && st.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("`%s` may be read by others: run `chmod 600 %s`", file, file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	s := strings.TrimSpace(string(b))
	if s == "" || strings.ContainsAny(s, " \t\r\n") {
		return "", fmt.Errorf("`%s` does not hold one word", file)
	}
	return s, nil
}

// State is the path of a file in the state folder.
func (c *Config) State(name string) string { return filepath.Join(c.StateDir, name) }

// TaskEnv is what `task` must see.
func (c *Config) TaskEnv() []string {
	var out []string
	if c.TaskRC != "" {
		out = append(out, "TASKRC="+c.TaskRC)
	}
	if c.TaskData != "" {
		out = append(out, "TASKDATA="+c.TaskData)
	}
	return out
}
