package command

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/fake"
)

// TestSetupStoresWhatWorks: a slip is not stored, so that the next attempt is
// not refused for it, and what is stored is found from every folder.
func TestSetupStoresWhatWorks(t *testing.T) {
	env, _ := user(t)
	url := env["VIKUNJA_URL"]
	delete(env, "VIKUNJA_URL")
	delete(env, "VIKUNJA_API_TOKEN_FILE")
	file := filepath.Join(env["XDG_CONFIG_HOME"], "vikunja-sync", "config.toml")
	for _, tc := range []struct {
		url, text string
		code      int
	}{
		{"http://127.0.0.1:1", "refused", exitFailed},
		{"http://example.org", "in the clear", exitUsage},
		{"example.org", "is not an http address", exitUsage},
	} {
		out, errs, code := call(t, env, "setup", "--no-hooks", "--url", tc.url, "--token-file", "~/token")
		if code != tc.code || !strings.Contains(errs, tc.text) {
			t.Errorf("%s: exit %d, %s%s", tc.url, code, out, errs)
		}
		if _, err := os.Stat(file); err == nil {
			t.Errorf("%s was stored", tc.url)
		}
	}
	t.Chdir(env["HOME"])
	out, errs, code := call(t, env, "setup", "--no-hooks", "--url", url+"/api/v1/", "--token-file", "token")
	if code != exitOK {
		t.Fatalf("setup: %d %s%s", code, out, errs)
	}
	t.Chdir("/")
	if out, errs, code := call(t, env, "sync"); code != exitOK {
		t.Errorf("sync: %d %s%s", code, out, errs)
	}
}

// TestDoctorBelongs: what stops every cycle is found by doctor too.
func TestDoctorBelongs(t *testing.T) {
	env, h := user(t)
	task(t, env, "add", "one")
	if out, errs, code := call(t, env, "setup"); code != exitOK {
		t.Fatalf("setup: %d %s%s", code, out, errs)
	}
	call(t, env, "sync")
	if out, _, code := call(t, env, "doctor"); code != exitOK {
		t.Fatalf("doctor finds what is not: %s", out)
	}
	finds := func(what string, env map[string]string) {
		t.Helper()
		if out, errs, code := call(t, env, "sync"); code != exitFailed {
			t.Errorf("sync goes on: %s%s", out, errs)
		}
		if out, _, code := call(t, env, "doctor"); code != exitAttention || !strings.Contains(out, what) {
			t.Errorf("doctor does not find `%s`: exit %d\n%s", what, code, out)
		}
	}
	with := func(key, val string) map[string]string {
		other := map[string]string{}
		for k, v := range env {
			other[k] = v
		}
		other[key] = val
		return other
	}
	data := t.TempDir()
	write(t, filepath.Join(data, "rc"), "data.location="+data+"\n")
	finds("the state belongs to", with("TASKRC", filepath.Join(data, "rc")))
	finds("it belongs to", with("VIKUNJA_URL", strings.Replace(env["VIKUNJA_URL"], "127.0.0.1", "localhost", 1)))
	h.Server.Mu.Lock()
	me := h.Server.MeUser
	h.Server.MeUser.ID = 77
	h.Server.Mu.Unlock()
	finds("the state to account", env)
	h.Server.Mu.Lock()
	h.Server.MeUser = me
	h.Server.Mu.Unlock()
}

// TestUnlinkDetached: a task that was taken away becomes the user's own, and
// stays so when the other one comes back. One in step keeps its link.
func TestUnlinkDetached(t *testing.T) {
	env, h := user(t)
	task(t, env, "add", "one", "project:shared")
	call(t, env, "sync")
	uuid := task(t, env, "_get", "1.uuid")
	if _, errs, code := call(t, env, "resolve", "--unlink", uuid); code != exitFailed || !strings.Contains(errs, "in step") {
		t.Errorf("unlinked what is in step: %d %s", code, errs)
	}
	var project int64
	h.Server.Mu.Lock()
	for id, p := range h.Server.ProjectM {
		if p.Title == "shared" {
			project = id
		}
	}
	h.Server.NoAccess[project] = true
	h.Server.Mu.Unlock()
	out, _, _ := call(t, env, "sync")
	if !strings.Contains(out, "resolve --unlink "+uuid) {
		t.Errorf("no remedy: %s", out)
	}
	task(t, env, "1", "modify", "project:mine")
	if _, errs, code := call(t, env, "resolve", "--unlink", uuid); code != exitOK {
		t.Fatalf("unlink: %d %s", code, errs)
	}
	call(t, env, "sync")
	h.Server.Mu.Lock()
	h.Server.NoAccess[project] = false
	h.Server.Mu.Unlock()
	call(t, env, "sync")
	if n := titled(h, "one"); n != 2 {
		t.Errorf("%d tasks in Vikunja, not the shared one and the own", n)
	}
	if out := task(t, env, "count"); out != "2" {
		t.Errorf("%s tasks in Taskwarrior", out)
	}
}

