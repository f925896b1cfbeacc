package catalog

import (
	"fmt"
	"strconv"
	"strings"
)

// AnyName and Element are the names of places that stand for many.
const (
	AnyName = "<name>" // any attribute of an attribute set
	Element = "*"      // any element of a list
)

// ParsePath splits a dotted path; names that hold dots are in double quotes.
func ParsePath(s string) ([]string, error) {
	var path []string
	for rest := s; ; {
		name, after, err := cutName(rest)
		if err != nil {
			return nil, fmt.Errorf("path `%s`: %w", s, err)
		}
		path = append(path, name)
		if after == "" {
			return path, nil
		}
		if after[0] != '.' {
			return nil, fmt.Errorf("path `%s`: text behind a quoted name", s)
		}
		rest = after[1:]
	}
}

func cutName(s string) (name, after string, err error) {
	if strings.HasPrefix(s, `"`) {
		q, err := strconv.QuotedPrefix(s)
		if err != nil {
			return "", "", fmt.Errorf("unterminated quote")
		}
		name, err = strconv.Unquote(q)
		return name, s[len(q):], err
	}
	i := strings.IndexByte(s, '.')
	if i < 0 {
		i = len(s)
	}
	if i == 0 {
		return "", "", fmt.Errorf("empty name")
	}
	return s[:i], s[i:], nil
}

// JoinPath is the inverse of ParsePath.
func JoinPath(path []string) string {
	parts := make([]string, len(path))
	for i, name := range path {
		parts[i] = name
		if !isPlain(name) {
			parts[i] = strconv.Quote(name)
		}
	}
	return strings.Join(parts, ".")
}

func isPlain(name string) bool {
	if name == AnyName || name == Element || strings.HasPrefix(name, "@") && isPlain(name[1:]) {
		return true
	}
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || !('0' <= c && c <= '9' || c == '-' || c == '\'')) {
			return false
		}
	}
	switch name {
	case "", "if", "then", "else", "assert", "with", "let", "in", "rec", "inherit", "or":
		return false
	}
	return true
}
