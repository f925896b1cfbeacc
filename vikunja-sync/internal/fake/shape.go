package fake

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
)

// More is what a project has beside the fields of the sync.
type More struct {
	Description string
	Identifier  string
	Color       string
	Favorite    bool
	LastIndex   int64 // of its tasks; never used again
	Position    float64
}

func (s *Server) more(project int64) *More {
	if s.More[project] == nil {
		s.More[project] = &More{}
	}
	return s.More[project]
}

func (s *Server) nextIndex(project int64) int64 {
	m := s.more(project)
	m.LastIndex++
	return m.LastIndex
}

// inverse names the other end of each kind of relation.
var inverse = map[string]string{"subtask": "parenttask", "parenttask": "subtask", "related": "related", "duplicateof": "duplicates",
	"duplicates": "duplicateof", "blocking": "blocked", "blocked": "blocking", "precedes": "follows", "follows": "precedes",
	"copiedfrom": "copiedto", "copiedto": "copiedfrom"}

// blocking lists for each task those that wait for it. Mu is held.
func (s *Server) blocking() map[int64][]int64 {
	out := map[int64][]int64{}
	for id, t := range s.TaskM {
		for _, other := range t.Blocked {
			out[other] = append(out[other], id)
		}
	}
	for _, l := range out {
		slices.Sort(l)
	}
	return out
}

// related lists the other ends of a task's relations. Mu is held.
func (s *Server) related(t *Task, blocking map[int64][]int64) map[string][]int64 {
	out := map[string][]int64{}
	for k, l := range t.Related {
		out[k] = slices.Clone(l)
	}
	out["blocked"] = slices.Clone(t.Blocked)
	out["blocking"] = blocking[t.ID]
	for k, l := range out {
		if out[k] = slices.DeleteFunc(l, func(id int64) bool { return s.TaskM[id] == nil }); len(out[k]) == 0 {
			delete(out, k)
		}
	}
	return out
}

// problem is an error in the version's shape; code 0 stands in v1 bodies only.
func (q *request) problem(status, code int, message string, rest ...any) (int, any) {
	if q.v2 {
		out := fields{"title": http.StatusText(status), "status": status, "detail": message}
		if code != 0 {
			out["code"] = code
		}
		if len(rest) > 0 {
			out["errors"] = rest
		}
		return status, out
	}
	return status, fields{"code": code, "message": message}
}

// invalid refuses a field as v1's validation does.
func invalid(field string) (int, any) {
	return 412, fields{"code": 2002, "message": "Invalid Data", "invalid_fields": []string{field}}
}

var messages = map[int]string{
	3001: "This project does not exist.",
	3008: "This project is archived. Editing or creating new tasks is not possible.",
	4002: "This task does not exist",
	4010: "You cannot relate a task with itself",
	4015: "This task comment does not exist",
	8002: "This label does not exist.",
}

// typed is what the fields of a task's body must parse as.
type typed struct {
	Title       *string    `json:"title"`
	Description *string    `json:"description"`
	Done        *bool      `json:"done"`
	DoneAt      *time.Time `json:"done_at"`
	Due         *time.Time `json:"due_date"`
	Start       *time.Time `json:"start_date"`
	End         *time.Time `json:"end_date"`
	Priority    *int64     `json:"priority"`
	Percent     *float64   `json:"percent_done"`
	RepeatAfter *int64     `json:"repeat_after"`
	RepeatMode  *int64     `json:"repeat_mode"`
	Project     *int64     `json:"project_id"`
	Color       *string    `json:"hex_color"`
	Favorite    *bool      `json:"is_favorite"`
	Index       *int64     `json:"index"`
	Reminders   []reminder `json:"reminders"`
}

type reminder struct {
	At       time.Time `json:"reminder"`
	Period   int64     `json:"relative_period"`
	Relative string    `json:"relative_to"`
}

// check refuses a task's body that does not parse or is out of range.
func (q *request) check() (int, any) {
	var b typed
	raw, _ := json.Marshal(q.body)
	if json.Unmarshal(raw, &b) != nil {
		return q.problem(400, 2004, "Invalid model provided: Bad Request")
	}
	if b.Color != nil && len(*b.Color) > 7 {
		return invalid("hex_color: " + *b.Color + " does not validate as runelength(0|7)")
	}
	if b.RepeatAfter != nil && *b.RepeatAfter < 0 {
		return invalid(fmt.Sprintf("repeat_after: %d does not validate as range(0|9223372036854775807)", *b.RepeatAfter))
	}
	for _, r := range b.Reminders {
		if r.Period != 0 && !slices.Contains([]string{"due_date", "start_date", "end_date"}, r.Relative) {
			return q.problem(400, 4022, "Please provide what the reminder date is relative to")
		}
	}
	return 0, nil
}

