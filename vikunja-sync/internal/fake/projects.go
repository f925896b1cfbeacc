package fake

import (
	"maps"
	"net/http"
	"strings"

	"vikunja-sync/internal/api"
)

// listedProject is a project in a list, where the permission is not told.
func (q *request) listedProject(p api.Project) fields {
	out := q.projectJSON(p)
	out["max_permission"] = nil
	return out
}

// readProject answers for one project; v2 tells the permission on reads alone.
func (q *request) readProject(status int, p api.Project, err error) (int, any) {
	out := q.projectJSON(p)
	switch {
	case q.v2 && strings.HasPrefix(q.route, "GET"):
		out["max_permission"] = 2
	case q.v2:
		out["max_permission"] = nil
	}
	return q.answer(status, out, err)
}

// checkProject refuses a project's body.
func (q *request) checkProject(id int64) (int, any) {
	short := q.str("identifier")
	if _, named := q.body["title"]; q.str("title") == "" && (named || !strings.HasPrefix(q.route, "PATCH")) {
		return invalid("title: non zero value required")
	}
	if len(short) > 10 {
		return invalid("identifier: " + short + " does not validate as runelength(0|10)")
	}
	for other, m := range q.h.More {
		if short != "" && other != id && m.Identifier == short && q.h.ProjectM[other] != nil {
			return q.problem(400, 3007, "A project with this identifier already exists.")
		}
	}
	return 0, nil
}

// changeProject is v1's and v2's update. v1's POST and v2's PUT reset
// identifier, colour, favourite and archive; a description cannot be emptied.
func (q *request) changeProject() (int, any) {
	s, id := q.h.Server, q.ids[0]
	s.Mu.Lock()
	defer s.Mu.Unlock()
	p := s.ProjectM[id]
	if p == nil {
		return q.problem(404, 3001, messages[3001])
	}
	if status, out := q.checkProject(id); status != 0 {
		return status, out
	}
	_, sets := q.body["is_archived"]
	archive := string(q.body["is_archived"]) == "true"
	patch := strings.HasPrefix(q.route, "PATCH")
	parent, moves := q.int("parent_project_id"), q.body["parent_project_id"] != nil
	switch {
	case p.Archived && archive, p.Archived && patch && !sets:
		return q.problem(412, 3008, messages[3008])
	case archive && id == s.MeUser.DefaultProject:
		return q.problem(412, 3013, "This project cannot be archived because it is the default project of a user.")
	case moves && s.below(parent, id):
		return q.problem(412, 3011, "This project cannot have a cyclic relationship to a parent project.")
	}
	before := q.projectJSON(*p)
	q.applyProject(p, patch)
	if moves {
		p.Parent = parent
	}
	if !patch {
		s.spread(p.Parent, id) // a place is not named, so it comes first
	}
	if sets || !patch {
		s.archive(id, archive)
	}
	cleared := q.body["description"] != nil && q.str("description") == "" && before["description"] != "" // in vain, but it counts
	if patch && !cleared && q.sameProject(before, q.projectJSON(*p)) {
		return 304, nil
	}
	p.Updated = s.now()
	s.Writes++
	return q.readProject(200, *p, nil)
}

func (q *request) sameProject(a, b fields) bool {
	return maps.EqualFunc(a, b, func(x, y any) bool {
		switch x.(type) {
		case fields, []any:
			return true // the owner, the views
		}
		return x == y
	})
}

func (q *request) applyProject(p *api.Project, patch bool) {
	m := q.h.more(p.ID)
	if !patch {
		m.Identifier, m.Color, m.Favorite = "", "", false
	}
	for key := range q.body {
		switch text := q.str(key); key {
		case "title":
			p.Title = text
		case "identifier":
			m.Identifier = text
		case "hex_color":
			m.Color = strings.TrimPrefix(text, "#")
		case "is_favorite":
			m.Favorite = string(q.body[key]) == "true"
		case "description":
			if text != "" {
				m.Description = text
			}
		}
	}
}

// below reports whether a project is another one or under it.
func (s *Server) below(id, root int64) bool {
	for p := s.ProjectM[id]; p != nil; p = s.ProjectM[p.Parent] {
		if p.ID == root {
			return true
		}
	}
	return false
}

// archive sets a project and everything below it.
func (s *Server) archive(root int64, to bool) {
	for id, p := range s.ProjectM {
		if s.below(id, root) {
			p.Archived = to
		}
	}
}

// deleteProject deletes a project with everything below it.
func (q *request) deleteProject() (int, any) {
	s, root := q.h.Server, q.ids[0]
	s.Mu.Lock()
	defer s.Mu.Unlock()
	switch {
	case s.ProjectM[root] == nil:
		return q.problem(404, 3001, messages[3001])
	case root == s.MeUser.DefaultProject:
		return q.problem(412, 3012, "This project cannot be deleted because it is the default project of a user.")
	}
	s.DropProject(root)
	s.Writes++
	return q.gone(nil)
}

// serveProjects has the routes of projects that the sync does not call.
func (q *request) serveProjects(_ http.Header, route string) (int, any) {
	switch method, _, _ := strings.Cut(route, " "); {
	case !strings.HasSuffix(route, " /projects/#"):
	case method == "DELETE":
		return q.deleteProject()
	case (method == "PATCH" || method == "PUT") == q.v2 || (method == "POST" && !q.v2):
		return q.changeProject()
	}
	return 0, nil
}

// createProject creates a project with what v1 and v2 take.
func (q *request) createProject() (int, any) {
	if status, out := q.checkProject(0); status != 0 {
		return status, out
	}
	s := q.h.Server
	p, err := s.CreateProject(noContext, q.str("title"), q.int("parent_project_id"))
	if err == nil {
		s.Mu.Lock()
		q.applyProject(&p, true)
		s.Mu.Unlock()
	}
	return q.readProject(201, p, err)
}
