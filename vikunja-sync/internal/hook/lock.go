package hook

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Lock is a file that names the process owning it.
type Lock struct{ path string }

// LockFile is the lock of one data folder.
func LockFile(data string) Lock { return Lock{filepath.Join(Dir(data), "lock")} }

// Acquire makes the process pid the owner, or gives up after wait. A failure
// of the file system counts as acquired: the lock must never keep a user from
// his tasks.
func (l Lock) Acquire(pid int, wait time.Duration) bool { return l.acquire(pid, wait, wait) }

// Queue is Acquire for a command that must not go on without the lock while
// others take their turns: it gives up when one owner keeps it for each, and
// in any case after most.
func (l Lock) Queue(pid int, each, most time.Duration) bool { return l.acquire(pid, each, most) }

func (l Lock) acquire(pid int, each, most time.Duration) bool {
	since := time.Now()
	turn, before := since, ""
	for pause := 4 * time.Millisecond; ; pause = min(2*pause, 32*time.Millisecond) {
		owner, err := l.try(pid)
		if errors.Is(err, errHeld) {
			owner, err = before, nil // its turn goes on
		} else if owner == "" || err != nil {
			return true
		}
		now := time.Now()
		if owner != before {
			turn, before = now, owner
		}
		if now.Sub(turn) >= each || now.Sub(since) >= most {
			return false
		}
		time.Sleep(pause)
	}
}

// Release frees the lock if pid still owns it.
func (l Lock) Release(pid int) {
	l.with(held, func(f *os.File, owner, _ string) error {
		if owner == fmt.Sprint(pid) {
			return f.Truncate(0)
		}
		return nil
	})
}

// Owner tells the live owner's pid, 0 for none.
func (l Lock) Owner() (pid int) {
	l.with(held, func(_ *os.File, owner, start string) error {
		if alive(owner, start) {
			fmt.Sscan(owner, &pid)
		}
		return nil
	})
	return pid
}

// try takes the lock or tells whose it is.
func (l Lock) try(pid int) (other string, err error) {
	err = l.with(0, func(f *os.File, owner, start string) error {
		if owner != fmt.Sprint(pid) && alive(owner, start) {
			other = owner + " " + start
			return nil
		}
		if err := f.Truncate(0); err != nil {
			return err
		}
		_, err := f.WriteAt([]byte(fmt.Sprintf("%d %s\n", pid, startOf(pid))), 0)
		return err
	})
	return other, err
}

func alive(owner, start string) bool {
	var pid int
	if _, err := fmt.Sscan(owner, &pid); err != nil || pid <= 0 {
		return false
	}
	now := startOf(pid)
	return now != "" && now == start
}

// errHeld: somebody has the file locked. That takes microseconds, if it is no
// process that was stopped in the middle, or a stranger.
var errHeld = errors.New("the lock file is held")

// held is how long to wait for the file where nothing can be done without.
const held = 2 * time.Second

// with runs fn while the file is locked, or gives up after wait.
func (l Lock) with(wait time.Duration, fn func(f *os.File, owner, start string) error) error {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	for since := time.Now(); ; time.Sleep(time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		if time.Since(since) >= wait {
			return errHeld
		}
	}
	var owner, start string
	buf := make([]byte, 64)
	n, _ := f.ReadAt(buf, 0)
	fmt.Sscan(string(buf[:n]), &owner, &start)
	return fn(f, owner, start)
}
