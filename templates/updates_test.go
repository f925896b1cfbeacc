package templates

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixgen/internal/realnix"
)

const (
	before  = "generation 7: profile 1, boot 1, runs 1"
	after   = "generation 8: profile 2, boot 2, runs 2"
	nothing = ""
)

// outcome is a case: what happens to a machine at the second revision whose
// fleet is at the third, and how it ends.
type outcome struct {
	name    string
	mac     bool
	prepare func(w *world)
	// act is the update as the units run it, unless it is said.
	act func(w *world) int

	exit    int
	state   string
	outcome string
	events  string
	// detail must be part of the status.
	detail string
	check  func(t *testing.T, w *world)
}

var outcomes = []outcome{
	{name: "success", state: after, outcome: "success", events: "success"},
	{name: "first run ever", prepare: func(w *world) { w.remove("state") }, exit: 0, state: before, outcome: "older", events: nothing},
	{name: "first run, and somebody deployed the source", prepare: func(w *world) { w.remove("state").source(1).set("confirms", true).set("remote", w.remote()) },
		state: before, outcome: "current", check: func(t *testing.T, w *world) {
			if w.ok("box") != w.revisions[1] {
				t.Error("not confirmed")
			}
		}},
	{name: "nothing new", prepare: func(w *world) { w.source(1) }, state: before, outcome: "current"},
	{name: "older source", prepare: func(w *world) { w.source(0) }, state: before, outcome: "older"},
	{name: "older source, allowed", prepare: func(w *world) { w.source(0).set("only_newer", false) },
		state: "generation 8: profile 0, boot 0, runs 0", outcome: "success", events: "success"},
	{name: "somebody deployed by hand since", prepare: func(w *world) { w.status1("system", "/nix/store/other") }, state: before, outcome: "older"},
	{name: "dirty tree", prepare: func(w *world) {
		w.writeJSON("web/source.json", map[string]any{"url": "fleet:dirty", "lastModified": 999999, "locked": map[string]any{"narHash": "sha256-y"}})
	}, exit: 1, state: before, outcome: "failure", events: "failure", detail: "dirty tree"},
	{name: "build failure", prepare: func(w *world) { w.fail("build", "error: builder for hello failed") },
		exit: 1, state: before, outcome: "failure", events: "failure", detail: "the build failed: error: builder for hello failed"},
	{name: "activation failure", prepare: func(w *world) { w.fail("switch-"+w.revisions[2], "unit foo.service failed") },
		exit: 1, state: before, outcome: "rollback", events: "rollback", detail: "the activation failed: unit foo.service failed; the host is back at generation 7"},
	{name: "activation failure without rollback", prepare: func(w *world) { w.fail("switch-"+w.revisions[2], "no").set("rollback", false) },
		exit: 1, state: "generation 8: profile 2, boot 1, runs 1", outcome: "failure", events: "failure"},
	{name: "failed unit", prepare: func(w *world) { w.write("active", "") },
		exit: 1, state: before, outcome: "rollback", events: "rollback", detail: "unhealthy: sshd.service is not active"},
	{name: "failed address", prepare: func(w *world) {
		w.set("urls", []string{"https://box.example/up"}).write("down/https:__box.example_up", "")
	},
		exit: 1, state: before, outcome: "rollback", events: "rollback", detail: "https://box.example/up does not answer"},
	{name: "failed command", prepare: func(w *world) { w.set("commands", []string{"check-me --all 'a b'"}).fail("check-me", "no") },
		exit: 1, state: before, outcome: "rollback", events: "rollback", detail: "`check-me --all 'a b'` fails", check: func(t *testing.T, w *world) {
			if n := len(w.calls("check-me")); n != 7 {
				t.Errorf("checked %d times in 30 seconds, want every 5 seconds and at once", n)
			}
		}},
	{name: "failed check without rollback", prepare: func(w *world) { w.write("active", "").set("rollback", false) },
		exit: 1, state: after, outcome: "failure", events: "failure", detail: "unhealthy"},
	{name: "rollback failure", prepare: func(w *world) { w.write("active", "").fail("switch-"+w.revisions[1], "the old one is broken") },
		exit: 1, state: "generation 7: profile 1, boot 2, runs 2", outcome: "failure", events: "failure", detail: "the way back to generation 7 failed: the old one is broken"},
	{name: "rollback failure at the profile", prepare: func(w *world) { w.write("active", "").fail("switch-generation", "disk full") },
		exit: 1, state: after, outcome: "failure", events: "failure", detail: "disk full"},

	{name: "network lost", prepare: func(w *world) { w.fail("source", "unable to download") },
		exit: 75, state: before, outcome: "unreachable", detail: "the source cannot be read: unable to download"},
	{name: "network lost for long", prepare: func(w *world) { w.fail("source", "unable to download").write("clock", "2000000") },
		exit: 75, state: before, outcome: "unreachable", events: "stale"},
	{name: "stale is told once", prepare: func(w *world) { w.fail("source", "x").write("clock", "2000000") },
		act: func(w *world) int { w.update(); w.remove("calls"); return w.update() }, exit: 75, state: before, outcome: "unreachable", events: nothing},

	{name: "no restart is needed", prepare: func(w *world) { w.window("04:00", "06:00") }, state: after, outcome: "success", events: "success", check: reboots(0)},
	{name: "restart inside the window", prepare: func(w *world) { w.newKernel().window("04:00", "06:00") }, state: after, outcome: "success", events: "success", check: reboots(1)},
	{name: "restart outside the window", prepare: func(w *world) { w.newKernel().window("05:00", "06:00") },
		state: after, outcome: "success", events: "reboot-needed success", check: reboots(0)},
	{name: "restart across midnight, early", prepare: func(w *world) { w.newKernel().window("23:00", "05:00") }, state: after, outcome: "success", events: "success", check: reboots(1)},
	{name: "restart across midnight, late", prepare: func(w *world) { w.newKernel().window("23:00", "05:00").write("time", "23:00") },
		state: after, outcome: "success", events: "success", check: reboots(1)},
	{name: "restart across midnight, outside", prepare: func(w *world) { w.newKernel().window("23:00", "04:41") },
		state: after, outcome: "success", events: "reboot-needed success", check: reboots(0)},
	{name: "restart at any time", prepare: func(w *world) { w.newKernel().set("reboot_policy", "when-needed") }, state: after, outcome: "success", events: "success", check: reboots(1)},
	{name: "never restart", prepare: func(w *world) { w.newKernel() }, state: after, outcome: "success", events: "reboot-needed success", check: reboots(0)},
	{name: "reboot-needed is told once", prepare: func(w *world) { w.newKernel() },
		act: func(w *world) int { w.update(); w.remove("calls"); return w.update() }, state: after, outcome: "current", events: nothing},
	{name: "the window opens later", prepare: func(w *world) { w.newKernel().window("05:00", "06:00") },
		act: func(w *world) int { w.update(); w.write("time", "05:00"); return w.do("nixgen-update", "reboot") }, state: after, outcome: "success", events: "reboot-needed success", check: reboots(1)},
	{name: "the window opens, and nothing is to be done", prepare: func(w *world) { w.window("05:00", "06:00") },
		act: func(w *world) int { w.update(); w.write("time", "05:00"); return w.do("nixgen-update", "reboot") }, state: after, outcome: "success", events: "success", check: reboots(0)},
	{name: "the machine does not restart", prepare: func(w *world) { w.newKernel().window("04:00", "06:00").fail("reboot", "no") },
		state: after, outcome: "success", events: "failure success"},

	{name: "operation boot", prepare: func(w *world) { w.set("operation", "boot") }, state: "generation 8: profile 2, boot 2, runs 1", outcome: "pending", events: "reboot-needed"},
	{name: "operation boot, then the boot", prepare: func(w *world) { w.set("operation", "boot") },
		act: func(w *world) int { w.update(); w.reboot(); return w.resume() }, state: after, outcome: "success", events: "reboot-needed success"},
	{name: "operation boot, unhealthy after it", prepare: func(w *world) { w.set("operation", "boot").write("active", "") },
		act: func(w *world) int { w.update(); w.reboot(); return w.resume() }, exit: 1, state: before, outcome: "rollback", events: "reboot-needed rollback"},
	{name: "operation boot, and the machine starts the old system", prepare: func(w *world) { w.set("operation", "boot") },
		act: func(w *world) int {
			w.update()
			w.write("boot", w.path("store/"+w.revisions[1])+"\n").reboot()
			return w.resume()
		}, exit: 1, state: before, outcome: "rollback", events: "reboot-needed rollback", detail: "did not start the new system"},
	{name: "operation boot, twice before the boot", prepare: func(w *world) { w.set("operation", "boot") },
		act:   func(w *world) int { w.update(); w.remove("calls"); return w.update() },
		state: "generation 8: profile 2, boot 2, runs 1", outcome: "pending", events: nothing, check: func(t *testing.T, w *world) {
			if w.status()["pending"].(map[string]any)["generation"] != "7" {
				t.Error("the way back is lost")
			}
		}},
	{name: "operation boot, a newer one before the boot, unhealthy", prepare: func(w *world) { w.set("operation", "boot").write("active", "") },
		act: func(w *world) int { w.update(); w.source(3).update(); w.reboot(); return w.resume() }, exit: 1, state: before, outcome: "rollback", events: "reboot-needed rollback", check: func(t *testing.T, w *world) {
			if n := len(w.calls("nixos-rebuild")); n != 2 {
				t.Errorf("%d rebuilds", n)
			}
		}},
	{name: "operation boot, and a build failure before the boot", prepare: func(w *world) { w.set("operation", "boot") },
		act: func(w *world) int {
			w.update()
			w.source(3).fail("build", "x").update()
			w.remove("fail/build").reboot()
			return w.resume()
		}, state: after, outcome: "success", events: "failure reboot-needed success"},
	{name: "operation test", prepare: func(w *world) { w.set("operation", "test") }, state: "generation 7: profile 1, boot 1, runs 2", outcome: "success", events: "success"},
	{name: "operation test, unhealthy", prepare: func(w *world) { w.set("operation", "test").write("active", "") }, exit: 1, state: before, outcome: "rollback", events: "rollback"},

	{name: "a revision that failed is tried again", prepare: func(w *world) { w.write("active", "") },
		act: func(w *world) int { w.update(); w.write("active", "sshd.service\n"); return w.update() }, state: "generation 8: profile 2, boot 2, runs 2", outcome: "success", events: "rollback success"},
	{name: "and held when it has failed too often", prepare: func(w *world) { w.write("active", "") },
		act: func(w *world) int { w.update(); w.update(); return w.update() }, state: before, outcome: "held", events: "rollback", detail: "failed 2 times"},
	{name: "until there is a newer one", prepare: func(w *world) { w.write("active", "").set("retries", 0) },
		act:   func(w *world) int { w.update(); w.source(3).write("active", "sshd.service\n"); return w.update() },
		state: "generation 9: profile 3, boot 3, runs 3", outcome: "success", events: "rollback success"},

	{name: "lock held", act: func(w *world) int {
		hold := w.holdLock()
		defer hold.Close()
		return w.do("nixgen-update", "run")
	}, exit: 75, state: before, outcome: "success", events: nothing},

	{name: "waits for a host that has confirmed nothing", prepare: after1("canary"), state: before, outcome: "waiting", detail: "canary has not confirmed anything yet"},
	{name: "the canary is well", prepare: func(w *world) { after1("canary")(w); w.ok("canary", w.revisions[2]) }, state: after, outcome: "success", events: "success"},
	{name: "the canary failed", prepare: func(w *world) { after1("canary")(w); w.ok("canary", w.revisions[1]) },
		state: before, outcome: "waiting", detail: "and not yet"},
	{name: "the canary failed long ago", prepare: func(w *world) { after1("canary")(w); w.ok("canary", w.revisions[1]); w.write("clock", "2000000") },
		state: before, outcome: "waiting", events: "stale"},
	{name: "one of two is well", prepare: func(w *world) {
		after1("canary", "other")(w)
		w.ok("canary", w.revisions[2])
		w.ok("other", w.revisions[1])
	},
		state: before, outcome: "waiting", detail: "other has confirmed"},
	{name: "the source has moved on", prepare: func(w *world) { after1("canary")(w); w.ok("canary", w.revisions[2]); w.source(3) },
		state: before, outcome: "waiting", detail: "and not yet"},
	{name: "the source has moved on, and the canary is followed", prepare: func(w *world) {
		after1("canary")(w)
		w.ok("canary", w.revisions[2])
		w.source(3).set("follow", true)
	}, state: after, outcome: "success", events: "success"},
	{name: "the remote is unreachable", prepare: func(w *world) { after1("canary")(w); w.fail("git", "ssh: no route to host") },
		state: before, outcome: "waiting", detail: "cannot ask whether canary is well: ssh: no route to host"},
	{name: "the remote is unreachable for long", prepare: func(w *world) { after1("canary")(w); w.fail("git", "no route").write("clock", "2000000") },
		state: before, outcome: "waiting", events: "stale"},
	{name: "the canary confirms at an address", prepare: func(w *world) {
		after1("canary")(w)
		w.set("remote", "").set("url", "https://ok.example/{host}").write("web/https:__ok.example_canary", w.revisions[2]+"\n")
	}, state: after, outcome: "success", events: "success"},
	{name: "the address does not answer", prepare: func(w *world) {
		after1("canary")(w)
		w.set("remote", "").set("url", "https://ok.example/{host}").write("down/https:__ok.example_canary", "")
	}, state: before, outcome: "waiting", detail: "could not resolve host"},
	{name: "confirms", prepare: func(w *world) { w.set("confirms", true).set("remote", w.remote()) }, state: after, outcome: "success", events: "success",
		check: func(t *testing.T, w *world) {
			if got := w.ok("box"); got != w.revisions[2] {
				t.Errorf("confirmed %q", got)
			}
		}},
	{name: "confirms at an address", prepare: func(w *world) { w.set("confirms", true).set("url", "https://ok.example/{host}") },
		state: after, outcome: "success", events: "success", check: func(t *testing.T, w *world) {
			if got := w.read("web/https:__ok.example_box"); got != w.revisions[2] {
				t.Errorf("confirmed %q", got)
			}
		}},
	{name: "confirms nothing that failed", prepare: func(w *world) { w.set("confirms", true).set("remote", w.remote()).write("active", "") },
		exit: 1, state: before, outcome: "rollback", events: "rollback", check: func(t *testing.T, w *world) {
			if w.ok("box") != "" {
				t.Error("confirmed")
			}
		}},
	{name: "cannot confirm, and does so the next time", prepare: func(w *world) {
		w.set("confirms", true).set("remote", w.remote()).fail("git", "no route")
	}, act: func(w *world) int {
		if code := w.update(); code != 0 || w.ok("box") != "" {
			w.Errorf("exit %d, confirmed %q", code, w.ok("box"))
		}
		w.remove("fail/git")
		return w.update()
	}, state: after, outcome: "current", events: "success", check: func(t *testing.T, w *world) {
		if w.ok("box") != w.revisions[2] {
			t.Error("not confirmed")
		}
	}},

	{name: "keeps two generations", prepare: func(w *world) { w.older(3, 6).set("keep_generations", 2) }, state: after, outcome: "success", events: "success",
		check: func(t *testing.T, w *world) {
			if got := w.list("profiles"); got != "system system-7-link system-8-link" {
				t.Error(got)
			}
			if calls := w.calls("switch-to-configuration"); !strings.HasSuffix(calls[len(calls)-1], " boot") {
				t.Errorf("the boot menu was not renewed: %q", calls)
			}
		}},
	{name: "collects garbage", prepare: func(w *world) {
		w.older(3, 6).set("keep_generations", 1).set("collect_garbage", true)
		w.system("unused")
	},
		state: after, outcome: "success", events: "success", check: func(t *testing.T, w *world) {
			if _, err := os.Stat(w.path("store/unused")); err == nil {
				t.Error("there is garbage")
			}
			if got := w.list("profiles"); got != "system system-8-link" {
				t.Error(got)
			}
		}},
	{name: "keeps everything after a failure", prepare: func(w *world) {
		w.older(3, 6).set("keep_generations", 1).set("collect_garbage", true).write("active", "")
	},
		exit: 1, state: before, outcome: "rollback", events: "rollback", check: func(t *testing.T, w *world) {
			if got := w.list("profiles"); !strings.Contains(got, "system-3-link") {
				t.Error(got)
			}
		}},

	{name: "Mac: success", mac: true, state: after, outcome: "success", events: "success", check: func(t *testing.T, w *world) {
		if got := w.calls("darwin-rebuild"); len(got) != 1 || got[0] != "darwin-rebuild switch --flake fleet:"+w.revisions[2]+"?narHash=sha256-x#box" {
			t.Errorf("%q", got)
		}
		if n := len(w.calls("systemctl")) + len(w.calls("switch-to-configuration")); n > 0 {
			t.Error("it did what only Linux can")
		}
	}},
	{name: "Mac: nothing new", mac: true, prepare: func(w *world) { w.source(1) }, state: before, outcome: "current"},
	{name: "Mac: build failure", mac: true, prepare: func(w *world) { w.fail("build", "no") }, exit: 1, state: before, outcome: "failure", events: "failure"},
	{name: "Mac: activation failure", mac: true, prepare: func(w *world) { w.fail("switch-"+w.revisions[2], "no") }, exit: 1, state: before, outcome: "rollback", events: "rollback"},
	{name: "Mac: failed check", mac: true, prepare: func(w *world) { w.set("commands", []string{"check-me"}).fail("check-me", "") },
		exit: 1, state: before, outcome: "rollback", events: "rollback", check: func(t *testing.T, w *world) {
			if got := w.calls("darwin-rebuild"); len(got) != 2 || got[1] != "darwin-rebuild --switch-generation 7" {
				t.Errorf("%q", got)
			}
		}},
	{name: "Mac: rollback failure", mac: true, prepare: func(w *world) {
		w.set("commands", []string{"check-me"}).fail("check-me", "").fail("switch-generation", "no")
	}, exit: 1, state: after, outcome: "failure", events: "failure"},
	{name: "Mac: waits for the canary", mac: true, prepare: after1("canary"), state: before, outcome: "waiting"},
	{name: "Mac: keeps one generation", mac: true, prepare: func(w *world) { w.older(3, 6).set("keep_generations", 1) }, state: after, outcome: "success", events: "success",
		check: func(t *testing.T, w *world) {
			if got := w.list("profiles"); got != "system system-8-link" {
				t.Error(got)
			}
		}},
}

