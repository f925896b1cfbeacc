// Package taskwarrior reads and writes tasks through the `task` command, 2.6
// and 3.x.
//
// The only truth is a whole export that exited 0 and parsed to its end; the
// only way to write is an import of whole tasks with every attribute, unknown
// ones too. Hooks are off in our own calls, standard input is never a
// terminal, tasks are named by uuid, and no text of a task is ever part of a
// command line.
//
// 2.6 loses writes when two commands run at once: it reads everything before
// the hooks and rewrites the file afterwards. On both versions an import
// replaces whole tasks. Lock is shared with the on-launch hook (package hook),
// so that the user's commands and ours queue.
//
// Laws:
//
//   - Export calls back per task, but what it told counts only if it returns
//     nil.
//   - Import validates first, because a bad element makes 2.6 crash and 3.x
//     store half. What it stored is known only by reading again.
//
// Non-goals: recurrence, undo, `task sync`, and the data files themselves.
package taskwarrior

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"vikunja-sync/internal/hook"
	"vikunja-sync/internal/model"
)

// Client runs one `task` binary on one data folder.
type Client struct {
	Bin  string   // "" means `task` from PATH
	Env  []string // added to the process's environment: TASKRC, TASKDATA
	Wait time.Duration

	version string
	data    string
}

// quiet makes a call read-only but for what it is asked to do. Taskwarrior
// gives an imported task the user's defaults, which are for tasks of the
// user's own, and puts aliases in the place of commands.
var quiet = []string{"rc.gc=off", "rc.recurrence=off", "rc.hooks=off", "rc.verbose=nothing",
	"rc.confirmation=off", "rc.json.array=on", "rc.bulk=0",
	"rc.default.project=", "rc.default.due=", "rc.default.scheduled=", "rc.uda.priority.default=",
	"rc.alias.export=export", "rc.alias.import=import", "rc.alias.config=config"}

func overrides() []string {
	out := append([]string(nil), quiet...)
	for _, u := range model.UDAs {
		out = append(out, "rc.uda."+u.Name+".type="+u.Type, "rc.uda."+u.Name+".default=")
	}
	return out
}

func (c *Client) command(ctx context.Context, args ...string) *exec.Cmd {
	bin := c.Bin
	if bin == "" {
		bin = "task"
	}
	cmd := exec.CommandContext(ctx, bin, append(overrides(), args...)...)
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

func (c *Client) output(ctx context.Context, args ...string) (string, error) {
	cmd := c.command(ctx, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", callError(args, err, errs.String())
	}
	return strings.TrimSpace(string(out)), nil
}

func callError(args []string, err error, stderr string) error {
	msg := strings.TrimSpace(stderr)
	if len(msg) > 300 {
		msg = msg[:300] + "…"
	}
	if msg != "" {
		return fmt.Errorf("`task %s`: %w: %s", args[len(args)-1], err, msg)
	}
	return fmt.Errorf("`task %s`: %w", args[len(args)-1], err)
}

// Version is what the binary says, "2.6.2".
func (c *Client) Version(ctx context.Context) (string, error) {
	if c.version != "" {
		return c.version, nil
	}
	out, err := c.output(ctx, "_version")
	if err == nil && !regexp.MustCompile(`^[0-9]+\.[0-9]+`).MatchString(out) {
		err = fmt.Errorf("`task _version` said `%.60s`", out)
	}
	if err == nil {
		c.version = out
	}
	return out, err
}

// Old reports 2.x.
func (c *Client) Old() bool { return strings.HasPrefix(c.version, "2.") }

// Data is the folder of the data, absolute.
func (c *Client) Data(ctx context.Context) (string, error) {
	if c.data != "" {
		return c.data, nil
	}
	out, err := c.output(ctx, "_get", "rc.data.location")
	if err != nil {
		return "", err
	}
	if rest, ok := strings.CutPrefix(out, "~"); ok {
		home, _ := os.UserHomeDir()
		out = home + rest
	}
	c.data, err = filepath.Abs(out)
	return c.data, err
}

// Batch is how many tasks one import should hold: on 3.x the time grows with
// the square.
func (c *Client) Batch() int {
	if c.Old() {
		return 1000
	}
	return 25
}

// ErrBusy says that a command of the user holds the lock.
var ErrBusy = errors.New("another `task` command is running")

// Lock keeps commands of the user out until the returned function is called,
// where the on-launch hook is installed. 2.x loses writes without it; on 3.x
// it closes the moment between reading a task and importing it.
func (c *Client) Lock(ctx context.Context) (func(), error) {
	data, err := c.Data(ctx)
	if err != nil {
		return nil, err
	}
	wait := c.Wait
	if wait == 0 {
		wait = 10 * time.Second
	}
	l := hook.LockFile(data)
	if !l.Acquire(os.Getpid(), wait) {
		return nil, ErrBusy
	}
	return func() { l.Release(os.Getpid()) }, nil
}

// ExportError is an export that cannot be believed. Task is the uuid that
// spoils it, where one was found.
type ExportError struct {
	Task string
	Err  error
}

func (e *ExportError) Error() string {
	if e.Task != "" {
		return fmt.Sprintf("the export of Taskwarrior breaks at task `%s`: %v", e.Task, e.Err)
	}
	return fmt.Sprintf("the export of Taskwarrior is not whole: %v", e.Err)
}

func (e *ExportError) Unwrap() error { return e.Err }

// Export calls fn for every task there is, deleted ones too.
func (c *Client) Export(ctx context.Context, fn func(model.Raw) error) error {
	seen := map[string]bool{}
	err := c.export(ctx, nil, func(r model.Raw) error {
		seen[r.UUID()] = true
		return fn(r)
	})
	var ee *ExportError
	if errors.As(err, &ee) {
		ee.Task = c.culprit(ctx, seen)
	}
	return err
}

func (c *Client) export(ctx context.Context, filter []string, fn func(model.Raw) error) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := c.command(ctx, append(filter, "export")...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	parseErr := decode(out, fn)
	io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		return &ExportError{Err: callError([]string{"export"}, err, errs.String())}
	}
	return parseErr
}

