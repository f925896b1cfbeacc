package main

import (
	"runtime"
	"runtime/debug"
)

// A run is short, so the heap may grow before it is collected: to 128 MB at
// first, which is 32 times the least that Go plans with, then to four times
// what is in use. Linting 3,500 files takes 90 MB so, generating 1,000 hosts 60.
const (
	firstGarbage = 3200
	laterGarbage = 300
)

// roomy holds until the function that it returns is called.
func roomy() (restore func()) {
	old := debug.SetGCPercent(firstGarbage)
	collected := new([]byte) // nothing holds it: the first collection takes it
	runtime.AddCleanup(collected, func(percent int) { debug.SetGCPercent(percent) }, laterGarbage)
	return func() { debug.SetGCPercent(old) }
}
