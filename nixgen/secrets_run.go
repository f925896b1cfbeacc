package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/internal/outtree"
	"nixgen/secrets"
)

// runSteps does what sync prints, and then looks whether it was enough.
func (w *world) runSteps(f *fleet.Fleet, dir string, steps []secrets.Step) error {
	if needsSops(steps) {
		if _, err := exec.LookPath("sops"); err != nil {
			return failed(fmt.Errorf("`sops` is not installed, and nothing was changed; without `--run` the plan is printed"))
		}
	}
	for _, s := range steps {
		if err := w.runStep(dir, s); err != nil {
			return err
		}
	}
	files, err := readSecrets(dir)
	if err != nil {
		return failed(err)
	}
	left, _ := secrets.Sync(f, &secrets.Tree{Files: files})
	if needsSops(left) {
		return failed(fmt.Errorf("`sops` reported success, but `%s` is not as it should be", left[0].File))
	}
	if len(left) > 0 {
		w.printSteps(left)
		return attention()
	}
	return nil
}

func needsSops(steps []secrets.Step) bool {
	for _, s := range steps {
		if s.Commands != nil {
			return true
		}
	}
	return false
}

func (w *world) runStep(dir string, s secrets.Step) error {
	if s.Write != nil {
		if err := outtree.WriteFile(filepath.Join(dir, filepath.FromSlash(s.File)), s.Write); err != nil {
			return failed(err)
		}
		fmt.Fprintln(w.stdout, "wrote", s.File)
	}
	for _, c := range s.Commands {
		fmt.Fprintln(w.stdout, shellLine(c))
		cmd := exec.Command(c[0], c[1:]...)
		cmd.Dir, cmd.Stderr = dir, w.stderr
		if err := cmd.Run(); err != nil {
			return failed(fmt.Errorf("`%s`: %w; what came before is done, the rest is not", shellLine(c), err))
		}
	}
	return nil
}

// withoutPlain blanks everything in excerpts of the repository but what
// findings point at (names of keys, and recipients): values that ought to be
// encrypted are not printed. Positions stay.
func withoutPlain(ds []diag.Diagnostic, prefix string, source func(string) []byte) func(string) []byte {
	return func(name string) []byte {
		src := source(name)
		if src == nil || !strings.HasPrefix(name, prefix) || path.Base(name) == secrets.ConfigFile {
			return src
		}
		shown := make([]bool, len(src))
		for _, d := range ds {
			if d.File == name {
				for i := d.Span.Start; i < d.Span.End && i < len(src); i++ {
					shown[i] = true
				}
			}
		}
		out := bytes.Clone(src)
		for i, b := range src {
			if !shown[i] && b != '\n' && b != '\r' {
				out[i] = ' '
			}
		}
		return out
	}
}
