package rules

import (
	"fmt"
	"path"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/lint"
)

var undecryptableSecret = &lint.Rule{
	ID: "undecryptable-secret", Severity: diag.Error, Scope: lint.HostScope,
	Doc: lint.Doc{
		Summary: "a secret in a sops file that the host cannot decrypt",
		Why: `A sops file says in plain text for whom it is encrypted. Where hosts.toml has the
` + "`ageKey`" + ` of a host (or of a user, for secrets of his home) and the file is not
encrypted for it, the system builds and the secret is missing on the host: services
wait for it, and a user whose password it is cannot log in. Encrypt the file anew,
with ` + "`sops updatekeys`" + `. Files outside of the tree are for ` + "`nixgen secrets check`" + `.`,
		Bad: `-- hosts.toml --
[hosts.box]
system = "x86_64-linux"
stateVersion = "25.11"
ageKey = "age186z05e5cmqacjrpysms3g5dtyuarxaf4pm32hu3pr7v494r0tsjqcuqj76"
-- hosts/box/default.nix --
{ sops.secrets.wifi.sopsFile = ./secrets.yaml; }
-- hosts/box/secrets.yaml --
wifi: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]
sops:
    age:
        - recipient: age12k9dw5qtg0ykd32pzymzgmdezj6f88l3svzhjurwm202xh0549zqttrt5t
          enc: x
`,
		Good: `-- hosts.toml --
[hosts.box]
system = "x86_64-linux"
stateVersion = "25.11"
ageKey = "age186z05e5cmqacjrpysms3g5dtyuarxaf4pm32hu3pr7v494r0tsjqcuqj76"
-- hosts/box/default.nix --
{ sops.secrets.wifi.sopsFile = ./secrets.yaml; }
-- hosts/box/secrets.yaml --
wifi: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]
sops:
    age:
        - recipient: age186z05e5cmqacjrpysms3g5dtyuarxaf4pm32hu3pr7v494r0tsjqcuqj76
          enc: x
`,
	},
	Run: func(p *lint.Pass) {
		for _, x := range sopsSecrets(p.Host) {
			if message := undecryptable(p, x.name, x.path, x.first.module.User); message != "" {
				p.Error(x.first.at(message, "encrypt it anew with `sops updatekeys "+x.path+"`"))
			}
		}
		undecryptableInFleet(p)
	},
}

// undecryptable says what is wrong with a secret, if anything surely is.
func undecryptable(p *lint.Pass, name, file, user string) string {
	who := recipientOf(p.Host, user)
	f := sopsFile(p.Work, file)
	if who == "" || f == nil || !f.Encrypted || !onlyAge(f) || decrypts(f, who) {
		return ""
	}
	reader := "host `" + p.Host.Name + "`"
	if user != "" {
		reader = "user `" + user + "`"
	}
	return fmt.Sprintf("the secret `%s` is in `%s`, which %s cannot decrypt", name, file, reader)
}

// undecryptableInFleet judges what hosts.toml declares, where the input with the
// secrets is a folder of the tree.
func undecryptableInFleet(p *lint.Pass) {
	root := secretsRoot(p.Work)
	if root == "" || p.Host.Spec == nil || p.Work.Fleet.Layout.Wiring == "manual" {
		return
	}
	of := func(s *fleet.Sops, user string) {
		if s == nil {
			return
		}
		for _, x := range s.Secrets {
			file := path.Join(root, x.File)
			if message := undecryptable(p, x.Name, file, user); message != "" {
				p.Error(declaredAt(p.Work.Fleet, x, message, "encrypt it anew with `nixgen secrets sync --run "+root+"`"))
			}
		}
	}
	of(p.Host.Spec.Sops, "")
	for _, a := range p.Host.Spec.Users {
		of(p.Host.Spec.SopsOf(a.Name), a.Name)
	}
}
