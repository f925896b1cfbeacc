package syntax

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nixgen/internal/golden"
	"nixgen/internal/realnix"
)

// testdata/conformance.txt has a case per construct and per error:
//
//	> source            or, as a Go string: >q "source"
//	= what nix-instantiate --parse prints   (=q likewise)
//	! line:col: message, where it refuses the source
//	2.8 = …             what Nix 2.8 does, where that differs (2.8 ! line:col)
//
// The lines after the source are written by -update; the tests hold them
// against the real Nix.
const conformanceFile = "testdata/conformance.txt"

const (
	caseRoot = "/base"
	caseBase = caseRoot + "/dir/sub"
	caseHome = "/home/user"
)

type conformanceCase struct {
	line string // of the source, as it is in the file
	src  string
	want string // "= …" or "! …"
	old  string // likewise, of Nix 2.8, if it differs
}

// readConformance gives the cases, and the file with nil for a case.
func readConformance(t *testing.T) (cases []*conformanceCase, layout []string) {
	t.Helper()
	data, err := os.ReadFile(conformanceFile)
	if err != nil {
		t.Fatal(err)
	}
	var last *conformanceCase
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case ">", ">q":
			last = &conformanceCase{line: line, src: unquoteIf(t, word == ">q", rest)}
			cases = append(cases, last)
			layout = append(layout, line)
		case "=", "=q", "!":
			last.want = word[:1] + " " + unquoteIf(t, word == "=q", rest)
		case "2.8":
			word, rest, _ := strings.Cut(rest, " ")
			last.old = word[:1] + " " + unquoteIf(t, word == "=q", rest)
		default:
			layout = append(layout, line)
		}
	}
	return cases, layout
}

func unquoteIf(t *testing.T, quoted bool, s string) string {
	if !quoted {
		return s
	}
	text, err := strconv.Unquote(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return text
}

// resultLine is the form of a result in the file.
func resultLine(r string) string {
	word, rest, _ := strings.Cut(r, " ")
	for _, c := range rest {
		if !strconv.IsPrint(c) {
			return word + "q " + strconv.Quote(rest)
		}
	}
	return r
}

// verdict is what this package makes of a case.
func verdict(src string) string { return verdictIn(src, caseBase, caseHome) }

func verdictIn(src, base, home string) string {
	f := Parse("x.nix", []byte(src))
	d, bad := f.FirstError()
	if t := f.PipeOperator(); t.Valid() && (!bad || t.Span().Start <= d.Span.Start) {
		d.Span, d.Message, bad = t.Span(), "needs an experimental feature", true
	}
	if !bad {
		d, bad = f.Undefined()
	}
	if bad {
		p := f.Position(d.Span.Start)
		return fmt.Sprintf("! %d:%d: %s", p.Line, p.Column, d.Message)
	}
	out, err := f.Print(base, home)
	if err != nil {
		return "! " + err.Error()
	}
	return "= " + string(out)
}

func TestConformance(t *testing.T) {
	cases, layout := readConformance(t)
	if len(cases) < 300 {
		t.Errorf("only %d cases", len(cases))
	}
	for _, c := range cases {
		got := verdict(c.src)
		if golden.Updating() {
			c.want = got
		} else if got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.line, got, c.want)
		}
	}
	if golden.Updating() {
		askOld(t, cases)
		writeConformance(t, cases, layout)
	}
}

// askOld notes what a Nix 2.8 says, if there is one.
func askOld(t *testing.T, cases []*conformanceCase) {
	n, err := realnix.Find(noEnv)
	if err != nil || n.AtLeast(2, 9) {
		return
	}
	for i, got := range askNix(t, n, cases, (*conformanceCase).wantNew) {
		cases[i].old = ""
		if !sameVerdict(inAnyOrder(got), inAnyOrder(cases[i].want)) {
			cases[i].old = got
		}
	}
}

func noEnv(string) string { return "" }

