// Package store keeps what the sync must remember: pairs with the state both
// sides last agreed on, tombstones, names of labels and projects, the journal
// of intents, the conflict log, parked items.
//
// It is one bbolt file. bbolt takes an exclusive lock on the file, so there is
// one writer by construction; a transaction is on the disk when Update
// returns, and kill -9 at any instant leaves the last finished transaction.
//
// Laws:
//
//   - A pair and its index row change in one transaction. The index alone
//     tells whether a pair changed, so that an idle cycle reads no pair.
//   - A uuid belongs to at most one live Vikunja id and the other way round.
//   - Intents are written before the call they announce and removed in the
//     transaction that records the outcome.
//   - The file is created 0600 and never holds a token.
//
// Non-goals: history beyond the conflict log, access by two processes.
package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"vikunja-sync/internal/merge"
	"vikunja-sync/internal/model"
)

// State is the life of a pair.
type State string

const (
	Live     State = "live"
	Detached State = "detached" // no access to the Vikunja task; both are kept
	Deleted  State = "deleted"  // tombstone: gone on both sides
	Closed   State = "closed"   // a finished occurrence of a repeating task
	// Importing announces a task that is being made in Taskwarrior: whether
	// it arrived is known by looking there.
	Importing State = "importing"
	// Refused is a task that Taskwarrior did not take or, without an id, Vikunja.
	Refused State = "refused"
)

// Pair is one task on both sides.
type Pair struct {
	UUID  string         `json:"uuid"`
	ID    int64          `json:"id"`
	State State          `json:"state"`
	TW    model.Snapshot `json:"tw"`
	VK    model.Snapshot `json:"vk"`
	Links []merge.Link   `json:"links,omitempty"`
	// Updated is Vikunja's stamp when the comments were read; Hot says that
	// they may have changed within that same second.
	Updated string `json:"updated"`
	Hot     bool   `json:"hot,omitempty"`
	// DoneAt is when a repeating task's last occurrence was completed in
	// Vikunja, as of the date that both sides agreed on; empty: not known.
	DoneAt string `json:"done_at,omitempty"`
	// Born is when Vikunja's task was made, which nothing changes: a younger
	// one under the same id may be another.
	Born string `json:"born,omitempty"`
	// Wrote holds, by field, what both sides had before the last write to
	// Vikunja, and WroteAt its stamp after it: another's write that was under
	// way then may still undo ours.
	Wrote   map[string][2]string `json:"wrote,omitempty"`
	WroteAt string               `json:"wrote_at,omitempty"`
	// Missing counts the scans in which Taskwarrior did not have the task.
	Missing int `json:"missing,omitempty"`
	// Tries counts writes of a field that did not read back as sent.
	Tries map[string]int `json:"tries,omitempty"`
	// Parked says why something of this pair waits.
	Parked string `json:"parked,omitempty"`
	// ParkedOn identifies the states that were refused; while both sides
	// stay so, the request is not repeated.
	ParkedOn string    `json:"parked_on,omitempty"`
	At       time.Time `json:"at"`
}

// Index is what a scan compares with.
type Index struct {
	ID      int64
	State   State
	TW, VK  [16]byte
	Updated string
	// Look: the pair needs a look even if nothing changed (parked, missing,
	// hot, tries under way, not yet named by the task's own attribute).
	Look bool
}

func (p *Pair) index() Index {
	return Index{ID: p.ID, State: p.State, TW: p.TW.HashAll(), VK: p.VK.Hash(), Updated: p.Updated,
		Look: p.Hot || p.Missing != 0 || p.Parked != "" || len(p.Tries) > 0 || (p.State == Live && p.TW.Link != fmt.Sprint(p.ID))}
}

// Intent announces a call.
type Intent struct {
	Seq    uint64 `json:"seq"`
	Kind   string `json:"kind"`
	UUID   string `json:"uuid,omitempty"`
	ID     int64  `json:"id,omitempty"`
	Parent int64  `json:"parent,omitempty"` // project
	Title  string `json:"title,omitempty"`
	Name   string `json:"name,omitempty"`   // a project's path segment
	MaxID  int64  `json:"max_id,omitempty"` // highest id before a create
	Due    string `json:"due,omitempty"`    // before completing a repeating task
	DoneAt string `json:"done_at,omitempty"`
	// SentTW and SentVK are what a create makes both sides agree on.
	SentTW []string  `json:"sent_tw,omitempty"`
	SentVK []string  `json:"sent_vk,omitempty"`
	At     time.Time `json:"at"`
	// Late is until when a call that was given up may still be carried out.
	Late time.Time `json:"late,omitzero"`
}

