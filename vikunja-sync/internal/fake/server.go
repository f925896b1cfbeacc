package fake

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"vikunja-sync/internal/api"
)

// Server is a Vikunja account. Fields are open to tests, which hold Mu.
type Server struct {
	Mu       sync.Mutex
	Clock    func() time.Time
	Fault    Fault
	MeUser   api.User
	ProjectM map[int64]*api.Project
	LabelM   map[int64]*api.Label
	TaskM    map[int64]*Task
	Hooks    map[int64][]api.Webhook
	Secrets  map[int64]string
	HookBy   map[int64]int64 // who made a hook
	NoAccess map[int64]bool  // projects that answer 403 and are in no list
	// Writes counts changes, the engine's and the user's.
	Writes int
	// Calls counts requests by name.
	Calls map[string]int
	// More holds the rest of a project, LabelMore that of a label.
	More      map[int64]*More
	LabelMore map[int64]LabelMore
	// Users are the accounts; MeUser is the one that asks. Shares let others
	// than the owner into a project. Filters are saved ones.
	Users   map[int64]*User
	Shares  map[int64]map[int64]access
	Filters []filter
	// Began is when the account was made.
	Began time.Time
	// Rolled is told when the engine's completing a repeating task moved it on.
	Rolled func(id int64)
	last   int64
	late   []func() error
}

// LabelMore is what a label has beside title and owner.
type LabelMore struct {
	Description, Color string
	At                 time.Time
}

// Task is a stored task with what hangs on it.
type Task struct {
	api.Task
	LabelIDs []int64
	Blocked  []int64
	Notes    []api.Comment
	Index    int64
	Bucket   int64 // the last one it was moved to
	// Related holds the relations other than blocked and blocking.
	Related      map[string][]int64
	Subscription json.RawMessage
	// Extra holds what the sync never touches: reminders, assignees, colour…
	Extra map[string]json.RawMessage
}

// NewServer has a user 1 with the default project 1.
func NewServer(now func() time.Time) *Server {
	s := &Server{Clock: now, MeUser: api.User{ID: 1, Username: "alice", DefaultProject: 1},
		ProjectM: map[int64]*api.Project{}, LabelM: map[int64]*api.Label{}, TaskM: map[int64]*Task{},
		Hooks: map[int64][]api.Webhook{}, Secrets: map[int64]string{}, HookBy: map[int64]int64{}, NoAccess: map[int64]bool{}, Calls: map[string]int{}, last: 100,
		More: map[int64]*More{}, LabelMore: map[int64]LabelMore{}, Began: now().UTC().Truncate(time.Second)}
	s.Users = map[int64]*User{1: {ID: 1, Username: "alice", Since: s.Began}}
	s.Shares = map[int64]map[int64]access{}
	s.ProjectM[1] = &api.Project{ID: 1, Title: "Inbox", OwnerID: 1}
	return s
}

func (s *Server) now() time.Time { return s.Clock().UTC().Truncate(time.Second) }

func (s *Server) next() int64 { s.last++; return s.last }

// NextID gives an id as the server would. Mu is held.
func (s *Server) NextID() int64 { return s.next() }

func (s *Server) before(call string) error {
	s.Mu.Lock()
	s.Calls[call]++
	f := s.Fault
	s.Mu.Unlock()
	if f == nil {
		return nil
	}
	return f("vikunja", call, "before")
}

func (s *Server) after(call string) error {
	if s.Fault == nil {
		return nil
	}
	return s.Fault("vikunja", call, "after")
}

// write runs one change between the two fault points.
func (s *Server) write(call string, fn func() error) error {
	err := s.before(call)
	s.Mu.Lock()
	switch err {
	case ErrLate:
		s.late = append(s.late, fn)
		err = TimedOut(call)
	case ErrTwice:
		if err = fn(); err == nil {
			err = fn()
		}
	case nil:
		err = fn()
	}
	if err == nil {
		s.Writes++
	}
	s.Mu.Unlock()
	if err != nil {
		return err
	}
	return s.after(call)
}

func fail(k api.Kind, status, code int, what string, id int64) error {
	return &api.Error{Kind: k, Method: "?", Route: fmt.Sprintf("%s/%d", what, id), Status: status, Code: code}
}

// Info implements api.Server.
func (s *Server) Info(context.Context) (api.Info, error) {
	return api.Info{Version: "fake", V2: true}, s.before("info")
}

// Me implements api.Server.
func (s *Server) Me(context.Context) (api.User, error) { return s.MeUser, s.before("me") }

// Now implements api.Server.
func (s *Server) Now() (time.Time, bool) { return s.Clock(), true }

