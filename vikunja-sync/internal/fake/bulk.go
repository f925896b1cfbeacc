package fake

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ganigeorgiev/fexpr"

	"vikunja-sync/internal/api"
)

// bulkLabels sets all labels of a task; an entry without an id removes the
// others and adds none, as the server does.
func (q *request) bulkLabels() (int, any) {
	s := q.h.Server
	var in struct {
		Labels []struct {
			ID    int64
			Title string
		}
	}
	raw, _ := json.Marshal(q.body)
	json.Unmarshal(raw, &in)
	s.Mu.Lock()
	defer s.Mu.Unlock()
	t, err := s.editable(q.ids[0])
	if err != nil {
		return q.answer(0, nil, err)
	}
	var ids []int64
	shown := []any{}
	never := q.when(time.Time{})
	for _, l := range in.Labels {
		if l.ID != 0 && s.LabelM[l.ID] == nil {
			return q.problem(404, 8002, messages[8002])
		}
		if l.ID != 0 {
			ids = append(ids, l.ID)
		}
		shown = append(shown, fields{"id": l.ID, "title": l.Title, "description": "", "hex_color": "", "created_by": nil, "created": never, "updated": never})
	}
	t.LabelIDs = ids
	s.Writes++
	status := 201
	if q.v2 {
		status = 200
	}
	return status, fields{"labels": shown}
}

// bulkTasks is v1's update of named fields, which wipes reminders, assignees
// and the favourite all the same.
func (q *request) bulkTasks() (int, any) {
	s := q.h.Server
	var in struct {
		IDs    []int64 `json:"task_ids"`
		Fields []string
		Values map[string]json.RawMessage
	}
	raw, _ := json.Marshal(q.body)
	json.Unmarshal(raw, &in)
	for _, f := range in.Fields {
		if !bulkFields[f] {
			return q.problem(400, 4027, "The task field '"+f+"' is invalid.")
		}
	}
	for _, id := range in.IDs {
		if _, err := s.Task(noContext, id); err != nil {
			return q.answer(0, nil, err)
		}
	}
	body := q.body
	q.body = in.Values
	p := q.named()
	shown := []any{}
	for _, id := range in.IDs {
		if err := s.UpdateTask(noContext, id, p); err != nil {
			return q.answer(0, nil, err)
		}
		s.Mu.Lock()
		t := s.TaskM[id]
		assigned := t.Extra["assignees"] != nil
		for _, key := range []string{"reminders", "assignees", "is_favorite"} {
			delete(t.Extra, key)
		}
		shown = append(shown, q.echo(t, assigned))
		s.Mu.Unlock()
	}
	blank := &Task{}
	s.Mu.Lock()
	s.Change(blank, p)
	s.Mu.Unlock()
	blank.Updated, blank.DoneAt = time.Time{}, time.Time{}
	values := q.echo(blank, true)
	q.body = body
	return 200, fields{"task_ids": in.IDs, "fields": in.Fields, "values": values, "tasks": shown}
}

var bulkFields = map[string]bool{"title": true, "description": true, "done": true, "priority": true, "due_date": true, "start_date": true,
	"end_date": true, "project_id": true, "repeat_after": true, "repeat_mode": true, "percent_done": true, "hex_color": true}

// createMany creates up to 100 tasks or none.
func (q *request) createMany() (int, any) {
	var tasks []map[string]json.RawMessage
	json.Unmarshal(q.body["tasks"], &tasks)
	if len(tasks) == 0 || len(tasks) > 100 {
		return q.problem(422, 0, "validation failed")
	}
	for i, t := range tasks {
		if string(t["title"]) == `""` {
			return q.problem(422, 0, "validation failed", fields{"message": "expected length >= 1", "location": fmt.Sprintf("body.tasks[%d].title", i), "value": ""})
		}
	}
	shown := []any{}
	for _, t := range tasks {
		q.body = t
		status, out := q.create()
		if status != 201 {
			return status, out
		}
		shown = append(shown, out)
	}
	return 201, fields{"tasks": shown}
}

// byIndex finds a task by its number in the project.
func (q *request) byIndex() (int, any) {
	for id, t := range q.h.TaskM {
		if t.ProjectID == q.ids[0] && t.Index == q.ids[1] {
			return q.task(id)
		}
	}
	return q.problem(404, 4002, messages[4002])
}

// matches evaluates a filter: comparisons joined by && and ||.
func (q *request) matches(filter string) (func(api.Task) bool, int, any) {
	filter = quoteValues(filter)
	parsed, err := fexpr.Parse(filter)
	if err != nil {
		status, out := q.problem(400, 4024, fmt.Sprintf("The filter expression '%s' is invalid: %v", filter, err))
		return nil, status, out
	}
	fn, code, what := q.joined(parsed)
	if code != 0 {
		status, out := q.problem(400, code, what)
		return nil, status, out
	}
	return fn, 0, nil
}

