package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
)

// foundScenarios were found by trying what nobody had written down.
var foundScenarios = []scenario{
	{73, "dates at the end of time", endOfTime},
	{74, "a share that may be read and not written", readOnlyShare},
	{85, "two machines that both made the Vikunja task", crossed},
	{84, "two machines of which one has not pulled yet", notPulled},
	{83, "the server's database restored from a backup", restored},
	{82, "a checklist edited in Taskwarrior", checklist},
	{81, "label renamed there, tag removed here", renamedAndRemoved},
	{80, "a priority of one's own meets Vikunja's", ownPriority},
	{79, "defaults, contexts and aliases of the user's", ownSettings},
	{78, "undo after an occurrence was completed", undoOccurrence},
	{77, "a default project below another, and none", otherDefault},
	{76, "another account's token", otherAccount},
	{75, "brackets and their entities in names", entities},
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

func readOnlyShare(e *env) {
	u, v := e.pair("T")
	e.http.fail = func(r *http.Request, point string) int {
		if point == "before" && r.Method != http.MethodGet {
			return http.StatusForbidden
		}
		return 0
	}
	e.task(u, "modify", "--", "changed here")
	e.settle()
	e.web(v, api.TaskPatch{Priority: ptr(int64(3))})
	v.comment("<p>from there</p>")
	e.settle()
	r := e.get(u)
	e.want(r.Str("priority") == "H" && len(r.Annotations()) == 1, "what Vikunja gives arrives")
	e.want(r.Str("description") == "changed here" && v.now().Title == "T", "what it refuses stays here")
	e.add("new")
	named := false
	for _, p := range e.cycle().Problems {
		named = named || p.Title == "new" && strings.Contains(p.Reason, "forbidden")
	}
	e.want(named, "the report names the task")
	e.silent(2)
	e.http.fail = nil
	e.web(v, api.TaskPatch{Due: ptr(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))})
	e.settle()
	e.want(v.now().Title == "changed here" && v.now().Priority == 3 && len(v.notes()) == 1, "both have both")
}

// entities: Taskwarrior 2.x stores brackets as these and shows these as
// brackets.
func entities(e *env) {
	v := e.page(api.TaskInput{Title: "T", ProjectID: e.project("&open;x&close;", 0)})
	v.attach(e.label("&open;y&close;"))
	e.settle()
	projects, labels := len(e.projects()), len(e.labels())
	u := e.twOf(v.ID).UUID()
	e.want(e.get(u).Str("project") == "[x]" && slices.Equal(e.get(u).List("tags"), []string{"[y]"}), "names")
	e.task(u, "modify", "priority:H")
	e.settle()
	e.want(len(e.projects()) == projects && len(e.labels()) == labels && v.now().Priority == 3, "nothing is made")
	w := e.add("W", "project:[x]")
	e.edit(w, func(r model.Raw) { r.SetList("tags", []string{"[y]"}) })
	e.settle()
	e.want(e.vkOf(w).now().ProjectID == v.now().ProjectID && slices.Equal(e.vkOf(w).labels(), v.labels()), "and used by these names")
}

// otherServer is the server as another account sees it.
type otherServer struct{ api.Server }

func (s otherServer) Me(ctx context.Context) (api.User, error) {
	me, err := s.Server.Me(ctx)
	me.ID, me.Username = me.ID+1, "somebody else"
	return me, err
}

func otherAccount(e *env) {
	u, v := e.pair("T")
	mine := e.vk
	e.task(u, "modify", "priority:H")
	e.vk = otherServer{mine}
	_, err := e.try()
	if err == nil || !strings.Contains(err.Error(), "somebody else") {
		e.Fatalf("the account must be named, got %v", err)
	}
	e.vk, e.cfg.User = mine, "nobody"
	if _, err = e.try(); err == nil || !strings.Contains(err.Error(), "`nobody`") {
		e.Fatalf("the user must be named, got %v", err)
	}
	e.want(v.now().Priority == 0, "nothing is written")
	e.cfg.User = ""
	e.settle()
	e.want(v.now().Priority == 3, "delivered")
}

// noDefault is an account without a default project.
type noDefault struct{ api.Server }

func (s noDefault) Me(ctx context.Context) (api.User, error) {
	me, err := s.Server.Me(ctx)
	me.DefaultProject = 0
	return me, err
}

