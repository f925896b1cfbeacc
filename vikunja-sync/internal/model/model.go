// Package model holds the canonical form of a task and the mapping of fields
// between Taskwarrior and Vikunja.
//
// Each side is described by a Snapshot in its own domain: Taskwarrior's
// priority is "H", Vikunja's is "5"; Taskwarrior's project is a dotted path,
// Vikunja's an id with its path. A side has changed when its snapshot differs
// from the one kept at the last agreement, never because the two sides look
// different. Only to decide whether both mean the same is the finer value
// projected to the coarser domain (Codec.ToTW), so that H never turns a 5
// into a 3.
//
// Laws:
//
//   - Snapshots are canonical: NFC text, UTC seconds, sorted sets. Two equal
//     states give equal bytes, and Hash is taken over those.
//   - Anything a snapshot does not name stays where it is: the engine writes
//     named fields to Vikunja and whole tasks with every attribute to
//     Taskwarrior.
//   - Text never becomes an attribute: mapping builds JSON values, no command
//     lines.
//
// Non-goals: reading or writing either side, and deciding who wins.
package model

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// Field is one scalar both sides know.
type Field int

const (
	Title Field = iota
	Status
	Project
	Priority
	Due
	Start
	End
	Notes
	NumFields
)

var fieldNames = [NumFields]string{"title", "status", "project", "priority", "due", "start", "end", "notes"}

func (f Field) String() string {
	if f < 0 || f >= NumFields {
		return "unknown"
	}
	return fieldNames[f]
}

// ParseField is the inverse of String.
func ParseField(s string) (Field, bool) {
	i := slices.Index(fieldNames[:], s)
	return Field(i), i >= 0
}

// The values of Status. Vikunja has no deleted tasks: there it means gone.
const (
	Pending   = "pending"
	Completed = "completed"
	Deleted   = "deleted"
	Recurring = "recurring" // a template: never leaves Taskwarrior
)

// Snapshot is the canonical state of a task on one side.
type Snapshot struct {
	Scalar   [NumFields]string `json:"s"`
	Tags     []string          `json:"t,omitempty"`
	Depends  []string          `json:"d,omitempty"` // uuids
	Comments []Comment         `json:"c,omitempty"`
	// Link is the Vikunja id as Taskwarrior's own copy has it.
	Link string `json:"l,omitempty"`
}

// Comment is an annotation (ID: its entry) or a comment (ID: its number).
type Comment struct {
	ID   string `json:"i"`
	Text string `json:"t"`
	// Foreign: written by another account, which alone may change it.
	Foreign bool `json:"f,omitempty"`
	// At is when Vikunja's comment was made; not part of the state.
	At string `json:"-"`
}

// Clone copies the slices too.
func (s Snapshot) Clone() Snapshot {
	s.Tags = slices.Clone(s.Tags)
	s.Depends = slices.Clone(s.Depends)
	s.Comments = slices.Clone(s.Comments)
	return s
}

// Hash identifies everything but the comments, which Vikunja's lists omit.
func (s Snapshot) Hash() (h [16]byte) {
	s.Comments = nil
	return s.HashAll()
}

// HashAll identifies the whole snapshot.
func (s Snapshot) HashAll() (h [16]byte) {
	b, _ := json.Marshal(s)
	sum := sha256.Sum256(b)
	copy(h[:], sum[:])
	return h
}

// Text is the canonical form of one-line and free text. The control characters
// from U+0080 on, of which a terminal may take one for the beginning of an
// order, are no part of it.
func Text(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
}

// Set sorts, drops doubles and empty elements, and gives nil for nothing.
func Set(elems []string) []string {
	out := slices.Clone(elems)
	slices.Sort(out)
	out = slices.Compact(out)
	out = slices.DeleteFunc(out, func(s string) bool { return s == "" })
	if len(out) == 0 {
		return nil
	}
	return out
}

const stamp = "20060102T150405Z"

// Stamp writes an instant as Taskwarrior does; the zero time is "".
func Stamp(t time.Time) string {
	if t.IsZero() || t.Year() <= 1 {
		return ""
	}
	return t.UTC().Truncate(time.Second).Format(stamp)
}

// ParseStamp reads what Stamp wrote; "" and nonsense are the zero time.
func ParseStamp(s string) time.Time {
	t, err := time.Parse(stamp, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// oldestTW is the first date that Taskwarrior can both store and export, and
// newestTW the first one after the last: 2.x crashes on the import of a later
// one, 3.x stores it and exports nothing any more.
var (
	oldestTW = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	newestTW = time.Date(9999, 12, 31, 21, 59, 59, 0, time.UTC)
)

// DateToTW projects a stamp: what would poison Taskwarrior's export is absent.
func DateToTW(s string) string {
	t := ParseStamp(s)
	if t.Before(oldestTW) || !t.Before(newestTW) {
		return ""
	}
	return s
}

// TextToTW projects text: 2.x stores brackets as these two entities and reads
// the entities back as brackets, and both versions export control characters
// as they are, which no JSON reader takes.
func TextToTW(s string) string {
	return strings.Map(func(r rune) rune {
		if (r < ' ' && r != '\n' && r != '\t') || r == 0x7f {
			return -1
		}
		return r
	}, brackets.Replace(Text(s)))
}

var brackets = strings.NewReplacer("&open;", "[", "&close;", "]")

// PriorityToTW projects Vikunja's number to none, L, M, H.
func PriorityToTW(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n == 1:
		return "L"
	case n == 2:
		return "M"
	}
	return "H"
}

// PriorityToVK gives the number for a letter; ok is false for a value of the
// user's own, which Vikunja cannot hold.
func PriorityToVK(s string) (n int64, ok bool) {
	switch s {
	case "":
		return 0, true
	case "L":
		return 1, true
	case "M":
		return 2, true
	case "H":
		return 3, true
	}
	return 0, false
}
