package templates

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killedAt runs an update whose process group dies with its n-th call of
// another program, or with a step that has a name; false when it came to its end
// before.
func (w *world) killedAt(step string) bool {
	w.Helper()
	cmd := w.start("nixgen-update", "run")
	cmd.Env = append(cmd.Env, "KILL_AT="+step)
	err := cmd.Run()
	var exit *exec.ExitError
	if err == nil || !errors.As(err, &exit) {
		return false
	}
	status := exit.Sys().(syscall.WaitStatus)
	return status.Signaled() && status.Signal() == syscall.SIGKILL
}

// ticks is how many calls an undisturbed update makes.
func ticks(t *testing.T, prepare func(*world)) int {
	w := newWorld(t, "nixos").knows()
	prepare(w)
	w.killedAt("999999")
	n, err := strconv.Atoi(w.read("ticks"))
	if err != nil || n < 30 {
		t.Fatalf("%d calls, %v", n, err)
	}
	return n
}

// TestKilled kills an update at random points, in every way that one may end.
// After each the boot loader has a system to start; then either the machine
// loses its power or it does not, and what follows brings it to a sound end.
func TestKilled(t *testing.T) {
	kinds := []struct {
		name    string
		prepare func(*world)
	}{
		{"success", func(w *world) { w.older(3, 6).set("keep_generations", 2).set("collect_garbage", true) }},
		{"rollback", func(w *world) { w.write("active", "").set("deadline", 0) }},
		{"boot", func(w *world) { w.set("operation", "boot") }},
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	points := 8
	if testing.Short() {
		points = 2
	}
	for _, kind := range kinds {
		total := ticks(t, kind.prepare)
		for range points {
			n, powerCut := 1+random.IntN(total), random.IntN(2) == 0
			t.Run(fmt.Sprintf("%s at %d of %d, power cut %v", kind.name, n, total, powerCut), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, "nixos").knows()
				kind.prepare(w)
				if !w.killedAt(strconv.Itoa(n)) {
					t.Logf("it ended before: %s", w.state())
				}
				w.sound(t)
				killed := w.state()
				if powerCut {
					w.reboot()
				}
				w.remove("calls")
				w.resume()
				w.sound(t)
				s := w.status()
				if s["outcome"] == "running" {
					t.Errorf("after %s it still runs: %v", killed, s)
				}
				if between := s["pending"]; between != nil && s["outcome"] != "pending" {
					t.Errorf("after %s it is between two systems: %v", killed, s)
				}
				// whatever there was, what the boot loader has is what the profile has
				if s["outcome"] != "pending" && w.revisionOf("boot") != w.revisionOf("profiles/system") {
					t.Errorf("after %s: %s", killed, w.state())
				}
				w.write("active", "sshd.service\n")
				w.update()
				w.reboot()
				w.resume()
				w.sound(t)
				if got := w.state(); !strings.HasSuffix(got, after[len("generation 8"):]) || w.status()["outcome"] == "running" {
					t.Errorf("killed at %s, in the end %s, %v", killed, got, w.status())
				}
				if t.Failed() {
					t.Log(w.read("log"))
				}
			})
		}
	}
}

// TestOrphans kills the update program alone: what it has started goes on, and
// nothing may run beside it.
func TestOrphans(t *testing.T) {
	w := newWorld(t, "nixos").knows().write("fail/hang", "")
	cmd := w.start("nixgen-update", "run")
	w.must(cmd.Start())
	for len(w.calls("switch-to-configuration")) == 0 || w.revisionOf("current") != 2 {
		time.Sleep(time.Millisecond)
	}
	w.must(cmd.Process.Signal(syscall.SIGKILL))
	_ = cmd.Wait()
	if code := w.do("nixgen-update", "run"); code != 75 {
		t.Errorf("beside an activation, exit %d", code)
	}
	w.remove("fail/hang")
	for w.do("nixgen-update", "resume") == 75 {
		time.Sleep(time.Millisecond)
	}
	w.sound(t)
	if got := w.state(); got != before || w.status()["outcome"] != "rollback" {
		t.Errorf("%s, %v", got, w.status())
	}
}

// TestPowerLoss cuts the power in the middle of an activation.
func TestPowerLoss(t *testing.T) {
	for _, c := range []struct {
		name         string
		at           string // the step that is the last one
		active       string
		outcome      string
		state        string
		events       string
		afterNextRun string
	}{
		{"before the boot loader knows", "profile", "sshd.service\n", "rollback", before, "rollback", after},
		{"once the boot loader knows", "boot", "sshd.service\n", "success", after, "success", after},
		{"once the boot loader knows, and the new system is ill", "boot", "", "rollback", before, "rollback", before},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "nixos").knows().write("active", c.active)
			if !w.killedAt(c.at) {
				t.Fatal("the step was not met")
			}
			w.reboot()
			w.resume()
			w.sound(t)
			if s := w.status(); s["outcome"] != c.outcome || w.state() != c.state || w.events() != c.events {
				t.Errorf("%v, %s, %s\n%s", s["outcome"], w.state(), w.events(), w.read("log"))
			}
			w.update()
			if w.state() != c.afterNextRun {
				t.Errorf("after the next run: %s, %v", w.state(), w.status())
			}
		})
	}
}

// TestDeployedMeanwhile: what a person has deployed after an update was killed, or
// while it waits for a restart, stays.
func TestDeployedMeanwhile(t *testing.T) {
	for name, begin := range map[string]func(*world){
		"killed":            func(w *world) { w.killedAt("boot") },
		"waits for a start": func(w *world) { w.set("operation", "boot").update() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "nixos").knows()
			begin(w)
			mine := w.path("store/" + w.revisions[3])
			w.system(w.revisions[3])
			w.must(os.Symlink(mine, w.path("profiles/system-9-link")))
			w.remove("profiles/system", "current").write("boot", mine+"\n")
			w.must(os.Symlink("system-9-link", w.path("profiles/system")))
			w.must(os.Symlink(mine, w.path("current")))
			for range 2 {
				w.resume()
				s := w.status()
				if got := w.state(); got != "generation 9: profile 3, boot 3, runs 3" || s["pending"] != nil || s["outcome"] != "failure" {
					t.Errorf("%s, %v", got, s)
				}
			}
			if n := len(w.status()["history"].([]any)); n > 2 {
				t.Errorf("told %d times", n)
			}
		})
	}
}

// TestInterrupted kills an update before it changes anything; it is told.
func TestInterrupted(t *testing.T) {
	w := newWorld(t, "nixos").knows()
	if !w.killedAt("build") {
		t.Fatal("the step was not met")
	}
	w.resume()
	if s := w.status(); s["outcome"] != "failure" || s["detail"] != "the update was interrupted in the phase build" || w.events() != "failure" || w.state() != before {
		t.Errorf("%v %s", s, w.events())
	}
	if w.update() != 0 || w.state() != after {
		t.Error(w.state())
	}
}
