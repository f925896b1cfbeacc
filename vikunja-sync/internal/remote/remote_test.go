package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/fake"
)

const token = "tk_secret"

func client(t *testing.T, h http.Handler, o Options) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	o.Backoff = time.Millisecond
	c, err := New(s.URL, token, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// exchange is one recorded request with its answer.
type exchange struct {
	file     string
	Request  struct{ Method, Path string }
	Response struct {
		Status  int
		Headers map[string]string
		Body    json.RawMessage
	}
}

func recorded(t *testing.T) []exchange {
	t.Helper()
	files, err := filepath.Glob("../../testdata/fixtures/*.json")
	if err != nil || len(files) < 35 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	var out []exchange
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct{ Exchanges []json.RawMessage }
		if json.Unmarshal(b, &doc) != nil {
			continue // no HTTP inside
		}
		for _, raw := range doc.Exchanges {
			x := exchange{file: filepath.Base(f)}
			if json.Unmarshal(raw, &x) == nil && x.Request.Method != "" {
				out = append(out, x)
			}
		}
	}
	return out
}

// TestRecordedErrors: every refusal that was recorded has the kind the engine
// relies on.
func TestRecordedErrors(t *testing.T) {
	want := map[string]api.Kind{"400": api.KindInvalid, "401": api.KindUnauthorized, "403": api.KindForbidden, "404": api.KindNotFound,
		"405": api.KindInvalid, "409": api.KindInvalid, "412": api.KindInvalid, "412/3008": api.KindArchived, "422": api.KindInvalid,
		"429": api.KindRateLimited, "500": api.KindUnavailable}
	seen := map[string]int{}
	for _, x := range recorded(t) {
		if x.Response.Status < 400 {
			continue
		}
		head := http.Header{}
		for k, v := range x.Response.Headers {
			head.Set(k, v)
		}
		err := refusal(call{method: x.Request.Method, path: strings.TrimPrefix(x.Request.Path, "/api")},
			&http.Response{StatusCode: x.Response.Status, Header: head}, x.Response.Body)
		var e *api.Error
		errors.As(err, &e)
		key := fmt.Sprint(x.Response.Status)
		if e.Code == 3008 {
			key += "/3008"
		}
		seen[key]++
		if e.Kind != want[key] {
			t.Errorf("%s: %s %s: status %d code %d is %v", x.file, x.Request.Method, x.Request.Path, x.Response.Status, e.Code, e.Kind)
		}
		if e.Kind == api.KindRateLimited && e.RetryAt.IsZero() {
			t.Errorf("%s: no time to retry at", x.file)
		}
	}
	for key := range want {
		if seen[key] == 0 {
			t.Errorf("no recorded answer of %s", key)
		}
	}
}

// TestRecordedTasks: every recorded task decodes to stored values.
func TestRecordedTasks(t *testing.T) {
	n := 0
	for _, x := range recorded(t) {
		if x.Response.Status > 201 || !strings.Contains(x.Request.Path, "/tasks") {
			continue
		}
		var one map[string]json.RawMessage
		if json.Unmarshal(x.Response.Body, &one) != nil || one["identifier"] == nil {
			continue
		}
		var w wireTask
		if err := json.Unmarshal(x.Response.Body, &w); err != nil {
			t.Fatalf("%s: %v", x.file, err)
		}
		n++
		task := w.api()
		for _, d := range []time.Time{task.Due, task.Start, task.End, task.DoneAt, task.Created, task.Updated} {
			if d.Nanosecond() != 0 || d.Location() != time.UTC || (!d.IsZero() && d.Year() < 1900) {
				t.Errorf("%s: task %d has the time %v", x.file, task.ID, d)
			}
		}
		if task.ID <= 0 || task.ProjectID <= 0 || (x.Request.Method == http.MethodGet && task.Created.IsZero()) {
			t.Errorf("%s: %+v", x.file, task)
		}
	}
	if n < 100 {
		t.Errorf("only %d recorded tasks", n)
	}
}

// TestScopeTable: the routes with a named scope are those that can be asked for.
func TestScopeTable(t *testing.T) {
	b, err := os.ReadFile("../../testdata/fixtures/routes-permissions.json")
	if err != nil {
		t.Fatal(err)
	}
	for route, scope := range scopes {
		group, name, _ := strings.Cut(scope, ": ")
		if !strings.Contains(string(b), `"`+group+`"`) || !strings.Contains(string(b), `"`+name+`"`) {
			t.Errorf("%s: the server knows no scope `%s`", route, scope)
		}
	}
}

