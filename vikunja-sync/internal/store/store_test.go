package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"vikunja-sync/internal/model"
)

func open(t *testing.T) (*Store, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "deep", "state.db")
	s, err := Open(file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, file
}

func put(t *testing.T, s *Store, p Pair) error {
	t.Helper()
	return s.Update(func(tx *Tx) error { return tx.PutPair(&p) })
}

func TestPrivateAndSingle(t *testing.T) {
	s, file := open(t)
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 || !s.New {
		t.Errorf("%v %v", st.Mode(), err)
	}
	if _, err := Open(file, Options{Wait: 10 * time.Millisecond}); !errors.Is(err, ErrBusy) {
		t.Errorf("a second writer: %v", err)
	}
	s.Close()
	again, err := Open(file, Options{})
	if err != nil || again.New {
		t.Errorf("%v", err)
	}
	again.Close()
}

// TestPairs: the index row follows the pair, and an id has one live owner.
func TestPairs(t *testing.T) {
	s, _ := open(t)
	a := Pair{UUID: "a", ID: 1, State: Live, TW: model.Snapshot{Tags: []string{"x"}, Link: "1"}, Updated: "20270101T000000Z", Hot: true}
	if err := put(t, s, a); err != nil {
		t.Fatal(err)
	}
	if err := put(t, s, Pair{UUID: "b", ID: 1, State: Live}); err == nil {
		t.Error("two live tasks of one id")
	}
	check := func(want map[string]Index, owners map[int64]string) {
		t.Helper()
		s.View(func(tx *Tx) error {
			got, err := tx.Index()
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(err, d)
			}
			for id, u := range owners {
				if tx.Owner(id) != u {
					t.Errorf("%d belongs to %q", id, tx.Owner(id))
				}
			}
			return nil
		})
	}
	row := Index{ID: 1, State: Live, TW: a.TW.HashAll(), VK: a.VK.Hash(), Updated: a.Updated, Look: true}
	check(map[string]Index{"a": row}, map[int64]string{1: "a"})
	a.ID, a.Hot = 2, false // made anew in Vikunja
	if err := put(t, s, a); err != nil {
		t.Fatal(err)
	}
	row.ID = 2 // the task still names the old one
	check(map[string]Index{"a": row}, map[int64]string{1: "", 2: "a"})
	a.TW.Link = "2"
	if err := put(t, s, a); err != nil {
		t.Fatal(err)
	}
	row.TW, row.Look = a.TW.HashAll(), false
	check(map[string]Index{"a": row}, map[int64]string{1: "", 2: "a"})
	a.State = Closed
	if err := put(t, s, a); err != nil {
		t.Fatal(err)
	}
	if err := put(t, s, Pair{UUID: "c", ID: 2, State: Live}); err != nil {
		t.Errorf("the next occurrence takes the id over: %v", err)
	}
	if err := s.Update(func(tx *Tx) error { return tx.DropPair("a") }); err != nil {
		t.Fatal(err)
	}
	s.View(func(tx *Tx) error {
		if p, err := tx.Pair("a"); p != nil || err != nil {
			t.Error("dropped, but there")
		}
		return nil
	})
}

// TestAtomic: a transaction that fails leaves nothing.
func TestAtomic(t *testing.T) {
	s, _ := open(t)
	boom := errors.New("boom")
	err := s.Update(func(tx *Tx) error {
		if err := tx.PutPair(&Pair{UUID: "a", ID: 1, State: Live}); err != nil {
			return err
		}
		return boom
	})
	s.View(func(tx *Tx) error {
		if p, _ := tx.Pair("a"); p != nil || tx.Owner(1) != "" || !errors.Is(err, boom) {
			t.Error("half a transaction")
		}
		return nil
	})
}

