package e2e

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vikunja-sync/internal/api"
	"vikunja-sync/internal/model"
)

// contentScenarios are about what is in a task.
var contentScenarios = []scenario{
	{102, "notes typed by people", typedNotes},
	{106, "letters and accents apart", decomposed},
	{105, "a repeating task put off and completed, again and again", putOff},
	{104, "tasks that cannot be patched for what they hold", unpatchable},
	{103, "a description of the web editor, edited piece by piece", editorPieces},
}

// setNotes types the notes anew.
func (e *env) setNotes(u, text string) {
	e.Helper()
	e.edit(u, func(r model.Raw) { r.SetStr(model.UDANotes, text) })
}

func typedNotes(e *env) {
	u, v := e.pair("T")
	for _, text := range []string{
		"call back\nask about *price*\n* one\n* two\nand that",
		"1. open\n\n   ```sh\n   ls <x>\n\n   cd\n   ```\n\n2. close",
		"~~~\na\n\nb\n~~~\n\nas in [1] and [2]\n\n[1]: https://example.org/a_b\n[2]: file:///home/me/x.pdf",
		"[a plan](file:///home/me/plan.pdf) <b>not bold</b> C:\\dir\\new & &copy;\ttab",
		"+ one\n\n  more of one\n\n+ two\r\n\r\nend",
	} {
		e.setNotes(u, text)
		e.settle()
		e.want(e.get(u).Str(model.UDANotes) == text, "Taskwarrior keeps what was typed: "+text)
		e.want(len(e.conflicts()) == 0, "nobody else wrote")
		e.silent(1)
	}
	e.setNotes(u, "first\nsecond\n\n* star\n\n[1]: https://example.org\n\n[plan](file:///x)\n\n```\na\n\nb\n```\n\nlast")
	e.settle()
	d := v.now().Description
	for _, part := range []string{"first<br>\nsecond", "<li>star</li>", "[1]: https://example.org", "file:///x", "<pre><code>a\n\nb\n</code></pre>"} {
		e.want(strings.Contains(d, part), part+" is in "+d)
	}
	e.web(v, api.TaskPatch{Description: ptr(strings.Replace(strings.ReplaceAll(d, "</p>\n", "</p>"), "last", "<u>last</u> of all", 1))})
	e.settle()
	want := "first\nsecond\n\n* star\n\n[1]: https://example.org\n\n[plan](file:///x)\n\n```\na\n\nb\n```\n\nlast of all"
	e.want(e.get(u).Str(model.UDANotes) == want, "what was edited there is all that changes here: "+e.get(u).Str(model.UDANotes))
	e.silent(2)
}

func editorPieces(e *env) {
	pieces := []string{
		`<h2>Head</h2>`,
		`<p>see <u>this</u> and <mention-user data-id="bob" data-label="Bob">@Bob</mention-user> <mark>now</mark></p>`,
		`<p></p>`,
		`<img data-src="http://x/api/v1/tasks/1/attachments/2" src="#" id="tiptap-image-1-2">`,
		`<p>one<br><br>two &amp;amp; &lt;b&gt;</p>`,
		`<ul><li><p>a</p><ol><li><p>deep <u>er</u></p></li></ol></li></ul>`,
		`<ul data-type="taskList"><li data-checked="true" data-task-id="k1" data-type="taskItem"><label><input type="checkbox" checked="checked"><span></span></label><div><p>box</p></div></li></ul>`,
		`<pre><code class="language-go">x := 1

y := 2
</code></pre>`,
		`<table style="min-width: 50px"><colgroup><col><col></colgroup><tbody><tr><th colspan="1" rowspan="1"><p>h</p></th></tr><tr><td><p>c1</p><p>c2</p></td></tr></tbody></table>`,
		`<hr>`, `<p></p>`, `<p></p>`, `<p>tail</p>`, `<p></p>`,
	}
	src := strings.Join(pieces, "")
	v := e.page(api.TaskInput{Title: "T", Description: src})
	e.settle()
	u := e.twOf(v.ID).UUID()
	e.want(strings.Contains(e.get(u).Str(model.UDANotes), "http://x/api/v1/tasks/1/attachments/2"), "the picture's address can be read")
	for old, now := range map[string][2]string{
		"tail":                    {"tail", "TAIL"},
		"Head":                    {"Head", "HEAD"},
		"deep":                    {"deep er", "deeper"},
		"y := 2":                  {"y := 2", "y := 3"},
		"two &amp;amp; &lt;b&gt;": {"two", "TWO"},
		"see <u>this</u>":         {"see this", "look"},
	} {
		e.web(v, api.TaskPatch{Description: &src})
		e.settle()
		text := e.get(u).Str(model.UDANotes)
		e.want(strings.Contains(text, now[0]), now[0]+" is in "+text)
		e.setNotes(u, strings.Replace(text, now[0], now[1], 1))
		e.settle()
		d := v.now().Description
		for _, p := range pieces {
			e.want(strings.Contains(p, old) || strings.Contains(d, p), "an edit of "+old+" leaves "+p+" alone:\n"+d)
		}
		e.want(strings.Contains(d, now[1]) && strings.Count(d, "<p></p>") >= 4, "and arrives: "+d)
		e.want(!strings.HasPrefix(old, "two") || strings.Contains(d, "TWO &amp;amp; &lt;b&gt;"), "an entity that is text stays one: "+d)
	}
	e.silent(2)
}

