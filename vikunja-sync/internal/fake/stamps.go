package fake

import (
	"encoding/json"
	"strings"
	"time"
)

// subjects are the tasks that a request is about.
func (q *request) subjects() (ids []int64) {
	_, path, _ := strings.Cut(q.route, " ")
	switch {
	case path == "/tasks/bulk":
		json.Unmarshal(q.body["task_ids"], &ids)
	case strings.HasSuffix(path, "/buckets/#/tasks"):
		ids = []int64{q.int("task_id")}
	case strings.HasPrefix(path, "/tasks/#"):
		ids = q.ids[:1]
	}
	return ids
}

// homes are the projects of those tasks, with the tasks' stamps.
func (q *request) homes() map[int64]time.Time {
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	out := map[int64]time.Time{}
	for _, id := range q.subjects() {
		if t := q.h.TaskM[id]; t != nil {
			out[t.ProjectID] = t.Updated
		}
	}
	return out
}

// bump moves the stamps of the projects whose tasks a request changed: not for
// a place in a view, a mark or an emptied set of labels, and on the board only
// where the task itself changed. before is what homes told.
func (q *request) bump(before map[int64]time.Time) {
	_, path, _ := strings.Cut(q.route, " ")
	board := strings.HasSuffix(path, "/buckets/#/tasks")
	switch {
	case path == "/tasks/#/position", path == "/tasks/#/read", strings.HasSuffix(path, "/labels/bulk") && string(q.body["labels"]) == "[]":
		return
	case strings.HasPrefix(path, "/projects/#/tasks"):
		before = map[int64]time.Time{q.ids[0]: {}}
	}
	after := q.homes()
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	for id, at := range before {
		if p := q.h.ProjectM[id]; p != nil && !(board && after[id].Equal(at)) {
			p.Updated = q.h.now()
		}
	}
	for id := range after {
		if p := q.h.ProjectM[id]; p != nil && !board {
			p.Updated = q.h.now()
		}
	}
}
