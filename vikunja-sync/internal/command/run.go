package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/spf13/cobra"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/config"
	"vikunja-sync/internal/engine"
	"vikunja-sync/internal/hook"
	"vikunja-sync/internal/taskwarrior"
	"vikunja-sync/internal/webhint"
)

func (a *app) run() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "keep both sides in step until stopped",
		Long: "A cycle runs when a hook of Taskwarrior or a webhook says that something changed, and\n" +
			"every `interval` in any case. The former reads the tasks that were named, where that is\n" +
			"enough to decide; the latter reads all. Answers to systemd's notify and watchdog protocol.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			d, err := a.daemon(cmd.Context(), c)
			if err != nil {
				return err
			}
			defer d.close()
			return d.loop(cmd.Context())
		},
	}
}

// daemon is the long-lived process.
type daemon struct {
	app  *app
	cfg  *config.Config
	log  *slog.Logger
	vk   api.Server
	tw   *taskwarrior.Client
	data string
	hook *webhint.Receiver

	quiet   *quiet // what log writes through
	watch   *fsnotify.Watcher
	watched os.FileInfo // the folder that watch looks at
	lock    *os.File
	stops   []func()

	mu      sync.Mutex
	began   time.Time // of the cycle that runs, zero between two
	last    Status
	cycles  int
	hinted  int                  // of them, those that read what hints named
	failed  int                  // in a row
	failure string               // of the last cycle
	whole   time.Time            // when the last whole cycle ended
	early   map[string]int       // looks left, by uuid
	later   map[string]time.Time // deletions that wait, and until when
	hooked  hooks                // projects whose webhooks were seen to
	rehook  time.Time            // when to see to them again
	told    map[string]bool      // of them
	token   string               // that vk has
	// notBefore is when the server's limiter opens: hints wait for it.
	notBefore time.Time
}

// memory keeps the process small between cycles.
const memory = 48 << 20

func (a *app) daemon(ctx context.Context, c *config.Config) (d *daemon, err error) {
	debug.SetMemoryLimit(memory)
	debug.SetGCPercent(50)
	d = &daemon{app: a, cfg: c, quiet: newQuiet(a.logger(c).Handler()), tw: a.tasks(c)}
	d.log = slog.New(d.quiet)
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	for range 10 { // the one before may be about to end, or `status` looking
		if d.lock, err = onlyOne(c.State("run.lock")); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		return d, err
	}
	if err = d.followToken(); err != nil {
		return d, err
	}
	if _, err = d.tw.Version(ctx); err != nil {
		return d, err
	}
	if d.data, err = d.tw.Data(ctx); err != nil {
		return d, err
	}
	if err = d.watchSpool(); err != nil {
		return d, err
	}
	if err = d.listen(ctx); err != nil {
		return d, err
	}
	return d, nil
}

// onlyOne takes the lock of the daemon.
func onlyOne(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, errors.New("another `vikunja-sync run` is running with this state")
	}
	return f, nil
}

func (d *daemon) watchSpool() (err error) {
	if err := os.MkdirAll(hook.Dir(d.data), 0o700); err != nil {
		return err
	}
	if d.watch, err = fsnotify.NewWatcher(); err != nil {
		return err
	}
	_, err = d.follow(d.data)
	return err
}

// follow watches the spool of data and tells whether that is another folder
// than before: `data.location` changed, or a backup took its place under the
// same name.
func (d *daemon) follow(data string) (moved bool, err error) {
	now, err := os.Stat(hook.Dir(data))
	if err == nil && data == d.data && d.watched != nil && os.SameFile(now, d.watched) {
		return false, nil
	}
	if d.watched != nil {
		d.watch.Remove(hook.Dir(d.data)) // which the system may have done already
		d.watched = nil
	}
	d.data = data
	if err == nil {
		err = d.watch.Add(hook.Dir(data))
	}
	if err == nil {
		d.watched = now
	}
	return err == nil, err
}

// followTasks does so for where Taskwarrior said last that its data are.
func (d *daemon) followTasks(ctx context.Context) (moved bool) {
	data, err := d.tw.Data(ctx)
	if err == nil {
		moved, err = d.follow(data)
	}
	if err != nil {
		d.log.Warn("watching the spool", "error", err)
	}
	return moved
}

