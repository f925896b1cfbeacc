package e2e

import (
	"context"
	"testing"

	"vikunja-sync/internal/api"
)

// unlisted is a server whose list of projects is empty, as it is for a moment
// when a project was made after the list was read.
type unlisted struct{ api.Server }

func (unlisted) Projects(context.Context) ([]api.Project, error) { return nil, nil }

// TestUnlistedProject: a project that no list shows keeps its tasks' path.
func TestUnlistedProject(t *testing.T) {
	e := newEnv(t)
	p := e.project("top", 0)
	v := e.page(api.TaskInput{ProjectID: e.project("sub", p), Title: "T"})
	e.settle()
	u := e.twOf(v.ID).UUID()
	e.vk = unlisted{e.vk}
	e.web(v, api.TaskPatch{Title: ptr("new")})
	e.settle()
	e.want(e.get(u).Str("project") == "top.sub" && e.get(u).Str("description") == "new", "the path stays")
}
