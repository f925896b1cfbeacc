package fake

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
)

// Every project is made with four views, and the last of them with three
// buckets, so their ids follow from the project's.
const (
	listView = iota + 1
	ganttView
	tableView
	boardView
)

var bucketNames = []string{"To-Do", "Doing", "Done"}

func viewID(project int64, kind int) int64 { return 4*(project-1) + int64(kind) }

func firstBucket(project int64) int64 { return 3*(project-1) + 1 }

// bucket is where a task lies on its project's board.
func (s *Server) bucket(t *Task) int64 {
	first := firstBucket(t.ProjectID)
	switch {
	case t.Done:
		return first + 2
	case t.Bucket > first && t.Bucket < first+2:
		return t.Bucket
	}
	return first
}

// views are the four of a project.
func (q *request) views(project int64) []any {
	var out []any
	for i, kind := range []string{"list", "gantt", "table", "kanban"} {
		at := q.when(q.h.Began)
		v := fields{"id": viewID(project, i+1), "title": strings.ToUpper(kind[:1]) + kind[1:], "project_id": project, "view_kind": kind, "filter": nil,
			"position": 100 * (i + 1), "bucket_configuration_mode": "none", "bucket_configuration": nil, "default_bucket_id": 0, "done_bucket_id": 0,
			"created": at, "updated": at}
		switch i + 1 {
		case listView:
			v["filter"] = fields{"s": "", "sort_by": nil, "order_by": nil, "filter": "done = false", "filter_include_nulls": false}
		case boardView:
			v["bucket_configuration_mode"], v["default_bucket_id"], v["done_bucket_id"] = "manual", firstBucket(project), firstBucket(project)+2
		}
		out = append(out, v)
	}
	return out
}

func (q *request) bucketJSON(project, id int64) fields {
	n := id - firstBucket(project)
	return fields{"id": id, "title": bucketNames[n], "project_view_id": viewID(project, boardView), "limit": 0, "count": 0,
		"position": 100 * (n + 1), "created": q.when(q.h.Began), "updated": q.when(q.h.Began), "created_by": nil}
}

// viewTasks lists a project through a view: the list leaves done tasks out.
func (q *request) viewTasks(keep func(api.Task) bool) func(api.Task) bool {
	if len(q.ids) < 2 || q.ids[1] != viewID(q.ids[0], listView) {
		return keep
	}
	return func(t api.Task) bool { return !t.Done && keep(t) }
}

// toBucket moves a task on the board. Into and out of Done it changes the
// task, elsewhere not even its stamp.
func (q *request) toBucket() (int, any) {
	s, project, bucket := q.h.Server, q.ids[0], q.ids[2]
	task := q.int("task_id")
	s.Mu.Lock()
	t, err := s.editable(task)
	if n := bucket - firstBucket(project); err == nil && (n < 0 || n > 2 || t.ProjectID != project) {
		s.Mu.Unlock()
		return q.problem(404, 10001, "This bucket does not exist.")
	}
	s.Mu.Unlock()
	if err != nil {
		return q.answer(0, nil, err)
	}
	t.Bucket = bucket
	s.Writes++
	if done := bucket == firstBucket(project)+2; done != t.Done {
		if err := s.UpdateTask(noContext, task, api.TaskPatch{Done: &done}); err != nil {
			return q.answer(0, nil, err)
		}
	}
	_, shown := q.task(task)
	out := q.bucketJSON(project, bucket)
	for _, other := range s.TaskM {
		if other.ProjectID == project && s.bucket(other) == bucket {
			out["count"] = out["count"].(int) + 1
		}
	}
	return 200, fields{"bucket_id": bucket, "bucket": out, "task_id": task, "project_view_id": viewID(project, boardView), "task": shown}
}

// expand adds what a read asks for beside the task.
func (q *request) expand(out fields, t *Task) {
	for _, what := range q.q["expand"] {
		switch what {
		case "buckets":
			out["buckets"] = []any{q.bucketJSON(t.ProjectID, q.h.bucket(t))}
		case "comment_count":
			out["comment_count"] = len(t.Notes)
		case "comments":
			out["comments"] = mapAll(t.Notes, q.commentJSON)
		}
	}
}

// subscription of the account to a task. Whoever is made an assignee gets one.
type subscription struct {
	ID     int64     `json:"id"`
	Entity string    `json:"entity"`
	Task   int64     `json:"entity_id"`
	At     time.Time `json:"created"`
}

func (s *Server) subscribe(t *Task) *subscription {
	if t.Subscription == nil {
		b, _ := json.Marshal(subscription{s.next(), "task", t.ID, s.now()})
		t.Subscription = b
	}
	var out subscription
	json.Unmarshal(t.Subscription, &out)
	return &out
}