// Projects implements api.Server.
func (s *Server) Projects(context.Context) ([]api.Project, error) {
	if err := s.before("projects"); err != nil {
		return nil, err
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	var out []api.Project
	for _, id := range slices.Sorted(maps.Keys(s.ProjectM)) {
		if p := *s.ProjectM[id]; !s.hidden(id) {
			p.Archived = s.archived(id)
			out = append(out, p)
		}
	}
	return out, nil
}

func (s *Server) archived(id int64) bool {
	for p := s.ProjectM[id]; p != nil; p = s.ProjectM[p.Parent] {
		if p.Archived {
			return true
		}
	}
	return false
}

func (s *Server) hidden(id int64) bool { return s.access(id) < read }

// Project implements api.Server.
func (s *Server) Project(_ context.Context, id int64) (api.Project, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if p := s.ProjectM[id]; p != nil {
		return *p, nil
	}
	return api.Project{}, fail(api.KindNotFound, 404, 3001, "projects", id)
}

// CreateProject implements api.Server.
func (s *Server) CreateProject(_ context.Context, title string, parent int64) (p api.Project, err error) {
	err = s.write("create project", func() error {
		if parent != 0 && s.ProjectM[parent] == nil {
			return fail(api.KindNotFound, 404, 3001, "projects", parent)
		}
		if s.archived(parent) {
			return fail(api.KindArchived, 412, 3008, "projects", parent)
		}
		p = api.Project{ID: s.next(), Title: title, Parent: parent, OwnerID: s.MeUser.ID, Created: s.now(), Updated: s.now()}
		s.ProjectM[p.ID] = &p
		return nil
	})
	return p, err
}

// Labels implements api.Server.
func (s *Server) Labels(context.Context) ([]api.Label, error) {
	if err := s.before("labels"); err != nil {
		return nil, err
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	var out []api.Label
	for _, id := range slices.Sorted(maps.Keys(s.LabelM)) {
		out = append(out, *s.LabelM[id])
	}
	return out, nil
}

// CreateLabel implements api.Server.
func (s *Server) CreateLabel(_ context.Context, title string) (l api.Label, err error) {
	err = s.write("create label", func() error {
		l = api.Label{ID: s.next(), Title: title, OwnerID: s.MeUser.ID}
		s.LabelM[l.ID] = &l
		return nil
	})
	return l, err
}

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
	return s.write("update task", func() error {
		t, err := s.editable(id)
		if err != nil {
			return err
		}
		if p.ProjectID != nil && s.ProjectM[*p.ProjectID] == nil {
			return fail(api.KindNotFound, 404, 3001, "projects", *p.ProjectID)
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
	return s.write("delete task", func() error {
		if _, err := s.editable(id); err != nil {
			return err
		}
		delete(s.TaskM, id)
		return nil
	})
}

// AddLabel implements api.Server.
func (s *Server) AddLabel(_ context.Context, task, label int64) error {
	return s.write("add label", func() error {
		t, err := s.editable(task)
		if err != nil {
			return err
		}
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
	return s.write("remove label", func() error {
		t, err := s.editable(task)
		if err != nil {
			return err
		}
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

// CreateComment implements api.Server.
func (s *Server) CreateComment(_ context.Context, task int64, html string) (id int64, err error) {
	err = s.write("create comment", func() error {
		t, err := s.editable(task)
		if err != nil {
			return err
		}
		id = s.next()
		t.Notes = append(t.Notes, api.Comment{ID: id, Text: html, AuthorID: s.MeUser.ID, Author: s.MeUser.Username, Created: s.now(), Updated: s.now()})
		t.Updated = s.now()
		return nil
	})
	return id, err
}

// UpdateComment implements api.Server.
func (s *Server) UpdateComment(_ context.Context, task, comment int64, html string) error {
	return s.write("update comment", func() error {
		t, err := s.editable(task)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(t.Notes, func(c api.Comment) bool { return c.ID == comment })
		if i < 0 {
			return fail(api.KindNotFound, 404, 4015, "comments", comment)
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
	return s.write("delete comment", func() error {
		t, err := s.editable(task)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(t.Notes, func(c api.Comment) bool { return c.ID == comment })
		if i < 0 {
			return fail(api.KindNotFound, 404, 4015, "comments", comment)
		}
		t.Notes = slices.Delete(t.Notes, i, i+1)
		t.Updated = s.now()
		return nil
	})
}

// AddRelation implements api.Server; only blocked is kept.
func (s *Server) AddRelation(_ context.Context, task, other int64, kind string) error {
	return s.write("add relation", func() error {
		t, err := s.editable(task)
		if err != nil {
			return err
		}
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
	return s.write("remove relation", func() error {
		t, err := s.editable(task)
		if err != nil {
			return err
		}
		t.Blocked = slices.DeleteFunc(t.Blocked, func(id int64) bool { return id == other })
		t.Updated = s.now()
		return nil
	})
}

// Webhooks implements api.Server.
func (s *Server) Webhooks(_ context.Context, project int64) ([]api.Webhook, error) {
	if err := s.before("webhooks"); err != nil {
		return nil, err
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	return slices.Clone(s.Hooks[project]), nil
}

// WebhookEvents implements api.Server.
func (s *Server) WebhookEvents(context.Context) ([]string, error) { return nil, nil }

// CreateWebhook implements api.Server.
func (s *Server) CreateWebhook(_ context.Context, project int64, w api.Webhook, secret string) (api.Webhook, error) {
	err := s.write("create webhook", func() error {
		w.ID, w.ProjectID = s.next(), project
		s.Hooks[project] = append(s.Hooks[project], w)
		s.Secrets[w.ID], s.HookBy[w.ID] = secret, s.MeUser.ID
		return nil
	})
	return w, err
}

// DeleteWebhook implements api.Server.
func (s *Server) DeleteWebhook(_ context.Context, project, id int64) error {
	return s.write("delete webhook", func() error {
		s.Hooks[project] = slices.DeleteFunc(s.Hooks[project], func(w api.Webhook) bool { return w.ID == id })
		return nil
	})
}

// CheckScopes implements api.Server.
func (s *Server) CheckScopes(context.Context) ([]*api.Error, error) { return nil, nil }

var noContext = context.Background()

var _ api.Server = (*Server)(nil)
