package rules

import (
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"nixgen/diag"
	"nixgen/lint"
	"nixgen/outline"
)

// outputsText says which outputs with modules the flakes of well-known
// repositories have, as read at a commit of that date. Names that appear
// anywhere in what makes the flake are listed, so the list errs to the long side.
//
//go:embed outputs.tsv
var outputsText string

type knownOutputs struct {
	read  time.Time
	names []string
}

var outputsTable = sync.OnceValue(func() map[string]knownOutputs {
	out := map[string]knownOutputs{}
	for line := range strings.Lines(outputsText) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if t, err := time.Parse(time.DateOnly, f[1]); err == nil {
			out[f[0]] = knownOutputs{t, strings.Fields(f[2])}
		}
	}
	return out
})

// missingOutput reports `inputs.x.darwinModules` where x surely has none: its
// source lies in the tree, or flake.lock has it at a revision no newer than
// the one that was read.
func missingOutput(p *lint.Pass, s *lint.Source, input string, path []outline.Name) {
	if len(path) == 0 || path[0].X != nil {
		return
	}
	name := path[0]
	has, whose, known := outputsOf(p.Work, input)
	if _, judged := classOutputs[name.Text]; !known || !judged || slices.Contains(has, name.Text) {
		return
	}
	p.Error(diag.Diagnostic{
		File: s.Path, Span: name.At, Message: fmt.Sprintf("the input `%s` has no `%s`", input, name.Text), Why: whose + " " + hasModules(has),
	})
}

func hasModules(names []string) string {
	var out []string
	for _, n := range names {
		if _, ok := classOutputs[n]; ok {
			out = append(out, "`"+n+"`")
		}
	}
	if out == nil {
		return "has no modules"
	}
	return "has " + join(out)
}

// outputsOf are the outputs of an input whose flake is known, and in which
// words to say whose they are.
func outputsOf(w *lint.Workspace, input string) (names []string, whose string, known bool) {
	if dir, ok := inputFolder(w, input); ok {
		names, known = w.FlakeOutputs(dir)
		return names, "`" + dir + "/flake.nix`", known
	}
	lock := w.Lock()
	if lock == nil {
		return nil, "", false
	}
	n, ok := lock.Input(input)
	if !ok || n == nil || n.Locked.Type != "github" {
		return nil, "", false
	}
	repo := strings.ToLower(n.Locked.Owner + "/" + n.Locked.Repo)
	out, ok := outputsTable()[repo]
	locked := time.Unix(n.Locked.LastModified, 0).UTC()
	if !ok || n.Locked.LastModified == 0 || locked.After(out.read.AddDate(0, 0, 1)) {
		return nil, "", false
	}
	return out.names, "`" + repo + "`", true
}

// inputFolder is the folder of this tree that an input is.
func inputFolder(w *lint.Workspace, input string) (string, bool) {
	e := w.Flake.Input(input)
	if e == nil || e.Inherit {
		return "", false
	}
	url := e.Value
	if set, ok := url.(*outline.Set); ok {
		u := set.Find("url")
		if u == nil || u.Inherit || set.Find("flake") != nil {
			return "", false
		}
		url = u.Value
	}
	str, ok := url.(*outline.Str)
	if !ok {
		return "", false
	}
	text, ok := str.Literal()
	text = strings.TrimPrefix(text, "path:")
	if !ok || !strings.HasPrefix(text, "./") || strings.ContainsAny(text, "?#") {
		return "", false
	}
	return path.Clean(text), true
}
