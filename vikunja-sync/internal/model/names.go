package model

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Name is what one label or project is called in Taskwarrior. It stays as
// assigned while the title stays, so that a newcomer never renames others.
type Name struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
	Name  string `json:"name"` // the tag, or the project's own path segment
	Path  string `json:"path,omitempty"`
}

// Entry is a label, or a project among its siblings (Parent).
type Entry struct {
	ID     int64
	Title  string
	Parent int64
}

// virtual are the tags that Taskwarrior computes; nobody can carry them.
var virtual = []string{"ACTIVE", "ANNOTATED", "BLOCKED", "BLOCKING", "CHILD", "COMPLETED", "DELETED", "DUE",
	"DUETODAY", "INSTANCE", "LATEST", "MONTH", "ORPHAN", "OVERDUE", "PARENT", "PENDING", "PRIORITY", "PROJECT",
	"QUARTER", "READY", "SCHEDULED", "TAGGED", "TEMPLATE", "TODAY", "TOMORROW", "UDA", "UNBLOCKED", "UNTIL",
	"WAITING", "WEEK", "YEAR", "YESTERDAY"}

// Virtual reports a tag that must not be sent or stored.
func Virtual(tag string) bool { return slices.Contains(virtual, tag) }

// TagFor encodes a label title so that Taskwarrior stores it as one tag.
func TagFor(title string) string {
	s := strings.Map(func(r rune) rune {
		if r == ',' || unicode.IsSpace(r) || unicode.IsControl(r) {
			return '_'
		}
		return r
	}, brackets.Replace(Text(title)))
	if s == "" || s[0] == '+' || s[0] == '-' {
		s = "_" + strings.TrimLeft(s, "+-")
	}
	if Virtual(s) {
		s += "_"
	}
	return s
}

// SegmentFor encodes a project title as one segment of a dotted path.
func SegmentFor(title string) string {
	s := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '.' || unicode.IsControl(r) {
			return '_'
		}
		return r
	}, brackets.Replace(Text(title))))
	if s == "" {
		return "_"
	}
	return s
}

// TagNames assigns a tag to every label. Labels of one title share a tag;
// different titles never do. used tells tags that Taskwarrior has: a title
// that is one of them is taken as it is, odd characters and all.
func TagNames(labels []Entry, known map[int64]Name, used func(string) bool) map[int64]Name {
	labels = slices.Clone(labels)
	slices.SortFunc(labels, func(a, b Entry) int { return int(a.ID - b.ID) })
	out, owner := map[int64]Name{}, map[string]string{} // tag -> title
	for _, l := range labels {
		if n, ok := known[l.ID]; ok && n.Title == l.Title {
			out[l.ID], owner[n.Name] = n, l.Title
		}
	}
	byTitle := map[string]string{}
	for tag, title := range owner {
		if byTitle[title] == "" || tag < byTitle[title] {
			byTitle[title] = tag
		}
	}
	for _, l := range labels {
		if _, ok := out[l.ID]; ok {
			continue
		}
		tag, ok := byTitle[l.Title]
		if !ok {
			tag = freeTag(l.Title, owner, used)
			byTitle[l.Title], owner[tag] = tag, l.Title
		}
		out[l.ID] = Name{ID: l.ID, Title: l.Title, Name: tag}
	}
	return out
}

func freeTag(title string, owner map[string]string, used func(string) bool) string {
	if t := Text(title); used != nil && used(t) && !Virtual(t) {
		if o, taken := owner[t]; !taken || o == title {
			return t
		}
	}
	tag := TagFor(title)
	for i := 2; ; i++ {
		if o, taken := owner[tag]; !taken || o == title {
			return tag
		}
		tag = fmt.Sprintf("%s_%d", TagFor(title), i)
	}
}

// ProjectNames assigns segments and paths. root is the default project: its
// path is "" and its children keep its segment in theirs.
func ProjectNames(projects []Entry, known map[int64]Name, root int64) map[int64]Name {
	projects = slices.Clone(projects)
	slices.SortFunc(projects, func(a, b Entry) int { return int(a.ID - b.ID) })
	out, taken := map[int64]Name{}, map[string]bool{}
	key := func(p Entry, seg string) string { return fmt.Sprint(p.Parent, "/", seg) }
	for _, p := range projects {
		if n, ok := known[p.ID]; ok && n.Title == p.Title && !taken[key(p, n.Name)] {
			out[p.ID] = Name{ID: p.ID, Title: p.Title, Name: n.Name}
			taken[key(p, n.Name)] = true
		}
	}
	byID := map[int64]Entry{}
	for _, p := range projects {
		byID[p.ID] = p
		if _, ok := out[p.ID]; ok {
			continue
		}
		seg := SegmentFor(p.Title)
		if taken[key(p, seg)] {
			seg = fmt.Sprintf("%s~%d", seg, p.ID)
		}
		taken[key(p, seg)] = true
		out[p.ID] = Name{ID: p.ID, Title: p.Title, Name: seg}
	}
	for id, n := range out {
		n.Path = pathOf(id, byID, out)
		if id == root {
			n.Path = ""
		}
		out[id] = n
	}
	return out
}

func pathOf(id int64, byID map[int64]Entry, names map[int64]Name) string {
	var segs []string
	for depth := 0; depth < 64; depth++ {
		n, ok := names[id]
		if !ok {
			break
		}
		segs = append(segs, n.Name)
		id = byID[id].Parent
	}
	slices.Reverse(segs)
	return strings.Join(segs, ".")
}

// TitleFor is the project title for a segment that nothing is known about.
func TitleFor(segment string) string {
	if strings.TrimSpace(segment) == "" {
		return "_"
	}
	return segment
}
