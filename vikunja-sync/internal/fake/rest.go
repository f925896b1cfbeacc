package fake

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
)

var relation = regexp.MustCompile(`^DELETE /tasks/#/relations/([a-z]+)/#$`)

// touches reports whether the body names something that makes a PATCH write
// although no field of the sync changes.
func (q *request) touches(t *Task) bool {
	for key, raw := range q.body {
		switch key {
		case "project_id":
			if string(raw) == "0" {
				return true
			}
		case "labels", "related_tasks":
			return len(t.LabelIDs) > 0 || string(raw) != "[]"
		case "reminders", "assignees", "hex_color", "is_favorite":
			return string(t.Extra[key]) != string(raw)
		case "percent_done":
			var n float64
			json.Unmarshal(raw, &n)
			return n != t.Percent
		}
	}
	return false
}

// relate adds a relation of any kind.
func (q *request) relate() (int, any) {
	s, kind, other := q.h.Server, q.str("relation_kind"), q.int("other_task_id")
	task := q.ids[0]
	out := fields{"task_id": task, "other_task_id": other, "relation_kind": kind, "created_by": s.userJSON(s.MeUser.ID), "created": q.when(s.now())}
	s.Mu.Lock()
	t, u := s.TaskM[task], s.TaskM[other]
	known := inverse[kind] != ""
	exists := t != nil && slices.Contains(s.related(t, s.blocking())[kind], other)
	cycle := t != nil && strings.HasSuffix(kind, "task") && slices.Contains(s.related(t, s.blocking())[inverse[kind]], other)
	s.Mu.Unlock()
	switch {
	case !known:
		return q.problem(400, 4007, "The task relation is invalid.")
	case task == other:
		return q.problem(400, 4010, messages[4010])
	case exists:
		return q.problem(409, 4008, "The task relation already exists.")
	case cycle:
		return q.problem(409, 4023, "This task relation would create a cycle.")
	case kind == "blocked":
		return q.answer(201, out, s.AddRelation(noContext, task, other, kind))
	case kind == "blocking":
		return q.answer(201, out, s.fromHere(task, other, func() error { return s.AddRelation(noContext, other, task, "blocked") }))
	}
	err := s.write("add relation", func() error {
		if _, err := s.editable(task); err != nil {
			return err
		}
		if _, err := s.find(other); err != nil {
			return err
		}
		t.relate(kind, other)
		u.relate(inverse[kind], task)
		t.Updated = s.now()
		return nil
	})
	return q.answer(201, out, err)
}

// fromHere makes a change at the other end count as one of this task.
func (s *Server) fromHere(task, other int64, fn func() error) error {
	s.Mu.Lock()
	t, o := s.TaskM[task], s.TaskM[other]
	if t == nil || o == nil {
		s.Mu.Unlock()
		return fail(api.KindNotFound, 404, 4002, "tasks", other)
	}
	before := o.Updated
	s.Mu.Unlock()
	err := fn()
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if err == nil {
		t.Updated, o.Updated = o.Updated, before
	}
	return err
}

func (t *Task) relate(kind string, other int64) {
	if t.Related == nil {
		t.Related = map[string][]int64{}
	}
	t.Related[kind] = append(t.Related[kind], other)
	slices.Sort(t.Related[kind])
}

func (t *Task) unrelate(kind string, other int64) {
	t.Related[kind] = slices.DeleteFunc(t.Related[kind], func(id int64) bool { return id == other })
}

// unrelate removes a relation from either side.
func (q *request) unrelate(kind string) (int, any) {
	s, task, other := q.h.Server, q.ids[0], q.ids[1]
	s.Mu.Lock()
	t := s.TaskM[task]
	exists := t != nil && slices.Contains(s.related(t, s.blocking())[kind], other)
	s.Mu.Unlock()
	switch {
	case t != nil && !exists:
		return q.problem(404, 4009, "The task relation does not exist.")
	case kind == "blocked":
		return q.gone(s.RemoveRelation(noContext, task, other, kind))
	case kind == "blocking":
		return q.gone(s.fromHere(task, other, func() error { return s.RemoveRelation(noContext, other, task, "blocked") }))
	}
	return q.gone(s.write("remove relation", func() error {
		if _, err := s.editable(task); err != nil {
			return err
		}
		t.unrelate(kind, other)
		s.TaskM[other].unrelate(inverse[kind], task)
		t.Updated = s.now()
		return nil
	}))
}

// serveRest answers what the sync does not call; status 0 means no such route.
func (q *request) serveRest(head http.Header, route string) (int, any) {
	if status, out := q.serveProjects(head, q.route); status != 0 {
		return status, out
	}
	if status, out := q.serveAccounts(head, route); status != 0 {
		return status, out
	}
	if status, out := q.serveViews(q.route); status != 0 {
		return status, out
	}
	s := q.h.Server
	switch route {
	case "GET /labels/#", "POST /labels/#", "PATCH /labels/#", "PUT /labels/#", "DELETE /labels/#":
		return q.label(route)
	case "GET /tasks/#/labels":
		t, err := s.Task(noContext, q.ids[0])
		return q.page(head, mapAll(t.Labels, q.labelJSON), err)
	case "POST /tasks/#/labels/bulk", "PUT /tasks/#/labels/bulk":
		if q.v2 && !strings.HasPrefix(q.method, "PUT") {
			return 405, fields{"message": "Method Not Allowed"}
		}
		return q.bulkLabels()
	case "POST /projects/#/webhooks/#":
		return q.changeWebhook()
	case "PUT /tasks/#/assignees", "DELETE /tasks/#/assignees/#":
		return q.assign()
	case "POST /tasks/bulk":
		return q.bulkTasks()
	case "PUT /projects/#/tasks/bulk":
		return q.createMany()
	case "GET /projects/#/tasks/by-index/#":
		return q.byIndex()
	case "GET /tasks/#/comments/#":
		cs, err := s.Comments(noContext, q.ids[0])
		for _, c := range cs {
			if c.ID == q.ids[1] {
				return 200, q.oneComment(c)
			}
		}
		if err == nil {
			return q.problem(404, 4015, messages[4015])
		}
		return q.answer(0, nil, err)
	case "GET /user/settings/webhooks", "GET /user/settings/webhooks/events", "PUT /user/settings/webhooks":
		return q.userWebhooks(route)
	}
	return 0, nil
}

