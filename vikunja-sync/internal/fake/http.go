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
	q := &request{h: h, v2: ver == "v2", path: "/" + path, method: r.Method, q: r.URL.Query(), markdown: ver == "v2" && markdown(r)}
	q.route = r.Method + " " + ids.ReplaceAllString(q.path, "/#")
	for _, m := range ids.FindAllString(q.path, -1) {
		n, _ := strconv.ParseInt(m[1:], 10, 64)
		q.ids = append(q.ids, n)
	}
	h.Mu.Lock()
	h.Log = append(h.Log, r.Method+" "+r.URL.Path)
	h.Mu.Unlock()
	if !ok || ver != "v1" && (ver != "v2" || h.NoV2) {
		reply(w, 404, fields{"message": "Not Found"})
		return
	}
	if status, out := h.turnAway(q, w.Header(), r, ver); status != 0 {
		reply(w, status, out)
		return
	}
	if h.fails(w, r, "before") {
		return
	}
	status, out := q.read(r)
	if status == 0 {
		status, out = q.carryOut(w.Header())
		status, out = q.unchanged(w.Header(), r, status, out)
		if h.fails(w, r, "after") {
			return
		}
	}
	reply(w, status, out)
}

// turnAway answers what is decided before a request is looked at: who sends it,
// how many there were, and /info, which anybody may ask.
func (h *HTTP) turnAway(q *request, head http.Header, r *http.Request, ver string) (int, any) {
	var known bool
	q.user, known = h.who(r, q.route)
	public := q.path == "/info" || q.route == "POST /login"
	key := fmt.Sprint(ver, " ", q.user)
	if public {
		key = ver + " " + r.RemoteAddr
	}
	switch {
	case !public && (!known || h.Refuse[q.route]):
		return 401, fields{"code": 11, "message": "missing, malformed, expired or otherwise invalid token provided"}
	case !h.count(head, q.route, key):
		return 429, fields{"message": "Too Many Requests"}
	case q.path == "/info":
		return 200, h.info()
	}
	return 0, nil
}

// read takes in the body.
func (q *request) read(r *http.Request) (int, any) {
	if b, _ := io.ReadAll(r.Body); len(b) > 0 && json.Unmarshal(b, &q.body) != nil {
		return q.problem(400, 2004, "Invalid model provided: Bad Request")
	}
	return 0, nil
}

// unchanged answers 304 to a reader of v2 who has a task as it is.
func (q *request) unchanged(head http.Header, r *http.Request, status int, out any) (int, any) {
	m, ok := out.(fields)
	if !ok || !q.v2 || q.route != "GET /tasks/#" || status != 200 {
		return status, out
	}
	etag := fmt.Sprintf(`"%s-%v"`, m["updated"], m["max_permission"])
	head.Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		return 304, nil
	}
	return status, out
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
		return q.oneProject()
	case "PUT /projects":
		return q.createProject()
	case "GET /labels":
		return q.labels(head)
	case "PUT /labels":
		return q.createLabel()
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
		return q.addLabel()
	case "DELETE /tasks/#/labels/#":
		return q.removeLabel()
	case "GET /tasks/#/comments":
		cs, err := s.Comments(ctx, q.ids[0])
		return q.page(head, mapAll(cs, q.commentJSON), err)
	case "PUT /tasks/#/comments":
		return q.createComment()
	case "POST /tasks/#/comments/#", "PATCH /tasks/#/comments/#", "PUT /tasks/#/comments/#":
		return q.changeComment()
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
			out := q.listedProject(p)
			if q.q.Get("expand") == "permissions" {
				out["max_permission"] = int(q.h.access(p.ID))
			}
			shown = append(shown, out)
		}
	}
	return q.page(head, shown, err, q.pseudo()...)
}

func (q *request) oneProject() (int, any) {
	id := q.ids[0]
	p, err := q.h.Project(noContext, id)
	if q.h.hidden(id) {
		err = fail(api.KindForbidden, 403, 0, "projects", id)
	}
	return q.readProject(200, p, err)
}
