package fake

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// event is something that hooks may ask for.
type event struct {
	name    string
	project int64 // whose hooks, and those above it, are asked
	task    int64
	own     bool   // not those above
	before  fields // the task or project as it was, where it is gone now
	extra   fields // comment, relation, assignee, user
	doer    int64
}

// Delivery is one attempt at a webhook.
type Delivery struct {
	URL    string
	Header http.Header
	Body   []byte
	Try    int
}

// tries is how often a delivery is attempted before it is forgotten: at once
// and after about 0.2, 0.4, 0.8, 1.5 and 3 s.
const tries = 6

// happened tells the events of a request that was carried out. body is what it
// said, out what was answered; gone is what a deletion removed.
func (q *request) happened(route string, out any, gone *event) []event {
	all := q.events(route, out)
	if all == nil && gone != nil {
		all = []event{*gone}
	}
	for i := range all {
		all[i].doer = q.h.MeUser.ID
	}
	return all
}

// events are those of anything but a deletion of a task, comment or project.
func (q *request) events(route string, out any) (all []event) {
	one := func(name string, task int64, extra fields) {
		all = append(all, event{name: name, project: q.home(task), task: task, extra: extra})
	}
	answer, _ := out.(fields)
	each := func(name string) {
		shown, _ := answer["tasks"].([]any)
		for _, t := range shown {
			one(name, number(t.(fields)["id"]), nil)
		}
	}
	first := int64(0)
	if len(q.ids) > 0 {
		first = q.ids[0]
	}
	method, path, _ := strings.Cut(route, " ")
	change := method != "DELETE"
	switch {
	case path == "/projects/#/tasks":
		one("task.created", number(answer["id"]), nil)
	case path == "/projects/#/tasks/bulk":
		each("task.created")
	case path == "/tasks/bulk":
		each("task.updated")
	case path == "/tasks/#" && change:
		one("task.updated", number(answer["id"]), nil)
	case path == "/tasks/#/position", strings.HasPrefix(path, "/tasks/#/labels"):
		one("task.updated", first, nil)
	case strings.HasSuffix(path, "/buckets/#/tasks"):
		one("task.updated", q.int("task_id"), nil)
	case path == "/tasks/#/comments":
		one("task.comment.created", first, fields{"comment": out})
	case path == "/tasks/#/comments/#" && change:
		one("task.comment.edited", first, fields{"comment": out})
	case strings.HasPrefix(path, "/tasks/#/assignees"):
		if change {
			one("task.assignee.created", first, fields{"assignee": q.h.userJSON(q.int("user_id"))})
		} else {
			one("task.assignee.deleted", first, fields{"assignee": q.h.userJSON(q.ids[1])})
		}
		one("task.updated", first, nil)
	case path == "/tasks/#/relations":
		one("task.relation.created", first, fields{"relation": out})
	case path == "/tasks/#/duplicate":
		copied := number(answer["duplicated_task"].(fields)["id"])
		one("task.created", copied, nil)
		one("task.relation.created", copied, fields{"relation": q.relationJSON(copied, first, "copiedfrom")})
	case path == "/projects/#" && change:
		all = append(all, event{name: "project.updated", project: first, own: true})
	case path == "/projects/#/users":
		all = append(all, event{name: "project.shared.user", project: first, own: true, extra: fields{"user": q.h.userJSON(number(answer["id"]))}})
	}
	return all
}

func number(v any) int64 { n, _ := v.(int64); return n }

func (q *request) home(task int64) int64 {
	if t := q.h.TaskM[task]; t != nil {
		return t.ProjectID
	}
	return 0
}

func (q *request) relationJSON(task, other int64, kind string) fields {
	return fields{"task_id": task, "other_task_id": other, "relation_kind": kind, "created_by": q.h.userJSON(q.h.MeUser.ID), "created": q.when(q.h.now())}
}

