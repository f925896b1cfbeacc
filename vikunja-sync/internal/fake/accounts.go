package fake

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// User is an account of the server.
type User struct {
	ID       int64
	Username string
	Name     string
	Email    string
	Password string
	Owner    int64 // of a bot
	Since    time.Time
}

func (u *User) shown() string { return cmp.Or(u.Name, u.Username) }

// Token is an API token. A nil Perms may do everything that a token may.
type Token struct {
	ID      int64
	Title   string
	Perms   map[string][]string
	Expires time.Time
	Owner   int64
	At      time.Time
}

func (s *Server) userNamed(name string) *User {
	for _, u := range s.Users {
		if u.Username == name {
			return u
		}
	}
	return nil
}

// who tells whose a request is. Sessions come from a login, tokens are made in
// one. Every failure looks the same.
func (h *HTTP) who(r *http.Request, route string) (user int64, ok bool) {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	h.Mu.Lock()
	defer h.Mu.Unlock()
	if id, is := h.Sessions[bearer]; is {
		return id, true
	}
	t := h.Tokens[bearer]
	if t == nil && bearer == h.Token {
		t = &Token{Owner: h.owner()}
	}
	switch {
	case t == nil || (!t.Expires.IsZero() && t.Expires.Before(h.Clock())), session.MatchString(route):
		return 0, false
	}
	return t.Owner, t.Perms == nil || route == "GET /token/test" || t.may(r, route)
}

// owner is whom Token belongs to. Mu is held.
func (h *HTTP) owner() int64 {
	if h.first.ID != 0 {
		return h.first.ID
	}
	return h.MeUser.ID
}

// session matches the routes that no API token may use.
var session = regexp.MustCompile(`^[A-Z]+ /(tokens|user/bots|user/settings/webhooks)`)

//go:embed routes.json
var routesJSON []byte

// scopes maps a route of v1 to its permission, as `GET /routes` lists them.
var scopes, routes = func() (map[string][2]string, any) {
	var groups map[string]map[string]struct{ Method, Path string }
	var all any
	json.Unmarshal(routesJSON, &groups)
	json.Unmarshal(routesJSON, &all)
	out := map[string][2]string{"GET /projects/#/tasks": {"tasks", "read_all"}}
	for g, perms := range groups {
		for p, at := range perms {
			out[at.Method+" "+param.ReplaceAllString(strings.TrimPrefix(at.Path, "/api/v1"), "/#")] = [2]string{g, p}
		}
	}
	return out, all
}()

var param = regexp.MustCompile(`/:[A-Za-z]+`)

// may reports whether the token's permissions cover a route. v2's verbs count
// as those of v1.
func (t *Token) may(r *http.Request, route string) bool {
	if strings.HasPrefix(r.URL.Path, "/api/v2") {
		method, path, _ := strings.Cut(route, " ")
		method = map[string]string{"POST": "PUT", "PUT": "POST", "PATCH": "POST"}[method]
		route = cmp.Or(method, r.Method) + " " + path
	}
	need, ok := scopes[kinds.ReplaceAllString(route, "/relations/#/")]
	return ok && slices.Contains(t.Perms[need[0]], need[1])
}

var kinds = regexp.MustCompile(`/relations/[a-z]+/`)

// login opens a session.
func (q *request) login() (int, any) {
	u := q.h.userNamed(q.str("username"))
	if u == nil || u.Password == "" || u.Password != q.str("password") {
		return 403, fields{"code": 1011, "message": "Wrong username or password."}
	}
	jwt := fmt.Sprintf("jwt-%d", q.h.next())
	if q.h.Sessions == nil {
		q.h.Sessions = map[string]int64{}
	}
	q.h.Sessions[jwt] = u.ID
	return 200, fields{"token": jwt}
}

// serveAccounts has the routes of users and tokens; status 0 means none.
func (q *request) serveAccounts(head http.Header, route string) (int, any) {
	s := q.h.Server
	switch route {
	case "GET /user":
		return 200, q.me()
	case "GET /routes":
		return 200, routes
	case "GET /token/test":
		return 200, fields{"message": "ok"}
	case "GET /tokens":
		var all []any
		for _, value := range slices.SortedFunc(maps.Keys(q.h.Tokens), func(a, b string) int { return cmp.Compare(q.h.Tokens[a].ID, q.h.Tokens[b].ID) }) {
			if t := q.h.Tokens[value]; t.Owner == s.MeUser.ID {
				all = append(all, q.tokenJSON(t))
			}
		}
		return q.page(head, all, nil)
	case "PUT /tokens":
		return q.createToken()
	case "PUT /user/bots":
		if !strings.HasPrefix(q.str("username"), "bot-") || s.userNamed(q.str("username")) != nil {
			return invalid("username")
		}
		u := &User{ID: s.next(), Username: q.str("username"), Name: q.str("name"), Owner: s.MeUser.ID, Since: s.now()}
		s.Users[u.ID] = u
		out := s.userJSON(u.ID)
		out["status"] = 0
		return 201, out
	case "PUT /projects/#/users":
		u := s.userNamed(q.str("username"))
		if u == nil {
			return q.problem(404, 1005, "The user does not exist.")
		}
		if s.access(q.ids[0]) < admin {
			return q.problem(403, 0, "Forbidden")
		}
		s.Share(q.ids[0], u.ID, access(q.int("permission")))
		return 201, fields{"id": u.ID, "username": u.Username, "permission": q.int("permission"), "created": q.when(s.now()), "updated": q.when(s.now())}
	}
	return 0, nil
}

