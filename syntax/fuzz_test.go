package syntax

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

// addSeeds seeds a fuzz target with every fixture of the package and, in full
// runs, the .nix files of this repository.
func addSeeds(f *testing.F) {
	for _, src := range conformanceSources(f) {
		f.Add(src)
	}
	recovery, err := os.ReadFile(recoveryFile)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(recovery)
	if testing.Short() {
		return
	}
	for path, src := range corpus(f) {
		if strings.HasPrefix(path, "..") && len(src) < 5000 {
			f.Add(src)
		}
	}
}

// FuzzParse holds every input against the laws of the tree, and its time
// against a bound that a file of the same size cannot come near.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		start := time.Now()
		file := Parse("x.nix", src)
		if file.OK() {
			file.Undefined()
		}
		if limit := time.Second + time.Duration(len(src))*time.Microsecond; time.Since(start) > limit {
			t.Fatalf("%d bytes took %v", len(src), time.Since(start))
		}
		if err := checkLaws(file, src); err != nil {
			t.Fatal(err)
		}
		file.Names()
	})
}

// FuzzPrint parses what is printed of a file, and expects the same to be
// printed again.
func FuzzPrint(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, src []byte) {
		file := Parse("x.nix", src)
		if !file.OK() || !printsItself(file) {
			return
		}
		once, err := file.Print("/base", "/home/user")
		if err != nil {
			t.Fatal(err)
		}
		again := Parse("x.nix", once)
		if errs := again.Errors(); errs != nil {
			t.Fatalf("%s\nprinted as\n%s\n%v", src, once, errs)
		}
		twice, err := again.Print("/base", "/home/user")
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s\nprinted as\n%s\nthen as\n%s\n%v", src, once, twice, err)
		}
	})
}

// printsItself is true unless the file has something whose printed form reads
// as something else: an assert, which is printed without parentheses; a float,
// which loses digits; a path, which may need characters that no literal has; a
// string in several pieces, which is printed as a sum; a computed name, which
// is printed as a string; or and __curPos as names; a NUL byte.
func printsItself(f *File) bool {
	ok := f.pipe == 0 && bytes.IndexByte(f.src, 0) < 0
	Walk(f.Top(), func(n Node) bool {
		switch n.Kind() {
		case KindAssert, KindFloat, KindPath:
			ok = false
		case KindIdent:
			ok = ok && n.Text() != "__curPos" && n.Text() != "or"
		case KindStr, KindIndentedStr:
			_, whole := constText(nil, n)
			ok = ok && whole
		case KindInterp:
			_, static := attrText(nil, n)
			ok = ok && static
		}
		return ok
	})
	return ok
}
