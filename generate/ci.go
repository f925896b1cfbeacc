package generate

import (
	"fmt"
	"path"
	"slices"

	"nixgen/diag"
	"nixgen/fleet"
	"nixgen/syntax"
	"nixgen/templates"
)

// workflowFolder is where GitHub looks, in the top folder of a repository.
const workflowFolder = ".github/workflows"

func workflowFile(name string) string { return path.Join(workflowFolder, "nixgen-"+name+".yml") }

// Outside are the files beside the generated folder that Files may give: one
// that it does not give is not wanted any more.
func Outside() []string {
	out := []string{SchemaFile}
	for _, name := range fleet.Workflows {
		out = append(out, workflowFile(name))
	}
	return out
}

// workflows writes those that [ci] asks for. What differs between fleets is not
// in them: it is in the flake's lock and in its output githubMatrix.
func (g *generator) workflows() {
	if g.fleet.CI == nil {
		return
	}
	for _, name := range g.fleet.CI.GitHub {
		switch {
		case name != "lint" && g.fleet.Layout.Wiring == "manual":
			g.diags = append(g.diags, diag.Diagnostic{
				File: g.fleet.File, Severity: diag.Warning, Rule: "not-generated",
				Message: "`ci.github`: the workflow `" + name + "` is not written where `layout.wiring` is `manual`: the hosts are your own",
			})
			continue
		case name != "build":
			g.needInput("nixgen", "`ci`", "github:nixgen/nixgen")
		}
		g.add(workflowFile(name), templates.Read("ci/nixgen-"+name+".yml"))
	}
}

// matrix is what the output githubMatrix is made of: a row for each host whose
// system has a runner.
func (g *generator) matrix() syntax.List {
	if g.fleet.CI == nil {
		return nil
	}
	var rows syntax.List
	for _, h := range g.fleet.Hosts {
		runner := g.fleet.CI.Runners[h.System]
		if runner == "" {
			g.complain(h, diag.Warning, fmt.Sprintf("`ci.runners` has no runner for `%s`, so CI does not build `%s`", h.System, h.Name))
			continue
		}
		var t tree
		t.option("attribute", syntax.String("legacyPackages."+h.System+".fleet."+h.Name))
		t.option("host", syntax.String(h.Name))
		t.option("options", syntax.String(g.stubOptions()))
		t.option("runner", syntax.String(runner))
		t.option("system", syntax.String(h.System))
		rows = append(rows, t.attrs())
	}
	return rows
}

// stubOptions put the stand-in for the private input in its place.
func (g *generator) stubOptions() string {
	stub := g.dir(stubFolder)
	has := slices.ContainsFunc(g.files, func(f File) bool { return f.Path == stub+"/flake.nix" })
	if !has {
		return ""
	}
	return "--override-input " + g.fleet.SecretsOf().Input + " path:./" + stub + " --no-write-lock-file"
}
