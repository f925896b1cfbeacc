package webhint

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
	if !r.Take() || r.Take() {
		t.Error("the spool is taken once")
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
