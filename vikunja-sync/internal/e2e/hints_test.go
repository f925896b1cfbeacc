package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/webhint"
)

var hintScenarios = []scenario{
	{7, "two changes in one second", sameSecond},
	{8, "echo", echo},
	{9, "duplicate webhook", duplicateHook},
	{10, "reordered webhooks", reorderedHooks},
	{11, "lost webhooks", lostHooks},
	{12, "forged webhook", forgedHook},
}

func sameSecond(e *env) {
	u, v := e.pair("T")
	thaw := e.back.freeze()
	e.web(v, api.TaskPatch{Title: ptr("first")})
	n := v.comment("<p>first</p>")
	e.cycle()
	e.web(v, api.TaskPatch{Title: ptr("second")})
	v.recomment(n, "<p>second</p>")
	e.cycle()
	v.recomment(n, "<p>third</p>") // nothing but the comment, in the same second
	thaw()
	e.settle()
	r := e.get(u)
	e.want(r.Str("description") == "second" && r.Annotations()[0].Description == "third", "the later value arrives")
}

func (e *env) receiver() (*webhint.Receiver, *httptest.Server) {
	r := webhint.New("key", filepath.Join(e.dir, "spool"))
	s := httptest.NewServer(r)
	e.Cleanup(s.Close)
	return r, s
}

func (e *env) deliver(s *httptest.Server, key string, body string) int {
	e.Helper()
	req, _ := http.NewRequest(http.MethodPost, s.URL+webhint.Path, bytes.NewReader([]byte(body)))
	if key != "" {
		req.Header.Set("X-Vikunja-Signature", webhint.Sign(key, []byte(body)))
	}
	resp, err := http.DefaultClient.Do(req)
	e.must(err)
	resp.Body.Close()
	return resp.StatusCode
}

// hinted runs a cycle for each hint that waits.
func (e *env) hinted(r *webhint.Receiver) (cycles int) {
	for {
		select {
		case <-r.Hints:
			cycles++
			e.cycle()
		default:
			return cycles
		}
	}
}

const updated = `{"event_name":"task.updated","time":"2027-01-01T00:00:00Z","data":{"task":{"id":%d,"title":%q}}}`

func echo(e *env) {
	u, v := e.pair("T")
	rc, s := e.receiver()
	e.task(u, "modify", "priority:H")
	e.settle()
	e.want(e.deliver(s, "key", fmt.Sprintf(updated, v.ID, "T")) == 204, "taken")
	before := e.get(u).Str("modified")
	e.want(e.hinted(rc) == 1, "one cycle")
	e.want(e.get(u).Str("modified") == before, "no echo")
	e.silent(10)
}

func duplicateHook(e *env) {
	u, v := e.pair("T")
	rc, s := e.receiver()
	e.web(v, api.TaskPatch{Title: ptr("new")})
	for range 6 {
		e.deliver(s, "key", fmt.Sprintf(updated, v.ID, "new"))
	}
	e.want(e.hinted(rc) == 1, "six deliveries are one hint")
	e.settle()
	e.want(e.get(u).Str("description") == "new", "arrived")
	e.silent(1)
}

func reorderedHooks(e *env) {
	u, v := e.pair("T")
	rc, s := e.receiver()
	e.web(v, api.TaskPatch{Title: ptr("old")})
	e.web(v, api.TaskPatch{Title: ptr("new")})
	for _, title := range []string{"new", "old"} {
		e.deliver(s, "key", fmt.Sprintf(updated, v.ID, title))
		e.hinted(rc)
	}
	e.want(e.get(u).Str("description") == "new", "the newer state")
}

func lostHooks(e *env) {
	var us []string
	for i := range 20 {
		us = append(us, e.add(fmt.Sprint("task ", i)))
	}
	e.settle()
	for i, u := range us {
		e.web(e.vkOf(u), api.TaskPatch{Title: ptr(fmt.Sprint("web ", i))})
	}
	e.cycle()
	all := e.all()
	for i, u := range us {
		e.want(all[u].Str("description") == fmt.Sprint("web ", i), "all twenty")
	}
}

func forgedHook(e *env) {
	e.pair("T")
	rc, s := e.receiver()
	body := fmt.Sprintf(updated, 1, "forged")
	e.want(e.deliver(s, "", body) == 401 && e.deliver(s, "wrong", body) == 401, "refused")
	e.want(e.hinted(rc) == 0, "no effect")
	e.want(e.deliver(s, "key", string(bytes.Repeat([]byte("x"), webhint.MaxBody+1))) == 413, "too large")
	e.want(e.deliver(s, "key", body) == 204, "the true one")
	e.back.later(24 * time.Hour)
	e.want(e.deliver(s, "key", body) == 204, "replayed")
	before := e.http.writes.Load()
	e.hinted(rc)
	e.want(e.http.writes.Load() == before, "a replay changes nothing")
}
