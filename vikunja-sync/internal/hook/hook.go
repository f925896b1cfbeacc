// Package hook is what runs inside the user's `task` command.
//
// It appends a line to a spool beside Taskwarrior's data, hands the task
// through unchanged and exits 0, whatever happens: no network, no database,
// no `task`, bounded time. A line says "run soon" and names a task, or none
// where more or others may have changed. Losing it loses nothing: the whole
// export is compared every so often.
//
// The on-launch hook also takes the lock of LockFile for the running command.
// The lock belongs to a process, not to an open file: it is free when its
// owner has ended, so nobody has to release it and nothing stays behind to
// watch.
//
// A report that changed nothing leaves no line. `undo`, `purge` and `sync`
// leave one without a name, since their on-exit is told of no task.
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
	if event == "on-launch" {
		if data != "" {
			launch(data, command, out)
		}
		return
	}
	uuids := []string{pass(event, in, out)}
	if event == "on-exit" {
		uuids = changed(in)
		if len(uuids) == 0 && writes(command) {
			uuids = []string{""}
		}
	}
	if data == "" || len(uuids) == 0 {
		return // a report changed nothing
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { recover() }()
		spool(data, event, uuids)
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

// maxNamed is how many tasks one command names; after more it names none.
const maxNamed = 32

// changed reads the tasks that on-exit is told of, as they are stored now.
func changed(in io.Reader) (uuids []string) {
	r := bufio.NewReader(in)
	for line := readLine(r); len(line) > 0; line = readLine(r) {
		if uuids = append(uuids, findUUID(line)); len(uuids) > maxNamed {
			return []string{""}
		}
	}
	return uuids
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
	if !isUUID(string(rest[:36])) {
		return ""
	}
	return string(rest[:36])
}

func isUUID(s string) bool {
	for i, c := range []byte(s) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || (!dash && !strings.ContainsRune("0123456789abcdef", rune(c))) {
			return false
		}
	}
	return len(s) == 36
}

// maxSpool bounds the file: nobody reads it, or a lot has changed.
const maxSpool = 1 << 20

// spool writes again what it wrote to a file that Take had already renamed.
func spool(data, event string, uuids []string) {
	if err := os.MkdirAll(Dir(data), 0o700); err != nil {
		return
	}
	var lines strings.Builder
	for _, u := range uuids {
		fmt.Fprintf(&lines, "%d %s %s\n", time.Now().Unix(), event, u)
	}
	for range 20 {
		if appended(SpoolFile(data), lines.String()) {
			return
		}
	}
}

// Call asks whoever reads the spool to look at everything soon.
func Call(data string) { spool(data, "call", []string{""}) }

// appended: false means that the file was taken meanwhile.
func appended(file, lines string) bool {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return true
	}
	defer f.Close()
	mine, err := f.Stat()
	if err != nil || mine.Size() > maxSpool {
		return true
	}
	if _, err := f.WriteString(lines); err != nil {
		return true
	}
	now, err := os.Stat(file)
	return err == nil && os.SameFile(mine, now)
}

// Hints are what a spool says.
type Hints struct {
	UUIDs []string
	// Early are those of them that no on-exit has named since: the command may
	// not have stored them yet, and its last line may be lost.
	Early map[string]bool
	// All: something else may have changed too.
	All bool
}

// Take empties the spool by renaming it and reads it.
func Take(data string) (h Hints, err error) {
	tmp := SpoolFile(data) + ".taken"
	if err := os.Rename(SpoolFile(data), tmp); err != nil {
		if os.IsNotExist(err) {
			return h, nil
		}
		return Hints{All: true}, err
	}
	b, err := os.ReadFile(tmp)
	os.Remove(tmp)
	if err != nil || len(b) > maxSpool {
		return Hints{All: true}, err
	}
	h.Early = map[string]bool{}
	seen := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || !isUUID(fields[2]) {
			h.All = true
			if len(fields) == 2 && fields[1] == "on-exit" {
				clear(h.Early) // the end of a command that named more than it says
			}
			continue
		}
		u := fields[2]
		if !seen[u] {
			seen[u] = true
			h.UUIDs = append(h.UUIDs, u)
		}
		if fields[1] == "on-exit" {
			delete(h.Early, u)
		} else {
			h.Early[u] = true
		}
	}
	return h, nil
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
