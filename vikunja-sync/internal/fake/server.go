package fake

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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

// Backup gives what brings this moment's tasks and labels back, and the number
// that is given out next.
func (s *Server) Backup() (restore func()) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	tasks, labels, projects, last := map[int64]*Task{}, maps.Clone(s.LabelM), maps.Clone(s.ProjectM), s.last
	for id, t := range s.TaskM {
		was := *t
		was.LabelIDs, was.Blocked, was.Notes = slices.Clone(t.LabelIDs), slices.Clone(t.Blocked), slices.Clone(t.Notes)
		tasks[id] = &was
	}
	return func() {
		s.Mu.Lock()
		defer s.Mu.Unlock()
		s.TaskM, s.LabelM, s.ProjectM, s.last = tasks, labels, projects, last
	}
}

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

// edit is write for a change to one task that the account may change.
func (s *Server) edit(call string, task int64, fn func(*Task) error) error {
	return s.write(call, func() error {
		t, err := s.editable(task)
		if err != nil {
			return err
		}
		return fn(t)
	})
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
		if parent != 0 && s.access(parent) < write {
			return fail(api.KindForbidden, 403, 0, "projects", parent)
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
