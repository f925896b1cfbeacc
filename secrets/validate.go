package secrets

import (
	"fmt"
	"strings"

	"filippo.io/age"

	"nixgen/diag"
	"nixgen/fleet"
)

// Validate reports what in hosts.toml keeps any repository from fitting it. Until
// that is mended nothing else is worth saying.
func Validate(f *fleet.Fleet) []diag.Diagnostic {
	v := validator{fleet: f}
	p := f.SecretsOf().PerHost
	if rest := strings.Replace(p, "{host}", "", 1); rest == p || strings.ContainsAny(rest, "{}*?[]\\") {
		v.add(diag.Span{}, RuleFile, "`secrets.perHost` is `%s`, must be a path with one `{host}` and no other pattern", p)
	}
	for _, k := range f.Keys {
		v.key(diag.Span{}, fmt.Sprintf("administrator `%s`", k.Name), k.Recipient)
	}
	for _, u := range f.Users {
		v.key(u.Span, fmt.Sprintf("user `%s`", u.Name), u.AgeKey)
	}
	for _, h := range f.Hosts {
		v.key(h.Span, fmt.Sprintf("host `%s`", h.Name), h.AgeKey)
	}
	if len(v.out) == 0 && len(newPeople(f).all()) == 0 {
		v.add(diag.Span{}, RuleRecipient, "nobody could decrypt anything: name an administrator's age recipient in `[keys]`, and the `ageKey` of hosts")
	}
	diag.Sort(v.out)
	return v.out
}

type validator struct {
	fleet *fleet.Fleet
	out   []diag.Diagnostic
}

func (v *validator) add(at diag.Span, rule, format string, args ...any) {
	v.out = append(v.out, diag.Diagnostic{File: v.fleet.File, Span: at, Severity: diag.Error, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

func (v *validator) key(at diag.Span, what, key string) {
	if key == "" {
		return
	}
	if err := usable(key); err != nil {
		v.add(at, RuleRecipient, "the key of %s is of no use: %v", what, err)
	}
}

// usable also proves the checksum of an age recipient of the usual kind.
func usable(key string) error {
	r, err := AgeRecipient(key)
	if err != nil || len(r) != len("age1")+58 {
		return err
	}
	if _, err := age.ParseX25519Recipient(r); err != nil {
		return fmt.Errorf("`%s` is no age recipient, a letter is wrong", r)
	}
	return nil
}
