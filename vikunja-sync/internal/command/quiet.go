package command

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// daily is after how long a warning is written again that is still true.
const daily = 24 * time.Hour

// quiet keeps warnings that repeat themselves out of the journal: what waits
// is told in every cycle, and written when it is new and once a day. The status
// has all of it.
type quiet struct {
	slog.Handler
	now func() time.Time

	mu   sync.Mutex
	said map[string]*saying
}

type saying struct {
	written time.Time
	lately  bool // told since the last whole cycle
}

func newQuiet(h slog.Handler) *quiet {
	return &quiet{Handler: h, now: time.Now, said: map[string]*saying{}}
}

// Handle implements slog.Handler.
func (q *quiet) Handle(ctx context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn && q.repeats(keyOf(r)) {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

func keyOf(r slog.Record) string {
	key := r.Message
	r.Attrs(func(a slog.Attr) bool {
		key += fmt.Sprintf("\x00%s=%v", a.Key, a.Value)
		return true
	})
	return key
}

func (q *quiet) repeats(key string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.said[key]
	if s != nil && q.now().Sub(s.written) < daily {
		s.lately = true
		return true
	}
	q.said[key] = &saying{written: q.now(), lately: true}
	return false
}

// over forgets what a whole cycle did not tell any more: should it come again,
// it is new.
func (q *quiet) over() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for key, s := range q.said {
		if !s.lately {
			delete(q.said, key)
		}
		s.lately = false
	}
}
