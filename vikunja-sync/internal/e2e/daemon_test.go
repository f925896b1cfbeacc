package e2e

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
)

// daemonScenarios are played beside the running daemon, whose interval never
// comes: what it does, a hook, a delivery or a command has called for.
var daemonScenarios = []scenario{
	{96, "deletions that wait for a yes, said beside the daemon", confirmedBeside},
	{97, "a project that came in the web page without a word", projectBeside},
	{98, "a tag and a dependency where nothing may be written yet", tagLater},
}

// eventually waits for what the daemon does by itself.
func (e *env) eventually(what string, ok func() bool) {
	e.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			e.Fatalf("%s\n%s", what, e.dump())
		}
	}
}

// says runs a command of the sync and gives what it wrote.
func (e *env) says(args ...string) string {
	out, _ := e.command(args...).CombinedOutput()
	return string(out)
}

func confirmedBeside(e *env) {
	const all, gone = 24, 12
	for i := range all {
		e.page(api.TaskInput{Title: fmt.Sprint("task ", i)})
	}
	e.hooked()
	e.daemon()
	e.eventually("all arrive", func() bool { return len(e.all()) == all })
	args := []string{}
	for u := range e.all() {
		if len(args) < gone {
			args = append(args, u)
		}
	}
	e.task(append([]string{"rc.confirmation=off", "rc.bulk=0"}, append(args, "delete")...)...)
	e.eventually("they wait", func() bool {
		return strings.Contains(e.says("status"), fmt.Sprintf("%d of %d tasks would be deleted", gone, all))
	})
	e.want(len(e.tasks()) == all, "nothing is deleted")
	if out := e.says("resolve", "--confirm-deletions"); !strings.Contains(out, fmt.Sprint(gone)) {
		e.Fatal(out)
	}
	e.eventually("the yes is heard", func() bool { return len(e.tasks()) == all-gone })
	e.eventually("and told", func() bool { return !strings.Contains(e.says("status"), "would be deleted") })
}

func projectBeside(e *env) {
	v := e.page(api.TaskInput{Title: "known"})
	e.hooked()
	e.daemon()
	e.eventually("it arrives", func() bool { return len(e.all()) == 1 })
	p := e.project("came", 0)
	e.page(api.TaskInput{Title: "quiet", ProjectID: p})
	e.task(e.twOf(v.ID).UUID(), "modify", "+x") // any hint at all
	e.eventually("what nobody told of arrives", func() bool { return len(e.all()) == 2 })
}

func tagLater(e *env) {
	p := e.project("shared", 0)
	u, v := e.pair("T", "project:shared")
	w, x := e.pair("W", "project:shared")
	e.back.lend(p, false)
	e.task(u, "modify", "+tag")
	e.task(w, "modify", "depends:"+u)
	e.settle()
	e.want(len(v.labels()) == 0 && len(x.now().BlockedBy) == 0, "nothing may be written there")
	e.want(len(e.cycle().Problems) == 2, "what waits is told in every cycle")
	e.silent(2)
	e.back.lend(p, true)
	e.settle()
	e.want(len(v.labels()) == 1 && slices.Equal(x.now().BlockedBy, []int64{v.ID}), "what waited is written")
	e.silent(2)
}