// listen opens the receiver and the loopback page.
func (d *daemon) listen(ctx context.Context) error {
	if d.cfg.Webhook {
		secret, err := config.Secret(d.cfg.WebhookSecret)
		if err != nil {
			return fmt.Errorf("webhook: %w; run `vikunja-sync setup`", err)
		}
		l, err := net.Listen("tcp", d.cfg.WebhookListen)
		if err != nil {
			return err
		}
		d.hook = webhint.New(secret, d.cfg.State("webhook.spool"))
		d.stops = append(d.stops, func() { l.Close() })
		go d.hook.Serve(ctx, l)
	}
	if d.cfg.StatusListen == "" {
		return nil
	}
	l, err := net.Listen("tcp", d.cfg.StatusListen)
	if err != nil { // perhaps another user's
		d.log.Warn("no /healthz and /metrics; `status_listen` gives another address", "error", err)
		return nil
	}
	s := &http.Server{Handler: d.pages(), ReadHeaderTimeout: 3 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
	d.stops = append(d.stops, func() { s.Close() })
	go s.Serve(l)
	return nil
}

func (d *daemon) close() {
	for _, stop := range d.stops {
		stop()
	}
	if d.watch != nil {
		d.watch.Close()
	}
	if d.lock != nil {
		d.lock.Close()
	}
}

// settle is how long to wait for more hints before a cycle: a command of
// Taskwarrior gives several, before and after it stores, and a row of commands
// is one change. settleWeb is the same for webhooks, whose events come
// together. patience is how long at most: a user who goes on typing does not
// keep the first change back.
const (
	settle    = 250 * time.Millisecond
	settleWeb = 100 * time.Millisecond
	patience  = time.Second
)

// delay gives the wait before the cycle that a hint asks for; since is when
// the first one came.
func (d *daemon) delay(settle time.Duration, since, now time.Time) time.Duration {
	wait := min(settle, since.Add(patience).Sub(now))
	return max(wait, d.notBefore.Sub(now), 0)
}

func (d *daemon) loop(ctx context.Context) error {
	notify(d.app.Env, "READY=1")
	stop := d.watchdog(ctx)
	defer stop()
	var hints chan struct{}
	if d.hook != nil {
		hints = d.hook.Hints
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	var since time.Time // the first hint that no cycle has followed
	hint := func(settle time.Duration) {
		now := time.Now()
		if since.IsZero() {
			since = now
		}
		timer.Reset(d.delay(settle, since, now))
	}
	for {
		select {
		case <-ctx.Done():
			notify(d.app.Env, "STOPPING=1")
			return nil
		case e := <-d.watch.Events:
			written := e.Name == hook.SpoolFile(d.data) && e.Has(fsnotify.Write|fsnotify.Create)
			if gone := e.Name == hook.Dir(d.data) && e.Has(fsnotify.Remove|fsnotify.Rename); written || gone {
				hint(settle)
			}
			continue
		case err := <-d.watch.Errors:
			d.log.Warn("watching the spool", "error", err)
			continue
		case <-hints:
			hint(settleWeb)
			continue
		case <-timer.C:
		}
		since = time.Time{}
		timer.Reset(d.cycle(ctx))
	}
}

// followToken takes the token that the file holds now: one that expired or was
// revoked is replaced there.
func (d *daemon) followToken() error {
	token, err := d.cfg.Token()
	if err == nil && token == d.token {
		return nil
	}
	vk, err := d.app.server(d.cfg)
	if err == nil {
		d.vk, d.token = vk, token
	}
	return err
}

// cycle runs and tells when the next is due.
func (d *daemon) cycle(ctx context.Context) time.Duration {
	start := time.Now()
	d.running(start)
	defer d.running(time.Time{})
	if err := d.followToken(); err != nil {
		d.log.Warn("the token of before stays in use", "error", err)
	}
	d.followTasks(ctx)
	h, why := d.gather(start)
	if why == "" && len(h.UUIDs)+len(h.IDs) == 0 {
		return d.rest() // the cycle before has read what this hint was for
	}
	rep, why, err := d.once(ctx, h, why)
	debug.FreeOSMemory()
	wait := d.pause(rep, err)
	d.postpone(rep)
	if d.hook != nil && d.cfg.WebhookURL != "" && err == nil && (why != "" || rep.Projects > 0) {
		d.hookNew(ctx)
	}
	if why != "" {
		d.whole = time.Now()
		d.log.Debug("whole cycle", "reason", why)
	}
	if d.failed == 0 {
		wait = d.rest()
	}
	if d.followTasks(ctx) {
		wait = min(wait, settle) // for what its hooks said before anybody listened
	}
	d.record(start, rep, err, why != "")
	if why != "" && err == nil {
		d.quiet.over()
	}
	d.report(ctx, rep, err, wait)
	return wait
}

// report writes of a cycle that did something, and of failures when they begin
// or change and when they end.
func (d *daemon) report(ctx context.Context, rep *engine.Report, err error, wait time.Duration) {
	switch {
	case err != nil && ctx.Err() != nil:
		return
	case err != nil && err.Error() != d.failure:
		d.failure = err.Error()
		d.log.Error("cycle failed", "error", err, "next", wait.Round(time.Second))
	case err == nil && d.failure != "":
		d.failure = ""
		d.log.Info("cycles succeed again")
	}
	if err == nil && rep.WritesTW+rep.WritesVK > 0 {
		d.log.Info("cycle", "pairs", rep.Pairs, "taskwarrior_writes", rep.WritesTW, "vikunja_writes", rep.WritesVK, "conflicts", rep.Conflicts)
	}
}

// pause backs off with jitter after failures and respects the limiter.
func (d *daemon) pause(rep *engine.Report, err error) time.Duration {
	d.notBefore = time.Time{}
	switch {
	case err != nil:
		d.failed++
	case rep.Again:
		d.failed = max(1, min(d.failed+1, 3))
	default:
		d.failed = 0
		return d.cfg.Interval
	}
	wait := min(5*time.Second<<min(d.failed, 6), d.cfg.Interval)
	if rep != nil && !rep.RetryAt.IsZero() {
		d.notBefore = rep.RetryAt
		wait = max(wait, time.Until(rep.RetryAt))
	}
	return wait + time.Duration(rand.Int64N(int64(wait/4)+1))
}

// record keeps the status. What a hinted cycle did not look at, or one that
// failed did not see, is as the cycle before left it.
func (d *daemon) record(start time.Time, rep *engine.Report, err error, whole bool) {
	s := Status{At: start.UTC(), OK: err == nil, Seconds: time.Since(start).Seconds()}
	if err != nil {
		s.Error = err.Error()
	}
	all := whole && err == nil
	if !all {
		s.TW, s.VK, s.Pairs, s.Guard, s.Problems = d.last.TW, d.last.VK, d.last.Pairs, d.last.Guard, slices.Clone(d.last.Problems)
	}
	if rep != nil {
		s.WritesTW, s.WritesVK, s.Conflicts = rep.WritesTW, rep.WritesVK, rep.Conflicts
		if err == nil {
			s.Pairs = rep.Pairs
		}
		if all {
			s.TW, s.VK, s.Guard = rep.TW, rep.VK, rep.Guard
		}
		for _, p := range rep.Problems {
			if text := about(p) + p.Reason; all || !slices.Contains(s.Problems, text) {
				s.Problems = append(s.Problems, text)
			}
		}
	}
	d.mu.Lock()
	d.last = s
	d.cycles++
	if !whole {
		d.hinted++
	}
	d.mu.Unlock()
	b, _ := json.MarshalIndent(s, "", "  ")
	tmp := d.cfg.State("status.json.new")
	if err := os.WriteFile(tmp, append(b, '\n'), 0o600); err == nil {
		os.Rename(tmp, d.cfg.State("status.json"))
	}
}

// pages are /healthz and /metrics.
func (d *daemon) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if !d.last.OK || time.Since(d.last.At) > 3*d.cfg.Interval {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, "behind:", d.last.Error)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		d.metrics(w)
	})
	return mux
}

