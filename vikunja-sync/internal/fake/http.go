package fake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"vikunja-sync/internal/api"
)

// HTTP shows a Server as Vikunja's API v1 and v2: verbs, codes, shapes, pages,
// the null date, and the traps (v1 replaces whole tasks and lets the body
// override the address, lists repeat pseudo projects, a PATCH that changes
// nothing answers 304).
type HTTP struct {
	*Server
	Token string
	// NoV2 is an older server. Refuse names routes ("PUT /projects/#/tasks")
	// whose scope the token lacks. Fail is asked before and after a request
	// is carried out; a status above 0 is answered instead.
	NoV2   bool
	Refuse map[string]bool
	Fail   func(r *http.Request, point string) int
	// Reset is when the limiter opens, for answers of 429.
	Reset time.Time
	// Zone is the server's time zone.
	Zone *time.Location
	// Unknown collects requests to routes that do not exist.
	Unknown []string
	Log     []string
}

var ids = regexp.MustCompile(`/-?[0-9]+`)

func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", h.Clock().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json")
	ver, path, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/"), "/")
	path = "/" + path
	route := r.Method + " " + ids.ReplaceAllString(path, "/#")
	h.Mu.Lock()
	h.Log = append(h.Log, r.Method+" "+r.URL.Path)
	h.Mu.Unlock()
	switch {
	case !ok || (ver != "v1" && (ver != "v2" || h.NoV2)):
		reply(w, 404, map[string]any{"message": "Not Found"})
		return
	case path == "/info":
		reply(w, 200, map[string]any{"version": "v2.5.0", "concurrent_writes": false, "max_items_per_page": 50})
		return
	case r.Header.Get("Authorization") != "Bearer "+h.Token || h.Refuse[route]:
		reply(w, 401, map[string]any{"code": 11, "message": "missing, malformed, expired or otherwise invalid token provided"})
		return
	}
	if h.fails(w, r, "before") {
		return
	}
	q := &request{h: h, v2: ver == "v2", path: path, route: route, method: r.Method, q: r.URL.Query()}
	if b, _ := io.ReadAll(r.Body); len(b) > 0 && json.Unmarshal(b, &q.body) != nil {
		reply(w, 400, fields{"code": 2004, "message": "Invalid model provided: Bad Request"})
		return
	}
	for _, m := range ids.FindAllString(path, -1) {
		n, _ := strconv.ParseInt(m[1:], 10, 64)
		q.ids = append(q.ids, n)
	}
	status, out := q.serve(w.Header())
	if m, ok := out.(fields); ok && q.v2 && r.Method == http.MethodGet && route == "GET /tasks/#" && status == 200 {
		etag := fmt.Sprintf(`"%s-%v"`, m["updated"], m["max_permission"])
		w.Header().Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			status, out = 304, nil
		}
	}
	if h.fails(w, r, "after") {
		return
	}
	reply(w, status, out)
}

// fails answers with a failure, or with none at all for a status of -1.
func (h *HTTP) fails(w http.ResponseWriter, r *http.Request, point string) bool {
	if h.Fail == nil {
		return false
	}
	switch n := h.Fail(r, point); {
	case n == 0:
		return false
	case n < 0:
		panic(http.ErrAbortHandler)
	default:
		if n == 429 {
			w.Header().Set("X-RateLimit-Reset", fmt.Sprint(h.Reset.Unix()))
		}
		reply(w, n, map[string]any{"message": http.StatusText(n)})
		return true
	}
}

func reply(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	if v != nil {
		json.NewEncoder(w).Encode(v)
	}
}

type request struct {
	h     *HTTP
	v2    bool
	path  string
	route string
	// method is as sent; route tells v2's POST as PUT.
	method string
	q      url.Values
	ids    []int64
	body   map[string]json.RawMessage
}

type fields = map[string]any

func (q *request) str(key string) (s string) { json.Unmarshal(q.body[key], &s); return s }

func (q *request) int(key string) (n int64) { json.Unmarshal(q.body[key], &n); return n }

