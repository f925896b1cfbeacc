// Package hook is what runs inside the user's `task` command.
//
// It appends one line to a spool beside Taskwarrior's data, hands the task
// through unchanged and exits 0, whatever happens: no network, no database,
// no `task`, bounded time. The spool says only "run soon"; losing it loses
// nothing, since every cycle compares whole exports.
//
// The on-launch hook also takes the lock of LockFile for the running command. The lock belongs to a process, not to an open file: it
// is free when its owner has ended, so nobody has to release it and nothing
// stays behind to watch.
//
// A report that changed nothing leaves no line. `undo`, `purge` and `sync`
// do, though their on-exit is told of no task.
//
// Laws: standard output is line 1 for on-add, line 2 for on-modify (line 1
// where line 2 is `{}`, the undo of an add), nothing for the others; a hook
// never fails.
//
// This package imports nothing but the standard library's basics: its cost is
// paid on every command a user types.
package hook

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Events are the hooks that setup installs.
var Events = []string{"on-add", "on-modify", "on-exit", "on-launch"}

// Dir is where spool, lock and log live, beside the data.
func Dir(data string) string { return filepath.Join(data, "vikunja-sync") }

// SpoolFile is where hooks append.
func SpoolFile(data string) string { return filepath.Join(Dir(data), "spool") }

// slow bounds the spool write: a hung disk must not hang `task`.
const slow = 12 * time.Millisecond

// Run is the hook process: args are what Taskwarrior passed.
func Run(event string, args []string, in io.Reader, out io.Writer) {
	defer func() { recover() }()
	data, command := arguments(args)
	uuid := pass(event, in, out)
	if event == "on-launch" {
		if data != "" {
			launch(data, command, out)
		}
		return
	}
	if data == "" || (event == "on-exit" && !writes(command) && empty(in)) {
		return // a report changed nothing
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { recover() }()
		spool(data, event, uuid)
	}()
	select {
	case <-done:
	case <-time.After(slow):
	}
}

func arguments(args []string) (data, command string) {
	for _, a := range args {
		key, val, _ := strings.Cut(a, ":")
		switch key {
		case "data":
			data = val
		case "command":
			command = val
		}
	}
	return data, command
}

// pass copies the line that must be printed and finds the uuid in it.
func pass(event string, in io.Reader, out io.Writer) string {
	if event != "on-add" && event != "on-modify" {
		return ""
	}
	r := bufio.NewReader(in)
	line := readLine(r)
	if event == "on-modify" {
		if second := readLine(r); len(second) > 0 && string(second) != "{}" {
			line = second
		}
	}
	if len(line) > 0 {
		out.Write(append(line, '\n'))
	}
	return findUUID(line)
}

func empty(in io.Reader) bool {
	n, _ := io.ReadFull(in, make([]byte, 1))
	return n == 0
}

func readLine(r *bufio.Reader) []byte {
	line, _ := r.ReadBytes('\n')
	return bytes.TrimRight(line, "\r\n")
}

// findUUID looks for the attribute without parsing. Quotes inside text are
// escaped in JSON, so the pattern cannot be part of a text.
func findUUID(line []byte) string {
	_, rest, ok := bytes.Cut(line, []byte(`"uuid":"`))
	if !ok || len(rest) < 36 {
		return ""
	}
	for _, c := range rest[:36] {
		if !strings.ContainsRune("0123456789abcdef-", rune(c)) {
			return ""
		}
	}
	return string(rest[:36])
}

func spool(data, event, uuid string) {
	if err := os.MkdirAll(Dir(data), 0o700); err != nil {
		return
	}
	f, err := os.OpenFile(SpoolFile(data), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > 1<<20 {
		return // nobody reads; one line or a million say the same
	}
	fmt.Fprintf(f, "%d %s %s\n", time.Now().Unix(), event, uuid)
}

// Take empties the spool by renaming it and returns its lines.
func Take(data string) ([]string, error) {
	tmp := SpoolFile(data) + ".taken"
	if err := os.Rename(SpoolFile(data), tmp); err != nil {
		if os.IsNotExist(err) {
			return nil, nil
		}
		return nil, err
	}
	b, err := os.ReadFile(tmp)
	os.Remove(tmp)
	return strings.Split(strings.TrimSpace(string(b)), "\n"), err
}

// How long a command waits for the one before it, and for a row of them. An
// editor or a question left open holds the others up no longer than waitWrite.
const (
	waitWrite = 10 * time.Second
	waitRow   = 2 * time.Minute
	waitRead  = 500 * time.Millisecond
)

func launch(data, command string, out io.Writer) {
	wait, most := waitRead, waitRead
	if writes(command) {
		wait, most = waitWrite, waitRow
	}
	if !LockFile(data).Queue(os.Getppid(), wait, most) {
		fmt.Fprintf(out, "vikunja-sync: another task command has been running for %s; going on without the lock\n", wait)
	}
}

func writes(command string) bool {
	switch command {
	case "add", "annotate", "append", "delete", "denotate", "done", "duplicate", "edit", "import", "log", "modify",
		"prepend", "purge", "start", "stop", "undo", "sync", "synchronize":
		return true
	}
	return false
}
