package lint

import (
	"path"
	"slices"
	"strings"
)

// otherCase finds a path that differs in case alone; "" when there is none.
func (w *Workspace) otherCase(p string) string {
	at := "."
	for c := range strings.SplitSeq(p, "/") {
		es, ok := w.ReadDir(at)
		if !ok {
			return ""
		}
		if _, ok := es[c]; !ok {
			i := slices.IndexFunc(sortedNames(es), func(n string) bool { return strings.EqualFold(n, c) })
			if i < 0 {
				return ""
			}
			c = sortedNames(es)[i]
		}
		at = path.Join(at, c)
	}
	if at == p {
		return ""
	}
	return at
}

func sortedNames(es map[string]string) []string {
	out := make([]string, 0, len(es))
	for n := range es {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}
