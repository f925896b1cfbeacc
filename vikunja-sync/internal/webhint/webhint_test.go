package webhint

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const secret = "fixture-hmac-key"

func post(r *Receiver, method, path, body, signature string) int {
	w := httptest.NewRecorder()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if signature != "" {
		req.Header.Set("X-Vikunja-Signature", signature)
	}
	r.ServeHTTP(w, req)
	return w.Code
}

func TestReceive(t *testing.T) {
	good := `{"event_name":"task.updated","data":{}}`
	sign := Sign(secret, []byte(good))
	for _, tc := range []struct {
		name, method, path, body, signature string
		want                                int
	}{
		{"good", "POST", Path, good, sign, 204},
		{"no signature", "POST", Path, good, "", 401},
		{"wrong signature", "POST", Path, good, Sign("other", []byte(good)), 401},
		{"signature in capitals", "POST", Path, good, strings.ToUpper(sign), 401},
		{"changed body", "POST", Path, good + " ", sign, 401},
		{"a redirect's GET", "GET", Path, "", Sign(secret, nil), 405},
		{"another path", "POST", "/other", good, sign, 404},
		{"too large", "POST", Path, strings.Repeat("x", MaxBody+1), "", 413},
		{"no JSON", "POST", Path, "x", Sign(secret, []byte("x")), 400},
		{"an event of lines", "POST", Path, `{"event_name":"a\nb"}`, Sign(secret, []byte(`{"event_name":"a\nb"}`)), 400},
	} {
		spool := filepath.Join(t.TempDir(), "spool")
		r := New(secret, spool)
		if got := post(r, tc.method, tc.path, tc.body, tc.signature); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
		_, err := os.Stat(spool)
		if (err == nil) != (tc.want == 204) || len(r.Hints) != len(map[bool][]int{true: {1}}[tc.want == 204]) {
			t.Errorf("%s: spooled %v, hints %d", tc.name, err == nil, len(r.Hints))
		}
	}
}

func TestEmptySecret(t *testing.T) {
	r := New("", filepath.Join(t.TempDir(), "spool"))
	if got := post(r, "POST", Path, "{}", Sign("", []byte("{}"))); got != http.StatusUnauthorized {
		t.Errorf("%d", got)
	}
}

// stall is a body that comes when it is let go.
type stall struct{ reached, let chan struct{} }

func (s stall) Read([]byte) (int, error) { s.reached <- struct{}{}; <-s.let; return 0, io.EOF }

// TestCrowd: slow deliveries do not pile up in memory.
func TestCrowd(t *testing.T) {
	r := New(secret, filepath.Join(t.TempDir(), "spool"))
	s := stall{make(chan struct{}), make(chan struct{})}
	var wg sync.WaitGroup
	for range MaxAtOnce {
		wg.Go(func() { r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", Path, s)) })
		<-s.reached
	}
	body := `{"event_name":"task.updated"}`
	if got := post(r, "POST", Path, body, Sign(secret, []byte(body))); got != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", got)
	}
	close(s.let)
	wg.Wait()
	if got := post(r, "POST", Path, body, Sign(secret, []byte(body))); got != http.StatusNoContent {
		t.Errorf("when they are gone: %d", got)
	}
}

// TestDurable: what cannot be kept is not answered with success.
func TestDurable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := New(secret, filepath.Join(file, "spool"))
	body := `{"event_name":"task.updated"}`
	if got := post(r, "POST", Path, body, Sign(secret, []byte(body))); got != http.StatusInternalServerError {
		t.Errorf("%d", got)
	}
}