// decode reads an array to its end.
func decode(r io.Reader, fn func(model.Raw) error) error {
	d := json.NewDecoder(printable{r})
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return &ExportError{Err: errors.Join(errors.New("it is no array"), err)}
	}
	for d.More() {
		var raw model.Raw
		if err := d.Decode(&raw); err != nil {
			return &ExportError{Err: err}
		}
		if raw.UUID() == "" {
			return &ExportError{Err: errors.New("a task without uuid")}
		}
		if err := fn(raw); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return &ExportError{Err: err}
	}
	return nil
}

// printable blanks the control characters that Taskwarrior exports raw.
type printable struct{ io.Reader }

func (p printable) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	for i, c := range b[:n] {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			b[i] = ' '
		}
	}
	return n, err
}

// culprit finds the task at which an export stops, by trying those that are
// missing one at a time.
func (c *Client) culprit(ctx context.Context, seen map[string]bool) string {
	out, err := c.output(ctx, "_uuids")
	if err != nil {
		return ""
	}
	tried := 0
	for _, u := range strings.Fields(out) {
		if seen[u] {
			continue
		}
		if tried++; tried > 100 {
			return ""
		}
		if err := c.export(ctx, []string{u}, func(model.Raw) error { return nil }); err != nil {
			return u
		}
	}
	return ""
}

var uuidShape = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// manyTasks is where one whole export is cheaper than a long filter.
const manyTasks = 150

// wanted checks uuids, which become part of a command line.
func wanted(uuids []string) (map[string]bool, error) {
	want := map[string]bool{}
	for _, u := range uuids {
		if !uuidShape.MatchString(u) {
			return nil, fmt.Errorf("`%s` is no uuid", u)
		}
		want[u] = true
	}
	return want, nil
}

