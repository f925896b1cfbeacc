package layout

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nixgen/fleet"
)

// usual is [layout] as it is when hosts.toml does not say it.
func usual() *fleet.Layout {
	return &fleet.Layout{
		Common: []string{"modules/common"}, OptIn: []string{"modules/opt-in"}, Modules: []string{"modules/lib"},
		Hosts: []string{"hosts"}, Home: []string{"home"}, Generated: "generated",
		PlatformNames: map[string][]string{fleet.NixOS: {"nixos"}, fleet.Darwin: {"darwin"}},
	}
}

// describe writes a File on one line; what is empty is left out.
func describe(f File) string {
	s := []string{f.Tier.String()}
	for _, kv := range [][2]string{{"topic", f.Topic}, {"platform", f.Platform}, {"host", f.Host}, {"user", f.User}, {"group", f.Group}} {
		if kv[1] != "" {
			s = append(s, kv[0]+"="+kv[1])
		}
	}
	return strings.Join(append(s, [...]string{"part", "entry", "hardware", "facter"}[f.Role]), " ")
}

func TestClassify(t *testing.T) {
	wide := usual()
	wide.Common = []string{"hosts/common/core", "hosts/{platform}/common"}
	wide.OptIn = []string{"hosts/common/optional/**"}
	wide.Hosts = []string{"hosts/{host}", "machines/{platform}/{host}"}
	wide.Home = []string{"users/{user}/home"}
	wide.Groups = []fleet.Group{{Name: "pis", Paths: []string{"hosts/pis"}, Hosts: []string{"pi1"}}}
	wide.Ignore = []string{"**/tests", "hosts/common/optional/old"}
	wide.PlatformNames = map[string][]string{fleet.NixOS: {"nixos", "linux"}, fleet.Darwin: {"darwin", "macos"}}
	globs := usual()
	globs.Common = []string{"teams/*/common", "x/**/shared"}
	globs.OptIn = []string{"op?"}
	globs.Modules = []string{"{host}/{host}/lib"}
	globs.Hosts = []string{"machines/{platform}-{host}"}
	globs.Home = []string{"people/u-{user}"}
	for _, c := range []struct {
		name   string
		layout *fleet.Layout
		want   string // "path: description" lines
	}{
		{"usual", usual(), `
flake.nix: none part
generated/default.nix: generated part
home/tim/common/git.nix: common topic=git user=tim entry
home/tim/common/shell/aliases.nix: common topic=shell user=tim part
home/tim/common/shell/darwin.nix: common topic=shell platform=darwin user=tim entry
home/tim/common/shell/default.nix: common topic=shell user=tim entry
home/tim/default.nix: none part
home/tim/hosts/malphas.nix: host host=malphas user=tim entry
home/tim/hosts/vault/default.nix: host host=vault user=tim entry
home/tim/hosts/vault/extra.nix: host host=vault user=tim part
home/tim/opt-in/editors/neovim.nix: opt-in topic=editors/neovim user=tim entry
hosts/malphas/_old/default.nix: ignored part
hosts/malphas/default.nix: host host=malphas entry
hosts/malphas/facter.json: host host=malphas facter
hosts/malphas/hardware-configuration.nix: host host=malphas hardware
hosts/malphas/services/x.nix: host host=malphas part
hosts/pi.nix: host host=pi entry
modules/common/README.md: none part
modules/common/darwin.nix: common platform=darwin entry
modules/common/default.nix: common entry
modules/common/nix.nix: common topic=nix entry
modules/common/openssh/darwin.nix: common topic=openssh platform=darwin entry
modules/common/openssh/nixos.nix: common topic=openssh platform=nixos entry
modules/lib/backup.nix: library topic=backup entry
modules/opt-in/default.nix: opt-in topic=default part
modules/opt-in/desktop/default.nix: opt-in topic=desktop entry
modules/opt-in/desktop/hyprland/default.nix: opt-in topic=desktop/hyprland entry
modules/opt-in/desktop/hyprland/keys.nix: opt-in topic=desktop/hyprland part
modules/opt-in/desktop/hyprland/lib/a/b.nix: opt-in topic=desktop/hyprland part
modules/opt-in/desktop/wall.nix: opt-in topic=desktop part
modules/opt-in/gaming.nix: opt-in topic=gaming entry
modules/opt-in/net/tailscale.nix: opt-in topic=net/tailscale entry
pkgs/x.nix: none part`},
		{"patterns of real fleets", wide, `
hosts/common/core/nix.nix: common topic=nix entry
hosts/common/core/ssh/linux.nix: common topic=ssh platform=nixos entry
hosts/common/optional/audio.nix: opt-in topic=audio entry
hosts/common/optional/old/x.nix: ignored part
hosts/common/optional/tests/x.nix: ignored part
hosts/darwin/common/dock.nix: common topic=dock platform=darwin entry
hosts/darwin/common/dock/linux.nix: common topic=dock platform=darwin part
hosts/malphas/default.nix: host host=malphas entry
hosts/nixos/common/boot.nix: common topic=boot platform=nixos entry
hosts/pis/firmware.nix: group topic=firmware group=pis entry
machines/darwin/mac/default.nix: host platform=darwin host=mac entry
users/tim/home/common/git.nix: common topic=git user=tim entry
users/tim/home/common/optional/x.nix: opt-in topic=x user=tim entry
users/tim/x.nix: none part`},
		{"every form of pattern", globs, `
a/b/lib/x.nix: library topic=x host=a entry
machines/darwin-mac/default.nix: host platform=darwin host=mac entry
machines/linux/default.nix: none part
machines/nixos-a-b.nix: host platform=nixos host=a-b entry
machines/nixos-a-b/x/y.nix: host platform=nixos host=a-b part
opt: none part
opt/x.nix: opt-in topic=x entry
optin/x.nix: none part
people/tim/common/x.nix: none part
people/u-tim/common/x.nix: common topic=x user=tim entry
teams/a/b/common/x.nix: none part
teams/a/common/x.nix: common topic=x entry
x/a/b/shared/y.nix: common topic=y entry
x/shared/shared/y.nix: common topic=y entry
x/shared/y.nix: common topic=y entry`},
	} {
		var files []string
		for _, l := range strings.Split(strings.TrimSpace(c.want), "\n") {
			f, _, _ := strings.Cut(l, ": ")
			files = append(files, f)
		}
		rand.New(rand.NewSource(1)).Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		var got strings.Builder
		for _, f := range Classify(c.layout, append(files, files...)).Files {
			fmt.Fprintf(&got, "\n%s: %s", f.Path, describe(f))
		}
		if d := cmp.Diff(c.want, got.String()); d != "" {
			t.Errorf("%s: -want +got\n%s", c.name, d)
		}
	}
}

