package nixgen_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// mayImport reads the table of ARCHITECTURE.md: which packages of ours a package
// may import. What lies below X/internal belongs to X.
var mayImport = sync.OnceValue(func() map[string][]string {
	doc, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		panic(err)
	}
	_, table, _ := strings.Cut(string(doc), "| package | holds | may import |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	may := map[string][]string{"nixgen": nil}
	for row := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(row, "| \n"), " | ")
		if len(cells) != 3 {
			panic("ARCHITECTURE.md: a row of the table of imports: " + row)
		}
		switch name, imports := cells[0], cells[2]; {
		case name == "vikunja-sync": // its go.mod requires nothing of ours
		case imports == "all of these":
			may["nixgen/"+name] = slices.Collect(maps.Keys(may))
		case imports == "nothing of ours":
			may[name] = nil
		default:
			may[name] = strings.Split(imports, ", ")
		}
	}
	return may
})

// forTests are packages that only _test.go files may import.
var forTests = []string{"internal/golden", "internal/realnix", "lint/linttest"}

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Module     *struct{ Path, Dir string }
}

// goList runs `go list` in a module, without the workspace.
func goList(t *testing.T, dir string, env []string, args ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Standard,Imports,Module"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0"), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var ps []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return ps
		} else if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
}

// short is an import path as the table writes it; the command and the root
// keep the module's name.
func short(path string) string {
	if path == "nixgen" || path == "nixgen/nixgen" {
		return path
	}
	return strings.TrimPrefix(path, "nixgen/")
}

// owner is the package of the table to which a package belongs, or "".
func owner(path string) string {
	for p := short(path); ; {
		if _, ok := mayImport()[p]; ok || slices.Contains(forTests, p) {
			return p
		}
		i := strings.LastIndex(p, "/")
		if i < 0 {
			return ""
		}
		p = p[:i]
	}
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range goList(t, ".", nil, "./...") {
		from := owner(p.ImportPath)
		if from == "" {
			t.Errorf("%s is in no row of the table of imports", p.ImportPath)
			continue
		}
		seen[from] = true
		if slices.Contains(forTests, from) {
			continue
		}
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, "nixgen/") {
				continue
			}
			to := owner(imp)
			if to != from && !slices.Contains(mayImport()[from], to) {
				t.Errorf("%s imports %s; the table does not let `%s` import `%s`", p.ImportPath, imp, from, to)
			}
		}
	}
	for p := range mayImport() {
		if !seen[p] {
			t.Errorf("the table names `%s`, and `go list` does not", p)
		}
	}
}

// What serves tests and generators alone is not linked into the program.
func TestNotInTheBinary(t *testing.T) {
	forbidden := []string{
		"github.com/dave/jennifer", "github.com/google/go-cmp", "github.com/rogpeppe/go-internal/testscript", "golang.org/x/tools",
		"github.com/santhosh-tekuri/jsonschema", "howett.net/plist", "github.com/getsops/sops", "nixgen/internal/golden", "nixgen/internal/realnix", "nixgen/lint/linttest", "testing",
	}
	deps := goList(t, ".", nil, "-deps", "./nixgen")
	if len(deps) < 100 {
		t.Fatalf("%d packages: the test sees nothing", len(deps))
	}
	for _, p := range deps {
		for _, f := range forbidden {
			if p.ImportPath == f || strings.HasPrefix(p.ImportPath, f+"/") {
				t.Errorf("%s is linked into nixgen", p.ImportPath)
			}
		}
	}
}

// read gives a file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// eachFile calls f for every file that git would hold, slash-separated.
func eachFile(t *testing.T, f func(name string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == ".git" || e.Name() == "dist"):
			return fs.SkipDir
		case e.Type().IsRegular():
			f(filepath.ToSlash(p))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// eachGoFile parses every Go file of both modules.
func eachGoFile(t *testing.T, f func(name string, set *token.FileSet, file *ast.File)) {
	t.Helper()
	n := 0
	eachFile(t, func(name string) {
		if !strings.HasSuffix(name, ".go") {
			return
		}
		n++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		f(name, set, file)
	})
	if n < 50 {
		t.Fatalf("%d Go files: the test sees nothing", n)
	}
}

// Programs end in main.go and nowhere else, and nobody moves the working
// directory of the process. Tests that start themselves as a child end it.
func TestWhoExits(t *testing.T) {
	calls := map[string]string{"os.Exit": "main.go", "log.Fatal": "", "log.Fatalf": "", "log.Fatalln": "", "syscall.Exit": "", "os.Chdir": ""}
	seen := 0
	eachGoFile(t, func(name string, set *token.FileSet, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			call := x.Name + "." + sel.Sel.Name
			base, bad := calls[call]
			test := strings.HasSuffix(name, "_test.go") && call == "os.Exit"
			if bad && call == "os.Exit" {
				seen++
			}
			if bad && !test && filepath.Base(name) != base {
				t.Errorf("%s: %s", set.Position(n.Pos()), call)
			}
			return true
		})
	})
	if seen == 0 {
		t.Error("nothing exits: the test sees nothing")
	}
}

// One flag rewrites goldens, whatever the package.
func TestOneUpdateFlag(t *testing.T) {
	eachGoFile(t, func(name string, set *token.FileSet, file *ast.File) {
		if !strings.HasSuffix(name, "_test.go") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			lit, isLit := call.Args[0].(*ast.BasicLit)
			if ok && isLit && x.Name == "flag" && lit.Kind == token.STRING && lit.Value != `"update"` {
				t.Errorf("%s: flag %s; tests have -update alone, the rest are environment variables", set.Position(n.Pos()), lit.Value)
			}
			return true
		})
	})
}

// finding is a printed diagnostic, in goldens of every package.
var finding = regexp.MustCompile(`^(?:> )?\S+:\d+:\d+: (error|warning|info): (.*)$`)

// Messages begin lower case or with a token, and end without a period.
func TestWordingOfMessages(t *testing.T) {
	message := regexp.MustCompile("^[a-z`0-9\"'.({-].*[^.\\s]$")
	rule := regexp.MustCompile(` \[[a-z0-9-]+\]$`)
	n := 0
	eachFile(t, func(name string) {
		if !strings.Contains(name, "testdata/") || !slices.Contains([]string{".txtar", ".golden", ".txt"}, filepath.Ext(name)) {
			return
		}
		for i, line := range strings.Split(read(t, name), "\n") {
			if m := finding.FindStringSubmatch(line); m != nil {
				n++
				if !message.MatchString(rule.ReplaceAllString(m[2], "")) {
					t.Errorf("%s:%d: %s", name, i+1, line)
				}
			}
		}
	})
	if n < 20 {
		t.Errorf("%d messages in goldens: the test sees nothing", n)
	}
}

// Each package says what it is for.
func TestPackageDocs(t *testing.T) {
	lines := map[string]int{}
	eachGoFile(t, func(name string, _ *token.FileSet, file *ast.File) {
		if strings.HasSuffix(name, "_test.go") || file.Name.Name == "main" {
			return
		}
		dir := filepath.Dir(name)
		lines[dir] += strings.Count(file.Doc.Text(), "\n")
	})
	for dir, n := range lines {
		if n == 0 {
			t.Errorf("%s has no package comment", dir)
		}
	}
}
