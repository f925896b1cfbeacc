package fake

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
)

func (q *request) tasks(head http.Header) (int, any) {
	query := api.TaskQuery{}
	if len(q.ids) > 0 {
		query.Project = q.ids[0]
		switch {
		case query.Project == -1: // the favourites
			query.Project = 0
		case q.h.hidden(query.Project):
			return q.problem(403, 7003, "This user does not have access to the project.")
		case q.h.ProjectM[query.Project] == nil:
			return q.problem(404, 3001, messages[3001])
		}
	}
	keep, status, out := q.wanted()
	if status != 0 {
		return status, out
	}
	all := []any{}
	err := q.h.ScanTasks(noContext, query, func(t api.Task) error {
		if keep(t) {
			all = append(all, t)
		}
		return nil
	})
	if strings.Contains(q.route, "/views/") {
		slices.Reverse(all) // a new task comes first in a view
	}
	if q.q.Get("sort_by") == "updated" {
		slices.SortStableFunc(all, func(a, b any) int { return b.(api.Task).Updated.Compare(a.(api.Task).Updated) })
	}
	status, out = q.page(head, all, err)
	q.render(out)
	return status, out
}

// wanted is which tasks a list is asked for: by filter, view and search.
func (q *request) wanted() (func(api.Task) bool, int, any) {
	keep := func(api.Task) bool { return true }
	if f := q.q.Get("filter"); f != "" {
		match, status, out := q.matches(f)
		if status != 0 {
			return nil, status, out
		}
		keep = match
	}
	keep = q.viewTasks(keep)
	if len(q.ids) > 0 && q.ids[0] == -1 {
		keep = func(t api.Task) bool { return favourite(q.h.TaskM[t.ID]) }
	}
	search := strings.ToLower(cmp.Or(q.q.Get("s"), q.q.Get("q")))
	return func(t api.Task) bool { return keep(t) && strings.Contains(strings.ToLower(t.Title), search) }, 0, nil
}

// render turns the tasks of a page, and no others, into what is shown.
func (q *request) render(page any) {
	items, _ := page.([]any)
	if m, ok := page.(fields); ok {
		items, _ = m["items"].([]any)
	}
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	for i := range items {
		t := items[i].(api.Task)
		items[i] = q.taskJSON(&t, q.h.TaskM[t.ID])
	}
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
		out["max_permission"] = int(q.h.access(t.ProjectID))
	}
	q.expand(out, q.h.TaskM[id])
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
	if p.Title != nil && *p.Title == "" {
		p.Title = nil // is not written
	}
	fill(&p.Description, &empty)
	fill(&p.Done, &no)
	fill(&p.Priority, &zero)
	fill(&p.RepeatAfter, &zero)
	fill(&p.RepeatMode, &zero)
	fill(&p.Due, &never)
	fill(&p.Start, &never)
	fill(&p.End, &never)
	assigned, wasDone := q.prepare(id, p, true), q.h.TaskM[id] != nil && q.h.TaskM[id].Done
	if err := q.h.UpdateTask(noContext, id, p); err != nil {
		return q.answer(0, nil, err)
	}
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	t := q.h.TaskM[id]
	out := q.echo(t, assigned)
	if raw, ok := q.body["done_at"]; ok && wasDone && t.Done {
		out["done_at"] = raw // said and not stored
	}
	return 200, out
}

// project is where a patch takes a task.
func project(p api.TaskPatch, t *Task) int64 {
	if p.ProjectID != nil {
		return *p.ProjectID
	}
	return t.ProjectID
}

// prepare stores what an update says beside the fields of the sync, so that
// rolling a repeating task over finds it, and tells whether there were
// assignees before. An update that will be refused stores nothing.
func (q *request) prepare(id int64, p api.TaskPatch, wipe bool) bool {
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	t, err := q.h.editable(id)
	if err != nil || (p.ProjectID != nil && q.h.ProjectM[*p.ProjectID] == nil) {
		return false
	}
	assigned := t.Extra["assignees"] != nil
	after := *t // relative reminders go by the new dates
	set(&after.Due, p.Due)
	set(&after.Start, p.Start)
	set(&after.End, p.End)
	q.keep(&after, wipe)
	t.Extra, t.Percent, t.Subscription = after.Extra, after.Percent, after.Subscription
	return assigned
}

func fill[T any](dst **T, val *T) {
	if *dst == nil {
		*dst = val
	}
}

