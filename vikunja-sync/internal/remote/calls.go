package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vikunja-sync/internal/api"
)

// version gives "/v2" or "/v1" after asking once.
func (c *Client) version(ctx context.Context) (string, error) {
	c.mu.Lock()
	probed, v2 := c.probed, c.v2
	c.mu.Unlock()
	if !probed {
		v2 = false
		if !c.o.ForceV1 {
			err := c.do(ctx, call{method: http.MethodGet, path: "/v2/openapi.json"})
			if k := api.KindOf(err); err != nil && k != api.KindNotFound && k != api.KindInvalid {
				return "", err
			}
			v2 = err == nil
		}
		c.mu.Lock()
		c.probed, c.v2 = true, v2
		c.mu.Unlock()
	}
	if v2 {
		return "/v2", nil
	}
	return "/v1", nil
}

// on sends a call whose path lacks the version; verbs differ: a create is POST
// on v2 and PUT on v1.
func (c *Client) on(ctx context.Context, k call) error {
	v, err := c.version(ctx)
	if err != nil {
		return err
	}
	if v == "/v1" && k.method == http.MethodPost {
		k.method = http.MethodPut
	}
	k.path = v + k.path
	return c.do(ctx, k)
}

// one reads what has an id; an answer without that id is nobody's state.
func (c *Client) one(ctx context.Context, path string, id int64, out any, got *int64) error {
	k := call{method: http.MethodGet, path: fmt.Sprintf("%s/%d", path, id), out: out}
	err := c.on(ctx, k)
	if err == nil && *got != id {
		err = unexpected(k, "the answer is about something else")
	}
	return err
}

// made sends a create, whose answer must have an id.
func (c *Client) made(ctx context.Context, path string, body, out any, got *int64) error {
	k := call{method: http.MethodPost, path: path, body: body, out: out}
	err := c.on(ctx, k)
	if err == nil && *got <= 0 {
		err = unexpected(k, "the answer has no id")
	}
	return err
}

// Info implements api.Server.
func (c *Client) Info(ctx context.Context) (api.Info, error) {
	var w struct {
		Version string `json:"version"`
		Writes  bool   `json:"concurrent_writes"`
		Max     int    `json:"max_items_per_page"`
	}
	if err := c.do(ctx, call{method: http.MethodGet, path: "/v1/info", out: &w}); err != nil {
		return api.Info{}, err
	}
	v, err := c.version(ctx)
	return api.Info{Version: clean(w.Version), V2: v == "/v2", ConcurrentWrites: w.Writes, MaxItemsPerPage: w.Max}, err
}

// Me implements api.Server.
func (c *Client) Me(ctx context.Context) (api.User, error) {
	var w struct {
		wireUser
		Settings struct {
			Default int64 `json:"default_project_id"`
		} `json:"settings"`
	}
	k := call{method: http.MethodGet, path: "/v1/user", out: &w}
	err := c.do(ctx, k)
	if err == nil && w.ID <= 0 {
		err = unexpected(k, "the answer has no id")
	}
	return api.User{ID: w.ID, Username: clean(w.Username), Name: w.Name, DefaultProject: w.Settings.Default}, err
}

// page asks for one page of a list. last tells that no more follow.
func (c *Client) page(ctx context.Context, v, path string, q url.Values, n int) (items []json.RawMessage, last bool, err error) {
	q.Set("page", strconv.Itoa(n))
	if v == "/v1" {
		h := http.Header{}
		q.Set("per_page", "250") // the server caps it
		err = c.do(ctx, call{method: http.MethodGet, path: v + path, query: q, out: &items, header: h})
		total, _ := strconv.Atoi(h.Get("X-Pagination-Total-Pages"))
		return items, n >= total || len(items) == 0, err
	}
	q.Set("per_page", "1000")
	var w struct {
		Items []json.RawMessage `json:"items"`
		Pages int               `json:"total_pages"`
	}
	err = c.do(ctx, call{method: http.MethodGet, path: v + path, query: q, out: &w})
	return w.Items, n >= w.Pages || len(w.Items) == 0, err
}

