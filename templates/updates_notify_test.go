package templates

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nixgen/internal/realnix"
)

// TestNotifiers sends the news of a rollback through each channel.
func TestNotifiers(t *testing.T) {
	text := "unhealthy: sshd.service is not active; the host is back at generation 7"
	for _, c := range []struct {
		name    string
		set     func(w *world)
		mac     bool
		program string
		want    []string
	}{
		{name: "ntfy", program: "curl", set: func(w *world) { w.set("ntfy", "https://ntfy.example/t") },
			want: []string{"curl POST https://ntfy.example/t [] [Title: box: rollback] " + text}},
		{name: "ntfy with a token", program: "curl", set: func(w *world) {
			w.set("ntfy", "https://ntfy.example/t").set("ntfy_token_file", w.path("token")).write("token", "tk_1\n")
		}, want: []string{"curl POST https://ntfy.example/t [Authorization: Bearer tk_1] [Title: box: rollback] " + text}},
		{name: "webhook", program: "curl", set: func(w *world) { w.set("webhook", "https://hook.example/x") },
			want: []string{`curl POST https://hook.example/x {"host":"box","event":"rollback","message":"` + text + `","time":1000030,"revision":"REV","generation":null}`}},
		{name: "email", program: "msmtp", set: func(w *world) { w.set("email", "me@example.org") },
			want: []string{"msmtp -- me@example.org To: me@example.org|Subject: box: rollback|Content-Type: text/plain; charset=utf-8||" + text + "|"}},
		{name: "desktop", program: "runuser", set: func(w *world) { w.set("desktop", true) },
			want: []string{"runuser -u tim -- env DBUS_SESSION_BUS_ADDRESS=unix:path=WORLD/users/1000/bus notify-send box: rollback " + text}},
		{name: "desktop of a Mac", mac: true, program: "launchctl", set: func(w *world) { w.set("desktop", true) },
			want: []string{"launchctl asuser 501 sudo -u USER osascript -e on run argv -e display notification (item 2 of argv) with title (item 1 of argv) -e end run box: rollback " +
				"unhealthy: `check-me` fails; the host is back at generation 7"}},
		{name: "healthchecks", program: "curl", set: func(w *world) { w.set("healthchecks", "https://hc.example/1") },
			want: []string{"curl GET https://hc.example/1/start ", "curl GET https://hc.example/1/fail "}},
		{name: "nobody", program: "curl", set: func(*world) {}},
		{name: "nobody who wants it", program: "curl", set: func(w *world) { w.set("ntfy", "https://ntfy.example/t").set("told", []string{"success"}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			platform := "nixos"
			if c.mac {
				platform = "darwin"
			}
			w := newWorld(t, platform).knows().set("ntfy", "")
			if c.mac {
				w.set("units", []string{}).set("commands", []string{"check-me"}).fail("check-me", "")
			}
			w.write("active", "")
			c.set(w)
			w.update()
			got := w.calls(c.program)
			user, _ := os.LookupEnv("USER")
			if user == "" {
				user = "root"
			}
			for i := range got {
				got[i] = strings.NewReplacer(w.dir, "WORLD", w.revisions[2], "REV", "sudo -u "+user+" ", "sudo -u USER ").Replace(got[i])
			}
			var want []string
			want = append(want, c.want...)
			for i := range want {
				want[i] = sorted(t, want[i])
			}
			for i := range got {
				got[i] = sorted(t, got[i])
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("-want +got\n%s\n%s", d, w.read("log"))
			}
			if left := w.list("state/outbox"); left != "" {
				t.Errorf("left: %s", left)
			}
		})
	}
}

// TestNotifierFails: the update succeeds, the message waits, and goes out once.
func TestNotifierFails(t *testing.T) {
	w := newWorld(t, "nixos").knows().set("email", "me@example.org").set("healthchecks", "https://hc.example/1")
	w.fail("msmtp", "no route").write("down/all", "")
	if code := w.update(); code != 0 || w.status()["outcome"] != "success" {
		t.Errorf("exit %d, %v\n%s", code, w.status()["outcome"], w.read("log"))
	}
	if got := w.list("state/outbox"); strings.Count(got, ".json") != 2 {
		t.Errorf("the outbox has %q", got)
	}
	w.remove("fail/msmtp", "down/all", "calls")
	w.do("nixgen-notify")
	w.do("nixgen-notify")
	if mails, posts := w.calls("msmtp"), w.calls("curl"); len(mails) != 1 || len(posts) != 2 || w.list("state/outbox") != "" {
		t.Errorf("%q %q %q", mails, posts, w.list("state/outbox"))
	}
}

// TestOutboxIsBounded: what nobody takes for months does not fill the disk.
func TestOutboxIsBounded(t *testing.T) {
	w := newWorld(t, "nixos").knows().write("down/all", "")
	w.must(os.MkdirAll(w.path("state/outbox"), 0o755))
	for i := range 60 {
		w.write(fmt.Sprintf("state/outbox/%d-failure-ntfy.json", 900000+i), `{"event":"failure","message":"x"}`)
	}
	w.do("nixgen-notify")
	got := strings.Fields(w.list("state/outbox"))
	if len(got) != 50 || got[0] != "900010-failure-ntfy.json" {
		t.Errorf("%d messages, the first is %s", len(got), got[0])
	}
}

// TestStatusFile holds the shape of status.json, which others read.
func TestStatusFile(t *testing.T) {
	w := newWorld(t, "nixos").knows()
	w.update()
	w.write("clock", "1086400")
	w.fail("source", "offline")
	w.update()
	text := strings.NewReplacer(w.dir, "", w.revisions[2], "REV2").Replace(w.read("state/status.json"))
	var got, want any
	w.must(json.Unmarshal([]byte(text), &got))
	w.must(json.Unmarshal([]byte(`{
		"host": "box", "outcome": "unreachable", "detail": "the source cannot be read: offline", "phase": "source",
		"since": 990000, "started": 1086400, "finished": 1086400, "lastSuccess": 1000000, "generation": "8",
		"revision": "REV2", "lastModified": 907200, "system": "/store/REV2", "target": null, "pending": null, "bad": null,
		"staleTold": false, "rebootNeeded": false,
		"history": [
			{"started": 1086400, "finished": 1086400, "outcome": "unreachable", "detail": "the source cannot be read: offline", "generation": "8", "revision": null},
			{"started": 1000000, "finished": 1000000, "outcome": "success", "detail": "updated to `+w.revisions[2][:12]+`", "generation": "8", "revision": "REV2"}
		]}`), &want))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	info, err := os.Stat(w.path("state/status.json"))
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		t.Errorf("others cannot read it: %v, %v", info.Mode(), err)
	}
	for range 3 {
		w.do("nixgen-update", "run")
	}
	if n := len(w.status()["history"].([]any)); n != 5 {
		t.Errorf("%d entries of history", n)
	}
}