func TestTopics(t *testing.T) {
	inv := Classify(usual(), []string{
		"modules/common/b/darwin.nix", "modules/common/b/default.nix", "modules/common/b/nixos.nix", "modules/common/b.nix",
		"modules/common/a.nix", "modules/opt-in/dock/darwin.nix", "modules/opt-in/audio/nixos.nix", "modules/opt-in/vim.nix",
		"home/tim/opt-in/mail.nix", "home/tim/common/git.nix", "home/tim/hosts/m.nix", "home/eva/hosts/m.nix",
		"hosts/m/default.nix", "hosts/m/facter.json",
	})
	for _, c := range []struct{ platform, want string }{
		{fleet.NixOS, "modules/common/a.nix modules/common/b.nix modules/common/b/default.nix modules/common/b/nixos.nix"},
		{fleet.Darwin, "modules/common/a.nix modules/common/b.nix modules/common/b/default.nix modules/common/b/darwin.nix"},
		{fleet.Home, "modules/common/a.nix modules/common/b.nix modules/common/b/default.nix"},
	} {
		var got []string
		for _, topic := range inv.Topics(Common, "") {
			got = append(got, topic.For(c.platform)...)
		}
		if d := cmp.Diff(c.want, strings.Join(got, " ")); d != "" {
			t.Errorf("common of %s: -want +got\n%s", c.platform, d)
		}
	}
	var env fleet.Env
	inv.Env(&env)
	all := []string{"darwin", "nixos"}
	want := fleet.Env{
		OptIn: map[string][]string{"dock": {"darwin"}, "audio": {"nixos"}, "vim": all},
		Home: map[string]fleet.HomeEnv{
			"eva": {OptIn: map[string][]string{}, Hosts: []string{"m"}},
			"tim": {OptIn: map[string][]string{"mail": all}, Common: true, Hosts: []string{"m"}},
		},
	}
	if d := cmp.Diff(want, env); d != "" {
		t.Errorf("Env: -want +got\n%s", d)
	}
	if got := inv.HostRole("m", "", Facter); len(got) != 1 || got[0] != "hosts/m/facter.json" {
		t.Errorf("HostRole(m, facter) = %v", got)
	}
	if !inv.Has("hosts/m") || !inv.Has("hosts/m/default.nix") || inv.Has("hosts") {
		t.Error("Has is wrong about hosts/m, hosts/m/default.nix or hosts")
	}
	if _, ok := inv.Topic(OptIn, "", "dock"); !ok {
		t.Error("topic dock not found")
	}
	if _, ok := inv.Topic(OptIn, "", "dok"); ok {
		t.Error("topic dok found")
	}
}