var comparison = regexp.MustCompile(`(\w+)\s*(>=|<=|!=|~|\?=|\?!=|=|>|<)\s*([^&|()]+)`)

// quoteValues makes what people write parse: words for signs, bare values.
func quoteValues(filter string) string {
	filter = strings.NewReplacer(" not in ", " ?!= ", " in ", " ?= ", " like ", " ~ ").Replace(filter)
	return comparison.ReplaceAllStringFunc(filter, func(part string) string {
		m := comparison.FindStringSubmatch(part)
		value := strings.TrimSpace(m[3])
		if n := len(value); n == 0 || value[0] != value[n-1] || (value[0] != '\'' && value[0] != '"') {
			value = "'" + strings.ReplaceAll(value, "'", `\'`) + "'"
		}
		return m[1] + " " + m[2] + " " + value
	})
}

func (q *request) joined(groups []fexpr.ExprGroup) (all func(api.Task) bool, code int, what string) {
	for _, g := range groups {
		var fn func(api.Task) bool
		switch item := g.Item.(type) {
		case []fexpr.ExprGroup:
			fn, code, what = q.joined(item)
		case fexpr.Expr:
			fn, code, what = q.compare(item.Left.Literal, string(item.Op), item.Right.Literal)
		}
		if code != 0 {
			return nil, code, what
		}
		before := all
		switch {
		case before == nil:
			all = fn
		case g.Join == fexpr.JoinOr:
			all = func(t api.Task) bool { return before(t) || fn(t) }
		default:
			all = func(t api.Task) bool { return before(t) && fn(t) }
		}
	}
	return all, 0, ""
}

// compare evaluates one comparison. Dates compare as on a server with sqlite:
// the same instant counts as earlier, >= misses it and < finds it.
func (q *request) compare(field, op, value string) (fn func(api.Task) bool, code int, what string) {
	get := filterFields[field]
	if get == nil {
		return nil, 4016, "The task field '" + field + "' is invalid."
	}
	var wants []any
	for _, v := range strings.Split(value, ",") {
		want, ok := q.operand(get(api.Task{}), strings.TrimSpace(v))
		if !ok {
			return nil, 4019, fmt.Sprintf("The task filter value '%s' for field '%s' is invalid.", value, field)
		}
		wants = append(wants, want)
	}
	return func(t api.Task) bool {
		switch {
		case op == "?=" && field == "labels":
			return slices.ContainsFunc(t.Labels, func(l api.Label) bool { return slices.Contains(wants, any(l.ID)) })
		case op == "?=":
			return slices.Contains(wants, get(t))
		case op == "?!=":
			return !slices.Contains(wants, get(t))
		}
		return holds(op, get(t), wants[0])
	}, 0, ""
}

var filterFields = map[string]func(api.Task) any{
	"id": func(t api.Task) any { return t.ID }, "project": func(t api.Task) any { return t.ProjectID },
	"project_id": func(t api.Task) any { return t.ProjectID }, "priority": func(t api.Task) any { return t.Priority },
	"done": func(t api.Task) any { return t.Done }, "title": func(t api.Task) any { return t.Title },
	"updated": func(t api.Task) any { return t.Updated }, "created": func(t api.Task) any { return t.Created },
	"due_date": func(t api.Task) any { return t.Due }, "labels": func(t api.Task) any { return int64(0) },
}

// operand reads a value of the kind of like.
func (q *request) operand(like any, text string) (any, bool) {
	switch like.(type) {
	case int64:
		var n int64
		_, err := fmt.Sscanf(text, "%d", &n)
		return n, err == nil
	case bool:
		return text == "true", text == "true" || text == "false"
	case time.Time:
		if rest, ok := strings.CutPrefix(text, "now"); ok {
			d, err := time.ParseDuration(rest)
			return q.h.now().Add(d), err == nil || rest == ""
		}
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if at, err := time.Parse(layout, text); err == nil {
				return at, true
			}
		}
		return nil, false
	}
	return text, true
}

func holds(op string, a, b any) bool {
	order := 0
	switch x := a.(type) {
	case int64:
		order = int(min(max(x-b.(int64), -1), 1))
	case time.Time:
		if x.IsZero() {
			return false
		}
		if order = x.Compare(b.(time.Time)); order == 0 {
			return op == "<" || op == "<="
		}
	default:
		if op == "~" {
			return strings.Contains(strings.ToLower(fmt.Sprint(a)), strings.ToLower(fmt.Sprint(b)))
		}
		return (a == b) == (op == "=")
	}
	switch op {
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case "!=":
		return order != 0
	}
	return order == 0
}
