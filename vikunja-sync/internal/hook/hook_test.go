package hook

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	old = `{"description":"say \"uuid\":\"x\"","uuid":"11111111-1111-4111-8111-111111111111"}`
	now = `{"description":"new","uuid":"11111111-1111-4111-8111-111111111111"}`
)

// protocol is what Taskwarrior wants of each event.
var protocol = []struct{ event, in, out string }{
	{"on-add", now + "\n", now + "\n"},
	{"on-add", now, now + "\n"},
	{"on-modify", old + "\n" + now + "\n", now + "\n"},
	{"on-modify", old + "\n{}\n", old + "\n"}, // undo of an add
	{"on-modify", old + "\n", old + "\n"},
	{"on-exit", now + "\n" + now + "\n", ""},
	{"on-exit", "", ""},
	{"on-launch", "", ""},
	{"on-add", "", ""},
	{"on-add", "no JSON at all\n", "no JSON at all\n"},
}

func TestProtocol(t *testing.T) {
	for _, tc := range protocol {
		data := t.TempDir()
		var out bytes.Buffer
		Run(tc.event, []string{"api:2", "data:" + data, "version:2.6.2", "command:add"}, strings.NewReader(tc.in), &out)
		if out.String() != tc.out {
			t.Errorf("%s: %q gives %q, want %q", tc.event, tc.in, out.String(), tc.out)
		}
	}
}

// TestShimWithoutBinary: the shim alone keeps the same protocol, also where the
// binary's place has a folder, or what a full disk left of it.
func TestShimWithoutBinary(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, self := range []string{"/nowhere/it's gone", dir, empty} {
		if executable(self) {
			t.Errorf("%s passes for a binary", self)
		}
		shimAlone(t, self)
	}
}

func shimAlone(t *testing.T, self string) {
	for _, tc := range protocol {
		data := t.TempDir()
		file := filepath.Join(data, "shim")
		if err := os.WriteFile(file, Shim(tc.event, self), 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("/bin/sh", file, "api:2", "data:"+data)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "USER=nobody"}
		cmd.Stdin = strings.NewReader(tc.in)
		out, err := cmd.Output()
		if err != nil || strings.TrimRight(string(out), "\n") != strings.TrimRight(tc.out, "\n") {
			t.Errorf("%s: %q gives %q, want %q (%v)", tc.event, tc.in, out, tc.out, err)
		}
		log, err := os.ReadFile(filepath.Join(Dir(data), "hook.log"))
		if err != nil || strings.Count(string(log), "\n") != 1 || !strings.Contains(string(log), "binary is gone") {
			t.Errorf("%s: one log line is wanted, got %q %v", tc.event, log, err)
		}
	}
}

func TestSpool(t *testing.T) {
	data := t.TempDir()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			spool(data, "on-modify", []string{NewUUID(i), findUUID([]byte(old))})
		}()
	}
	wg.Wait()
	h, err := Take(data)
	if err != nil || h.All || len(h.UUIDs) != 21 || h.UUIDs[1] != "11111111-1111-4111-8111-111111111111" || len(h.Early) != 21 {
		t.Errorf("%+v, %v", h, err)
	}
	if h, err := Take(data); err != nil || h.All || len(h.UUIDs) != 0 {
		t.Errorf("taken twice: %+v %v", h, err)
	}
	st, err := os.Stat(Dir(data))
	if err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the folder's mode is %v, %v", st.Mode(), err)
	}
}

// TestReports: a report that changed nothing wakes nobody; what changes tasks
// does, also where Taskwarrior names none.
func TestReports(t *testing.T) {
	for _, tc := range []struct {
		command, in string
		uuids       int
		all         bool
	}{
		{"list", "", 0, false},
		{"export", "", 0, false},
		{"next", now + "\n", 1, false},
		{"undo", "", 0, true},
		{"purge", "", 0, true},
		{"synchronize", "", 0, true},
		{"modify", now + "\n", 1, false},
		{"delete", now + "\n", 1, false},
		{"import", now + "\n" + strings.ReplaceAll(now, "1111", "2222") + "\n", 2, false},
		{"import", now + "\nno JSON at all\n", 1, true},
		{"import", strings.Repeat(now+"\n", maxNamed+1), 0, true},
	} {
		data := t.TempDir()
		Run("on-exit", []string{"data:" + data, "command:" + tc.command}, strings.NewReader(tc.in), io.Discard)
		if h, _ := Take(data); len(h.UUIDs) != tc.uuids || h.All != tc.all || len(h.Early) > 0 {
			t.Errorf("%s: %+v", tc.command, h)
		}
	}
}

