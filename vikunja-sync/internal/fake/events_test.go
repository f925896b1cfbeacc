package fake

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/webhint"
)

// post is a hook's receiver that keeps what it got.
type post struct {
	mu   sync.Mutex
	got  []Delivery
	fail func(Delivery) bool
}

func (p *post) take(d Delivery) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, d)
	if p.fail != nil && p.fail(d) {
		return 500
	}
	return 204
}

func (p *post) all() []Delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

// hooked is a server with a project 13 and a hook on it for every event.
func hooked(t *testing.T) (*player, *post) {
	p := newPlayer(t, "", nil)
	box := &post{}
	p.h.Deliver, p.h.Retry = box.take, time.Millisecond
	p.now = time.Date(2026, 11, 21, 22, 48, 27, 0, time.UTC)
	p.s.ProjectM[13] = &api.Project{ID: 13, Title: "Hooked", OwnerID: 1, Created: p.now, Updated: p.now}
	p.s.ProjectM[14] = &api.Project{ID: 14, Title: "Child", Parent: 13, OwnerID: 1}
	p.s.ProjectM[15] = &api.Project{ID: 15, Title: "NotHooked", OwnerID: 1}
	p.s.LabelM[6], p.s.LabelMore[6] = &api.Label{ID: 6, Title: "wl", OwnerID: 1}, LabelMore{At: p.now}
	body, _ := json.Marshal(fields{"target_url": "http://127.0.0.1:9977/hook?x=1", "events": events, "secret": "fixture-hmac-key"})
	p.do("tk", "PUT", "/api/v1/projects/13/webhooks", string(body))
	return p, box
}

// deeds are what caused the recorded deliveries, in the recorder's words.
var deeds = []struct{ name, method, path, body string }{
	{"task create", "PUT", "/api/v1/projects/13/tasks", `{"title":"hook me","due_date":"2027-03-01T10:00:00Z"}`},
	{"task update", "POST", "/api/v1/tasks/40", `{"title":"hook me","due_date":"2027-03-01T10:00:00Z","priority":4}`},
	{"task no-op update", "POST", "/api/v1/tasks/40", `{"title":"hook me","due_date":"2027-03-01T10:00:00Z","priority":4}`},
	{"v2 PATCH title", "PATCH", "/api/v2/tasks/40", `{"title":"patched"}`},
	{"", "PATCH", "/api/v2/tasks/40", `{"title":"patched"}`},
	{"done", "PATCH", "/api/v2/tasks/40", `{"done":true}`},
	{"undone", "PATCH", "/api/v2/tasks/40", `{"done":false}`},
	{"label add", "PUT", "/api/v1/tasks/40/labels", `{"label_id":6}`},
	{"label remove", "DELETE", "/api/v1/tasks/40/labels/6", ``},
	{"", "POST", "/api/v1/labels/6", `{"title":"wl2"}`},
	{"labels bulk", "POST", "/api/v1/tasks/40/labels/bulk", `{"labels":[{"id":6}]}`},
	{"", "DELETE", "/api/v1/labels/6", ``},
	{"comment create", "PUT", "/api/v1/tasks/40/comments", `{"comment":"<p>hi</p>"}`},
	{"comment update", "POST", "/api/v1/tasks/40/comments/12", `{"comment":"<p>hi2</p>"}`},
	{"comment delete", "DELETE", "/api/v1/tasks/40/comments/12", ``},
	{"assignee add", "PUT", "/api/v1/tasks/40/assignees", `{"user_id":1}`},
	{"assignee delete", "DELETE", "/api/v1/tasks/40/assignees/1", ``},
	{"other create", "PUT", "/api/v1/projects/13/tasks", `{"title":"other"}`},
	{"relation create", "PUT", "/api/v1/tasks/40/relations", `{"other_task_id":41,"relation_kind":"blocking"}`},
	{"relation delete", "DELETE", "/api/v1/tasks/40/relations/blocking/41", ``},
	{"position", "POST", "/api/v1/tasks/40/position", `{"project_view_id":49,"position":5}`},
	{"bucket move", "POST", "/api/v1/projects/13/views/52/buckets/38/tasks", `{"task_id":40}`},
	{"bucket move to done", "POST", "/api/v1/projects/13/views/52/buckets/39/tasks", `{"task_id":40}`},
	{"", "POST", "/api/v1/tasks/40/read", `{}`},
	{"bulk update 2 tasks", "POST", "/api/v1/tasks/bulk", `{"task_ids":[40,41],"fields":["priority"],"values":{"priority":1}}`},
	{"v2 bulk create 3", "POST", "/api/v2/projects/13/tasks/bulk", `{"tasks":[{"title":"b1"},{"title":"b2"},{"title":"b3"}]}`},
	{"duplicate task", "PUT", "/api/v1/tasks/40/duplicate", `{}`},
	{"task create in child project", "PUT", "/api/v1/projects/14/tasks", `{"title":"in child"}`},
	{"", "PATCH", "/api/v2/tasks/41", `{"project_id":15}`},
	{"move in from unhooked project", "PATCH", "/api/v2/tasks/41", `{"project_id":13}`},
	{"task delete", "DELETE", "/api/v1/tasks/40", ``},
	{"", "DELETE", "/api/v1/projects/14", ``},
	{"project update", "POST", "/api/v1/projects/13", `{"title":"Hooked!"}`},
	{"project archive", "POST", "/api/v1/projects/13", `{"title":"Hooked!","is_archived":true}`},
	{"project unarchive", "POST", "/api/v1/projects/13", `{"title":"Hooked!","is_archived":false}`},
	{"share with user", "PUT", "/api/v1/projects/13/users", `{"username":"bob","permission":1}`},
	{"project delete", "DELETE", "/api/v1/projects/13", ``},
}

