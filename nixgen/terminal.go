package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// isTerminal reports whether a person is at the other end of a stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// color reports whether out takes ANSI sequences: a terminal that is not dumb,
// unless NO_COLOR is set to anything (https://no-color.org).
func (w *world) color(out io.Writer) bool {
	return w.getenv("NO_COLOR") == "" && w.getenv("TERM") != "dumb" && isTerminal(out)
}

// patience is how long a phase may take before it is announced.
const patience = 400 * time.Millisecond

// progress tells a person at a terminal what takes so long: the line appears
// after a while and disappears with done. Elsewhere it prints nothing.
func (w *world) progress(format string, args ...any) (done func()) {
	if !isTerminal(w.stderr) {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-stop:
		case <-time.After(patience):
			fmt.Fprintf(w.stderr, format+" …", args...)
			<-stop
			fmt.Fprint(w.stderr, "\r\x1b[K")
		}
	}()
	return func() { close(stop); <-stopped }
}
