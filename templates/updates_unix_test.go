package templates

import (
	"os"
	"syscall"
)

// holdLock takes the lock of the update program, as a running one does.
func (w *world) holdLock() *os.File {
	w.must(os.MkdirAll(w.path("run"), 0o755))
	f, err := os.OpenFile(w.path("run/lock"), os.O_RDWR|os.O_CREATE, 0o644)
	w.must(err)
	w.must(syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	return f
}