// TestRecorded takes every delivery that a real server made.
func TestRecorded(t *testing.T) {
	b, err := os.ReadFile("../../testdata/fixtures/webhook-deliveries.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	r := New(secret, filepath.Join(t.TempDir(), "spool"))
	n := 0
	walk(doc, func(m map[string]any) {
		body, ok := m["raw_body"].(string)
		if !ok {
			return
		}
		sign := ""
		walk(m, func(h map[string]any) {
			for k, v := range h {
				if s, ok := v.(string); ok && strings.EqualFold(k, "X-Vikunja-Signature") {
					sign = s
				}
			}
		})
		if sign == "" {
			return
		}
		n++
		if got := post(r, "POST", Path, body, sign); got != http.StatusNoContent {
			t.Errorf("delivery %d: %d", n, got)
		}
	})
	if n < 30 {
		t.Errorf("only %d deliveries", n)
	}
	ids, all := r.Take()
	if len(ids) < 3 || !all { // among the recorded are events of projects
		t.Errorf("named: %v, all: %v", ids, all)
	}
	if ids, all := r.Take(); len(ids) > 0 || all {
		t.Error("the spool is taken once")
	}
}

// TestNamed: ids of tasks are kept where they are ids; where they are not, or
// the event may concern more, any task may have changed.
func TestNamed(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		ids        []int64
		all        bool
	}{
		{"a task", `{"event_name":"task.updated","data":{"task":{"id":7,"title":"x"},"project":{"id":3}}}`, []int64{7}, false},
		{"a comment", `{"event_name":"task.comment.edited","data":{"comment":{"id":4},"task":{"id":7}}}`, []int64{7}, false},
		{"a relation", `{"event_name":"task.relation.created","data":{"task":{"id":7},"relation":{"task_id":7,"other_task_id":9}}}`, []int64{7, 9}, false},
		{"a deletion", `{"event_name":"task.deleted","data":{"task":{"id":7}}}`, []int64{7}, false},
		{"a deletion of nothing", `{"event_name":"task.deleted"}`, nil, true},
		{"a project", `{"event_name":"project.updated","data":{"project":{"id":3},"task":{"id":7}}}`, nil, true},
		{"many tasks", `{"event_name":"tasks.overdue","data":{"task":{"id":7}}}`, nil, true},
		{"no data", `{"event_name":"task.updated"}`, nil, true},
		{"null", `{"event_name":"task.updated","data":{"task":null}}`, nil, true},
		{"text for an id", `{"event_name":"task.updated","data":{"task":{"id":"7 8"}}}`, nil, true},
		{"a negative id", `{"event_name":"task.updated","data":{"task":{"id":-7}}}`, nil, true},
		{"a huge id", `{"event_name":"task.updated","data":{"task":{"id":99999999999999999999}}}`, nil, true},
		{"a fraction", `{"event_name":"task.updated","data":{"task":{"id":7.5}}}`, nil, true},
		{"a list", `{"event_name":"task.updated","data":{"task":[{"id":7}]}}`, nil, true},
		{"an odd relation", `{"event_name":"task.relation.created","data":{"task":{"id":7},"relation":[9]}}`, nil, true},
	} {
		r := New(secret, filepath.Join(t.TempDir(), "spool"))
		for range 2 {
			if got := post(r, "POST", Path, tc.body, Sign(secret, []byte(tc.body))); got != http.StatusNoContent {
				t.Errorf("%s: %d", tc.name, got)
			}
		}
		if ids, all := r.Take(); !slices.Equal(ids, tc.ids) || all != tc.all {
			t.Errorf("%s: %v, all: %v", tc.name, ids, all)
		}
	}
}

// TestSpoiled: a spool that is full or broken stands for any task.
func TestSpoiled(t *testing.T) {
	for name, text := range map[string]string{
		"full":        strings.Repeat("1 task.updated 7\n", maxSpool/16),
		"half a line": "1 task.updated 7\n1 task.upda",
		"half an id":  "1 task.updated 7",
		"no id":       "1 task.updated x\n",
	} {
		file := filepath.Join(t.TempDir(), "spool")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, all := New(secret, file).Take(); !all {
			t.Errorf("%s: not all", name)
		}
	}
}

func walk(v any, fn func(map[string]any)) {
	switch x := v.(type) {
	case map[string]any:
		fn(x)
		for _, e := range x {
			walk(e, fn)
		}
	case []any:
		for _, e := range x {
			walk(e, fn)
		}
	}
}