// TestDeliveries causes the recorded deliveries again and wants the same
// events with the same content and a true signature, and no others: a deed
// without a name sent none.
func TestDeliveries(t *testing.T) {
	b, err := os.ReadFile("../../testdata/fixtures/webhook-deliveries.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Deliveries []struct {
			By  string `json:"caused_by"`
			Raw string `json:"raw_body"`
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for _, d := range doc.Deliveries {
		want[d.By] = append(want[d.By], plainDelivery(t, []byte(d.Raw)))
	}
	p, box := hooked(t)
	p.s.last = 39
	seen := 0
	for _, d := range deeds {
		if strings.Contains(d.path, "/comments") && d.method == "PUT" {
			p.s.last = 11
		} else if d.name == "other create" {
			p.s.last = 40
		}
		p.do("tk", d.method, d.path, d.body)
		p.h.Settle()
		var got []string
		for _, x := range box.all()[seen:] {
			seen++
			got = append(got, plainDelivery(t, x.Body))
			if s := x.Header.Get("X-Vikunja-Signature"); s != webhint.Sign("fixture-hmac-key", x.Body) {
				t.Errorf("%s: signature %s", d.name, s)
			}
		}
		slices.Sort(got)
		expect := slices.Sorted(slices.Values(want[d.name]))
		if diff := cmp.Diff(expect, got); diff != "" {
			t.Errorf("%s (%s %s):\n%s", d.name, d.method, d.path, diff)
		}
		delete(want, d.name)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		t.Errorf("nothing caused %q", name)
	}
}

// plainDelivery leaves out what cannot be repeated.
func plainDelivery(t *testing.T, raw []byte) string {
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	delete(v, "time")
	walk(v, func(m map[string]any) {
		if m["background_blur_hash"] != nil {
			delete(m, "position") // goes by projects that the recording had beside
		}
	})
	out, _ := json.MarshalIndent(plain("", v), "", " ")
	return string(out)
}

// TestDeliveryRetries: a receiver that fails gets the same bytes six times and
// then never again; while it fails a newer state can come before an older.
func TestDeliveryRetries(t *testing.T) {
	p, box := hooked(t)
	p.s.last = 39
	box.fail = func(d Delivery) bool { return strings.Contains(string(d.Body), `"title":"lost"`) }
	p.do("tk", "PUT", "/api/v1/projects/13/tasks", `{"title":"lost"}`)
	p.h.Settle()
	if got := box.all(); len(got) != tries || string(got[0].Body) != string(got[5].Body) {
		t.Errorf("%d attempts", len(got))
	}
	p.h.Retry = 50 * time.Millisecond
	first, newer := make(chan struct{}), false
	var once sync.Once
	box.fail = func(d Delivery) bool {
		old := strings.Contains(string(d.Body), `"title":"older"`)
		if newer = newer || !old; old {
			once.Do(func() { close(first) })
		}
		return old && !newer
	}
	p.do("tk", "PATCH", "/api/v2/tasks/40", `{"title":"older"}`)
	<-first
	p.do("tk", "PATCH", "/api/v2/tasks/40", `{"title":"newer"}`)
	p.h.Settle()
	got := box.all()
	if last := string(got[len(got)-1].Body); !strings.Contains(last, `"title":"older"`) {
		t.Errorf("the older state must come last: %s", last)
	}
}

// TestReceiver lets the stand-in deliver to the real receiver.
func TestReceiver(t *testing.T) {
	p, _ := hooked(t)
	r := webhint.New("fixture-hmac-key", t.TempDir()+"/spool")
	srv := httptest.NewServer(r)
	defer srv.Close()
	p.h.Deliver = Post
	body, _ := json.Marshal(fields{"target_url": srv.URL + webhint.Path, "events": []string{"task.created"}, "secret": "fixture-hmac-key"})
	p.h.Hooks[13] = nil
	p.do("tk", "PUT", "/api/v1/projects/13/webhooks", string(body))
	p.do("tk", "PUT", "/api/v1/projects/13/tasks", `{"title":"x"}`)
	p.h.Settle()
	select {
	case <-r.Hints:
	default:
		t.Error("no hint")
	}
}
