package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"vikunja-sync/internal/api"
)

type fields = map[string]any

// ask sends a request of the web page, which no fault of the proxy touches.
func (e *env) ask(method, path string, body any) *httptest.ResponseRecorder {
	e.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		e.must(err)
		in = bytes.NewReader(b)
	}
	for tries := 0; ; tries++ {
		r := httptest.NewRequest(method, "/api"+path, in)
		r.Header.Set("Authorization", "Bearer "+e.back.token())
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		e.back.ServeHTTP(w, r)
		if w.Code < 500 || tries == 5 {
			return w
		}
		time.Sleep(100 * time.Millisecond) // sqlite was busy
		if body != nil {
			b, _ := json.Marshal(body)
			in = bytes.NewReader(b)
		}
	}
}

// call demands success.
func (e *env) call(method, path string, body, out any) {
	e.Helper()
	w := e.ask(method, path, body)
	if w.Code >= 300 && w.Code != http.StatusNotModified {
		e.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	if out != nil {
		e.must(json.Unmarshal(w.Body.Bytes(), out))
	}
}

// all reads every page of a list.
func pages[T any](e *env, path string) (out []T) {
	e.Helper()
	for n := 1; ; n++ {
		var in struct {
			Items []T
			Pages int `json:"total_pages"`
		}
		sep := "?"
		if bytes.ContainsRune([]byte(path), '?') {
			sep = "&"
		}
		e.call("GET", fmt.Sprintf("%s%sper_page=1000&page=%d", path, sep, n), nil, &in)
		out = append(out, in.Items...)
		if n >= in.Pages {
			return out
		}
	}
}

// shown is a task as the page reads it.
type shown struct {
	ID          int64
	ProjectID   int64 `json:"project_id"`
	Title       string
	Description string
	Done        bool
	DoneAt      time.Time `json:"done_at"`
	Due         time.Time `json:"due_date"`
	Start       time.Time `json:"start_date"`
	End         time.Time `json:"end_date"`
	Priority    int64
	RepeatAfter int64 `json:"repeat_after"`
	RepeatMode  int64 `json:"repeat_mode"`
	Labels      []struct{ ID int64 }
	Related     map[string][]struct{ ID int64 } `json:"related_tasks"`
	Created     time.Time
	Updated     time.Time
}

func stored(t time.Time) time.Time {
	if t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

func (s shown) task() api.Task {
	t := api.Task{ID: s.ID, ProjectID: s.ProjectID, Title: s.Title, Description: s.Description, Done: s.Done, DoneAt: stored(s.DoneAt),
		Due: stored(s.Due), Start: stored(s.Start), End: stored(s.End), Priority: s.Priority, RepeatAfter: s.RepeatAfter,
		RepeatMode: s.RepeatMode, Created: stored(s.Created), Updated: stored(s.Updated)}
	for _, l := range s.Labels {
		t.Labels = append(t.Labels, api.Label{ID: l.ID})
	}
	for _, o := range s.Related["blocked"] {
		t.BlockedBy = append(t.BlockedBy, o.ID)
	}
	return t
}

// vtask is a task of the server.
type vtask struct {
	*env
	ID int64
}

func (v vtask) path() string { return fmt.Sprintf("/v2/tasks/%d", v.ID) }

// now reads the task.
func (v vtask) now() api.Task {
	v.Helper()
	var s shown
	v.call("GET", v.path(), nil, &s)
	return s.task()
}

func (v vtask) gone() bool { return v.ask("GET", v.path(), nil).Code == http.StatusNotFound }

// raw reads some fields as they stand in the answer.
func (v vtask) raw(keys ...string) string {
	v.Helper()
	var all map[string]json.RawMessage
	v.call("GET", v.path(), nil, &all)
	var out []string
	for _, k := range keys {
		out = append(out, string(all[k]))
	}
	return fmt.Sprint(out)
}

// reminders are the stored ones, as stamps in UTC with what they hang on.
func (v vtask) reminders() (out []string) {
	v.Helper()
	var t struct {
		Reminders []struct {
			At       time.Time `json:"reminder"`
			Period   int64     `json:"relative_period"`
			Relative string    `json:"relative_to"`
		}
	}
	v.call("GET", v.path(), nil, &t)
	for _, r := range t.Reminders {
		out = append(out, fmt.Sprint(r.At.UTC().Format(time.RFC3339), " ", r.Period, r.Relative))
	}
	return out
}

func (v vtask) labels() (ids []int64) {
	v.Helper()
	for _, l := range v.now().Labels {
		ids = append(ids, l.ID)
	}
	slices.Sort(ids)
	return ids
}

func (v vtask) attach(label int64) {
	v.Helper()
	v.call("POST", v.path()+"/labels", fields{"label_id": label}, nil)
}

func (v vtask) delete() { v.Helper(); v.call("DELETE", v.path(), nil, nil) }

// note is a comment of the server.
type note struct {
	ID      int64
	Comment string
}

func (v vtask) notes() []note { v.Helper(); return pages[note](v.env, v.path()+"/comments") }

func (v vtask) comment(html string) (id int64) {
	v.Helper()
	var n note
	v.call("POST", v.path()+"/comments", fields{"comment": html}, &n)
	return n.ID
}

func (v vtask) recomment(id int64, html string) {
	v.Helper()
	v.call("PATCH", fmt.Sprint(v.path(), "/comments/", id), fields{"comment": html}, nil)
}

// set changes fields by their names on the wire.
func (v vtask) set(f fields) { v.Helper(); v.call("PATCH", v.path(), f, nil) }

// page makes a task in the web page.
func (e *env) page(in api.TaskInput) vtask {
	e.Helper()
	body := fields{"title": in.Title, "description": in.Description, "priority": in.Priority, "done": in.Done}
	for key, at := range map[string]time.Time{"due_date": in.Due, "start_date": in.Start, "end_date": in.End} {
		if !at.IsZero() {
			body[key] = at.Format(time.RFC3339Nano)
		}
	}
	if in.ProjectID == 0 {
		in.ProjectID = e.back.inbox()
	}
	var s shown
	e.call("POST", fmt.Sprintf("/v2/projects/%d/tasks", in.ProjectID), body, &s)
	return vtask{e, s.ID}
}

// many makes tasks by the hundred.
func (e *env) many(project int64, n int, in func(i int) fields) {
	e.Helper()
	for i := 0; i < n; {
		var batch []fields
		for ; i < n && len(batch) < 100; i++ {
			batch = append(batch, in(i))
		}
		e.call("POST", fmt.Sprintf("/v2/projects/%d/tasks/bulk", project), fields{"tasks": batch}, nil)
	}
}

// web edits a task in the web page.
func (e *env) web(v vtask, p api.TaskPatch) {
	e.Helper()
	body := fields{}
	put(body, "title", p.Title)
	put(body, "description", p.Description)
	put(body, "done", p.Done)
	put(body, "priority", p.Priority)
	put(body, "project_id", p.ProjectID)
	put(body, "repeat_after", p.RepeatAfter)
	put(body, "repeat_mode", p.RepeatMode)
	put(body, "due_date", p.Due)
	put(body, "start_date", p.Start)
	put(body, "end_date", p.End)
	vtask{e, v.ID}.set(body)
}

func put[T any](m fields, key string, val *T) {
	if val != nil {
		m[key] = *val
	}
}

// tasks are all that the lists show.
func (e *env) tasks() map[int64]api.Task {
	e.Helper()
	out := map[int64]api.Task{}
	for _, s := range pages[shown](e, "/v2/tasks") {
		out[s.ID] = s.task()
	}
	return out
}

func (e *env) label(title string) int64 {
	e.Helper()
	var l struct{ ID int64 }
	e.call("POST", "/v2/labels", fields{"title": title}, &l)
	return l.ID
}

func (e *env) labels() map[int64]string {
	e.Helper()
	out := map[int64]string{}
	for _, l := range pages[struct {
		ID    int64
		Title string
	}](e, "/v2/labels") {
		out[l.ID] = l.Title
	}
	return out
}

func (e *env) setLabel(id int64, f fields) {
	e.Helper()
	e.call("PATCH", fmt.Sprint("/v2/labels/", id), f, nil)
}

func (e *env) deleteLabel(id int64) {
	e.Helper()
	e.call("DELETE", fmt.Sprint("/v2/labels/", id), nil, nil)
}

// place is a project of the server.
type place struct {
	ID       int64
	Title    string
	Parent   int64 `json:"parent_project_id"`
	Archived bool  `json:"is_archived"`
}

func (e *env) project(title string, parent int64) int64 {
	e.Helper()
	body := fields{"title": title}
	if parent != 0 {
		body["parent_project_id"] = parent
	}
	var p place
	e.call("POST", "/v2/projects", body, &p)
	return p.ID
}

func (e *env) projects() map[int64]place {
	e.Helper()
	out := map[int64]place{}
	for _, p := range pages[place](e, "/v2/projects") {
		if p.ID > 0 {
			out[p.ID] = p
		}
	}
	return out
}

func (e *env) setProject(id int64, f fields) {
	e.Helper()
	e.call("PATCH", fmt.Sprint("/v2/projects/", id), f, nil)
}

func (e *env) deleteProject(id int64) {
	e.Helper()
	e.call("DELETE", fmt.Sprint("/v2/projects/", id), nil, nil)
}

func (e *env) me() int64 {
	e.Helper()
	var u struct{ ID int64 }
	e.call("GET", "/v1/user", nil, &u)
	return u.ID
}
