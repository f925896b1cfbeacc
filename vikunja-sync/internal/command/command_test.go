package command

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/fake"
)

var update = flag.Bool("update", false, "rewrite golden files")

const token = "tk_0123456789"

// call runs a command line in a world of its own.
func call(t *testing.T, env map[string]string, args ...string) (out, errs string, code int) {
	t.Helper()
	return callIn(t, context.Background(), env, args...)
}

func callIn(t *testing.T, ctx context.Context, env map[string]string, args ...string) (out, errs string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = Run(ctx, World{In: strings.NewReader(env["stdin"]), Out: &o, Err: &e, Self: "/bin/true", Env: func(k string) string { return env[k] }}, args)
	if strings.Contains(o.String()+e.String(), token) {
		t.Error("the token is in the output")
	}
	return o.String(), e.String(), code
}

// user is an account with a Taskwarrior that runs the real binary.
func user(t *testing.T) (map[string]string, *fake.HTTP) {
	t.Helper()
	bin, err := exec.LookPath("task")
	if err != nil {
		if os.Getenv("NIXGEN_REQUIRE_TASKWARRIOR") == "1" {
			t.Fatal(err)
		}
		t.Skip("skipped: no Taskwarrior on this machine")
	}
	dir := t.TempDir()
	h := &fake.HTTP{Server: fake.NewServer(time.Now), Token: token}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	data := filepath.Join(dir, "data")
	write(t, filepath.Join(dir, "rc"), "data.location="+data+"\n")
	write(t, filepath.Join(dir, "token"), token+"\n")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	return map[string]string{"HOME": dir, "XDG_CONFIG_HOME": filepath.Join(dir, "config"), "XDG_STATE_HOME": filepath.Join(dir, "state"),
		"VIKUNJA_URL": s.URL, "VIKUNJA_API_TOKEN_FILE": filepath.Join(dir, "token"), "TASKRC": filepath.Join(dir, "rc"), "bin": bin, "data": data}, h
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func task(t *testing.T, env map[string]string, args ...string) string {
	t.Helper()
	cmd := exec.Command(env["bin"], append([]string{"rc.confirmation=off", "rc.verbose=nothing"}, args...)...)
	cmd.Env = append(os.Environ(), "TASKRC="+env["TASKRC"], "HOME="+env["HOME"], "VIKUNJA_SYNC_BIN="+env["VIKUNJA_SYNC_BIN"])
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("task %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestExitCodes(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "config.toml")
	write(t, bad, "intervall = \"5m\"\n")
	for _, tc := range []struct {
		args []string
		env  map[string]string
		code int
		text string
	}{
		{[]string{"settings"}, nil, exitOK, "VIKUNJA_URL"},
		{[]string{"nonsense"}, nil, exitUsage, "unknown command"},
		{[]string{"sync", "extra"}, nil, exitUsage, "unexpected argument `extra`"},
		{[]string{"sync", "--nope"}, nil, exitUsage, "unknown flag"},
		{[]string{"sync"}, nil, exitUsage, "no server"},
		{[]string{"sync", "--config", bad}, nil, exitUsage, "unknown setting `intervall`"},
		{[]string{"sync"}, map[string]string{"VIKUNJA_URL": "http://example.org"}, exitUsage, "in the clear"},
		{[]string{"sync"}, map[string]string{"VIKUNJA_URL": "https://u:p@example.org"}, exitUsage, "does not belong"},
		{[]string{"sync"}, map[string]string{"VIKUNJA_URL": "https://example.org"}, exitUsage, "no token"},
		{[]string{"resolve"}, nil, exitUsage, "nothing to resolve"},
		{[]string{"resolve", "x"}, nil, exitUsage, "no number"},
		{[]string{"hook", "on-nothing"}, nil, exitUsage, "hook wants"},
	} {
		env := map[string]string{"HOME": t.TempDir()}
		for k, v := range tc.env {
			env[k] = v
		}
		out, errs, code := call(t, env, tc.args...)
		if code != tc.code || !strings.Contains(out+errs, tc.text) {
			t.Errorf("%v: exit %d, %s%s", tc.args, code, out, errs)
		}
	}
}

// TestLife walks through what a new user does.
func TestLife(t *testing.T) {
	env, h := user(t)
	out, errs, code := call(t, env, "doctor")
	if code != exitAttention || !strings.Contains(out, "is missing") || !strings.Contains(out, "remedy: run `vikunja-sync setup`") {
		t.Fatalf("doctor before setup: %d %s%s", code, out, errs)
	}
	h.Refuse = map[string]bool{"PATCH /tasks/#": true}
	if _, errs, code = call(t, env, "setup"); code != exitFailed || !strings.Contains(errs, "lacks 1 scopes") {
		t.Fatalf("setup without a scope: %d %s", code, errs)
	}
	h.Refuse = nil
	if out, errs, code = call(t, env, "setup"); code != exitOK || !strings.Contains(out, "installed") {
		t.Fatalf("setup: %d %s%s", code, out, errs)
	}
	if out, _, _ = call(t, env, "setup"); strings.Contains(out, "installed") || strings.Contains(out, "set uda") {
		t.Errorf("a second setup did something: %s", out)
	}
	if out, errs, code = call(t, env, "doctor"); code != exitOK {
		t.Fatalf("doctor after setup: %d %s%s", code, out, errs)
	}
	rc, err := os.ReadFile(env["TASKRC"])
	if err != nil {
		t.Fatal(err)
	}
	for _, off := range []string{"off", "false", "0", ""} {
		write(t, env["TASKRC"], string(rc)+"hooks="+off+"\n")
		if out, _, code = call(t, env, "doctor"); code != exitAttention || !strings.Contains(out, "switched off") {
			t.Errorf("doctor with hooks=%s: %d %s", off, code, out)
		}
	}
	write(t, env["TASKRC"], string(rc))
	h.Refuse = map[string]bool{"POST /labels": true}
	if out, _, code = call(t, env, "doctor"); code != exitAttention || !strings.Contains(out, "labels: create") || len(h.LabelM) != 0 {
		t.Errorf("doctor without the scope for labels: %d %s", code, out)
	}
	h.Refuse = nil
	env["VIKUNJA_SYNC_BIN"] = ""
	task(t, env, "rc.hooks=off", "add", "--", "first task")
	id, _ := h.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: "second \x1b[2J task"})
	out, _, code = call(t, env, "sync", "--dry-run")
	if code != exitOK || !strings.Contains(out, "create") || strings.ContainsRune(out, 0x1b) || len(h.TaskM) != 1 {
		t.Fatalf("dry run: %d %s", code, out)
	}
	if files, _ := filepath.Glob(filepath.Join(env["XDG_STATE_HOME"], "vikunja-sync", "state.db*")); len(files) > 0 {
		t.Errorf("a dry run leaves %v", files)
	}
	db := filepath.Join(env["XDG_STATE_HOME"], "vikunja-sync", "state.db")
	write(t, db, strings.Repeat("x", 8192))
	if out, _, code = call(t, env, "doctor"); code != exitAttention || !strings.Contains(out, "damaged") || !strings.Contains(out, "remedy: mv "+db) {
		t.Errorf("doctor over a damaged state: %d %s", code, out)
	}
	if _, errs, code = call(t, env, "sync"); code != exitFailed || !strings.Contains(errs, "move it away") {
		t.Errorf("sync over a damaged state: %d %s", code, errs)
	}
	os.Remove(db)
	if out, errs, code = call(t, env, "sync"); code != exitOK || len(h.TaskM) != 2 {
		t.Fatalf("sync: %d %s%s", code, out, errs)
	}
	if out, _, _ = call(t, env, "sync"); !strings.Contains(out, "0 written to Taskwarrior, 0 to Vikunja, 0 conflicts") {
		t.Errorf("second sync: %s", out)
	}
	h.Refuse = map[string]bool{"GET /user": true}
	if out, errs, code = call(t, env, "sync"); code != exitFailed || !strings.Contains(errs, "other: user") || strings.Contains(out, "pairs") {
		t.Errorf("a sync that read nothing tells of it: %d %s%s", code, out, errs)
	}
	h.Refuse = nil
	conflict(t, env, h, id)
	if out, _, code = call(t, env, "export-state"); code != exitOK || !json.Valid([]byte(out)) || !strings.Contains(out, "mine") {
		t.Errorf("export-state: %d %.200s", code, out)
	}
	for _, f := range []string{"state.db"} {
		if st, err := os.Stat(filepath.Join(env["XDG_STATE_HOME"], "vikunja-sync", f)); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f, st.Mode(), err)
		}
	}
}

