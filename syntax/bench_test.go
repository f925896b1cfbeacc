package syntax

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// benchSources are the files that the benchmarks read: with NIXGEN_UPSTREAM
// those of the checkouts, otherwise those of this repository.
func benchSources(b *testing.B) (files map[string][]byte, bytes int) {
	files = corpus(b)
	for path, src := range files {
		if os.Getenv("NIXGEN_UPSTREAM") != "" && strings.HasPrefix(path, "..") {
			delete(files, path)
			continue
		}
		bytes += len(src)
	}
	if bytes == 0 {
		b.Skip("no files to read")
	}
	return files, bytes
}

// BenchmarkParse is what `nixgen parse --quiet` does with a file: syntax,
// merging and names, in buffers that are used again.
func BenchmarkParse(b *testing.B) {
	files, size := benchSources(b)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var p Parser
	var names NameChecker
	for b.Loop() {
		for path, src := range files {
			names.Undefined(p.Parse(path, src))
		}
	}
	b.ReportMetric(float64(len(files)), "files")
}

// BenchmarkParseKept keeps each tree, as the linter does, and tells how large
// they are.
func BenchmarkParseKept(b *testing.B) {
	files, size := benchSources(b)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		for path, src := range files {
			Parse(path, src)
		}
	}
	nodes, kept := 0, 0
	for path, src := range files {
		f := Parse(path, src)
		nodes += len(f.nodes)
		kept += arenaSize(f)
	}
	b.ReportMetric(float64(kept)/float64(nodes), "B/node")
	b.ReportMetric(float64(kept)/float64(size), "B/byte")
}

// arenaSize is what a kept tree takes beside the source.
func arenaSize(f *File) int {
	return sliceSize(f.toks) + sliceSize(f.nodes) + sliceSize(f.slab) + sliceSize(f.syms.refs) + sliceSize(f.syms.extra) +
		sliceSize(f.attrs.sets) + sliceSize(f.attrs.defs) + sliceSize(f.attrs.dynamics) + sliceSize(f.attrs.froms)
}

func sliceSize[T any](s []T) int {
	var zero T
	return cap(s) * int(unsafe.Sizeof(zero))
}

// BenchmarkGrowth parses one text once, 4 and 16 times over; MB/s stays the
// same if time is linear.
func BenchmarkGrowth(b *testing.B) {
	files, _ := benchSources(b)
	var text strings.Builder
	for path, src := range files {
		if text.Len() > 1<<20 {
			break
		}
		if !isAccepted(Parse(path, src)) {
			continue
		}
		fmt.Fprintf(&text, "(%s\n)\n", src)
	}
	for _, times := range []int{1, 4, 16} {
		src := []byte("[" + strings.Repeat(text.String(), times) + "]")
		b.Run(fmt.Sprintf("%dx", times), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			var p Parser
			var names NameChecker
			for b.Loop() {
				names.Undefined(p.Parse("x", src))
			}
		})
	}
}

// BenchmarkCommand builds nixgen and compares `nixgen parse --quiet` with the
// command in NIXGEN_BENCH_REF, which gets the files as further arguments:
//
//	NIXGEN_UPSTREAM=… NIXGEN_BENCH_REF='nix-instantiate --parse' go test -run - -bench Command ./syntax
//
// Both times are CPU time with the start of the process and reading included.
func BenchmarkCommand(b *testing.B) {
	ref := strings.Fields(os.Getenv("NIXGEN_BENCH_REF"))
	if len(ref) == 0 {
		b.Skip("NIXGEN_BENCH_REF names no command to compare with")
	}
	bin := filepath.Join(b.TempDir(), "nixgen")
	if out, err := exec.Command("go", "build", "-o", bin, "../nixgen").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	files, size := benchSources(b)
	var accepted []string
	for path, src := range files {
		if isAccepted(Parse(path, src)) {
			accepted = append(accepted, path)
		}
	}
	var ours, theirs time.Duration
	for b.Loop() {
		ours += cpuTime(b, append([]string{bin, "parse", "--quiet"}, accepted...))
		theirs += cpuTime(b, append(ref, accepted...))
	}
	b.SetBytes(int64(size))
	b.ReportMetric(ours.Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(theirs.Seconds()/float64(b.N), "ref-cpu-s/op")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "x-faster")
}

// isAccepted is true if Nix parses the file without an error.
func isAccepted(f *File) bool {
	if !f.OK() || f.PipeOperator().Valid() {
		return false
	}
	_, undefined := f.Undefined()
	return !undefined
}

func cpuTime(b *testing.B, args []string) time.Duration {
	cmd := exec.Command(args[0], args[1:]...)
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v", args[0], err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}
