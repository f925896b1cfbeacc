package command

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/config"
	"vikunja-sync/internal/fake"
	"vikunja-sync/internal/webhint"
)

// TestAdoption: what earlier scripts linked by an annotation is not made twice.
func TestAdoption(t *testing.T) {
	env, h := user(t)
	id, _ := h.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: "old friend"})
	task(t, env, "rc.hooks=off", "add", "--", "old friend")
	task(t, env, "rc.hooks=off", "1", "annotate", "--", fmt.Sprintf("vikunja_id:%d", id))
	if out, errs, code := call(t, env, "sync"); code != exitOK || len(h.TaskM) != 1 || len(h.TaskM[id].Notes) != 0 {
		t.Fatalf("%d tasks, exit %d %s%s", len(h.TaskM), code, out, errs)
	}
	if out := task(t, env, "rc.hooks=off", "rc.json.array=on", "export"); !strings.Contains(out, fmt.Sprintf(`"vikunja_id":"%d"`, id)) {
		t.Errorf("not linked: %s", out)
	}
}

// TestWebhooks: one per top-level project, and only once.
func TestWebhooks(t *testing.T) {
	env, h := user(t)
	h.ProjectM[20] = &api.Project{ID: 20, Title: "top", OwnerID: 1}
	h.ProjectM[21] = &api.Project{ID: 21, Title: "below", Parent: 20, OwnerID: 1}
	h.Hooks[20] = []api.Webhook{{ID: 5, TargetURL: "https://somebody.else"}}
	for range 2 {
		if out, errs, code := call(t, env, "setup", "--webhook-url", "https://me.example/vikunja"); code != exitOK {
			t.Fatalf("%s%s", out, errs)
		}
		if len(h.Hooks[1]) != 1 || len(h.Hooks[20]) != 2 || len(h.Hooks[21]) != 0 {
			t.Fatalf("hooks %v", h.Hooks)
		}
	}
	for _, s := range h.Secrets {
		if len(s) < 20 {
			t.Errorf("secret %q", s)
		}
	}
	rehooked(t, env, h)
}

// rehooked: hooks are made anew when the key is another one, and the daemon
// makes one that was deleted again, in time.
func rehooked(t *testing.T, env map[string]string, h *fake.HTTP) {
	t.Helper()
	a := &app{World: World{Env: func(k string) string { return env[k] }, Out: io.Discard, Err: io.Discard}}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	vk, err := a.server(c)
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{app: a, cfg: c, vk: vk, log: slog.New(slog.DiscardHandler), hook: webhint.New("", filepath.Join(t.TempDir(), "spool"))}
	d.hookNew(t.Context())
	before := h.Hooks[1][0].ID
	write(t, c.WebhookSecret, "another-key-of-some-length\n")
	d.hookNew(t.Context())
	if len(h.Hooks[1]) != 1 || h.Hooks[1][0].ID == before || len(h.Hooks[20]) != 2 || h.Secrets[h.Hooks[1][0].ID] != "another-key-of-some-length" {
		t.Errorf("after the key changed: %v %v", h.Hooks, h.Secrets)
	}
	h.Hooks[1] = nil
	if d.hookNew(t.Context()); len(h.Hooks[1]) != 0 {
		t.Errorf("looked at already: %v", h.Hooks)
	}
	d.rehook = time.Time{}
	if d.hookNew(t.Context()); len(h.Hooks[1]) != 1 {
		t.Errorf("deleted, and not made again: %v", h.Hooks)
	}
}

// private demands that nobody else can read what lies in the folders.
func private(t *testing.T, dirs ...string) {
	t.Helper()
	files := 0
	for _, dir := range dirs {
		filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil {
				t.Error(err)
				return nil
			}
			if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
				if files++; info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s has the mode %v", path, info.Mode())
				}
			}
			return nil
		})
	}
	if files < 4 {
		t.Errorf("only %d files", files)
	}
}

// TestAnswers: what setup asks for is written once it is known to work, so that
// a slip is asked for again, and in a form that the daemon can read elsewhere.
func TestAnswers(t *testing.T) {
	env, _ := user(t)
	url, file := env["VIKUNJA_URL"], filepath.Join(env["XDG_CONFIG_HOME"], "vikunja-sync", "config.toml")
	delete(env, "VIKUNJA_URL")
	delete(env, "VIKUNJA_API_TOKEN_FILE")
	answer := func(text string, args ...string) int {
		var out bytes.Buffer
		w := World{In: strings.NewReader(text), Out: &out, Err: &out, Env: func(k string) string { return env[k] }, Self: env["bin"]}
		code := Run(t.Context(), w, append([]string{"setup"}, args...))
		t.Log(out.String())
		return code
	}
	if code := answer(url + "\n~/no such file\n"); code == exitOK {
		t.Error("a token that is nowhere will do")
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("answers that lead nowhere were kept")
	}
	if code := answer("", "--url", "http://vikunja.example", "--token-file", filepath.Join(env["HOME"], "token")); code != exitUsage {
		t.Errorf("the token would travel in the clear: exit %d", code)
	}
	t.Chdir(env["HOME"])
	for _, args := range [][]string{nil, {"--url", url, "--token-file", "token"}} {
		os.Remove(file)
		if code := answer(url+"\n~/token\n", args...); code != exitOK {
			t.Errorf("%v: exit %d", args, code)
		}
		c, err := config.Load(file, func(string) string { return "" })
		if err != nil || c.URL != url || c.TokenFile != filepath.Join(env["HOME"], "token") {
			t.Errorf("%v: %+v, %v", args, c, err)
		}
	}
}
