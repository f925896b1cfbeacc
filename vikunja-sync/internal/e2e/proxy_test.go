package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// proxy stands between the sync and the server.
type proxy struct {
	back backend
	// noV2 plays an older server. refuse names routes ("PATCH /tasks/#") whose
	// scope the token lacks. fail is asked before and after a request is
	// carried out: a status above 0 is answered instead, -1 drops the
	// connection. reset is when the limiter opens, for answers of 429.
	noV2   bool
	refuse map[string]bool
	fail   func(r *http.Request, point string) int
	reset  time.Time

	writes atomic.Int64 // changes that the server carried out
	mu     sync.Mutex
	log    []string
}

var number = regexp.MustCompile(`/-?[0-9]+`)

// route is a request without version and ids.
func route(r *http.Request) string {
	_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/"), "/")
	return r.Method + " /" + number.ReplaceAllString(path, "/#")
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.log = append(p.log, r.Method+" "+r.URL.Path)
	p.mu.Unlock()
	switch {
	case p.noV2 && strings.HasPrefix(r.URL.Path, "/api/v2"):
		p.answer(w, 404, `{"message":"Not Found"}`)
		return
	case p.refuse[route(r)]:
		p.answer(w, 401, `{"code":11,"message":"missing, malformed, expired or otherwise invalid token provided"}`)
		return
	case p.fails(w, r, "before"):
		return
	}
	got := httptest.NewRecorder()
	p.back.ServeHTTP(got, r)
	if r.Method != http.MethodGet && got.Code < 300 {
		p.writes.Add(1)
	}
	if p.fails(w, r, "after") {
		return
	}
	for k, v := range got.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(got.Code)
	w.Write(got.Body.Bytes())
}

func (p *proxy) fails(w http.ResponseWriter, r *http.Request, point string) bool {
	if p.fail == nil {
		return false
	}
	n := p.fail(r, point)
	switch {
	case n == 0:
		return false
	case n < 0:
		panic(http.ErrAbortHandler)
	case n == http.StatusTooManyRequests:
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(p.reset.Unix()))
	}
	p.answer(w, n, fmt.Sprintf(`{"message":%q}`, http.StatusText(n)))
	return true
}

func (p *proxy) answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Date", p.back.now().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintln(w, body)
}