// both runs a test on the new and the old API.
func both(t *testing.T, fn func(t *testing.T, c *Client, s *fake.HTTP)) {
	for _, old := range []bool{false, true} {
		t.Run(fmt.Sprintf("v1=%v", old), func(t *testing.T) {
			s := fake.NewServer(time.Now)
			h := &fake.HTTP{Server: s, Token: token, NoV2: old}
			fn(t, client(t, h, Options{}), h)
			if len(h.Unknown) > 0 {
				t.Errorf("unknown routes: %v", h.Unknown)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

func TestCalls(t *testing.T) {
	both(t, func(t *testing.T, c *Client, h *fake.HTTP) {
		ctx := t.Context()
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		due := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
		p, err := c.CreateProject(ctx, "p", 1)
		ok(err)
		id, err := c.CreateTask(ctx, api.TaskInput{ProjectID: p.ID, Title: "<t> & 🐫", Description: "<p>x</p>", Due: due, Priority: 4, Done: true, DoneAt: due})
		ok(err)
		other, err := c.CreateTask(ctx, api.TaskInput{ProjectID: 1, Title: "other"})
		ok(err)
		h.TaskM[id].Extra = map[string]json.RawMessage{"reminders": json.RawMessage(`[{"reminder":"2027-01-01T00:00:00Z"}]`), "hex_color": json.RawMessage(`"ff0000"`)}
		ok(c.UpdateTask(ctx, id, api.TaskPatch{Title: ptr("new"), Due: &time.Time{}}))
		ok(c.UpdateTask(ctx, id, api.TaskPatch{Title: ptr("new")})) // changes nothing
		l, err := c.CreateLabel(ctx, "l")
		ok(err)
		ok(c.AddLabel(ctx, id, l.ID))
		ok(c.AddLabel(ctx, id, l.ID))
		ok(c.AddRelation(ctx, id, other, api.RelationBlocked))
		ok(c.AddRelation(ctx, id, other, api.RelationBlocked))
		k, err := c.CreateComment(ctx, id, "<p>c</p>")
		ok(err)
		ok(c.UpdateComment(ctx, id, k, "<p>d</p>"))
		got, err := c.Task(ctx, id)
		ok(err)
		want := api.Task{ID: id, ProjectID: p.ID, Title: "new", Description: "<p>x</p>", Done: true, DoneAt: due, Priority: 4,
			Labels: []api.Label{{ID: l.ID, Title: "l", OwnerID: 1}}, BlockedBy: []int64{other}, Created: got.Created, Updated: got.Updated, CreatedBy: 1}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if len(h.TaskM[id].Extra) != 2 {
			t.Errorf("foreign fields are lost: %s", h.TaskM[id].Extra)
		}
		cs, err := c.Comments(ctx, id)
		ok(err)
		if len(cs) != 1 || cs[0].Text != "<p>d</p>" || cs[0].Author != "alice" {
			t.Errorf("comments %+v", cs)
		}
		ok(c.DeleteComment(ctx, id, k))
		ok(c.RemoveLabel(ctx, id, l.ID))
		ok(c.RemoveLabel(ctx, id, l.ID))
		ok(c.RemoveRelation(ctx, id, other, api.RelationBlocked))
		ok(c.RemoveRelation(ctx, id, other, api.RelationBlocked))
		ok(c.DeleteTask(ctx, id))
		if err := c.DeleteTask(ctx, id); api.KindOf(err) != api.KindNotFound {
			t.Errorf("deleted twice: %v", err)
		}
		ps, err := c.Projects(ctx)
		ok(err)
		if slices.ContainsFunc(ps, func(p api.Project) bool { return p.ID <= 0 }) || len(ps) != 2 {
			t.Errorf("projects %+v", ps)
		}
		missing, err := c.CheckScopes(ctx)
		if err != nil || len(missing) != 0 {
			t.Errorf("scopes %v %v", missing, err)
		}
	})
}

func TestScanPages(t *testing.T) {
	both(t, func(t *testing.T, c *Client, h *fake.HTTP) {
		for i := range 120 {
			if _, err := h.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		n, last := 0, int64(0)
		err := c.ScanTasks(t.Context(), api.TaskQuery{}, func(x api.Task) error { n++; last = x.ID; return nil })
		if err != nil || n != 120 {
			t.Fatalf("%d tasks, %v", n, err)
		}
		n = 0
		err = c.ScanTasks(t.Context(), api.TaskQuery{AfterID: last - 3}, func(api.Task) error { n++; return nil })
		if err != nil || n != 3 {
			t.Fatalf("%d tasks above, %v", n, err)
		}
	})
}

func TestScopesNamed(t *testing.T) {
	both(t, func(t *testing.T, c *Client, h *fake.HTTP) {
		h.Refuse = map[string]bool{"PATCH /tasks/#": true, "GET /tasks/#": true, "DELETE /tasks/#/comments/#": true}
		missing, err := c.CheckScopes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, m := range missing {
			names = append(names, m.Scope)
		}
		for _, want := range []string{"tasks: read_one", "tasks_comments: delete"} {
			if !slices.Contains(names, want) {
				t.Errorf("%q is not among %q", want, names)
			}
		}
	})
}

// TestHostile: what a server can do to a client that trusts it.
func TestHostile(t *testing.T) {
	var leaked atomic.Int64
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			leaked.Add(1)
		}
	}))
	defer thief.Close()
	page := func(ids ...int) string {
		var items []string
		for _, id := range ids {
			items = append(items, fmt.Sprintf(`{"id":%d,"project_id":1}`, id))
		}
		return `{"items":[` + strings.Join(items, ",") + `],"total_pages":1000000}`
	}
	for _, tc := range []struct {
		name  string
		serve http.HandlerFunc
		want  api.Kind
	}{
		{"redirect to another host", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, thief.URL+"/steal", http.StatusTemporaryRedirect)
		}, api.KindHostile},
		{"huge body", func(w http.ResponseWriter, r *http.Request) {
			for range 64 {
				w.Write([]byte(strings.Repeat(" ", 64<<10)))
			}
		}, api.KindHostile},
		{"endless pages", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, page(1, 2, 3)) }, api.KindHostile},
		{"pages that grow", func(w http.ResponseWriter, r *http.Request) {
			n, _ := strconv.Atoi(r.URL.Query().Get("page"))
			fmt.Fprint(w, page(3*n, 3*n+1, 3*n+2))
		}, api.KindHostile},
		{"slow pages", func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(120 * time.Millisecond)
			fmt.Fprint(w, page(1, 2, 3))
		}, api.KindHostile},
		{"slow drip", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				w.Write([]byte(" "))
				w.(http.Flusher).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		}, api.KindUnavailable},
		{"no JSON", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>") }, api.KindUnavailable},
		{"message with escapes", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			fmt.Fprint(w, `{"message":"\u001b[2J\u009b2J\u202e`+strings.Repeat("x", 5000)+`"}`)
		}, api.KindInvalid},
		{"message with the token", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"message":%q}`, r.Header.Get("Authorization"))
		}, api.KindInvalid},
		{"header with the token", func(w http.ResponseWriter, r *http.Request) {
			c, _, _ := http.NewResponseController(w).Hijack()
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n\x1b[2J\xc2\x9b2J %s\r\n\r\n", r.Header.Get("Authorization"))
			c.Close()
		}, api.KindUnavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "openapi.json") {
					return
				}
				tc.serve(w, r)
			}), Options{MaxBody: 1 << 20, MaxPages: 50, MaxItems: 100, MaxTime: 400 * time.Millisecond, Timeout: 200 * time.Millisecond})
			err := c.ScanTasks(t.Context(), api.TaskQuery{}, func(api.Task) error { return nil })
			if api.KindOf(err) != tc.want {
				t.Errorf("got %v", err)
			}
			if s := fmt.Sprint(err); strings.Contains(s, token) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) || len(s) > 600 {
				t.Errorf("the message is not fit to print: %.200q", s)
			}
		})
	}
	if leaked.Load() != 0 {
		t.Error("the token followed a redirect")
	}
}

// TestMuchInFewPages: a list is bounded in bytes too, since the engine keeps
// what it tells.
func TestMuchInFewPages(t *testing.T) {
	pages := 0
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "openapi.json") {
			return
		}
		pages++
		fmt.Fprintf(w, `{"items":[{"id":%d,"project_id":1,"description":"%s"}],"total_pages":40}`, pages, strings.Repeat("x", 100<<10))
	}), Options{MaxList: 1 << 20})
	err := c.ScanTasks(t.Context(), api.TaskQuery{}, func(api.Task) error { return nil })
	if api.KindOf(err) != api.KindHostile || pages > 11 {
		t.Errorf("%v after %d pages", err, pages)
	}
}

// TestNothingSaid: an answer of 200 that says nothing, or tells of something
// else, is nobody's state. A wiped task would be taken for an edit.
func TestNothingSaid(t *testing.T) {
	title := "t"
	for _, body := range []string{`{}`, `null`, `{"id":8,"title":"another"}`, `{"id":0}`} {
		for name, fn := range map[string]func(*Client) error{
			"task":    func(c *Client) error { _, err := c.Task(t.Context(), 7); return err },
			"project": func(c *Client) error { _, err := c.Project(t.Context(), 7); return err },
			"update":  func(c *Client) error { return c.UpdateTask(t.Context(), 7, api.TaskPatch{Title: &title}) },
		} {
			c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet {
					t.Errorf("%s: written after `%s`", name, body)
				}
				fmt.Fprint(w, body)
			}), Options{ForceV1: true})
			if err := fn(c); api.KindOf(err) != api.KindUnavailable || api.Ambiguous(err) {
				t.Errorf("%s after `%s`: %v", name, body, err)
			}
		}
	}
	for _, body := range []string{`{}`, `null`, `{"id":-3}`} {
		for name, fn := range map[string]func(*Client) error{
			"task": func(c *Client) error {
				_, err := c.CreateTask(t.Context(), api.TaskInput{ProjectID: 1, Title: title})
				return err
			},
			"project": func(c *Client) error { _, err := c.CreateProject(t.Context(), title, 0); return err },
			"label":   func(c *Client) error { _, err := c.CreateLabel(t.Context(), title); return err },
			"comment": func(c *Client) error { _, err := c.CreateComment(t.Context(), 1, title); return err },
		} {
			c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, body) }), Options{ForceV1: true})
			if err := fn(c); api.KindOf(err) != api.KindUnavailable || !api.Ambiguous(err) {
				t.Errorf("a new %s after `%s`: %v", name, body, err)
			}
		}
	}
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `{}`) }), Options{ForceV1: true})
	if _, err := c.Me(t.Context()); api.KindOf(err) != api.KindUnavailable {
		t.Errorf("an account without an id: %v", err)
	}
}

// TestRepeats: reads are repeated, writes only where nothing can have happened.
func TestRepeats(t *testing.T) {
	for _, tc := range []struct {
		name      string
		status    int
		write     bool
		calls     int64
		ambiguous bool
	}{
		{"read after 500", 500, false, 2, false},
		{"write after 500", 500, true, 1, true},
		{"write after 429", 429, true, 2, false},
		{"write after 412", 412, true, 1, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var n atomic.Int64
			c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "openapi.json") {
					return
				}
				if n.Add(1) == 1 {
					w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(-time.Second).Unix()))
					w.WriteHeader(tc.status)
					return
				}
				fmt.Fprint(w, `{"id":7}`)
			}), Options{})
			var err error
			if tc.write {
				_, err = c.CreateTask(context.Background(), api.TaskInput{ProjectID: 1, Title: "t"})
			} else {
				_, err = c.Task(context.Background(), 7)
			}
			if n.Load() != tc.calls || (err == nil) != (tc.calls == 2) || api.Ambiguous(err) != tc.ambiguous {
				t.Errorf("%d calls, %v", n.Load(), err)
			}
		})
	}
}

// TestLimiter: a limiter that opens too late is not waited for, and one that
// says never (or means milliseconds) is asked again.
func TestLimiter(t *testing.T) {
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
		w.WriteHeader(429)
	}), Options{ForceV1: true})
	_, err := c.Task(t.Context(), 1)
	var e *api.Error
	if !errors.As(err, &e) || e.Kind != api.KindRateLimited || time.Until(e.RetryAt) < 50*time.Minute {
		t.Errorf("got %v", err)
	}
	c = client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().UnixMilli()))
		w.WriteHeader(429)
	}), Options{ForceV1: true})
	if _, err := c.Task(t.Context(), 1); !errors.As(err, &e) || time.Until(e.RetryAt) > 61*time.Minute {
		t.Errorf("it would wait until %v", e.RetryAt)
	}
}

func TestRefusedIsCertain(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	c, err := New(s.URL, token, Options{Backoff: time.Millisecond, ForceV1: true})
	if err != nil {
		t.Fatal(err)
	}
	err = c.DeleteTask(t.Context(), 1)
	if api.KindOf(err) != api.KindUnavailable || api.Ambiguous(err) {
		t.Errorf("a refused connection did nothing: %v", err)
	}
}

// TestNow: the seconds of answers are cut, so an earlier answer may know the
// time better than a later one; a clock that went back is believed.
func TestNow(t *testing.T) {
	c, at := &Client{}, time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tc := range []struct {
		name  string
		says  time.Duration
		after time.Duration // since the answer before
		want  time.Duration
	}{
		{"the first", 0, 0, 0},
		{"the same second, later", 0, 600 * time.Millisecond, 600 * time.Millisecond},
		{"its end", 0, 300 * time.Millisecond, 900 * time.Millisecond},
		{"the next one, early", time.Second, 0, time.Second},
		{"back", -time.Hour, time.Second, -time.Hour},
		{"and forth", time.Hour, time.Second, time.Hour},
	} {
		c.seen = c.seen.Add(-tc.after)
		c.clock(&http.Response{Header: http.Header{"Date": {at.Add(tc.says).Format(http.TimeFormat)}}})
		if now, ok := c.Now(); !ok || now.Sub(at.Add(tc.want)).Abs() > 50*time.Millisecond {
			t.Errorf("%s: %v, want %v", tc.name, now.Sub(at), tc.want)
		}
	}
}
