package fake

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
)

// events are the names a webhook may ask for.
var events = []string{"project.deleted", "project.shared.team", "project.shared.user", "project.updated", "task.assignee.created",
	"task.assignee.deleted", "task.attachment.created", "task.attachment.deleted", "task.comment.created", "task.comment.deleted",
	"task.comment.edited", "task.created", "task.deleted", "task.overdue", "task.relation.created", "task.relation.deleted",
	"task.reminder.fired", "task.updated", "tasks.overdue"}

func (q *request) createWebhook() (int, any) {
	var names []string
	json.Unmarshal(q.body["events"], &names)
	u, err := url.Parse(q.str("target_url"))
	switch {
	case len(names) == 0:
		return invalid("events: non zero value required")
	case slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(events, n) }):
		return invalid("events")
	case err != nil || !strings.HasPrefix(u.Scheme, "http"):
		return invalid("target_url")
	case q.h.ProjectM[q.ids[0]] == nil:
		return q.problem(404, 3001, messages[3001])
	case q.h.access(q.ids[0]) < write:
		return q.problem(403, 0, "Forbidden")
	}
	w, err := q.h.CreateWebhook(noContext, q.ids[0], api.Webhook{TargetURL: u.String(), Events: names}, q.str("secret"))
	return q.answer(201, q.webhookJSON(w), err)
}

// changeWebhook takes new events; another address is echoed and not stored.
func (q *request) changeWebhook() (int, any) {
	s := q.h.Server
	s.Mu.Lock()
	defer s.Mu.Unlock()
	for i, w := range s.Hooks[q.ids[0]] {
		if w.ID != q.ids[1] {
			continue
		}
		json.Unmarshal(q.body["events"], &w.Events)
		s.Hooks[q.ids[0]][i].Events = w.Events
		out := q.webhookJSON(api.Webhook{ID: w.ID, ProjectID: w.ProjectID, TargetURL: q.str("target_url"), Events: w.Events})
		out["created"], out["created_by"] = q.when(time.Time{}), nil
		return 200, out
	}
	return q.problem(404, 0, "Not Found")
}

// assign adds or removes an assignee.
func (q *request) assign() (int, any) {
	s := q.h.Server
	s.Mu.Lock()
	defer s.Mu.Unlock()
	t, err := s.editable(q.ids[0])
	if err != nil {
		return q.answer(0, nil, err)
	}
	var us []person
	json.Unmarshal(t.Extra["assignees"], &us)
	t.Updated = s.now()
	s.Writes++
	if t.Extra == nil {
		t.Extra = map[string]json.RawMessage{}
	}
	defer s.people(t)
	if len(q.ids) == 2 {
		us = slices.DeleteFunc(us, func(u person) bool { return u.ID == q.ids[1] })
		t.Extra["assignees"], _ = json.Marshal(us)
		return q.gone(nil)
	}
	us = append(us, person{ID: q.int("user_id")})
	s.subscribe(t)
	t.Extra["assignees"], _ = json.Marshal(us)
	return 201, fields{"user_id": q.int("user_id"), "created": q.when(time.Time{})}
}

// userEvents are those that a user's own webhook may ask for.
var userEvents = []string{"task.overdue", "task.reminder.fired", "tasks.overdue"}

// userWebhooks keeps them under the project 0.
func (q *request) userWebhooks(route string) (int, any) {
	switch route {
	case "GET /user/settings/webhooks":
		hs, err := q.h.Webhooks(noContext, 0)
		return q.page(http.Header{}, mapAll(hs, q.userWebhookJSON), err)
	case "GET /user/settings/webhooks/events":
		return 200, userEvents
	}
	var names []string
	json.Unmarshal(q.body["events"], &names)
	if slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(userEvents, n) }) {
		return invalid("events")
	}
	w, err := q.h.CreateWebhook(noContext, 0, api.Webhook{TargetURL: q.str("target_url"), Events: names}, q.str("secret"))
	return q.answer(200, q.userWebhookJSON(w), err)
}

func (q *request) userWebhookJSON(w api.Webhook) fields {
	out := q.webhookJSON(w)
	out["user_id"] = q.h.MeUser.ID
	return out
}
