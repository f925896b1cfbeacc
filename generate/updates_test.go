package generate

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"howett.net/plist"

	"nixgen/fleet"
	"nixgen/internal/realnix"
)

// TestUpdateFiles compares the list of templates with what there is: each is
// copied for some platform, and no platform gets the other's.
func TestUpdateFiles(t *testing.T) {
	s := load(t, archive(t, "updates"))
	seen := map[string]bool{}
	for _, f := range s.files(t) {
		if name, ok := strings.CutPrefix(f.Path, "generated/services/updates/"); ok {
			seen[name] = true
		}
	}
	want := map[string]bool{}
	for _, names := range updateFiles {
		for _, n := range names {
			want[n] = true
		}
	}
	found, err := filepath.Glob("../templates/services/updates/*")
	if err != nil || len(found) != len(want) || !maps.Equal(seen, want) {
		t.Errorf("%d templates, %v\n%v\n%v", len(found), err, seen, want)
	}
}

// unit is a systemd unit as NixOS' modules have it, evaluated.
type unit struct {
	Description                        string
	After, Wants, OnFailure, OnSuccess []string
	WantedBy                           []string
	Environment                        map[string]any
	UnitConfig, ServiceConfig          map[string]any
	TimerConfig                        map[string]any
}

// text writes the unit down as NixOS does: a list is a line each, and a bool is
// `true` or `false`.
func (u *unit) text() string {
	var b strings.Builder
	line := func(key string, v any) {
		switch v := v.(type) {
		case nil:
		case []any:
			for _, x := range v {
				fmt.Fprintf(&b, "%s=%v\n", key, x)
			}
		default:
			fmt.Fprintf(&b, "%s=%v\n", key, v)
		}
	}
	section := func(name string, values map[string]any) {
		if values == nil {
			return
		}
		fmt.Fprintf(&b, "\n[%s]\n", name)
		for _, k := range slices.Sorted(maps.Keys(values)) {
			line(k, values[k])
		}
	}
	b.WriteString("[Unit]\n")
	line("Description", u.Description)
	for key, names := range map[string][]string{"After": u.After, "Wants": u.Wants, "OnFailure": u.OnFailure, "OnSuccess": u.OnSuccess} {
		if len(names) > 0 {
			line(key, strings.Join(names, " "))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(u.UnitConfig)) {
		line(k, u.UnitConfig[k])
	}
	section("Service", u.ServiceConfig)
	for _, k := range slices.Sorted(maps.Keys(u.Environment)) {
		line("Environment", fmt.Sprintf("%q", k+"="+fmt.Sprint(u.Environment[k])))
	}
	section("Timer", u.TimerConfig)
	return b.String()
}

// baseUnits are those of systemd itself that units refer to by themselves.
var baseUnits = []string{"sysinit.target", "basic.target", "shutdown.target", "network-online.target", "timers.target", "time-sync.target", "time-set.target",
	"tmp.mount", "-.mount", "system.slice"}

// verify asks `systemd-analyze verify` about units by name, in a root with
// stand-ins for what they start. It gives what is said.
func verify(t *testing.T, units map[string]*unit) (string, error) {
	t.Helper()
	root := t.TempDir()
	for _, name := range baseUnits {
		writeFile(t, filepath.Join(root, "usr/lib/systemd/system", name), []byte("[Unit]\nDescription=part of systemd\n"+map[string]string{"-.mount": "[Mount]\nWhat=/dev/x\nWhere=/\n", "tmp.mount": "[Mount]\nWhat=tmpfs\nWhere=/tmp\n"}[name]))
	}
	args := []string{"verify", "--root=" + root, "--man=no", "--recursive-errors=no"}
	for name, u := range units {
		writeFile(t, filepath.Join(root, "etc/systemd/system", name), []byte(u.text()))
		args = append(args, name)
		for key, v := range u.ServiceConfig {
			if strings.HasPrefix(key, "Exec") {
				program, _, _ := strings.Cut(strings.TrimPrefix(v.(string), "-"), " ")
				writeFile(t, filepath.Join(root, program), []byte("#!/bin/sh\n"))
				if err := os.Chmod(filepath.Join(root, program), 0o755); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return realnix.Systemd(t, args...)
}

// evaluatedUnits are the units of updates of a NixOS host.
func evaluatedUnits(t *testing.T, f *realnix.Fleet, host string) map[string]*unit {
	t.Helper()
	const read = `u: {
		inherit (u) description wantedBy;
		after = u.after or [ ]; wants = u.wants or [ ]; onFailure = u.onFailure or [ ]; onSuccess = u.onSuccess or [ ]; unitConfig = u.unitConfig or { };
	}`
	var got struct{ Services, Timers map[string]*unit }
	err := f.Eval(&got, `let
		inherit (fleet.nixosConfigurations.`+host+`.config) systemd;
		ours = lib.filterAttrs (name: _: lib.hasPrefix "nixgen-" name);
		read = `+read+`;
	in {
		services = builtins.mapAttrs (_: u: read u // { inherit (u) environment serviceConfig; }) (ours systemd.services);
		timers = builtins.mapAttrs (_: u: read u // { inherit (u) timerConfig; }) (ours systemd.timers);
	}`)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*unit{}
	for name, u := range got.Services {
		u.Environment["PATH"] = "/run/current-system/sw/bin"
		out[name+".service"] = u
	}
	for name, u := range got.Timers {
		out[name+".timer"] = u
	}
	return out
}

// TestUpdateUnits has systemd verify every unit and calendar of a host that
// updates itself.
func TestUpdateUnits(t *testing.T) {
	f := open(t, "updates")
	for host, want := range map[string]string{
		"canary": "nixgen-notify.service nixgen-update-resume.service nixgen-update-resume.timer nixgen-update.service nixgen-update.timer",
		"vault":  "nixgen-notify.service nixgen-update-reboot.service nixgen-update-reboot.timer nixgen-update-resume.service nixgen-update-resume.timer nixgen-update.service nixgen-update.timer",
		"laptop": "",
	} {
		units := evaluatedUnits(t, f, host)
		if got := strings.Join(slices.Sorted(maps.Keys(units)), " "); got != want {
			t.Errorf("%s has %s", host, got)
		}
		if len(units) == 0 {
			continue
		}
		if said, err := verify(t, units); err != nil || said != "" {
			t.Errorf("%s: %v\n%s", host, err, said)
		}
		for name, u := range units {
			if c, ok := u.TimerConfig["OnCalendar"].(string); ok {
				if said, err := realnix.Systemd(t, "calendar", c); err != nil {
					t.Errorf("%s: %s: %q: %s", host, name, c, said)
				}
			}
		}
		update := units["nixgen-update.service"]
		if strings.Join(update.OnFailure, " ") != "nixgen-update-resume.service" || strings.Join(update.OnSuccess, " ") != "nixgen-notify.service" {
			t.Errorf("%s: after a failure %q, after a success %q", host, update.OnFailure, update.OnSuccess)
		}
		for _, names := range [][]string{update.OnFailure, update.OnSuccess} {
			for _, n := range names {
				if units[n] == nil {
					t.Errorf("%s: there is no %s", host, n)
				}
			}
		}
	}
	noComplaints(t, f, "fleet.nixosConfigurations.canary")
	noComplaints(t, f, "fleet.nixosConfigurations.vault")
	assertValues(t, f, "fleet.nixosConfigurations.vault", "testdata/values/updates-vault.json")
}

// TestVerifyRefuses shows that systemd's verdict counts: a wrong key, a missing
// program, a wrong value.
func TestVerifyRefuses(t *testing.T) {
	good := func() *unit {
		return &unit{Description: "x", ServiceConfig: map[string]any{"Type": "oneshot", "ExecStart": "/nix/store/x/bin/y run"}}
	}
	if said, err := verify(t, map[string]*unit{"a.service": good()}); err != nil || said != "" {
		t.Errorf("the good one: %v %s", err, said)
	}
	for key, v := range map[string]any{"ProtectSistem": "strict", "ProtectSystem": "very", "TimeoutStartSec": "soon", "SystemCallFilter": "@system-services", "Type": "once"} {
		u := good()
		u.ServiceConfig[key] = v
		if said, err := verify(t, map[string]*unit{"a.service": u}); err == nil && said == "" {
			t.Errorf("%s=%v passes", key, v)
		}
	}
}

// launchdKeys are the keys of launchd.plist(5) that a daemon of ours may have,
// with the Go types that they decode to.
var launchdKeys = map[string]string{
	"Label": "string", "ProgramArguments": "[]interface {}", "EnvironmentVariables": "map[string]interface {}", "RunAtLoad": "bool",
	"StartCalendarInterval": "[]interface {}", "AbandonProcessGroup": "bool", "ProcessType": "string", "StandardErrorPath": "string", "StandardOutPath": "string",
	"UserName": "string", "GroupName": "string", "WorkingDirectory": "string", "Umask": "uint64", "Nice": "uint64", "KeepAlive": "bool", "ThrottleInterval": "uint64",
	"LowPriorityIO": "bool", "ExitTimeOut": "uint64", "StartInterval": "uint64",
}

// TestLaunchdDaemons decodes the property lists that nix-darwin makes.
func TestLaunchdDaemons(t *testing.T) {
	f := open(t, "updates")
	noComplaints(t, f, "fleet.darwinConfigurations.macbook")
	var texts map[string]string
	if err := f.Eval(&texts, `builtins.mapAttrs (_: d: d.text) (lib.filterAttrs (name: _: lib.hasInfix "nixgen" name) fleet.darwinConfigurations.macbook.config.environment.launchDaemons)`); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(slices.Sorted(maps.Keys(texts)), " "); got != "org.nixos.nixgen-update-resume.plist org.nixos.nixgen-update.plist" {
		t.Fatal(got)
	}
	decoded := map[string]map[string]any{}
	for name, text := range texts {
		var d map[string]any
		if _, err := plist.Unmarshal([]byte(text), &d); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		for key, v := range d {
			if want, ok := launchdKeys[key]; !ok || fmt.Sprintf("%T", v) != want {
				t.Errorf("%s: %s is %T, want %q", name, key, v, want)
			}
		}
		if d["Label"].(string)+".plist" != name || d["AbandonProcessGroup"] != true {
			t.Errorf("%s: %v", name, d)
		}
		decoded[name] = d
	}
	update := decoded["org.nixos.nixgen-update.plist"]
	want := `[map[Hour:12 Minute:0 Weekday:1] map[Hour:12 Minute:0 Weekday:2] map[Hour:12 Minute:0 Weekday:3]]`
	if got := fmt.Sprint(update["StartCalendarInterval"]); got != want || update["RunAtLoad"] == true {
		t.Errorf("starts at %s, at load: %v", got, update["RunAtLoad"])
	}
	if decoded["org.nixos.nixgen-update-resume.plist"]["RunAtLoad"] != true {
		t.Error("resume does not start with the machine")
	}
	assertValues(t, f, "fleet.darwinConfigurations.macbook", "testdata/values/updates-macbook.json")
}

// programs are the texts of the programs of each host: its variables, and below
// them what the template has, unchanged.
func programs(t *testing.T, f *realnix.Fleet) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, host := range []string{"nixosConfigurations.vault", "nixosConfigurations.canary", "darwinConfigurations.macbook"} {
		var got map[string]string
		if err := f.Eval(&got, `lib.listToAttrs (map (p: { inherit (p) name; value = p.text; })
			(lib.filter (p: lib.hasPrefix "nixgen-" (p.name or "")) fleet.`+host+`.config.environment.systemPackages))`); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 {
			t.Errorf("%s has %d programs", host, len(got))
		}
		for name, text := range got {
			out[host+"-"+name] = text
		}
	}
	return out
}

// TestUpdatePrograms runs shellcheck over the programs as they are, and reads
// back what the shell has of the values in hosts.toml.
func TestUpdatePrograms(t *testing.T) {
	f := open(t, "updates")
	all := programs(t, f)
	checked := map[string]string{}
	for name, text := range all {
		checked[name] = "#!/bin/bash\nset -o errexit -o nounset -o pipefail\n" + text
	}
	realnix.Shellcheck(t, checked, "SC2016,SC2034")
	script := all["nixosConfigurations.vault-nixgen-update"]
	body, err := os.ReadFile("../templates/services/updates/update.sh")
	if err != nil {
		t.Fatal(err)
	}
	vars, ok := strings.CutSuffix(script, string(body))
	vars, seal, sealed := strings.Cut(vars, Header)
	if !ok || !sealed || strings.Count(seal, "\n") != 2 {
		t.Fatalf("the program is not the template below its seal and variables: %s", script)
	}
	var got []string
	for _, name := range []string{"host", "source", "deploy_key", "operation", "only_newer", "rollback", "collect_garbage", "webhook", "time_limit", "stale_after", "${commands[1]}"} {
		got = append(got, bash(t, vars, name))
	}
	want := []string{"vault", "git+ssh://git@git.example.org/me/fleet.git?ref=main", "/run/secrets/deploy-key", "boot", "", "", "1", "https://hook.example/x?a=$b", "7200", "1814400", "echo ${x-} `id`"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\n%q", got, want)
	}
	if got := bash(t, vars, `${commands[0]}`); got != `test "$(hostname)" = 'vault'` {
		t.Error(got)
	}
}

// TestUpdateTwins has one wrong value each, which must fail.
func TestUpdateTwins(t *testing.T) {
	f := open(t, "updates")
	nixos, mac := "fleet.nixosConfigurations.canary", "fleet.darwinConfigurations.macbook"
	for _, c := range []struct{ expr, module, says string }{
		{nixos, `{ nixgen.updates.operation = "reboot"; }`, "operation"},
		{nixos, `{ nixgen.updates.jitter = "1h"; }`, "jitter"},
		{nixos, `{ nixgen.updates.notify.on = [ "sucess" ]; }`, "notify.on"},
		{nixos, `{ nixgen.updates.helth = { }; }`, "helth"},
		{nixos, `{ system.autoUpgrade.enable = true; }`, "system.autoUpgrade does so too"},
		{nixos, `{ nixgen.updates.notify.email = "me@example.org"; }`, "programs.msmtp.enable"},
		{nixos, `{ nixgen.updates.notify.desktop = true; }`, ""},
		{mac, `{ nixgen.updates.intervals = [ { Hour = "12"; } ]; }`, "intervals"},
		{mac, `{ launchd.daemons.nixgen-update.serviceConfig.AbandonProcessGroup = "yes"; }`, "AbandonProcessGroup"},
		{mac, `{ nixgen.updates.notify.desktop = true; }`, ""},
	} {
		expr := "let c = extend (" + c.expr + ") (" + c.module + "); in if (complaints c).failed != [ ] then throw (toString (complaints c).failed) else drvPath (if c ? system then c else { system = c.config.system.build.toplevel; })"
		f.Twin(t, c.module, expr, c.says)
	}
}

// TestUpdateTypes writes what hosts.toml says as typed values.
func TestUpdateTypes(t *testing.T) {
	s := load(t, archive(t, "updates"))
	for _, h := range s.fleet.Hosts {
		if (h.Updates == nil) != (h.Name == "laptop") {
			t.Errorf("%s: %v", h.Name, h.Updates)
		}
		if h.Name == "macbook" && (!slices.Equal(h.Updates.DependsOn, []string{"vault"}) || !h.Updates.Follow || h.Platform != fleet.Darwin) {
			data, _ := json.Marshal(h.Updates)
			t.Errorf("%s", data)
		}
	}
}

// bash is what a variable holds after its definition.
func bash(t *testing.T, vars, name string) string {
	t.Helper()
	if !strings.HasPrefix(name, "$") {
		name = "${" + name + "}"
	}
	out, err := exec.Command("bash", "-c", "set -eu\n"+vars+"\nprintf %s \""+name+"\"").CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}