// NewUUID makes readable uuids.
func NewUUID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// TestTake: what cannot be read as a name stands for any task.
func TestTake(t *testing.T) {
	for _, tc := range []struct {
		name, spool string
		uuids       int
		early       int
		all         bool
	}{
		{"a name", "1 on-add " + NewUUID(1) + "\n", 1, 1, false},
		{"twice", "1 on-add " + NewUUID(1) + "\n1 on-exit " + NewUUID(1) + "\n", 1, 0, false},
		{"and again", "1 on-exit " + NewUUID(1) + "\n1 on-modify " + NewUUID(1) + "\n", 1, 1, false},
		{"none", "1 on-exit \n", 0, 0, true},
		{"one and none", "1 on-add " + NewUUID(1) + "\n1 on-exit \n", 1, 0, true},
		{"none and one", "1 on-exit \n1 on-add " + NewUUID(1) + "\n", 1, 1, true},
		{"half a line", "1 on-add 00000000-0000-40", 0, 0, true},
		{"an option", "1 on-add rc.data.location=/etc/00000000000000000\n", 0, 0, true},
		{"dashes alone", "1 on-add " + strings.Repeat("-", 36) + "\n", 0, 0, true},
		{"full", strings.Repeat("1 on-add "+NewUUID(1)+"\n", maxSpool/40), 0, 0, true},
	} {
		data := t.TempDir()
		if err := os.MkdirAll(Dir(data), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(SpoolFile(data), []byte(tc.spool), 0o600); err != nil {
			t.Fatal(err)
		}
		if h, err := Take(data); len(h.UUIDs) != tc.uuids || len(h.Early) != tc.early || h.All != tc.all || err != nil {
			t.Errorf("%s: %+v, %v", tc.name, h, err)
		}
	}
}

// TestTaken: a line written to a file that was taken is written again.
func TestTaken(t *testing.T) {
	data := t.TempDir()
	if err := os.MkdirAll(Dir(data), 0o700); err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan map[string]bool)
	go func() {
		seen := map[string]bool{}
		for last := false; ; {
			h, _ := Take(data)
			for _, u := range h.UUIDs {
				seen[u] = true
			}
			if last {
				done <- seen
				return
			}
			select {
			case <-stop:
				last = true
			case <-time.After(200 * time.Microsecond): // a spool taken without a pause is never found in its place
			}
		}
	}()
	const n = 3000
	for i := range n {
		spool(data, "on-add", []string{NewUUID(i)})
	}
	close(stop)
	if seen := <-done; len(seen) != n {
		t.Errorf("%d of %d lines", len(seen), n)
	}
}

// TestUnwritable: no disk, no spool, no harm.
func TestUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"data:" + file}, {"data:/proc/none"}, nil, {"data"}} {
		var out bytes.Buffer
		Run("on-modify", args, strings.NewReader(old+"\n"+now+"\n"), &out)
		Run("on-launch", args, strings.NewReader(""), &out)
		if out.String() != now+"\n" {
			t.Errorf("%v: %q", args, out.String())
		}
	}
}

// TestLock: the lock belongs to a process and ends with it.
func TestLock(t *testing.T) {
	l := LockFile(t.TempDir())
	owner := exec.Command("sleep", "60")
	if err := owner.Start(); err != nil {
		t.Skip("skipped: no sleep command")
	}
	if !l.Acquire(owner.Process.Pid, time.Second) || l.Owner() != owner.Process.Pid {
		t.Fatal("not acquired")
	}
	if l.Acquire(os.Getpid(), 30*time.Millisecond) {
		t.Fatal("acquired while another process owns it")
	}
	if !l.Acquire(owner.Process.Pid, 0) {
		t.Error("the owner may ask again")
	}
	l.Release(os.Getpid()) // not ours: no effect
	if l.Owner() == 0 {
		t.Fatal("released by a stranger")
	}
	owner.Process.Kill() // a zombie until Wait: free already
	if !l.Acquire(os.Getpid(), 5*time.Second) {
		t.Error("the lock outlives its owner")
	}
	owner.Wait()
	l.Release(os.Getpid())
	if l.Owner() != 0 {
		t.Error("not released")
	}
}

