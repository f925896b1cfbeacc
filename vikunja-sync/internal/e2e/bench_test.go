package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vikunja-sync/internal/hook"
)

// stocked is a user with many pairs in step, the state closed. Taskwarrior 3
// takes very long to import them: VIKUNJA_SYNC_TASK_2 names a 2.6 that does,
// from which it takes over.
func stocked(b *testing.B, pairs int) *env {
	e := newEnv(b)
	e.many(e.back.inbox(), pairs, func(i int) fields {
		return fields{"title": fmt.Sprint("task ", i), "description": "<p>some text of a usual length, as people write it</p>"}
	})
	e.st.Close()
	bin, old := e.bin, os.Getenv("VIKUNJA_SYNC_TASK_2")
	if old != "" {
		e.bin = old
	}
	for range 3 {
		e.back.later(10 * time.Second)
		if out, err := e.command("sync").CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
	if e.bin = bin; old != "" {
		e.task("import-v2")
	}
	return e
}

// BenchmarkIdleCycle runs the real `vikunja-sync sync` over 10,000 pairs in
// step: CPU seconds with those of `task`, and the peak of its own memory.
func BenchmarkIdleCycle(b *testing.B) {
	e := stocked(b, 10_000)
	var cpu time.Duration
	peak := 0
	for b.Loop() {
		cmd := e.command("sync")
		var out strings.Builder
		cmd.Stdout = &out
		e.must(cmd.Start())
		stop := make(chan struct{})
		done := make(chan int)
		go func() { done <- watchMemory(cmd.Process.Pid, stop) }()
		e.must(cmd.Wait())
		close(stop)
		peak = max(peak, <-done)
		cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		if !strings.Contains(out.String(), "0 written to Taskwarrior, 0 to Vikunja") {
			b.Fatal(out.String())
		}
	}
	b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(peak)/1024, "peak-MB")
	e.reopen()
}

// watchMemory polls the peak of a process in kB.
func watchMemory(pid int, stop chan struct{}) (peak int) {
	for {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if _, rest, ok := strings.Cut(string(b), "VmHWM:"); ok {
			kb := 0
			fmt.Sscan(rest, &kb)
			peak = max(peak, kb)
		}
		select {
		case <-stop:
			return peak
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// BenchmarkDaemonMemory runs the daemon over 10,000 pairs in step and reads
// its memory between two cycles.
func BenchmarkDaemonMemory(b *testing.B) {
	e := stocked(b, 10_000)
	dir := filepath.Join(e.dir, "config", "vikunja-sync")
	e.must(os.MkdirAll(dir, 0o700))
	e.must(os.WriteFile(filepath.Join(dir, "config.toml"), []byte("interval = \"3s\"\nstatus_listen = \"\"\n"), 0o600))
	cmd := e.command("run")
	e.must(cmd.Start())
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	sum, n := 0, 0
	for b.Loop() {
		time.Sleep(1700 * time.Millisecond)
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		_, rest, _ := strings.Cut(string(text), "VmRSS:")
		kb := 0
		fmt.Sscan(rest, &kb)
		sum, n = max(sum, kb), n+1
	}
	b.ReportMetric(float64(sum)/1024, "highest-MB")
	e.reopen()
}

// BenchmarkHook runs an installed hook as Taskwarrior does, the real binary
// included: what each command of the user waits for.
func BenchmarkHook(b *testing.B) {
	e := newEnv(b)
	run := e.command("version") // which builds the binary
	dir := filepath.Join(e.dir, "hooks")
	if _, err := hook.Install(dir, run.Path); err != nil {
		b.Fatal(err)
	}
	line := `{"description":"a task","uuid":"11111111-1111-4111-8111-111111111111"}` + "\n"
	for event, in := range map[string]string{"on-launch": "", "on-add": line, "on-modify": line + line, "on-exit": line} {
		b.Run(event, func(b *testing.B) {
			for b.Loop() {
				cmd := exec.Command(hook.File(dir, event), "api:2", "args:task add", "command:add", "data:"+filepath.Join(e.dir, "data"))
				cmd.Stdin = strings.NewReader(in)
				if out, err := cmd.Output(); err != nil || (string(out) != line) != (event == "on-launch" || event == "on-exit") {
					b.Fatalf("%v: %s", err, out)
				}
			}
		})
	}
}
