package rules

import (
	"fmt"
	"strings"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

var absoluteInput = &lint.Rule{
	ID: "absolute-input", Severity: diag.Warning, Scope: lint.FleetScope,
	Doc: lint.Doc{
		Summary: "an input that exists on one machine only",
		Why: `An input given by an absolute path is found on the machine where that path
exists, and nowhere else: no other host and no CI evaluates the fleet.`,
		Bad: `-- flake.nix --
{
  inputs.mine.url = "path:/home/tim/mine";
  outputs = { mine, ... }: { };
}
`,
		Good: `-- flake.nix --
{
  inputs.mine.url = "github:tim/mine";
  outputs = { mine, ... }: { };
}
`,
	},
	Run: func(p *lint.Pass) {
		if p.Work.Flake == nil {
			return
		}
		for _, in := range p.Work.Flake.Inputs {
			url := inputURL(in)
			if url == nil {
				continue
			}
			text, ok := url.Literal()
			if ok && absolute(text) {
				p.Warning(diag.Diagnostic{
					File: "flake.nix", Span: url.Span(), Message: fmt.Sprintf("the input `%s` exists on one machine only", in.Name.Text),
					Why: "an absolute path means nothing on another host or in CI",
				})
			}
		}
	},
}

func absolute(url string) bool {
	for _, scheme := range []string{"path:", "git+file://", "git+file:", "file://", ""} {
		if rest, ok := strings.CutPrefix(url, scheme); ok && strings.HasPrefix(rest, "/") && scheme != "file://" {
			return true
		}
	}
	return false
}

// inputURL is the url of a declared input, however it is written.
func inputURL(in *outline.Entry) *outline.Str {
	switch v := in.Value.(type) {
	case *outline.Set:
		if u := v.Find("url"); u != nil && !u.Inherit {
			s, _ := u.Value.(*outline.Str)
			return s
		}
	}
	return nil
}