func (q *request) label(route string) (int, any) {
	s, id := q.h.Server, q.ids[0]
	s.Mu.Lock()
	defer s.Mu.Unlock()
	l := s.LabelM[id]
	switch {
	case l == nil:
		return q.problem(404, 8002, messages[8002])
	case strings.HasPrefix(route, "GET"):
		out := q.labelJSON(*l)
		if q.v2 {
			out["max_permission"] = 2
		}
		return 200, out
	case l.OwnerID != s.MeUser.ID:
		return q.problem(403, 0, "Forbidden")
	case strings.HasPrefix(route, "DELETE"):
		delete(s.LabelM, id)
		return q.gone(nil)
	}
	more := s.LabelMore[id]
	if !strings.HasPrefix(route, "PATCH") {
		more.Color, more.Description = "", ""
	}
	q.labelMore(&more)
	if _, ok := q.body["title"]; ok {
		l.Title = q.str("title")
	}
	s.LabelMore[id] = more
	return 200, q.labelJSON(*l)
}

func (q *request) labelMore(m *LabelMore) {
	if _, ok := q.body["hex_color"]; ok {
		m.Color = q.str("hex_color")
	}
	if _, ok := q.body["description"]; ok {
		m.Description = q.str("description")
	}
}

// seedTask stores a task as an answer showed it.
func (s *Server) seedTask(raw json.RawMessage) {
	var in struct {
		typed
		ID        int64
		Created   time.Time
		Updated   time.Time
		CreatedBy struct{ ID int64 } `json:"created_by"`
		Labels    []struct{ ID int64 }
		Related   map[string][]struct{ ID int64 } `json:"related_tasks"`
		Sub       json.RawMessage                 `json:"subscription"`
	}
	if json.Unmarshal(raw, &in) != nil {
		return
	}
	t := &Task{Task: api.Task{ID: in.ID, ProjectID: *in.Project, Title: *in.Title, Description: *in.Description, Done: *in.Done, DoneAt: null(*in.DoneAt),
		Due: null(*in.Due), Start: null(*in.Start), End: null(*in.End), Priority: *in.Priority, Percent: *in.Percent, RepeatAfter: *in.RepeatAfter,
		RepeatMode: *in.RepeatMode, Created: in.Created, Updated: in.Updated, CreatedBy: max(in.CreatedBy.ID, 1)},
		Index: *in.Index, Subscription: in.Sub, Extra: map[string]json.RawMessage{}}
	var all map[string]json.RawMessage
	json.Unmarshal(raw, &all)
	for key := range extras {
		if text := string(all[key]); text != "null" && text != "[]" && text != "false" && text != `""` {
			t.Extra[key] = all[key]
		}
	}
	for _, l := range in.Labels {
		t.LabelIDs = append(t.LabelIDs, l.ID)
	}
	for kind, others := range in.Related {
		for _, o := range others {
			if kind == "blocked" {
				t.Blocked = append(t.Blocked, o.ID)
			} else if kind != "blocking" {
				t.relate(kind, o.ID)
			}
		}
	}
	s.TaskM[t.ID] = t
}

func null(t time.Time) time.Time {
	if t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}

// seedProject stores a project as an answer showed it.
func (s *Server) seedProject(raw json.RawMessage) {
	var in struct {
		ID          int64
		Title       string
		Description string
		Identifier  string
		Color       string `json:"hex_color"`
		Favorite    bool   `json:"is_favorite"`
		Archived    bool   `json:"is_archived"`
		Parent      int64  `json:"parent_project_id"`
		Position    float64
		Owner       struct{ ID int64 }
		Created     time.Time
		Updated     time.Time
	}
	if json.Unmarshal(raw, &in) != nil {
		return
	}
	s.ProjectM[in.ID] = &api.Project{ID: in.ID, Title: in.Title, Parent: in.Parent, Archived: in.Archived, OwnerID: in.Owner.ID, Created: in.Created, Updated: in.Updated}
	m := s.more(in.ID)
	m.Description, m.Identifier, m.Color, m.Favorite, m.Position = in.Description, in.Identifier, in.Color, in.Favorite, in.Position
}

// oneComment is a comment on its own, the only place that shows the email.
func (q *request) oneComment(c api.Comment) fields {
	out := q.commentJSON(c)
	if u := q.h.Users[c.AuthorID]; u != nil && u.Email != "" {
		out["author"].(fields)["email"] = u.Email
	}
	return out
}
