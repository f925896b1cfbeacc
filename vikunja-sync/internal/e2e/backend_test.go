package e2e

import (
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"vikunja-sync/internal/fake"
)

// backend is a server with an account of which a scenario is the only user.
type backend interface {
	http.Handler
	token() string
	inbox() int64 // the default project
	// now is the server's clock; later moves it where it can be moved, skew
	// sets it off ours for good, and ago lets fn happen d before what follows.
	now() time.Time
	later(d time.Duration)
	skew(d time.Duration)
	ago(d time.Duration, fn func())
	// freeze stops the clock that stamps changes, until thaw.
	freeze() (thaw func())
	// zone sets the zone that times are shown in; false if it cannot.
	zone(*time.Location) bool
	// give makes a label another user's; revoke takes the access to a project
	// away or gives it back.
	give(label int64)
	revoke(project int64, gone bool)
	// lend leaves the account the right to read a project, or to write too.
	lend(project int64, write bool)
	unknown() []string // routes that it turned out not to have
	// backup gives what brings this moment's tasks back; nil if it cannot.
	backup() (restore func())
}

// real reports whether a real server is to be used.
func real() bool { return os.Getenv("VIKUNJA_URL") != "" && os.Getenv("VIKUNJA_TEST_TOKEN") != "" }

func newBackend(t testing.TB) backend {
	if real() {
		return newScratch(t)
	}
	s := &standIn{}
	s.srv = fake.NewServer(s.now)
	s.HTTP = &fake.HTTP{Server: s.srv, Token: testToken, Deliver: fake.Post}
	t.Cleanup(s.Settle)
	return s
}

const testToken = "tk_0123456789abcdef0123456789abcdef01234567"

// standIn is the model of the server.
type standIn struct {
	*fake.HTTP
	srv    *fake.Server
	mu     sync.Mutex
	off    time.Duration // its clock minus ours
	frozen time.Time
}

func (s *standIn) token() string { return testToken }

func (s *standIn) inbox() int64 { return 1 }

func (s *standIn) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.frozen.IsZero() {
		return s.frozen
	}
	return time.Now().Add(s.off)
}

func (s *standIn) later(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off += d
}

func (s *standIn) skew(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = d
}

func (s *standIn) ago(d time.Duration, fn func()) {
	s.later(-d)
	fn()
	s.later(d)
}

func (s *standIn) freeze() func() {
	at := s.now().Truncate(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = at
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.frozen = time.Time{}
	}
}

func (s *standIn) zone(l *time.Location) bool { s.Zone = l; return true }

func (s *standIn) give(label int64) {
	s.srv.Mu.Lock()
	defer s.srv.Mu.Unlock()
	s.srv.LabelM[label].OwnerID = 2
}

func (s *standIn) revoke(project int64, gone bool) {
	s.srv.Mu.Lock()
	defer s.srv.Mu.Unlock()
	s.srv.NoAccess[project] = gone
}

func (s *standIn) lend(project int64, write bool) {
	rights := 0
	if write {
		rights = 1
	}
	s.srv.Lend(project, rights)
}

func (s *standIn) backup() func() { return s.srv.Backup() }

func (s *standIn) unknown() []string {
	s.srv.Mu.Lock()
	defer s.srv.Mu.Unlock()
	return s.Unknown
}
