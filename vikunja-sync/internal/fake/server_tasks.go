package fake

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
)

// view is a task as the API shows it.
func (s *Server) view(t *Task) api.Task {
	out := t.Task
	out.Labels = nil
	for _, id := range t.LabelIDs {
		if l := s.LabelM[id]; l != nil {
			out.Labels = append(out.Labels, *l)
		}
	}
	out.BlockedBy = nil
	for _, id := range t.Blocked {
		if s.TaskM[id] != nil {
			out.BlockedBy = append(out.BlockedBy, id)
		}
	}
	return out
}

// ScanTasks implements api.Server, in pages of 50 with a fault point each.
func (s *Server) ScanTasks(_ context.Context, q api.TaskQuery, fn func(api.Task) error) error {
	after, from := q.AfterID, 0
	var keys []int64
	for {
		if err := s.before("scan"); err != nil {
			return err
		}
		s.Mu.Lock()
		if keys == nil || s.Fault != nil { // with faults, tasks come and go between pages
			keys, from = slices.Sorted(maps.Keys(s.TaskM)), 0
		}
		var page []api.Task
		for ; from < len(keys) && len(page) < 50; from++ {
			t := s.TaskM[keys[from]]
			if t == nil || t.ID <= after || (q.Project == 0 && s.archived(t.ProjectID)) || s.hidden(t.ProjectID) || (q.Project != 0 && q.Project != t.ProjectID) {
				continue
			}
			page = append(page, s.view(t))
		}
		s.Mu.Unlock()
		for _, t := range page {
			if err := fn(t); err != nil {
				return err
			}
			after = t.ID
		}
		if len(page) < 50 {
			return nil
		}
	}
}

func (s *Server) find(id int64) (*Task, error) {
	t := s.TaskM[id]
	if t == nil {
		return nil, fail(api.KindNotFound, 404, 4002, "tasks", id)
	}
	if s.hidden(t.ProjectID) {
		return nil, fail(api.KindForbidden, 403, 0, "tasks", id)
	}
	return t, nil
}

func (s *Server) editable(id int64) (*Task, error) {
	t, err := s.find(id)
	switch {
	case err != nil:
	case s.access(t.ProjectID) < write:
		err = fail(api.KindForbidden, 403, 0, "tasks", id)
	case s.archived(t.ProjectID):
		err = fail(api.KindArchived, 412, 3008, "tasks", id)
	}
	return t, err
}

