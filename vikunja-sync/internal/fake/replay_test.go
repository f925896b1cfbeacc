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
// What a recording found on its server (tasks, projects, labels, the token's
// scopes) is set up from the first sight of it. unlike counts the exchanges
// that still differ; it can only shrink.
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
			differ := replay(t, xs)
			total, same = total+len(xs), same+len(xs)-len(differ)
			switch want := unlike[name]; {
			case len(differ) > want.n:
				t.Errorf("%d of %d exchanges differ, %d may:\n%s", len(differ), len(xs), want.n, strings.Join(differ, "\n"))
			case len(differ) < want.n:
				t.Errorf("only %d exchanges differ: lower the number in unlike", len(differ))
			}
		})
	}
	for _, route := range missing {
		if !unknown[route] && !t.Failed() {
			t.Errorf("%s is there: take it off the list of missing routes", route)
		}
	}
	t.Logf("%d of %d recorded exchanges give the recorded answer", same, total)
}

// unknown collects the routes that the stand-in turned out not to have.
var unknown = map[string]bool{}

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

// replay plays one recording on a fresh server and tells what differs.
func replay(t *testing.T, xs []exchange) (differ []string) {
	now := time.Date(2026, 11, 21, 22, 41, 17, 0, time.UTC)
	s := NewServer(func() time.Time { return now })
	h := &HTTP{Server: s, Token: "tk", Refuse: map[string]bool{}}
	seed(s, xs)
	etags := map[string]string{}
	for i, x := range xs {
		var got, want any
		json.Unmarshal(x.Response.Body, &want)
		for _, at := range times(want) {
			if at.After(now) && recent(at) {
				now = at
			}
		}
		if id := firstID(want); id > 0 && x.Response.Status <= 201 && x.Request.Method != http.MethodGet {
			s.last = id - 1
		}
		s.MeUser = api.User{ID: 1, Username: "alice", DefaultProject: 1}
		if bob.MatchString(x.Note) { // the tokens of the recordings are blacked out
			s.MeUser = api.User{ID: 2, Username: "bob"}
		}
		auth := x.Request.Headers["Authorization"]
		h.Token = "tk"
		if x.Response.Status == 401 && auth != "" {
			h.Token = "another" // the recorded token was dead or lacked the scope
		}
		r := httptest.NewRequest(x.Request.Method, x.Request.Path, bytes.NewReader(payload(x.Request.Body)))
		for k, v := range x.Request.Headers {
			if r.Header.Set(k, v); k == "If-None-Match" {
				r.Header.Set(k, etags[x.Request.Path])
			}
		}
		if auth != "" {
			r.Header.Set("Authorization", "Bearer tk")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if e := w.Header().Get("ETag"); e != "" {
			etags[x.Request.Path] = e
		}
		json.Unmarshal(w.Body.Bytes(), &got)
		want, got = cut(x, want, got)
		diff := cmp.Diff(plain("", want), plain("", got))
		if w.Code != x.Response.Status || diff != "" {
			differ = append(differ, fmt.Sprintf("%d %s %s %s (%s): status %d, recorded %d\n%s", i, x.Request.Method, x.Request.Path, x.Request.Body, x.Note, w.Code, x.Response.Status, diff))
		}
	}
	for _, route := range h.Unknown {
		if !slices.Contains(missing, route) {
			t.Errorf("unknown route: %s", route)
		}
		unknown[route] = true
	}
	return differ
}

// bob marks the requests of another account.
var bob = regexp.MustCompile(`^bob|^by bob|no longer attach|another user`)

func payload(b json.RawMessage) []byte {
	if string(b) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(b, &text) == nil {
		return []byte(text) // not JSON when it was sent
	}
	return b
}

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
			return w, g[:len(w)]
		}
	case map[string]any:
		if g, ok := got.(map[string]any); ok && w["items"] != nil {
			w["items"], g["items"] = cut(x, w["items"], g["items"])
		}
	}
	return want, got
}

// plain leaves out what a replay cannot repeat.
func plain(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if k != "$schema" && k != "views" && k != "position" {
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
	if l := sent.Label; l > 0 && s.LabelM[l] == nil && !made[fmt.Sprint("label", float64(l))] && x.Response.Status == 201 {
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