func writeConformance(t *testing.T, cases []*conformanceCase, layout []string) {
	var out bytes.Buffer
	for _, line := range layout {
		fmt.Fprintln(&out, line)
		if len(cases) == 0 || line != cases[0].line {
			continue
		}
		fmt.Fprintln(&out, resultLine(cases[0].want))
		if cases[0].old != "" {
			fmt.Fprintln(&out, "2.8 "+resultLine(cases[0].old))
		}
		cases = cases[1:]
	}
	if err := os.WriteFile(conformanceFile, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestConformanceWithNix holds the table against the machine's Nix, and
// against a second one that NIXGEN_NIX names.
func TestConformanceWithNix(t *testing.T) {
	nixes := map[string]*realnix.Nix{}
	for _, n := range []*realnix.Nix{realnix.Require(t), machineNix()} {
		if n != nil {
			nixes[fmt.Sprintf("%d.%d", n.Major, n.Minor)] = n
		}
	}
	cases, _ := readConformance(t)
	for name, n := range nixes {
		t.Run(name, func(t *testing.T) {
			want, form := (*conformanceCase).wantNew, func(s string) string { return s }
			switch {
			case n.AtLeast(2, 34):
			case n.AtLeast(2, 9):
				t.Skip("the table knows Nix 2.8 and 2.34")
			default:
				want, form = (*conformanceCase).wantOld, inAnyOrder
			}
			for i, got := range askNix(t, n, cases, want) {
				if w := want(cases[i]); !sameVerdict(form(got), form(w)) {
					t.Errorf("%s\nnix   %s\ntable %s", cases[i].line, got, w)
				}
			}
		})
	}
}

// machineNix is the Nix in PATH, or nil.
func machineNix() *realnix.Nix {
	n, err := realnix.Find(noEnv)
	if err != nil {
		return nil
	}
	return n
}

// inAnyOrder sorts the words of a result: Nix 2.8 prints attributes and formals
// in the order in which their names happen to lie in memory.
func inAnyOrder(result string) string {
	if strings.HasPrefix(result, "! ") {
		return result
	}
	words := strings.FieldsFunc(result, func(c rune) bool { return strings.ContainsRune(" ,", c) })
	slices.Sort(words)
	return strings.Join(words, " ")
}

func (c *conformanceCase) wantNew() string { return c.want }

func (c *conformanceCase) wantOld() string {
	if c.old != "" {
		return c.old
	}
	return c.want
}

// sameVerdict compares results; of errors, the place counts, not the words.
func sameVerdict(a, b string) bool {
	if strings.HasPrefix(a, "! ") && strings.HasPrefix(b, "! ") {
		return place(a) == place(b)
	}
	return a == b
}

func place(s string) string {
	parts := strings.SplitN(strings.TrimPrefix(s, "! "), ":", 3)
	return strings.Join(parts[:min(2, len(parts))], ":")
}

// askNix gives Nix's results. What is expected to be accepted is asked for in
// one batch, as an error ends one.
func askNix(t *testing.T, n *realnix.Nix, cases []*conformanceCase, want func(*conformanceCase) string) []string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Dir(caseFile(dir, 0)), 0o755); err != nil {
		t.Fatal(err)
	}
	results := make([]string, len(cases))
	var good, single []int
	for i, c := range cases {
		if err := os.WriteFile(caseFile(dir, i), []byte(c.src), 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(want(c), "= ") {
			good = append(good, i)
		} else {
			single = append(single, i)
		}
	}
	if !askBatch(n, dir, good, results) {
		single = append(single, good...)
	}
	askEach(n, dir, cases, single, want, results)
	return results
}

func caseFile(dir string, i int) string {
	return filepath.Join(dir, strings.TrimPrefix(caseBase, caseRoot), fmt.Sprintf("%d.nix", i))
}

func askBatch(n *realnix.Nix, dir string, good []int, results []string) bool {
	args := []string{"--parse"}
	for _, i := range good {
		args = append(args, caseFile(dir, i))
	}
	out, err := nixParse(n, args).Output()
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if err != nil || len(lines) != len(good) {
		return false
	}
	for k, i := range good {
		results[i] = "= " + normalise(lines[k], dir)
	}
	return true
}

// askEach asks for what is expected to be refused: in one session of nix repl,
// and one by one what comes out otherwise than expected. The repl of Nix 2.8
// takes the end of a file for that of its input, so that such files come last.
func askEach(n *realnix.Nix, dir string, cases []*conformanceCase, single []int, want func(*conformanceCase) string, results []string) {
	slices.SortStableFunc(single, func(a, b int) int {
		return cmp.Compare(strings.Count(want(cases[a]), "end of file"), strings.Count(want(cases[b]), "end of file"))
	})
	places := replPlaces(n, dir, single)
	for _, i := range single {
		results[i] = "! " + places[caseFile(dir, i)]
		if !sameVerdict(results[i], want(cases[i])) {
			results[i] = askOne(n, dir, caseFile(dir, i))
		}
	}
}

var replAt = regexp.MustCompile(`at (/.*?\.nix):(\d+:\d+):\n`)

// replPlaces gives, by file, where an import of it fails first.
func replPlaces(n *realnix.Nix, dir string, single []int) map[string]string {
	var imports strings.Builder
	for _, i := range single {
		fmt.Fprintf(&imports, "import %s\n", caseFile(dir, i))
	}
	cmd := n.Command("nix", "repl")
	cmd.Stdin = strings.NewReader(imports.String())
	out, _ := cmd.CombinedOutput()
	places := map[string]string{}
	for _, m := range replAt.FindAllStringSubmatch(string(out), -1) {
		if places[m[1]] == "" {
			places[m[1]] = m[2]
		}
	}
	return places
}

func askOne(n *realnix.Nix, dir, file string) string {
	return normalise(oneVerdict(nixParse(n, []string{"--parse", file})), dir)
}

// oneVerdict starts a prepared nix-instantiate --parse of one file.
func oneVerdict(cmd *exec.Cmd) string {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if cmd.Run() == nil {
		return "= " + strings.TrimSuffix(stdout.String(), "\n")
	}
	return "! " + nixPlace(stderr.String())
}

var (
	nixAt  = regexp.MustCompile(`at .*?:(\d+:\d+):\n`)
	nixErr = regexp.MustCompile(`error: (.*)`)
)

// nixPlace is where Nix's message points to, and the message.
func nixPlace(stderr string) string {
	var parts []string
	for _, re := range []*regexp.Regexp{nixAt, nixErr} {
		if m := re.FindStringSubmatch(stderr); m != nil {
			parts = append(parts, m[1])
		}
	}
	return strings.Join(parts, ": ")
}

func normalise(out, dir string) string { return strings.ReplaceAll(out, dir, caseRoot) }

// nixParse starts nix-instantiate with the home folder of the table.
func nixParse(n *realnix.Nix, args []string) *exec.Cmd {
	cmd := n.Command("nix-instantiate", args...)
	cmd.Env = append(cmd.Env, "HOME="+caseHome)
	return cmd
}
