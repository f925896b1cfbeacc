package syntax

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nixgen/internal/realnix"
)

// TestAgreement compares, file by file, what nix-instantiate --parse of Nix
// 2.34 prints with what Print gives, and where it refuses a file with where
// FirstError and Undefined do. It reads the checkouts below NIXGEN_UPSTREAM; a
// checkout of Nix among them brings its language tests. There is no list of
// differences, as there are none.
func TestAgreement(t *testing.T) {
	if os.Getenv(realnix.EnvUpstream) == "" || testing.Short() {
		t.Skip(realnix.EnvUpstream + " names no folder with checkouts")
	}
	n := realnix.RequireVersion(t, 2, 34)
	files := corpus(t)
	paths := slices.Sorted(maps.Keys(files))
	const batch = 100
	compared := 0
	for chunk := range slices.Chunk(paths, batch) {
		compared += agree(t, n, chunk, files)
	}
	t.Logf("%d files, %d compared with Nix", len(files), compared)
	if compared < len(files)*9/10 {
		t.Error("too few files were compared")
	}
}

// agree compares the files that lie in checkouts: those that are accepted in
// one batch, the others one by one.
func agree(t *testing.T, n *realnix.Nix, paths []string, files map[string][]byte) (compared int) {
	var good []string
	for _, path := range paths {
		want := upstreamVerdict(t, n, path, files[path])
		if strings.HasPrefix(want, "= ") {
			good = append(good, path)
			continue
		}
		compared++
		if got := askFile(n, path); !sameVerdict(got, want) {
			t.Errorf("%s\nnix  %s\nours %s", path, got, want)
		}
	}
	out, err := n.Command("nix-instantiate", append([]string{"--parse"}, good...)...).Output()
	lines := strings.Split(string(out), "\n")
	if err != nil || len(lines) != len(good)+1 {
		lines = nil
	}
	for i, path := range good {
		compared++
		got := ""
		if lines != nil {
			got = "= " + lines[i]
		} else {
			got = askFile(n, path)
		}
		if want := upstreamVerdict(t, n, path, files[path]); got != want {
			t.Errorf("%s\nnix  %.300s\nours %.300s", path, got, want)
		}
	}
	return compared
}

func askFile(n *realnix.Nix, path string) string {
	return oneVerdict(n.Command("nix-instantiate", "--parse", path))
}

// upstreamVerdict is verdict with the folders that Nix would use.
func upstreamVerdict(t *testing.T, n *realnix.Nix, path string, src []byte) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	home := ""
	for _, e := range n.Command("").Env {
		if h, ok := strings.CutPrefix(e, "HOME="); ok {
			home = h
		}
	}
	return verdictIn(string(src), filepath.Dir(abs), home)
}
