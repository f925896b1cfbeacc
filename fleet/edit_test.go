package fleet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"nixgen/internal/golden"
)

// run makes the edit that a line of a golden says.
func runEdit(t *testing.T, src []byte, line string) ([]byte, error) {
	t.Helper()
	d, _ := Parse("hosts.toml", src)
	f := strings.SplitN(line, " ", 3)
	arg := ""
	if len(f) > 2 {
		arg = f[2]
	}
	text := func() string {
		s, err := strconv.Unquote(arg)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return s
	}
	switch f[0] {
	case "add":
		return d.AddTable(f[1], text())
	case "set":
		var v any
		if err := json.Unmarshal([]byte(arg), &v); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return d.Set(f[1], fromJSON(v))
	case "remove":
		return d.Remove(f[1])
	case "rename":
		return d.Rename(f[1], text())
	case "rename-host":
		return d.RenameHost(f[1], arg)
	case "retire-host":
		return d.RetireHost(f[1])
	}
	t.Fatalf("no edit: %s", line)
	return nil, nil
}

func TestEdit(t *testing.T) {
	const file = "testdata/edit/edits.txtar"
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	now := &txtar.Archive{Comment: ar.Comment}
	for i := 0; i+1 < len(ar.Files); i += 2 {
		in, want := ar.Files[i], ar.Files[i+1]
		line, text, _ := strings.Cut(string(want.Data), "\n")
		out, err := runEdit(t, in.Data, line)
		got := string(out)
		if err != nil {
			got = "error: " + err.Error() + "\n"
		}
		if got != text && !golden.Updating() {
			t.Errorf("%s:\ngot:\n%swant:\n%s", in.Name, got, text)
		}
		want.Data = []byte(line + "\n" + got)
		now.Files = append(now.Files, in, want)
	}
	golden.Archive(t, file, ar, now)
}

// variants of a text: as it is, without the final newline, and with the line
// ends of Windows.
func variants(src []byte) [][]byte {
	return [][]byte{src, bytes.TrimRight(src, "\n"), bytes.ReplaceAll(src, []byte("\n"), []byte("\r\n"))}
}

// TestEditsUndo holds that what is added can be taken away without a trace, and
// what is renamed can be named back.
func TestEditsUndo(t *testing.T) {
	done := map[string]int{}
	for _, seed := range seeds(t) {
		for _, src := range variants(seed) {
			undo(t, src, done)
		}
	}
	for _, what := range []string{"add", "set", "rename"} {
		if done[what] < 50 {
			t.Errorf("%s was tried %d times only", what, done[what])
		}
	}
}

func undo(t *testing.T, src []byte, done map[string]int) {
	d, ds := Parse("hosts.toml", src)
	if d.broken || len(ds) > 0 {
		return
	}
	back := func(what string, out []byte, err error, edit func(*Document) ([]byte, error)) {
		if err != nil {
			return // refused: nothing was changed
		}
		done[what]++
		e, _ := Parse("hosts.toml", out)
		got, err := edit(e)
		if err != nil {
			t.Fatalf("%s cannot be undone: %v\n%s\n->\n%s", what, err, src, out)
		}
		if !bytes.Equal(got, src) {
			t.Fatalf("%s and back:\n%q\n->\n%q\n->\n%q", what, src, out, got)
		}
	}
	out, err := d.AddTable("hosts.newone", "system = \"x86_64-linux\"\nstateVersion = \"25.11\"\n")
	back("add", out, err, func(e *Document) ([]byte, error) { return e.RetireHost("newone") })
	for _, h := range d.root.entries("hosts") {
		key := "hosts." + quoteKey(h.name)
		if h.get("zzz") == nil && h.kind == tableNode && len(h.kids) > 0 {
			out, err := d.Set(key+".zzz", "new")
			back("set", out, err, func(e *Document) ([]byte, error) { return e.Remove(key + ".zzz") })
		}
		if strings.ContainsAny(string(src), "'\\") || bytes.Contains(src, []byte(`"`+h.name+`"`)) {
			continue // a key that is quoted without need comes back bare
		}
		out, err := d.Rename(key, "newname")
		back("rename", out, err, func(e *Document) ([]byte, error) { return e.Rename("hosts.newname", h.name) })
	}
}

// TestRemoveEverything removes each key of a fleet in turn: whatever the
// result, it is proved by the edit itself, and nothing else moves.
func TestRemoveEverything(t *testing.T) {
	src := bigFleet(5)
	d, _ := Parse("hosts.toml", src)
	removed := 0
	var walk func(n *node)
	walk = func(n *node) {
		for _, k := range n.kids {
			if k.kind == tableNode {
				walk(k)
			}
			out, err := d.Remove(joinKey(keyPath(k)))
			if err != nil {
				t.Errorf("%s: %v", k.path(), err)
				continue
			}
			removed++
			if n.inline {
				continue
			}
			for _, line := range strings.Split(string(out), "\n") {
				if !strings.Contains(string(src), line) {
					t.Errorf("%s: a line that was not there: %s", k.path(), line)
				}
			}
		}
	}
	walk(d.root)
	if removed < 50 {
		t.Error(fmt.Sprint(removed, " keys removed"))
	}
}

func replaceOnce(t *testing.T, s, old, by string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("%q is not there", old)
	}
	return strings.Replace(s, old, by, 1)
}

// FuzzEdit holds on any file what TestEditsUndo holds on the samples.
func FuzzEdit(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src []byte) { undo(t, src, map[string]int{}) })
}