func (d *daemon) metrics(w http.ResponseWriter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ok, taken, refused := 0, 0, 0
	if d.last.OK {
		ok = 1
	}
	if d.hook != nil {
		taken, refused = d.hook.Counts()
	}
	for _, m := range []struct {
		name, kind, help string
		val              any
	}{
		{"up", "gauge", "Whether the last cycle succeeded.", ok},
		{"cycles_total", "counter", "Cycles since the start.", d.cycles},
		{"hinted_cycles_total", "counter", "Those of them that read only what hints named.", d.hinted},
		{"last_cycle_timestamp_seconds", "gauge", "When the last cycle began.", d.last.At.Unix()},
		{"last_cycle_seconds", "gauge", "How long it took.", d.last.Seconds},
		{"pairs", "gauge", "Tasks in step.", d.last.Pairs},
		{"waiting", "gauge", "Items that wait for the user or a better time.", len(d.last.Problems)},
		{"webhooks_total", "counter", "Deliveries taken.", taken},
		{"webhooks_refused_total", "counter", "Deliveries refused.", refused},
	} {
		fmt.Fprintf(w, "# HELP vikunja_sync_%s %s\n# TYPE vikunja_sync_%s %s\nvikunja_sync_%s %v\n", m.name, m.help, m.name, m.kind, m.name, m.val)
	}
}

// longest is how long a cycle may take before it counts as stuck. The first one
// over many tasks takes an hour; whatever ends it, the next goes on from there.
const longest = 3 * time.Hour

func (d *daemon) running(since time.Time) {
	d.mu.Lock()
	d.began = since
	d.mu.Unlock()
}

// stuck reports a cycle that does not end.
func (d *daemon) stuck(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.began.IsZero() && now.Sub(d.began) > longest
}

// watchdog tells systemd that the daemon is alive, unless it is stuck.
func (d *daemon) watchdog(ctx context.Context) func() {
	usec := 0
	fmt.Sscan(d.app.Env("WATCHDOG_USEC"), &usec)
	if usec <= 0 {
		return func() {}
	}
	t := time.NewTicker(time.Duration(usec) * time.Microsecond / 2)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-t.C:
				if !d.stuck(now) {
					notify(d.app.Env, "WATCHDOG=1")
				}
			}
		}
	}()
	return t.Stop
}

// notify speaks systemd's protocol: one datagram.
func notify(env func(string) string, msg string) {
	addr := env("NOTIFY_SOCKET")
	if addr == "" {
		return
	}
	if addr[0] == '@' {
		addr = "\x00" + addr[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: addr, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	c.Write([]byte(msg))
}
