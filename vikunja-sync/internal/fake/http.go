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
	"sync"
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
	// Tokens are those of users beside Token, Sessions those of logins.
	Tokens   map[string]*Token
	Sessions map[string]int64
	// Limit counts all requests, Logins those.
	Limit, Logins Limit
	// URL and Version are what /info tells.
	URL, Version string
	// Pause is called between the reading and the writing of a PATCH, Writing
	// while a change is being written, when another gets a 500.
	Pause, Writing func()
	writing        bool
	// Deliver sends a webhook and tells the status, 0 for no answer; without
	// it none are sent. Retry is the first pause of about 0.2 s.
	Deliver func(Delivery) int
	Retry   time.Duration
	wait    sync.WaitGroup
	// Zone is the server's time zone.
	Zone *time.Location
	// Unknown collects requests to routes that do not exist.
	Unknown []string
	Log     []string
	one     sync.Mutex // held while a request is carried out
	first   api.User   // whom Token belongs to
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
	}
	user, known := h.who(r, route)
	public := path == "/info" || route == "POST /login"
	key := fmt.Sprint(ver, " ", user)
	if public {
		key = ver + " " + r.RemoteAddr
	}
	switch {
	case !public && (!known || h.Refuse[route]):
		reply(w, 401, map[string]any{"code": 11, "message": "missing, malformed, expired or otherwise invalid token provided"})
		return
	case !h.count(w.Header(), route, key):
		reply(w, 429, map[string]any{"message": "Too Many Requests"})
		return
	case path == "/info":
		reply(w, 200, h.info())
		return
	case h.fails(w, r, "before"):
		return
	}
	q := &request{h: h, v2: ver == "v2", path: path, route: route, method: r.Method, q: r.URL.Query(), user: user, markdown: ver == "v2" && markdown(r)}
	if b, _ := io.ReadAll(r.Body); len(b) > 0 && json.Unmarshal(b, &q.body) != nil {
		status, out := q.problem(400, 2004, "Invalid model provided: Bad Request")
		reply(w, status, out)
		return
	}
	for _, m := range ids.FindAllString(path, -1) {
		n, _ := strconv.ParseInt(m[1:], 10, 64)
		q.ids = append(q.ids, n)
	}
	status, out := q.carryOut(w.Header())
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

// count asks the limiters.
func (h *HTTP) count(head http.Header, route, key string) bool {
	h.Mu.Lock()
	defer h.Mu.Unlock()
	if !h.Limit.take(head, key, h.Clock()) {
		return false
	}
	if h.Logins.Requests == 0 {
		h.Logins = Limit{Requests: 10, Period: time.Minute}
	}
	return route != "POST /login" || h.Logins.take(head, key, h.Clock())
}

// carryOut runs a request as the user who sent it. Requests come one after
// the other; a change that finds another being written fails.
func (q *request) carryOut(head http.Header) (int, any) {
	h, changes := q.h, q.method != http.MethodGet
	h.Mu.Lock()
	busy := h.writing
	h.Mu.Unlock()
	if changes && busy {
		if q.v2 {
			return q.problem(500, 0, http.StatusText(500))
		}
		return 500, fields{"message": http.StatusText(500)}
	}
	h.one.Lock()
	defer h.one.Unlock()
	h.as(q.user)
	if q.markdown {
		q.takeMarkdown(q.body)
	}
	var gone *event
	var hooks map[int64][]int64
	if changes && h.Deliver != nil {
		h.Mu.Lock()
		hooks = h.above()
		h.Mu.Unlock()
		gone = q.going(q.route)
	}
	homes := q.homes()
	status, out := q.serve(head)
	if changes && status < 300 {
		q.bump(homes)
	}
	if changes && h.Deliver != nil && status < 300 {
		h.announce(q.happened(q.route, out, gone), hooks)
	}
	if q.markdown && status < 300 {
		out = giveMarkdown(out)
	}
	if changes && status < 300 && h.Writing != nil {
		h.Mu.Lock()
		h.writing = true
		h.Mu.Unlock()
		h.Writing()
		h.Mu.Lock()
		h.writing = false
		h.Mu.Unlock()
	}
	return status, out
}

// as makes a user the one that asks.
func (h *HTTP) as(user int64) {
	h.Mu.Lock()
	defer h.Mu.Unlock()
	u := h.Users[user]
	if user == h.MeUser.ID || u == nil {
		return
	}
	if h.first.ID == 0 {
		h.first = h.MeUser
	}
	if h.MeUser = (api.User{ID: u.ID, Username: u.Username, Name: u.Name}); user == h.first.ID {
		h.MeUser = h.first
	}
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
	user   int64
	// markdown tells that rich text is Markdown on the way in and out.
	markdown bool
	// blocking is worked out once for a list.
	blocking map[int64][]int64
	q        url.Values
	ids      []int64
	body     map[string]json.RawMessage
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
	case "POST /login", "PUT /login":
		return q.login()
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
	case "GET /tasks", "GET /projects/#/tasks", "GET /projects/#/views/#/tasks":
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
	if l.OwnerID == q.h.MeUser.ID || q.h.LabelMore[l.ID].At.IsZero() {
		return true // a label that a test put there is there to be seen
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
	slices.SortStableFunc(ps, func(a, b api.Project) int { return cmp.Compare(q.h.position(a.ID), q.h.position(b.ID)) })
	var shown []any
	for _, p := range ps {
		if !p.Archived || q.q.Get("is_archived") == "true" {
			shown = append(shown, q.listedProject(p))
		}
	}
	return q.page(head, shown, err, q.pseudo()...)
}
