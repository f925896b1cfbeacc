package api

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what a failure means for the engine.
type Kind int

const (
	KindUnknown      Kind = iota
	KindInvalid           // 400, 409, 412, 422: this request will never work
	KindArchived          // 412 code 3008: the project is archived; park
	KindUnauthorized      // 401: token dead or scope missing; stop the cycle
	KindForbidden         // 403: no access to this one thing
	KindNotFound          // 404
	KindRateLimited       // 429 that outlasted the retries
	KindUnavailable       // 5xx, timeout, refused or dropped connection
	KindHostile           // the answer broke a bound: size, pages, redirect
)

var kindNames = [...]string{"unknown", "invalid", "archived", "unauthorized",
	"forbidden", "not found", "rate limited", "unavailable", "hostile answer"}

func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "unknown"
	}
	return kindNames[k]
}

// Error is a failed call. Its text names method and route, never the token and
// never more than the first 200 bytes of the server's message.
type Error struct {
	Kind    Kind
	Method  string // GET, PUT, …
	Route   string // /api/v2/tasks/{id}, with the ids as sent
	Status  int    // 0: no answer
	Code    int    // Vikunja's own number, 0: none
	Message string
	// Ambiguous: a write that may have been done all the same.
	Ambiguous bool
	// RetryAt is when the limiter opens again; zero where unknown.
	RetryAt time.Time
	// Scope is the permission that the route needs, such as
	// "tasks: update"; only with KindUnauthorized.
	Scope string
	Err   error
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s `%s %s`", e.Kind, e.Method, e.Route)
	if e.Status != 0 {
		s += fmt.Sprintf(": status %d", e.Status)
	}
	if e.Code != 0 {
		s += fmt.Sprintf(" code %d", e.Code)
	}
	if e.Scope != "" {
		s += fmt.Sprintf(": the token may lack the scope `%s`", e.Scope)
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf finds the kind of a failure, KindUnknown where err is no *Error.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindUnknown
}

// Ambiguous reports whether the failed call may have been carried out. An
// error that is no *Error (a cancelled context) counts as ambiguous.
func Ambiguous(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.Ambiguous
	}
	return err != nil
}
