package layout

import (
	"path"
	"regexp"
	"strings"
)

// pattern is one folder pattern of [layout], name by name.
type pattern struct {
	tier  Tier
	group string
	names []nameGlob
}

// nameGlob matches one name of a path, or, when it is `**`, any number.
type nameGlob struct {
	text  string
	kind  globKind
	which placeholder    // of a name that is a placeholder alone
	mixed *regexp.Regexp // of a name that holds placeholders beside other text
}

type globKind uint8

const (
	literalName globKind = iota
	wildName             // `*` and `?`
	placeholderName
	mixedName
	anyNames
)

// placeholder is what a {word} stands for.
type placeholder uint8

const (
	platformWord placeholder = iota
	hostWord
	userWord
	placeholders
)

var placeholderNames = [placeholders]string{"platform", "host", "user"}

// match is a file's fit to a pattern.
type match struct {
	*pattern
	root  string // the folder itself; for a host's single file, that without ".nix"
	rest  string // the path below it
	words [placeholders]string
}

// compile reads a pattern of folders.
func compile(tier Tier, group, glob string) *pattern {
	p := &pattern{tier: tier, group: group}
	seen := [placeholders]bool{}
	for name := range strings.SplitSeq(strings.TrimSuffix(strings.Trim(glob, "/"), "/**"), "/") {
		p.names = append(p.names, compileName(name, &seen))
	}
	return p
}

func compileName(name string, seen *[placeholders]bool) nameGlob {
	switch {
	case name == "**":
		return nameGlob{kind: anyNames}
	case !strings.ContainsAny(name, "*?{"):
		return nameGlob{kind: literalName, text: name}
	case !strings.Contains(name, "{"):
		return nameGlob{kind: wildName, text: name}
	}
	for i, word := range placeholderNames {
		if name == "{"+word+"}" && !seen[i] {
			seen[i] = true
			return nameGlob{kind: placeholderName, which: placeholder(i)}
		}
	}
	return nameGlob{kind: mixedName, mixed: regexp.MustCompile("^" + expression(name, seen) + "$")}
}

var wildcards = regexp.MustCompile(`\*|\?|\{(?:platform|host|user)\}`)

// expression of a name that mixes placeholders with other text; a placeholder
// that occurs again stands for anything.
func expression(name string, seen *[placeholders]bool) string {
	var b strings.Builder
	at := 0
	for _, m := range wildcards.FindAllStringIndex(name, -1) {
		b.WriteString(regexp.QuoteMeta(name[at:m[0]]))
		at = m[1]
		b.WriteString(wildcard(name[m[0]:m[1]], seen))
	}
	b.WriteString(regexp.QuoteMeta(name[at:]))
	return b.String()
}

func wildcard(w string, seen *[placeholders]bool) string {
	switch w {
	case "*":
		return "[^/]*"
	case "?":
		return "[^/]"
	}
	for i, word := range placeholderNames {
		if w == "{"+word+"}" && !seen[i] {
			seen[i] = true
			if placeholder(i) == platformWord {
				return "(?P<" + word + ">[^/-]+)" // nixos-web-1 is the host web-1
			}
			return "(?P<" + word + ">[^/]+)"
		}
	}
	return "[^/]+"
}

// match tests one path: is it below a folder of the pattern? A host may also be
// a single file named after it.
func (p *pattern) match(file string) (match, bool) {
	m := match{pattern: p}
	if end, ok := m.fit(p.names, file, 0, false); ok {
		m.root, m.rest = file[:end], file[end+1:]
		return m, true
	}
	if base, isNix := strings.CutSuffix(file, ".nix"); isNix && p.tier == Host {
		if _, ok := m.fit(p.names, base, 0, true); ok {
			m.root = base
			return m, true
		}
	}
	return match{}, false
}

// fit matches names from pos on and gives where the folder ends. When whole, the
// names must take up all of the path, else something must be left.
func (m *match) fit(names []nameGlob, file string, pos int, whole bool) (end int, ok bool) {
	if len(names) == 0 {
		return pos - 1, whole == (pos > len(file)) && pos > 0
	}
	if names[0].kind == anyNames {
		return m.fitAny(names[1:], file, pos, whole)
	}
	if pos > len(file) {
		return 0, false
	}
	name := file[pos:]
	if i := strings.IndexByte(name, '/'); i >= 0 {
		name = name[:i]
	}
	if !m.fitName(names[0], name) {
		return 0, false
	}
	return m.fit(names[1:], file, pos+len(name)+1, whole)
}

// fitAny lets `**` take as many names as it can.
func (m *match) fitAny(names []nameGlob, file string, pos int, whole bool) (end int, ok bool) {
	if pos > len(file) {
		return 0, false
	}
	if i := strings.IndexByte(file[pos:], '/'); i >= 0 {
		if end, ok := m.fitAny(names, file, pos+i+1, whole); ok {
			return end, true
		}
	}
	return m.fit(names, file, pos, whole)
}

func (m *match) fitName(g nameGlob, name string) bool {
	switch g.kind {
	case literalName:
		return g.text == name
	case wildName:
		ok, _ := path.Match(g.text, name)
		return ok
	case placeholderName:
		m.words[g.which] = name
		return name != ""
	}
	found := g.mixed.FindStringSubmatch(name)
	for i, word := range placeholderNames {
		if j := g.mixed.SubexpIndex(word); found != nil && j > 0 {
			m.words[i] = found[j]
		}
	}
	return found != nil
}