// conflict makes one, lists it and takes the lost value back.
func conflict(t *testing.T, env map[string]string, h *fake.HTTP, id int64) {
	t.Helper()
	u := task(t, env, "rc.hooks=off", "uuids", "first")
	if u == "" {
		t.Fatal("no uuid")
	}
	task(t, env, "rc.hooks=off", u, "modify", "--", "mine")
	for _, x := range h.TaskM {
		if x.ID != id {
			h.Change(x, api.TaskPatch{Title: ptr("theirs")})
		}
	}
	write(t, filepath.Join(env["XDG_CONFIG_HOME"], "vikunja-sync", "config.toml"), "winner = \"vikunja\"\n")
	if _, errs, code := call(t, env, "sync"); code != exitOK {
		t.Fatalf("sync: %s", errs)
	}
	out, _, _ := call(t, env, "conflicts")
	if !strings.Contains(out, "mine") || !strings.Contains(out, "theirs") {
		t.Fatalf("conflicts: %s", out)
	}
	if _, errs, code := call(t, env, "resolve", "1"); code != exitOK {
		t.Fatalf("resolve: %s", errs)
	}
	call(t, env, "sync")
	for _, x := range h.TaskM {
		if x.ID != id && x.Title != "mine" {
			t.Errorf("the lost value did not come back: %q", x.Title)
		}
	}
	if out, _, _ := call(t, env, "conflicts"); out != "" {
		t.Errorf("resolved, but listed: %s", out)
	}
}

