package fake

import (
	"regexp"
	"testing"
	"time"

	"vikunja-sync/internal/api"
)

// bumped reads what the recorder measured.
var bumped = regexp.MustCompile(`task updated (bumped|unchanged); project updated (bumped|unchanged)`)

// TestStamps plays the recording that measured which operation moves the
// `updated` of task 36 and of its project 12.
func TestStamps(t *testing.T) {
	const name = "updated-timestamp-matrix"
	p := newPlayer(t, name, exchanges(t, "../../testdata/fixtures/"+name+".json"))
	p.s.TaskM[39] = &Task{Task: api.Task{ID: 39, ProjectID: 12, Title: "third", CreatedBy: 1}}
	checked := 0
	for i, x := range p.xs {
		m := bumped.FindStringSubmatch(x.Note)
		if m == nil {
			continue
		}
		checked++
		p.now = p.now.Add(3 * time.Second)
		task, project := p.s.TaskM[36].Updated, p.s.ProjectM[12].Updated
		if id := map[int]int64{11: 10, 23: 37}[i]; id != 0 {
			p.s.last = id
		}
		if w := p.send(i); w.Code != x.Response.Status {
			t.Fatalf("%d: %d %s", i, w.Code, w.Body)
		}
		for what, at := range map[string][2]any{"task": {task, p.s.TaskM[36].Updated}, "project": {project, p.s.ProjectM[12].Updated}} {
			want := map[string]string{"task": m[1], "project": m[2]}[what]
			got := "unchanged"
			if at[0] != at[1] {
				got = "bumped"
			}
			if got != want {
				t.Errorf("%d %s %s: the %s's stamp is %s, recorded %s", i, x.Request.Method, x.Note, what, got, want)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d operations were measured", checked)
	}
}