// serve finds the route. Creates are PUT on v1 and POST on v2.
func (q *request) serve(head http.Header) (int, any) {
	ctx := noContext
	s := q.h.Server
	route := q.route
	if q.v2 && strings.HasPrefix(route, "POST ") {
		route = "PUT " + route[5:]
	}
	switch route {
	case "GET /openapi.json":
		if !q.v2 {
			break
		}
		return 200, fields{"openapi": "3.1.0"}
	case "GET /user":
		return 200, q.me()
	case "GET /projects":
		return q.projects(head)
	case "GET /projects/#":
		p, err := s.Project(ctx, q.ids[0])
		if s.hidden(q.ids[0]) {
			err = fail(api.KindForbidden, 403, 0, "projects", q.ids[0])
		}
		return q.readProject(200, p, err)
	case "PUT /projects":
		return q.createProject()
	case "GET /labels":
		ls, err := s.Labels(ctx)
		search := strings.ToLower(cmp.Or(q.q.Get("s"), q.q.Get("q")))
		ls = slices.DeleteFunc(ls, func(l api.Label) bool {
			return !q.sees(l) || !strings.Contains(strings.ToLower(l.Title), search)
		})
		return q.page(head, mapAll(ls, q.labelJSON), err)
	case "PUT /labels":
		if len([]rune(q.str("title"))) > 250 {
			return invalid("title: " + q.str("title") + " does not validate as runelength(1|250)")
		}
		l, err := s.CreateLabel(ctx, q.str("title"))
		if err == nil {
			m := LabelMore{At: s.now()}
			q.labelMore(&m)
			s.Mu.Lock()
			s.LabelMore[l.ID] = m
			s.Mu.Unlock()
		}
		return q.answer(201, q.labelJSON(l), err)
	case "GET /webhooks/events":
		return 200, events
	case "GET /projects/#/webhooks":
		hs, err := s.Webhooks(ctx, q.ids[0])
		return q.page(head, mapAll(hs, q.webhookJSON), err)
	case "PUT /projects/#/webhooks":
		return q.createWebhook()
	case "DELETE /projects/#/webhooks/#":
		return q.gone(s.DeleteWebhook(ctx, q.ids[0], q.ids[1]))
	}
	return q.serveTasks(head, route)
}

func (q *request) serveTasks(head http.Header, route string) (int, any) {
	ctx := noContext
	s := q.h.Server
	switch route {
	case "GET /tasks", "GET /projects/#/tasks":
		return q.tasks(head)
	case "GET /tasks/#":
		return q.task(q.ids[0])
	case "PUT /projects/#/tasks":
		return q.create()
	case "POST /tasks/#":
		return q.replace()
	case "PUT /tasks/#": // v2's replace; POST has become PUT
		if q.v2 {
			return q.replace()
		}
	case "PATCH /tasks/#":
		if q.v2 {
			return q.patch()
		}
	case "DELETE /tasks/#":
		return q.gone(s.DeleteTask(ctx, q.ids[0]))
	case "PUT /tasks/#/labels":
		if t := s.TaskM[q.ids[0]]; t != nil {
			for _, id := range t.LabelIDs {
				if id == q.int("label_id") {
					return q.problem(400, 8001, "This label already exists on the task.")
				}
			}
		}
		return q.answer(201, fields{"label_id": q.int("label_id"), "created": q.when(s.now())}, s.AddLabel(ctx, q.ids[0], q.int("label_id")))
	case "DELETE /tasks/#/labels/#":
		if t := s.TaskM[q.ids[0]]; t != nil && !hasLabel(t, q.ids[1]) {
			return q.problem(403, 0, "Forbidden")
		}
		return q.gone(s.RemoveLabel(ctx, q.ids[0], q.ids[1]))
	case "GET /tasks/#/comments":
		cs, err := s.Comments(ctx, q.ids[0])
		return q.page(head, mapAll(cs, q.commentJSON), err)
	case "PUT /tasks/#/comments":
		if q.str("comment") == "" {
			return invalid("comment: non zero value required")
		}
		id, err := s.CreateComment(ctx, q.ids[0], q.str("comment"))
		now := s.now()
		return q.answer(201, q.commentJSON(api.Comment{ID: id, Text: q.str("comment"), AuthorID: s.MeUser.ID, Author: s.MeUser.Username, Created: now, Updated: now}), err)
	case "POST /tasks/#/comments/#", "PATCH /tasks/#/comments/#", "PUT /tasks/#/comments/#":
		return q.answer(200, fields{"id": q.ids[1], "comment": q.str("comment"), "author": nil, "reactions": nil,
			"created": q.when(time.Time{}), "updated": q.when(s.now())}, s.UpdateComment(ctx, q.ids[0], q.ids[1], q.str("comment")))
	case "DELETE /tasks/#/comments/#":
		return q.gone(s.DeleteComment(ctx, q.ids[0], q.ids[1]))
	case "PUT /tasks/#/relations":
		return q.relate()
	}
	if m := relation.FindStringSubmatch(route); m != nil {
		return q.unrelate(m[1])
	}
	if status, out := q.serveRest(head, route); status != 0 {
		return status, out
	}
	q.h.Mu.Lock()
	q.h.Unknown = append(q.h.Unknown, q.route)
	q.h.Mu.Unlock()
	return 404, fields{"message": "Not Found"}
}

