package model

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Raw is one task as exported: every attribute, unknown ones too.
type Raw map[string]json.RawMessage

// The attributes of our own that Taskwarrior carries.
const (
	UDALink  = "vikunja_id"
	UDAEnd   = "vikunja_end"
	UDANotes = "vikunja_notes"
)

// UDAs lists them for declaration; all have text that must survive as is, so
// only the date is typed.
var UDAs = []struct{ Name, Type, Label string }{
	{UDALink, "string", "Vikunja"},
	{UDAEnd, "date", "Ends"},
	{UDANotes, "string", "Notes"},
}

// Str reads a text attribute; absent is "".
func (r Raw) Str(key string) string {
	var s string
	if json.Unmarshal(r[key], &s) != nil {
		return strings.Trim(string(r[key]), `"`)
	}
	return s
}

// SetStr writes a text attribute; "" removes it.
func (r Raw) SetStr(key, val string) {
	if val == "" {
		delete(r, key)
		return
	}
	r[key], _ = json.Marshal(val)
}

// UUID is the task's key.
func (r Raw) UUID() string { return r.Str("uuid") }

// Modified is when Taskwarrior last saw a change.
func (r Raw) Modified() time.Time { return ParseStamp(r.Str("modified")) }

// Annotation is one element of Taskwarrior's annotations.
type Annotation struct {
	Entry       string `json:"entry"`
	Description string `json:"description"`
}

// Annotations reads the list; nonsense is none.
func (r Raw) Annotations() []Annotation {
	var as []Annotation
	if json.Unmarshal(r["annotations"], &as) != nil {
		return nil
	}
	return as
}

// SetAnnotations writes the list in order of entry.
func (r Raw) SetAnnotations(as []Annotation) {
	if len(as) == 0 {
		delete(r, "annotations")
		return
	}
	slices.SortStableFunc(as, func(a, b Annotation) int { return strings.Compare(a.Entry, b.Entry) })
	r["annotations"], _ = json.Marshal(as)
}

// List reads an array or, from old exports, a comma separated text.
func (r Raw) List(key string) []string {
	var l []string
	if json.Unmarshal(r[key], &l) == nil {
		return l
	}
	if s := r.Str(key); s != "" {
		return strings.Split(s, ",")
	}
	return nil
}

// SetList writes an array; nothing removes the attribute.
func (r Raw) SetList(key string, l []string) {
	if len(l) == 0 {
		delete(r, key)
		return
	}
	r[key], _ = json.Marshal(l)
}

// Clone copies the attributes.
func (r Raw) Clone() Raw {
	out := make(Raw, len(r))
	for k, v := range r {
		out[k] = v
	}
	return out
}

// oldLink is what scripts before us left as an annotation.
var oldLink = regexp.MustCompile(`^\s*vikunja_id:\s*([0-9]{1,18})\s*$`)

// IsLink reports the text of such an annotation.
func IsLink(text string) bool { return oldLink.MatchString(text) }

// LinkOf is the Vikunja id that the task names, by the attribute or by the
// annotation of an older script. Taskwarrior wrote `7.000000` where the script
// had declared the attribute a number.
func LinkOf(r Raw) string {
	if l := strings.TrimSpace(r.Str(UDALink)); l != "" {
		if whole, rest, ok := strings.Cut(l, "."); ok && strings.Trim(rest, "0") == "" {
			return whole
		}
		return l
	}
	for _, a := range r.Annotations() {
		if m := oldLink.FindStringSubmatch(a.Description); m != nil {
			return m[1]
		}
	}
	return ""
}

// FromRaw is the canonical form of Taskwarrior's state. Depends holds every
// uuid; the engine narrows it to tasks that both sides know.
func FromRaw(r Raw) Snapshot {
	var s Snapshot
	s.Scalar[Title] = Text(r.Str("description"))
	s.Scalar[Status] = statusOf(r)
	s.Scalar[Project] = Text(r.Str("project"))
	s.Scalar[Priority] = r.Str("priority")
	s.Scalar[Due] = r.Str("due")
	s.Scalar[Start] = r.Str("scheduled")
	s.Scalar[End] = r.Str(UDAEnd)
	s.Scalar[Notes] = Text(r.Str(UDANotes))
	s.Tags = Set(textAll(r.List("tags")))
	s.Depends = Set(r.List("depends"))
	s.Link = r.Str(UDALink)
	for _, a := range r.Annotations() {
		if IsLink(a.Description) {
			continue
		}
		s.Comments = append(s.Comments, Comment{ID: a.Entry, Text: Text(a.Description)})
	}
	return s
}

func statusOf(r Raw) string {
	switch st := r.Str("status"); st {
	case "waiting", "":
		return Pending
	default:
		return st
	}
}

func textAll(l []string) []string {
	out := make([]string, len(l))
	for i, s := range l {
		out[i] = Text(s)
	}
	return out
}

// SetScalar writes one field in Taskwarrior's domain into the task.
// doneAt serves Status: the instant of completion where one is known.
func (r Raw) SetScalar(f Field, val string, doneAt time.Time) {
	switch f {
	case Title:
		if val == "" {
			val = Untitled
		}
		r.SetStr("description", val)
	case Status:
		r.setStatus(val, doneAt)
	case Project:
		r.SetStr("project", val)
	case Priority:
		r.SetStr("priority", val)
	case Due:
		r.SetStr("due", val)
	case Start:
		r.SetStr("scheduled", val)
	case End:
		r.SetStr(UDAEnd, val)
	case Notes:
		r.SetStr(UDANotes, val)
	}
}

// Untitled stands in for the empty title that one side may have.
const Untitled = "(untitled)"

func (r Raw) setStatus(val string, doneAt time.Time) {
	r.SetStr("status", val)
	delete(r, "end")
	if val == Completed {
		r.SetStr("end", DateToTW(Stamp(doneAt)))
	}
}

// Validate refuses what makes `task import` crash or poison its export.
func (r Raw) Validate() error {
	if r.Str("uuid") == "" || r.Str("description") == "" {
		return fmt.Errorf("task `%s` has no uuid or no description", r.UUID())
	}
	if r.Str("recur") != "" && r.Str("due") == "" {
		return fmt.Errorf("task `%s` recurs and has no due date", r.UUID())
	}
	for _, key := range []string{"due", "scheduled", "end", "entry", "wait", "until", "start", UDAEnd} {
		if v := r.Str(key); v != "" && DateToTW(v) == "" {
			return fmt.Errorf("task `%s`: date `%s` of `%s` cannot be stored", r.UUID(), v, key)
		}
	}
	return nil
}
