// Package api is the contract between the sync engine and a Vikunja server.
//
// The engine decides what should be true; an implementation of Server makes
// single calls and tells honestly what is known about their outcome. The real
// one is package remote (HTTP, v2 with a v1 path); a model in memory serves
// the randomised tests.
//
// Laws an implementation keeps:
//
//   - Only named fields are written. A TaskPatch field that is nil stays as it
//     is on the server, foreign fields (reminders, assignees, colour, …) too.
//   - Reads return stored values: times in UTC with whole seconds, the null
//     date as the zero time.Time, rich text as the stored HTML, byte for byte.
//   - Reads are retried inside, with jitter and within the rate limit. Writes
//     are retried inside only when the server certainly did nothing (429, a
//     connection that was refused). A write that was answered 5xx, or not at
//     all, comes back as an *Error with Ambiguous set: the engine looks before
//     it repeats.
//   - Every failure that an answer of the server caused is an *Error.
//   - Ids <= 0 (pseudo projects) never appear.
//   - All methods may be called from several goroutines; the implementation
//     lines the writes up.
//
// Non-goals: deciding what to write, remembering anything between runs.
package api

import (
	"context"
	"time"
)

// Server is one Vikunja account seen through one token.
type Server interface {
	// Info asks for version and limits. It needs no token scope.
	Info(ctx context.Context) (Info, error)
	// Me is the owner of the token, with the default project's id (0: none).
	Me(ctx context.Context) (User, error)
	// Now is the server's clock as last seen in an answer's Date header,
	// carried forward by the local monotonic clock; ok is false before the
	// first answer.
	Now() (now time.Time, ok bool)

	// Projects lists all projects, archived ones too, in any order.
	Projects(ctx context.Context) ([]Project, error)
	// Project reads one project; KindNotFound and KindForbidden differ.
	Project(ctx context.Context, id int64) (Project, error)
	CreateProject(ctx context.Context, title string, parent int64) (Project, error)

	// Labels lists the labels the token may see, each id once.
	Labels(ctx context.Context) ([]Label, error)
	CreateLabel(ctx context.Context, title string) (Label, error)

	// ScanTasks calls fn once for every task that any list shows, done ones
	// too, in ascending order of id, page by page, and never holds more than
	// a page. An error of fn stops the scan and is returned. A scan that ends
	// without an error has seen every page. Implementations bound pages,
	// bytes and time, and report a list that never ends as KindHostile.
	ScanTasks(ctx context.Context, q TaskQuery, fn func(Task) error) error
	// Task reads one task whole, archived project or not.
	Task(ctx context.Context, id int64) (Task, error)
	// CreateTask stores a task and returns its id. Nothing else of the answer
	// may be trusted; the engine reads the task again.
	CreateTask(ctx context.Context, in TaskInput) (id int64, err error)
	// UpdateTask writes the named fields. A patch that changes nothing is no
	// error.
	UpdateTask(ctx context.Context, id int64, p TaskPatch) error
	// DeleteTask: a task already gone is KindNotFound.
	DeleteTask(ctx context.Context, id int64) error

	// AddLabel: a label already on the task is no error.
	AddLabel(ctx context.Context, task, label int64) error
	// RemoveLabel: a label not on the task is no error (the server's 403 is
	// checked with a read before it is believed).
	RemoveLabel(ctx context.Context, task, label int64) error

	// Comments lists all comments of a task in ascending order of id.
	Comments(ctx context.Context, task int64) ([]Comment, error)
	// CreateComment stores HTML and returns the id.
	CreateComment(ctx context.Context, task int64, html string) (id int64, err error)
	UpdateComment(ctx context.Context, task, comment int64, html string) error
	DeleteComment(ctx context.Context, task, comment int64) error

	// AddRelation: a relation that exists, also as its inverse, is no error.
	AddRelation(ctx context.Context, task, other int64, kind string) error
	// RemoveRelation: a relation that is not there is no error.
	RemoveRelation(ctx context.Context, task, other int64, kind string) error

	// Webhooks lists the hooks of one project.
	Webhooks(ctx context.Context, project int64) ([]Webhook, error)
	WebhookEvents(ctx context.Context) ([]string, error)
	CreateWebhook(ctx context.Context, project int64, w Webhook, secret string) (Webhook, error)
	DeleteWebhook(ctx context.Context, project, id int64) error

	// CheckScopes tries every route that a sync needs without changing
	// anything (reads, and writes to ids that cannot exist) and returns one
	// *Error of KindUnauthorized per route that the token may not use.
	CheckScopes(ctx context.Context) ([]*Error, error)
}

// RelationBlocked is the kind that says: this task waits for the other one.
const RelationBlocked = "blocked"

// Info is what the server says of itself.
type Info struct {
	Version          string
	V2               bool // the v2 API answered; writes go there
	ConcurrentWrites bool // what the server says; writes are lined up all the same
	MaxItemsPerPage  int
}

// User is an account.
type User struct {
	ID             int64
	Username       string
	Name           string
	DefaultProject int64
}

// Project is one list of tasks.
type Project struct {
	ID       int64
	Title    string
	Parent   int64 // 0: top level
	Archived bool  // also set when an ancestor is archived
	OwnerID  int64
	// Rights of the account: 0 read, 1 write, 2 all; 0 too where the server
	// does not tell.
	Rights  int64
	Created time.Time
	Updated time.Time
}

// Label is one label; titles need not be unique.
type Label struct {
	ID      int64
	Title   string
	OwnerID int64
}

// TaskQuery narrows a scan.
type TaskQuery struct {
	AfterID int64 // only ids above this one
	Project int64 // only this project; 0: all
}

// Task is one task as stored, without its comments.
type Task struct {
	ID          int64
	ProjectID   int64
	Title       string
	Description string // HTML as stored
	Done        bool
	DoneAt      time.Time
	Due         time.Time
	Start       time.Time
	End         time.Time
	Priority    int64
	Percent     float64
	RepeatAfter int64 // seconds
	RepeatMode  int64
	Labels      []Label
	BlockedBy   []int64 // ids of related_tasks.blocked, ascending
	Created     time.Time
	Updated     time.Time
	CreatedBy   int64
}

// Repeats reports whether marking the task done rolls it over.
func (t *Task) Repeats() bool { return t.RepeatAfter > 0 || t.RepeatMode == 1 }

// Comment is one comment.
type Comment struct {
	ID       int64
	Text     string // HTML as stored
	AuthorID int64
	Author   string // display name, or the user name where that is empty
	Created  time.Time
	Updated  time.Time
}

// TaskInput is a new task. Zero values are not sent.
type TaskInput struct {
	ProjectID   int64
	Title       string
	Description string
	Done        bool
	DoneAt      time.Time
	Due         time.Time
	Start       time.Time
	End         time.Time
	Priority    int64
}

// TaskPatch names the fields to write; nil leaves a field alone and a zero
// time clears a date.
type TaskPatch struct {
	ProjectID   *int64
	Title       *string
	Description *string
	Done        *bool
	Due         *time.Time
	Start       *time.Time
	End         *time.Time
	Priority    *int64
	RepeatAfter *int64
	RepeatMode  *int64
}

// Empty reports a patch that names nothing.
func (p TaskPatch) Empty() bool { return p == TaskPatch{} }

// Webhook is one registration. The secret is never readable.
type Webhook struct {
	ID        int64
	ProjectID int64
	TargetURL string
	Events    []string
}
