package fleet

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const installed = `[users.tim]
[hosts.a]
system = "x86_64-linux"
stateVersion = "25.11"
homeStateVersion = "25.05"
hostId = "8425e349"
disks.main = { profile = "desktop-btrfs", device = "/dev/disk/by-id/a", encryption = "luks", luksName = "crypt" }
disks.data1 = { profile = "data", device = "/dev/disk/by-id/b", mountPoint = "/srv" }

[hosts.mac]
system = "aarch64-darwin"
stateVersion = 6
`

// recorded is what a generator would have kept: identity values through JSON.
func recorded(t *testing.T, env Env) map[string]map[string]Value {
	f, ds := Load("hosts.toml", []byte(installed), env)
	if len(ds) > 0 {
		t.Fatal(render([]byte(installed), ds))
	}
	all := map[string]map[string]Value{}
	for _, h := range f.Hosts {
		all[h.Name] = h.Identity(env)
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]Value{}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestIdentity(t *testing.T) {
	env := testEnv(t)
	was := recorded(t, env)
	if d := cmp.Diff(map[string]Value{"stateVersion": 6.0}, was["mac"]); d != "" {
		t.Error(d)
	}
	for _, c := range []struct {
		name, old, new string
		want           string
	}{
		{"nothing", "", "", ""},
		{"a device may be replaced", "by-id/a", "by-id/c", ""},
		{"a disk may be added", "[hosts.mac]", "[hosts.a.disks.data2]\nprofile = \"data\"\ndevice = \"/dev/sdz\"\nmountPoint = \"/x\"\n[hosts.mac]", ""},
		{"release", `stateVersion = "25.11"`, `stateVersion = "26.05"`,
			"hosts.toml:4:1: error: `hosts.a.stateVersion` was `\"25.11\"` and is `\"26.05\"`: the installed machine depends on it\n"},
		{"release of a Mac", "stateVersion = 6", "stateVersion = 5",
			"hosts.toml:12:1: error: `hosts.mac.stateVersion` was `6` and is `5`: the installed machine depends on it\n"},
		{"home", `"25.05"`, `"25.11"`,
			"hosts.toml:5:1: error: `hosts.a.homeStateVersion` was `\"25.05\"` and is `\"25.11\"`: the installed machine depends on it\n"},
		{"hostId gone", "hostId = \"8425e349\"\n", "",
			"hosts.toml:2:8: error: `hosts.a.hostId` was `\"8425e349\"` and is gone: the installed machine depends on it\n"},
		{"LUKS name", `"crypt"`, `"other"`,
			"hosts.toml:7:94: error: `hosts.a.disks.main.luksName` was `\"crypt\"` and is `\"other\"`: the installed machine depends on it\n"},
		{"subvolumes", `luksName = "crypt"`, `luksName = "crypt", subvolumes = { "@" = "/" }`,
			"hosts.toml:7:114: error: `hosts.a.disks.main.subvolumes` was `{ \"@\" = \"/\", \"@home\" = \"/home\", \"@log\" = \"/var/log\", \"@nix\" = \"/nix\" }` and is `{ \"@\" = \"/\" }`: the installed machine depends on it\n"},
	} {
		src := replaceOnce(t, installed, c.old, c.new)
		f, _ := Load("hosts.toml", []byte(src), env)
		got := ""
		for _, h := range f.Hosts {
			got += render([]byte(src), f.ChangedIdentity(h, env, was[h.Name]))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	// A renamed disk is one that is gone.
	src := replaceOnce(t, installed, "disks.data1", "disks.data9")
	f, _ := Load("hosts.toml", []byte(src), env)
	if ds := f.ChangedIdentity(f.Host("a"), env, was["a"]); len(ds) == 0 || ds[0].Rule != "identity-changed" {
		t.Errorf("a renamed disk: %v", ds)
	}
}