// Near reads some tasks by uuid, and all that name one of the ids of Vikunja,
// by the attribute or by the annotation of an older script. The filter finds
// more than those: `has` and the pattern look for the digits anywhere.
func (c *Client) Near(ctx context.Context, uuids []string, ids []int64) (map[string]model.Raw, error) {
	if len(ids) == 0 {
		return c.Get(ctx, uuids)
	}
	want, err := wanted(uuids)
	if err != nil {
		return nil, err
	}
	var terms []string
	for _, u := range uuids {
		terms = append(terms, "uuid:"+u) // 2.6 cannot evaluate two bare ones joined by `or`
	}
	named := map[int64]bool{}
	for _, id := range ids {
		named[id] = true
		terms = append(terms, fmt.Sprintf("%s.has:%d", model.UDALink, id), fmt.Sprintf("/%s:.*%d/", model.UDALink, id))
	}
	filter := []string{"rc.regex=on", "("}
	for _, t := range terms {
		filter = append(filter, t, "or")
	}
	filter[len(filter)-1] = ")"
	if len(terms) > manyTasks {
		filter = nil
	}
	out := map[string]model.Raw{}
	err = c.export(ctx, filter, func(r model.Raw) error {
		if id, err := strconv.ParseInt(model.LinkOf(r), 10, 64); want[r.UUID()] || (err == nil && named[id]) {
			out[r.UUID()] = r
		}
		return nil
	})
	return out, err
}

// Get reads some tasks by uuid; those that are gone are absent.
func (c *Client) Get(ctx context.Context, uuids []string) (map[string]model.Raw, error) {
	want, err := wanted(uuids)
	if err != nil || len(want) == 0 {
		return nil, err
	}
	filter := uuids
	if len(want) > manyTasks {
		filter = nil
	}
	out := map[string]model.Raw{}
	err = c.export(ctx, filter, func(r model.Raw) error {
		if want[r.UUID()] {
			out[r.UUID()] = r
		}
		return nil
	})
	return out, err
}

// Import writes whole tasks.
func (c *Client) Import(ctx context.Context, tasks []model.Raw) error {
	if len(tasks) == 0 {
		return nil
	}
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	enc.SetEscapeHTML(false)
	in.WriteByte('[')
	for i, t := range tasks {
		if err := t.Validate(); err != nil {
			return err
		}
		if i > 0 {
			in.WriteByte(',')
		}
		t = t.Clone()
		delete(t, "id")
		delete(t, "urgency")
		delete(t, "modified")
		if err := enc.Encode(t); err != nil {
			return err
		}
	}
	in.WriteByte(']')
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	cmd := c.command(ctx, "import", "-")
	cmd.Stdin = &in
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil {
		return callError([]string{"import"}, err, errs.String())
	}
	return nil
}

// Marker reads the name of the data folder, "" where it has none, and first
// gives it the name set where that is not "". To read it is to ask Taskwarrior
// anew where the folder is.
func (c *Client) Marker(ctx context.Context, set string) (string, error) {
	if _, err := c.Version(ctx); err != nil {
		return "", err
	}
	if set == "" {
		c.data = ""
	}
	data, err := c.Data(ctx)
	if err != nil {
		return "", err
	}
	file := filepath.Join(hook.Dir(data), "name")
	if set != "" {
		if err := os.MkdirAll(hook.Dir(data), 0o700); err != nil {
			return "", err
		}
		if err := replace(file, set+"\n"); err != nil {
			return "", err
		}
	}
	b, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return "", nil
	}
	return strings.TrimSpace(string(b)), err
}

// replace writes a file as a whole: a name cut off by a full disk would be
// another folder's. It is on the disk when this returns, or the state, which
// follows, could outlive it, and the folder would pass for one of a backup.
func replace(file, text string) error {
	next, err := os.OpenFile(file+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = next.WriteString(text)
	if err := cmp.Or(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	if err := os.Rename(next.Name(), file); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(file)); err == nil {
		dir.Sync() // not every file system can
		dir.Close()
	}
	return nil
}

// Config runs `task config` and is meant for setup alone.
func (c *Client) Config(ctx context.Context, key, val string) error {
	_, err := c.output(ctx, "config", key, val)
	return err
}

// Setting reads one setting; "" where it is unset.
func (c *Client) Setting(ctx context.Context, key string) (string, error) {
	args := []string{"rc.verbose=nothing", "rc.hooks=off", "_get", "rc." + key}
	if key == "hooks" {
		args = slices.Delete(args, 1, 2) // it would answer for itself
	}
	cmd := exec.CommandContext(ctx, c.command(ctx).Path, args...)
	cmd.Env = append(os.Environ(), c.Env...)
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}