func (q *request) createToken() (int, any) {
	s := q.h.Server
	t := &Token{Title: q.str("title"), Expires: q.date("expires_at"), Owner: cmp.Or(q.int("owner_id"), s.MeUser.ID), At: s.now()}
	json.Unmarshal(q.body["permissions"], &t.Perms)
	owner := s.Users[t.Owner]
	switch {
	case t.Expires.IsZero():
		return invalid("expires_at: non zero value required")
	case t.Owner != s.MeUser.ID && (owner == nil || owner.Owner != s.MeUser.ID):
		return q.problem(403, 0, "Forbidden")
	}
	t.ID = s.next()
	value := fmt.Sprintf("tk_%040d", t.ID)
	if q.h.Tokens == nil {
		q.h.Tokens = map[string]*Token{}
	}
	q.h.Tokens[value] = t
	out := q.tokenJSON(t)
	out["token"] = value
	return 201, out
}

func (q *request) tokenJSON(t *Token) fields {
	return fields{"id": t.ID, "title": t.Title, "permissions": t.Perms, "expires_at": q.when(t.Expires), "created": q.when(t.At), "owner_id": t.Owner}
}

// me is the account with its settings as they are at first.
func (q *request) me() fields {
	out := q.h.userJSON(q.h.MeUser.ID)
	out["settings"] = fields{"name": "", "email_reminders_enabled": false, "discoverable_by_name": false, "discoverable_by_email": false,
		"overdue_tasks_reminders_enabled": true, "overdue_tasks_reminders_time": "9:00", "default_project_id": q.h.MeUser.DefaultProject,
		"week_start": 0, "language": "", "timezone": "GMT", "frontend_settings": nil, "extra_settings_links": nil}
	out["deletion_scheduled_at"], out["is_local_user"], out["auth_provider"], out["is_admin"] = q.when(time.Time{}), true, "local", false
	return out
}

// info is what everyone may know, with the defaults of a fresh server.
func (h *HTTP) info() fields {
	return fields{"version": cmp.Or(h.Version, "v2.5.0"), "frontend_url": h.URL, "motd": "", "link_sharing_enabled": true, "max_file_size": "20MB",
		"max_items_per_page": 50, "available_migrators": []string{"vikunja-file", "ticktick", "wekan", "csv", "planka"},
		"task_attachments_enabled": true, "enabled_background_providers": []string{"upload"}, "totp_enabled": true,
		"legal": fields{"imprint_url": "", "privacy_policy_url": ""}, "caldav_enabled": true,
		"auth": fields{"local": fields{"enabled": true, "registration_enabled": true}, "ldap": fields{"enabled": false},
			"openid_connect": fields{"enabled": false, "providers": nil}},
		"email_reminders_enabled": true, "user_deletion_enabled": true, "task_comments_enabled": true, "demo_mode_enabled": false,
		"webhooks_enabled": true, "public_teams_enabled": false, "allow_icon_changes": false, "enabled_pro_features": []string{},
		"concurrent_writes": false}
}

// access is what a user may do in a project.
type access int

const (
	none access = iota - 1
	read
	write
	admin
)

// Share lets a user into a project and all below it. Mu is held.
func (s *Server) Share(project, user int64, a access) {
	if s.Shares[project] == nil {
		s.Shares[project] = map[int64]access{}
	}
	s.Shares[project][user] = a
}

// Lend makes a project another user's, who lets the own account in: 0 to read,
// 1 to write.
func (s *Server) Lend(project int64, rights int) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.ProjectM[project].OwnerID = s.MeUser.ID + 1
	s.Share(project, s.MeUser.ID, access(rights))
}

// access of the account that asks. A project without an owner is anyone's.
func (s *Server) access(project int64) access {
	best := none
	for p := s.ProjectM[project]; p != nil; p = s.ProjectM[p.Parent] {
		if s.NoAccess[p.ID] {
			return none
		}
		if p.OwnerID == 0 || p.OwnerID == s.MeUser.ID {
			best = admin
		}
		if a, ok := s.Shares[p.ID][s.MeUser.ID]; ok {
			best = max(best, a)
		}
	}
	if s.ProjectM[project] == nil {
		return admin // of nothing
	}
	return best
}
