package nixgen_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nixgen/internal/golden"
)

// NOTICE holds the licence of every module that is linked into one of the
// programs, on any system they are released for; equal texts once.
func TestNotice(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: no network, which modules for other systems may need")
	}
	golden.File(t, "NOTICE", []byte(notice(t, licences(t))))
}

// licences maps a licence's text to the modules under it.
func licences(t *testing.T) map[string][]string {
	t.Helper()
	dirs := map[string]string{}
	for _, program := range [][2]string{{".", "./nixgen"}, {"vikunja-sync", "."}} {
		for _, system := range []string{"linux", "darwin"} {
			for _, p := range goList(t, program[0], []string{"GOOS=" + system}, "-deps", program[1]) {
				if p.Module != nil && p.Module.Dir != "" && p.Module.Path != "nixgen" && p.Module.Path != "vikunja-sync" {
					dirs[p.Module.Path] = p.Module.Dir
				}
			}
		}
	}
	out := map[string][]string{}
	for path, dir := range dirs {
		text := licence(t, path, dir)
		out[text] = append(out[text], path)
	}
	return out
}

// licence reads the licence files of a module, a NOTICE of its own included.
func licence(t *testing.T, path, dir string) string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"LICEN[CS]E*", "COPYING*", "NOTICE*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	var b strings.Builder
	for _, f := range files {
		if strings.HasSuffix(f, ".go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")) + "\n")
	}
	if b.Len() == 0 {
		t.Errorf("%s has no licence", path)
	}
	return b.String()
}

func notice(t *testing.T, texts map[string][]string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("nixgen and vikunja-sync are MIT licensed, see LICENSE. What nixgen generates belongs to whoever runs it.\n")
	b.WriteString("The programs link the modules below, and Go's standard library (BSD 3-Clause, The Go Authors).\n")
	for _, modules := range texts {
		slices.Sort(modules)
	}
	order := slices.SortedFunc(maps.Keys(texts), func(x, y string) int { return cmp.Compare(texts[x][0], texts[y][0]) })
	for _, text := range order {
		fmt.Fprintf(&b, "\n%s\n%s\n\n%s", strings.Repeat("=", 80), strings.Join(texts[text], "\n"), text)
	}
	return b.String()
}