// list walks all pages.
func list[T any](ctx context.Context, c *Client, path string, q url.Values, fn func(T) error) error {
	v, err := c.version(ctx)
	if err != nil {
		return err
	}
	return listOn(ctx, c, v, path, q, fn)
}

func listOn[T any](ctx context.Context, c *Client, v, path string, q url.Values, fn func(T) error) error {
	if q == nil {
		q = url.Values{}
	}
	endless := &api.Error{Kind: api.KindHostile, Method: http.MethodGet, Route: path, Message: "the list does not end"}
	count, size, began := 0, int64(0), time.Now()
	for n := 1; ; n++ {
		if n > c.o.MaxPages || time.Since(began) > c.o.MaxTime {
			return endless
		}
		items, last, err := c.page(ctx, v, path, q, n)
		if err != nil {
			return err
		}
		if count += len(items); count > c.o.MaxItems {
			return endless
		}
		for _, raw := range items {
			if size += int64(len(raw)); size > c.o.MaxList {
				return endless
			}
			var w T
			if err := json.Unmarshal(raw, &w); err != nil {
				return &api.Error{Kind: api.KindUnavailable, Method: http.MethodGet, Route: path, Message: "an element of the list is not the expected JSON"}
			}
			if err := fn(w); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// Projects implements api.Server. Archived ones are known to be listed by v1;
// v2 shows a long list whole, which v1's order by position does not.
func (c *Client) Projects(ctx context.Context) ([]api.Project, error) {
	var out []api.Project
	seen := map[int64]bool{}
	take := func(w wireProject) error {
		if w.ID > 0 && !seen[w.ID] {
			seen[w.ID] = true
			out = append(out, w.api())
		}
		return nil
	}
	v, err := c.version(ctx)
	if err != nil {
		return nil, err
	}
	if v == "/v2" {
		if err := list(ctx, c, "/projects", url.Values{"expand": {"permissions"}}, take); err != nil {
			return nil, err
		}
	}
	err = listOn(ctx, c, "/v1", "/projects", url.Values{"is_archived": {"true"}, "expand": {"permissions"}}, take)
	return inherit(out), err
}

// inherit marks what lies below an archived project.
func inherit(ps []api.Project) []api.Project {
	byID := map[int64]api.Project{}
	for _, p := range ps {
		byID[p.ID] = p
	}
	for i := range ps {
		for p, depth := ps[i], 0; p.ID != 0 && depth < 64; p, depth = byID[p.Parent], depth+1 {
			ps[i].Archived = ps[i].Archived || p.Archived
		}
	}
	return ps
}

// Project implements api.Server.
func (c *Client) Project(ctx context.Context, id int64) (api.Project, error) {
	var w wireProject
	err := c.one(ctx, "/projects", id, &w, &w.ID)
	return w.api(), err
}

// CreateProject implements api.Server.
func (c *Client) CreateProject(ctx context.Context, title string, parent int64) (api.Project, error) {
	body := map[string]any{"title": title}
	if parent != 0 {
		body["parent_project_id"] = parent
	}
	var w wireProject
	err := c.made(ctx, "/projects", body, &w, &w.ID)
	return w.api(), err
}

// Labels implements api.Server.
func (c *Client) Labels(ctx context.Context) ([]api.Label, error) {
	var out []api.Label
	seen := map[int64]bool{}
	err := list(ctx, c, "/labels", nil, func(w wireLabel) error {
		if w.ID > 0 && !seen[w.ID] {
			seen[w.ID] = true
			out = append(out, w.api())
		}
		return nil
	})
	return out, err
}

// CreateLabel implements api.Server.
func (c *Client) CreateLabel(ctx context.Context, title string) (api.Label, error) {
	var w wireLabel
	err := c.made(ctx, "/labels", map[string]any{"title": title}, &w, &w.ID)
	return w.api(), err
}

// ScanTasks implements api.Server.
func (c *Client) ScanTasks(ctx context.Context, q api.TaskQuery, fn func(api.Task) error) error {
	path, v := "/tasks", url.Values{} // ordered by id, rising, where no order is asked for
	if q.Project != 0 {
		path = fmt.Sprintf("/projects/%d/tasks", q.Project)
	}
	if q.AfterID > 0 {
		v.Set("filter", fmt.Sprintf("id > %d", q.AfterID))
	}
	highest := int64(0)
	return list(ctx, c, path, v, func(w wireTask) error {
		switch {
		case w.ID < highest && w.ID > 0:
			return &api.Error{Kind: api.KindHostile, Method: http.MethodGet, Route: path, Message: "the list is not in order"}
		case w.ID == highest || w.ID <= q.AfterID:
			return nil // a page boundary that moved
		}
		highest = w.ID
		return fn(w.api())
	})
}

// Task implements api.Server.
func (c *Client) Task(ctx context.Context, id int64) (api.Task, error) {
	var w wireTask
	err := c.one(ctx, "/tasks", id, &w, &w.ID)
	return w.api(), err
}

// CreateTask implements api.Server.
func (c *Client) CreateTask(ctx context.Context, in api.TaskInput) (int64, error) {
	body := map[string]any{"title": in.Title}
	text := func(key, val string) {
		if val != "" {
			body[key] = val
		}
	}
	date := func(key string, t time.Time) {
		if !t.IsZero() {
			body[key] = t.UTC().Format(time.RFC3339)
		}
	}
	text("description", in.Description)
	date("due_date", in.Due)
	date("start_date", in.Start)
	date("end_date", in.End)
	if in.Priority != 0 {
		body["priority"] = in.Priority
	}
	if in.Done {
		body["done"] = true
		date("done_at", in.DoneAt)
	}
	var w wireTask
	err := c.made(ctx, fmt.Sprintf("/projects/%d/tasks", in.ProjectID), body, &w, &w.ID)
	return w.ID, err
}

// UpdateTask implements api.Server.
func (c *Client) UpdateTask(ctx context.Context, id int64, p api.TaskPatch) error {
	fields := patchFields(p)
	v, err := c.version(ctx)
	if err != nil || len(fields) == 0 {
		return err
	}
	if v == "/v1" {
		return c.replaceTask(ctx, id, fields)
	}
	err = c.do(ctx, call{method: http.MethodPatch, path: fmt.Sprintf("/v2/tasks/%d", id), body: fields})
	if e, ok := err.(*api.Error); ok && (e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusRequestEntityTooLarge) {
		// v2 sends itself the whole task, and refuses it for what is stored: a label without a title, a megabyte of text
		if c.replaceTask(ctx, id, fields) == nil {
			return nil
		}
	}
	return err
}

// replaceTask is v1's update: the whole task, of which some fields are new.
func (c *Client) replaceTask(ctx context.Context, id int64, fields map[string]any) error {
	path := fmt.Sprintf("/v1/tasks/%d", id)
	var whole map[string]json.RawMessage
	var err error
	k := call{method: http.MethodGet, path: path, out: &whole}
	if err := c.do(ctx, k); err != nil {
		return err
	}
	self := strconv.FormatInt(id, 10)
	if string(whole["id"]) != self {
		return unexpected(k, "the answer is about something else")
	}
	for k, val := range fields {
		if whole[k], err = encode(val); err != nil {
			return err
		}
	}
	whole["id"] = json.RawMessage(self) // the body would win over the address
	return c.do(ctx, call{method: http.MethodPost, path: path, body: whole})
}

func patchFields(p api.TaskPatch) map[string]any {
	out := map[string]any{}
	date := func(key string, t *time.Time) {
		if t == nil {
			return
		}
		out[key] = "0001-01-01T00:00:00Z"
		if !t.IsZero() {
			out[key] = t.UTC().Format(time.RFC3339)
		}
	}
	put(out, "project_id", p.ProjectID)
	put(out, "title", p.Title)
	put(out, "description", p.Description)
	put(out, "done", p.Done)
	put(out, "priority", p.Priority)
	put(out, "repeat_after", p.RepeatAfter)
	put(out, "repeat_mode", p.RepeatMode)
	date("due_date", p.Due)
	date("start_date", p.Start)
	date("end_date", p.End)
	return out
}

func put[T any](m map[string]any, key string, val *T) {
	if val != nil {
		m[key] = *val
	}
}

// DeleteTask implements api.Server.
func (c *Client) DeleteTask(ctx context.Context, id int64) error {
	return c.on(ctx, call{method: http.MethodDelete, path: fmt.Sprintf("/tasks/%d", id)})
}

// AddLabel implements api.Server.
func (c *Client) AddLabel(ctx context.Context, task, label int64) error {
	err := c.on(ctx, call{method: http.MethodPost, path: fmt.Sprintf("/tasks/%d/labels", task), body: map[string]any{"label_id": label}})
	return already(err, 8001)
}

// RemoveLabel implements api.Server.
func (c *Client) RemoveLabel(ctx context.Context, task, label int64) error {
	err := c.on(ctx, call{method: http.MethodDelete, path: fmt.Sprintf("/tasks/%d/labels/%d", task, label)})
	if k := api.KindOf(err); k == api.KindForbidden || k == api.KindNotFound {
		t, e := c.Task(ctx, task)
		if e != nil {
			return e
		}
		for _, l := range t.Labels {
			if l.ID == label {
				return err
			}
		}
		return nil
	}
	return err
}

// already turns "it is so" into success.
func already(err error, code int) error {
	if e, ok := err.(*api.Error); ok && e.Code == code {
		return nil
	}
	return err
}

// Comments implements api.Server.
func (c *Client) Comments(ctx context.Context, task int64) ([]api.Comment, error) {
	var out []api.Comment
	seen := map[int64]bool{}
	err := list(ctx, c, fmt.Sprintf("/tasks/%d/comments", task), nil, func(w wireComment) error {
		if !seen[w.ID] {
			seen[w.ID] = true
			out = append(out, w.api())
		}
		return nil
	})
	return out, err
}

// CreateComment implements api.Server.
func (c *Client) CreateComment(ctx context.Context, task int64, html string) (int64, error) {
	var w wireComment
	err := c.made(ctx, fmt.Sprintf("/tasks/%d/comments", task), map[string]any{"comment": html}, &w, &w.ID)
	return w.ID, err
}

// UpdateComment implements api.Server.
func (c *Client) UpdateComment(ctx context.Context, task, comment int64, html string) error {
	v, err := c.version(ctx)
	if err != nil {
		return err
	}
	method := http.MethodPatch
	if v == "/v1" {
		method = http.MethodPost
	}
	return c.do(ctx, call{method: method, path: fmt.Sprintf("%s/tasks/%d/comments/%d", v, task, comment), body: map[string]any{"comment": html}})
}

// DeleteComment implements api.Server.
func (c *Client) DeleteComment(ctx context.Context, task, comment int64) error {
	return c.on(ctx, call{method: http.MethodDelete, path: fmt.Sprintf("/tasks/%d/comments/%d", task, comment)})
}

// AddRelation implements api.Server.
func (c *Client) AddRelation(ctx context.Context, task, other int64, kind string) error {
	err := c.on(ctx, call{method: http.MethodPost, path: fmt.Sprintf("/tasks/%d/relations", task),
		body: map[string]any{"other_task_id": other, "relation_kind": kind}})
	return already(err, 4008)
}

// RemoveRelation implements api.Server.
func (c *Client) RemoveRelation(ctx context.Context, task, other int64, kind string) error {
	err := c.on(ctx, call{method: http.MethodDelete, path: fmt.Sprintf("/tasks/%d/relations/%s/%d", task, url.PathEscape(kind), other)})
	return already(err, 4009)
}

// Webhooks implements api.Server.
func (c *Client) Webhooks(ctx context.Context, project int64) ([]api.Webhook, error) {
	var out []api.Webhook
	err := list(ctx, c, fmt.Sprintf("/projects/%d/webhooks", project), nil, func(w wireWebhook) error {
		out = append(out, w.api())
		return nil
	})
	return out, err
}

// WebhookEvents implements api.Server.
func (c *Client) WebhookEvents(ctx context.Context) (out []string, err error) {
	err = c.do(ctx, call{method: http.MethodGet, path: "/v1/webhooks/events", out: &out})
	return out, err
}

// CreateWebhook implements api.Server.
func (c *Client) CreateWebhook(ctx context.Context, project int64, h api.Webhook, secret string) (api.Webhook, error) {
	var w wireWebhook
	err := c.on(ctx, call{method: http.MethodPost, path: fmt.Sprintf("/projects/%d/webhooks", project),
		body: map[string]any{"target_url": h.TargetURL, "events": h.Events, "secret": secret}, out: &w})
	return w.api(), err
}

// DeleteWebhook implements api.Server.
func (c *Client) DeleteWebhook(ctx context.Context, project, id int64) error {
	return c.on(ctx, call{method: http.MethodDelete, path: fmt.Sprintf("/projects/%d/webhooks/%d", project, id)})
}

// nobody is an id that no server has given out: writes to it change nothing.
const nobody = 1<<53 - 1

// tooLong is a title that no server stores.
const tooLong = 300

// CheckScopes implements api.Server.
func (c *Client) CheckScopes(ctx context.Context) ([]*api.Error, error) {
	get := func(path string) func() error {
		return func() error { return c.on(ctx, call{method: http.MethodGet, path: path}) }
	}
	none := fmt.Sprintf("/tasks/%d", int64(nobody))
	title := "x"
	probes := []func() error{
		func() error { _, err := c.Me(ctx); return err },
		get("/tasks"), get(none), get("/projects"), get("/labels"), get(none + "/comments"),
		func() error { _, err := c.CreateTask(ctx, api.TaskInput{ProjectID: nobody, Title: title}); return err },
		func() error { return c.UpdateTask(ctx, nobody, api.TaskPatch{Title: &title}) },
		func() error { return c.DeleteTask(ctx, nobody) },
		func() error { return c.AddLabel(ctx, nobody, nobody) },
		func() error { return c.do(ctx, call{method: http.MethodDelete, path: "/v1" + none + "/labels/1"}) },
		func() error { _, err := c.CreateComment(ctx, nobody, title); return err },
		func() error { return c.UpdateComment(ctx, nobody, nobody, title) },
		func() error { return c.DeleteComment(ctx, nobody, nobody) },
		func() error { return c.AddRelation(ctx, nobody, nobody, api.RelationBlocked) },
		func() error { return c.RemoveRelation(ctx, nobody, nobody, api.RelationBlocked) },
		func() error { _, err := c.CreateProject(ctx, title, nobody); return err },
		func() error { _, err := c.CreateLabel(ctx, strings.Repeat(title, tooLong)); return err },
	}
	var missing []*api.Error
	for _, probe := range probes {
		err := probe()
		if e, ok := err.(*api.Error); ok && e.Kind == api.KindUnauthorized {
			missing = append(missing, e)
		} else if k := api.KindOf(err); k == api.KindRateLimited || k == api.KindHostile || (ok && e.Status == 0) {
			return missing, err
		}
	}
	return missing, nil
}

var _ api.Server = (*Client)(nil)
