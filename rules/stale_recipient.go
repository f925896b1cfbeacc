package rules

import (
	"fmt"
	"path"
	"strings"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/secrets"
)

var staleRecipient = &lint.Rule{
	ID: "stale-recipient", Severity: diag.Warning, Scope: lint.FleetScope,
	Doc: lint.Doc{
		Summary: "somebody who is no longer of the fleet can decrypt a sops file",
		Why: `Whoever is a recipient of a sops file reads every secret in it, also after his line
was taken out of .sops.yaml: that holds for the next ` + "`sops updatekeys`" + ` alone. A
retired host and a former colleague stay readers of all that was encrypted before.
The rule speaks where hosts.toml says who the administrators are (` + "`[keys]`" + `), of
files that one of them can decrypt. Take him out, give the file a new data key
(` + "`sops rotate`" + `), and change the secrets that he has read.`,
		Bad: `-- hosts.toml --
[keys]
me = "age186z05e5cmqacjrpysms3g5dtyuarxaf4pm32hu3pr7v494r0tsjqcuqj76"
-- secrets.yaml --
wifi: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]
sops:
    age:
        - recipient: age186z05e5cmqacjrpysms3g5dtyuarxaf4pm32hu3pr7v494r0tsjqcuqj76
          enc: x
        - recipient: age12k9dw5qtg0ykd32pzymzgmdezj6f88l3svzhjurwm202xh0549zqttrt5t
          enc: x
`,
		Good: `-- hosts.toml --
[keys]
me = "age186z05e5cmqacjrpysms3g5dtyuarxaf4pm32hu3pr7v494r0tsjqcuqj76"
-- secrets.yaml --
wifi: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]
sops:
    age:
        - recipient: age186z05e5cmqacjrpysms3g5dtyuarxaf4pm32hu3pr7v494r0tsjqcuqj76
          enc: x
`,
	},
	Run: func(p *lint.Pass) {
		f := p.Work.Fleet
		if f == nil || len(f.Keys) == 0 {
			return
		}
		known := recipientsOf(f)
		planned := map[string]map[string]bool{}
		if root := secretsRoot(p.Work); root != "" {
			for _, t := range secrets.Plan(f) {
				readers := map[string]bool{}
				for _, r := range t.Readers {
					readers[r.Recipient] = true
				}
				planned[path.Join(root, t.File)] = readers
			}
		}
		for _, name := range p.Work.Files() {
			if !p.Wanted(name) {
				continue
			}
			if file := likelySops(p.Work, name); file != nil {
				staleRecipients(p, file, known, planned[name])
			}
		}
	},
}

// likelySops parses what looks like a sops file and is not generated.
func likelySops(w *lint.Workspace, name string) *secrets.File {
	if !secrets.Readable(name) || strings.HasPrefix(name, w.Fleet.Layout.Generated+"/") {
		return nil
	}
	text, ok := w.ReadFile(name)
	if !ok || !strings.Contains(text, "sops") || !strings.Contains(text, "ENC[AES256_GCM,") {
		return nil
	}
	return sopsFile(w, name)
}

// staleRecipients reports strangers and, where it is known who may read a file,
// members of the fleet who may not.
func staleRecipients(p *lint.Pass, f *secrets.File, known map[string]string, may map[string]bool) {
	ours := false
	for _, k := range p.Work.Fleet.Keys {
		r, err := secrets.AgeRecipient(k.Recipient)
		ours = ours || err == nil && decrypts(f, r)
	}
	if !ours {
		return
	}
	const why = "he reads all that was encrypted so far; run `sops updatekeys` and `sops rotate`, and change what he has read"
	for _, r := range f.Age() {
		v, err := secrets.AgeRecipient(r.Value)
		if err != nil {
			continue
		}
		who, member := known[v]
		switch {
		case !member:
			p.Warning(diag.Diagnostic{File: f.Name, Span: r.Span, Why: why,
				Message: fmt.Sprintf("`%s` can decrypt this file and is nobody in %s", v, p.Work.Fleet.File)})
		case may != nil && !may[v]:
			p.Warning(diag.Diagnostic{File: f.Name, Span: r.Span, Why: why,
				Message: fmt.Sprintf("%s can decrypt this file and needs nothing in it", who)})
		}
	}
}
