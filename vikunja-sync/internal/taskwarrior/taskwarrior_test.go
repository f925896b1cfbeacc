package taskwarrior

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vikunja-sync/internal/hook"
	"vikunja-sync/internal/model"
)

// script stands in for `task`.
func script(t *testing.T, text string) *Client {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "task")
	if err := os.WriteFile(bin, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return &Client{Bin: bin, Wait: 50 * time.Millisecond}
}

// TestExport: only a whole export that exited 0 counts.
func TestExport(t *testing.T) {
	one := `{"uuid":"11111111-1111-4111-8111-111111111111","description":"x"}`
	for _, tc := range []struct {
		name, script string
		tasks        int
		ok           bool
	}{
		{"whole", "printf '[\n" + one + ",\n" + one + "\n]\n'", 2, true},
		{"empty", "printf '[\n]\n'", 0, true},
		{"raw control characters", "printf '[{\"uuid\":\"u\",\"description\":\"a\\033b\"}]'", 1, true},
		{"truncated, exit 2", "printf '[\n" + one + ",'; exit 2", 1, false},
		{"truncated, exit 0", "printf '[\n" + one + ",'", 1, false},
		{"whole, exit 2", "printf '[" + one + "]'; exit 2", 1, false},
		{"killed", "kill -9 $$", 0, false},
		{"no array", "echo hello", 0, false},
		{"nothing", "true", 0, false},
		{"a task without uuid", "printf '[{}]'", 0, false},
	} {
		n := 0
		err := script(t, tc.script).Export(context.Background(), func(model.Raw) error { n++; return nil })
		var broken *ExportError
		if n != tc.tasks || (err == nil) != tc.ok || (err != nil && !errors.As(err, &broken)) {
			t.Errorf("%s: %d tasks, %v", tc.name, n, err)
		}
	}
}

// TestNoArguments: nothing but a uuid reaches a command line.
func TestNoArguments(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	c := script(t, `printf '%s\n' "$@" >>`+log+`; cat >/dev/null; printf '[]'`)
	for _, bad := range []string{"", "rc.hooks=on", "1", "11111111-1111-4111-8111-11111111111x", "status:pending"} {
		if _, err := c.Get(t.Context(), []string{bad}); err == nil {
			t.Errorf("`%s` was taken for a uuid", bad)
		}
		if _, err := c.Near(t.Context(), []string{bad}, []int64{1}); err == nil {
			t.Errorf("`%s` was taken for a uuid", bad)
		}
	}
	evil := "$(id) rc.data.location=/ -- due:tomorrow"
	r := model.Raw{}
	r.SetStr("uuid", "11111111-1111-4111-8111-111111111111")
	r.SetStr("description", evil)
	r.SetStr("project", evil)
	if err := c.Import(t.Context(), []model.Raw{r}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(log)
	if err != nil || strings.Contains(string(b), "$(id)") || strings.Contains(string(b), "tomorrow") {
		t.Errorf("arguments: %s %v", b, err)
	}
	if !strings.Contains(string(b), "rc.hooks=off") || !strings.Contains(string(b), "rc.recurrence=off") {
		t.Errorf("hooks and recurrence must be off: %s", b)
	}
}

// TestImportValidates: one bad task keeps the batch from `task`, which would
// crash or store half of it.
func TestImportValidates(t *testing.T) {
	c := script(t, "exit 1")
	r := model.Raw{}
	r.SetStr("uuid", "11111111-1111-4111-8111-111111111111")
	r.SetStr("description", "x")
	r.SetStr("due", "19750101T000000Z")
	if err := c.Import(t.Context(), []model.Raw{r}); err == nil || !strings.Contains(err.Error(), "19750101T000000Z") {
		t.Errorf("%v", err)
	}
}

func TestLockBusy(t *testing.T) {
	data := t.TempDir()
	c := script(t, "echo "+data)
	if !hook.LockFile(data).Acquire(os.Getppid(), 0) {
		t.Fatal("not acquired")
	}
	if _, err := c.Lock(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
	hook.LockFile(data).Release(os.Getppid())
	unlock, err := c.Lock(t.Context())
	if err != nil || hook.LockFile(data).Owner() != os.Getpid() {
		t.Fatalf("%v", err)
	}
	unlock()
	if hook.LockFile(data).Owner() != 0 {
		t.Error("not released")
	}
}

func TestMarker(t *testing.T) {
	data := t.TempDir()
	c := script(t, `case "$*" in *_version*) echo 2.6.2;; *) echo `+data+`;; esac`)
	for _, step := range []struct{ set, want string }{{"", ""}, {"abc", "abc"}, {"", "abc"}} {
		if got, err := c.Marker(t.Context(), step.set); err != nil || got != step.want {
			t.Errorf("%q: %q %v", step.set, got, err)
		}
	}
	// A name is replaced as a whole, or stays.
	if err := os.Mkdir(filepath.Join(hook.Dir(data), "name.new"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Marker(t.Context(), "def"); err == nil {
		t.Error("it cannot be written")
	}
	if got, err := c.Marker(t.Context(), ""); err != nil || got != "abc" {
		t.Errorf("after a failure: %q %v", got, err)
	}
}

// TestMovedData: a daemon lives longer than `data.location`. The folder that is
// asked for its name is the one that the export shows.
func TestMovedData(t *testing.T) {
	where := filepath.Join(t.TempDir(), "where")
	c := script(t, `case "$*" in *_version*) echo 2.6.2;; *) cat '`+where+`';; esac`)
	for _, name := range []string{"a", "b"} {
		data := filepath.Join(t.TempDir(), name)
		if err := os.MkdirAll(hook.Dir(data), 0o700); err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string]string{where: data, filepath.Join(hook.Dir(data), "name"): name} {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := c.Marker(t.Context(), ""); err != nil || got != name {
			t.Errorf("the folder is named %q, want %q (%v)", got, name, err)
		}
		if got, err := c.Data(t.Context()); err != nil || got != data {
			t.Errorf("the folder is %q, want %q (%v)", got, data, err)
		}
	}
}
