package e2e

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
	"vikunja-sync/internal/webhint"
)

// BenchmarkArrival runs the daemon with its hooks and its receiver and
// measures from the end of `task add` or `task modify` to the value in
// Vikunja, and from the webhook's delivery to the value in Taskwarrior: best,
// median and worst of new tasks and edits, and apart those of deletions. The
// deliveries name the task, as Vikunja's do.
func BenchmarkArrival(b *testing.B) {
	for _, pairs := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(pairs), func(b *testing.B) { benchArrival(b, pairs) })
	}
}

func benchArrival(b *testing.B, pairs int) {
	e := stocked(b, pairs)
	defer e.reopen()
	e.hooked()
	deliver, pid := e.daemon()
	before := cpuOf(pid)
	var toVK, toTW, gone, buried []time.Duration
	n, mark := 0, slices.Max(slices.Collect(maps.Keys(e.tasks())))
	for b.Loop() {
		n++
		title := fmt.Sprint("typed ", n)
		e.task("add", "--", title)
		var typed vtask
		toVK = append(toVK, waits(b, func() bool { typed = e.made(mark, title); return typed.ID > 0 }))
		other := fmt.Sprintf("clicked %d.", n)
		v := e.page(api.TaskInput{Title: other})
		deliver("task.created", v.ID)
		toTW = append(toTW, waits(b, e.stored(other)))
		clicked := e.linked(v.ID, other)
		e.task(clicked, "modify", "priority:H")
		toVK = append(toVK, waits(b, func() bool { return v.now().Priority == 3 }))
		edited := fmt.Sprintf("edited %d.", n)
		e.web(typed, api.TaskPatch{Title: &edited})
		deliver("task.updated", typed.ID)
		toTW = append(toTW, waits(b, e.stored(edited)))
		u := e.linked(typed.ID, edited)
		e.task("rc.confirmation=off", clicked, "delete")
		gone = append(gone, waits(b, v.gone))
		e.must(e.vk.DeleteTask(context.Background(), typed.ID))
		deliver("task.deleted", typed.ID)
		changed := e.stored(u)
		buried = append(buried, waits(b, func() bool { return changed() && e.deleted(u) }))
	}
	report(b, "hook", toVK)
	report(b, "webhook", toTW)
	report(b, "hook-delete", gone)
	report(b, "webhook-delete", buried)
	b.ReportMetric((cpuOf(pid)-before).Seconds()/float64(n), "cpu-s/op")
}

func report(b *testing.B, name string, ds []time.Duration) {
	slices.Sort(ds)
	b.ReportMetric(ds[0].Seconds(), name+"-best-s")
	b.ReportMetric(ds[len(ds)/2].Seconds(), name+"-median-s")
	b.ReportMetric(ds[len(ds)-1].Seconds(), name+"-worst-s")
}

// linked waits for the task of a Vikunja id to have a title.
func (e *env) linked(id int64, title string) (uuid string) {
	e.Helper()
	for range 100 {
		got, err := e.tw.Near(context.Background(), nil, []int64{id})
		e.must(err)
		for u, r := range got {
			if r.Str("description") == title {
				return u
			}
		}
	}
	e.Fatalf("task %d does not become %q", id, title)
	return ""
}

// stored looks for a text in Taskwarrior's files where those have changed: to
// run `task` all the time would take the machine from what is measured. That
// it is what a task says is for the caller to check.
func (e *env) stored(text string) func() bool {
	seen := map[string]time.Time{}
	return func() bool {
		files, _ := filepath.Glob(filepath.Join(e.dir, "data", "*"))
		for _, f := range files {
			st, err := os.Stat(f)
			if err != nil || st.IsDir() || seen[f].Equal(st.ModTime()) {
				continue
			}
			seen[f] = st.ModTime()
			if b, _ := os.ReadFile(f); bytes.Contains(b, []byte(text)) {
				return true
			}
		}
		return false
	}
}

// deleted asks for one task alone: an export of them all would take the
// machine from what is measured.
func (e *env) deleted(uuid string) bool {
	e.Helper()
	got, err := e.tw.Get(context.Background(), []string{uuid})
	e.must(err)
	return got[uuid].Str("status") == model.Deleted
}

// made finds a task by its title, among those above an id.
func (e *env) made(mark int64, title string) vtask {
	e.Helper()
	found := vtask{e, 0}
	e.must(e.vk.ScanTasks(context.Background(), api.TaskQuery{AfterID: mark}, func(t api.Task) error {
		if t.Title == title {
			found.ID = t.ID
		}
		return nil
	}))
	return found
}

// cpuOf is what a process has used, by Linux's hundredths of a second.
func cpuOf(pid int) time.Duration {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	var user, system int
	if len(f) > 12 {
		fmt.Sscan(f[11]+" "+f[12], &user, &system)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// waits measures until done.
func waits(b *testing.B, done func() bool) time.Duration {
	start := time.Now()
	for !done() {
		if time.Since(start) > time.Minute {
			b.Fatal("it does not arrive")
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(start)
}

// daemon starts the real one, waits for its first cycle and gives the means to
// deliver an event.
func (e *env) daemon() (deliver func(event string, id int64), pid int) {
	e.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	e.must(err)
	at := l.Addr().String()
	l.Close()
	dir := filepath.Join(e.dir, "config", "vikunja-sync")
	secret := filepath.Join(dir, "secret")
	e.must(os.MkdirAll(dir, 0o700))
	e.must(os.WriteFile(secret, []byte("key\n"), 0o600))
	e.must(os.WriteFile(filepath.Join(dir, "config.toml"), []byte(fmt.Sprintf(
		"interval = \"1h\"\nstatus_listen = \"\"\nwebhook = true\nwebhook_listen = %q\nwebhook_url = \"http://%s%s\"\nwebhook_secret_file = %q\n",
		at, at, webhint.Path, secret)), 0o600))
	cmd := e.command("run")
	e.must(cmd.Start())
	e.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	status := filepath.Join(e.dir, "xdg", "vikunja-sync", "status.json")
	for range 600 {
		if _, err := os.Stat(status); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return func(event string, id int64) {
		body := []byte(fmt.Sprintf(`{"event_name":%q,"data":{"task":{"id":%d}}}`, event, id))
		req, err := http.NewRequestWithContext(context.Background(), "POST", "http://"+at+webhint.Path, bytes.NewReader(body))
		e.must(err)
		req.Header.Set("X-Vikunja-Signature", webhint.Sign("key", body))
		resp, err := http.DefaultClient.Do(req)
		e.must(err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusNoContent {
			e.Fatalf("the receiver says %d", resp.StatusCode)
		}
	}, cmd.Process.Pid
}
