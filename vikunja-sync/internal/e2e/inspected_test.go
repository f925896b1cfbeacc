package e2e

import (
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
)

// What a reading of the code, line by line, made one ask for.
var inspectedScenarios = []scenario{
	{107, "the server restored, and used before the sync looks", restoredAndUsed},
}

// restoredAndUsed: a task made on the server that came back does not hide that it
// did, and has the number of one that was lost.
func restoredAndUsed(e *env) {
	u, v := e.pair("T", "priority:L")
	e.settle()
	back := e.back.backup()
	if back == nil {
		return // a server that is not ours has no backups
	}
	e.back.later(time.Hour)
	e.task(u, "modify", "priority:H", "--", "T of today")
	n := e.add("since", "+new")
	e.task(n, "annotate", "--", "and its note")
	e.settle()
	lost := e.vkOf(n).ID
	e.back.later(time.Hour)
	back()
	var fresh vtask
	for range 50 { // until the number is given out again
		if fresh = e.page(api.TaskInput{Title: "made on the restored server"}); fresh.ID >= lost {
			break
		}
		fresh.call("DELETE", fresh.path(), nil, nil)
	}
	e.settle()
	r := e.get(u)
	e.want(r.Str("description") == "T of today" && r.Str("priority") == "H", "Taskwarrior keeps what it had")
	e.want(v.now().Title == "T of today" && v.now().Priority == 3, "Vikunja has it again")
	e.want(fresh.ID == lost, "the number was given out again")
	e.want(fresh.now().Title == "made on the restored server" && len(fresh.notes()) == 0 && e.twOf(lost).Str("description") == fresh.now().Title, "the new one is one of its own")
	e.want(e.get(n).Str("description") == "since" && e.get(n).Str("status") == model.Pending && len(e.vkOf(n).notes()) == 1 && e.vkOf(n).ID != lost, "made anew")
	e.want(len(e.tasks()) == 3 && len(e.conflicts()) == 0, "nothing else")
	e.silent(2)
}