// duplicate copies a task with its labels.
func (q *request) duplicate() (int, any) {
	s := q.h.Server
	s.Mu.Lock()
	t, err := s.editable(q.ids[0])
	s.Mu.Unlock()
	if err != nil {
		return q.answer(0, nil, err)
	}
	id, err := s.CreateTask(noContext, api.TaskInput{ProjectID: t.ProjectID, Title: t.Title, Description: t.Description,
		Due: t.Due, Start: t.Start, End: t.End, Priority: t.Priority})
	if err != nil {
		return q.answer(0, nil, err)
	}
	c := s.TaskM[id]
	c.LabelIDs = slices.Clone(t.LabelIDs)
	c.relate("copiedfrom", t.ID)
	t.relate("copiedto", id)
	_, out := q.task(id)
	return 201, fields{"duplicated_task": out}
}

// filter is a saved one; it shows as a pseudo project.
type filter struct {
	id          int64
	title, text string
}

func (q *request) saveFilter() (int, any) {
	var in struct{ Filter string }
	json.Unmarshal(q.body["filters"], &in)
	f := filter{int64(len(q.h.Filters) + 1), q.str("title"), in.Filter}
	q.h.Filters = append(q.h.Filters, f)
	return 201, fields{"id": f.id, "title": f.title, "description": "", "owner": nil, "is_favorite": false,
		"filters": fields{"s": "", "sort_by": nil, "order_by": nil, "filter": f.text, "filter_include_nulls": false},
		"created": q.when(q.h.now()), "updated": q.when(q.h.now())}
}

// pseudo are the projects that are on every page: -1 as soon as a favourite
// exists, and from -2 down the saved filters.
func (q *request) pseudo() (out []any) {
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	if slices.ContainsFunc(sorted(q.h.TaskM), favourite) {
		p := q.projectJSON(api.Project{ID: -1, Title: "Favorites", Created: q.h.now(), Updated: q.h.now()})
		p["description"], p["is_favorite"], p["owner"], p["max_permission"], p["position"] = "This project has all tasks marked as favorites.", true, nil, nil, -1
		out = append(out, p)
	}
	for _, f := range q.h.Filters {
		p := q.projectJSON(api.Project{ID: -1 - f.id, Title: f.title, OwnerID: q.h.MeUser.ID, Created: q.h.now(), Updated: q.h.now()})
		p["max_permission"], p["position"] = nil, 0
		out = append(out, p)
	}
	return out
}

func favourite(t *Task) bool { return string(t.Extra["is_favorite"]) == "true" }

func sorted(m map[int64]*Task) (out []*Task) {
	for _, t := range m {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *Task) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// position of a project: its place at first, and after a replacing update,
// which names none, an even share of the space among its siblings.
func (s *Server) position(id int64) float64 {
	if m := s.more(id); m.Position != 0 {
		return m.Position
	}
	return float64(id) * 65536
}

func (s *Server) spread(parent, first int64) {
	var ids []int64
	for id, p := range s.ProjectM {
		if p.Parent == parent && id != first {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b int64) int { return cmp.Or(cmp.Compare(s.position(a), s.position(b)), cmp.Compare(a, b)) })
	ids = append([]int64{first}, ids...)
	for i, id := range ids {
		s.more(id).Position = (1 << 32) / float64(len(ids)) * float64(i+1)
	}
}

// serveViews has the routes of views, marks and copies; status 0 means none.
func (q *request) serveViews(route string) (int, any) {
	s := q.h.Server
	switch {
	case route == "POST /projects/#/views/#/buckets/#/tasks" && !q.v2, route == "PUT /projects/#/views/#/buckets/#/tasks" && q.v2:
		return q.toBucket()
	case route == "GET /projects/#/views":
		if s.access(q.ids[0]) < read || s.ProjectM[q.ids[0]] == nil {
			return q.problem(403, 0, "You don't have the permission to see this")
		}
		return 200, q.views(q.ids[0])
	case route == "POST /tasks/#/position":
		return 200, fields{"task_id": q.ids[0], "project_view_id": q.int("project_view_id"), "position": q.body["position"]}
	case route == "POST /tasks/#/read":
		return 200, fields{"TaskID": q.ids[0], "UserID": 0}
	case route == "PUT /tasks/#/duplicate":
		return q.duplicate()
	case route == "PUT /filters":
		return q.saveFilter()
	case strings.HasPrefix(route, "PUT /subscriptions/task/"):
		s.Mu.Lock()
		defer s.Mu.Unlock()
		t, err := s.find(q.ids[0])
		if err != nil {
			return q.answer(0, nil, err)
		}
		sub := s.subscribe(t)
		return 201, fields{"id": sub.ID, "entity": sub.Entity, "entity_id": sub.Task, "created": q.when(sub.At)}
	}
	return 0, nil
}
