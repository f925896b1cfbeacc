package fake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vikunja-sync/internal/api"
)

// exchange is one recorded request with its answer.
type exchange struct {
	Note    string
	Request struct {
		Method, Path string
		Headers      map[string]string
		Body         json.RawMessage
	}
	Response struct {
		Status  int
		Headers map[string]string
		Body    json.RawMessage
	}
}

// TestReplay sends every recorded request to the stand-in and wants the
// recorded status and body, but for ids of views and times of the recording.
// What a recording found on its server (tasks, projects, labels) is set up
// from the first sight of it, what happened between two recorded requests by
// its scene.
func TestReplay(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/fixtures/*.json")
	total, same := 0, 0
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		xs := exchanges(t, f)
		if len(xs) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			differ := newPlayer(t, name, xs).replay()
			total, same = total+len(xs), same+len(xs)-len(differ)
			if len(differ) > 0 {
				t.Errorf("%d of %d exchanges differ:\n%s", len(differ), len(xs), strings.Join(differ, "\n"))
			}
		})
	}
	if t.Logf("%d of %d recorded exchanges give the recorded answer", same, total); total < 600 {
		t.Error("recordings are missing")
	}
}

func exchanges(t *testing.T, file string) []exchange {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Exchanges []exchange }
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return doc.Exchanges
}

// player plays one recording on a fresh server.
type player struct {
	testing.TB
	xs    []exchange
	scene scene
	s     *Server
	h     *HTTP
	now   time.Time
	etags map[string]string
	made  map[int]string // tokens by the request that made them
	early map[int]*httptest.ResponseRecorder
}

func newPlayer(t testing.TB, name string, xs []exchange) *player {
	p := &player{TB: t, xs: xs, scene: scenes[name], now: time.Date(2026, 11, 21, 22, 41, 17, 0, time.UTC),
		etags: map[string]string{}, made: map[int]string{}, early: map[int]*httptest.ResponseRecorder{}}
	p.s = NewServer(func() time.Time { return p.now })
	p.h = &HTTP{Server: p.s, Token: "tk", Refuse: map[string]bool{}, Tokens: map[string]*Token{}, Version: "v2.5.0-160-g762dc4ebe",
		URL: "http://127.0.0.1:3456/", Sessions: map[string]int64{"jwt": 1, "jwt bob": 2}}
	p.s.Users[1].Email, p.s.Users[1].Password = "alice@example.invalid", "<redacted-password>"
	p.s.ProjectM[600_000] = &api.Project{ID: 600_000, Title: "Inbox", OwnerID: 2} // bob's
	p.s.Users[2] = &User{ID: 2, Username: "bob", Since: p.s.Began}
	seed(p.s, xs)
	if p.scene.begin != nil {
		p.scene.begin(p)
	}
	return p
}

// speaker is the secret that a request was sent with: the recordings have
// blacked it out.
func (p *player) speaker(i int) string {
	auth := p.xs[i].Request.Headers["Authorization"]
	who, known := p.scene.as[i]
	switch n := 0; {
	case auth == "":
		return ""
	case known:
		if _, err := fmt.Sscanf(who, "made %d", &n); err == nil {
			who = p.made[n]
		}
		return who
	case bob.MatchString(p.xs[i].Note):
		return "jwt bob"
	case strings.Contains(auth, "jwt"):
		return "jwt"
	}
	return "tk"
}

// send sends a recorded request.
func (p *player) send(i int) *httptest.ResponseRecorder {
	x := p.xs[i]
	r := httptest.NewRequest(x.Request.Method, x.Request.Path, bytes.NewReader(payload(x.Request.Body)))
	for k, v := range x.Request.Headers {
		if r.Header.Set(k, v); k == "If-None-Match" {
			r.Header.Set(k, p.etags[x.Request.Path])
		}
	}
	r.Header.Set("Authorization", "Bearer "+p.speaker(i))
	w := httptest.NewRecorder()
	p.h.ServeHTTP(w, r)
	return w
}

// do is a request that was not recorded.
func (p *player) do(as, method, path, body string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+as)
	w := httptest.NewRecorder()
	if p.h.ServeHTTP(w, r); w.Code >= 300 && w.Code != 304 && !strings.Contains(path, "login") && w.Code != 429 {
		p.Fatalf("%s %s %s: %d %s", method, path, body, w.Code, w.Body)
	}
}

// replay tells what differs.
func (p *player) replay() (differ []string) {
	for i, x := range p.xs {
		var got, want any
		json.Unmarshal(x.Response.Body, &want)
		for _, at := range times(want) {
			if at.After(p.now) && recent(at) {
				p.now = at
			}
		}
		if fn := p.scene.before[i]; fn != nil {
			fn(p)
		}
		if id := firstID(want); id > 0 && x.Response.Status <= 201 && x.Request.Method != http.MethodGet {
			p.s.last = id - 1
		}
		w := p.early[i]
		if w == nil {
			w = p.send(i)
		}
		if e := w.Header().Get("ETag"); e != "" {
			p.etags[x.Request.Path] = e
		}
		json.Unmarshal(w.Body.Bytes(), &got)
		if m, ok := got.(map[string]any); ok && strings.HasSuffix(x.Request.Path, "/tokens") {
			p.made[i], _ = m["token"].(string)
		}
		want, got = cut(x, want, got)
		diff := cmp.Diff(plain("", want), plain("", got)) + p.headers(x, w.Header())
		if w.Code != x.Response.Status || diff != "" {
			differ = append(differ, fmt.Sprintf("%d %s %s %s (%s): status %d, recorded %d\n%s", i, x.Request.Method, x.Request.Path, x.Request.Body, x.Note, w.Code, x.Response.Status, diff))
		}
	}
	for _, route := range p.h.Unknown {
		p.Errorf("unknown route: %s", route)
	}
	return differ
}

// headers compares those that a client goes by.
func (p *player) headers(x exchange, got http.Header) (diff string) {
	for _, k := range []string{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Pagination-Total-Pages"} {
		if want := x.Response.Headers[strings.ToLower(k)]; want != got.Get(k) {
			diff += fmt.Sprintf("%s: %q, recorded %q\n", k, got.Get(k), want)
		}
	}
	return diff
}

// bob marks the requests of another account.
var bob = regexp.MustCompile(`^bob|^by bob|no longer attach|another user`)

func payload(b json.RawMessage) []byte {
	if string(b) == "null" {
		return nil
	}
	var text string
	if many := shortened.FindSubmatch(b); many != nil {
		n, _ := strconv.Atoi(string(many[1]))
		return []byte(`{"tasks":[` + strings.TrimSuffix(strings.Repeat(`{"title":"x"},`, n), ",") + `]}`)
	}
	if json.Unmarshal(b, &text) == nil {
		return []byte(text) // not JSON when it was sent
	}
	return b
}

// shortened is how the recorder wrote a long list of equal elements.
var shortened = regexp.MustCompile(`^"\{\\"tasks\\":\[\{\\"title\\":\\"x\\"\} × ([0-9]+)\]\}"$`)

// cut shortens a list to what the recorder kept of it: it says so at the end
// of the list or only in the header that counts.
func cut(x exchange, want, got any) (any, any) {
	switch w := want.(type) {
	case []any:
		g, ok := got.([]any)
		if n := len(w) - 1; ok && n >= 0 && len(g) >= n {
			if text, _ := w[n].(string); strings.HasPrefix(text, "…") {
				return w[:n], g[:n]
			}
		}
		if count, _ := strconv.Atoi(x.Response.Headers["x-pagination-result-count"]); ok && count > len(w) && len(g) > len(w) {
			return w, picked(w, g)
		}
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || w["items"] == nil {
			break
		}
		w["items"], g["items"] = cut(x, w["items"], g["items"])
		kept, _ := w["items"].([]any)
		all, _ := g["items"].([]any)
		if total, _ := w["total"].(float64); int(total) > len(kept) && len(all) > len(kept) {
			g["items"] = picked(kept, all)
		}
	}
	return want, got
}

// picked are the elements that the recorder kept, by their ids.
func picked(want, got []any) (out []any) {
	for _, w := range want {
		for _, g := range got {
			if firstID(w) == firstID(g) {
				out = append(out, g)
			}
		}
	}
	return out
}

// plain leaves out what a replay cannot repeat.
func plain(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			_, task := v["percent_done"]
			switch {
			case strings.HasSuffix(k, "id") && v["view_kind"] != nil: // those of views count all projects before
			case k == "views" && v["position"] != nil && v["id"].(float64) < 0:
			case k == "$schema", k == "position" && task, k == "id" && v["entity_id"] != nil:
			case k == "token":
				out[k] = "a secret"
			default:
				out[k] = plain(k, x)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, plain(key, x))
		}
		return out
	case string:
		at, err := time.Parse(time.RFC3339Nano, v)
		switch {
		case err != nil:
			return v
		case recent(at):
			return "during the recording"
		default:
			return at.UTC().Truncate(time.Second).Format(time.RFC3339)
		}
	}
	return v
}

func recent(t time.Time) bool {
	return t.After(time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC)) && t.Before(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC))
}

func times(v any) (out []time.Time) {
	walk(v, func(m map[string]any) {
		for _, k := range []string{"created", "updated"} {
			text, _ := m[k].(string)
			if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
				out = append(out, at)
			}
		}
	})
	return out
}

// walk calls fn for every object, outer ones first.
func walk(v any, fn func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		fn(v)
		for _, x := range v {
			walk(x, fn)
		}
	case []any:
		for _, x := range v {
			walk(x, fn)
		}
	}
}

func firstID(v any) int64 {
	m, _ := v.(map[string]any)
	for _, k := range []string{"tasks", "duplicated_task"} {
		switch in := m[k].(type) {
		case []any:
			if len(in) > 0 {
				return firstID(in[0])
			}
		case map[string]any:
			return firstID(in)
		}
	}
	n, _ := m["id"].(float64)
	return int64(n)
}

// seed sets up what a recording found: everything it shows that it did not
// itself create before.
func seed(s *Server, xs []exchange) {
	made := map[string]bool{}
	for i, x := range xs {
		var body any
		json.Unmarshal(x.Response.Body, &body)
		if m, ok := body.(map[string]any); ok && x.Response.Status == 201 && kind(m) != "" {
			made[fmt.Sprint(kind(m), m["id"])] = true
		}
		if x.Response.Status != 200 {
			continue
		}
		walk(body, func(m map[string]any) {
			key := fmt.Sprint(kind(m), m["id"])
			half := kind(m) == "task" && m["related_tasks"] == nil && m["created_by"] == nil && x.Request.Method != http.MethodGet
			if n, _ := m["id"].(float64); n <= 0 || made[key] || half {
				return
			}
			made[key] = kind(m) != ""
			m = maps.Clone(m)
			for _, earlier := range xs[:i] {
				if strings.Contains(earlier.Request.Path, fmt.Sprintf("/tasks/%v/", m["id"])) {
					m["related_tasks"], m["labels"] = nil, nil // what the recording itself hung on it
				}
			}
			b, _ := json.Marshal(before(x, m))
			switch kind(m) {
			case "task":
				s.seedTask(b)
			case "project":
				s.seedProject(b)
			case "label":
				var l api.Label
				json.Unmarshal(b, &l)
				l.OwnerID = owner(m["created_by"])
				s.LabelM[l.ID] = &l
				more := LabelMore{At: s.Began}
				more.Description, _ = m["description"].(string)
				more.Color, _ = m["hex_color"].(string)
				s.LabelMore[l.ID] = more
			}
		})
	}
	for _, x := range xs {
		seedNamed(s, x, made)
	}
	for _, x := range xs {
		var body any
		json.Unmarshal(x.Response.Body, &body)
		walk(body, func(m map[string]any) { seedHome(s, m, made, x.Response.Status == 201) })
	}
}

// before is what a thing was like that the answer to a change shows.
func before(x exchange, m map[string]any) map[string]any {
	var sent map[string]any
	json.Unmarshal(x.Request.Body, &sent)
	if x.Request.Method == http.MethodPost && sent["done"] == true && sent["done_at"] == "0001-01-01T00:00:00Z" {
		m = maps.Clone(m)
		m["done"], m["done_at"] = false, sent["done_at"]
	}
	if x.Request.Method != http.MethodPatch || !strings.HasSuffix(x.Request.Path, fmt.Sprint("/", m["id"])) {
		return m
	}
	out := maps.Clone(m)
	for k, v := range sent {
		switch k {
		case "title", "description", "hex_color":
			out[k] = "before"
		case "priority":
			out[k] = 1 - v.(float64)
		case "project_id":
			out[k] = 1
		case "is_archived", "is_favorite":
			out[k] = v != true
		}
	}
	return out
}

// seedNamed sets up what is named in an address or a body alone, and what the
// token may not see.
func seedNamed(s *Server, x exchange, made map[string]bool) {
	var id, other int64
	var sent struct {
		Other int64 `json:"other_task_id"`
		Label int64 `json:"label_id"`
	}
	json.Unmarshal(x.Request.Body, &sent)
	ok := x.Response.Status < 300 || slices.Contains([]int{400, 403, 409, 412}, x.Response.Status)
	_, path, _ := strings.Cut(x.Request.Path, "/api/v")
	if n, _ := fmt.Sscanf(path[1:], "/projects/%d", &id); n == 1 && ok && id > 0 && s.ProjectM[id] == nil && !made[fmt.Sprint("project", float64(id))] {
		s.ProjectM[id] = &api.Project{ID: id, Title: "p", OwnerID: 1}
		s.NoAccess[id] = x.Response.Status == 403
	}
	if n, _ := fmt.Sscanf(path[1:], "/tasks/%d", &id); n != 1 || !ok {
		return
	}
	for _, other = range []int64{id, sent.Other} {
		if other <= 0 || s.TaskM[other] != nil || made[fmt.Sprint("task", float64(other))] {
			continue
		}
		home := int64(1)
		if x.Response.Status == 403 {
			home = 900
			s.ProjectM[home], s.NoAccess[home] = &api.Project{ID: home, Title: "p", OwnerID: 2}, true
		}
		s.TaskM[other] = &Task{Task: api.Task{ID: other, ProjectID: home, Title: "t", CreatedBy: 1}}
	}
	if l := sent.Label; l > 0 && s.LabelM[l] == nil && !made[fmt.Sprint("label", float64(l))] && x.Response.Status != 404 {
		s.LabelM[l] = &api.Label{ID: l, Title: "l", OwnerID: 1}
		s.LabelMore[l] = LabelMore{At: s.Began}
	}
}

// seedHome sets up the project a task was seen in, with its identifier and
// the index that the first new task came after.
func seedHome(s *Server, m map[string]any, made map[string]bool, created bool) {
	project, _ := m["project_id"].(float64)
	index, _ := m["index"].(float64)
	id := int64(project)
	if kind(m) != "task" || id <= 0 {
		return
	}
	fresh := made[fmt.Sprint("project", project)] && s.ProjectM[id] == nil
	if s.ProjectM[id] == nil && !fresh {
		s.ProjectM[id] = &api.Project{ID: id, Title: "p", OwnerID: 1}
	}
	short, _, dash := strings.Cut(fmt.Sprint(m["identifier"]), "-")
	if dash && !fresh && s.more(id).Identifier == "" {
		s.more(id).Identifier = short
	}
	seen := fmt.Sprint("seen", m["id"])
	if key := fmt.Sprint("index", id); !made[key] && !made[seen] && !fresh {
		made[seen] = true
		if made[key] = created; created {
			index--
		}
		s.more(id).LastIndex = max(s.more(id).LastIndex, int64(index))
		if created {
			s.more(id).LastIndex = int64(index)
		}
	}
}

func owner(v any) int64 {
	m, _ := v.(map[string]any)
	n, _ := m["id"].(float64)
	return int64(n)
}

func kind(m map[string]any) string {
	_, task := m["percent_done"]
	_, project := m["background_blur_hash"]
	_, coloured := m["hex_color"]
	_, comment := m["comment"]
	switch {
	case task:
		return "task"
	case project:
		return "project"
	case comment:
		return "comment"
	case coloured:
		return "label"
	}
	return ""
}
