// Package webhint receives Vikunja's webhooks and takes them for what they
// are: a hint that something changed.
//
// A delivery is read within bounds, its signature compared in constant time
// over the raw bytes, a line is made durable in a spool, and only then it is
// answered. Nothing of the body is believed; kept are the event's name and the
// ids of tasks, which say where to look. So a forged, repeated, late or
// reordered delivery can at most cause a cycle that finds nothing.
//
// Laws: no signature, no effect (401); nothing is answered 2xx before the
// spool has it; no more than MaxBody is read, in no more than a few seconds.
//
// Non-goals: TLS (a reverse proxy's job), and any address but the one given.
package webhint

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// MaxBody bounds one delivery, MaxAtOnce how many are read at a time; more are
// asked to come again, as Vikunja does.
const (
	MaxBody   = 1 << 20
	MaxAtOnce = 16
)

// Path is where deliveries are taken.
const Path = "/vikunja"

// Receiver is an http.Handler.
type Receiver struct {
	secret []byte
	spool  string
	mu     sync.Mutex
	// Hints has room for one: more hints say no more.
	Hints chan struct{}
	// slots bounds the deliveries read at once, and so the memory they take.
	slots chan struct{}
	// Counts for the metrics, under mu.
	taken, refused int
}

// New makes a receiver. An empty secret refuses everything.
func New(secret, spool string) *Receiver {
	return &Receiver{secret: []byte(secret), spool: spool, Hints: make(chan struct{}, 1), slots: make(chan struct{}, MaxAtOnce)}
}

// SetSecret changes the key.
func (r *Receiver) SetSecret(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = []byte(secret)
}

func (r *Receiver) key() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.secret)
}

// Sign is the signature Vikunja sends for a body.
func Sign(secret string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// Counts tells how many deliveries were taken and refused.
func (r *Receiver) Counts() (taken, refused int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.taken, r.refused
}

func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	status := r.receive(w, req)
	r.mu.Lock()
	if status == http.StatusNoContent {
		r.taken++
	} else {
		r.refused++
	}
	r.mu.Unlock()
	w.WriteHeader(status)
}

func (r *Receiver) receive(w http.ResponseWriter, req *http.Request) int {
	switch {
	case req.URL.Path != Path:
		return http.StatusNotFound
	case req.Method != http.MethodPost: // a followed redirect becomes a GET: not delivered
		return http.StatusMethodNotAllowed
	case req.ContentLength > MaxBody:
		return http.StatusRequestEntityTooLarge
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	default:
		return http.StatusServiceUnavailable
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, MaxBody))
	if err != nil {
		return http.StatusRequestEntityTooLarge
	}
	key := r.key()
	want := Sign(key, body)
	if key == "" || !hmac.Equal([]byte(want), []byte(req.Header.Get("X-Vikunja-Signature"))) {
		return http.StatusUnauthorized
	}
	e, err := parse(body)
	if err != nil || !name.MatchString(e.Name) {
		return http.StatusBadRequest
	}
	if err := r.keep(e.line()); err != nil {
		return http.StatusInternalServerError // asked again later
	}
	select {
	case r.Hints <- struct{}{}:
	default:
	}
	return http.StatusNoContent
}

var name = regexp.MustCompile(`^[a-z][a-z._]{0,63}$`)

// event is what a delivery is asked for.
type event struct {
	Name string `json:"event_name"`
	Data struct {
		Task     named `json:"task"`
		Relation struct {
			Task  number `json:"task_id"`
			Other number `json:"other_task_id"`
		} `json:"relation"`
	} `json:"data"`
}

type named struct {
	ID number `json:"id"`
}

// number is an id, or 0 where the body has something else.
type number int64

// UnmarshalJSON never fails: a delivery without an id is a hint as well.
func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(string(b), 10, 64)
	if err == nil && v > 0 {
		*n = number(v)
	}
	return nil
}

// parse wants JSON with a name; where the rest is not as expected it names no
// task.
func parse(body []byte) (e event, err error) {
	err = json.Unmarshal(body, &e)
	var odd *json.UnmarshalTypeError
	if errors.As(err, &odd) {
		return event{Name: e.Name}, nil
	}
	return e, err
}

// line names the event and the tasks that it is about, if that is all that it
// can be about.
func (e *event) line() string {
	out := e.Name
	if !strings.HasPrefix(e.Name, "task.") || e.Data.Task.ID == 0 {
		return out
	}
	for _, n := range []number{e.Data.Task.ID, e.Data.Relation.Task, e.Data.Relation.Other} {
		if n != 0 {
			out += fmt.Sprint(" ", n)
		}
	}
	return out
}

// keep appends to the spool and waits for the disk.
func (r *Receiver) keep(event string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(r.spool), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(r.spool, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > maxSpool {
		return nil // Take will say that anything may have changed
	}
	if _, err := fmt.Fprintf(f, "%d %s\n", time.Now().Unix(), event); err != nil {
		return err
	}
	return f.Sync()
}

// maxSpool bounds the spool.
const maxSpool = 1 << 20

// Take empties the spool and tells which tasks it names. all: something else
// may have changed too.
func (r *Receiver) Take() (ids []int64, all bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, err := os.ReadFile(r.spool)
	if err != nil {
		return nil, !os.IsNotExist(err)
	}
	os.Remove(r.spool)
	seen := map[int64]bool{}
	for line := range strings.Lines(string(b)) {
		named := strings.Fields(line)
		all = all || len(named) < 3 || !strings.HasSuffix(line, "\n")
		for _, f := range named[min(2, len(named)):] {
			id, err := strconv.ParseInt(f, 10, 64)
			if err != nil || id <= 0 {
				all = true
			} else if !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids, all || len(b) > maxSpool
}

// Serve listens until ctx ends.
func (r *Receiver) Serve(ctx context.Context, l net.Listener) error {
	s := &http.Server{Handler: r, ReadHeaderTimeout: 3 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	if err := s.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}
