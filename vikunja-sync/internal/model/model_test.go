package model

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDates(t *testing.T) {
	for _, tc := range []struct{ in, stamp, tw string }{
		{"0001-01-01T00:00:00Z", "", ""},
		{"2027-01-02T03:04:05.678+02:00", "20270102T010405Z", "20270102T010405Z"},
		{"1975-01-01T00:00:00Z", "19750101T000000Z", ""},
		{"1980-01-01T00:00:00Z", "19800101T000000Z", "19800101T000000Z"},
		{"9999-12-31T21:59:58Z", "99991231T215958Z", "99991231T215958Z"},
		{"9999-12-31T23:59:59Z", "99991231T235959Z", ""},
	} {
		at, err := time.Parse(time.RFC3339, tc.in)
		if err != nil {
			t.Fatal(err)
		}
		if s := Stamp(at); s != tc.stamp || DateToTW(s) != tc.tw {
			t.Errorf("%s: %q %q", tc.in, s, DateToTW(s))
		}
	}
}

// TestPriorities: there and back keeps the letter, and a letter never lowers
// a finer number.
func TestPriorities(t *testing.T) {
	for _, s := range []string{"", "L", "M", "H"} {
		n, ok := PriorityToVK(s)
		if !ok || PriorityToTW(n) != s {
			t.Errorf("%q is %d is %q", s, n, PriorityToTW(n))
		}
	}
	for n, want := range map[int64]string{-5: "", 0: "", 1: "L", 2: "M", 3: "H", 5: "H", 99: "H"} {
		if got := PriorityToTW(n); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
	if _, ok := PriorityToVK("X"); ok {
		t.Error("a priority of the user's own has no number")
	}
}

func TestRaw(t *testing.T) {
	var r Raw
	src := `{"uuid":"u","description":"d\/e","status":"waiting","due":"20270101T000000Z","tags":["b","a","PENDING"],"imask":0.000000,
		"annotations":[{"entry":"20270101T000000Z","description":" vikunja_id: 42 "},{"entry":"20270102T000000Z","description":"vikunja_id:42 is a note"}],
		"depends":"x,y"}`
	if err := json.Unmarshal([]byte(src), &r); err != nil {
		t.Fatal(err)
	}
	s := FromRaw(r)
	if s.Scalar[Title] != "d/e" || s.Scalar[Status] != Pending || LinkOf(r) != "42" || s.Link != "" || len(s.Comments) != 1 {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(s.Depends, []string{"x", "y"}) || !slices.Equal(s.Tags, []string{"PENDING", "a", "b"}) {
		t.Errorf("%+v", s)
	}
	before := string(r["imask"])
	r.SetScalar(Status, Completed, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	r.SetScalar(Due, "", time.Time{})
	if r.Str("end") != "20270101T000000Z" || r["due"] != nil || string(r["imask"]) != before {
		t.Errorf("%s", r)
	}
	if r.SetScalar(Status, Pending, time.Time{}); r["end"] != nil {
		t.Error("a reopened task has no end")
	}
	for key, bad := range map[string]string{"due": "19750101T000000Z", "entry": "00010101T000000Z", "description": ""} {
		c := r.Clone()
		c.SetStr(key, bad)
		if c.Validate() == nil {
			t.Errorf("%s %q would break an import", key, bad)
		}
	}
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
}

func TestHash(t *testing.T) {
	a := Snapshot{Tags: []string{"x"}}
	b := a.Clone()
	if b.Comments = []Comment{{ID: "1", Text: "t", At: "20270101T000000Z"}}; a.Hash() != b.Hash() || a.HashAll() == b.HashAll() {
		t.Error("comments count in HashAll alone")
	}
	c := b.Clone()
	if c.Comments[0].At = ""; c.HashAll() != b.HashAll() {
		t.Error("the time of a comment is no state")
	}
}

func TestCommentsRoundTrip(t *testing.T) {
	for _, s := range []string{"a", "a\nb", "a\n\nb", "a\n\n\nb", `</p> due:x +y <script> & "q" 'x' \`, "🐫", "&amp; &lt;"} {
		if got := CommentText(CommentHTML(s)); got != s {
			t.Errorf("%q comes back as %q by %q", s, got, CommentHTML(s))
		}
	}
	if got := CommentText(`<p>x<script>alert(1)</script></p><ul><li>a</li><li>b</li></ul>`); got != "x\na\nb" {
		t.Errorf("%q", got)
	}
}

// TestNotes: an edit keeps the bytes of every paragraph that it leaves alone.
func TestNotes(t *testing.T) {
	for _, tc := range []struct{ src, old, new, want string }{
		{"<p>one <u>two</u></p><p>three</p>", "three", "THREE", "<p>one <u>two</u></p><p>THREE</p>"},
		{"<p>a</p><ul><li>b</li></ul><p>c</p>", "a", "a\n\nnew", "<p>a</p><p>new</p><ul><li>b</li></ul><p>c</p>"},
		{"<p><span style=\"color:red\">x</span></p><p>y</p>", "y", "", "<p><span style=\"color:red\">x</span></p>"},
		{"<p>x</p>", "x", "a <b> & `c < d`", "<p>a &lt;b&gt; &amp; <code>c &lt; d</code></p>"},
		{"<pre><code>a\n\nb</code></pre><p>c</p>", "c", "d", "<pre><code>a\n\nb</code></pre><p>d</p>"},
		{"<p></p><p>a</p><p></p><p>b</p>", "b", "c", "<p></p><p>a</p><p></p><p>c</p>"},
		{"<img src=\"#\" data-src=\"/y\"><hr><p>a</p>", "a", "b", "<img src=\"#\" data-src=\"/y\"><hr><p>b</p>"},
		{"<p>&amp;lt; x</p>", "x", "y", "<p>&amp;lt; y</p>"},
		{"<ul><li><p>a</p></li></ul><ul><li><p><u>b</u></p></li></ul>", "a", "c", "<ul>\n<li>c</li></ul><ul><li><p><u>b</u></p></li></ul>"},
		{"<ol start=\"3\"><li><p>a <u>b</u></p></li><li data-id=\"1\"><p>c</p></li></ol>", "c", "d", "<ol start=\"3\"><li><p>a <u>b</u></p></li>\n<li>d</li></ol>"},
		{"<p>a <u>b</u></p><p>c</p><p>d <u>e</u></p>", "c\n", "\n\nC\n\n", "<p>a <u>b</u></p><p>C</p><p>d <u>e</u></p>"},
		{"<p>a</p><p><u>b</u></p>", "a\n\nb", "\nx\n\nb\n", "<p>x</p><p><u>b</u></p>"},
		{"<p>a</p><p></p><p>b</p>", "a", "x", "<p>x</p><p></p><p>b</p>"},
		{"<p>x</p>", "x", "<script>1</script>", "<p>&lt;script&gt;1&lt;/script&gt;</p>"},
	} {
		text := NotesText(tc.src)
		edited := strings.Replace(text, tc.old, tc.new, 1)
		if got := NotesHTML(edited, tc.src); got != tc.want {
			t.Errorf("%q as %q:\n got %q\nwant %q", tc.src, edited, got, tc.want)
		}
		if got := NotesHTML(text, tc.src); got != tc.src {
			t.Errorf("%q without an edit becomes %q", tc.src, got)
		}
	}
	for _, plain := range []string{"plain\ntext_with * marks", "a & b\n- c < d"} {
		if NotesText(plain) != plain {
			t.Errorf("%q stays as it is: %q", plain, NotesText(plain))
		}
	}
}

// TestNotesTyped: what people type is in the page, whole.
func TestNotesTyped(t *testing.T) {
	for text, want := range map[string]string{
		"a\nb":                            "<p>a<br>\nb</p>",
		"a\r\n\r\nb":                      "<p>a</p><p>b</p>",
		"[1]: https://x.y":                "<p>[1]: https://x.y</p>",
		"[a *b*](file:///c) <file:///d>":  "<p>[a <em>b</em>](file:///c) &lt;file:///d&gt;</p>",
		"![a](javascript:b)":              "<p>![a](javascript:b)</p>",
		"~~~\na\n\nb\n~~~\n\nc":           "<pre><code>a\n\nb\n</code></pre><p>c</p>",
		"- a\n\n  ```\n  b\n\n  c\n  ```": "<ul>\n<li>\n<p>a</p>\n<pre><code>b\n\nc\n</code></pre>\n</li>\n</ul>",
		"1. a\n\n   b\n\n2. c\n\nd":       "<ol>\n<li>\n<p>a</p>\n<p>b</p>\n</li>\n<li>\n<p>c</p>\n</li>\n</ol><p>d</p>",
	} {
		if got := NotesHTML(text, ""); got != want {
			t.Errorf("%q:\n got %q\nwant %q", text, got, want)
		}
		if !SameNotes(text, want) || SameNotes(text+" x", want) {
			t.Errorf("%q is what %q says, and nothing else", text, want)
		}
	}
}

// TestKeepTyped: a page's edit changes the paragraphs that it is in.
func TestKeepTyped(t *testing.T) {
	typed := "a\nb\n\n* c\n\n_d_"
	for src, want := range map[string]string{
		"<p>a<br>b</p><ul><li><p>c</p></li></ul><p><em>d</em>!</p>": "a\nb\n\n* c\n\n*d*!",
		"<p>x</p><p>a<br>b</p><p><em>d</em></p>":                    "x\n\na\nb\n\n_d_",
		"<p></p>":                                                   "",
		"a b\n* c":                                                  "a b\n* c",
	} {
		if got := KeepTyped(src, typed); got != want {
			t.Errorf("%q: %q, want %q", src, got, want)
		}
	}
}

// FuzzNotes: no text of a page makes the rendering fail or the cut lose bytes.
func FuzzNotes(f *testing.F) {
	f.Add("<p>a</p>b<ul><li>c", "x\n\n```\ny\n\nz")
	f.Fuzz(func(t *testing.T, src, text string) {
		joined := ""
		for _, b := range cutTop(src) {
			joined += b
		}
		if joined != src {
			t.Errorf("%q is cut to %q", src, joined)
		}
		NotesText(src)
		NotesHTML(text, src)
		CommentText(src)
		KeepTyped(src, text)
		if l, ok := cutList(src); ok && l.open+strings.Join(l.items, "")+l.end != strings.TrimRight(src, " \t\r\n\f") {
			t.Errorf("%q is cut to %q", src, l)
		}
	})
}

func TestTextToTW(t *testing.T) {
	if got := TextToTW("a\u009b2Jb\u0085"); got != "a2Jb" {
		t.Errorf("%q", got)
	}
	if got := TextToTW("a\x1b[2J\x00b\tc\nd &open;x&close;\u0065\u0301"); got != "a[2Jb\tc\nd [x]é" {
		t.Errorf("%q", got)
	}
}

func TestTagFor(t *testing.T) {
	for title, want := range map[string]string{"a b": "a_b", "+x": "_x", "--x": "_x", "a,b": "a_b", "": "_", "PENDING": "PENDING_", "é🐫": "é🐫", "a\nb": "a_b"} {
		if got := TagFor(title); got != want {
			t.Errorf("%q is %q, want %q", title, got, want)
		}
	}
}

// TestNames: the assignment does not depend on order, gives every title its
// own tag, and never renames what was known.
func TestNames(t *testing.T) {
	entries := []Entry{{ID: 1, Title: "a b"}, {ID: 2, Title: "a_b"}, {ID: 3, Title: "a b"}, {ID: 4, Title: "a,b"}, {ID: 5, Title: "Home"}, {ID: 6, Title: "home"}}
	want := TagNames(entries, nil, nil)
	for range 20 {
		rand.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		got := TagNames(entries, nil, nil)
		for id, n := range want {
			if got[id] != n {
				t.Fatalf("%d is %v, then %v", id, n, got[id])
			}
		}
	}
	if want[1].Name != want[3].Name || want[1].Name == want[2].Name || want[5].Name == want[6].Name || want[4].Name == want[1].Name {
		t.Errorf("%v", want)
	}
	later := TagNames(append(entries, Entry{ID: 0, Title: "a-b"}, Entry{ID: 7, Title: "a\tb"}), want, nil)
	for id, n := range want {
		if later[id] != n {
			t.Errorf("%d was %v, is %v", id, n, later[id])
		}
	}
	if n := TagNames([]Entry{{ID: 1, Title: "x y"}}, nil, func(s string) bool { return s == "x y" }); n[1].Name != "x y" {
		t.Errorf("a tag in use keeps its spelling: %v", n)
	}
}

func TestProjectNames(t *testing.T) {
	ps := []Entry{{ID: 1, Title: "Inbox"}, {ID: 2, Title: "foo.com"}, {ID: 3, Title: "sub", Parent: 2}, {ID: 4, Title: "sub", Parent: 2},
		{ID: 5, Title: "x", Parent: 1}, {ID: 6, Title: "loop", Parent: 7}, {ID: 7, Title: "loop", Parent: 6}}
	got := ProjectNames(ps, nil, 1)
	for id, want := range map[int64]string{1: "", 2: "foo_com", 3: "foo_com.sub", 4: "foo_com.sub~4", 5: "Inbox.x"} {
		if got[id].Path != want {
			t.Errorf("%d is %q, want %q", id, got[id].Path, want)
		}
	}
	ps[1].Title = "bar"
	if now := ProjectNames(ps, got, 1); now[3].Path != "bar.sub" || now[4].Path != "bar.sub~4" {
		t.Errorf("a rename moves what is below: %v", now)
	}
}

// TestLinkOf: what scripts left.
func TestLinkOf(t *testing.T) {
	for link, want := range map[string]string{"7": "7", " 7 ": "7", "7.000000": "7", "7.5": "7.5", "x.0": "x", "": ""} {
		r := Raw{}
		r.SetStr(UDALink, link)
		if got := LinkOf(r); got != want {
			t.Errorf("%q: %q, not %q", link, got, want)
		}
	}
}

// TestNotesSettle: what is written for a text says what the text says, so that
// it is not written again.
func TestNotesSettle(t *testing.T) {
	pieces := []string{"<p>a</p>", "<p>b <u>u</u></p>", "<ul><li><p>a</p></li><li><p>b</p></li></ul>", "<p></p>", "<ol><li>x</li></ol>", "<pre><code>k\n\nl</code></pre>",
		"<p>m<br><br>n</p>", "<hr>", "<img src=x>", "<blockquote><p>q</p><p>r</p></blockquote>", "plain", `<ul data-type="taskList"><li data-checked="true"><p>z</p></li></ul>`, "<p><ul>"}
	words := []string{"a", "b", "\n", "\n\n", "- ", "* ", "1. ", "  ", "\t", "```", "~~~", "> ", "# ", "[x](y)", "[r]: /u", "*", "_", "`", "|", "---", "<b>", "&amp;", "\\", "[ ] ", "**b**", "\n\n\n", "\n  \n"}
	rng := rand.New(rand.NewPCG(1, 2))
	some := func(from []string, n int) (s string) {
		for range rng.IntN(n) {
			s += from[rng.IntN(len(from))]
		}
		return s
	}
	for range 2000 {
		src := some(pieces, 5)
		text := NotesText(src) + some(words, 12)
		if got := NotesHTML(text, src); !SameNotes(text, got) {
			t.Errorf("%q with %q becomes %q, which says %q", src, text, got, NotesText(got))
		}
	}
}