// unpatchable: v2 checks the whole task when one field of it is patched, and
// there are things that v1 stores and v2 refuses.
func unpatchable(e *env) {
	var l struct{ ID int64 }
	e.call("PUT", "/v1/labels", fields{"title": ""}, &l)
	v, w := e.page(api.TaskInput{Title: "T"}), vtask{e, 0}
	v.attach(l.ID)
	big := "<p>" + strings.Repeat("long ", 1<<18) + "</p><p>end</p>"
	e.call("PUT", fmt.Sprintf("/v1/projects/%d/tasks", e.back.inbox()), fields{"title": "W", "description": big, "percent_done": 0.5}, &w)
	e.settle()
	for _, x := range []vtask{v, w} {
		e.want(x.ask("PATCH", x.path(), fields{"priority": 1}).Code >= 400, "v2 refuses")
		before := x.raw("description", "labels", "percent_done", "reminders", "created", "is_favorite")
		u := e.twOf(x.ID).UUID()
		e.task(u, "modify", "priority:H", "due:2027-01-01T00:00:00Z", "--", "new title")
		e.settle()
		now := x.now()
		e.want(now.Priority == 3 && now.Title == "new title" && model.Stamp(now.Due) == "20270101T000000Z", "the edit arrives")
		e.want(x.raw("description", "labels", "percent_done", "reminders", "created", "is_favorite") == before, "and nothing else changes")
	}
	e.silent(2)
}

// putOff: a new date is no completion, though the last one was not long ago.
func putOff(e *env) {
	_, _, id := e.repeating()
	v := vtask{e, id}
	pending := func() model.Raw {
		e.Helper()
		var found []model.Raw
		for _, r := range e.all() {
			if r.Str("status") == model.Pending {
				found = append(found, r)
			}
		}
		e.want(len(found) == 1, "one occurrence to do")
		return found[0]
	}
	e.task(pending().UUID(), "done")
	e.settle()
	for i, put := range []func(u string, due time.Time){
		func(u string, due time.Time) { e.task(u, "modify", "due:"+due.Format(time.RFC3339)) },
		func(u string, due time.Time) { e.web(v, api.TaskPatch{Due: &due}) },
		func(u string, due time.Time) { e.web(v, api.TaskPatch{Due: &due}); e.settle() },
	} {
		r := pending()
		due := model.ParseStamp(r.Str("due")).Add(72*time.Hour + time.Duration(i)*time.Minute)
		put(r.UUID(), due)
		e.task(r.UUID(), "done")
		e.settle()
		next := pending().Str("due")
		e.want(next == model.Stamp(due.Add(24*time.Hour)) && next == model.Stamp(v.now().Due), fmt.Sprint(i, ": the next one is due a day after what it was put off to: ", next, due))
		e.want(e.get(r.UUID()).Str("status") == model.Completed, "the last one is done")
		e.silent(1)
	}
	e.want(len(e.all()) == 5, "each once")
}

// decomposed is how some keyboards and file systems spell: another sequence of
// code points, the same name.
func decomposed(e *env) {
	u := e.add("T")
	e.edit(u, func(r model.Raw) {
		r.SetList("tags", []string{"cafe\u0301", "nai\u0308ve", "na\u00efve", "b"})
		r.SetStr("project", "Bu\u0308cher")
		r.SetStr("description", "Gro\u0308\u00dfe")
	})
	e.settle()
	v := e.vkOf(u)
	e.want(len(v.labels()) == 3 && v.now().Title == "Gr\u00f6\u00dfe" && e.path(v.now().ProjectID) == "B\u00fccher", "one label for one name")
	all := e.labels()
	for _, id := range v.labels() {
		if all[id] != "b" {
			e.call("DELETE", fmt.Sprint(v.path(), "/labels/", id), nil, nil)
		}
	}
	e.settle()
	e.want(slices.Equal(e.get(u).List("tags"), []string{"b"}), "taken off there, gone here")
	e.silent(2)
	e.edit(u, func(r model.Raw) { r.SetList("tags", []string{"cafe\u0301", "b"}) })
	e.settle()
	e.web(v, api.TaskPatch{Title: ptr("u\u0308ber")})
	v.attach(e.label("c"))
	e.settle()
	e.want(slices.Equal(e.get(u).List("tags"), []string{"b", "c", "cafe\u0301"}) && len(v.labels()) == 3, "what is not touched keeps its spelling")
	e.want(e.get(u).Str("description") == "\u00fcber" && v.now().Title == "u\u0308ber" && len(e.labels()) == 4, "there too")
	e.silent(2)
}
