package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// scratch is a real server, narrowed to one project of a random name that
// stands for the whole account: projects at the top lie in it, lists show what
// lies in it and labels made through it, the default project is one of its
// children. Writes to anything else are refused here.
type scratch struct {
	base, tok   string
	home, first int64 // the scratch project and its inbox

	mu     sync.Mutex
	own    map[int64]bool // projects
	labels map[int64]bool // true: ours, false: given away
	lost   map[int64]bool // projects that the account may not see
	still  map[int64]bool // projects that it may only read
	off    time.Duration
	frozen time.Time
}

func newScratch(t testing.TB) *scratch {
	s := &scratch{base: strings.TrimRight(os.Getenv("VIKUNJA_URL"), "/"), tok: os.Getenv("VIKUNJA_TEST_TOKEN"),
		own: map[int64]bool{}, labels: map[int64]bool{}, lost: map[int64]bool{}, still: map[int64]bool{}}
	made := func(title string, parent int64) int64 {
		var p place
		code, body, _ := s.send("POST", "/api/v2/projects", mustJSON(fields{"title": title, "parent_project_id": parent}))
		if json.Unmarshal(body, &p); code != 201 {
			t.Fatalf("%s: a scratch project cannot be made: %d %s", s.base, code, body)
		}
		return p.ID
	}
	s.home = made("vikunja-sync test "+rand.Text()[:8], 0)
	t.Cleanup(func() { s.clean(t) })
	s.first = made("Inbox", s.home)
	s.own[s.first] = true
	return s
}

// clean deletes the scratch project with all that is in it, and the labels.
func (s *scratch) clean(t testing.TB) {
	paths := []string{fmt.Sprint("/api/v2/projects/", s.home)}
	for id := range s.labels {
		paths = append(paths, fmt.Sprint("/api/v2/labels/", id))
	}
	for _, path := range paths {
		code, body, _ := s.send("DELETE", path, nil)
		for tries := 0; code >= 500 && tries < 20; tries++ {
			time.Sleep(200 * time.Millisecond)
			code, body, _ = s.send("DELETE", path, nil)
		}
		if code != 204 && code != 404 {
			t.Errorf("left behind: %s: %d %s", path, code, body)
		}
	}
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

var straight = &http.Client{Timeout: 2 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (s *scratch) send(method, uri string, body []byte) (int, []byte, http.Header) {
	r, err := http.NewRequest(method, s.base+uri, bytes.NewReader(body))
	if err != nil {
		return 0, []byte(err.Error()), nil
	}
	r.Header.Set("Authorization", "Bearer "+s.tok)
	r.Header.Set("Content-Type", "application/json")
	resp, err := straight.Do(r)
	if err != nil {
		return 502, []byte(err.Error()), nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 502, []byte(err.Error()), nil
	}
	return resp.StatusCode, b, resp.Header
}

func (s *scratch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	status, out, head := s.guard(r, body)
	if status == 0 {
		status, out, head = s.carry(r, s.inward(r, body))
		if status < 300 {
			out = s.outward(r, out)
		}
	}
	for k, v := range head {
		if k != "Content-Length" {
			w.Header()[k] = v
		}
	}
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	w.WriteHeader(status)
	w.Write(out)
}

// carry sends a request on. Lists from which something is left out must not
// look shorter than they are: tasks are filtered by the server, the rest is
// read whole and shown as one page.
func (s *scratch) carry(r *http.Request, body []byte) (int, []byte, http.Header) {
	q := r.URL.Query()
	switch at := route(r); {
	case at == "GET /tasks":
		filter := s.mine()
		if f := q.Get("filter"); f != "" {
			filter = "(" + f + ") && " + filter
		}
		q.Set("filter", filter)
	case (at == "GET /projects" || at == "GET /labels") && q.Get("page") == "1":
		return s.whole(r, q)
	}
	return s.send(r.Method, r.URL.Path+"?"+q.Encode(), body)
}

func (s *scratch) mine() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id := range s.own {
		if !s.lost[id] {
			ids = append(ids, fmt.Sprint(id))
		}
	}
	return "project in " + strings.Join(ids, ",")
}

// whole reads all pages of a list. v1's pseudo projects are on every page.
func (s *scratch) whole(r *http.Request, q url.Values) (int, []byte, http.Header) {
	var all []any
	for n := 1; ; n++ {
		q.Set("page", fmt.Sprint(n))
		status, out, head := s.send(r.Method, r.URL.Path+"?"+q.Encode(), nil)
		var v any
		if decode(out, &v) != nil || status != 200 {
			return status, out, head
		}
		list, bare := v.([]any)
		total := head.Get("X-Pagination-Total-Pages")
		if page, ok := v.(fields); ok {
			list, _ = page["items"].([]any)
			total = fmt.Sprint(page["total_pages"])
		}
		all = append(all, list...)
		if last, _ := strconv.Atoi(total); n < last {
			continue
		}
		head.Set("X-Pagination-Total-Pages", "1")
		if bare {
			return status, mustJSON(all), head
		}
		return status, mustJSON(fields{"items": all, "page": 1, "total_pages": 1}), head
	}
}

// guard refuses what lies outside, and what a scenario made unreachable.
func (s *scratch) guard(r *http.Request, body []byte) (int, []byte, http.Header) {
	var project, task int64
	_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/"), "/")
	fmt.Sscanf(path, "projects/%d", &project)
	if n, _ := fmt.Sscanf(path, "tasks/%d", &task); n == 1 && (r.Method != http.MethodGet || len(s.lost) > 0) {
		_, b, _ := s.send("GET", fmt.Sprint("/api/v2/tasks/", task), nil)
		var in shown
		json.Unmarshal(b, &in)
		project = in.ProjectID
	}
	var sent struct {
		Label   int64 `json:"label_id"`
		Project int64 `json:"project_id"`
		Parent  int64 `json:"parent_project_id"`
	}
	json.Unmarshal(body, &sent)
	s.mu.Lock()
	defer s.mu.Unlock()
	ours, known := s.labels[sent.Label]
	head := http.Header{"Content-Type": {"application/json"}}
	switch {
	case s.lost[project], known && !ours, r.Method != http.MethodGet && (s.still[project] || s.still[sent.Project] || s.still[sent.Parent]):
		return 403, []byte(`{"title":"Forbidden","status":403,"detail":"Forbidden"}`), head
	case project > 0 && project < 1<<52 && !s.own[project]:
		return 404, []byte(`{"title":"Not Found","status":404,"detail":"This project does not exist.","code":3001}`), head
	}
	return 0, nil, nil
}

// inward puts projects at the top into the scratch project.
func (s *scratch) inward(r *http.Request, body []byte) []byte {
	var in fields
	if !isProject(route(r)) || decode(body, &in) != nil {
		return body
	}
	parent, named := in["parent_project_id"].(json.Number)
	if creates := route(r) == r.Method+" /projects"; (creates && !named) || parent == "0" {
		in["parent_project_id"] = s.home
	}
	return mustJSON(in)
}

func isProject(route string) bool {
	return strings.HasSuffix(route, " /projects") || strings.HasSuffix(route, " /projects/#")
}

func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(v)
}

