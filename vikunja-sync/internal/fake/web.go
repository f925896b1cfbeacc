package fake

import (
	"errors"
	"maps"
	"slices"

	"vikunja-sync/internal/api"
)

// What a user of the web page does and the sync never asks for. Mu is held.

// ArchiveProject archives a project and everything below it, or brings it back.
func (s *Server) ArchiveProject(id int64, to bool) { s.archive(id, to) }

// DropProject deletes a project with everything below it.
func (s *Server) DropProject(root int64) {
	var ids []int64
	for _, id := range slices.Sorted(maps.Keys(s.ProjectM)) {
		if s.below(id, root) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		delete(s.ProjectM, id)
	}
	for id, t := range s.TaskM {
		if slices.Contains(ids, t.ProjectID) {
			delete(s.TaskM, id)
		}
	}
}

// Below reports whether a project is another one or under it.
func (s *Server) Below(id, root int64) bool { return s.below(id, root) }

// IsArchived reports whether a project or one above it is archived.
func (s *Server) IsArchived(id int64) bool { return s.archived(id) }

// What a Fault may answer before a write, beside an error of its own.
var (
	// ErrTwice delivers the request twice; the second answer is seen.
	ErrTwice = errors.New("delivered twice")
	// ErrLate loses the request for the caller, who sees a timeout; the
	// server carries it out when Deliver is called.
	ErrLate = errors.New("delivered late")
)

// ErrTimeout is what a caller sees who gave up waiting.
type ErrTimeout struct{}

func (ErrTimeout) Error() string { return "timeout awaiting the answer" }

// Timeout makes it one for package net's callers.
func (ErrTimeout) Timeout() bool { return true }

// TimedOut is a write that was given up.
func TimedOut(call string) error {
	return &api.Error{Kind: api.KindUnavailable, Method: "?", Route: call, Ambiguous: true, Err: ErrTimeout{}}
}

// Deliver carries out the writes that are late.
func (s *Server) Deliver() {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	for _, fn := range s.late {
		fn() // nobody waits for the answer
	}
	s.late = nil
}
