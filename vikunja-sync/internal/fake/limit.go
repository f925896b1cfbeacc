package fake

import (
	"fmt"
	"net/http"
	"time"
)

// Limit is the rate limiter: Requests per Period for each user, v1 and v2
// apart, and for each address where no user is known. Logins have their own,
// which is always on.
type Limit struct {
	Requests int
	Period   time.Duration
	used     map[string]*window
}

type window struct {
	n    int
	ends time.Time
}

// take counts one request and tells the headers. It reports whether the
// request may go on.
func (l *Limit) take(head http.Header, key string, now time.Time) bool {
	if l.Requests == 0 {
		return true
	}
	if l.used == nil {
		l.used = map[string]*window{}
	}
	w := l.used[key]
	if w == nil || !now.Before(w.ends) {
		w = &window{ends: now.Add(l.Period)}
		l.used[key] = w
	}
	w.n++
	head.Set("X-RateLimit-Limit", fmt.Sprint(l.Requests))
	head.Set("X-RateLimit-Remaining", fmt.Sprint(max(l.Requests-w.n, 0)))
	head.Set("X-RateLimit-Reset", fmt.Sprint(w.ends.Unix()))
	return w.n <= l.Requests
}