var stamp = regexp.MustCompile(`"(created|updated|done_at)":"([^"]+)"`)

// outward shows the scratch project as the account.
func (s *scratch) outward(r *http.Request, out []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var v any
	if decode(out, &v) != nil {
		return out
	}
	made := r.Method == http.MethodPost || r.Method == http.MethodPut
	switch at := route(r); {
	case at == "GET /user":
		v.(fields)["settings"].(fields)["default_project_id"] = s.first
	case at == "GET /projects":
		v = s.each(v, s.project)
	case isProject(at):
		if m := v.(fields); made && strings.HasSuffix(at, "/projects") {
			s.own[id(m["id"])] = true
		}
		s.project(v.(fields))
	case at == "GET /tasks":
		v = s.each(v, func(m fields) bool { p := id(m["project_id"]); return s.own[p] && !s.lost[p] })
	case at == "GET /labels":
		v = s.each(v, s.label)
	case made && strings.HasSuffix(at, " /labels"):
		s.labels[id(v.(fields)["id"])] = true
	}
	return stamp.ReplaceAllFunc(mustJSON(v), s.stamp)
}

func id(v any) int64 { n, _ := v.(json.Number).Int64(); return n }

// each keeps the elements of a list, bare or in a page, that keep wants.
func (s *scratch) each(v any, keep func(fields) bool) any {
	page, paged := v.(fields)
	list, _ := v.([]any)
	if paged {
		list, _ = page["items"].([]any)
	}
	kept := []any{}
	for _, x := range list {
		if keep(x.(fields)) {
			kept = append(kept, x)
		}
	}
	if !paged {
		return kept
	}
	page["items"] = kept
	return page
}

func (s *scratch) project(m fields) bool {
	n := id(m["id"])
	if parent, ok := m["parent_project_id"].(json.Number); ok && id(parent) == s.home {
		m["parent_project_id"] = 0
	}
	if _, told := m["max_permission"].(json.Number); told && s.still[n] {
		m["max_permission"] = 0
		if by, ok := m["owner"].(fields); ok {
			by["id"] = 1 << 40
		}
	}
	return n <= 0 || (s.own[n] && !s.lost[n])
}

func (s *scratch) label(m fields) bool {
	ours, known := s.labels[id(m["id"])]
	if by, ok := m["created_by"].(fields); ok && !ours {
		by["id"] = 1 << 40
	}
	return known
}

func (s *scratch) stamp(b []byte) []byte {
	m := stamp.FindSubmatch(b)
	at, err := time.Parse(time.RFC3339Nano, string(m[2]))
	if err != nil || at.Year() <= 1 || (s.off == 0 && s.frozen.IsZero()) {
		return b
	}
	at = at.Add(s.off)
	if !s.frozen.IsZero() && at.After(s.frozen) {
		at = s.frozen
	}
	return fmt.Appendf(nil, "%q:%q", m[1], at.Format(time.RFC3339Nano))
}

func (s *scratch) token() string { return s.tok }

func (s *scratch) inbox() int64 { return s.first }

func (s *scratch) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.off)
}

func (s *scratch) later(time.Duration) {} // the clock goes by itself

func (s *scratch) skew(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = d
}

// ago waits instead, long enough for a rule that compares clocks.
func (s *scratch) ago(_ time.Duration, fn func()) {
	fn()
	time.Sleep(4 * time.Second)
}

func (s *scratch) freeze() func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = time.Now().Truncate(time.Second)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.frozen = time.Time{}
	}
}

func (s *scratch) zone(*time.Location) bool { return false }

func (s *scratch) give(label int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.labels[label] = false
}

func (s *scratch) revoke(project int64, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost[project] = gone; !gone {
		delete(s.lost, project)
	}
}

func (s *scratch) lend(project int64, write bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.still[project] = !write
}

func (s *scratch) backup() func() { return nil }

func (s *scratch) unknown() []string { return nil }