// sees reports whether the account owns a label or finds it on a task.
func (q *request) sees(l api.Label) bool {
	if l.OwnerID == q.h.MeUser.ID {
		return true
	}
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	for _, t := range q.h.TaskM {
		if hasLabel(t, l.ID) && !q.h.hidden(t.ProjectID) {
			return true
		}
	}
	return false
}

func hasLabel(t *Task, id int64) bool { return hasID(t.LabelIDs, id) }

func hasID(l []int64, id int64) bool {
	for _, x := range l {
		if x == id {
			return true
		}
	}
	return false
}

func mapAll[T any](in []T, fn func(T) fields) []any {
	out := []any{}
	for _, x := range in {
		out = append(out, fn(x))
	}
	return out
}

// answer turns the model's errors into status and body.
func (q *request) answer(status int, v any, err error) (int, any) {
	if e, ok := err.(*api.Error); ok {
		if e.Status == 403 && e.Code == 0 && q.method == http.MethodGet {
			return q.problem(403, 0, "You don't have the permission to see this")
		}
		return q.problem(e.Status, e.Code, cmp.Or(messages[e.Code], http.StatusText(e.Status)))
	}
	if q.v2 && status == 204 {
		return status, nil
	}
	return status, v
}

func (q *request) gone(err error) (int, any) {
	if q.v2 {
		return q.answer(204, nil, err)
	}
	return q.answer(200, fields{"message": "Successfully deleted."}, err)
}

// page cuts a list as the versions do: v1 caps at 50 and tells in headers.
func (q *request) page(head http.Header, all []any, err error, repeat ...any) (int, any) {
	if err != nil {
		return q.answer(0, nil, err)
	}
	if status, out := q.badPage(); status != 0 {
		return status, out
	}
	size, _ := strconv.Atoi(q.q.Get("per_page"))
	if size <= 0 || (!q.v2 && size > 50) {
		size = 50
	}
	n, _ := strconv.Atoi(q.q.Get("page"))
	n = max(n, 1)
	total := (len(all) + size - 1) / size
	from, to := min((n-1)*size, len(all)), min(n*size, len(all))
	items := append(append([]any{}, all[from:to]...), repeat...)
	if q.v2 {
		return 200, fields{"items": items, "total": len(all), "page": n, "per_page": size, "total_pages": total}
	}
	if n > total {
		total = 0
	}
	head.Set("x-pagination-total-pages", fmt.Sprint(total))
	head.Set("x-pagination-result-count", fmt.Sprint(to-from))
	return 200, items
}

// badPage refuses numbers that are none.
func (q *request) badPage() (int, any) {
	size, _ := strconv.Atoi(q.q.Get("per_page"))
	n, err := strconv.Atoi(q.q.Get("page"))
	switch {
	case err != nil && q.q.Get("page") != "":
		return 400, fields{"message": "Bad page requested."}
	case n < 0:
		return 400, fields{"message": "Page number cannot be negative."}
	case size < 0:
		return 400, fields{"message": "Per page amount cannot be negative."}
	}
	return 0, nil
}