// TestStuck: whoever holds the file itself, and never lets go, keeps nobody from
// his tasks for longer than an owner does.
func TestStuck(t *testing.T) {
	data := t.TempDir()
	l := LockFile(data)
	l.Release(0) // makes the file
	f, err := os.Open(l.path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	done := make(chan string)
	go func() {
		var out bytes.Buffer
		Run("on-launch", []string{"data:" + data, "command:list"}, strings.NewReader(""), &out)
		l.Owner()
		l.Release(os.Getpid())
		done <- out.String()
	}()
	select {
	case out := <-done:
		if !strings.Contains(out, "going on without the lock") {
			t.Errorf("it said %q", out)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it waits without end")
	}
	syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	if !l.Acquire(os.Getpid(), time.Second) || l.Owner() != os.Getpid() {
		t.Error("not acquired once the file is free")
	}
}

// TestQueue: a row of owners, each within its turn, keeps nobody from waiting
// for his own; one that stays does.
func TestQueue(t *testing.T) {
	l := LockFile(t.TempDir())
	var row []*exec.Cmd
	for range 4 {
		p := exec.Command("sleep", "60")
		if err := p.Start(); err != nil {
			t.Skip("skipped: no sleep command")
		}
		defer func() { p.Process.Kill(); p.Wait() }()
		row = append(row, p)
	}
	const turn = time.Second
	if !l.Acquire(row[0].Process.Pid, 0) {
		t.Fatal("not acquired")
	}
	got := make(chan bool)
	go func() { got <- l.Queue(os.Getpid(), 3*turn, time.Minute) }()
	for i := range row[1:] {
		time.Sleep(turn)
		l.with(held, func(f *os.File, _, _ string) error { // the next in the row, without a gap
			pid := row[i+1].Process.Pid
			f.Truncate(0)
			_, err := f.WriteAt([]byte(fmt.Sprintf("%d %s\n", pid, startOf(pid))), 0)
			return err
		})
	}
	time.Sleep(turn)
	l.Release(row[3].Process.Pid)
	if !<-got {
		t.Error("it gave up although the row moved on")
	}
	l.Release(os.Getpid())
	if !l.Acquire(row[0].Process.Pid, 0) || l.Queue(os.Getpid(), 50*time.Millisecond, time.Minute) {
		t.Error("it waits for one owner without end")
	}
}

func TestLaunchSaysSo(t *testing.T) {
	data := t.TempDir()
	if !LockFile(data).Acquire(os.Getpid(), 0) {
		t.Fatal("not acquired")
	}
	var out bytes.Buffer
	done := make(chan struct{})
	go func() { launch(data, "list", &out); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("a read waits without end")
	}
	if !strings.Contains(out.String(), "going on without the lock") {
		t.Errorf("it said %q", out.String())
	}
}

func TestInstall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "hooks")
	for i, want := range []int{len(Events), 0} {
		changed, err := Install(dir, "/opt/it's/vikunja-sync")
		if err != nil || len(changed) != want {
			t.Errorf("run %d: %v %v", i, changed, err)
		}
	}
	if err := os.Chmod(File(dir, "on-add"), 0o600); err != nil {
		t.Fatal(err)
	}
	if changed, err := Install(dir, "/opt/it's/vikunja-sync"); err != nil || len(changed) != 1 {
		t.Errorf("a hook that lost its mode: %v %v", changed, err)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != len(Events) {
		t.Errorf("%d files are left behind", len(entries))
	}
	if s := string(Shim("on-add", "/nix/store/abc/bin/vikunja-sync")); strings.Contains(s, "/nix/store") {
		t.Error("a shim names a store path, which will be collected")
	}
	if _, err := exec.LookPath("shellcheck"); err == nil {
		for _, e := range Events {
			if out, err := exec.Command("shellcheck", "-s", "sh", "-e", "SC2194", File(dir, e)).CombinedOutput(); err != nil {
				t.Errorf("%s: %s", e, out)
			}
		}
	}
}

// TestLight: the package costs every command a user types, so it imports
// little and certainly no database.
func TestLight(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Skipf("skipped: no go command (%v)", err)
	}
	for _, dep := range strings.Fields(string(out)) {
		if strings.Contains(dep, ".") || dep == "net" || strings.HasPrefix(dep, "net/") || dep == "vikunja-sync/internal/store" {
			t.Errorf("hook imports `%s`", dep)
		}
	}
}

// TestCheck: a shim that was changed, or that leads nowhere, is told.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "it's here")
	if err := os.WriteFile(bin, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	none := func(string) string { return "" }
	for _, tc := range []struct {
		name, text string
		env        func(string) string
		want       string
	}{
		{"as written", string(Shim("on-add", bin)), none, ""},
		{"gone", string(Shim("on-add", filepath.Join(dir, "gone"))), none, "no binary"},
		{"gone, but named", string(Shim("on-add", "")), func(k string) string { return map[string]string{"VIKUNJA_SYNC_BIN": bin}[k] }, ""},
		{"another event's", string(Shim("on-exit", bin)), none, "not as"},
		{"somebody else's", "#!/bin/sh\nexit 1\n", none, "not as"},
	} {
		file := filepath.Join(dir, "shim")
		if err := os.WriteFile(file, []byte(tc.text), 0o700); err != nil {
			t.Fatal(err)
		}
		err := Check(file, "on-add", tc.env)
		if got := fmt.Sprint(err); (tc.want == "") != (err == nil) || !strings.Contains(got, tc.want) && err != nil {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}