// going is the event of a deletion, with what will be gone.
func (q *request) going(route string) *event {
	s := q.h.Server
	if !strings.HasPrefix(route, "DELETE ") || len(q.ids) == 0 {
		return nil
	}
	see := &request{h: q.h, ids: q.ids[:1]}
	switch m := relation.FindStringSubmatch(route); {
	case m != nil && len(q.ids) == 2:
		return &event{name: "task.relation.deleted", project: q.home(q.ids[0]), task: q.ids[0], extra: fields{"relation": q.relationJSON(q.ids[0], q.ids[1], m[1])}}
	case route == "DELETE /tasks/#":
		_, shown := see.task(q.ids[0])
		before, _ := shown.(fields)
		return &event{name: "task.deleted", project: q.home(q.ids[0]), before: before}
	case route == "DELETE /tasks/#/comments/#":
		cs, _ := s.Comments(noContext, q.ids[0])
		for _, c := range cs {
			if c.ID == q.ids[1] {
				return &event{name: "task.comment.deleted", project: q.home(q.ids[0]), task: q.ids[0], extra: fields{"comment": see.oneComment(c)}}
			}
		}
	case route == "DELETE /projects/#" && s.ProjectM[q.ids[0]] != nil:
		before := q.projectJSON(*s.ProjectM[q.ids[0]])
		before["owner"], before["views"] = nil, nil
		return &event{name: "project.deleted", project: q.ids[0], own: true, before: before}
	}
	return nil
}

// announce hands events to the hooks that ask for them. Each delivery goes its
// own way, so that their order is only usually that of the events.
func (h *HTTP) announce(all []event, hooks map[int64][]int64) {
	for _, e := range all {
		for _, p := range hooks[e.project] {
			for _, w := range h.Hooks[p] {
				if slices.Contains(w.Events, e.name) && (p == e.project || !e.own) {
					h.wait.Add(1)
					go h.deliver(w.TargetURL, h.Secrets[w.ID], p, e)
				}
			}
		}
	}
}

// above lists a project and those that it lies in, for all.
func (s *Server) above() map[int64][]int64 {
	out := map[int64][]int64{}
	for id := range s.ProjectM {
		for p := s.ProjectM[id]; p != nil; p = s.ProjectM[p.Parent] {
			out[id] = append(out[id], p.ID)
		}
	}
	return out
}

// deliver sends one event to one hook, the same bytes each time, until it is
// taken or has been tried often enough.
func (h *HTTP) deliver(target, secret string, project int64, e event) {
	defer h.wait.Done()
	h.one.Lock()
	body := h.payload(project, e)
	h.one.Unlock()
	head := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"Vikunja/" + h.info()["version"].(string)}}
	if secret != "" {
		m := hmac.New(sha256.New, []byte(secret))
		m.Write(body)
		head.Set("X-Vikunja-Signature", hex.EncodeToString(m.Sum(nil)))
	}
	pause := h.Retry
	if pause == 0 {
		pause = 200 * time.Millisecond
	}
	for n := 1; n <= tries; n++ {
		if status := h.Deliver(Delivery{URL: target, Header: head, Body: body, Try: n}); status > 0 && status < 400 {
			return
		}
		time.Sleep(pause/2 + rand.N(pause))
		pause = pause * 19 / 10
	}
}

// payload is what a hook gets: the task as it is when the event is handled and
// the project that the hook is registered on.
func (h *HTTP) payload(project int64, e event) []byte {
	h.as(e.doer)
	data := fields{"doer": h.userJSON(e.doer)}
	for k, v := range e.extra {
		data[k] = v
	}
	see := &request{h: h, ids: []int64{e.task}, q: url.Values{"expand": {"buckets"}}}
	h.Mu.Lock()
	if p := h.ProjectM[project]; p != nil {
		data["project"] = see.projectJSON(*p)
	}
	h.Mu.Unlock()
	switch {
	case strings.HasPrefix(e.name, "project.") && e.before != nil:
		data["project"] = e.before
	case e.before != nil:
		data["task"] = e.before
	case e.task != 0:
		if status, out := see.task(e.task); status == 200 {
			data["task"] = out
		}
	}
	body, _ := json.Marshal(fields{"event_name": e.name, "time": h.Clock().UTC().Format(time.RFC3339Nano), "data": data})
	return body
}

// Post is a Deliver that really sends.
func Post(d Delivery) int {
	r, err := http.NewRequest(http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return 0
	}
	r.Header = d.Header.Clone()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// Settle waits until every delivery was taken or given up.
func (h *HTTP) Settle() { h.wait.Wait() }