// TestHistoryIsBounded lets a history of fifty entries grow.
func TestHistoryIsBounded(t *testing.T) {
	w := newWorld(t, "nixos").knows()
	history := make([]any, 50)
	for i := range history {
		history[i] = map[string]any{"outcome": "current", "finished": 1000 - i}
	}
	w.status1("history", history)
	w.update()
	got := w.status()["history"].([]any)
	if len(got) != 50 || got[0].(map[string]any)["outcome"] != "success" || got[49].(map[string]any)["finished"] != 952.0 {
		t.Errorf("%d entries, %v … %v", len(got), got[0], got[49])
	}
}

// TestBrokenStatus: a status.json that is no JSON is begun anew.
func TestBrokenStatus(t *testing.T) {
	for _, text := range []string{"", "{", "[]", "null", `{"outcome": "running"}`} {
		w := newWorld(t, "nixos").knows().source(2)
		w.write("state/status.json", text)
		w.update()
		if s := w.status(); s["outcome"] != "older" || s["since"] != 1e6 {
			t.Errorf("%q: %v", text, s)
		}
	}
}

// sorted is a call without blanks at its ends; of JSON that it sends, the order
// of the members is no promise.
func sorted(t *testing.T, call string) string {
	t.Helper()
	what, body, ok := strings.Cut(strings.TrimSpace(call), " {")
	if !ok {
		return what
	}
	var v any
	if err := json.Unmarshal([]byte("{"+body), &v); err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return what + " " + string(text)
}

// TestDeployKey: git and Nix are given the key.
func TestDeployKey(t *testing.T) {
	w := newWorld(t, "nixos").knows().set("deploy_key", "/etc/my-key")
	text, err := os.ReadFile(w.path("standin"))
	w.must(err)
	// the program `nix` of this machine writes its environment down first
	w.must(os.Remove(w.path("bin/nix")))
	realnix.WriteProgram(t, w.path("bin/nix"), strings.Replace(string(text), "set -eu\n", "set -eu\nenv >\"$WORLD/env\"\n", 1))
	w.update()
	vars := map[string]string{}
	for line := range strings.SplitSeq(w.read("env"), "\n") {
		k, v, _ := strings.Cut(line, "=")
		vars[k] = v
	}
	want := map[string]string{
		"GIT_SSH_COMMAND": "ssh -i /etc/my-key -o IdentitiesOnly=yes -o BatchMode=yes", "NIX_SSHOPTS": "-i /etc/my-key -o IdentitiesOnly=yes -o BatchMode=yes",
		"GIT_TERMINAL_PROMPT": "0", "NIX_CONFIG": "extra-experimental-features = nix-command flakes",
	}
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if vars[k] != want[k] {
			t.Errorf("%s=%q, want %q", k, vars[k], want[k])
		}
	}
}

func TestUsage(t *testing.T) {
	w := newWorld(t, "nixos").knows()
	for _, args := range [][]string{nil, {"ruin"}} {
		if code := w.do("nixgen-update", args...); code != 2 {
			t.Errorf("%q: exit %d", args, code)
		}
	}
	if w.status()["outcome"] != "success" || !strings.Contains(w.read("log"), "usage: nixgen-update run|resume|reboot") {
		t.Error(w.read("log"))
	}
}
