package layout

import (
	"regexp"
	"strings"
)

// pattern is one folder pattern of [layout], compiled.
type pattern struct {
	tier  Tier
	group string
	// literal is the part before the first wildcard, a cheap first test.
	literal string
	re      *regexp.Regexp
	// capture indexes; 0 when absent.
	platform, host, user, rest int
}

// match is a file's fit to a pattern.
type match struct {
	*pattern
	root                         string // the folder itself
	rest                         string // the path below it
	platformName, hostName, user string
}

// compile turns a pattern into one that matches files below the folder, or,
// when tail is not empty, files that the tail (a regular expression with a
// group named rest) matches after it.
func compile(tier Tier, group, glob, tail string) *pattern {
	glob = strings.TrimSuffix(strings.Trim(glob, "/"), "/**")
	if tail == "" {
		tail = `/(?P<rest>.+)`
	}
	p := &pattern{tier: tier, group: group, literal: glob}
	if i := strings.IndexAny(glob, "*?{"); i >= 0 {
		p.literal = glob[:i]
	}
	p.re = regexp.MustCompile("^" + expression(glob) + tail + "$")
	p.platform = max(0, p.re.SubexpIndex("platform"))
	p.host = max(0, p.re.SubexpIndex("host"))
	p.user = max(0, p.re.SubexpIndex("user"))
	p.rest = max(0, p.re.SubexpIndex("rest"))
	return p
}

var wildcards = regexp.MustCompile(`\*\*/?|\*|\?|\{(?:platform|host|user)\}`)

// expression of a glob; a placeholder that occurs again stands for anything.
func expression(glob string) string {
	var b strings.Builder
	seen := map[string]bool{}
	at := 0
	for _, m := range wildcards.FindAllStringIndex(glob, -1) {
		b.WriteString(regexp.QuoteMeta(glob[at:m[0]]))
		at = m[1]
		switch w := glob[m[0]:m[1]]; {
		case w == "**/":
			b.WriteString("(?:.+/)?")
		case w == "**":
			b.WriteString(".*")
		case w == "*":
			b.WriteString("[^/]*")
		case w == "?":
			b.WriteString("[^/]")
		case seen[w]:
			b.WriteString("[^/]+")
		default:
			seen[w] = true
			b.WriteString("(?P<" + strings.Trim(w, "{}") + ">[^/]+)")
		}
	}
	b.WriteString(regexp.QuoteMeta(glob[at:]))
	return b.String()
}

// match tests one path.
func (p *pattern) match(file string) (match, bool) {
	if !strings.HasPrefix(file, p.literal) {
		return match{}, false
	}
	m := p.re.FindStringSubmatchIndex(file)
	if m == nil {
		return match{}, false
	}
	group := func(i int) string {
		if i == 0 || m[2*i] < 0 {
			return ""
		}
		return file[m[2*i]:m[2*i+1]]
	}
	out := match{pattern: p, rest: group(p.rest), platformName: group(p.platform), hostName: group(p.host), user: group(p.user)}
	out.root = strings.TrimSuffix(file[:len(file)-len(out.rest)], "/")
	return out, true
}