func ptr[T any](v T) *T { return &v }

// TestMovedServer: the same server at another address.
func TestMovedServer(t *testing.T) {
	env, h := user(t)
	task(t, env, "rc.hooks=off", "add", "--", "T")
	if _, errs, code := call(t, env, "sync"); code != exitOK {
		t.Fatalf("sync: %d %s", code, errs)
	}
	other := httptest.NewServer(h)
	defer other.Close()
	env["VIKUNJA_URL"] = other.URL + "/api/v1"
	if _, errs, code := call(t, env, "sync"); code != exitFailed || !strings.Contains(errs, "resolve --accept-server") {
		t.Errorf("another address: %d %s", code, errs)
	}
	if _, errs, code := call(t, env, "resolve", "--accept-server"); code != exitOK {
		t.Errorf("resolve: %d %s", code, errs)
	}
	for range 2 {
		if out, errs, code := call(t, env, "sync"); code != exitOK || !strings.Contains(out, "1 pairs: 0 written") || len(h.TaskM) != 1 {
			t.Errorf("sync: %d %s%s", code, out, errs)
		}
	}
}

func TestGuardPath(t *testing.T) {
	env, h := user(t)
	for i := range 30 {
		h.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: fmt.Sprint("t", i)})
	}
	call(t, env, "sync")
	clear(h.TaskM)
	out, _, code := call(t, env, "sync")
	if code != exitAttention || !strings.Contains(out, "30 of 30 tasks would be deleted in taskwarrior") {
		t.Fatalf("%d %s", code, out)
	}
	if out, errs, code := call(t, env, "resolve", "--confirm-deletions"); code != exitOK || !strings.Contains(out, "30") {
		t.Fatalf("%s%s", out, errs)
	}
	if out, _, code = call(t, env, "sync"); code != exitOK {
		t.Fatalf("%d %s", code, out)
	}
	if n := task(t, env, "rc.hooks=off", "status:deleted", "count"); n != "30" {
		t.Errorf("%s deleted", n)
	}
}
