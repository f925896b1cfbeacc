// Package remote is the api.Server that speaks HTTP to Vikunja: API v2 where
// the server has it, v1 where it does not.
//
// On v2 a write is a PATCH of the named fields. On v1, where an update
// replaces the whole task and the body overrides the address, it is a read of
// the task, a change of the named keys in what came back, and a write of all
// of it under the same id, so that reminders, assignees and whatever a newer
// server adds survive.
//
// Laws:
//
//   - The token is sent to the configured origin alone: redirects are never
//     followed. It is in no error, no log and no address, even where the
//     server repeats it.
//   - Answers are bounded in bytes and time, lists in pages, elements, bytes
//     and time, and ids in a scan must grow, so that a hostile or broken
//     server costs a cycle and not memory.
//   - What was asked for by id is what came, and what was made has an id.
//   - Reads are repeated after 5xx and lost connections; writes only where
//     nothing can have happened. A 429 waits for the limiter, once.
//   - Writes go one at a time, always: a server that says it could take more
//     loses updates all the same.
//
// Non-goals: caching (the ETag misses changes), login with a password.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"

	"vikunja-sync/internal/api"
)

// Options bound the client; zero values take the defaults.
type Options struct {
	Timeout  time.Duration // of one request, body included
	MaxBody  int64
	MaxPages int
	MaxItems int           // of one list
	MaxList  int64         // bytes of one list
	MaxTime  time.Duration // of one list
	MaxWait  time.Duration // longest wait for the limiter
	Backoff  time.Duration // first pause before a repeated read
	Agent    string
	ForceV1  bool // tests of the old path
}

// Client implements api.Server.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
	o     Options

	write sync.Mutex // one writer

	mu     sync.Mutex
	probed bool
	v2     bool
	server time.Time // Date of the last answer…
	seen   time.Time // …and when it came, with the monotonic clock
}

// New makes a client for base, such as https://todo.example.org.
func New(base, token string, o Options) (*Client, error) {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("`%s` is not the address of a server", base)
	}
	o.defaults()
	return &Client{base: u, token: token, o: o, http: &http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (o *Options) defaults() {
	if o.Timeout == 0 {
		o.Timeout = 35 * time.Second
	}
	if o.MaxBody == 0 {
		o.MaxBody = 64 << 20
	}
	if o.MaxPages == 0 {
		o.MaxPages = 20_000
	}
	if o.MaxItems == 0 {
		o.MaxItems = 500_000
	}
	if o.MaxList == 0 {
		o.MaxList = 256 << 20
	}
	if o.MaxTime == 0 {
		o.MaxTime = 15 * time.Minute
	}
	if o.MaxWait == 0 {
		o.MaxWait = 65 * time.Second
	}
	if o.Backoff == 0 {
		o.Backoff = 300 * time.Millisecond
	}
	if o.Agent == "" {
		o.Agent = "vikunja-sync"
	}
}

// call is one request. out is decoded from a 2xx answer; nil ignores it.
type call struct {
	method string
	path   string // below /api, with the version: /v2/tasks/1
	query  url.Values
	body   any
	out    any
	header http.Header // filled with the answer's
}

func (c *call) reads() bool { return c.method == http.MethodGet }

const tries = 4

// do sends a call, repeating it as the laws allow.
func (c *Client) do(ctx context.Context, k call) error {
	if !k.reads() {
		c.write.Lock()
		defer c.write.Unlock()
	}
	var err error
	for n := range tries {
		err = c.once(ctx, k)
		var e *api.Error
		if err == nil || !errors.As(err, &e) || n == tries-1 {
			return err
		}
		wait := time.Duration(0)
		switch {
		case e.Kind == api.KindRateLimited:
			if wait = time.Until(e.RetryAt); e.RetryAt.IsZero() {
				wait = c.o.Backoff << (2 * n)
			}
			if wait > c.o.MaxWait {
				return err
			}
			wait = max(wait, 0) + jitter(time.Second)
		case e.Kind == api.KindUnavailable && (k.reads() || !e.Ambiguous):
			wait = c.o.Backoff<<n + jitter(c.o.Backoff)
		default:
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
	return err
}

func jitter(d time.Duration) time.Duration { return time.Duration(rand.Int64N(int64(d))) }

func (c *Client) once(ctx context.Context, k call) error {
	req, err := c.request(ctx, k)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.lost(k, err)
	}
	defer resp.Body.Close()
	c.clock(resp)
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.o.MaxBody+1))
	if err != nil {
		return c.lost(k, err)
	}
	if int64(len(body)) > c.o.MaxBody {
		return &api.Error{Kind: api.KindHostile, Method: k.method, Route: "/api" + k.path, Status: resp.StatusCode,
			Message: "the answer is too large", Ambiguous: !k.reads()}
	}
	if k.header != nil {
		for key, v := range resp.Header {
			k.header[key] = v
		}
	}
	if resp.StatusCode == http.StatusNotModified && k.method == http.MethodPatch {
		return nil // the patch changed nothing
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return refusal(k, resp, bytes.ReplaceAll(body, []byte(c.token), []byte("…")))
	}
	if k.out == nil {
		return nil
	}
	if err := json.Unmarshal(body, k.out); err != nil {
		return unexpected(k, "the answer is not the expected JSON")
	}
	return nil
}

