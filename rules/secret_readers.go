package rules

import (
	"slices"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/lint"
	"nixgen/secrets"
)

// What the rules about readers of secrets share. They speak of sops files in the
// tree; those of a private repository beside it are for `nixgen secrets check`.

// recipientOf is the age recipient that hosts.toml gives a host or, for a
// module of a home, its user; empty where it says none.
func recipientOf(h *lint.Host, user string) string {
	key := ""
	switch {
	case h.Spec == nil || h.Work.Fleet == nil:
	case user == "":
		key = h.Spec.AgeKey
	default:
		if u := h.Work.Fleet.User(user); u != nil {
			key = u.AgeKey
		}
	}
	r, err := secrets.AgeRecipient(key)
	if key == "" || err != nil {
		return ""
	}
	return r
}

// onlyAge says whether all who can decrypt a file are known: who holds a PGP
// key or a cloud key is not.
func onlyAge(f *secrets.File) bool {
	return len(f.Recipients) > 0 && !slices.ContainsFunc(f.Recipients, func(r secrets.Recipient) bool { return r.Kind != "age" })
}

// decrypts says whether a recipient is among those of a file.
func decrypts(f *secrets.File, recipient string) bool {
	return slices.ContainsFunc(f.Age(), func(r secrets.Recipient) bool {
		v, err := secrets.AgeRecipient(r.Value)
		return err == nil && v == recipient
	})
}

// secretsRoot is the folder of the tree that the flake reads secrets from; empty
// where that is another repository.
func secretsRoot(w *lint.Workspace) string {
	if w.Fleet == nil || w.Flake == nil {
		return ""
	}
	dir, ok := inputFolder(w, secrets.Input(w.Fleet))
	if !ok {
		return ""
	}
	return dir
}

// recipientsOf maps everybody in hosts.toml to who that is.
func recipientsOf(f *fleet.Fleet) map[string]string {
	out := map[string]string{}
	add := func(what, key string) {
		if r, err := secrets.AgeRecipient(key); key != "" && err == nil {
			out[r] = what
		}
	}
	for _, h := range f.Hosts {
		add("host `"+h.Name+"`", h.AgeKey)
	}
	for _, u := range f.Users {
		add("user `"+u.Name+"`", u.AgeKey)
	}
	for _, k := range f.Keys {
		add("administrator `"+k.Name+"`", k.Recipient)
	}
	return out
}

// declaredAt is where hosts.toml declares a secret.
func declaredAt(f *fleet.Fleet, x *fleet.SopsSecret, message, why string) diag.Diagnostic {
	return diag.Diagnostic{File: f.File, Span: x.Span, Message: message, Why: why}
}