func titled(h *fake.HTTP, title string) (n int) {
	h.Server.Mu.Lock()
	defer h.Server.Mu.Unlock()
	for _, x := range h.Server.TaskM {
		if x.Title == title {
			n++
		}
	}
	return n
}

// TestWebhooksOfShares: a project that is shared without the one above it, or
// with more rights, has a hook of its own, and one that was refused a hook gets
// it with the right.
func TestWebhooksOfShares(t *testing.T) {
	env, h := user(t)
	other := h.MeUser.ID + 1
	for _, p := range []api.Project{{ID: 20, Title: "theirs"}, {ID: 21, Title: "below theirs", Parent: 20},
		{ID: 30, Title: "read"}, {ID: 31, Title: "below read", Parent: 30}, {ID: 32, Title: "deep", Parent: 31}} {
		p.OwnerID = other
		h.ProjectM[p.ID] = &p
	}
	h.Share(21, h.MeUser.ID, 1)
	h.Share(30, h.MeUser.ID, 0)
	h.Share(31, h.MeUser.ID, 2)
	setup := func(want ...int64) {
		t.Helper()
		if out, errs, code := call(t, env, "setup", "--no-hooks", "--webhook-url", "https://me.example/vikunja"); code != exitOK {
			t.Fatalf("%s%s", out, errs)
		}
		var got []int64
		for id, hs := range h.Hooks {
			if len(hs) > 0 {
				got = append(got, id)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("hooks on %v, not %v", got, want)
		}
	}
	bare := func(want bool) {
		t.Helper()
		out, _, _ := call(t, env, "doctor")
		if strings.Contains(out, "none leads here from `below theirs`\n") != want {
			t.Errorf("doctor: %s", out)
		}
	}
	setup(1, 21, 31)
	bare(false)
	h.Hooks[21] = nil
	bare(true)
	seen := hooks{}
	for _, tc := range []struct {
		rights int64
		there  bool
		want   int
	}{{0, false, 1}, {0, false, 0}, {1, true, 1}, {1, true, 0}} {
		wanting := seen.wanting([]api.Project{{ID: 7, Rights: tc.rights}})
		if len(wanting) != tc.want {
			t.Errorf("%+v: %v", tc, wanting)
		}
		at := seen[7]
		at.rights, at.there = tc.rights, tc.there
		seen[7] = at
	}
}

// TestNewToken: the daemon takes the token that was put in the place of a dead
// one, and keeps what it has while there is none.
func TestNewToken(t *testing.T) {
	env, h := user(t)
	a := &app{World: World{Env: func(k string) string { return env[k] }, Out: io.Discard, Err: io.Discard}}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{app: a, cfg: c}
	works := func() bool {
		_, err := d.vk.Me(t.Context())
		return err == nil
	}
	if err := d.followToken(); err != nil || !works() {
		t.Fatalf("at first: %v", err)
	}
	first := d.vk
	if err := d.followToken(); err != nil || d.vk != first {
		t.Errorf("made anew without need: %v", err)
	}
	old := h.Token
	h.Token = strings.Replace(old, "0", "f", 1)
	if works() {
		t.Fatal("the stand-in takes any token")
	}
	write(t, c.TokenFile, "")
	if err := d.followToken(); err == nil || d.vk != first {
		t.Errorf("an empty file: %v", err)
	}
	write(t, c.TokenFile, h.Token+"\n")
	if err := d.followToken(); err != nil || !works() {
		t.Errorf("the new token is not taken: %v", err)
	}
}
