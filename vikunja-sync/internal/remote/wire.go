package remote

import (
	"slices"
	"time"

	"vikunja-sync/internal/api"
)

// The shapes on the wire. Both versions share them.

type wireUser struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

type wireProject struct {
	ID       int64     `json:"id"`
	Title    string    `json:"title"`
	Parent   int64     `json:"parent_project_id"`
	Archived bool      `json:"is_archived"`
	Owner    *wireUser `json:"owner"`
	Rights   *int64    `json:"max_permission"`
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
}

func (w wireProject) api() api.Project {
	p := api.Project{ID: w.ID, Title: w.Title, Parent: max(w.Parent, 0), Archived: w.Archived, OwnerID: w.Owner.id(),
		Created: instant(w.Created), Updated: instant(w.Updated)}
	if w.Rights != nil {
		p.Rights = *w.Rights
	}
	return p
}

func (u *wireUser) id() int64 {
	if u == nil {
		return 0
	}
	return u.ID
}

type wireLabel struct {
	ID        int64     `json:"id"`
	Title     string    `json:"title"`
	CreatedBy *wireUser `json:"created_by"`
}

func (w wireLabel) api() api.Label {
	return api.Label{ID: w.ID, Title: w.Title, OwnerID: w.CreatedBy.id()}
}

type wireTask struct {
	ID          int64       `json:"id"`
	ProjectID   int64       `json:"project_id"`
	Title       string      `json:"title"`
	Description string      `json:"description"`
	Done        bool        `json:"done"`
	DoneAt      time.Time   `json:"done_at"`
	Due         time.Time   `json:"due_date"`
	Start       time.Time   `json:"start_date"`
	End         time.Time   `json:"end_date"`
	Priority    int64       `json:"priority"`
	Percent     float64     `json:"percent_done"`
	RepeatAfter int64       `json:"repeat_after"`
	RepeatMode  int64       `json:"repeat_mode"`
	Labels      []wireLabel `json:"labels"`
	Related     map[string][]struct {
		ID int64 `json:"id"`
	} `json:"related_tasks"`
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"`
	CreatedBy *wireUser `json:"created_by"`
}

func (w wireTask) api() api.Task {
	t := api.Task{ID: w.ID, ProjectID: w.ProjectID, Title: w.Title, Description: w.Description, Done: w.Done,
		DoneAt: instant(w.DoneAt), Due: instant(w.Due), Start: instant(w.Start), End: instant(w.End), Priority: w.Priority,
		Percent: w.Percent, RepeatAfter: w.RepeatAfter, RepeatMode: w.RepeatMode,
		Created: instant(w.Created), Updated: instant(w.Updated), CreatedBy: w.CreatedBy.id()}
	for _, l := range w.Labels {
		t.Labels = append(t.Labels, l.api())
	}
	for _, o := range w.Related[api.RelationBlocked] {
		t.BlockedBy = append(t.BlockedBy, o.ID)
	}
	slices.Sort(t.BlockedBy)
	t.BlockedBy = slices.Compact(t.BlockedBy)
	return t
}

// instant is a stored time: UTC, whole seconds, the null date as zero.
func instant(t time.Time) time.Time {
	if t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

type wireComment struct {
	ID      int64     `json:"id"`
	Comment string    `json:"comment"`
	Author  *wireUser `json:"author"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

func (w wireComment) api() api.Comment {
	c := api.Comment{ID: w.ID, Text: w.Comment, AuthorID: w.Author.id(), Created: instant(w.Created), Updated: instant(w.Updated)}
	if w.Author != nil {
		if c.Author = w.Author.Name; c.Author == "" {
			c.Author = w.Author.Username
		}
	}
	return c
}

type wireWebhook struct {
	ID        int64    `json:"id"`
	ProjectID int64    `json:"project_id"`
	TargetURL string   `json:"target_url"`
	Events    []string `json:"events"`
}

func (w wireWebhook) api() api.Webhook {
	return api.Webhook{ID: w.ID, ProjectID: w.ProjectID, TargetURL: w.TargetURL, Events: w.Events}
}
