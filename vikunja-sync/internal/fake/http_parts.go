package fake

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
)

func (q *request) labels(head http.Header) (int, any) {
	ls, err := q.h.Labels(noContext)
	search := strings.ToLower(cmp.Or(q.q.Get("s"), q.q.Get("q")))
	ls = slices.DeleteFunc(ls, func(l api.Label) bool {
		return !q.sees(l) || !strings.Contains(strings.ToLower(l.Title), search)
	})
	return q.page(head, mapAll(ls, q.labelJSON), err)
}

func (q *request) createLabel() (int, any) {
	if len([]rune(q.str("title"))) > 250 {
		return invalid("title: " + q.str("title") + " does not validate as runelength(1|250)")
	}
	l, err := q.h.CreateLabel(noContext, q.str("title"))
	if err == nil {
		m := LabelMore{At: q.h.now()}
		q.labelMore(&m)
		q.h.Mu.Lock()
		q.h.LabelMore[l.ID] = m
		q.h.Mu.Unlock()
	}
	return q.answer(201, q.labelJSON(l), err)
}

func (q *request) addLabel() (int, any) {
	task, label := q.ids[0], q.int("label_id")
	if t := q.h.TaskM[task]; t != nil && hasLabel(t, label) {
		return q.problem(400, 8001, "This label already exists on the task.")
	}
	return q.answer(201, fields{"label_id": label, "created": q.when(q.h.now())}, q.h.AddLabel(noContext, task, label))
}

func (q *request) removeLabel() (int, any) {
	task, label := q.ids[0], q.ids[1]
	if t := q.h.TaskM[task]; t != nil && !hasLabel(t, label) {
		return q.problem(403, 0, "Forbidden")
	}
	return q.gone(q.h.RemoveLabel(noContext, task, label))
}

func (q *request) createComment() (int, any) {
	text := q.str("comment")
	if text == "" {
		return invalid("comment: non zero value required")
	}
	id, err := q.h.CreateComment(noContext, q.ids[0], text)
	me, now := q.h.MeUser, q.h.now()
	return q.answer(201, q.commentJSON(api.Comment{ID: id, Text: text, AuthorID: me.ID, Author: me.Username, Created: now, Updated: now}), err)
}

func (q *request) changeComment() (int, any) {
	task, comment, text := q.ids[0], q.ids[1], q.str("comment")
	return q.answer(200, fields{"id": comment, "comment": text, "author": nil, "reactions": nil,
		"created": q.when(time.Time{}), "updated": q.when(q.h.now())}, q.h.UpdateComment(noContext, task, comment, text))
}

// sees reports whether the account owns a label or finds it on a task.
func (q *request) sees(l api.Label) bool {
	if l.OwnerID == q.h.MeUser.ID || q.h.LabelMore[l.ID].At.IsZero() {
		return true // a label that a test put there is there to be seen
	}
	q.h.Mu.Lock()
	defer q.h.Mu.Unlock()
	for _, t := range q.h.TaskM {
		if hasLabel(t, l.ID) && !q.h.hidden(t.ProjectID) {
			return true
		}
	}
	return false
}

func hasLabel(t *Task, id int64) bool { return slices.Contains(t.LabelIDs, id) }
