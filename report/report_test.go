package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"nixgen/diag"
	"nixgen/internal/golden"
)

// The files and findings that every format renders. The third line of fleet is
// longer than a terminal; `grün` and the tab test columns.
var texts = map[string]string{
	"hosts.toml":        "[hosts.malphas]\nhostnaem = \"x\"\n\tgrün = 𝛼 true\n" + strings.Repeat("x", 500) + "HERE" + strings.Repeat("y", 500) + "\nesc = \"\x1b[31m\"\n",
	"modules/a b:c.nix": "{ lib, ... }:\n{\n  services.yabai.enable = true;\n  services.yabai.enable = true;\n}\n",
}

func source(file string) []byte {
	if s, ok := texts[file]; ok {
		return []byte(s)
	}
	return nil
}

// at is the span of the nth occurrence of s in a file.
func at(t *testing.T, file, s string, n int) diag.Span {
	t.Helper()
	from := 0
	for ; ; n-- {
		i := strings.Index(texts[file][from:], s)
		if i < 0 {
			t.Fatalf("no %q in %s", s, file)
		}
		if n == 0 {
			return diag.Span{Start: from + i, End: from + i + len(s)}
		}
		from += i + len(s)
	}
}

func findings(t *testing.T) []diag.Diagnostic {
	const nix = "modules/a b:c.nix"
	first := at(t, nix, "services.yabai.enable", 0)
	return []diag.Diagnostic{
		{Message: "the fleet has no hosts", Severity: diag.Info, Rule: "empty-fleet"},
		{File: "hosts.toml", Span: at(t, "hosts.toml", "hostnaem", 0), Severity: diag.Error, Rule: "hosts-toml", Message: "`hostnaem` is no key of a host; did you mean `hostName`?"},
		{File: "hosts.toml", Span: at(t, "hosts.toml", "true", 0), Severity: diag.Warning, Rule: "hosts-toml", Message: "past a tab, an umlaut and a letter outside the basic plane"},
		{File: "hosts.toml", Span: at(t, "hosts.toml", "HERE", 0), Severity: diag.Warning, Rule: "hosts-toml", Message: "in a long line"},
		{File: "hosts.toml", Span: at(t, "hosts.toml", "\x1b", 0), Severity: diag.Error, Rule: "hosts-toml", Message: "a control character: `\x1b[31m` and 100% of a\nline"},
		{File: "hosts.toml", Span: diag.Span{Start: len(texts["hosts.toml"]), End: len(texts["hosts.toml"])}, Severity: diag.Error, Rule: "hosts-toml", Message: "at the end of the file"},
		{
			File: nix, Span: first, Severity: diag.Error, Rule: "undeclared-option",
			Message: "`services.yabai` does not exist on NixOS", Why: "evaluation stops here, also below `mkIf false`",
			Hosts: []string{"malphas", "server"}, Chain: []string{"malphas", "hosts.toml", nix},
			Notes: []diag.Note{{File: "hosts.toml", Span: at(t, "hosts.toml", "malphas", 0), Message: "this host reads it"}, {Span: diag.Span{Start: 0, End: 1}, Message: "a module begins here"}},
			Fixes: []diag.Fix{{Message: "move it to darwin.nix", Edits: []diag.Edit{{Span: first, New: "x"}, {Span: diag.Span{Start: 0, End: 0}, New: "# moved\n"}}}},
		},
		{File: nix, Span: at(t, nix, "services.yabai.enable", 1), Severity: diag.Error, Rule: "undeclared-option", Message: "`services.yabai` does not exist on NixOS"},
		{File: "generated/default.nix", Severity: diag.Error, Rule: "hand-edited", Message: "was edited by hand"},
	}
}