// TestUpdates runs the shipped programs through every outcome.
func TestUpdates(t *testing.T) {
	for _, c := range outcomes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			platform := "nixos"
			if c.mac {
				platform = "darwin"
			}
			w := newWorld(t, platform).knows()
			if c.mac {
				w.set("units", []string{})
			}
			if c.prepare != nil {
				c.prepare(w)
			}
			act := c.act
			if act == nil {
				act = (*world).update
			}
			exit := act(w)
			w.sound(t)
			s := w.status()
			got := fmt.Sprintf("exit %d, %s, %v, events %q", exit, w.state(), s["outcome"], w.events())
			want := fmt.Sprintf("exit %d, %s, %v, events %q", c.exit, c.state, c.outcome, c.events)
			if got != want || !strings.Contains(fmt.Sprint(s["detail"]), c.detail) {
				t.Errorf("\n got %s\nwant %s\n     %v; want %q", got, want, s["detail"], c.detail)
			}
			if c.check != nil {
				c.check(t, w)
			}
			if t.Failed() {
				t.Logf("%s\n%s", w.read("log"), w.read("calls"))
			}
		})
	}
	if len(outcomes) < 60 {
		t.Errorf("%d cases", len(outcomes))
	}
}

// TestUpdateShell runs shellcheck over the programs, and counts their lines.
func TestUpdateShell(t *testing.T) {
	w := newWorld(t, "nixos")
	texts := map[string]string{}
	for _, name := range []string{"nixgen-update", "nixgen-notify"} {
		w.start(name)
		texts[name] = w.read("bin/"+name) + "\n"
	}
	standin := w.read("standin") + "\n"
	realnix.Shellcheck(t, texts, "SC2016,SC2034")
	realnix.Shellcheck(t, map[string]string{"standin": standin}, "SC2016")
	if n := strings.Count(string(Read("services/updates/update.sh")), "\n"); n >= 298 {
		t.Errorf("the update program has %d lines, and two more of its seal; 300 are too many", n)
	}
}

