package e2e

import (
	"time"

	"vikunja-sync/internal/api"
)

// foundScenarios were found by trying what nobody had written down.
var foundScenarios = []scenario{
	{73, "dates at the end of time", endOfTime},
}

func endOfTime(e *env) {
	last := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	v := e.page(api.TaskInput{Title: "never", Due: last})
	w := e.page(api.TaskInput{Title: "nearly never", Due: last.Add(-24 * time.Hour)})
	e.settle()
	u := e.twOf(v.ID).UUID()
	e.want(e.get(u).Str("due") == "" && e.twOf(w.ID).Str("due") == "99991230T235959Z", "a date that Taskwarrior cannot export stays away")
	e.task(u, "modify", "priority:H")
	e.settle()
	e.want(v.now().Due.Equal(last) && v.now().Priority == 3, "and stays in Vikunja")
	e.silent(2)
}