// Conflict is a value that lost, kept for the user.
type Conflict struct {
	Seq      uint64    `json:"seq"`
	At       time.Time `json:"at"`
	UUID     string    `json:"uuid"`
	ID       int64     `json:"id"`
	Title    string    `json:"title"`
	Field    string    `json:"field"`
	Winner   string    `json:"winner"`
	Kept     string    `json:"kept"`
	Lost     string    `json:"lost"`
	Resolved bool      `json:"resolved,omitempty"`
}

var (
	bPairs     = []byte("pairs")
	bIndex     = []byte("index")
	bIDs       = []byte("ids")
	bLabels    = []byte("labels")
	bProjects  = []byte("projects")
	bJournal   = []byte("journal")
	bConflicts = []byte("conflicts")
	bMeta      = []byte("meta")
)

// Store is the open file.
type Store struct {
	db      *bbolt.DB
	path    string
	damaged bool
	New     bool // the file was made by this Open
	// Writes counts transactions that were committed, for tests of silence.
	Writes int
}

// ErrBusy says that another process has the state open.
var ErrBusy = errors.New("the state is in use by another vikunja-sync")

// Options of Open.
type Options struct {
	Wait   time.Duration // for another process; 0: give up at once
	NoSync bool          // tests only: leave durability to the system
}

// Open opens or creates the state.
func Open(path string, o Options) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	_, statErr := os.Stat(path)
	wait := max(o.Wait, time.Millisecond)
	s := &Store{path: path, New: errors.Is(statErr, os.ErrNotExist)}
	err := s.guarded(func() (err error) {
		// The list of free pages is stored, or else Open looks at every page in a
		// goroutine, whose panic over a damaged one nobody can catch.
		s.db, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: wait, NoSync: o.NoSync, FreelistType: bbolt.FreelistMapType})
		return err
	})
	var damaged *DamagedError
	switch {
	case err == nil:
		if err = s.init(); err != nil {
			s.Close()
		}
	case errors.Is(err, berrors.ErrTimeout):
		err = ErrBusy
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		err = &DamagedError{path, err}
	case !errors.As(err, &damaged):
		err = fmt.Errorf("open state `%s`: %w", path, err)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Scratch is a state that is nowhere on the disk once it is closed, or the
// process has ended.
func Scratch() (*Store, error) {
	dir, err := os.MkdirTemp("", "vikunja-sync")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return Open(filepath.Join(dir, "state.db"), Options{NoSync: true})
}

func (s *Store) init() error {
	missing := false
	all := [][]byte{bPairs, bIndex, bIDs, bLabels, bProjects, bJournal, bConflicts, bMeta}
	err := s.guarded(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			for _, b := range all {
				missing = missing || tx.Bucket(b) == nil
			}
			return nil
		})
	})
	if !missing || err != nil {
		return err
	}
	return s.db.Update(func(tx *bbolt.Tx) error {
		for _, b := range all {
			if _, err := tx.CreateBucketIfNotExists(b); err != nil {
				return err
			}
		}
		return nil
	})
}

// Close releases the file. What is damaged may hold locks of its own for good;
// it is not waited for.
func (s *Store) Close() error {
	if !s.damaged {
		return s.db.Close()
	}
	closed := make(chan error, 1)
	go func() { closed <- s.guarded(s.db.Close) }()
	select {
	case err := <-closed:
		return err
	case <-time.After(time.Second):
		return nil
	}
}

// Tx is one transaction.
type Tx struct{ tx *bbolt.Tx }

// View reads.
func (s *Store) View(fn func(*Tx) error) error {
	return s.guarded(func() error { return s.db.View(func(tx *bbolt.Tx) error { return fn(&Tx{tx}) }) })
}