func (q *request) projects(head http.Header) (int, any) {
	ps, err := q.h.Projects(noContext)
	var shown []any
	for _, p := range ps {
		if !p.Archived || q.q.Get("is_archived") == "true" {
			shown = append(shown, q.listedProject(p))
		}
	}
	if q.v2 {
		return q.page(head, shown, err)
	}
	return q.page(head, shown, err, fields{"id": -1, "title": "Favorites"})
}

func (q *request) tasks(head http.Header) (int, any) {
	query := api.TaskQuery{}
	if len(q.ids) > 0 {
		query.Project = q.ids[0]
		switch {
		case q.h.hidden(query.Project):
			return q.problem(403, 7003, "This user does not have access to the project.")
		case q.h.ProjectM[query.Project] == nil:
			return q.problem(404, 3001, messages[3001])
		}
	}
	keep := func(api.Task) bool { return true }
	if f := q.q.Get("filter"); f != "" {
		fn, status, out := q.matches(f)
		if status != 0 {
			return status, out
		}
		keep = fn
	}
	search := strings.ToLower(cmp.Or(q.q.Get("s"), q.q.Get("q")))
	all := []any{}
	err := q.h.ScanTasks(noContext, query, func(t api.Task) error {
		if keep(t) && strings.Contains(strings.ToLower(t.Title), search) {
			all = append(all, t)
		}
		return nil
	})
	status, out := q.page(head, all, err)
	items, _ := out.([]any)
	if m, ok := out.(fields); ok {
		items, _ = m["items"].([]any)
	}
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	for i := range items { // only what is shown is rendered
		t := items[i].(api.Task)
		items[i] = q.taskJSON(&t, q.h.TaskM[t.ID])
	}
	return status, out
}

func (q *request) task(id int64) (int, any) {
	t, err := q.h.Task(noContext, id)
	if err != nil {
		return q.answer(0, nil, err)
	}
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	out := q.taskJSON(&t, q.h.TaskM[id])
	if q.v2 && q.method == http.MethodGet {
		out["max_permission"] = 2
	}
	return 200, out
}

func (q *request) create() (int, any) {
	project := q.ids[0]
	if n := q.int("project_id"); n != 0 && !q.v2 {
		project = n
	}
	if q.str("title") == "" {
		return q.problem(400, 4001, "You must provide at least a task title.")
	}
	if status, out := q.check(); status != 0 {
		return status, out
	}
	id, err := q.h.CreateTask(noContext, api.TaskInput{ProjectID: project, Title: q.str("title"), Description: q.str("description"),
		Done: string(q.body["done"]) == "true", DoneAt: q.date("done_at"), Due: q.date("due_date"), Start: q.date("start_date"),
		End: q.date("end_date"), Priority: q.int("priority")})
	if err != nil {
		return q.answer(0, nil, err)
	}
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	t := q.h.TaskM[id]
	q.keep(t, false)
	t.RepeatAfter, t.RepeatMode = q.int("repeat_after"), q.int("repeat_mode")
	if n := q.int("index"); n != 0 && !q.v2 {
		t.Index = n
	}
	out := q.echo(t, false)
	out["created"], out["created_by"], out["identifier"] = q.when(t.Created), q.h.userJSON(t.CreatedBy), q.identifier(t)
	return 201, out
}