func otherDefault(e *env) {
	u, v := e.pair("T")
	top := e.project("top", 0)
	e.setProject(e.back.inbox(), fields{"parent_project_id": top})
	e.settle()
	projects := len(e.projects())
	e.want(e.get(u).Str("project") == "", "no project is the default project wherever it lies")
	w := e.add("W", "project:top."+e.projects()[e.back.inbox()].Title)
	e.settle()
	e.want(e.vkOf(w).now().ProjectID == e.back.inbox() && len(e.projects()) == projects, "its whole path means it too")
	e.setProject(e.back.inbox(), fields{"parent_project_id": 0, "title": "Inbox"})
	e.settle()
	e.vk = noDefault{e.vk}
	e.settle()
	e.want(e.get(u).Str("project") == "Inbox", "its own path")
	n := e.add("N")
	e.settle()
	e.want(e.vkOf(n).now().ProjectID == v.now().ProjectID && len(e.projects()) == projects, "no second Inbox")
	e.silent(2)
}

func undoOccurrence(e *env) {
	u, due, id := e.repeating()
	e.task(u, "done")
	e.settle()
	e.task("undo") // takes back the next occurrence, which was written last
	e.settle()
	v := vtask{e, id}
	e.want(!v.gone() && model.Stamp(v.now().Due) != due, "the series goes on in Vikunja")
	next := 0
	for _, r := range e.all() {
		if r.Str("status") == model.Pending && r.Str(model.UDALink) == fmt.Sprint(id) {
			next++
		}
	}
	e.want(next == 1, "and here")
	e.silent(2)
}

// settings adds lines to the user's taskrc.
func (e *env) settings(lines ...string) {
	f, err := os.OpenFile(filepath.Join(e.dir, "taskrc"), os.O_APPEND|os.O_WRONLY, 0)
	e.must(err)
	defer f.Close()
	_, err = f.WriteString(strings.Join(lines, "\n") + "\n")
	e.must(err)
}

func ownSettings(e *env) {
	e.settings("default.project=own", "default.due=tomorrow", "default.scheduled=today", "uda.priority.default=H",
		"uda.vikunja_notes.default=x", "context.work.read=+work", "context.work.write=+work", "context=work",
		"alias.export=list", "alias.import=list", "json.array=off", "dateformat=d.m.Y", "confirmation=on", "bulk=1")
	v := e.page(api.TaskInput{Title: "T"})
	e.settle()
	r := e.twOf(v.ID)
	for _, key := range []string{"project", "due", "scheduled", "priority", "tags", model.UDANotes} {
		e.want(r[key] == nil, "nobody set "+key)
	}
	t := v.now()
	e.want(t.ProjectID == e.back.inbox() && t.Due.IsZero() && t.Priority == 0, "nor in Vikunja")
	u := e.add("own")
	e.settle()
	e.want(e.vkOf(u).now().Priority == 3 && e.path(e.vkOf(u).now().ProjectID) == "own", "what the user adds has them")
	e.silent(2)
}

func ownPriority(e *env) {
	e.settings("uda.priority.values=A,B,")
	u, v := e.pair("T", "priority:B")
	e.want(v.now().Priority == 0 && e.get(u).Str("priority") == "B", "Vikunja cannot hold it")
	e.web(v, api.TaskPatch{Priority: ptr(int64(4))})
	e.settle()
	ks := e.conflicts()
	e.want(e.get(u).Str("priority") == "H" && len(ks) == 1 && ks[0].Lost == "B", "what Vikunja's value replaced is in the log")
	e.silent(2)
}

func renamedAndRemoved(e *env) {
	u, v := e.pair("T", "+old", "+kept")
	w, _ := e.pair("W", "+old")
	for id, title := range e.labels() {
		if title == "old" {
			e.setLabel(id, fields{"title": "new"})
		}
	}
	e.task(u, "modify", "-old", "+more")
	e.settle()
	e.want(slices.Equal(e.get(u).List("tags"), []string{"kept", "more"}) && len(v.labels()) == 2, "removed on both sides")
	e.want(slices.Equal(e.get(w).List("tags"), []string{"new"}) && len(e.labels()) == 3, "renamed elsewhere")
	e.silent(2)
}

func checklist(e *env) {
	item := `<li data-checked="%v" data-type="taskItem"><label><input type="checkbox"><span></span></label><div><p>%s</p></div></li>`
	v := e.page(api.TaskInput{Title: "T", Description: `<p>buy <u>now</u></p><ul data-type="taskList">` +
		fmt.Sprintf(item, false, "milk") + fmt.Sprintf(item, true, "bread") + `</ul>`})
	e.settle()
	u := e.twOf(v.ID).UUID()
	e.want(e.get(u).Str(model.UDANotes) == "buy now\n\n- [ ] milk\n- [x] bread", "boxes are shown")
	e.edit(u, func(r model.Raw) {
		r.SetStr(model.UDANotes, strings.Replace(r.Str(model.UDANotes), "[ ] milk", "[x] milk\n- [ ] eggs", 1))
	})
	e.settle()
	d := v.now().Description
	e.want(strings.HasPrefix(d, `<p>buy <u>now</u></p><ul data-type="taskList">`) && strings.Count(d, `data-checked="true"`) == 2 &&
		strings.Count(d, `data-checked="false"`) == 1, "and stay boxes")
	e.silent(2)
}

