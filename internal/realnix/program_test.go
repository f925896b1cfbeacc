package realnix

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Programs run as soon as they are written, whatever other tests start meanwhile.
func TestCreateProgram(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 40 {
				file := filepath.Join(dir, fmt.Sprint(worker, "-", i))
				if err := CreateProgram(file, "#!/bin/sh\nexit 0\n"); err != nil {
					t.Error(err)
					return
				}
				if err := exec.Command(file).Run(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}