// Task implements api.Server.
func (s *Server) Task(_ context.Context, id int64) (api.Task, error) {
	if err := s.before("task"); err != nil {
		return api.Task{}, err
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	t, err := s.find(id)
	if err != nil {
		return api.Task{}, err
	}
	return s.view(t), nil
}

// CreateTask implements api.Server.
func (s *Server) CreateTask(_ context.Context, in api.TaskInput) (id int64, err error) {
	err = s.write("create task", func() error {
		if s.ProjectM[in.ProjectID] == nil {
			return fail(api.KindNotFound, 404, 3001, "projects", in.ProjectID)
		}
		if s.access(in.ProjectID) < write {
			return fail(api.KindForbidden, 403, 0, "projects", in.ProjectID)
		}
		if s.archived(in.ProjectID) {
			return fail(api.KindArchived, 412, 3008, "projects", in.ProjectID)
		}
		id = s.next()
		s.TaskM[id] = &Task{Index: s.nextIndex(in.ProjectID), Task: api.Task{ID: id, ProjectID: in.ProjectID, Title: in.Title, Description: in.Description,
			Done: in.Done, DoneAt: in.DoneAt, Due: in.Due, Start: in.Start, End: in.End, Priority: in.Priority,
			Created: s.now(), Updated: s.now(), CreatedBy: s.MeUser.ID}}
		return nil
	})
	return id, err
}

// UpdateTask implements api.Server.
func (s *Server) UpdateTask(_ context.Context, id int64, p api.TaskPatch) error {
	return s.edit("update task", id, func(t *Task) error {
		switch {
		case p.ProjectID == nil:
		case s.ProjectM[*p.ProjectID] == nil:
			return fail(api.KindNotFound, 404, 3001, "projects", *p.ProjectID)
		case s.access(*p.ProjectID) < write:
			return fail(api.KindForbidden, 403, 1, "projects", *p.ProjectID)
		}
		rolls := p.Done != nil && *p.Done && t.Repeats()
		s.Change(t, p)
		if rolls && s.Rolled != nil {
			s.Rolled(id)
		}
		return nil
	})
}

func set[T any](dst *T, src *T) {
	if src != nil {
		*dst = *src
	}
}

// Change applies a patch, also on behalf of a user of the web page. Mu is held.
func (s *Server) Change(t *Task, p api.TaskPatch) {
	if p.ProjectID != nil && *p.ProjectID != t.ProjectID {
		if m := s.more(t.ProjectID); m.LastIndex == t.Index {
			m.LastIndex-- // the number of a task that left is free again
		}
		t.Index = s.nextIndex(*p.ProjectID)
	}
	set(&t.ProjectID, p.ProjectID)
	set(&t.Title, p.Title)
	set(&t.Description, p.Description)
	set(&t.Due, p.Due)
	set(&t.Start, p.Start)
	set(&t.End, p.End)
	set(&t.Priority, p.Priority)
	repeats, after, mode := t.Repeats(), t.RepeatAfter, t.RepeatMode
	set(&t.RepeatAfter, p.RepeatAfter)
	set(&t.RepeatMode, p.RepeatMode)
	t.Updated = s.now()
	if p.Done == nil {
		return
	}
	switch {
	case *p.Done && repeats:
		t.DoneAt = s.now()
		s.roll(t, after, mode)
	case *p.Done && !t.Done:
		t.Done, t.DoneAt = true, s.now()
	case !*p.Done:
		t.Done, t.DoneAt = false, time.Time{}
	}
}

// roll moves the dates and absolute reminders on and unticks the checklist.
// Mode 0 goes by the interval until in the future, at least once; 1 by one
// calendar month; 2 from now, all dates keeping their distance.
func (s *Server) roll(t *Task, after, mode int64) {
	t.Description = strings.NewReplacer(`data-checked="true"`, `data-checked="false"`, ` checked="checked"`, "").Replace(t.Description)
	step := time.Duration(after) * time.Second
	first := t.Due
	for _, d := range []time.Time{t.Start, t.End} {
		if first.IsZero() {
			first = d
		}
	}
	on := func(d time.Time) time.Time {
		switch {
		case d.IsZero():
		case mode == 1:
			d = d.AddDate(0, 1, 0)
		case step == 0:
		case mode == 2:
			d = s.now().Add(step + d.Sub(first))
		default:
			for d = d.Add(step); !d.After(s.now()); {
				d = d.Add(step)
			}
		}
		return d
	}
	t.Due, t.Start, t.End = on(t.Due), on(t.Start), on(t.End)
	var rs []reminder
	if json.Unmarshal(t.Extra["reminders"], &rs) == nil && len(rs) > 0 {
		first = rs[0].At // their distances are their own
		for i := range rs {
			rs[i].At = on(rs[i].At)
		}
		t.Extra["reminders"], _ = json.Marshal(rs)
		remind(t)
	}
}

// DeleteTask implements api.Server.
func (s *Server) DeleteTask(_ context.Context, id int64) error {
	return s.edit("delete task", id, func(*Task) error {
		delete(s.TaskM, id)
		return nil
	})
}

// AddLabel implements api.Server.
func (s *Server) AddLabel(_ context.Context, task, label int64) error {
	return s.edit("add label", task, func(t *Task) error {
		l := s.LabelM[label]
		if l == nil {
			return fail(api.KindNotFound, 404, 8002, "labels", label)
		}
		if l.OwnerID != s.MeUser.ID {
			return fail(api.KindForbidden, 403, 0, "labels", label)
		}
		if !slices.Contains(t.LabelIDs, label) {
			t.LabelIDs = append(t.LabelIDs, label)
			t.Updated = s.now()
		}
		return nil
	})
}

// RemoveLabel implements api.Server.
func (s *Server) RemoveLabel(_ context.Context, task, label int64) error {
	return s.edit("remove label", task, func(t *Task) error {
		t.LabelIDs = slices.DeleteFunc(t.LabelIDs, func(id int64) bool { return id == label })
		t.Updated = s.now()
		return nil
	})
}

// Comments implements api.Server.
func (s *Server) Comments(_ context.Context, task int64) ([]api.Comment, error) {
	if err := s.before("comments"); err != nil {
		return nil, err
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	t, err := s.find(task)
	if err != nil {
		return nil, err
	}
	return slices.Clone(t.Notes), nil
}

// note is the index of a comment.
func (t *Task) note(comment int64) (int, error) {
	i := slices.IndexFunc(t.Notes, func(c api.Comment) bool { return c.ID == comment })
	if i < 0 {
		return 0, fail(api.KindNotFound, 404, 4015, "comments", comment)
	}
	return i, nil
}

// CreateComment implements api.Server.
func (s *Server) CreateComment(_ context.Context, task int64, html string) (id int64, err error) {
	err = s.edit("create comment", task, func(t *Task) error {
		id = s.next()
		t.Notes = append(t.Notes, api.Comment{ID: id, Text: html, AuthorID: s.MeUser.ID, Author: s.MeUser.Username, Created: s.now(), Updated: s.now()})
		t.Updated = s.now()
		return nil
	})
	return id, err
}

// UpdateComment implements api.Server.
func (s *Server) UpdateComment(_ context.Context, task, comment int64, html string) error {
	return s.edit("update comment", task, func(t *Task) error {
		i, err := t.note(comment)
		if err != nil {
			return err
		}
		if t.Notes[i].AuthorID != s.MeUser.ID {
			return fail(api.KindForbidden, 403, 0, "comments", comment)
		}
		t.Notes[i].Text = html
		t.Updated = s.now()
		return nil
	})
}

// DeleteComment implements api.Server.
func (s *Server) DeleteComment(_ context.Context, task, comment int64) error {
	return s.edit("delete comment", task, func(t *Task) error {
		i, err := t.note(comment)
		if err != nil {
			return err
		}
		t.Notes = slices.Delete(t.Notes, i, i+1)
		t.Updated = s.now()
		return nil
	})
}

// AddRelation implements api.Server; only blocked is kept.
func (s *Server) AddRelation(_ context.Context, task, other int64, kind string) error {
	return s.edit("add relation", task, func(t *Task) error {
		if _, err := s.find(other); err != nil {
			return err
		}
		if task == other {
			return fail(api.KindInvalid, 400, 4010, "relations", other)
		}
		if !slices.Contains(t.Blocked, other) {
			t.Blocked = append(t.Blocked, other)
			slices.Sort(t.Blocked)
			t.Updated = s.now()
		}
		return nil
	})
}

// RemoveRelation implements api.Server.
func (s *Server) RemoveRelation(_ context.Context, task, other int64, kind string) error {
	return s.edit("remove relation", task, func(t *Task) error {
		t.Blocked = slices.DeleteFunc(t.Blocked, func(id int64) bool { return id == other })
		t.Updated = s.now()
		return nil
	})
}