// extras are the keys of a task that the sync never touches.
var extras = map[string]any{"reminders": nil, "assignees": nil, "hex_color": "", "is_favorite": false}

// keep stores the extras that the body names and, with wipe, drops the others.
func (q *request) keep(t *Task, wipe bool) {
	if t.Extra == nil {
		t.Extra = map[string]json.RawMessage{}
	}
	if wipe {
		for key := range t.Extra {
			if _, ok := q.body[key]; !ok {
				delete(t.Extra, key)
			}
		}
	}
	for key := range extras {
		if raw, ok := q.body[key]; ok {
			t.Extra[key] = raw
		}
	}
	if _, ok := q.body["hex_color"]; ok {
		t.Extra["hex_color"], _ = json.Marshal(strings.TrimPrefix(q.str("hex_color"), "#"))
	}
	if _, ok := q.body["percent_done"]; ok || wipe {
		t.Percent = 0
		json.Unmarshal(q.body["percent_done"], &t.Percent)
	}
	if string(t.Extra["hex_color"]) == `""` {
		delete(t.Extra, "hex_color")
	}
	if string(t.Extra["is_favorite"]) == "false" {
		delete(t.Extra, "is_favorite")
	}
	if q.h.people(t); t.Extra["assignees"] != nil {
		q.h.subscribe(t)
	}
	remind(t)
}

// person is an assignee as stored.
type person struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
}

// people stores who the assignees are.
func (s *Server) people(t *Task) {
	var us []person
	if json.Unmarshal(t.Extra["assignees"], &us) != nil || len(us) == 0 {
		delete(t.Extra, "assignees")
		return
	}
	for i, u := range us {
		us[i].Username, _ = s.userJSON(u.ID)["username"].(string)
	}
	t.Extra["assignees"], _ = json.Marshal(us)
}

// remind puts relative reminders where their date is; of two at one instant
// the first stays.
func remind(t *Task) {
	var rs []reminder
	if json.Unmarshal(t.Extra["reminders"], &rs) != nil || len(rs) == 0 {
		delete(t.Extra, "reminders")
		return
	}
	dates := map[string]time.Time{"due_date": t.Due, "start_date": t.Start, "end_date": t.End}
	for i, r := range rs {
		if at := dates[r.Relative]; !at.IsZero() {
			rs[i].At = at.Add(time.Duration(r.Period) * time.Second)
		}
		rs[i].At = rs[i].At.UTC().Truncate(time.Second)
	}
	slices.SortStableFunc(rs, func(a, b reminder) int { return a.At.Compare(b.At) })
	for i, r := range rs { // after the sorting: those without their date keep their place
		if at, ok := dates[r.Relative]; ok && at.IsZero() {
			rs[i].At = time.Time{}
		}
	}
	rs = slices.CompactFunc(rs, func(a, b reminder) bool { return a.At.Equal(b.At) })
	t.Extra["reminders"], _ = json.Marshal(rs)
}

// inOrder are reminders as reads show them.
func inOrder(raw json.RawMessage) json.RawMessage {
	var rs []reminder
	if json.Unmarshal(raw, &rs) != nil {
		return raw
	}
	slices.SortStableFunc(rs, func(a, b reminder) int { return a.At.Compare(b.At) })
	out, _ := json.Marshal(rs)
	return out
}

func (s *Server) userJSON(id int64) fields {
	u := s.Users[id]
	if u == nil {
		u = &User{ID: id, Username: fmt.Sprint("user", id), Since: s.Began}
	}
	at := u.Since.Format(time.RFC3339)
	out := fields{"id": id, "name": u.Name, "username": u.Username, "created": at, "updated": at}
	if u.Owner != 0 {
		out["bot_owner_id"] = u.Owner
	}
	return out
}

// taskJSON is a task as reads show it. Mu is held.
func (q *request) taskJSON(t *api.Task, stored *Task) fields {
	out := q.short(t, stored)
	if len(t.Labels) > 0 {
		out["labels"] = mapAll(t.Labels, q.labelJSON)
	}
	related := fields{}
	if stored != nil {
		if raw, ok := stored.Extra["reminders"]; ok {
			out["reminders"] = inOrder(raw)
		}
		var us []person
		if json.Unmarshal(stored.Extra["assignees"], &us) == nil && len(us) > 0 {
			out["assignees"] = mapAll(us, func(u person) fields { return q.h.userJSON(u.ID) })
		}
		out["identifier"] = q.identifier(stored)
		if q.blocking == nil {
			q.blocking = q.h.blocking()
		}
		for kind, ids := range q.h.related(stored, q.blocking) {
			var others []fields
			for _, id := range ids {
				o := q.short(&q.h.TaskM[id].Task, q.h.TaskM[id])
				o["reminders"], o["assignees"] = nil, nil
				others = append(others, o)
			}
			related[kind] = others
		}
		if stored.Subscription != nil && len(q.ids) > 0 {
			out["subscription"] = stored.Subscription
		}
	}
	out["related_tasks"] = related
	out["created_by"] = q.h.userJSON(t.CreatedBy)
	return out
}

