package fake

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"vikunja-sync/internal/api"
)

// scene tells what a recording does not show: what was there before, what was
// done between two requests, and who sent which.
type scene struct {
	begin  func(*player)
	before map[int]func(*player)
	as     map[int]string
}

// everything is a token that may do what a token may.
func everything(p *player, title string) {
	perms := map[string][]string{}
	for g, all := range routes.(map[string]any) {
		perms[g] = slices.Sorted(maps.Keys(all.(map[string]any)))
	}
	p.h.Tokens["tk"] = &Token{ID: 1, Title: title, Perms: perms, Expires: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), Owner: 1, At: p.now}
}

func narrow(perms map[string][]string) func(*player) {
	return func(p *player) { p.h.Tokens["narrow"] = &Token{ID: 90, Perms: perms, Owner: 1} }
}

// fillUp brings a project to n tasks that were last changed at a time.
func fillUp(project int64, n int, at time.Time) func(*player) {
	return func(p *player) {
		have := 0
		for _, t := range p.s.TaskM {
			if project == 0 || t.ProjectID == project {
				have++
			}
		}
		for i := have; i < n; i++ {
			id := int64(1_000_000 + i)
			p.s.TaskM[id] = &Task{Task: api.Task{ID: id, ProjectID: max(project, 1), Title: fmt.Sprint("filler ", i), CreatedBy: 1, Created: at, Updated: at}}
		}
	}
}

// roots brings the projects at the top to n, among which a place is shared.
func roots(n int) func(*player) {
	return func(p *player) {
		for _, q := range p.s.ProjectM {
			if q.Parent == 0 {
				n--
			}
		}
		for i := range n {
			id := int64(700_000 + i)
			p.s.ProjectM[id] = &api.Project{ID: id, Title: fmt.Sprint("root ", i), OwnerID: 2}
		}
	}
}

func logins(n int) func(*player) {
	return func(p *player) {
		for range n {
			p.do("", "POST", "/api/v1/login", `{"username":"alice","password":"wrong"}`)
		}
	}
}

func reads(n int) func(*player) {
	return func(p *player) {
		for range n {
			p.do("tk", "GET", "/api/v1/tasks?per_page=1", "")
		}
	}
}

