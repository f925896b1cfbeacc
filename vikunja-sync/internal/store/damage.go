package store

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// DamagedError is a file that is not, or not wholly, what was written to it.
type DamagedError struct {
	Path string
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the state `%s` is damaged (%v): move it away; the next cycle makes it anew from `vikunja_id` and deletes nothing", e.Path, e.Err)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// Damaged is the error for records that do not fit together.
func (s *Store) Damaged(how string) error { return &DamagedError{s.path, errors.New(how)} }

// guarded turns the crash over a damaged file into an error: bbolt reads
// through a map of the file and trusts what stands there.
func (s *Store) guarded(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if _, fault := r.(interface{ Addr() uintptr }); !fault && !inBbolt() {
			panic(r)
		}
		s.damaged = true
		err = &DamagedError{s.path, fmt.Errorf("%v", r)}
	}()
	return fn()
}

// inBbolt reports, in a deferred function, that bbolt itself has panicked.
func inBbolt() bool {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	panicked := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true
		case panicked && !strings.HasPrefix(f.Function, "runtime."):
			return strings.HasPrefix(f.Function, "go.etcd.io/bbolt")
		}
		if !more {
			return false
		}
	}
}