func (q *request) date(key string) time.Time {
	t, _ := time.Parse(time.RFC3339, q.str(key))
	if t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

// named is the patch of the keys that the body has.
func (q *request) named() api.TaskPatch {
	var p api.TaskPatch
	for key := range q.body {
		text, num, day := q.str(key), q.int(key), q.date(key)
		switch key {
		case "title":
			p.Title = &text
		case "description":
			p.Description = &text
		case "done":
			done := string(q.body[key]) == "true"
			p.Done = &done
		case "priority":
			p.Priority = &num
		case "project_id":
			if num != 0 {
				p.ProjectID = &num
			}
		case "repeat_after":
			p.RepeatAfter = &num
		case "repeat_mode":
			p.RepeatMode = &num
		case "due_date":
			p.Due = &day
		case "start_date":
			p.Start = &day
		case "end_date":
			p.End = &day
		}
	}
	return p
}

// replace is v1's update: what is not named is wiped, and the body's id wins.
func (q *request) replace() (int, any) {
	id := q.ids[0]
	if n := q.int("id"); n != 0 && !q.v2 {
		id = n
	}
	if status, out := q.check(); status != 0 {
		return status, out
	}
	empty, zero, no, never := "", int64(0), false, time.Time{}
	p := q.named()
	fill(&p.Description, &empty)
	fill(&p.Done, &no)
	fill(&p.Priority, &zero)
	fill(&p.RepeatAfter, &zero)
	fill(&p.RepeatMode, &zero)
	fill(&p.Due, &never)
	fill(&p.Start, &never)
	fill(&p.End, &never)
	if err := q.h.UpdateTask(noContext, id, p); err != nil {
		return q.answer(0, nil, err)
	}
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	t := q.h.TaskM[id]
	assigned := t.Extra["assignees"] != nil
	q.keep(t, true)
	return 200, q.echo(t, assigned)
}

func fill[T any](dst **T, val *T) {
	if *dst == nil {
		*dst = val
	}
}

// patch is v2's update. A patch without an effect is 304 and leaves no trace.
func (q *request) patch() (int, any) {
	if _, err := q.h.Task(noContext, q.ids[0]); err != nil {
		return q.answer(0, nil, err)
	}
	for key := range q.body {
		if !known[key] {
			return q.problem(422, 0, "validation failed", fields{"message": "unexpected property", "location": "body." + key})
		}
	}
	if raw, ok := q.body["title"]; ok && string(raw) == `""` {
		return q.problem(422, 0, "validation failed", fields{"message": "expected length >= 1", "location": "body.title", "value": ""})
	}
	if status, out := q.check(); status != 0 {
		return status, out
	}
	p := q.named()
	q.h.Mu.Lock()
	before := q.identifier(q.h.TaskM[q.ids[0]])
	if t := q.h.TaskM[q.ids[0]]; t != nil && (!t.Repeats() || p.Done == nil) && !q.touches(t) {
		probe := *t
		q.h.Change(&probe, p)
		probe.Updated, probe.DoneAt = t.Updated, t.DoneAt
		if fmt.Sprint(probe.Task) == fmt.Sprint(t.Task) {
			q.h.Mu.Unlock()
			return 304, nil
		}
	}
	q.h.Mu.Unlock()
	if err := q.h.UpdateTask(noContext, q.ids[0], p); err != nil {
		return q.answer(0, nil, err)
	}
	q.h.Mu.Lock()
	t := q.h.TaskM[q.ids[0]]
	assigned := t.Extra["assignees"] != nil
	q.keep(t, false)
	q.h.Mu.Unlock()
	status, out := q.task(q.ids[0])
	if m, ok := out.(fields); ok {
		if m["assignees"] == nil && !assigned {
			m["assignees"] = []any{}
		}
		if m["labels"] != nil && string(q.body["labels"]) == "[]" {
			m["labels"] = nil // in this answer only
		}
		if q.body["project_id"] != nil {
			m["identifier"] = before
		}
	}
	return status, out
}

var known = map[string]bool{"title": true, "description": true, "done": true, "priority": true, "project_id": true,
	"repeat_after": true, "repeat_mode": true, "due_date": true, "start_date": true, "end_date": true,
	"reminders": true, "assignees": true, "hex_color": true, "is_favorite": true, "percent_done": true, "labels": true, "related_tasks": true, "position": true, "bucket_id": true}

func (q *request) when(t time.Time) string {
	if t.IsZero() {
		return "0001-01-01T00:00:00Z"
	}
	if q.h.Zone != nil {
		t = t.In(q.h.Zone)
	}
	return t.Truncate(time.Second).Format(time.RFC3339)
}