var scenes = map[string]scene{
	"auth-and-info": {
		begin:  func(p *player) { everything(p, "local test") },
		before: map[int]func(*player){1: logins(1)},
		as:     map[int]string{4: "tk_unknown", 5: "tk_gone", 12: "made 11", 13: "made 11", 14: "made 11", 18: "made 17"},
	},
	"bot-user": {as: map[int]string{3: "made 1", 4: "made 1", 5: "made 1", 6: "made 1"}},
	"audit-extras": {
		begin: func(p *player) {
			p.s.more(3).Identifier, p.s.more(3).LastIndex = "AAA", 2
			p.s.TaskM[1].ProjectID, p.s.TaskM[1].Index, p.s.more(4).LastIndex, p.s.more(4).Identifier = 3, 1, 0, ""
			p.s.ProjectM[4].Title, p.s.TaskM[4] = "B", &Task{Task: api.Task{ID: 4, ProjectID: 1, Title: "s", CreatedBy: 1}}
			p.do("tk", "PUT", "/api/v1/tasks/1/comments", `{"comment":"c"}`)
		},
		before: map[int]func(*player){
			5: func(p *player) {
				p.do("tk", "PATCH", "/api/v2/projects/3", `{"identifier":"AAA","hex_color":"aabbcc","is_favorite":true}`)
			},
			7: narrow(map[string][]string{"tasks": {"read_all"}}),
			15: func(p *player) {
				p.s.last = 0
				p.do("tk", "PUT", "/api/v1/projects/3/webhooks", `{"target_url":"http://127.0.0.1:9977/hook","events":["task.created","task.updated","project.deleted","project.updated"]}`)
				p.do("tk", "PUT", "/api/v1/projects/3/users", `{"username":"bob","permission":0}`)
			},
		},
		as: map[int]string{7: "narrow", 8: "narrow", 9: "narrow", 13: "narrow", 15: "jwt bob", 16: "jwt bob", 17: "jwt bob"},
	},
	"concurrent-patch-lost-update": {begin: func(p *player) { p.s.TaskM[212].Priority = 0 }, before: map[int]func(*player){0: func(p *player) {
		p.h.Pause = func() { // the second has read and not yet written
			p.h.Pause = nil
			p.early[0] = p.send(0)
		}
		p.early[1] = p.send(1)
	}}},
	"sqlite-concurrent-writes-500": {before: map[int]func(*player){1: func(p *player) {
		p.s.last = 212
		p.h.Writing = func() {
			p.h.Writing = nil
			p.early[2] = p.send(2)
		}
		p.early[1] = p.send(1)
	}}},
	"etag-granularity": {before: map[int]func(*player){
		1: func(p *player) { p.do("tk", "PATCH", "/api/v2/tasks/10337", `{"title":"a1"}`) },
		2: func(p *player) { p.do("tk", "PATCH", "/api/v2/tasks/10337", `{"title":"b9"}`) },
		3: func(p *player) {
			p.s.last = 900
			p.do("tk", "POST", "/api/v2/labels", `{"title":"l"}`)
			p.do("tk", "PUT", "/api/v2/tasks/10337/labels/bulk", `{"labels":[{"id":901}]}`)
		},
		4: func(p *player) { p.do("tk", "PATCH", "/api/v2/labels/901", `{"title":"renamed"}`) },
	}},
	"labels":                    {before: map[int]func(*player){30: func(p *player) { p.s.Share(p.s.TaskM[154].ProjectID, 2, write) }}},
	"comments":                  {before: map[int]func(*player){8: func(p *player) { p.s.Share(p.s.TaskM[154].ProjectID, 2, write) }}},
	"project-update-resets":     {begin: roots(5)},
	"updated-timestamp-matrix":  {begin: func(p *player) { p.s.TaskM[37].ProjectID = 12 }, before: map[int]func(*player){22: roots(11)}},
	"v1-body-overrides-url":     {begin: func(p *player) { p.s.TaskM[30].Extra["assignees"] = []byte(`[{"id":1}]`) }, before: map[int]func(*player){4: roots(9)}},
	"filter-updated-resolution": {before: map[int]func(*player){0: fillUp(18, 61, time.Date(2026, 11, 21, 22, 53, 26, 0, time.UTC))}},
	"task-update-v2":            {before: map[int]func(*player){21: fillUp(0, 26, time.Date(2026, 11, 21, 22, 44, 18, 0, time.UTC))}},
	"create-recovery-filter":    {before: map[int]func(*player){2: fillUp(0, 10320, time.Date(2026, 11, 21, 22, 44, 18, 0, time.UTC))}},
	"login-rate-limit":          {before: map[int]func(*player){0: logins(1), 1: logins(8)}},
	"rate-limit": {
		begin: func(p *player) {
			p.h.Limit, p.h.URL = Limit{Requests: 40, Period: 20 * time.Second}, "http://127.0.0.1:3457/"
		},
		before: map[int]func(*player){
			0: func(p *player) { logins(1)(p); reads(2)(p) },
			2: reads(36),
		},
	},
	"v2-crud-verbs": {
		begin: func(p *player) {
			p.s.TaskM[1] = &Task{Task: api.Task{ID: 1, ProjectID: 1, Title: "f", CreatedBy: 1}, Extra: map[string]json.RawMessage{"is_favorite": []byte("true")}}
			p.do("tk", "PUT", "/api/v1/filters", `{"title":"my filter","filters":{"filter":"done = false"}}`)
		},
		before: map[int]func(*player){29: narrow(map[string][]string{"tasks": {"read_all"}})},
		as:     map[int]string{29: "narrow", 31: "narrow", 32: "jwt"},
	},
	"visibility-vs-deletion": {begin: func(p *player) {
		p.s.ProjectM[32].Parent, p.s.ProjectM[32].Archived = 31, true
		p.s.TaskM[10333].ProjectID = 32
	}},
}