func (q *request) identifier(t *Task) string {
	if m := q.h.more(t.ProjectID); m.Identifier != "" {
		return fmt.Sprintf("%s-%d", m.Identifier, t.Index)
	}
	return fmt.Sprintf("#%d", t.Index)
}

// short is a task as relations of others show it.
func (q *request) short(t *api.Task, stored *Task) fields {
	out := fields{"id": t.ID, "title": t.Title, "description": t.Description, "done": t.Done, "done_at": q.when(t.DoneAt),
		"due_date": q.when(t.Due), "start_date": q.when(t.Start), "end_date": q.when(t.End), "priority": t.Priority,
		"project_id": t.ProjectID, "repeat_after": t.RepeatAfter, "repeat_mode": t.RepeatMode, "labels": nil,
		"created": q.when(t.Created), "updated": q.when(t.Updated), "created_by": nil, "percent_done": t.Percent,
		"related_tasks": nil, "identifier": "", "index": int64(0), "attachments": nil, "cover_image_attachment_id": 0,
		"bucket_id": 0, "position": 0, "reactions": nil}
	maps.Copy(out, extras)
	if stored != nil {
		out["index"] = stored.Index
		for k, v := range stored.Extra {
			out[k] = v
		}
	}
	return out
}

// echo is a task as the answer to a change shows it: without what hangs on it,
// but for what the body said itself. assigned tells whether the task had
// assignees before.
func (q *request) echo(t *Task, assigned bool) fields {
	out := q.short(&t.Task, t)
	out["created"] = q.when(time.Time{})
	if out["assignees"] == nil && !assigned {
		out["assignees"] = []any{}
	}
	for _, key := range []string{"created", "created_by", "labels", "related_tasks", "identifier", "assignees", "subscription"} {
		raw, ok := q.body[key]
		switch {
		case !ok || q.v2 || string(raw) == "null":
		case key == "labels":
			out[key] = whole[labelEcho](raw)
		case key == "assignees":
			out[key] = whole[userEcho](raw)
		default:
			out[key] = raw
		}
	}
	return out
}

// An echo has all keys of what a body said in part.
type (
	userEcho struct {
		ID       int64     `json:"id"`
		Name     string    `json:"name"`
		Username string    `json:"username"`
		Created  time.Time `json:"created"`
		Updated  time.Time `json:"updated"`
	}
	labelEcho struct {
		ID          int64     `json:"id"`
		Title       string    `json:"title"`
		Description string    `json:"description"`
		Color       string    `json:"hex_color"`
		By          *userEcho `json:"created_by"`
		Created     time.Time `json:"created"`
		Updated     time.Time `json:"updated"`
	}
)

func whole[T any](raw json.RawMessage) []T {
	var out []T
	json.Unmarshal(raw, &out)
	return out
}

func (q *request) projectJSON(p api.Project) fields {
	m := q.h.more(p.ID)
	var views []any
	if p.ID > 0 {
		views = q.views(p.ID)
	}
	return fields{"id": p.ID, "title": p.Title, "parent_project_id": p.Parent, "is_archived": p.Archived, "owner": q.h.userJSON(p.OwnerID),
		"description": m.Description, "identifier": m.Identifier, "hex_color": m.Color, "is_favorite": m.Favorite,
		"background_information": nil, "background_blur_hash": "", "position": q.h.position(p.ID), "max_permission": 0,
		"created": q.when(p.Created), "updated": q.when(p.Updated), "views": views}
}

func (q *request) labelJSON(l api.Label) fields {
	m := q.h.LabelMore[l.ID]
	at := m.At
	if at.IsZero() {
		at = q.h.Began
	}
	return fields{"id": l.ID, "title": l.Title, "description": m.Description, "hex_color": m.Color,
		"created_by": q.h.userJSON(l.OwnerID), "created": q.when(at), "updated": q.when(at)}
}

func (q *request) commentJSON(c api.Comment) fields {
	author := q.h.userJSON(c.AuthorID)
	author["username"] = c.Author
	return fields{"id": c.ID, "comment": c.Text, "author": author, "reactions": nil, "created": q.when(c.Created), "updated": q.when(c.Updated)}
}

func (q *request) webhookJSON(w api.Webhook) fields {
	at := q.when(q.h.now())
	return fields{"id": w.ID, "project_id": w.ProjectID, "target_url": w.TargetURL, "events": w.Events, "secret": "", "user_id": 0,
		"basic_auth_user": "", "basic_auth_password": "", "created_by": q.h.userJSON(q.h.HookBy[w.ID]), "created": at, "updated": at}
}
