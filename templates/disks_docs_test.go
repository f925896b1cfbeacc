package templates_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nixgen/fleet"
	"nixgen/internal/golden"
	"nixgen/templates"
)

const docsMark = "<!-- below: written by go test ./templates -update from templates/disks/*/profile.toml -->\n"

// cell makes a text fit into a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// defaultOf says what a parameter is where nobody says it.
func defaultOf(p *fleet.Param) string {
	switch {
	case p.Required:
		return "required"
	case p.Default == nil:
		return "none"
	}
	return "`" + tomlValue(p.Default) + "`"
}

// typeOf writes a type, and the form of its strings where that says something.
func typeOf(t *fleet.Type) string {
	text := t.String()
	if t.Kind == fleet.String && strings.Contains(t.Pattern, "|") {
		text += " `" + t.Pattern + "`"
	}
	return text
}

// conditions writes a `when`.
func conditions(when []fleet.Cond) string {
	var parts []string
	for _, c := range when {
		switch {
		case c.Set != nil:
			parts = append(parts, fmt.Sprintf("%s `%s`", either(*c.Set, "given", "no"), c.Param))
		case c.Min != nil:
			parts = append(parts, fmt.Sprintf("`%s` at least %d", c.Param, *c.Min))
		case c.Max != nil:
			parts = append(parts, fmt.Sprintf("`%s` at most %d", c.Param, *c.Max))
		default:
			var values []string
			for _, v := range c.In {
				values = append(values, tomlValue(v))
			}
			parts = append(parts, fmt.Sprintf("`%s = %s`", strings.TrimPrefix(c.Param, "disk."), strings.Join(values, "` or `")))
		}
	}
	return strings.Join(parts, ", ")
}

// reference documents one profile.
func reference(p *fleet.Profile) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n%s%s.\n\n| parameter | type | default | |\n|---|---|---|---|\n",
		p.Name, strings.ToUpper(p.Description[:1]), p.Description[1:])
	for _, x := range p.Params {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", x.Name, cell(typeOf(x.Type)), cell(defaultOf(x)), cell(x.Description))
	}
	b.WriteString("\nRefused:\n\n")
	for _, r := range p.Refusals {
		fmt.Fprintf(&b, "- %s: %s\n", conditions(r.When), r.Reason)
	}
	if len(p.Steps) > 0 {
		b.WriteString("\nLeft to do after the installation:\n\n")
	}
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "- %s: %s\n", conditions(s.When), s.Text)
	}
	return b.String()
}

// The reference in docs/disks.md is what profile.toml says.
func TestDisksDocs(t *testing.T) {
	path := filepath.Join("..", "docs", "disks.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	byHand, _, _ := bytes.Cut(text, []byte(docsMark))
	var b bytes.Buffer
	b.Write(bytes.TrimRight(byHand, "\n"))
	b.WriteString("\n\n" + docsMark)
	for _, name := range templates.Disks() {
		b.WriteString(reference(profile(t, name)))
	}
	golden.File(t, path, b.Bytes())
}
