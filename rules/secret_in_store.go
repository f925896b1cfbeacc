package rules

import (
	"fmt"
	"regexp"
	"strings"

	"nixgen/catalog"
	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var secretInStore = &lint.Rule{
	ID: "secret-in-store", Severity: diag.Warning, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "a secret that ends in the world-readable Nix store",
		Why: `What a configuration says in plain text is copied to /nix/store, where every user
of the machine reads it, and to git. Options that take a file
(` + "`passwordFile`, `hashedPasswordFile`" + `) take the path of a decrypted secret at run
time; readFile or writeText in their place put the text into the store again.`,
		Bad: `-- hosts.toml --
[hosts.box]
system = "x86_64-linux"
stateVersion = "25.11"
-- hosts/box/default.nix --
{ users.users.tim.password = "hunter2"; }
`,
		Good: `-- hosts.toml --
[hosts.box]
system = "x86_64-linux"
stateVersion = "25.11"
-- hosts/box/default.nix --
{ config, ... }:
{ users.users.tim.hashedPasswordFile = config.sops.secrets.tim.path; }
`,
	},
	Run: func(p *lint.Pass) {
		settings(p.Host, func(s *setting) bool {
			if s.shaped && s.module.Reach == outline.True {
				secretSetting(p, s)
			}
			return true
		})
	},
}

var (
	secretRE     = regexp.MustCompile(`(?i)^(initial)?(password|passphrase|psk|privatekey|secretkey|clientsecret|apikey|apitoken|authtoken|accesstoken|admin_?password|adminpass|bot_?token|jwtsecret|preshared_?key)$`)
	secretFileRE = regexp.MustCompile(`(?i)(password|passphrase|secret|privatekey|token|credentials?|apikey|pass|environment)(file|path)$`)
)

// Variables of the environment are told by what they are called together with
// how their values look: `X_TOKEN` is often the name of something else.
var (
	secretVariableRE = regexp.MustCompile(`^[A-Z][A-Z0-9_]*_(TOKEN|SECRET|API_?KEY|ACCESS_KEY|SECRET_KEY)$`)
	tokenRE          = regexp.MustCompile(`^[A-Za-z0-9+=_-]{20,}$`)
)

func secretSetting(p *lint.Pass, s *setting) {
	name := strings.ReplaceAll(s.path[len(s.path)-1], "-", "")
	plain, file := secretRE.MatchString(name), secretFileRE.MatchString(name)
	token := !plain && !file && secretVariableRE.MatchString(s.path[len(s.path)-1])
	if !plain && !file && !token {
		return
	}
	for _, l := range s.def.Leaves {
		what := ""
		switch {
		case s.active(l.Guards) == outline.False:
		case token:
			if str, ok := l.X.(*outline.Str); ok {
				if text, ok := str.Literal(); ok && tokenRE.MatchString(text) && strings.ContainsAny(text, "0123456789") {
					what = "written in plain text"
				}
			}
		case plain:
			what = plainSecret(s, l)
		default:
			what = writtenSecret(l.X)
		}
		if what == "" {
			continue
		}
		p.Warning(diag.Diagnostic{
			File: s.module.FileOf(l.Scope), Span: l.X.Span(), Chain: s.module.Chain(),
			Message: fmt.Sprintf("`%s` is %s: it ends in the world-readable Nix store", catalog.JoinPath(s.names()), what),
			Why:     "give the path of a secret that is decrypted on the machine",
		})
	}
}

// secretShaped is a cheap question before the expressions are matched.
func secretShaped(name string) bool {
	name = strings.ToLower(name)
	for _, w := range []string{"pass", "psk", "key", "secret", "token", "credential"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// plainSecret: a literal that is not empty, as a program's quoted string
// neither, and does not name a file.
func plainSecret(s *setting, l outline.Leaf) string {
	if str, ok := l.X.(*outline.Str); ok {
		text, ok := str.Literal()
		if ok && strings.Trim(text, `'" `) != "" && !strings.HasPrefix(text, "/") && !placeholder(text) && !noSecret(s.path[len(s.path)-1], text) {
			return "written in plain text"
		}
		return ""
	}
	return writtenSecret(l.X)
}

// placeholder texts stand for something that another program fills in.
func placeholder(text string) bool {
	return strings.ContainsAny(text, "$@{}%<>") || strings.HasPrefix(text, "ext:") || strings.HasPrefix(text, "!") || strings.HasPrefix(text, "*")
}

// noSecret: what is given where a program on one's own machine insists on a
// key, or where the real one is to be filled in.
func noSecret(name, text string) bool {
	text = strings.ToLower(text)
	if strings.Contains(strings.ReplaceAll(text, "_", "-"), "replace-me") {
		return true
	}
	name = strings.ToLower(name)
	return (strings.Contains(name, "key") || strings.Contains(name, "token")) && noKeys[text]
}

var noKeys = map[string]bool{
	"key": true, "none": true, "dummy": true, "ollama": true, "local": true, "placeholder": true, "no-key": true, "not-needed": true,
	"no-key-required": true, "sk-no-key-required": true, "x": true, "test": true, "unused": true, "empty": true, "na": true, "n/a": true, "-": true,
}

// writtenSecret: the text of a file, or a file with the text.
func writtenSecret(x outline.Expr) string {
	if str, ok := x.(*outline.Str); ok && len(str.Parts) == 1 && str.Parts[0].X != nil {
		x = str.Parts[0].X
	}
	switch name, args := outline.LibCall(x); name {
	case "toString":
		return writtenSecret(args[0])
	case "readFile", "fileContents":
		return "the text of a file of the tree"
	case "writeText", "toFile", "writeTextFile":
		return "written to the store"
	}
	return ""
}
