package sopstest

import (
	"strings"
	"testing"

	"nixgen/secrets"
)

const ownFiles = `
[keys]
admin = %q
[users.tim]
ageKey = %q
sops.secrets.token = { sopsFile = "sops/{user}.json" }
[sops.secrets.wifi]
sopsFile = "sops/wifi.ini"
[hosts.malphas]
system = "x86_64-linux"
stateVersion = "25.11"
homeStateVersion = "25.11"
users = ["tim"]
ageKey = %q
sops.secrets."db/password" = {}
sops.secrets.env = { sopsFile = "web/api.env" }
sops.secrets.blob = { sopsFile = "web/blob.bin", key = "" }
[hosts.attic]
system = "x86_64-linux"
stateVersion = "25.11"
ageKey = %q
`

// TestOwnFiles: files that hosts.toml names itself, in every format of sops, from
// the skeleton to a host with a new key.
func TestOwnFiles(t *testing.T) {
	r := newRepo(t)
	admin, tim, malphas, attic := r.age("admin"), r.age("tim"), r.ssh("malphas"), r.age("attic")
	f := load(t, ownFiles, admin, tim, malphas, attic)
	r.write(secrets.Skeleton(f))
	r.sync(f)
	r.holds(f, map[string]string{
		"sops/wifi.ini": "admin malphas attic", "web/api.env": "admin malphas", "web/blob.bin": "admin malphas",
		"sops/tim.json": "admin tim", "sops/malphas.yaml": "admin tim malphas",
	})
	if out, err := r.as("malphas", "decrypt", "--extract", `["db"]["password"]`, "sops/malphas.yaml"); err != nil || out != "replace me" {
		t.Errorf("the declared key is not in the skeleton: %q, %v", out, err)
	}

	f = load(t, ownFiles, admin, tim, malphas, r.age("attic2"))
	if len(secrets.Check(f, r.tree(), nil)) == 0 {
		t.Error("a new key changed nothing")
	}
	r.sync(f)
	r.holds(f, map[string]string{"sops/wifi.ini": "admin malphas attic2", "web/api.env": "admin malphas"})
}

// TestEveryFormatIsRead: what sops leaves unencrypted in .env and .ini files is
// exempt, and what it encrypted is not plain.
func TestEveryFormatIsRead(t *testing.T) {
	for name, text := range map[string]string{
		"a.env": "TOKEN=v\nplain_unencrypted=v\nEMPTY=\n",
		"a.ini": "[web]\ntoken = v\nplain_unencrypted = v\n\n[other]\nempty =\n",
	} {
		r := newRepo(t)
		r.write(map[string][]byte{name: []byte(text)})
		if before, _ := secrets.Parse(name, []byte(text)); before.Encrypted {
			t.Errorf("%s counts as encrypted before", name)
		}
		me, other := r.age("me"), r.age("other")
		out, err := r.as("me", "encrypt", "--age", me+","+other, name)
		if err != nil {
			t.Fatal(err)
		}
		f, ds := secrets.Parse(name, []byte(out))
		if len(ds) > 0 || !f.Encrypted || len(f.Age()) != 2 || f.Age()[0].Value != me || f.LastModified == "" {
			t.Fatalf("%s: %+v, %v\n%s", name, f, ds, out)
		}
		var leaves, exempt int
		for _, k := range f.Keys {
			if k.Plain {
				t.Errorf("%s: %s counts as plain", name, k.Path)
			}
			if k.Leaf {
				leaves++
			}
			if k.Leaf && k.Exempt {
				exempt++
			}
		}
		if leaves != 3 || exempt != 1 {
			t.Errorf("%s: %d values, %d exempt:\n%s", name, leaves, exempt, out)
		}
		broken, _ := secrets.Parse(name, []byte(strings.Replace(out, "ENC[", "hunter2[", 1)))
		if len(broken.Keys) == 0 || !anyPlain(broken) {
			t.Errorf("%s: a value in plain text is not seen", name)
		}
	}
}

func anyPlain(f *secrets.File) bool {
	for _, k := range f.Keys {
		if k.Plain {
			return true
		}
	}
	return false
}

const before = `
[users.tim]
admin = true
[hosts.malphas]
system = "x86_64-linux"
stateVersion = "25.11"
[hosts.attic]
system = "x86_64-linux"
stateVersion = "25.11"
`

// TestMigration: sops files of a fleet's own tree, moved byte for byte, open for
// the same people; with the recipients that the hints name, the repository is
// then what hosts.toml says.
func TestMigration(t *testing.T) {
	tree := newRepo(t)
	admin, malphas, attic := tree.age("admin"), tree.ssh("malphas"), tree.age("attic")
	recipient, err := secrets.AgeRecipient(malphas)
	if err != nil {
		t.Fatal(err)
	}
	tree.write(map[string][]byte{
		"secrets/.sops.yaml": []byte("keys:\n  - &admin_me " + admin + "\n  - &malphas " + recipient + "\n  - &host_attic " + attic +
			"\ncreation_rules:\n  - path_regex: malphas\n    age: " + admin + "," + recipient + "\n  - path_regex: .*\n    age: " + admin + "," + recipient + "," + attic + "\n"),
		"secrets/malphas.yaml": []byte("wifi: v\n"),
		"secrets/common.yaml":  []byte("db: v\n"),
		"secrets/attic.yaml":   []byte("x: v\n"),
	})
	for _, name := range []string{"malphas", "common", "attic"} {
		if _, err := tree.as("admin", "--config", "secrets/.sops.yaml", "encrypt", "--in-place", "secrets/"+name+".yaml"); err != nil {
			t.Fatal(err)
		}
	}
	m := secrets.Migrate(load(t, before), tree.tree().Files, nil, &secrets.Tree{})
	repo := &repo{t: t, dir: t.TempDir(), keys: tree.keys}
	for _, c := range m.Copies {
		repo.write(map[string][]byte{c.To: tree.tree().Files[c.From]})
	}
	for file, names := range map[string]string{"sops/malphas.yaml": "admin malphas", "sops/shared.yaml": "admin malphas attic", "sops/attic.yaml": "admin malphas attic"} {
		for name := range repo.keys {
			_, err := repo.as(name, "decrypt", file)
			if want := strings.Contains(names, name); (err == nil) != want {
				t.Errorf("after the move %s decrypts %s: %v, want %v: %v", name, file, err == nil, want, err)
			}
		}
	}
	text := before
	for _, k := range m.Keys {
		if k.Table == "" || len(m.Keys) != 3 {
			t.Fatalf("hints %+v", m.Keys)
		}
		if k.Table == "keys" {
			text = "[keys]\n" + k.Key + " = \"" + k.Recipient + "\"\n" + text
			continue
		}
		header := "[" + k.Table + "]\n"
		text = strings.Replace(text, header, header+k.Key+" = \""+k.Recipient+"\"\n", 1)
	}
	f := load(t, "%s", text)
	repo.sync(f)
	repo.holds(f, map[string]string{"sops/malphas.yaml": "admin malphas", "sops/shared.yaml": "admin malphas attic", "sops/attic.yaml": "admin attic"})
}