// Update writes; when it returns nil, the change is durable.
func (s *Store) Update(fn func(*Tx) error) error {
	s.Writes++
	return s.guarded(func() error { return s.db.Update(func(tx *bbolt.Tx) error { return fn(&Tx{tx}) }) })
}

func (t *Tx) put(bucket, key []byte, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return t.tx.Bucket(bucket).Put(key, b)
}

func (t *Tx) get(bucket, key []byte, v any) (bool, error) {
	b := t.tx.Bucket(bucket).Get(key)
	if b == nil {
		return false, nil
	}
	return true, t.decode(b, v)
}

// decode reads a record; what cannot be read is damage.
func (t *Tx) decode(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return &DamagedError{t.tx.DB().Path(), err}
	}
	return nil
}

func key64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// PutPair stores a pair, its index row and its id.
func (t *Tx) PutPair(p *Pair) error {
	var old Pair
	found, err := t.get(bPairs, []byte(p.UUID), &old)
	if err != nil {
		return err
	}
	if found && old.ID != p.ID && t.owner(old.ID) == p.UUID {
		if err := t.tx.Bucket(bIDs).Delete(key64(uint64(old.ID))); err != nil {
			return err
		}
	}
	if p.State == Live || p.State == Detached {
		if o := t.owner(p.ID); o != "" && o != p.UUID {
			var other Pair
			if ok, _ := t.get(bPairs, []byte(o), &other); ok && other.State == Live {
				return fmt.Errorf("task %d belongs to `%s`, not to `%s`", p.ID, o, p.UUID)
			}
		}
		if err := t.tx.Bucket(bIDs).Put(key64(uint64(p.ID)), []byte(p.UUID)); err != nil {
			return err
		}
	}
	if err := t.put(bPairs, []byte(p.UUID), p); err != nil {
		return err
	}
	return t.tx.Bucket(bIndex).Put([]byte(p.UUID), p.index().encode())
}

// DropPair forgets a pair that never came to be.
func (t *Tx) DropPair(uuid string) error {
	if err := t.tx.Bucket(bPairs).Delete([]byte(uuid)); err != nil {
		return err
	}
	return t.tx.Bucket(bIndex).Delete([]byte(uuid))
}

func (t *Tx) owner(id int64) string { return string(t.tx.Bucket(bIDs).Get(key64(uint64(id)))) }

// Pair finds by uuid; nil: none.
func (t *Tx) Pair(uuid string) (*Pair, error) {
	var p Pair
	ok, err := t.get(bPairs, []byte(uuid), &p)
	if !ok || err != nil {
		return nil, err
	}
	return &p, nil
}

// Owner is the uuid that a Vikunja id belongs or last belonged to.
func (t *Tx) Owner(id int64) string { return t.owner(id) }

// Pairs calls fn for each pair in order of uuid.
func (t *Tx) Pairs(fn func(*Pair) error) error {
	return t.tx.Bucket(bPairs).ForEach(func(_, v []byte) error {
		var p Pair
		if err := t.decode(v, &p); err != nil {
			return err
		}
		return fn(&p)
	})
}

func (x Index) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(x.ID))
	b = append(b, x.TW[:]...)
	b = append(b, x.VK[:]...)
	look := byte(0)
	if x.Look {
		look = 1
	}
	b = append(b, look)
	b = append(b, x.Updated...)
	b = append(b, 0)
	return append(b, x.State...)
}

func decodeIndex(b []byte) (x Index, err error) {
	if len(b) < 42 {
		return x, errors.New("the index is damaged")
	}
	x.ID = int64(binary.BigEndian.Uint64(b))
	copy(x.TW[:], b[8:24])
	copy(x.VK[:], b[24:40])
	x.Look = b[40] == 1
	upd, state, ok := bytes.Cut(b[41:], []byte{0})
	if !ok {
		return x, errors.New("the index is damaged")
	}
	x.Updated, x.State = string(upd), State(state)
	return x, nil
}

// Index reads all rows.
func (t *Tx) Index() (map[string]Index, error) {
	out := map[string]Index{}
	err := t.tx.Bucket(bIndex).ForEach(func(k, v []byte) error {
		x, err := decodeIndex(v)
		if err != nil {
			return &DamagedError{t.tx.DB().Path(), err}
		}
		out[string(k)] = x
		return nil
	})
	return out, err
}
