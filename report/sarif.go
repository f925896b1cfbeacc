package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"nixgen/diag"
)

// The part of SARIF 2.1.0 that nixgen writes, as plain structs: the libraries
// link a JSON Schema validator for it. A test holds the output to the schema.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string        `json:"id"`
		Short   *sarifMessage `json:"shortDescription,omitempty"`
		Help    *sarifMessage `json:"help,omitempty"`
		Default *sarifLevel   `json:"defaultConfiguration,omitempty"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifMessage      `json:"message"`
		Locations    []sarifLocation   `json:"locations,omitempty"`
		Related      []sarifLocation   `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Fixes        []sarifFix        `json:"fixes,omitempty"`
		Properties   *sarifProperties  `json:"properties,omitempty"`
	}
	sarifProperties struct {
		Why   string   `json:"why,omitempty"`
		Hosts []string `json:"hosts,omitempty"`
		Chain []string `json:"chain,omitempty"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Message  *sarifMessage  `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI     string `json:"uri"`
		URIBase string `json:"uriBaseId"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
	sarifFix struct {
		Description sarifMessage  `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion  `json:"deletedRegion"`
		Inserted sarifMessage `json:"insertedContent"`
	}
)

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

var sarifLevels = map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning", diag.Info: "note"}

func writeSARIF(w io.Writer, ds []diag.Diagnostic, src *sources, opt Options) error {
	run := sarifRun{ColumnKind: "utf16CodeUnits", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "nixgen", Version: opt.Version, Rules: sarifRules(ds, opt.Rules)}
	index := map[string]int{}
	for i, r := range run.Tool.Driver.Rules {
		index[r.ID] = i
	}
	prints := fingerprints{src: src, seen: map[string]int{}}
	for _, d := range ds {
		r := toSARIF(d, src)
		r.RuleIndex = index[r.RuleID]
		r.Fingerprints = map[string]string{"nixgen/v1": prints.of(d)}
		run.Results = append(run.Results, r)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{sarifSchema, "2.1.0", []sarifRun{run}})
}

// sarifRules lists the rules that exist and those that only findings name.
func sarifRules(ds []diag.Diagnostic, known []Rule) []sarifRule {
	out := []sarifRule{}
	for _, r := range known {
		out = append(out, sarifRule{r.ID, sarifText(r.Summary), sarifText(r.Help), &sarifLevel{sarifLevels[r.Severity]}})
	}
	for _, d := range ds {
		id := ruleID(d)
		if !slices.ContainsFunc(out, func(r sarifRule) bool { return r.ID == id }) {
			out = append(out, sarifRule{ID: id})
		}
	}
	slices.SortFunc(out, func(a, b sarifRule) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func sarifText(s string) *sarifMessage {
	if s == "" {
		return nil
	}
	return &sarifMessage{s}
}

// ruleID of a finding; SARIF wants one always.
func ruleID(d diag.Diagnostic) string { return cmp.Or(d.Rule, "nixgen") }

func toSARIF(d diag.Diagnostic, src *sources) sarifResult {
	r := sarifResult{RuleID: ruleID(d), Level: sarifLevels[d.Severity], Message: sarifMessage{d.Message}}
	if d.File != "" {
		r.Locations = []sarifLocation{{Physical: physical(d.File, d.Span, src)}}
	}
	for _, n := range d.Notes {
		r.Related = append(r.Related, sarifLocation{physical(cmp.Or(n.File, d.File), n.Span, src), sarifText(n.Message)})
	}
	for _, f := range d.Fixes {
		if len(f.Edits) == 0 {
			continue // the schema asks for one at least
		}
		r.Fixes = append(r.Fixes, sarifFixOf(d.File, f, src))
	}
	if d.Why != "" || len(d.Hosts) > 0 || len(d.Chain) > 0 {
		r.Properties = &sarifProperties{d.Why, d.Hosts, d.Chain}
	}
	return r
}

func sarifFixOf(file string, f diag.Fix, src *sources) sarifFix {
	c := sarifChange{Artifact: artifact(file), Replacements: []sarifReplacement{}}
	for _, e := range f.Edits {
		c.Replacements = append(c.Replacements, sarifReplacement{region(file, e.Span, src), sarifMessage{e.New}})
	}
	return sarifFix{sarifMessage{f.Message}, []sarifChange{c}}
}

func physical(file string, at diag.Span, src *sources) *sarifPhysical {
	if file == "" {
		return nil
	}
	return &sarifPhysical{artifact(file), region(file, at, src)}
}

// artifact makes a relative reference of a path; a colon in its first element
// would read as a scheme.
func artifact(file string) sarifArtifact {
	return sarifArtifact{(&url.URL{Path: file}).String(), "%SRCROOT%"}
}

func region(file string, at diag.Span, src *sources) sarifRegion {
	t := src.of(file)
	var r sarifRegion
	r.StartLine, r.StartColumn = t.utf16Column(at.Start)
	r.EndLine, r.EndColumn = t.utf16Column(at.End)
	return r
}

// fingerprints identify a finding across changes elsewhere in the file: by
// rule, file, message and the text of the line, and by its number among equals.
type fingerprints struct {
	src  *sources
	seen map[string]int
}

func (p *fingerprints) of(d diag.Diagnostic) string {
	t := p.src.of(d.File)
	around, _ := t.around(t.lines.Position(d.Span.Start), widest*utf8.UTFMax)
	line := strings.TrimSpace(around)
	key := strings.Join([]string{ruleID(d), d.File, d.Message, line}, "\x00")
	n := p.seen[key]
	p.seen[key]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, n))
	return hex.EncodeToString(sum[:16])
}
