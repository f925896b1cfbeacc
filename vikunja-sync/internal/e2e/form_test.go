package e2e

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
)

var formScenarios = []scenario{
	{39, "10,000 tasks", many},
	{40, "odd text", oddText},
	{41, "times and zones", times},
}

var odd = []string{`emoji 🐫 and é`, `"quotes" 'and' \back\`, "two\nlines", `</p><b>x</b>`, `due:tomorrow +x project:y`, `rc.hooks=on; rm -rf ~`,
	`$(id) %s {{x}}`, `-- +tag -x`, `[brackets] {braces}`, `a,b;c`, `é` + "\u0301"}

func oddText(e *env) {
	for i, s := range odd {
		u := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		r := model.Raw{}
		r.SetStr("uuid", u)
		r.SetStr("status", "pending")
		r.SetStr("description", s)
		r.SetStr("project", strings.ReplaceAll(strings.ReplaceAll(s, ".", "_"), "\n", " "))
		r.SetList("tags", []string{model.TagFor(s)})
		r.SetAnnotations([]model.Annotation{{Entry: "20260101T000000Z", Description: s}})
		e.put(r)
		e.page(api.TaskInput{Title: "web " + s})
	}
	e.settle()
	for i, s := range odd {
		u := fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		v := e.vkOf(u)
		before := e.get(u)
		for round := range 3 {
			e.web(v, api.TaskPatch{Priority: ptr(int64(round))})
			e.task(u, "modify", fmt.Sprintf("due:2027-01-0%d", round+1))
			e.settle()
		}
		after := e.get(u)
		for _, k := range []string{"description", "project", "tags", "annotations"} {
			e.want(string(before[k]) == string(after[k]), "identical "+k)
		}
		e.want(model.Text(v.now().Title) == model.Text(s) && len(v.notes()) == 1 && after.Str("status") == "pending", "never an attribute")
	}
	var titles []string
	for _, r := range e.all() {
		titles = append(titles, r.Str("description"))
	}
	for _, s := range odd {
		e.want(slices.Contains(titles, model.Text("web "+s)), "from the web: "+s)
	}
}

func times(e *env) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	e.must(err)
	e.back.zone(berlin)                                                            // a real server has its own
	due := time.Date(2027, 3, 28, 2, 30, 0, 123456789, time.FixedZone("", 2*3600)) // the hour that DST skips
	v := e.page(api.TaskInput{Title: "T", Due: due})
	e.settle()
	r := e.twOf(v.ID)
	e.want(r.Str("due") == "20270328T003000Z", "the same instant")
	e.want(r.Str("scheduled") == "" && r.Str(model.UDAEnd) == "" && r.Str("end") == "", "the null date is absent")
	e.task(r.UUID(), "modify", "due:2027-11-07T01:30:00") // twice that night in New York
	e.settle()
	e.want(model.Stamp(v.now().Due) == e.get(r.UUID()).Str("due") && !v.now().Due.IsZero(), "the same instant back")
	e.task(r.UUID(), "modify", "due:")
	e.settle()
	e.want(v.now().Due.IsZero() && e.get(r.UUID()).Str("due") == "", "cleared")
	e.web(v, api.TaskPatch{Due: ptr(time.Date(1975, 1, 1, 0, 0, 0, 0, time.UTC))})
	e.settle()
	e.want(e.get(r.UUID()).Str("due") == "" && v.now().Due.Year() == 1975, "a date that would poison the export stays away")
	e.silent(2)
}

// many is the idle cycle and the resumed first load.
func many(e *env) {
	n := 10_000
	if v, _ := e.tw.Version(e.Context()); !strings.HasPrefix(v, "2.") {
		n = 60 // an import on 3.x takes time that grows with the square
	} else if real() {
		n = 2000 // a real server takes its time for each of the 5000 creates
	}
	e.many(e.back.inbox(), n/2, func(i int) fields { return fields{"title": fmt.Sprint("web ", i)} })
	var raws []model.Raw
	for i := range n / 2 {
		r := model.Raw{}
		r.SetStr("uuid", fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
		r.SetStr("description", fmt.Sprint("here ", i))
		r.SetStr("status", "pending")
		raws = append(raws, r)
	}
	e.must(e.tw.Import(e.Context(), raws))
	e.settle()
	e.want(len(e.tasks()) == n && len(e.all()) == n, "all are there")
	if real() {
		time.Sleep(3 * time.Second) // what was written within its second is looked at once more
		e.cycle()
	}
	writes := e.st.Writes
	e.silent(1)
	e.want(e.st.Writes == writes, "an idle cycle writes nothing, not even to the state")
}