// patch is v2's update. A patch without an effect is 304 and leaves no trace.
func (q *request) patch() (int, any) {
	id := q.ids[0]
	if _, err := q.h.Task(noContext, id); err != nil {
		return q.answer(0, nil, err)
	}
	if status, out := q.checkPatch(); status != 0 {
		return status, out
	}
	p := q.named()
	q.h.Mu.Lock()
	q.sameText(&p)
	stale := *q.h.TaskM[id]
	before := q.identifier(&stale)
	idle := q.idle(p)
	q.h.Mu.Unlock()
	if idle {
		return 304, nil
	}
	q.pause(stale)
	q.wholeText(&p)
	assigned := q.prepare(id, p, false)
	if err := q.h.UpdateTask(noContext, id, p); err != nil {
		return q.answer(0, nil, err)
	}
	status, out := q.task(id)
	if m, ok := out.(fields); ok {
		q.asPatched(m, assigned, before)
	}
	return status, out
}

// checkPatch refuses keys and values that v2's schema does not have.
func (q *request) checkPatch() (int, any) {
	for key := range q.body {
		if !known[key] {
			_, shown := q.task(q.ids[0]) // the patch is laid over what a read shows
			whole := maps.Clone(shown.(fields))
			maps.Copy(whole, fields{"max_permission": 2, key: q.body[key]})
			return q.problem(422, 0, "validation failed", fields{"message": "unexpected property", "location": "body." + key, "value": whole})
		}
	}
	if raw, ok := q.body["title"]; ok && string(raw) == `""` {
		return q.problem(422, 0, "validation failed", fields{"message": "expected length >= 1", "location": "body.title", "value": ""})
	}
	if status, out := q.checkWhole(); status != 0 {
		return status, out
	}
	return q.check()
}

// checkWhole refuses a patch because of what is stored: v2 lays it over what a
// read shows and takes the whole as one of its own requests.
func (q *request) checkWhole() (int, any) {
	t, err := q.h.Task(noContext, q.ids[0])
	if err != nil {
		return 0, nil // which others answer
	}
	if q.body["description"] == nil && len(t.Description) >= 1<<20 {
		return q.problem(413, 0, "request body is too large limit=1048576 bytes")
	}
	for i, l := range t.Labels {
		if l.Title == "" && q.body["labels"] == nil {
			return q.problem(422, 0, "validation failed", fields{"message": "expected length >= 1", "location": fmt.Sprintf("body.labels[%d].title", i), "value": ""})
		}
	}
	return 0, nil
}

// idle reports whether a patch would leave its task as it is. Mu is held.
func (q *request) idle(p api.TaskPatch) bool {
	t := q.h.TaskM[q.ids[0]]
	switch {
	case q.h.archived(t.ProjectID), p.ProjectID != nil && q.h.ProjectM[*p.ProjectID] == nil:
		return false // refused
	case t.Repeats() && p.Done != nil, q.touches(t):
		return false
	}
	probe, last, left := *t, *q.h.more(project(p, t)), *q.h.more(t.ProjectID)
	probe.Extra = maps.Clone(t.Extra)
	q.h.Change(&probe, p)
	*q.h.more(project(p, t)), *q.h.more(t.ProjectID) = last, left
	probe.Updated, probe.DoneAt = t.Updated, t.DoneAt
	return fmt.Sprint(probe.Task) == fmt.Sprint(t.Task)
}

// asPatched is what the answer to a PATCH shows otherwise than a read does.
func (q *request) asPatched(out fields, assigned bool, identifier string) {
	if out["assignees"] == nil && !assigned {
		out["assignees"] = []any{}
	}
	if raw, ok := q.h.TaskM[q.ids[0]].Extra["reminders"]; ok {
		out["reminders"] = raw // not yet in order
	}
	if out["labels"] != nil && string(q.body["labels"]) == "[]" {
		out["labels"] = nil // in this answer only
	}
	if q.body["project_id"] != nil {
		out["identifier"] = identifier
	}
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

// sameText leaves a description out that says in Markdown what is stored. Mu
// is held.
func (q *request) sameText(p *api.TaskPatch) {
	t := q.h.TaskM[q.ids[0]]
	if q.markdown && t != nil && p.Description != nil && *p.Description == q.h.toHTML(toMarkdown(t.Description)) {
		p.Description = nil
	}
}

// wholeText writes the description back as Markdown shows it, which is what a
// PATCH with Markdown does to a text it does not name.
func (q *request) wholeText(p *api.TaskPatch) {
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	if t := q.h.TaskM[q.ids[0]]; q.markdown && t != nil && p.Description == nil {
		text := q.h.toHTML(toMarkdown(t.Description))
		p.Description = &text
	}
}

// pause lets other requests in between the reading and the writing of a PATCH.
// What they changed is overwritten with what was read.
func (q *request) pause(stale Task) {
	if q.h.Pause == nil {
		return
	}
	q.h.one.Unlock()
	q.h.Pause()
	q.h.one.Lock()
	q.h.as(q.user)
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	if q.h.TaskM[stale.ID] != nil {
		*q.h.TaskM[stale.ID] = stale
	}
}
