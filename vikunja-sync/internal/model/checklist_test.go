package model

import (
	"strings"
	"testing"
)

// TestChecklists: what the web editor keeps as a checklist is one in
// Markdown, and an edited one is a checklist again.
func TestChecklists(t *testing.T) {
	item := func(checked, text string) string {
		box := `<input type="checkbox">`
		if checked == "true" {
			box = `<input type="checkbox" checked="checked">`
		}
		return `<li data-checked="` + checked + `" data-type="taskItem"><label>` + box + `<span></span></label><div>` + text + `</div></li>`
	}
	src := `<ul data-type="taskList">` + item("false", `<p>one <strong>bold</strong></p>`) +
		item("true", `<p>two</p><ul data-type="taskList">`+item("true", `<p>inner</p>`)+`</ul>`) + `</ul><ul><li><p>[x] no box</p></li></ul>`
	text := NotesText(src)
	want := "- [ ] one **bold**\n- [x] two\n  \n  - [x] inner\n\n- \\[x] no box"
	if text != want {
		t.Fatalf("%q, want %q", text, want)
	}
	if got := NotesHTML(text, src); got != src {
		t.Errorf("an unchanged text must keep the bytes: %s", got)
	}
	edited := NotesHTML(strings.Replace(text, "one", "ONE", 1), src)
	for _, part := range []string{`<ul data-type="taskList">`, `<li data-type="taskItem" data-checked="false"><p>ONE <strong>bold</strong></p></li>`,
		item("true", `<p>two</p><ul data-type="taskList">`+item("true", `<p>inner</p>`)+`</ul>`), `<ul><li><p>[x] no box</p></li></ul>`} {
		if !strings.Contains(strings.ReplaceAll(edited, ">\n<", "><"), part) {
			t.Errorf("%s\nlacks %s", edited, part)
		}
	}
	if again := NotesText(edited); again != strings.Replace(want, "one", "ONE", 1) {
		t.Errorf("the edited list reads back as %q", again)
	}
	if got := NotesHTML("- [ ] new\n- [x] done", ""); NotesText(got) != "- [ ] new\n- [x] done" || !strings.Contains(got, "taskList") {
		t.Errorf("a new list: %s", got)
	}
}