func (c *Client) request(ctx context.Context, k call) (*http.Request, error) {
	u := *c.base
	u.Path += "/api" + k.path
	u.RawQuery = k.query.Encode()
	var body io.Reader
	if k.body != nil {
		b, err := encode(k.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.o.Agent)
	if k.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if !k.reads() {
		req.GetBody = nil // never repeated by the library
	}
	return req, nil
}

// unexpected is an answer of 2xx that is not about what was asked for.
func unexpected(k call, message string) error {
	return &api.Error{Kind: api.KindUnavailable, Method: k.method, Route: "/api" + k.path, Status: http.StatusOK, Message: message, Ambiguous: !k.reads()}
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// lost describes a request without an answer. Only a refused connection
// certainly did nothing.
func (c *Client) lost(k call, err error) error {
	var op *net.OpError
	dial := errors.As(err, &op) && op.Op == "dial"
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err // the address says nothing new
	}
	return &api.Error{Kind: api.KindUnavailable, Method: k.method, Route: "/api" + k.path,
		Ambiguous: !k.reads() && !dial && !errors.Is(err, syscall.ECONNREFUSED), Err: &lostError{err, clean(strings.ReplaceAll(err.Error(), c.token, "…"))}}
}

// lostError is what net/http says, which may hold what the server said.
type lostError struct {
	err  error
	text string
}

func (e *lostError) Error() string { return e.text }
func (e *lostError) Unwrap() error { return e.err }

// maxRetry is how long a limiter is believed to stay closed.
const maxRetry = time.Hour

func refusal(k call, resp *http.Response, body []byte) error {
	e := &api.Error{Method: k.method, Route: "/api" + k.path, Status: resp.StatusCode}
	var said struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Title   string `json:"title"`
		Detail  string `json:"detail"`
	}
	json.Unmarshal(body, &said)
	e.Code = said.Code
	for _, s := range []string{said.Message, said.Detail, said.Title} {
		if e.Message == "" {
			e.Message = clean(s)
		}
	}
	e.Kind = kindOf(resp.StatusCode, said.Code)
	switch e.Kind {
	case api.KindRateLimited:
		if n, err := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			e.RetryAt = time.Unix(n, 0)
			if d, err := http.ParseTime(resp.Header.Get("Date")); err == nil { // the server's clock, not ours
				e.RetryAt = time.Now().Add(e.RetryAt.Sub(d))
			}
			if late := time.Now().Add(maxRetry); e.RetryAt.After(late) {
				e.RetryAt = late
			}
		}
	case api.KindUnavailable:
		e.Ambiguous = !k.reads()
	case api.KindUnauthorized:
		e.Scope = scopeOf(k.method, k.path)
	case api.KindHostile:
		e.Message = "a redirect, which is not followed: set the final address"
	}
	return e
}

func kindOf(status, code int) api.Kind {
	switch {
	case code == 3008:
		return api.KindArchived
	case status == 401:
		return api.KindUnauthorized
	case status == 403:
		return api.KindForbidden
	case status == 404:
		return api.KindNotFound
	case status == 429:
		return api.KindRateLimited
	case status >= 500 || status == 408:
		return api.KindUnavailable
	case status >= 300 && status < 400:
		return api.KindHostile
	}
	return api.KindInvalid
}

// clean makes a server's message fit for a terminal and a log.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

// clock keeps what answers tell of the server's time. Their seconds are cut
// and they take time to arrive, so each is a lower bound: an earlier one that
// says more is kept, unless the server's clock went back.
func (c *Client) clock(resp *http.Response) {
	t, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if ahead := c.server.Add(now.Sub(c.seen)).Sub(t); c.server.IsZero() || ahead < 0 || ahead >= time.Second {
		c.server, c.seen = t, now
	}
}

// Now implements api.Server.
func (c *Client) Now() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server.IsZero() {
		return time.Time{}, false
	}
	return c.server.Add(time.Since(c.seen)), true
}

var number = regexp.MustCompile(`/-?[0-9]+`)

// scopes names the permission behind a route, ids left out.
var scopes = map[string]string{
	"GET /user": "other: user", "GET /tasks": "tasks: read_all", "GET /tasks/#": "tasks: read_one",
	"PUT /projects/#/tasks": "tasks: create", "POST /projects/#/tasks": "tasks: create",
	"POST /tasks/#": "tasks: update", "PATCH /tasks/#": "tasks: update", "DELETE /tasks/#": "tasks: delete",
	"GET /projects": "projects: read_all", "GET /projects/#": "projects: read_one", "PUT /projects": "projects: create",
	"POST /projects": "projects: create", "GET /labels": "labels: read_all", "PUT /labels": "labels: create",
	"POST /labels": "labels: create", "PUT /tasks/#/labels": "tasks_labels: create", "POST /tasks/#/labels": "tasks_labels: create",
	"DELETE /tasks/#/labels/#": "tasks_labels: delete", "GET /tasks/#/comments": "tasks_comments: read_all",
	"PUT /tasks/#/comments": "tasks_comments: create", "POST /tasks/#/comments": "tasks_comments: create",
	"POST /tasks/#/comments/#": "tasks_comments: update", "PUT /tasks/#/comments/#": "tasks_comments: update",
	"PATCH /tasks/#/comments/#": "tasks_comments: update", "DELETE /tasks/#/comments/#": "tasks_comments: delete",
	"PUT /tasks/#/relations": "tasks_relations: create", "POST /tasks/#/relations": "tasks_relations: create",
	"DELETE /tasks/#/relations/blocked/#": "tasks_relations: delete", "GET /projects/#/webhooks": "projects_webhooks: read_all",
	"PUT /projects/#/webhooks": "projects_webhooks: create", "POST /projects/#/webhooks": "projects_webhooks: create",
	"DELETE /projects/#/webhooks/#": "projects_webhooks: delete", "GET /webhooks/events": "webhooks: events",
}

func scopeOf(method, path string) string {
	path = number.ReplaceAllString(strings.TrimPrefix(strings.TrimPrefix(path, "/v1"), "/v2"), "/#")
	return scopes[method+" "+path]
}
