package main

import (
	"io"
	"strings"
	"testing"
)

// BenchmarkGraph is `nixgen graph` for 40 hosts with 400 secrets, in each of its
// formats: all but starting the process.
func BenchmarkGraph(b *testing.B) {
	dir := secretsFleet(b, 10)
	for _, format := range []string{"svg", "mermaid", "html"} {
		b.Run(format, func(b *testing.B) {
			for b.Loop() {
				var out strings.Builder
				w := &world{stdin: strings.NewReader(""), stdout: &out, stderr: io.Discard, dir: dir, getenv: func(string) string { return "" }}
				if code := run([]string{"graph", "--format", format}, w); code != exitOK || !strings.Contains(out.String(), "host39.yaml") {
					b.Fatalf("exit code %d\n%.200s", code, out.String())
				}
			}
		})
	}
}
