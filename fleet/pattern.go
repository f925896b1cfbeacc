package fleet

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when it is first asked:
// there are many, and no fleet asks all of them.
type pattern struct {
	text string
	get  func() *regexp.Regexp
}

func compiled(text string) *pattern {
	return &pattern{text, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })}
}

// MatchString is that of package regexp.
func (p *pattern) MatchString(s string) bool { return p.get().MatchString(s) }

// String is the expression as it is written.
func (p *pattern) String() string { return p.text }