func TestJournal(t *testing.T) {
	s, file := open(t)
	one, err := s.Begin(Intent{Kind: "create", UUID: "a", MaxID: 7})
	if err != nil {
		t.Fatal(err)
	}
	two, _ := s.Begin(Intent{Kind: "delete", ID: 3})
	s.Close() // as after a kill
	s, err = Open(file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Update(func(tx *Tx) error { return tx.End(one) })
	s.View(func(tx *Tx) error {
		list, err := tx.Open()
		if err != nil || len(list) != 1 || list[0].Seq != two || list[0].ID != 3 {
			t.Errorf("%v %v", list, err)
		}
		return nil
	})
}

// TestConflictsOnce: a crash between log and write logs the same again.
func TestConflictsOnce(t *testing.T) {
	s, _ := open(t)
	k := Conflict{UUID: "a", Field: "title", Kept: "x", Lost: "y"}
	log := func(k Conflict) {
		t.Helper()
		if err := s.Update(func(tx *Tx) error { return tx.Log(k) }); err != nil {
			t.Fatal(err)
		}
	}
	other := k
	other.Field = "due"
	log(k)
	log(other)
	log(k)
	count := func() (list []Conflict) {
		s.View(func(tx *Tx) (err error) { list, err = tx.Conflicts(); return err })
		return list
	}
	if n := len(count()); n != 2 {
		t.Errorf("%d entries", n)
	}
	first := count()[0]
	first.Resolved = true
	s.Update(func(tx *Tx) error { return tx.PutConflict(first) })
	log(k) // the same loss again, after the first was settled
	if n := len(count()); n != 3 {
		t.Errorf("%d entries", n)
	}
}

func TestNames(t *testing.T) {
	s, _ := open(t)
	want := map[int64]model.Name{1: {ID: 1, Title: "a", Name: "a"}, 2: {ID: 2, Title: "b.c", Name: "b_c", Path: "a.b_c"}}
	for _, names := range []map[int64]model.Name{{1: {ID: 1, Title: "old"}, 9: {ID: 9}}, want} {
		if err := s.Update(func(tx *Tx) error { return tx.PutNames(true, names) }); err != nil {
			t.Fatal(err)
		}
	}
	s.View(func(tx *Tx) error {
		got, err := tx.Names(true)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Error(err, d)
		}
		if labels, _ := tx.Names(false); len(labels) != 0 {
			t.Error("projects are no labels")
		}
		return nil
	})
}

// TestDamaged: a file that was cut off or overwritten is named as such; it
// crashes nobody.
func TestDamaged(t *testing.T) {
	whole := func(t *testing.T) (string, []byte) {
		s, file := open(t)
		for i := range 200 {
			if err := put(t, s, Pair{UUID: fmt.Sprintf("%036d", i), ID: int64(i + 1), State: Live}); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return file, b
	}
	for name, harm := range map[string]func([]byte) []byte{
		"another file": func(b []byte) []byte { return bytes.Repeat([]byte("x"), len(b)) },
		"cut off":      func(b []byte) []byte { return b[:9000] },
		"cut in half":  func(b []byte) []byte { return b[:len(b)/2] },
		"overwritten": func(b []byte) []byte {
			for i := 3 * 4096; i < len(b); i++ {
				b[i] ^= 0x5a
			}
			return b
		},
		"a record": func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`{"uuid":"`), []byte(`{"uuid:""`)) },
	} {
		t.Run(name, func(t *testing.T) {
			file, b := whole(t)
			if err := os.WriteFile(file, harm(b), 0o600); err != nil {
				t.Fatal(err)
			}
			var d *DamagedError
			s, err := Open(file, Options{})
			if err == nil {
				err = s.View(func(tx *Tx) error {
					return errors.Join(tx.Pairs(func(*Pair) error { return nil }), put(t, s, Pair{UUID: "u", ID: 1000, State: Live}))
				})
				s.Close()
			}
			if !errors.As(err, &d) || !strings.Contains(err.Error(), file) {
				t.Errorf("damage must be named: %v", err)
			}
		})
	}
	s, _ := open(t)
	defer func() {
		if recover() == nil {
			t.Error("a mistake of ours is no damage of the file")
		}
	}()
	s.View(func(*Tx) error { panic("a mistake") })
}

// TestScratch: nothing stays.
func TestScratch(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s, err := Scratch()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := put(t, s, Pair{UUID: "u", ID: 1, State: Live}); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v %v", left, err)
	}
}
