package store

import (
	"encoding/json"
	"time"

	"vikunja-sync/internal/model"
)

// Begin writes an intent and returns its number.
func (s *Store) Begin(in Intent) (seq uint64, err error) {
	err = s.Update(func(t *Tx) error {
		b := t.tx.Bucket(bJournal)
		seq, err = b.NextSequence()
		if err != nil {
			return err
		}
		in.Seq = seq
		return t.put(bJournal, key64(seq), in)
	})
	return seq, err
}

// End removes an intent within the transaction of its outcome.
func (t *Tx) End(seq uint64) error { return t.tx.Bucket(bJournal).Delete(key64(seq)) }

// Delay notes that the call of an intent may still be carried out until then.
func (t *Tx) Delay(seq uint64, until time.Time) error {
	var in Intent
	if ok, err := t.get(bJournal, key64(seq), &in); !ok || err != nil {
		return err
	}
	in.Late = until
	return t.put(bJournal, key64(seq), in)
}

// Open lists the intents without an outcome, oldest first.
func (t *Tx) Open() ([]Intent, error) {
	var out []Intent
	err := t.tx.Bucket(bJournal).ForEach(func(_, v []byte) error {
		var in Intent
		err := t.decode(v, &in)
		out = append(out, in)
		return err
	})
	return out, err
}

// Log appends a conflict. The same conflict again, as a crash between log
// and write makes it, is kept once.
func (t *Tx) Log(c Conflict) error {
	b := t.tx.Bucket(bConflicts)
	cur := b.Cursor()
	k, v := cur.Last()
	for i := 0; k != nil && i < 64; i++ {
		var old Conflict
		if json.Unmarshal(v, &old) == nil && !old.Resolved {
			old.Seq, old.At = c.Seq, c.At
			if old == c {
				return nil
			}
		}
		k, v = cur.Prev()
	}
	seq, err := b.NextSequence()
	if err != nil {
		return err
	}
	c.Seq = seq
	return t.put(bConflicts, key64(seq), c)
}

// Conflicts lists the log, oldest first.
func (t *Tx) Conflicts() ([]Conflict, error) {
	var out []Conflict
	err := t.tx.Bucket(bConflicts).ForEach(func(_, v []byte) error {
		var c Conflict
		err := t.decode(v, &c)
		out = append(out, c)
		return err
	})
	return out, err
}

// PutConflict replaces an entry of the log.
func (t *Tx) PutConflict(c Conflict) error { return t.put(bConflicts, key64(c.Seq), c) }

// Names reads the labels or the projects.
func (t *Tx) Names(projects bool) (map[int64]model.Name, error) {
	out := map[int64]model.Name{}
	err := t.tx.Bucket(namesBucket(projects)).ForEach(func(_, v []byte) error {
		var n model.Name
		err := t.decode(v, &n)
		out[n.ID] = n
		return err
	})
	return out, err
}

// PutNames stores names and drops those that are not among them.
func (t *Tx) PutNames(projects bool, names map[int64]model.Name) error {
	old, err := t.Names(projects)
	if err != nil {
		return err
	}
	for id := range old {
		if _, ok := names[id]; !ok {
			if err := t.tx.Bucket(namesBucket(projects)).Delete(key64(uint64(id))); err != nil {
				return err
			}
		}
	}
	for id, n := range names {
		if old[id] != n {
			if err := t.put(namesBucket(projects), key64(uint64(id)), n); err != nil {
				return err
			}
		}
	}
	return nil
}

func namesBucket(projects bool) []byte {
	if projects {
		return bProjects
	}
	return bLabels
}

// Meta is what concerns the whole state.
type Meta struct {
	Server   string `json:"server"`
	Account  int64  `json:"account"`
	DataPath string `json:"data_path"`
	// Generation counts the runs that changed the state. The data folder keeps
	// it too, so that one from a backup is known by an older number.
	Generation uint64 `json:"generation"`
	// Rebuilt is set until the first whole cycle over an empty state is done:
	// nothing is deleted meanwhile.
	Rebuilt bool `json:"rebuilt"`
	// Guard is the batch of deletions that waits for a yes.
	Guard *Guard `json:"guard,omitempty"`
	// Confirmed lets the next cycle delete that batch.
	Confirmed string `json:"confirmed,omitempty"`
}

// Guard describes deletions that were stopped.
type Guard struct {
	Side  string    `json:"side"` // where they would happen
	Count int       `json:"count"`
	Of    int       `json:"of"`
	UUIDs []string  `json:"uuids"`
	At    time.Time `json:"at"`
	// Emptied: Taskwarrior lost all tasks at once.
	Emptied bool `json:"emptied,omitempty"`
}

// Meta reads; the zero value where none is stored.
func (t *Tx) Meta() (m Meta, err error) {
	_, err = t.get(bMeta, []byte("meta"), &m)
	return m, err
}

// PutMeta stores.
func (t *Tx) PutMeta(m Meta) error { return t.put(bMeta, []byte("meta"), m) }