func restored(e *env) {
	u, v := e.pair("T", "+was", "priority:L")
	d, _ := e.pair("D")
	e.task(u, "annotate", "--", "before")
	e.settle()
	back := e.back.backup()
	if back == nil {
		return // a server that is not ours has no backups
	}
	e.back.later(time.Hour)
	n := e.add("since", "+new")
	e.task(n, "annotate", "--", "and its note")
	e.task(u, "modify", "priority:H", "+new", "-was", "--", "T of today")
	e.task(u, "annotate", "--", "since")
	e.task(d, "done")
	e.settle()
	e.back.later(time.Hour)
	back()
	e.settle()
	r := e.get(u)
	e.want(r.Str("description") == "T of today" && r.Str("priority") == "H" && slices.Equal(r.List("tags"), []string{"new"}) &&
		len(r.Annotations()) == 2, "Taskwarrior keeps what it had")
	e.want(v.now().Title == "T of today" && v.now().Priority == 3 && len(v.labels()) == 1 && len(v.notes()) == 2, "Vikunja has it again")
	e.want(e.get(d).Str("status") == model.Completed && e.vkOf(d).now().Done, "done again")
	e.want(e.get(n).Str("status") == model.Pending && len(e.vkOf(n).notes()) == 1 && len(e.tasks()) == 3, "made anew")
	e.want(len(e.conflicts()) == 0, "nobody's edit")
	e.silent(2)
}

// pull brings one machine's tasks to the other, as `task sync` would.
func (e *env) pull(from *env) {
	mine := e.all()
	for u, r := range from.all() {
		if old := mine[u]; old == nil || old.Modified().Before(r.Modified()) {
			e.put(r)
		}
	}
}

// rounds lets both machines sync with each other and with Vikunja.
func (e *env) rounds(n int, two *env) {
	for range n {
		time.Sleep(1100 * time.Millisecond) // Taskwarrior's stamps have seconds
		two.pull(e)
		e.pull(two)
		time.Sleep(1100 * time.Millisecond)
		two.settle()
		e.settle()
	}
}

func crossed(e *env) {
	two := newUser(e.TB, e.bin, e.back, e.http, e.ts)
	u := e.add("T", "+tag")
	two.pull(e)
	e.settle()
	v := e.vkOf(u)
	time.Sleep(1100 * time.Millisecond)
	two.settle()
	e.want(two.vkOf(u).ID != v.ID, "both made one")
	e.rounds(4, two)
	for _, m := range []*env{e, two} {
		e.want(m.get(u).Str("status") == model.Pending && m.get(u).Str(model.UDALink) == fmt.Sprint(v.ID), "the older one stays")
	}
	e.want(!v.gone() && len(e.tasks()) == 1 && len(v.labels()) == 1 && len(e.conflicts())+len(two.conflicts()) == 0, "the other one is gone")
	for _, m := range []*env{e, two} {
		for _, r := range m.all() {
			e.want(r.UUID() == u || r.Str("status") == model.Deleted, "on both machines")
		}
	}
	e.rounds(1, two)
	e.silent(1)
	two.silent(1)

	w := e.add("W")
	two.pull(e)
	e.settle()
	time.Sleep(1100 * time.Millisecond)
	two.settle()
	e.web(two.vkOf(w), api.TaskPatch{Priority: ptr(int64(3))})
	e.rounds(4, two)
	e.want(len(e.tasks()) == 3 && e.count("W") == 2, "one that was touched is a task of its own")
	e.silent(1)
	two.silent(1)
}

func notPulled(e *env) {
	two := newUser(e.TB, e.bin, e.back, e.http, e.ts)
	u, v := e.pair("T", "+tag", "priority:H")
	e.task(u, "annotate", "--", "note")
	e.settle()
	two.settle() // knows the task from Vikunja alone
	twin := two.twOf(v.ID).UUID()
	e.rounds(3, two)
	for _, m := range []*env{e, two} {
		e.want(m.get(u).Str("status") == model.Pending && m.get(u).Str(model.UDALink) == fmt.Sprint(v.ID), "the first one stays")
		e.want(m.get(twin).Str("status") == model.Deleted && len(m.get(u).Annotations()) == 1, "its twin goes")
	}
	e.want(!v.gone() && len(e.tasks()) == 1 && len(v.notes()) == 1 && len(e.conflicts())+len(two.conflicts()) == 0, "one task in Vikunja")
	e.silent(1)
	two.silent(1)
	two.task(u, "duplicate")
	two.settle()
	e.want(len(e.tasks()) == 2 && len(v.notes()) == 1, "a copy is a task of its own")
}