// sound holds whatever happened: the boot loader's default is a system that is
// there, and no two rebuilds ever ran beside one another.
func (w *world) sound(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(w.read("boot"), "bin/switch-to-configuration")); err != nil {
		t.Errorf("the machine has no bootable default: %v", err)
	}
	if _, err := filepath.EvalSymlinks(w.path("profiles/system")); err != nil {
		t.Errorf("the profile is broken: %v", err)
	}
	if w.read("two") != "" {
		t.Error("two updates ran at once")
	}
}

func (w *world) status1(key string, v any) {
	s := w.status()
	s[key] = v
	w.writeJSON("state/status.json", s)
}

func (w *world) window(from, until string) *world {
	return w.set("reboot_policy", "when-needed").set("reboot_from", from).set("reboot_until", until)
}

func reboots(want int) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		if got := w.calls("systemctl"); len(got) != want {
			t.Errorf("restarted: %q", got)
		}
	}
}

// after1 makes the host wait for others, at the fleet's remote.
func after1(hosts ...string) func(*world) {
	return func(w *world) { w.set("depends_on", hosts).set("remote", w.remote()) }
}

// resume is the unit of that name, and the news after it.
func (w *world) resume() int {
	code := w.do("nixgen-update", "resume")
	w.do("nixgen-notify")
	return code
}

// older adds generations before the present one.
func (w *world) older(from, to int) *world {
	for g := from; g <= to; g++ {
		name := fmt.Sprintf("old%d", g)
		w.system(name)
		w.must(os.Symlink(w.path("store/"+name), w.path(fmt.Sprintf("profiles/system-%d-link", g))))
	}
	return w
}

func (w *world) list(dir string) string {
	entries, err := os.ReadDir(w.path(dir))
	w.must(err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}
