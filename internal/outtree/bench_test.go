package outtree

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hosts gives a tree of n hosts, three files of ordinary size each.
func hosts(n int) []File {
	body := strings.Repeat("  services.openssh.enable = true;\n", 40)
	fs := []File{{"nix/generated/default.nix", generated(body)}}
	for i := range n {
		for _, f := range []string{"default", "spec", "disks"} {
			p := fmt.Sprintf("nix/generated/hosts/host-%05d/%s.nix", i, f)
			fs = append(fs, File{p, generated(fmt.Sprint(i) + body)})
		}
	}
	return fs
}

func each(b *testing.B, f func(b *testing.B, files []File)) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			f(b, hosts(n))
		})
	}
}

func apply(b *testing.B, dir string, files []File) *Plan {
	tree, err := Open(config(dir))
	if err != nil {
		b.Fatal(err)
	}
	defer tree.Close()
	p, err := tree.Plan(files)
	if err != nil {
		b.Fatal(err)
	}
	if err := tree.Apply(p); err != nil {
		b.Fatal(err)
	}
	return p
}

// BenchmarkFirstWrite against BenchmarkPlainWrite is the cost of all-or-nothing.
func BenchmarkFirstWrite(b *testing.B) {
	each(b, func(b *testing.B, files []File) {
		for b.Loop() {
			dir, err := os.MkdirTemp(b.TempDir(), "")
			if err != nil {
				b.Fatal(err)
			}
			apply(b, dir, files)
			b.StopTimer()
			os.RemoveAll(dir)
			b.StartTimer()
		}
	})
}

func BenchmarkPlainWrite(b *testing.B) {
	each(b, func(b *testing.B, files []File) {
		for b.Loop() {
			dir, err := os.MkdirTemp(b.TempDir(), "")
			if err != nil {
				b.Fatal(err)
			}
			for _, f := range files {
				p := filepath.Join(dir, f.Path)
				if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
					b.Fatal(err)
				}
				if err := os.WriteFile(p, f.Content, 0o666); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			os.RemoveAll(dir)
			b.StartTimer()
		}
	})
}

func BenchmarkUnchanged(b *testing.B) {
	each(b, func(b *testing.B, files []File) {
		dir := b.TempDir()
		apply(b, dir, files)
		for b.Loop() {
			if !apply(b, dir, files).Fresh() {
				b.Fatal("not fresh")
			}
		}
	})
}

// BenchmarkEveryFileChanged rewrites every file in place, one staged file each.
func BenchmarkEveryFileChanged(b *testing.B) {
	each(b, func(b *testing.B, files []File) {
		other := hosts((len(files) - 1) / 3)
		for i := range other {
			other[i].Content = generated("other " + string(other[i].Content))
		}
		dir := b.TempDir()
		apply(b, dir, files)
		for i := 0; b.Loop(); i++ {
			apply(b, dir, [][]File{other, files}[i%2])
		}
	})
}