func render(t *testing.T, ds []diag.Diagnostic, opt Options) string {
	t.Helper()
	var b bytes.Buffer
	opt.Source = source
	if err := Write(&b, ds, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var all = map[string]Options{
	"text":   {},
	"brief":  {Brief: true},
	"color":  {Color: true},
	"json":   {Format: JSON},
	"github": {Format: GitHub},
	"sarif": {Format: SARIF, Version: "0.1.0", Rules: []Rule{
		{ID: "undeclared-option", Summary: "an option that the platform lacks", Help: "leave it out", Severity: diag.Error},
		{ID: "never-found", Severity: diag.Warning},
	}},
}

func TestGolden(t *testing.T) {
	for name, opt := range all {
		golden.File(t, filepath.Join("testdata", name+".golden"), []byte(render(t, findings(t), opt)))
	}
	var b bytes.Buffer
	if err := WriteSummary(&b, findings(t), Options{Source: source}); err != nil {
		t.Fatal(err)
	}
	golden.File(t, "testdata/summary.golden", b.Bytes())
}

func TestOrderFoundDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for name, opt := range all {
		want := render(t, findings(t), opt)
		for range 20 {
			ds := findings(t)
			r.Shuffle(len(ds), func(i, j int) { ds[i], ds[j] = ds[j], ds[i] })
			if got := render(t, ds, opt); got != want {
				t.Fatalf("%s: another order prints something else:\n%s", name, cmp.Diff(want, got))
			}
		}
	}
}

// In the line-oriented formats a finding is one line, and no control character
// of the input gets through.
func TestLines(t *testing.T) {
	ds := findings(t)
	line := regexp.MustCompile(`^(([^:]+|modules/a b:c\.nix):\d+:\d+: )?(error|warning|info): [a-z` + "`" + `].*[^.] \[[a-z-]+\]$`)
	got := strings.Split(strings.TrimSuffix(render(t, ds, Options{Brief: true}), "\n"), "\n")
	if len(got) != len(ds) {
		t.Errorf("%d lines for %d findings", len(got), len(ds))
	}
	for _, l := range got {
		if !line.MatchString(l) {
			t.Errorf("line %q", l)
		}
	}
	if n := strings.Count(render(t, ds, Options{Format: GitHub}), "\n"); n != len(ds) {
		t.Errorf("%d annotations for %d findings", n, len(ds))
	}
	for name, opt := range all {
		if name != "color" && strings.Contains(render(t, ds, opt), "\x1b") {
			t.Errorf("%s lets a control character through", name)
		}
	}
}

func TestSARIFSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	schema, err := c.Compile(filepath.Join("testdata", "sarif-schema-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, ds := range [][]diag.Diagnostic{nil, findings(t)} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(render(t, ds, all["sarif"])))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Error(err)
		}
	}
	v, _ := jsonschema.UnmarshalJSON(strings.NewReader(`{"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]}`))
	if schema.Validate(v) == nil {
		t.Error("the schema accepts a driver without a name: the test shows nothing")
	}
}

// A finding keeps its fingerprint when lines are added above it, and equal
// findings of one file differ.
func TestFingerprints(t *testing.T) {
	prints := func(ds []diag.Diagnostic) []string {
		var log sarifLog
		if err := json.Unmarshal([]byte(render(t, ds, Options{Format: SARIF})), &log); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, r := range log.Runs[0].Results {
			out = append(out, r.Fingerprints["nixgen/v1"])
		}
		return out
	}
	ds := findings(t)[6:8]
	before := prints(ds)
	if before[0] == before[1] {
		t.Error("two findings share a fingerprint")
	}
	file := ds[0].File
	old := texts[file]
	defer func() { texts[file] = old }()
	texts[file] = "# a\n# b\n" + old
	for i := range ds {
		ds[i].Span.Start += 8
		ds[i].Span.End += 8
	}
	if d := cmp.Diff(before, prints(ds)); d != "" {
		t.Error(d)
	}
}

func TestSummaryLine(t *testing.T) {
	for want, ds := range map[string][]diag.Diagnostic{
		"":                            nil,
		"1 error":                     {{Severity: diag.Error}},
		"2 errors, 1 warning, 1 info": {{Severity: diag.Error}, {Severity: diag.Info}, {Severity: diag.Warning}, {Severity: diag.Error}},
		"2 warnings, 2 info":          {{Severity: diag.Warning}, {Severity: diag.Warning}, {}, {}},
	} {
		if got := Summary(ds); got != want {
			t.Errorf("Summary = %q, want %q", got, want)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range Formats {
		if got, err := ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("ParseFormat(%s) = %s, %v", f, got, err)
		}
	}
	if _, err := ParseFormat("xml"); err == nil {
		t.Error("xml is a format")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestWriteErrorsAreReturned(t *testing.T) {
	for name, opt := range all {
		if Write(full{}, findings(t), opt) == nil {
			t.Errorf("%s hides a failed write", name)
		}
	}
}
